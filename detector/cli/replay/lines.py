"""A recording as a timeline of lines: what was in front on each device, input, and what was decided, with its reason.

Rule 1: decisions are those of `replay`: the core is only woken at its own deadlines, which changes nothing.
Rule 2: a recording may come from elsewhere: no name in it steers a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from detector.core.effects import Effect, Moment, Record
from detector.core.observations import (
    LAPTOP,
    Answered,
    CallEnded,
    CallStarted,
    CameBack,
    Focused,
    Gap,
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
    RulesChanged,
    SensorStarted,
    Shown,
    Suspended,
    Unlocked,
    WentIdle,
)
from detector.core.pipeline import Pipeline
from rules.explain import say_device, say_reason, say_what, why
from rules.lengths import say_length
from rules.model import Rule

LONGEST_COUNT: Final = timedelta(seconds=60)
"""Input is counted every second, and told once in so long, or before something else is told of the device."""
ENDS: Final = {"ended": "as planned", "stopped": "you stopped it", "removed": "removed", "clock_jump": "clock jumped"}
WORDS: Final[Mapping[type[Observation], str]] = {
    CameBack: "somebody is there again",
    Locked: "locked",
    Unlocked: "unlocked",
    LitUp: "the screen lights up",
    PickedUp: "picked up",
    LaidDown: "laid down",
    PutAway: "put away",
    Suspended: "asleep",
    QuietBegan: "Do Not Disturb",
    QuietEnded: "Do Not Disturb is over",
    CallStarted: "a call",
    CallEnded: "the call is over",
    MediaStarted: "a film or music plays",
    MediaEnded: "nothing plays any more",
    Notified: "a notification arrives",
    Paused: "paused",
    Resumed: "no longer paused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line. `decided`: it is a decision, so that stepping stops at it; `jumps`: nothing lies between it and before."""

    at: datetime
    text: str
    decided: bool = False
    jumps: bool = False


@dataclass(slots=True)
class _Counted:
    since: datetime
    until: datetime
    scrolls: int = 0
    keys: int = 0
    clicks: int = 0


class Timeline:
    """One recording on its way through the core. `moments` and the counts are complete once all lines were taken."""

    def __init__(self, core: Pipeline, rules: Iterable[Rule]) -> None:
        self.moments: dict[tuple[str, int], Moment] = {}
        self.occurrences: dict[str, None] = {}
        self.observations = 0
        self._core = core
        self._names = {rule.code: rule.name for rule in rules}
        self._input: dict[str, _Counted] = {}
        self._began: datetime | None = None

    def lines(self, observations: Iterable[Observation]) -> Iterator[Line]:
        """Yield the lines, in order of time."""
        core = self._core
        for seen in observations:
            self.observations += 1
            until = seen.since if isinstance(seen, Gap) and seen.sense is None else seen.at
            while (due := core.deadline) is not None and due <= until:
                yield from self._decisions(core.advance(due), due)
            effects = core.feed(seen)
            if isinstance(seen, PartnerTimeBegan):
                self._began = seen.at
            yield from self._observed(seen)
            yield from self._decisions(effects, seen.at)
        for device in list(self._input):
            yield from self._counts(device)

    def _observed(self, seen: Observation) -> Iterator[Line]:
        if isinstance(seen, InputCounted):
            yield from self._count(seen)
            return
        for device in list(self._input):
            yield from self._counts(device)
        text = _say(seen)
        if text is not None:
            is_jump = isinstance(seen, PartnerTimeBegan)
            yield Line(at=seen.at, text=text, jumps=is_jump)

    def _count(self, seen: InputCounted) -> Iterator[Line]:
        counted = self._input.get(seen.device)
        if counted is not None and seen.at - counted.since > LONGEST_COUNT:
            yield from self._counts(seen.device)
            counted = None
        if counted is None:
            counted = self._input[seen.device] = _Counted(since=seen.at - timedelta(seconds=1), until=seen.at)
        counted.until = seen.at
        counted.scrolls += seen.scrolls
        counted.keys += seen.keys
        counted.clicks += seen.clicks

    def _counts(self, device: str) -> Iterator[Line]:
        counted = self._input.pop(device, None)
        if counted is None:
            return
        parts = ((counted.scrolls, "scroll"), (counted.keys, "key"), (counted.clicks, "click"))
        said = ", ".join(f"{number:,} {word}{'' if number == 1 else 's'}" for number, word in parts if number)
        length = say_length(counted.until - counted.since)
        yield Line(at=self._core.now or counted.until, text=f"{say_device(device)}: {said} in {length}")

    def _decisions(self, effects: Iterable[Effect], at: datetime) -> Iterator[Line]:
        for effect in effects:
            if not isinstance(effect, Record):
                continue
            self.occurrences[effect.occurrence] = None
            if isinstance(effect.what, Moment):
                before = self.moments.get((effect.what.occurrence, effect.what.number))
                self.moments[effect.what.occurrence, effect.what.number] = effect.what
                for text, decided in self._moment(effect.what, before):
                    for device in list(self._input):
                        yield from self._counts(device)
                    yield Line(at=at, text=text, decided=decided)

    def _moment(self, moment: Moment, before: Moment | None) -> Iterator[tuple[str, bool]]:
        rule = f"{self._names.get(moment.rule, moment.rule)} ({moment.rule})"
        if before is None or (before.decided, before.reason) != (moment.decided, moment.reason):
            if moment.decided == "nudged":
                since = f"{self._began.astimezone():%H:%M}" if self._began else None
                line = why(moment.category, None, moment.evidence, moment.repeat, since, device=moment.device)
                waited = f" It waited: {say_reason(moment.reason)}." if moment.reason else ""
                yield f"> nudge {moment.number}: {rule}. {line}{waited}", True
            else:
                reason = say_reason(moment.reason) if moment.reason else "no reason is kept"
                how = "waits" if moment.decided == "held" else "kept, not said"
                yield f"> {how}: {rule}: {say_what(moment.category, device=moment.device)}; {reason}", True
        if moment.outcome is not None and (before is None or before.outcome != moment.outcome):
            yield f"> what came of nudge {moment.number}: {_came(moment.outcome)}", False


