"""Observations in, uses and coverage out; features measured when a rule asks.

Rule 1: only features that were asked for at the start can be measured.
Rule 2: devices are known by their observations; one that has said nothing is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from detector.attention.device import DeviceState
from detector.attention.instants import Instants
from detector.attention.measures import (
    DistractedShare,
    Measure,
    Running,
    State,
    TimeIn,
    TrailingSum,
    UsesCounted,
)
from detector.attention.settings import AttentionSettings
from detector.attention.uses import Covered, Person, UseState
from detector.observations import Gap, InputCounted, Observation, Paused
from rules.model import FeatureKey, Value

TOUCHED_BY_INPUT: Final = frozenset(
    {"scrolls", "keys", "clicks", "scroll_rate", "key_rate", "click_rate", "since_input"}
)
"""The features that an `InputCounted` can change; all others stand where they were."""
_COUNTED: Final = {
    "scrolls": "scrolls",
    "keys": "keys",
    "clicks": "clicks",
    "scroll_rate": "scrolls",
    "key_rate": "keys",
    "click_rate": "clicks",
}


class View:
    """The feature set of one device; `at` is set by its owner before it is asked."""

    __slots__ = ("_measures", "at")

    def __init__(self, at: datetime, measures: dict[FeatureKey, Measure]) -> None:
        self.at = at
        self._measures = measures

    def get(self, key: FeatureKey, /) -> Value | None:
        """Return the feature's value, or None where it is unknown or was not declared."""
        measure = self._measures.get(key)
        return None if measure is None else measure.value(self.at)

    def changes(self, key: FeatureKey, value: Value, /) -> datetime | None:
        """Return the first instant after `at` at which comparing with `value` may come out differently."""
        measure = self._measures.get(key)
        return None if measure is None else measure.change(self.at, value)


class Attention:
    """What is known of every device during one occurrence."""

    def __init__(
        self, needs: Iterable[FeatureKey], began: datetime, ends: datetime, settings: AttentionSettings
    ) -> None:
        self._needs = tuple(needs)
        self._began = began
        self._ends = ends
        self._settings = settings
        self._number: Callable[[], int] = count(1).__next__
        self._person = Person()
        self._devices: list[DeviceState] = []
        self._states: dict[str, DeviceState] = {}
        self._views: dict[str, View] = {}
        self._sums: dict[str, list[TrailingSum]] = {}

    @property
    def devices(self) -> list[DeviceState]:
        """Every device that has said something, in the order of its first word."""
        return self._devices

    def device(self, name: str) -> DeviceState:
        """Return the device's state; a new one is known from its first observation on."""
        state = self._states.get(name)
        if state is None:
            state = DeviceState(name, self._began, self._settings, self._number, self._person)
            self._states[name] = state
            self._devices.append(state)
            self._sums[name] = []
            self._views[name] = View(self._began, {key: self._measure(key, state) for key in self._needs})
        return state

    def view(self, name: str, at: datetime) -> View:
        """Return the device's features at `at`."""
        view = self._views[name]
        view.at = at
        return view

    def observe(self, seen: Observation) -> None:
        """Take in one observation."""
        device = self.device(seen.device)
        if isinstance(seen, InputCounted):
            for total in self._sums[seen.device]:
                total.add(seen)
        elif isinstance(seen, Gap) and seen.sense == "input":
            self._forget_counts(seen.device)
        elif isinstance(seen, Paused) or (isinstance(seen, Gap) and seen.sense is None):
            # Nobody listened: whatever another device said in the meantime is lost, too.
            for each in self._devices:
                self._forget_counts(each.name)
                each.observe(seen)
            return
        device.observe(seen)

    def extend(self, ends: datetime) -> None:
        """Partner time ends later than it was planned."""
        self._ends = ends

    def end(self, at: datetime) -> None:
        """Partner time is over."""
        for device in self._devices:
            device.end(at)

    def closed(self) -> list[tuple[str, UseState]]:
        """Hand over the uses that were closed, or whose end was corrected, since the last call."""
        found = [(device.name, use) for device in self._devices for use in device.closed]
        for device in self._devices:
            device.closed.clear()
        return found

    def covered(self) -> list[tuple[str, Covered]]:
        """Hand over the stretches of coverage that ended since the last call."""
        found = [(device.name, stretch) for device in self._devices for stretch in device.covered]
        for device in self._devices:
            device.covered.clear()
        return found

    def _forget_counts(self, name: str) -> None:
        for total in self._sums[name]:
            total.clear()

    def _measure(self, key: FeatureKey, device: DeviceState) -> Measure:
        devices = self._devices if key.scope == "all" else [device]
        span = key.span or timedelta(0)
        if key.name in _COUNTED:
            total = TrailingSum(device, _COUNTED[key.name], span, per_minute=key.name.endswith("_rate"))
            self._sums[device.name].append(total)
            return total
        if key.name in {"glances", "uses", "switches", "switch_rate"}:
            return UsesCounted(devices, key, self._settings)
        if key.name in {"opens", "pick_ups"}:
            return Instants(devices, key.name, span)
        if key.name == "time":
            return TimeIn(devices, frozenset({key.category or ""}), span)
        if key.name == "share":
            return DistractedShare(devices, self._began)
        if key.name in {"dwell", "since_input", "elapsed", "remaining"}:
            return Running(device, key.name, self._began, lambda: self._ends)
        return State(device, key.name)
