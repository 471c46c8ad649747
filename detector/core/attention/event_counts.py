"""How often something happened in a span: openings that a phone told of, and its unlockings.

Rule 1: unknown while no device that is known has told of any: whether it can tell of them is not known before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from detector.core.attention.device_state import DeviceState
from detector.core.attention.uses import TimedEvent
from rules.features import DISTRACTING
from rules.model import FeatureKey, Value


class EventCount:
    """How many instants lie in the span `(at - span, at]`: openings of the categories that are meant, or pick-ups."""

    def __init__(self, devices: Sequence[DeviceState], key: FeatureKey) -> None:
        self._devices = devices
        self._of = key.name
        self._span = key.span or timedelta(0)
        self._categories = (key.which and key.which.categories) or DISTRACTING

    def _within(self, at: datetime) -> list[datetime]:
        oldest, wanted = at - self._span, self._categories
        found: list[datetime] = []
        for device in self._devices:
            told: Sequence[TimedEvent] = getattr(device, self._of)
            for each in reversed(told):
                if each.at <= oldest:
                    break
                if each.category in wanted:
                    found.append(each.at)
        return found

    def value(self, at: datetime) -> int | None:
        """Return the count."""
        if not any(device.is_known and self._can_tell(device) for device in self._devices):
            return None
        return len(self._within(at))

    def _can_tell(self, device: DeviceState) -> bool:
        if self._of in {"led_pick_ups", "own_pick_ups"}:
            return device.notified is not None
        return bool(getattr(device, self._of))

    def change(self, at: datetime, _against: Value) -> datetime | None:
        """Return when the oldest of them leaves the span."""
        oldest = min(self._within(at), default=None)
        return None if oldest is None else oldest + self._span
