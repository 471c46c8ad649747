"""Scrolls, keys or clicks over a span, kept as a running sum."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final

from detector.core.attention.device_state import DeviceState
from detector.core.attention.use_counts import MINUTE
from detector.core.observations import InputCounted
from rules.model import Value

INPUT_SUMS: Final = {
    "scrolls": "scrolls",
    "keys": "keys",
    "clicks": "clicks",
    "scroll_rate": "scrolls",
    "key_rate": "keys",
    "click_rate": "clicks",
}
"""The features that are such a sum, and what is counted."""

MAX_STEPS_AHEAD: Final = 12
"""So many counts are looked through for the one with which the sum will have fallen far enough."""


class TrailingSum:
    """A sum, or so much per minute. Unknown while no input is sensed."""

    def __init__(self, device: DeviceState, of: str, span: timedelta, *, per_minute: bool) -> None:
        self._device = device
        self._of = of
        self._span = span
        self._minutes = span / MINUTE if per_minute else None
        self._counted: deque[tuple[datetime, int]] = deque()
        self._sum = 0

    def add(self, seen: InputCounted) -> None:
        """Take in one second's counts."""
        count: int = getattr(seen, self._of)
        if count:
            self._counted.append((seen.at, count))
            self._sum += count
            self._expire(seen.at)

    def clear(self) -> None:
        """Forget: what was counted before a gap says nothing after it."""
        self._counted.clear()
        self._sum = 0

    def _expire(self, at: datetime) -> None:
        counted, oldest = self._counted, at - self._span
        while counted and counted[0][0] <= oldest:
            self._sum -= counted.popleft()[1]

    def value(self, at: datetime) -> int | float | None:
        """Return the sum, or the sum per minute."""
        if self._device.input_since is None:
            return None
        self._expire(at)
        return self._sum if self._minutes is None else self._sum / self._minutes

    def change(self, at: datetime, against: Value) -> datetime | None:
        """Return when the sum has fallen to what it is compared with; what is less already only falls further."""
        if self._device.input_since is None or isinstance(against, str | timedelta):
            return None
        self._expire(at)
        left, minutes, counted = self._sum, self._minutes, self._counted
        if not counted or (left if minutes is None else left / minutes) < against:
            return None
        is_equal = (left if minutes is None else left / minutes) == against
        # Too early is allowed: further than a few steps ahead is not looked.
        for step, (counted_at, count) in enumerate(counted):
            left -= count
            if is_equal or step == MAX_STEPS_AHEAD or (left if minutes is None else left / minutes) <= against:
                return counted_at + self._span
        return None
