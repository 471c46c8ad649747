"""Running sums of scrolls, keys or clicks over a span."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from detector.core.attention.device_state import DeviceState
from detector.core.attention.use_counts import MINUTE
from detector.core.observations import InputCounted
from rules.model import FeatureKey, Value

INPUT_SUMS: Final[dict[str, Callable[[InputCounted], int]]] = {
    "scrolls": attrgetter("scrolls"),
    "keys": attrgetter("keys"),
    "clicks": attrgetter("clicks"),
    "scroll_rate": attrgetter("scrolls"),
    "key_rate": attrgetter("keys"),
    "click_rate": attrgetter("clicks"),
}
"""The features that are such a sum, and the counts that are added up."""

MAX_STEPS_AHEAD: Final = 12
"""Maximum number of counts that are subtracted to find when the sum will have fallen far enough."""


class TrailingSum:
    """A sum, or a rate per minute; unknown while no input is sensed."""

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
            # Here as well, so that the deque stays bounded while no rule reads the sum.
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
        """Return when the sum has fallen to `against`; below it, time changes nothing."""
        if self._device.input_since is None or isinstance(against, str | timedelta):
            return None
        self._expire(at)
        left, minutes, counts = self._sum, self._minutes, self._counts
        if not counts or (left if minutes is None else left / minutes) < against:
            return None
        is_equal = (left if minutes is None else left / minutes) == against
        # A deadline may be too early: after some steps, waking once more costs less than searching on.
        for step, (counted_at, count) in enumerate(counts):
            left -= count
            if is_equal or step == MAX_STEPS_AHEAD or (left if minutes is None else left / minutes) <= against:
                return counted_at + self._span
        return None
