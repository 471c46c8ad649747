"""How often something happened in a span: openings that a phone told of, and its unlockings.

Rule 1: unknown while no device that is known has told of any: whether it can tell of them is not known before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from detector.attention.device import DeviceState
from rules.model import Value


class Instants:
    """How many instants lie in the span `(at - span, at]`; `of` is the device's `opens` or `pick_ups`."""

    def __init__(self, devices: Sequence[DeviceState], of: str, span: timedelta) -> None:
        self._devices = devices
        self._of = of
        self._span = span

    def _within(self, at: datetime) -> list[datetime]:
        oldest = at - self._span
        return [each for device in self._devices for each in getattr(device, self._of) if each > oldest]

    def value(self, at: datetime) -> int | None:
        """Return the count."""
        if not any(device.is_known and getattr(device, self._of) for device in self._devices):
            return None
        return len(self._within(at))

    def change(self, at: datetime, _against: Value) -> datetime | None:
        """Return when the oldest of them leaves the span."""
        oldest = min(self._within(at), default=None)
        return None if oldest is None else oldest + self._span
