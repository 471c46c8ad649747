"""The words of timelines, and the observations that they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

from detector.core.observations import (
    Activity,
    Answer,
    Answered,
    CallEnded,
    CallStarted,
    CameBack,
    Focused,
    Gap,
    GapReason,
    InputCounted,
    LaidDown,
    LitUp,
    Locked,
    MediaEnded,
    MediaStarted,
    Notified,
    NotShown,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    PartnerTimeExtended,
    Paused,
    PickedUp,
    PutAway,
    QuietBegan,
    QuietEnded,
    QuietWeekEnded,
    Resumed,
    SensorStarted,
    Shown,
    Suspended,
    Unlocked,
    WentIdle,
)
from rules.features import CATEGORIES

DAY: Final = datetime(2026, 11, 23, tzinfo=UTC)
"""The day on which every timeline plays: they know no dates. What is earlier than noon is of the next morning."""
SENSES: Final = "focus|idle|input|session|quiet|media|call"
SIMPLE: Final[dict[str, type[Observation]]] = {
    "back": CameBack,
    "locked": Locked,
    "unlocked": Unlocked,
    "asleep": Suspended,
    "ends": PartnerTimeEnded,
    "paused": Paused,
    "resumed": Resumed,
    "quiet week over": QuietWeekEnded,
    "do not disturb": QuietBegan,
    "disturb again": QuietEnded,
    "call": CallStarted,
    "call over": CallEnded,
    "media": MediaStarted,
    "media over": MediaEnded,
    "notified": Notified,
    "lit": LitUp,
    "picked up": PickedUp,
    "laid down": LaidDown,
    "put away": PutAway,
}
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)


class NotALine(Exception):
    """This is no line of a timeline: why, the word at which it breaks, and what to do."""

    def __init__(self, why: str, word: str = "", hint: str | None = None) -> None:
        self.word = word
        self.hint = hint
        super().__init__(why)


def clock(text: str) -> datetime:
    """Return the instant at which a clock shows `HH:MM[:SS]` in the evening of the timeline, or the morning after.

    Raises:
        NotALine: if no clock shows that.
    """
    found = _CLOCK.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (24, 0, 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        raise NotALine(f"no clock shows '{text}'", text, "Write for example 18:40 or 18:40:05.")
    at = DAY + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return at if hours >= 12 else at + timedelta(days=1)


def said(at: datetime) -> str:
    """Return what a clock shows, with what is less than a second where there is any."""
    return f"{at:%H:%M:%S}" + (f".{at.microsecond:06}".rstrip("0") if at.microsecond else "")


def observed(at: datetime, until: datetime | None, device: str, words: str) -> Iterator[Observation]:
    """Yield what the words of a line stand for; `until` is where something that goes on ends.

    Raises:
        NotALine: if they stand for nothing.
    """
    if until is not None and until < at:
        raise NotALine("it ends before it begins", said(until))
    if words in SIMPLE:
        yield SIMPLE[words](at=at, device=device)
    elif began := re.fullmatch(r"partner time until ([\d:]+)(?: without (\w+))?(, on call)?(, quiet week)?", words):
        ends = _later(began[1], at)
        on_call, quiet = began[3] is not None, began[4] is not None
        yield PartnerTimeBegan(
            at=at, occurrence=f"timeline {said(at)}", title="Dinner", ends=ends, on_call=on_call, quiet=quiet
        )
        for sense in ("focus", "idle", "input"):
            if sense != began[2]:
                yield SensorStarted(at=at, sense=sense, sensor="timeline")
    elif words in {"desktop", "closes"}:
        yield Focused(at=at, device=device, activity=None)
    elif (category := words.removeprefix("full screen ")) in CATEGORIES:
        is_full = words.startswith("full screen")
        yield Focused(at=at, device=device, activity=Activity(category=category), full_screen=is_full)
    elif words == "picked up, blind":
        yield PickedUp(at=at, device=device, blind=True)
    elif (category := words.removeprefix("opens ")) in CATEGORIES:
        yield Focused(at=at, device=device, activity=Activity(category=category), opened=True)
    elif extended := re.fullmatch(r"extended until ([\d:]+)", words):
        yield PartnerTimeExtended(at=at, device=device, ends=_later(extended[1], at))
    elif counted := re.fullmatch(r"(\d{1,6}) (scroll|key|click)s?( a second)?", words):
        second, counts = at, {f"{counted[2]}s": int(counted[1])}
        while second <= (until or at):
            yield InputCounted(at=second, device=device, **counts)
            second += timedelta(seconds=1)
    else:
        yield _known_or_answered(at, device, words)


def _known_or_answered(at: datetime, device: str, words: str) -> Observation:
    known: dict[str, Any] = {"at": at, "device": device}
    if idle := re.fullmatch(r"idle since ([\d:]+)", words):
        return WentIdle(**known, since=_earlier(idle[1], at))
    if silent := re.fullmatch(r"silent since ([\d:]+)", words):
        return Gap(**known, since=_earlier(silent[1], at), reason=GapReason.SILENT, sense="focus")
    if gap := re.fullmatch(r"nothing known since ([\d:]+)", words):
        return Gap(**known, since=_earlier(gap[1], at), reason=GapReason.SUSPEND)
    if lost := re.fullmatch(rf"({SENSES}) lost", words):
        return Gap(**known, since=at, reason=GapReason.SENSOR_LOST, sense=lost[1])  # type: ignore[arg-type]
    if started := re.fullmatch(rf"({SENSES}) sensed", words):
        return SensorStarted(**known, sense=started[1], sensor="timeline")  # type: ignore[arg-type]
    if answer := re.fullmatch(rf"answers (\d{{1,6}}) ({'|'.join(get_args(Answer))})", words):
        return Answered(**known, nudge=int(answer[1]), answer=answer[2])  # type: ignore[arg-type]
    if shown := re.fullmatch(r"(shown|not shown) (\d{1,6})", words):
        nudge = int(shown[2])
        return Shown(at=at, nudge=nudge, by="test") if shown[1] == "shown" else NotShown(at=at, nudge=nudge)
    likely = (*SIMPLE, "desktop", "closes", *CATEGORIES)
    hint = nearest(words, likely) or 'docs/rules.md, "Timelines of your own", says which words there are.'
    raise NotALine(f"a timeline does not know '{words[:80]}'", words, hint)


def nearest(word: str, words: Iterable[str]) -> str:
    """Return `Did you mean 'x'?`, or nothing where nothing is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - only on a mistake

    near = get_close_matches(word[:80], list(words), n=1)
    return f"Did you mean '{near[0]}'?" if near else ""


def _later(text: str, at: datetime) -> datetime:
    ends = clock(text)
    if ends <= at:
        raise NotALine(f"'{text}' is not later than the line's own time", text)
    return ends


def _earlier(text: str, at: datetime) -> datetime:
    since = clock(text)
    if since > at:
        raise NotALine(f"'{text}' is later than the line's own time", text)
    return since
