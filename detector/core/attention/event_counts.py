"""How often something happened in a span: openings that a phone reported, and its unlockings.

Invariant 1: unknown while no device that is known has reported any: before that it is not known whether it can.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from detector.core.attention.device_state import DeviceState
from rules.features import DISTRACTING
from rules.model import FeatureKey, Value


class EventCount:
    """How many events lie in the span `(at - span, at]`: openings of the categories that are meant, or pick-ups."""

    def __init__(self, devices: Sequence[DeviceState], key: FeatureKey) -> None:
        self._devices = devices
        self._feature = key.name
        self._span = key.span or timedelta(0)
        self._categories = (key.which and key.which.categories) or DISTRACTING

    def _events(self, at: datetime) -> list[datetime]:
        oldest = at - self._span
        found: list[datetime] = []
        for device in self._devices:
            for event in reversed(device.events[self._feature]):
                if event.at <= oldest:
                    break
                if event.category in self._categories:
                    found.append(event.at)
        return found

    def value(self, at: datetime) -> int | None:
        if not any(device.is_known and self._can_report(device) for device in self._devices):
            return None
        return len(self._events(at))

    def _can_report(self, device: DeviceState) -> bool:
        # Only a phone that reports notifications can tell which pick-ups they led to.
        if self._feature in {"led_pick_ups", "own_pick_ups"}:
            return device.last_notification is not None
        return bool(device.events[self._feature])

    def deadline(self, at: datetime, _against: Value) -> datetime | None:
        # The count can only fall, and first when the oldest of them leaves the span.
        oldest = min(self._events(at), default=None)
        return None if oldest is None else oldest + self._span
