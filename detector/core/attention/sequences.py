"""What led to the open use: a sequence of uses, a hop between devices, or a nudge.

Invariant 1: without an open use the value is unknown; during a use only observations change it.
Invariant 2: a use before a gap leads to nothing.
Invariant 3: a phone in the hand without a known app is not the origin of a hop.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from detector.core.attention.device_state import DeviceState
from detector.core.attention.measures import ChangesOnlyByObservation
from detector.core.attention.use_counts import ZERO, combined_version
from detector.core.attention.uses import PHONE_IN_HAND, UseState
from detector.core.observations import LAPTOP
from rules.features import DISTRACTING
from rules.model import FeatureKey


def device_kind(device: str) -> str:
    return "laptop" if device == LAPTOP else "phone"


class _LedTo(ChangesOnlyByObservation):
    def __init__(self, device: DeviceState, devices: Sequence[DeviceState], key: FeatureKey) -> None:
        self._device = device
        self._devices = devices
        self._steps = key.steps
        self._span = key.span or ZERO
        self._cached: tuple[int, bool] | None = None

    def value(self, _at: datetime) -> bool | None:
        use = self._device.open_use
        if use is None:
            return None
        version = combined_version(self._devices)
        if self._cached is None or self._cached[0] != version:
            self._cached = version, self._led_to(use)
        return self._cached[1]

    def _led_to(self, use: UseState) -> bool:
        raise NotImplementedError


class SequenceMeasure(_LedTo):
    """Whether the open use is the last of these steps, each of which ended before the next began, within the span.

    The steps are uses of any of `devices`, and the device is one of them.
    """

    def _led_to(self, use: UseState) -> bool:
        if use.activity.category not in self._steps[-1] or self._device not in self._devices:
            return False
        # The span is from the end of the first step to the start of the last.
        oldest, last = use.began - self._span, use
        for step in reversed(self._steps[:-1]):
            uses = (before for device in self._devices if (before := _left_before(last, device, step, oldest)))
            # Greedy from the end: the latest use leaves most time for the steps before it.
            latest = max(uses, key=lambda before: before.number, default=None)
            if latest is None:
                return False
            last = latest
        return True


class HopMeasure(_LedTo):
    """Whether the last other distracting use was on another device of the first kind, and this device is of the second.

    A use that is still open there counts as left when the open use here began.
    """

    def _led_to(self, use: UseState) -> bool:
        came_from, to = self._steps
        if device_kind(self._device.name) not in to:
            return False
        latest: tuple[datetime, int, DeviceState] | None = None
        for device in self._devices:
            for other in chain((device.open_use,), device.past_uses()):
                if other is None or other.number >= use.number or other.activity == PHONE_IN_HAND:
                    continue
                left = min(other.ended or use.began, use.began)
                if other.activity.category in DISTRACTING and (latest is None or (left, other.number) > latest[:2]):
                    latest = left, other.number, device
                if other.activity.category in DISTRACTING or use.began - left > self._span:
                    break  # earlier uses of the device ended earlier still
        if latest is None or latest[2] is self._device or use.began - latest[0] > self._span:
            return False
        return device_kind(latest[2].name) in came_from


@dataclass(slots=True)
class LastNudge:
    """When the last nudge reached the screen, and its category."""

    at: datetime | None = None
    category: str | None = None


class ReopenedAfter(ChangesOnlyByObservation):
    """Time from the last nudge to the start of the open use, if it is of the nudge's category."""

    def __init__(self, device: DeviceState, last_nudge: LastNudge) -> None:
        self._device = device
        self._last_nudge = last_nudge

    def value(self, _at: datetime) -> timedelta | None:
        use, nudge = self._device.open_use, self._last_nudge
        if use is None or nudge.at is None or use.began < nudge.at or use.activity.category != nudge.category:
            return None
        return use.began - nudge.at


def _left_before(use: UseState, device: DeviceState, step: frozenset[str], oldest: datetime) -> UseState | None:
    for other in device.past_uses():
        # Newest first, so all further uses ended before `oldest` as well.
        if other.ended is None or other.ended < oldest:
            return None
        if other.number < use.number and other.ended <= use.began and other.activity.category in step:
            return other
    return None
