"""Which measure a feature has on a device, and the devices that it looks at.

Rule 1: a feature over several devices looks at those that have said something by now; one that appears later is among them.
Rule 2: a feature that is asked for in the middle of an evening is unknown for as long as its span reaches what is forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from detector.core.attention.device_state import DeviceState
from detector.core.attention.event_counts import Instants
from detector.core.attention.input_sums import COUNTED, TrailingSum
from detector.core.attention.measures import AnyOf, Constant, Measure, Running, Since, State
from detector.core.attention.sequences import Followed, Hopped, Nudged, ReopenedAfter, SinceNudge, kind_of
from detector.core.attention.settings import AttentionSettings
from detector.core.attention.use_counts import UsesCounted
from detector.core.attention.use_time import DistractedShare, TimeIn
from rules.features import LONGEST_SPAN
from rules.model import FeatureKey, Value

SHORTEST_MEMORY: Final = timedelta(minutes=10)
"""What came of a nudge is looked up so far back, whatever the rules ask for."""


def reach(needs: Iterable[FeatureKey]) -> timedelta:
    """Return how far back uses have to be remembered for these features."""
    spans = [LONGEST_SPAN if key.name == "share" else key.span or timedelta(0) for key in needs if key.name != "usual"]
    return max(SHORTEST_MEMORY, *spans, timedelta(0))


class Everyone:
    """The devices of one evening, by their scope, and how their features are measured."""

    def __init__(self, began: datetime, ends: datetime, settings: AttentionSettings) -> None:
        self.began = began
        self.ends = ends
        self.nudged = Nudged()
        self.usuals: Mapping[FeatureKey, Value] = {}
        self.devices: list[DeviceState] = []
        self.sums: defaultdict[str, dict[FeatureKey, TrailingSum]] = defaultdict(dict)
        self._known_from: dict[FeatureKey, datetime] = {}
        self._scopes: dict[str, list[DeviceState]] = {"all": self.devices, "laptop": [], "phone": []}
        self._settings = settings

    def add(self, device: DeviceState) -> None:
        """A device has said its first word."""
        self.devices.append(device)
        self._scopes[kind_of(device.name)].append(device)

    def ask_for(self, keys: Iterable[FeatureKey], forgotten: datetime | None) -> None:
        """These features begin to be asked for; by now everything up to `forgotten` is so, or nothing."""
        for key in keys:
            if key.span is not None and forgotten is not None and key.name not in {"usual", *COUNTED}:
                self._known_from[key] = forgotten + key.span

    def keep_sums(self, name: str, keys: Iterable[FeatureKey]) -> None:
        """Let go of the sums that nobody asks for any more."""
        self.sums[name] = {key: total for key in keys if (total := self.sums[name].get(key)) is not None}

    def forget_counts(self, name: str) -> None:
        """What was counted on the device says nothing any more."""
        for total in self.sums[name].values():
            total.clear()

    def measure(self, key: FeatureKey, device: DeviceState, *, late: datetime | None = None) -> Measure:
        """Return the measure; where that is a sum, it is in `sums` from now on.

        `late`: the evening is under way, and this is when the feature begins to be asked for.
        """
        if key.name in COUNTED:
            return self._sum(key, device, late)
        measure = self._measure(key, device)
        known_from = self._known_from.get(key)
        return measure if known_from is None else Since(measure, known_from)

    def _sum(self, key: FeatureKey, device: DeviceState, late: datetime | None) -> Measure:
        of, span, sums = COUNTED[key.name], key.span or timedelta(0), self.sums[device.name]
        total = sums[key] = TrailingSum(device, of, span, per_minute=key.name.endswith("_rate"))
        if late is None:
            return total
        # What another feature counted over as long a span need not be counted again.
        if any(total.take_from(other, late) for other in list(sums.values()) if other is not total):
            return total
        total.begin(late)
        return Since(total, late + span)

    def _measure(self, key: FeatureKey, device: DeviceState) -> Measure:
        name, devices = key.name, self._scopes.get(key.scope, [device])
        match name:
            case "glances" | "uses" | "switches" | "switch_rate":
                return UsesCounted(devices, key, self._settings)
            case "opens" | "pick_ups" | "led_pick_ups" | "own_pick_ups":
                return Instants(devices, key)
            case "time":
                return TimeIn(devices, key)
            case "share":
                return DistractedShare(devices, self.began)
            case "dwell" | "since_input" | "elapsed" | "remaining":
                return Running(device, name, self.began, lambda: self.ends)
            case "followed":
                return Followed(device, devices, key)
            case "hopped":
                return Hopped(device, self.devices, key)
            case "since_nudge":
                return SinceNudge(self.nudged)
            case "reopened_after":
                return ReopenedAfter(device, self.nudged)
            case "usual":
                return Constant(self.usuals.get(key))
            case "category" | "came_from":
                return State(device, name)
            case _:
                return State(device, name) if key.scope == "device" else AnyOf(devices, name)
