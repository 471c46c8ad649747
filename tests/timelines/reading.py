"""Timelines a person can read: what happens on the left, what must follow after `=>`.

One line is `HH:MM[:SS] what`, or `HH:MM:SS-HH:MM:SS what` for something that goes on; `phone: what` names another
device. Nothing but the lines with `=>` may be decided, and all of them must be, in their order:

    18:30:00            partner time until 20:00
    18:40:00            social
    18:40:01-18:41:05   2 scrolls a second
    18:41:00            => nudged F101
    18:41:10            idle since 18:41:05
    end                 => 1 put_away_30

Focus, idle and input are sensed from the start on the laptop; `without input` in the first line leaves a sense out. A
phone (`phone: `, `tablet: `) is known from its first word on:

    19:00:00            phone: lit
    19:00:02            phone: picked up          (and its source sees apps, or does not: `picked up, blind`)
    19:00:04            phone: opens social
    19:01:00            phone: closes
    19:01:20            phone: laid down          (or `put away`)
    19:20:00            phone: silent since 19:10:00
    19:40:00            extended until 20:30

What stands in parentheses is a remark. Where a timeline says what came of one nudge, it says so of every one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from detector.attention.settings import AttentionSettings
from detector.effects import Effect, Moment, Record
from detector.observations import (
    Activity,
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
    Resumed,
    SensorStarted,
    Shown,
    Suspended,
    Unlocked,
    WentIdle,
)
from detector.pipeline import Pipeline
from rules.features import CATEGORIES
from rules.model import Rule
from rules.policy import PolicySettings

DAY = datetime(2026, 11, 23, tzinfo=UTC)
LINE = re.compile(r"^(?:(end)|([\d:]+)(?:-([\d:]+))?)\s+(?:(\w+): )?(.*?)\s*$")
SENSES = "focus|idle|input|session|quiet"
SIMPLE: dict[str, type[Observation]] = {
    "back": CameBack, "locked": Locked, "unlocked": Unlocked, "asleep": Suspended, "ends": PartnerTimeEnded,
    "paused": Paused, "resumed": Resumed, "do not disturb": QuietBegan, "disturb again": QuietEnded,
    "call": CallStarted, "call over": CallEnded, "lit": LitUp, "picked up": PickedUp, "laid down": LaidDown,
    "put away": PutAway,
}  # fmt: skip


@dataclass(slots=True)
class Timeline:
    name: str
    place: str
    observations: list[Observation] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


def clock(text: str) -> datetime:
    hours, minutes, *seconds = (float(part) for part in text.split(":"))
    at = DAY + timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
    return at if at >= DAY + timedelta(hours=12) else at + timedelta(days=1)


def said(at: datetime) -> str:
    return f"{at:%H:%M:%S}" + (f".{at.microsecond:06}".rstrip("0") if at.microsecond else "")


def observed(at: datetime, until: datetime | None, device: str, words: str) -> Iterator[Observation]:
    if words in SIMPLE:
        yield SIMPLE[words](at=at, device=device)
    elif began := re.fullmatch(r"partner time until ([\d:]+)(?: without (\w+))?", words):
        yield PartnerTimeBegan(at=at, occurrence=f"timeline {said(at)}", title="Dinner", ends=clock(began[1]))
        for sense in ("focus", "idle", "input"):
            if sense != began[2]:
                yield SensorStarted(at=at, sense=sense, sensor="timeline")
    elif words == "desktop" or words.removeprefix("full screen ") in CATEGORIES:
        category = words.removeprefix("full screen ")
        activity = None if words == "desktop" else Activity(category=category)
        yield Focused(at=at, device=device, activity=activity, full_screen=words.startswith("full screen"))
    elif words == "picked up, blind":
        yield PickedUp(at=at, device=device, blind=True)
    elif words == "closes":
        yield Focused(at=at, device=device, activity=None)
    elif words.removeprefix("opens ") in CATEGORIES:
        yield Focused(at=at, device=device, activity=Activity(category=words.removeprefix("opens ")), opened=True)
    elif silent := re.fullmatch(r"silent since ([\d:]+)", words):
        yield Gap(at=at, device=device, since=clock(silent[1]), reason=GapReason.SILENT, sense="focus")
    elif extended := re.fullmatch(r"extended until ([\d:]+)", words):
        yield PartnerTimeExtended(at=at, device=device, ends=clock(extended[1]))
    elif idle := re.fullmatch(r"idle since ([\d:]+)", words):
        yield WentIdle(at=at, device=device, since=clock(idle[1]))
    elif counted := re.fullmatch(r"(\d+) (scroll|key|click)s?( a second)?", words):
        second = at
        while second <= (until or at):
            yield InputCounted(at=second, device=device, **{f"{counted[2]}s": int(counted[1])})
            second += timedelta(seconds=1)
    elif gap := re.fullmatch(r"nothing known since ([\d:]+)", words):
        yield Gap(at=at, device=device, since=clock(gap[1]), reason=GapReason.SUSPEND)
    elif lost := re.fullmatch(rf"({SENSES}) lost", words):
        yield Gap(at=at, device=device, since=at, reason=GapReason.SENSOR_LOST, sense=lost[1])
    elif started := re.fullmatch(rf"({SENSES}) sensed", words):
        yield SensorStarted(at=at, device=device, sense=started[1], sensor="timeline")
    elif answer := re.fullmatch(r"answers (\d+) (\w+)", words):
        yield Answered(at=at, device=device, nudge=int(answer[1]), answer=answer[2])
    elif shown := re.fullmatch(r"(shown|not shown) (\d+)", words):
        nudge = int(shown[2])
        yield Shown(at=at, nudge=nudge, by="test") if shown[1] == "shown" else NotShown(at=at, nudge=nudge)
    else:
        raise ValueError(f"a timeline does not know '{words}'")


def read(path: Path) -> list[Timeline]:
    """Return the timelines of a file: each begins with a line `# name`."""
    found: list[Timeline] = []
    latest = DAY
    for number, line in enumerate(path.read_text().splitlines(), 1):
        place = f"{path.name}:{number}"
        if line.startswith("# "):
            found.append(Timeline(line[2:].strip(), place))
            latest = DAY
        elif line.strip() and not line.startswith("("):
            parts = LINE.match(line)
            if parts is None or not found:
                raise ValueError(f"{place}: not a line of a timeline: {line}")
            found[-1].text.append(line)
            end, at, until, device, words = parts.groups()
            if end:
                found[-1].outcomes.append(words.removeprefix("=> "))
                continue
            if clock(at) < latest:
                raise ValueError(f"{place}: time moves back: {line}")
            latest = clock(at)
            if words.startswith("=> "):
                found[-1].expected.append(f"{said(latest)} {words.removeprefix('=> ')}")
                continue
            try:
                found[-1].observations += observed(latest, until and clock(until), device or "laptop", words)
            except ValueError as wrong:
                raise ValueError(f"{place}: {wrong}") from wrong
    for timeline in found:
        timeline.observations.sort(key=lambda seen: seen.at)
    return found


def decisions(effects: Sequence[Effect]) -> tuple[list[str], list[str]]:
    """Return what was decided, in order, and what came of each nudge at last."""
    decided: list[str] = []
    last: dict[tuple[str, int], Moment] = {}
    for effect in effects:
        if isinstance(effect, Record) and isinstance(effect.what, Moment):
            moment = effect.what
            before = last.get((moment.occurrence, moment.number))
            if before is None or (before.decided, before.reason) != (moment.decided, moment.reason):
                words = (said(moment.decided_at), moment.decided, moment.rule, moment.reason)
                decided.append(" ".join(word for word in words if word))
            last[moment.occurrence, moment.number] = moment
    return decided, [f"{number} {moment.outcome}" for (_, number), moment in last.items() if moment.outcome]


def play(
    observations: Sequence[Observation],
    rules: Sequence[Rule],
    *,
    wakes: Sequence[datetime] = (),
    policy: PolicySettings | None = None,
) -> list[Effect]:
    """Feed the observations, waking in between at `wakes`, and let the evening run out; return every effect."""
    pipeline = Pipeline(rules, policy or PolicySettings(), AttentionSettings())
    effects: list[Effect] = []
    # Where a gap says that nobody was awake, nobody wakes.
    asleep = [(seen.since, seen.at) for seen in observations if isinstance(seen, Gap) and seen.sense is None]
    waking = sorted(at for at in wakes if not any(since < at <= until for since, until in asleep))
    for seen in observations:
        while waking and waking[0] <= seen.at:
            effects += pipeline.advance(waking.pop(0))
        effects += pipeline.feed(seen)
    while pipeline.deadline is not None:
        effects += pipeline.advance(pipeline.deadline)
    return effects


def shift(observations: Sequence[Observation], by: timedelta) -> list[Observation]:
    """Move every instant of every observation."""
    moved = []
    for seen in observations:
        instants = {name: getattr(seen, name) + by for name in ("at", "since", "ends") if hasattr(seen, name)}
        moved.append(replace(seen, **instants))
    return moved
