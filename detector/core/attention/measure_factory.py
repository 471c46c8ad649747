"""Make the measure of a feature on a device.

Invariant 1: a feature over several devices includes those that are first observed later.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from detector.core.attention.device_state import DeviceState
from detector.core.attention.input_sums import INPUT_SUMS, TrailingSum
from detector.core.attention.measures import AnyDeviceFlag, Constant, DeviceValue, Measure, TimeSince, TimeUntil
from detector.core.attention.sequences import HopMeasure, LastNudge, ReopenedAfter, SequenceMeasure, device_kind
from detector.core.attention.settings import AttentionSettings
from detector.core.attention.use_counts import EventCount, UseCount
from detector.core.attention.use_time import DistractedShare, TimeInUse
from rules.features import MAX_SPAN
from rules.model import FeatureKey, Value

MIN_MEMORY: Final = timedelta(minutes=10)
"""How far back uses are remembered at least: the outcomes of nudges are measured from them, too."""


def memory_needed(features_used: Iterable[FeatureKey]) -> timedelta:
    """Return how far back uses have to be remembered for these features."""
    # `share` is about all of partner time; `usual` was measured in earlier sessions.
    spans = [
        MAX_SPAN if key.name == "share" else key.span or timedelta(0) for key in features_used if key.name != "usual"
    ]
    return max(MIN_MEMORY, *spans, timedelta(0))


class MeasureFactory:
    """The devices of one occurrence by their scope, and the measures of their features."""

    def __init__(
        self, began: datetime, ends: datetime, settings: AttentionSettings, baselines: Mapping[FeatureKey, Value]
    ) -> None:
        self.ends = ends
        self.last_nudge = LastNudge()
        self.devices: list[DeviceState] = []
        self.sums: defaultdict[str, dict[FeatureKey, TrailingSum]] = defaultdict(dict)
        self._began = began
        # Lists that grow, so that a measure includes later devices.
        self._scopes: dict[str, list[DeviceState]] = {"all": self.devices, "laptop": [], "phone": []}
        self._settings = settings
        self._baselines = baselines

    def add(self, device: DeviceState) -> None:
        self.devices.append(device)
        self._scopes[device_kind(device.name)].append(device)

    def forget_counts(self, name: str) -> None:
        for total in self.sums[name].values():
            total.clear()

    def measure(self, key: FeatureKey, device: DeviceState) -> Measure:
        """Return the measure; a sum of input is added to `sums`."""
        name, devices = key.name, self._scopes.get(key.scope, [device])
        if name in INPUT_SUMS:
            total = self.sums[device.name][key] = TrailingSum(device, key)
            return total
        match name:
            case "glances" | "uses" | "switches" | "switch_rate":
                return UseCount(devices, key, self._settings)
            case "opens" | "pick_ups" | "led_pick_ups" | "own_pick_ups":
                return EventCount(devices, key)
            case "time":
                return TimeInUse(devices, key)
            case "share":
                return DistractedShare(devices, self._began)
            case "dwell":
                return TimeSince(lambda: device.open_use.began if device.open_use else None)
            case "since_input":
                return TimeSince(lambda: device.last_input if device.input_since else None)
            case "elapsed":
                return TimeSince(lambda: self._began)
            case "remaining":
                return TimeUntil(lambda: self.ends)
            case "followed":
                return SequenceMeasure(device, devices, key)
            case "hopped":
                return HopMeasure(device, self.devices, key)
            case "since_nudge":
                return TimeSince(lambda: self.last_nudge.at)
            case "reopened_after":
                return ReopenedAfter(device, self.last_nudge)
            case "usual":
                return Constant(self._baselines.get(key))
            case "category" | "came_from":
                return DeviceValue(device, name)
            case _:
                return DeviceValue(device, name) if key.scope == "device" else AnyDeviceFlag(devices, name)
