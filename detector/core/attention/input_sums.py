"""Scrolls, keys or clicks over a span, kept as a running sum."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from detector.core.attention.device_state import DeviceState
from detector.core.attention.use_counts import MINUTE
from detector.core.observations import InputCounted
from rules.model import FeatureKey, Value

INPUT_SUMS: Final[dict[str, Callable[[InputCounted], int]]] = {
    "scrolls": lambda counted: counted.scrolls,
    "keys": lambda counted: counted.keys,
    "clicks": lambda counted: counted.clicks,
    "scroll_rate": lambda counted: counted.scrolls,
    "key_rate": lambda counted: counted.keys,
    "click_rate": lambda counted: counted.clicks,
}
"""The features that are such a sum, and what is counted."""

MAX_STEPS_AHEAD: Final = 12
"""So many counts are tried to find the one with which the sum will have fallen far enough."""


class TrailingSum:
    """A sum, or so much per minute. Unknown while no input is sensed."""

    def __init__(self, device: DeviceState, key: FeatureKey) -> None:
        self._device = device
        self._count_of = INPUT_SUMS[key.name]
        self._span = key.span or timedelta(0)
        self._minutes = self._span / MINUTE if key.name.endswith("_rate") else None
        self._counts: deque[tuple[datetime, int]] = deque()
        self._sum = 0

    def add(self, counted: InputCounted) -> None:
        count = self._count_of(counted)
        if count:
            self._counts.append((counted.at, count))
            self._sum += count
            # Here too, so that a sum that no rule reads for a while does not grow.
            self._expire(counted.at)

    def clear(self) -> None:
        self._counts.clear()
        self._sum = 0

    def _expire(self, at: datetime) -> None:
        counts, oldest = self._counts, at - self._span
        while counts and counts[0][0] <= oldest:
            self._sum -= counts.popleft()[1]

    def value(self, at: datetime) -> int | float | None:
        if self._device.input_since is None:
            return None
        self._expire(at)
        return self._sum if self._minutes is None else self._sum / self._minutes

    def deadline(self, at: datetime, against: Value) -> datetime | None:
        """Return when the sum has fallen to what it is compared with; what is less already only falls further."""
        if self._device.input_since is None or isinstance(against, str | timedelta):
            return None
        self._expire(at)
        left, minutes, counts = self._sum, self._minutes, self._counts
        if not counts or (left if minutes is None else left / minutes) < against:
            return None
        is_equal = (left if minutes is None else left / minutes) == against
        # A deadline may be too early: after a few steps, waking once more costs less than looking on.
        for step, (counted_at, count) in enumerate(counts):
            left -= count
            if is_equal or step == MAX_STEPS_AHEAD or (left if minutes is None else left / minutes) <= against:
                return counted_at + self._span
        return None
