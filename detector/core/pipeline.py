"""The pure core: observations in, effects out; order, feed, advance, deadline. Whoever has read this knows the program.

Rule 1: extra wake-ups change nothing; waking often, seldom or never gives the same decisions at the same instants.
Rule 2: feeding the recorded observations again gives exactly the decisions of the day.
Rule 3: a gap never produces a match, and never counts as presence.
Rule 4: outside partner time nothing is observed, kept or decided.
Rule 5: nudges keep their distance and their budget.
Rule 6: shifting all instants by a constant shifts all decisions by it.
Rule 7: a rule never sees a feature that it did not declare.
Rule 8: time never moves back.

Time comes in by two doors and no third: an observation's `at`, and `advance(now)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from detector.core.attention.attention import INPUT_FEATURES, Attention
from detector.core.attention.busy import BusyState
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Coverage, Effect, NotifyEnd, NotifyStart, Record, Use
from detector.core.moments import Moments
from detector.core.observations import (
    Answered,
    Gap,
    InputCounted,
    NotShown,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    PartnerTimeExtended,
    Paused,
    QuietWeekEnded,
    Resumed,
    Shown,
    Suspended,
)
from detector.core.start import StartCheck
from rules.engine import RuleWatch, evidence, needs
from rules.model import FeatureKey, FeatureSet, Match, Reason, Rule, Value
from rules.policy import PolicySettings

_HEARD_IN_A_PAUSE: Final = (
    Resumed,
    Shown,
    NotShown,
    Answered,
    PartnerTimeExtended,
    QuietWeekEnded,
)


class DeviceSnapshot(NamedTuple):
    """What is measured on a device: the use under way, its category, and the features that the rules ask for.

    `watch`: what the rules remember of it.
    """

    device: str
    use: int
    category: str
    features: FeatureSet
    watch: RuleWatch


class Pipeline:
    """One occurrence after another, one observation after another."""

    def __init__(
        self,
        rules: Sequence[Rule],
        policy: PolicySettings,
        attention: AttentionSettings,
        usuals: Mapping[FeatureKey, Value] | None = None,
    ) -> None:
        self._rules = tuple(rules)
        self._usuals = usuals or {}
        self._policy = policy
        self._settings = attention
        self.now: datetime | None = None
        self.is_open = False

    @property
    def deadline(self) -> datetime | None:
        """When `advance` next matters; None: not before the next observation."""
        if not self.is_open:
            return None
        turn = self._turn()
        return turn if turn < self._ends else None

    def feed(self, seen: Observation) -> tuple[Effect, ...]:
        """Take in one observation; return what follows from it, and from the time that passed until then.

        Raises:
            ValueError: if it lies before what was fed or advanced to earlier; order is made at the inbox.
        """
        if self.now is not None and seen.at < self.now:
            raise ValueError(f"{type(seen).__name__} at {seen.at} comes after {self.now}")
        if not self.is_open:
            self.now = seen.at
            return self._begin(seen) if isinstance(seen, PartnerTimeBegan) else ()
        # Nothing is known between `since` and the gap, so nothing may be concluded from the time in between.
        effects = self._pass_until(seen.since if isinstance(seen, Gap) and seen.sense is None else seen.at)
        self.now = seen.at
        if isinstance(seen, PartnerTimeBegan):
            return (*effects, *self._end(seen.at), *self._begin(seen))
        if isinstance(seen, PartnerTimeEnded):
            return (*effects, *self._end(seen.at, seen))
        if isinstance(seen, Gap) and seen.since < self._ends:
            # What is not known reaches up to the end, and no further.
            seen = replace(seen, at=min(seen.at, self._ends))
        elif seen.at >= self._ends:
            return tuple(effects)
        if self._paused and not isinstance(seen, _HEARD_IN_A_PAUSE):
            return tuple(effects)
        effects.append(Record(occurrence=self._occurrence, what=seen))
        self._attention.observe(seen)
        self._busy.telling = seen.device
        if isinstance(seen, InputCounted):
            effects += self._after_input(seen)
        else:
            effects += self._after_observation(seen)
        self._busy.telling = None
        return tuple(effects)

    def advance(self, now: datetime) -> tuple[Effect, ...]:
        """Let time pass up to `now`; return what follows from it. An instant in the past changes nothing."""
        if self.now is None or now <= self.now:
            return ()
        effects = self._pass_until(now) if self.is_open else []
        self.now = now
        return tuple(effects)

    def snapshots(self) -> list[DeviceSnapshot]:
        """Return what is measured now on each device that is in use, for who explains; good until the next step."""
        if not self.is_open or self.now is None:
            return []
        found = ((device, watch, self._attention.device(device).open) for device, watch in self._watches.items())
        return [
            DeviceSnapshot(device, use.number, use.activity.category, self._attention.view(device, self.now), watch)
            for device, watch, use in found
            if use is not None
        ]

    def _begin(self, seen: PartnerTimeBegan) -> tuple[Effect, ...]:
        self._occurrence, self._title, self._ends = seen.occurrence, seen.title, seen.ends
        self._attention = Attention(needs(self._rules), seen.at, seen.ends, self._settings, self._usuals)
        self._busy = BusyState()
        self._moments = Moments(
            occurrence=seen.occurrence,
            began=seen.at,
            policy=self._policy,
            attention=self._attention,
            idle_after=self._settings.idle_after,
            busy=self._busy.why,
            on_call=seen.on_call,
            quiet=seen.quiet,
        )
        self._arrival = StartCheck(
            seen, self._policy.grace, self._attention.devices, self._moments.excuses, self._settings.fleeting
        )
        self._watches: dict[str, RuleWatch] = {}
        self._paused = False
        self.is_open = True
        greeting = NotifyStart(occurrence=seen.occurrence, title=seen.title, at=seen.at, ends=seen.ends)
        return Record(occurrence=seen.occurrence, what=seen), greeting

    def _end(self, at: datetime, seen: PartnerTimeEnded | None = None) -> list[Effect]:
        at = min(at, self._ends)
        # What is followed is concluded first: that partner time ends is not the same as leaving the device.
        effects = self._moments.lose(None, at, Reason.ENDED)
        self._attention.end(at)
        effects += self._closed()
        self.is_open = False
        # The end itself comes last: once it is kept, the occurrence is whole.
        effects += [Record(occurrence=self._occurrence, what=replace(seen, at=at))] if seen else []
        is_planned = seen is not None and seen.reason == "ended"
        return [*effects, NotifyEnd(occurrence=self._occurrence, title=self._title, at=at)] if is_planned else effects

    def _turn(self) -> datetime:
        turn = min(self._moments.deadline, self._arrival.deadline)
        for watch in self._watches.values():
            turn = min(turn, watch.deadline)
        return turn

    def _pass_until(self, now: datetime) -> list[Effect]:
        effects: list[Effect] = []
        while (turn := self._turn()) <= now and turn < self._ends:
            for device, watch in self._watches.items():
                if watch.deadline <= turn:
                    effects += self._notice(device, watch.on_deadline(self._attention.view(device, turn)), turn)
            effects += [*self._moments.on_deadline(turn), *self._arrival.on_deadline(turn)]
            if self._turn() <= turn:
                raise RuntimeError(f"time stands still at {turn}: a turn must lie ahead")
        return effects

    def _after_input(self, seen: InputCounted) -> list[Effect]:
        self._busy.observe(seen)
        watch = self._watch(seen.device)
        use = self._attention.device(seen.device).open
        if use is None:
            return []
        begun = watch.after_input(self._attention.view(seen.device, seen.at), use.activity.category)
        return [*self._notice(seen.device, begun, seen.at), *self._moments.after_observation(seen.at)]

    def _after_observation(self, seen: Observation) -> list[Effect]:
        effects: list[Effect] = []
        match seen:
            case Shown():
                effects += self._moments.shown(seen)
            case NotShown():
                return self._moments.shown(seen)
            case Answered():
                effects += [*self._moments.answered(seen), *self._arrival.after_observation(seen)]
                return [*effects, *self._moments.after_observation(seen.at)]
            case PartnerTimeExtended(ends=ends):
                self._ends = max(self._ends, ends)
                self._attention.extend(self._ends)
            case QuietWeekEnded():
                self._moments.quiet = False
            case Paused() | Resumed():
                self._paused = isinstance(seen, Paused)
            case _:
                self._busy.observe(seen)
        if isinstance(seen, Gap) and seen.sense in {"focus", "idle"}:
            effects += self._moments.lose(seen.device, seen.at, Reason.UNKNOWN)
        elif isinstance(seen, Suspended):
            effects += self._moments.lose(None, seen.at, Reason.UNKNOWN, put_to_sleep=seen.device)
        elif isinstance(seen, Paused) or (isinstance(seen, Gap) and seen.sense is None):
            effects += self._moments.lose(None, seen.at, Reason.UNKNOWN)
        effects += [*self._closed(), *self._arrival.after_observation(seen)]
        self._watch(seen.device)
        for device, watch in self._watches.items():
            use = self._attention.device(device).open
            if use is None:
                watch.reset()
            else:
                begun = watch.after_observation(self._attention.view(device, seen.at), use.activity.category)
                effects += self._notice(device, begun, seen.at)
        return [*effects, *self._moments.after_observation(seen.at)]

    def _watch(self, device: str) -> RuleWatch:
        watch = self._watches.get(device)
        if watch is None:
            watch = self._watches[device] = RuleWatch(self._rules, INPUT_FEATURES)
        return watch

    def _notice(self, device: str, begun: Sequence[Rule], at: datetime) -> list[Effect]:
        use = self._attention.device(device).open if begun else None
        if use is None:
            return []
        effects: list[Effect] = []
        for rule in begun:
            match = Match(
                rule=rule.code,
                at=at,
                device=device,
                use=use.number,
                category=use.activity.category,
                name=use.activity.name,
                evidence=evidence(rule, self._attention.view(device, at)),
                after_grace=rule.after_grace,
                speaks=rule.speaks,
            )
            effects += self._moments.notice(match)
        return effects

    def _closed(self) -> list[Effect]:
        effects: list[Effect] = []
        for device, use in self._attention.closed():
            kept = Use(
                number=use.number,
                device=device,
                activity=use.activity,
                began=use.began,
                ended=use.ended,
                trusted=use.trusted,
            )
            effects.append(Record(occurrence=self._occurrence, what=kept))
            effects += self._moments.use_ended(use.number, use.ended or use.began)
            effects += [] if use.trusted else self._moments.doubt(use.ended or use.began)
        for device, covered in self._attention.covered():
            stretch = Coverage(number=covered.number, device=device, began=covered.began, ended=covered.ended)
            effects.append(Record(occurrence=self._occurrence, what=stretch))
        return effects
