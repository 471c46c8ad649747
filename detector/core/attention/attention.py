"""Observations in, uses and coverage out; features are measured when a rule asks.

Invariant 1: only the features that it was made for can be measured.
Invariant 2: a device exists from its first observation on.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import count
from typing import Final

from detector.core.attention.device_state import DeviceGroup, DeviceState
from detector.core.attention.input_sums import INPUT_SUMS
from detector.core.attention.measure_factory import MeasureFactory, memory_needed
from detector.core.attention.measures import Measure
from detector.core.attention.settings import AttentionSettings
from detector.core.attention.uses import UseState
from detector.core.effects import Coverage, Use
from detector.core.observations import Gap, InputCounted, Observation, Paused
from rules.model import FeatureKey, Value, intern_key

INPUT_FEATURES: Final = frozenset({*INPUT_SUMS, "since_input"})
"""The features that an `InputCounted` can change."""


class FeatureView:
    """The feature set of one device at `at`."""

    __slots__ = ("at", "measures")

    def __init__(self, at: datetime, measures: dict[FeatureKey, Measure]) -> None:
        self.at = at
        self.measures = measures

    def get(self, key: FeatureKey, /) -> Value | None:
        """Return the feature's value, or None where it is unknown or was not declared."""
        measure = self.measures.get(key)
        return None if measure is None else measure.value(self.at)

    def deadline(self, key: FeatureKey, value: Value, /) -> datetime | None:
        """Return the first instant after `at` at which comparing with `value` may come out differently."""
        measure = self.measures.get(key)
        return None if measure is None else measure.deadline(self.at, value)


class Attention:
    """The devices of one occurrence and their features. `baselines`: the usual values of features."""

    def __init__(
        self,
        features_used: Iterable[FeatureKey],
        began: datetime,
        ends: datetime,
        settings: AttentionSettings,
        baselines: Mapping[FeatureKey, Value] | None = None,
    ) -> None:
        self._features_used = tuple(map(intern_key, features_used))
        self._began = began
        self.settings = settings
        self._number: Callable[[], int] = count(1).__next__
        self._group = DeviceGroup(keep=memory_needed(self._features_used))
        self._factory = MeasureFactory(began, ends, settings, baselines or {})
        self._states: dict[str, DeviceState] = {}
        self._views: dict[str, FeatureView] = {}

    @property
    def devices(self) -> list[DeviceState]:
        """Every device that was observed, in the order of their first observations."""
        return self._factory.devices

    def device(self, name: str) -> DeviceState:
        state = self._states.get(name)
        if state is None:
            state = DeviceState(name, self._began, self.settings, self._number, self._group)
            self._states[name] = state
            self._factory.add(state)
            measures = {key: self._factory.measure(key, state) for key in self._features_used}
            self._views[name] = FeatureView(self._began, measures)
        return state

    def view(self, name: str, at: datetime) -> FeatureView:
        # The same object for each call: it is read at once and never kept.
        view = self._views[name]
        view.at = at
        return view

    def observe(self, observation: Observation) -> None:
        device = self.device(observation.device)
        if isinstance(observation, InputCounted):
            for total in self._factory.sums[observation.device].values():
                total.add(observation)
        elif isinstance(observation, Gap) and observation.sense == "input":
            self._factory.forget_counts(observation.device)
        elif isinstance(observation, Paused) or (isinstance(observation, Gap) and observation.sense is None):
            # The program did not run, so nothing is known of the other devices either.
            for state in self.devices:
                self._factory.forget_counts(state.name)
                state.observe(observation)
            return
        device.observe(observation)

    def record_nudge(self, at: datetime, category: str | None) -> None:
        self._factory.last_nudge.at, self._factory.last_nudge.category = at, category

    def extend(self, ends: datetime) -> None:
        self._factory.ends = ends

    def end(self, at: datetime) -> None:
        for device in self.devices:
            device.end(at)

    def pop_closed(self) -> list[Use | Coverage]:
        """Return the uses and then the coverage that ended, or whose end was corrected, since the last call."""
        closed: list[Use | Coverage] = [
            _as_record(device.name, use) for device in self.devices for use in device.closed
        ]
        closed += [stretch for device in self.devices for stretch in device.covered]
        for device in self.devices:
            device.closed.clear()
            device.covered.clear()
        return closed


def _as_record(device: str, use: UseState) -> Use:
    return Use(
        number=use.number, device=device, activity=use.activity, began=use.began, ended=use.ended, trusted=use.trusted
    )
