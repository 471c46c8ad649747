"""The pure core: observations in, effects out; `feed`, `advance`, `deadline`.

Invariant 1: extra wake-ups change nothing; waking often, seldom or never gives the same decisions at the same instants.
Invariant 2: feeding the recorded observations again gives exactly the decisions of the day.
Invariant 3: a gap never produces a match, and never counts as presence.
Invariant 4: outside partner time nothing is observed, kept or decided.
Invariant 5: nudges keep their distance and their budget.
Invariant 6: shifting all instants by a constant shifts all decisions by it.
Invariant 7: a rule never sees a feature that it did not declare.
Invariant 8: time never moves back.

Time comes in by an observation's `at` and by `advance(now)`, and in no other way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

import detector.core.observations as obs
from detector.core.attention.attention import INPUT_FEATURES, Attention
from detector.core.attention.busy import BusyState
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Coverage, Effect, NotifyEnd, NotifyStart, Record, Use
from detector.core.moments import Moments
from detector.core.start import StartCheck
from rules.engine import RuleWatch, evidence, needs
from rules.model import FeatureKey, FeatureSet, Match, Reason, Rule, Value
from rules.policy import PolicySettings

_ACCEPTED_WHILE_PAUSED: Final = (
    obs.Resumed,
    obs.Shown,
    obs.NotShown,
    obs.Answered,
    obs.PartnerTimeExtended,
    obs.QuietWeekEnded,
)


class DeviceSnapshot(NamedTuple):
    """What is measured on a device: the number of the open use, its category, and the features that the rules ask for.

    `watch`: which rules hold on the device, and since when.
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
        deadline = self._next_deadline()
        return deadline if deadline < self._ends else None

    def feed(self, observation: obs.Observation) -> tuple[Effect, ...]:
        """Take in one observation; return what follows from it, and from the time that passed until then.

        Raises:
            ValueError: if it lies before what was fed or advanced to earlier; order is made at the inbox.
        """
        at = observation.at
        if self.now is not None and at < self.now:
            raise ValueError(f"{type(observation).__name__} at {at} comes after {self.now}")
        if not self.is_open:
            self.now = at
            return self._begin(observation) if isinstance(observation, obs.PartnerTimeBegan) else ()
        # Nothing is known between `since` and the gap, so nothing may be concluded from the time in between.
        whole_gap = observation if isinstance(observation, obs.Gap) and observation.sense is None else None
        effects = self._pass_time(whole_gap.since if whole_gap else at)
        self.now = at
        # The end of the occurrence before was not observed; it ended at the latest now.
        if isinstance(observation, obs.PartnerTimeBegan):
            return (*effects, *self._end(at), *self._begin(observation))
        if isinstance(observation, obs.PartnerTimeEnded):
            return (*effects, *self._end(at, observation))
        if isinstance(observation, obs.Gap) and observation.since < self._ends:
            # What is not known reaches up to the end, and no further.
            observation = replace(observation, at=min(at, self._ends))
        elif at >= self._ends:
            # Partner time is over, and only its end is yet to be observed.
            return tuple(effects)
        if self._is_paused and not isinstance(observation, _ACCEPTED_WHILE_PAUSED):
            return tuple(effects)
        effects.append(Record(occurrence=self._occurrence, what=observation))
        self._attention.observe(observation)
        self._busy.observed_device = observation.device
        if isinstance(observation, obs.InputCounted):
            effects += self._after_input(observation)
        else:
            effects += self._after_observation(observation)
        # Reset, because a deadline is nobody's observation.
        self._busy.observed_device = None
        return tuple(effects)

    def advance(self, now: datetime) -> tuple[Effect, ...]:
        """Let time pass up to `now`; return what follows from it. An instant in the past changes nothing."""
        if self.now is None or now <= self.now:
            return ()
        effects = self._pass_time(now) if self.is_open else []
        self.now = now
        return tuple(effects)

    def snapshots(self) -> list[DeviceSnapshot]:
        """Return what is measured now on each device that is in use, for explanations; valid until the next step."""
        if not self.is_open or self.now is None:
            return []
        found = ((device, watch, self._attention.device(device).open_use) for device, watch in self._watches.items())
        return [
            DeviceSnapshot(device, use.number, use.activity.category, self._attention.view(device, self.now), watch)
            for device, watch, use in found
            if use is not None
        ]

    def _begin(self, began: obs.PartnerTimeBegan) -> tuple[Effect, ...]:
        self._occurrence, self._title, self._ends = began.occurrence, began.title, began.ends
        self._attention = Attention(needs(self._rules), began.at, began.ends, self._settings, self._usuals)
        self._busy = BusyState()
        self._moments = Moments(began, self._policy, self._attention, self._busy)
        self._start = StartCheck(
            began, self._policy.grace, self._attention.devices, self._moments.is_excused, self._settings.fleeting
        )
        self._watches: dict[str, RuleWatch] = {}
        self._is_paused = False
        self.is_open = True
        start = NotifyStart(occurrence=began.occurrence, title=began.title, at=began.at, ends=began.ends)
        return Record(occurrence=began.occurrence, what=began), start

    def _end(self, at: datetime, ended: obs.PartnerTimeEnded | None = None) -> list[Effect]:
        at = min(at, self._ends)
        # Open nudges get their outcome first: that partner time ends is not the same as leaving the device.
        effects = self._moments.close_open(None, at, Reason.ENDED)
        self._attention.end(at)
        effects += self._record_closed()
        self.is_open = False
        # The end itself comes last: once it is recorded, the occurrence is complete.
        if ended is not None:
            effects.append(Record(occurrence=self._occurrence, what=replace(ended, at=at)))
            if ended.reason == "ended":
                effects.append(NotifyEnd(occurrence=self._occurrence, title=self._title, at=at))
        return effects

    def _next_deadline(self) -> datetime:
        deadline = min(self._moments.deadline, self._start.deadline)
        for watch in self._watches.values():
            deadline = min(deadline, watch.deadline)
        return deadline

    def _pass_time(self, now: datetime) -> list[Effect]:
        """Do what is due at every deadline up to `now`, in the order of the deadlines."""
        effects: list[Effect] = []
        while (deadline := self._next_deadline()) <= now and deadline < self._ends:
            for device, watch in self._watches.items():
                if watch.deadline <= deadline:
                    rules = watch.on_deadline(self._attention.view(device, deadline))
                    effects += self._add_moments(device, rules, deadline)
            effects += [*self._moments.on_deadline(deadline), *self._start.on_deadline(deadline)]
            # A deadline that stays would hang the daemon in this loop; failing saves the last observations instead.
            if self._next_deadline() <= deadline:
                raise RuntimeError(f"time stands still at {deadline}: the next deadline must lie ahead")
        return effects

    def _after_input(self, counted: obs.InputCounted) -> list[Effect]:
        # Input comes every second and changes few features, so only the rules over those are evaluated.
        self._busy.observe(counted)
        watch = self._watch(counted.device)
        use = self._attention.device(counted.device).open_use
        if use is None:
            return []
        rules = watch.after_input(self._attention.view(counted.device, counted.at), use.activity.category)
        moments = self._add_moments(counted.device, rules, counted.at)
        return [*moments, *self._moments.after_observation(counted.at)]

    def _after_observation(self, observation: obs.Observation) -> list[Effect]:
        at = observation.at
        effects: list[Effect] = []
        match observation:
            case obs.Shown():
                effects += self._moments.on_shown(observation)
            case obs.NotShown():
                # It says nothing about the devices, so no rule needs to be evaluated.
                return self._moments.on_shown(observation)
            case obs.Answered():
                effects += [*self._moments.on_answer(observation), *self._start.after_observation(observation)]
                return [*effects, *self._moments.after_observation(at)]
            case obs.PartnerTimeExtended(ends=ends):
                self._ends = max(self._ends, ends)
                # The feature `remaining` depends on the end.
                self._attention.extend(self._ends)
            case obs.QuietWeekEnded():
                self._moments.quiet = False
            case obs.Paused() | obs.Resumed():
                self._is_paused = isinstance(observation, obs.Paused)
            case _:
                self._busy.observe(observation)
        effects += self._close_unknown(observation)
        # Uses that just ended come before the rules: a held match or an open nudge may be about one of them.
        effects += [*self._record_closed(), *self._start.after_observation(observation)]
        self._watch(observation.device)
        # All devices: features over several devices change with an observation of any of them.
        for device, watch in self._watches.items():
            use = self._attention.device(device).open_use
            if use is None:
                watch.reset()
            else:
                rules = watch.after_observation(self._attention.view(device, at), use.activity.category)
                effects += self._add_moments(device, rules, at)
        return [*effects, *self._moments.after_observation(at)]

    def _close_unknown(self, observation: obs.Observation) -> list[Effect]:
        """Close held matches and open nudges of the devices of which nothing more will be known."""
        at = observation.at
        match observation:
            case obs.Gap(sense="focus" | "idle", device=device):
                return self._moments.close_open(device, at, Reason.UNKNOWN)
            case obs.Suspended(device=device):
                return self._moments.close_open(None, at, Reason.UNKNOWN, put_to_sleep=device)
            case obs.Paused() | obs.Gap(sense=None):
                return self._moments.close_open(None, at, Reason.UNKNOWN)
            case _:
                return []

    def _watch(self, device: str) -> RuleWatch:
        watch = self._watches.get(device)
        if watch is None:
            watch = self._watches[device] = RuleWatch(self._rules, INPUT_FEATURES)
        return watch

    def _add_moments(self, device: str, rules: Sequence[Rule], at: datetime) -> list[Effect]:
        """Make a moment for each of the rules, which have just begun to hold."""
        use = self._attention.device(device).open_use if rules else None
        if use is None:
            return []
        effects: list[Effect] = []
        for rule in rules:
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
            effects += self._moments.add(match)
        return effects

    def _record_closed(self) -> list[Effect]:
        """Record the uses and the stretches of coverage that ended, and what their end says about moments."""
        effects: list[Effect] = []
        for device, use in self._attention.pop_closed_uses():
            record = Use(
                number=use.number,
                device=device,
                activity=use.activity,
                began=use.began,
                ended=use.ended,
                trusted=use.trusted,
            )
            effects.append(Record(occurrence=self._occurrence, what=record))
            ended = use.ended or use.began
            effects += self._moments.set_use_end(use.number, ended)
            effects += [] if use.trusted else self._moments.mark_unknown_since(ended)
        for device, covered in self._attention.pop_coverage():
            coverage = Coverage(number=covered.number, device=device, began=covered.began, ended=covered.ended)
            effects.append(Record(occurrence=self._occurrence, what=coverage))
        return effects
