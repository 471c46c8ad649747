"""What led to the use under way: uses one after another, a hop from device to device, a nudge.

Rule 1: a story is told of the use under way; where nothing is in use it is not known, and while it goes on it is told anew
only where something is observed.
Rule 2: what was left before something that is not known is no part of a story.
Rule 3: a phone in the hand of which nobody tells what is in front is nothing that one hops from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from detector.core.attention.device_state import DeviceState
from detector.core.attention.use_counts import TICK, ZERO
from detector.core.attention.uses import PHONE_IN_HAND, UseState
from detector.core.observations import LAPTOP
from rules.features import DISTRACTING
from rules.model import FeatureKey, Value


def device_kind(device: str) -> str:
    """Return what kind of device bears the name: this laptop, or else a phone."""
    return "laptop" if device == LAPTOP else "phone"


class _Story:
    """What led to the use under way on `device`, out of what was done on `devices`."""

    def __init__(self, device: DeviceState, devices: Sequence[DeviceState], key: FeatureKey) -> None:
        self._device = device
        self._devices = devices
        self._steps = key.steps
        self._span = key.span or ZERO
        self._kept: tuple[int, bool] | None = None

    def value(self, _at: datetime) -> bool | None:
        """Return whether it is so; unknown while nothing is in use."""
        use = self._device.open
        if use is None:
            return None
        version = len(self._devices)
        for device in self._devices:
            version += device.version
        if self._kept is None or self._kept[0] != version:
            self._kept = version, self._is_told(use)
        return self._kept[1]

    def change(self, _at: datetime, _against: Value) -> datetime | None:
        """Return None: only an observation changes it."""
        return None

    def _is_told(self, use: UseState) -> bool:
        raise NotImplementedError


class SequenceMeasure(_Story):
    """Whether the use under way is the last of these steps, each left before the next was taken up, within the span.

    The earlier steps are uses of any of `devices`, and the device is one of them.
    """

    def _is_told(self, use: UseState) -> bool:
        if use.activity.category not in self._steps[-1] or self._device not in self._devices:
            return False
        oldest, last = use.began - self._span, use
        for step in reversed(self._steps[:-1]):
            fitting = (found for device in self._devices if (found := _left_before(last, device, step, oldest)))
            # What was taken up last leaves most room for the steps before it.
            latest = max(fitting, key=lambda found: found.number, default=None)
            if latest is None:
                return False
            last = latest
        return True


class HopMeasure(_Story):
    """Whether the person's last other distracting use was on another device, of the first kind, and this is the second.

    What is open there still, too: it is left when the use under way is taken up.
    """

    def _is_told(self, use: UseState) -> bool:
        came_from, to = self._steps
        if device_kind(self._device.name) not in to:
            return False
        latest: tuple[datetime, int, DeviceState] | None = None
        for device in self._devices:
            for other in chain((device.open,), device.remembered()):
                if other is None or other.number >= use.number or other.activity == PHONE_IN_HAND:
                    continue
                left = min(other.ended or use.began, use.began)
                if other.activity.category in DISTRACTING and (latest is None or (left, other.number) > latest[:2]):
                    latest = left, other.number, device
                if other.activity.category in DISTRACTING or use.began - left > self._span:
                    # What the device was used for before that was left earlier still.
                    break
        if latest is None or latest[2] is self._device or use.began - latest[0] > self._span:
            return False
        return device_kind(latest[2].name) in came_from


@dataclass(slots=True)
class LastNudge:
    """The last nudge that reached the screen: when, and the category that it named."""

    at: datetime | None = None
    category: str | None = None


class SinceNudge:
    """How long ago the last nudge reached the screen."""

    def __init__(self, nudged: LastNudge) -> None:
        self._nudged = nudged

    def value(self, at: datetime) -> timedelta | None:
        """Return the length; unknown before the first nudge."""
        return None if self._nudged.at is None else at - self._nudged.at

    def change(self, at: datetime, against: Value) -> datetime | None:
        """Return the instant of equality if it lies ahead, or the one just after it if it is now."""
        if self._nudged.at is None or not isinstance(against, timedelta):
            return None
        equal = self._nudged.at + against
        if equal > at:
            return equal
        return at + TICK if equal == at else None


class ReopenedAfter:
    """How long after the last nudge the use under way was taken up, where it is of the category that was named."""

    def __init__(self, device: DeviceState, nudged: LastNudge) -> None:
        self._device = device
        self._nudged = nudged

    def value(self, _at: datetime) -> timedelta | None:
        """Return the length."""
        use, nudged = self._device.open, self._nudged
        if use is None or nudged.at is None or use.began < nudged.at or use.activity.category != nudged.category:
            return None
        return use.began - nudged.at

    def change(self, _at: datetime, _against: Value) -> datetime | None:
        """Return None: only an observation changes it."""
        return None


def _left_before(use: UseState, device: DeviceState, step: frozenset[str], oldest: datetime) -> UseState | None:
    for other in device.remembered():
        if other.ended is None or other.ended < oldest:
            return None
        if other.number < use.number and other.ended <= use.began and other.activity.category in step:
            return other
    return None