def _came(outcome: str) -> str:
    away, _, seconds = outcome.rpartition("_")
    return f"put away within {seconds} s" if away == "put_away" else outcome.replace("_", " ")


def _say(seen: Observation) -> str | None:
    """Return the observation in words; None where nothing is worth a line."""
    told = _TOLD.get(type(seen))
    words = told(seen) if told else WORDS.get(type(seen))
    if words is None or isinstance(seen, _OF_NO_DEVICE):
        return words
    return f"{say_device(seen.device)}: {words}"


def _focused(seen: Focused) -> str:
    if seen.activity is None:
        return "nothing in front"
    how = ", opened" if seen.opened else ", over the whole screen" if seen.full_screen else ""
    return say_what(seen.activity.category, device=LAPTOP) + how


def _gap(seen: Gap) -> str:
    what = "nothing is known" if seen.sense is None else f"{seen.sense} is not known"
    since = f" since {_at(seen.since)}" if seen.since < seen.at else " from now on"
    return f"{what}{since}: {seen.reason.replace('_', ' ')}"


def _at(instant: datetime) -> str:
    return f"{instant.astimezone():%H:%M:%S}"


_OF_NO_DEVICE: Final = (
    PartnerTimeBegan,
    PartnerTimeEnded,
    PartnerTimeExtended,
    Paused,
    Resumed,
    QuietWeekEnded,
    RulesChanged,
)
_TOLD: Final[Mapping[type[Observation], Callable[[Any], str | None]]] = {
    PartnerTimeBegan: lambda seen: f"Partner time, until {seen.ends.astimezone():%H:%M}",
    PartnerTimeEnded: lambda seen: f"Partner time is over: {ENDS.get(seen.reason, seen.reason)}",
    PartnerTimeExtended: lambda seen: f"Partner time goes on until {seen.ends.astimezone():%H:%M}",
    Focused: _focused,
    Gap: _gap,
    SensorStarted: lambda seen: f"{seen.sense} is sensed",
    WentIdle: lambda seen: f"nobody there since {_at(seen.since)}",
    QuietWeekEnded: lambda _seen: "the quiet week is over: from now on nudges are said",
    RulesChanged: lambda _seen: "a rule file was changed",
    Answered: lambda seen: f"you answer nudge {seen.nudge}: {seen.answer.replace('_', ' ')}",
    Shown: lambda _seen: None,
    NotShown: lambda seen: f"nudge {seen.nudge} could not be shown",
}
