"""The pure core: observations in, effects out; `feed`, `advance`, `deadline`.

Invariant 1: the number and the timing of wake-ups do not affect decisions.
Invariant 2: feeding the recorded observations again gives the same decisions.
Invariant 3: a gap never produces a match, and never counts as presence.
Invariant 4: outside partner time nothing is observed, recorded or decided.
Invariant 5: nudges respect the cool-down and the budget.
Invariant 6: shifting all instants by a constant shifts all decisions by it.
Invariant 7: a rule never sees a feature that it did not declare.
Invariant 8: time never moves back.
Invariant 9: decisions and lengths do not depend on whether names are kept.

The clock is never read: time comes only from an observation's `at` and from `advance(now)`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

import detector.core.observations as obs
from detector.core.attention.attention import INPUT_FEATURES, Attention
from detector.core.attention.busy import BusyState
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Effect, NotifyEnd, NotifyStart, Record, Use
from detector.core.moments import MomentTracker
from detector.core.start import StartCheck
from rules.engine import RuleWatch, evidence, features_used
from rules.model import FeatureKey, FeatureSet, Match, Reason, Rule, Value
from rules.policy import NoNudgeReason, PolicySettings

_ACCEPTED_WHILE_PAUSED: Final = (
    obs.Resumed,
    obs.Shown,
    obs.NotShown,
    obs.Answered,
    obs.PartnerTimeExtended,
    obs.QuietWeekEnded,
)


class DeviceSnapshot(NamedTuple):
    """What is measured on a device in use. `use`: the number of the open use. `watch`: which rules hold, and since when."""

    device: str
    use: int
    category: str
    features: FeatureSet
    watch: RuleWatch


class Pipeline:
    """Decides about the occurrences, one after another."""

    def __init__(
        self,
        rules: Sequence[Rule],
        policy: PolicySettings,
        attention: AttentionSettings,
        baselines: Mapping[FeatureKey, Value] | None = None,
    ) -> None:
        self.now: datetime | None = None
        self._settings = _Settings(tuple(rules), policy, attention, baselines or {})
        self._open: _OpenOccurrence | None = None

    @property
    def deadline(self) -> datetime | None:
        """The next instant at which `advance` has an effect; None: not before the next observation."""
        return self._open.deadline if self._open else None

    def feed(self, observation: obs.Observation) -> tuple[Effect, ...]:
        """Process one observation and the time up to it; return the effects.

        Raises:
            ValueError: if its instant lies before the last one; the inbox has to sort.
        """
        at = observation.at
        if self.now is not None and at < self.now:
            raise ValueError(f"{type(observation).__name__} at {at} comes after {self.now}")
        effects = self._open.feed(observation) if self._open else []
        self.now = at
        if isinstance(observation, obs.PartnerTimeEnded):
            self._open = None
        elif isinstance(observation, obs.PartnerTimeBegan):
            self._open = _OpenOccurrence(observation, self._settings)
            effects.append(Record(occurrence=observation.occurrence, item=observation))
            effects.append(
                NotifyStart(occurrence=observation.occurrence, title=observation.title, at=at, ends=observation.ends)
            )
        return tuple(effects)

    def advance(self, now: datetime) -> tuple[Effect, ...]:
        """Let time pass up to `now`; return the effects. An instant in the past changes nothing."""
        if self.now is None or now <= self.now:
            return ()
        effects = self._open.pass_time(now) if self._open else []
        self.now = now
        return tuple(effects)

    def no_nudge_reason(self) -> NoNudgeReason | None:
        """Return why no nudge would be shown now, whichever rule holds; None: nudges are shown."""
        return self._open.no_nudge_reason(self.now) if self._open and self.now else None

    def snapshots(self) -> list[DeviceSnapshot]:
        """Return what is measured now on each device in use, for explanations; valid until the next step."""
        return self._open.snapshots(self.now) if self._open and self.now else []

    @property
    def has_lost_all_devices(self) -> bool:
        """Whether every device is unknown now, and at least one of them was known before."""
        return self._open is not None and self._open.has_lost_all_devices


class _Settings(NamedTuple):
    rules: tuple[Rule, ...]
    policy: PolicySettings
    attention: AttentionSettings
    baselines: Mapping[FeatureKey, Value]


class _OpenOccurrence:
    """The occurrence that has begun and not ended."""

    def __init__(self, began: obs.PartnerTimeBegan, settings: _Settings) -> None:
        self._occurrence, self._title, self.ends = began.occurrence, began.title, began.ends
        self._rules, policy = settings.rules, settings.policy
        self._attention = Attention(
            features_used(settings.rules), began.at, began.ends, settings.attention, settings.baselines
        )
        self._busy = BusyState()
        self._moments = MomentTracker(began, policy, self._attention, self._busy)
        self._start = StartCheck(
            began, policy.grace, self._attention.devices, self._moments, settings.attention.fleeting
        )
        self._watches: dict[str, RuleWatch] = {}
        self._is_paused = False

    @property
    def deadline(self) -> datetime | None:
        deadline = self._next_deadline()
        return deadline if deadline < self.ends else None

    def no_nudge_reason(self, now: datetime) -> NoNudgeReason | None:
        return self._moments.no_nudge_reason(now)

    @property
    def has_lost_all_devices(self) -> bool:
        devices = self._attention.devices
        return any(device.was_known for device in devices) and not any(device.is_known for device in devices)

    def snapshots(self, now: datetime) -> list[DeviceSnapshot]:
        devices = ((device, watch, self._attention.device(device).open_use) for device, watch in self._watches.items())
        return [
            DeviceSnapshot(device, use.number, use.activity.category, self._attention.view(device, now), watch)
            for device, watch, use in devices
            if use is not None
        ]

    def feed(self, observation: obs.Observation) -> list[Effect]:
        at = observation.at
        # Between `since` and the gap nothing is known, so time passes only up to `since`.
        whole_gap = observation if isinstance(observation, obs.Gap) and observation.sense is None else None
        effects = self.pass_time(whole_gap.since if whole_gap else at)
        if isinstance(observation, obs.PartnerTimeBegan | obs.PartnerTimeEnded):
            return effects + self._end(observation)
        if isinstance(observation, obs.Gap) and observation.since < self.ends:
            observation = replace(observation, at=min(at, self.ends))
        elif at >= self.ends:
            # Partner time is over; only its end has not been observed yet.
            return effects
        if self._is_paused and not isinstance(observation, _ACCEPTED_WHILE_PAUSED):
            return effects
        effects.append(Record(occurrence=self._occurrence, item=observation))
        self._attention.observe(observation)
        if isinstance(observation, obs.InputCounted):
            return effects + self._after_input(observation)
        return effects + self._after_observation(observation)

    def _end(self, observation: obs.PartnerTimeBegan | obs.PartnerTimeEnded) -> list[Effect]:
        # If its end was not observed, it ended at the latest when the next one began.
        at = min(observation.at, self.ends)
        # Outcomes first: the end of partner time does not count as leaving the device.
        effects = self._moments.close_unresolved(None, at, Reason.ENDED)
        self._attention.end(at)
        effects += self._record_closed()
        # The end is recorded last: then the occurrence is complete.
        if isinstance(observation, obs.PartnerTimeEnded):
            effects.append(Record(occurrence=self._occurrence, item=replace(observation, at=at)))
            if observation.reason == "ended":
                effects.append(NotifyEnd(occurrence=self._occurrence, title=self._title, at=at))
        return effects

    def _next_deadline(self) -> datetime:
        deadline = min(self._moments.deadline, self._start.deadline)
        for watch in self._watches.values():
            deadline = min(deadline, watch.deadline)
        return deadline

    def pass_time(self, now: datetime) -> list[Effect]:
        """Process every deadline up to `now`, in order."""
        effects: list[Effect] = []
        while (deadline := self._next_deadline()) <= now and deadline < self.ends:
            for device, watch in self._watches.items():
                if watch.deadline <= deadline:
                    rules = watch.on_deadline(self._attention.view(device, deadline))
                    effects += self._add_moments(device, rules, deadline)
            effects += [*self._moments.on_deadline(deadline), *self._start.on_deadline(deadline)]
            # Otherwise this loop would never end; a failure makes the daemon save the last observations.
            if self._next_deadline() <= deadline:
                raise RuntimeError(
                    f"the next deadline ({self._next_deadline()}) is not after the last one ({deadline})"
                )
        return effects

    def _after_input(self, counted: obs.InputCounted) -> list[Effect]:
        # Input comes every second and changes few features, so only the rules over those are evaluated.
        self._busy.observe(counted)
        watch = self._watch(counted.device)
        use = self._attention.device(counted.device).open_use
        if use is None:
            return []
        rules = watch.after_input(self._attention.view(counted.device, counted.at), use.activity.category)
        moments = self._add_moments(counted.device, rules, counted.at, counted.device)
        return [*moments, *self._moments.after_observation(counted.at, counted.device)]

    def _after_observation(self, observation: obs.Observation) -> list[Effect]:
        at, observed_device = observation.at, observation.device
        effects: list[Effect] = []
        match observation:
            case obs.Shown():
                effects += self._moments.on_shown(observation)
            case obs.NotShown():
                # It does not concern the devices, so no rule needs to be evaluated.
                return self._moments.on_shown(observation)
            case obs.Answered():
                effects += [*self._moments.on_answer(observation), *self._start.after_observation(observation)]
                return [*effects, *self._moments.after_observation(at, observed_device)]
            case obs.PartnerTimeExtended(ends=ends):
                self.ends = max(self.ends, ends)
                # The feature `remaining` depends on the end.
                self._attention.extend(self.ends)
            case obs.QuietWeekEnded():
                self._moments.in_quiet_week = False
            case obs.Paused() | obs.Resumed():
                self._is_paused = isinstance(observation, obs.Paused)
            case _:
                self._busy.observe(observation)
        effects += self._close_unknown(observation)
        # Ended uses before the rules: a deferred match or a pending nudge may be about one of them.
        effects += [*self._record_closed(), *self._start.after_observation(observation)]
        self._watch(observed_device)
        # All devices: features over several devices change with an observation of any of them.
        for device, watch in self._watches.items():
            use = self._attention.device(device).open_use
            if use is None:
                watch.reset()
            else:
                rules = watch.after_observation(self._attention.view(device, at), use.activity.category)
                effects += self._add_moments(device, rules, at, observed_device)
        return [*effects, *self._moments.after_observation(at, observed_device)]

    def _close_unknown(self, observation: obs.Observation) -> list[Effect]:
        at = observation.at
        match observation:
            case obs.Gap(sense="focus" | "idle", device=device):
                return self._moments.close_unresolved(device, at, Reason.UNKNOWN)
            case obs.Suspended(device=device):
                return self._moments.close_unresolved(None, at, Reason.UNKNOWN, put_to_sleep=device)
            case obs.Paused() | obs.Gap(sense=None):
                return self._moments.close_unresolved(None, at, Reason.UNKNOWN)
            case _:
                return []

    def _watch(self, device: str) -> RuleWatch:
        watch = self._watches.get(device)
        if watch is None:
            watch = self._watches[device] = RuleWatch(self._rules, INPUT_FEATURES)
        return watch

    def _add_moments(
        self, device: str, rules: Sequence[Rule], at: datetime, observed_device: str | None = None
    ) -> list[Effect]:
        """Make a moment for each of these rules, which began to hold; at a deadline there is no observed device."""
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
                may_nudge=rule.may_nudge,
                not_before=rule.not_before,
            )
            effects += self._moments.add(match, observed_device)
        return effects

    def _record_closed(self) -> list[Effect]:
        effects: list[Effect] = []
        for closed in self._attention.pop_closed():
            effects.append(Record(occurrence=self._occurrence, item=closed))
            if isinstance(closed, Use):
                # The end of a use may correct the outcomes of moments.
                ended = closed.ended or closed.began
                effects += self._moments.set_use_end(closed.number, ended)
                if not closed.trusted:
                    effects += self._moments.mark_unknown_since(ended)
        return effects
