"""The words of timelines, and the observations that they mean.

Invariant 1: a timeline has no date: all are on the same day, and a time before noon is on the next day.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args

import detector.core.observations as obs
from detector.i18n import _
from detector.spelling import did_you_mean
from rules.features import CATEGORIES, UNKNOWN

# The day of every timeline.
DAY: Final = datetime(2026, 11, 23, tzinfo=UTC)
SENSES: Final = "focus|idle|input|session|quiet|media|call"
SIMPLE: Final[dict[str, type[obs.Observation]]] = {
    "back": obs.CameBack,
    "locked": obs.Locked,
    "unlocked": obs.Unlocked,
    "asleep": obs.Suspended,
    "ends": obs.PartnerTimeEnded,
    "paused": obs.Paused,
    "resumed": obs.Resumed,
    "quiet week over": obs.QuietWeekEnded,
    "do not disturb": obs.QuietBegan,
    "disturb again": obs.QuietEnded,
    "call": obs.CallStarted,
    "call over": obs.CallEnded,
    "media": obs.MediaStarted,
    "media over": obs.MediaEnded,
    "notified": obs.Notified,
    "lit": obs.LitUp,
    "picked up": obs.PickedUp,
    "laid down": obs.LaidDown,
    "put away": obs.PutAway,
}
# `unknown` is a page in a browser that no entry names.
_CATEGORIES: Final = (*CATEGORIES, UNKNOWN)
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)


class InvalidLine(Exception):
    """A text is not a line of a timeline: the reason, the word, and what to do."""

    def __init__(self, why: str, word: str = "", hint: str | None = None) -> None:
        self.word = word
        self.hint = hint
        super().__init__(why)


def clock(text: str) -> datetime:
    """Return the instant of `HH:MM[:SS]` in the evening of the timeline, or the morning after.

    Raises:
        InvalidLine: if it is not a time.
    """
    match = _CLOCK.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (24, 0, 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        raise InvalidLine(
            _("no clock shows '{text}'").format(text=text), text, _("Write for example 18:40 or 18:40:05.")
        )
    at = DAY + timedelta(hours=hours, minutes=minutes, seconds=seconds)
    # Invariant 1: no evening begins before noon.
    return at if hours >= 12 else at + timedelta(days=1)


def format_clock(at: datetime) -> str:
    """Return the time of day; a fraction of a second is written only if there is one."""
    return f"{at:%H:%M:%S}" + (f".{at.microsecond:06}".rstrip("0") if at.microsecond else "")


def observed(at: datetime, until: datetime | None, device: str, words: str) -> Iterator[obs.Observation]:
    """Yield the observations of the words of a line; `until`: the end of something that continues.

    Raises:
        InvalidLine: if the words are not known.
    """
    if until is not None and until < at:
        raise InvalidLine(_("it ends before it begins"), format_clock(until))
    if words in SIMPLE:
        yield SIMPLE[words](at=at, device=device)
    elif began := re.fullmatch(r"partner time until ([\d:]+)(?: without (\w+))?(, on call)?(, quiet week)?", words):
        ends = _after(began[1], at)
        on_call, quiet = began[3] is not None, began[4] is not None
        yield obs.PartnerTimeBegan(
            at=at, occurrence=f"timeline {format_clock(at)}", title="Dinner", ends=ends, on_call=on_call, quiet=quiet
        )
        # Without these observations every feature would be unknown, and no rule could hold.
        for sense in ("focus", "idle", "input"):
            if sense != began[2]:
                yield obs.SensorStarted(at=at, sense=sense, sensor="timeline")
    elif words in {"desktop", "closes"}:
        yield obs.Focused(at=at, device=device, activity=None)
    elif (category := words.removeprefix("full screen ")) in _CATEGORIES:
        is_full = words.startswith("full screen")
        yield obs.Focused(at=at, device=device, activity=obs.Activity(category=category), full_screen=is_full)
    elif words == "picked up, blind":
        yield obs.PickedUp(at=at, device=device, blind=True)
    elif (category := words.removeprefix("opens ")) in _CATEGORIES:
        yield obs.Focused(at=at, device=device, activity=obs.Activity(category=category), opened=True)
    elif extended := re.fullmatch(r"extended until ([\d:]+)", words):
        yield obs.PartnerTimeExtended(at=at, device=device, ends=_after(extended[1], at))
    elif counted := re.fullmatch(r"(\d{1,6}) (scroll|key|click)s?( a second)?", words):
        second, counts = at, {f"{counted[2]}s": int(counted[1])}
        while second <= (until or at):
            yield obs.InputCounted(at=second, device=device, **counts)
            second += timedelta(seconds=1)
    else:
        yield _single(at, device, words)


def _single(at: datetime, device: str, words: str) -> obs.Observation:
    fields: dict[str, Any] = {"at": at, "device": device}
    if idle := re.fullmatch(r"idle since ([\d:]+)", words):
        return obs.WentIdle(**fields, since=_before(idle[1], at))
    if silent := re.fullmatch(r"silent since ([\d:]+)", words):
        return obs.Gap(**fields, since=_before(silent[1], at), reason=obs.GapReason.SILENT, sense="focus")
    if gap := re.fullmatch(r"nothing known since ([\d:]+)", words):
        return obs.Gap(**fields, since=_before(gap[1], at), reason=obs.GapReason.SUSPEND)
    if lost := re.fullmatch(rf"({SENSES}) lost", words):
        return obs.Gap(**fields, since=at, reason=obs.GapReason.SENSOR_LOST, sense=lost[1])  # type: ignore[arg-type]
    if started := re.fullmatch(rf"({SENSES}) sensed", words):
        return obs.SensorStarted(**fields, sense=started[1], sensor="timeline")  # type: ignore[arg-type]
    if answer := re.fullmatch(rf"answers (\d{{1,6}}) ({'|'.join(get_args(obs.Answer))})", words):
        return obs.Answered(**fields, nudge=int(answer[1]), answer=answer[2])  # type: ignore[arg-type]
    if shown := re.fullmatch(r"(shown|not shown) (\d{1,6})", words):
        nudge = int(shown[2])
        return obs.Shown(at=at, nudge=nudge, by="test") if shown[1] == "shown" else obs.NotShown(at=at, nudge=nudge)
    # Only words without a number; others never resemble what was written.
    likely = (*SIMPLE, "desktop", "closes", *_CATEGORIES)
    hint = did_you_mean(words, likely, _('docs/rules.md, "Timelines of your own", says which words there are.'))
    raise InvalidLine(_("a timeline does not know '{words}'").format(words=words[:80]), words, hint)


def _after(text: str, at: datetime) -> datetime:
    ends = clock(text)
    if ends <= at:
        raise InvalidLine(_("'{text}' is not later than the line's own time").format(text=text), text)
    return ends


def _before(text: str, at: datetime) -> datetime:
    since = clock(text)
    if since > at:
        raise InvalidLine(_("'{text}' is later than the line's own time").format(text=text), text)
    return since
