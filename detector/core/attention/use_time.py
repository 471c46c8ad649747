"""Measure how much of a span, or of partner time so far, went into the uses that a rule means.

Invariant 1: overlapping uses on several devices count once.
Invariant 2: an open use counts by its length so far; once it is long enough, it counts from its beginning.
Invariant 3: between two deadlines a length grows, shrinks or stays the same, at a constant rate.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from detector.core.attention.device_state import DeviceState
from detector.core.attention.time_split import merged
from detector.core.attention.use_counts import ZERO, categories_of, combined_version
from detector.core.observations import MICROSECOND
from rules.engine import NEVER
from rules.features import DISTRACTING
from rules.model import FeatureKey, Filter, Value


class _MergedUses(NamedTuple):
    """The uses up to now as stretches, in order and without overlaps; `growing`: since when the last one goes on.

    `valid_until`: when an open use becomes too long, or long enough. `length`: of all ended stretches.
    """

    version: int
    since: datetime
    valid_until: datetime | None
    stretches: list[tuple[datetime, datetime]]
    growing: datetime | None
    length: timedelta


class _UseMerger:
    """Merges the uses that a rule means, of several devices."""

    def __init__(self, devices: Sequence[DeviceState], categories: frozenset[str] | None, which: Filter) -> None:
        self._devices = devices
        self._categories = categories
        self._shorter = which.shorter
        self._longer = which.longer
        self._cached: _MergedUses | None = None

    @property
    def is_known(self) -> bool:
        return any(device.is_known for device in self._devices)

    def at(self, at: datetime) -> _MergedUses:
        """Return the stretches as they are at `at`; instants never decrease."""
        version, cached = combined_version(self._devices), self._cached
        if cached is None or cached.version != version or at < cached.since or at >= (cached.valid_until or NEVER):
            cached = self._cached = self._merge(at, version)
        return cached

    def _merge(self, at: datetime, version: int) -> _MergedUses:
        ended: list[tuple[datetime, datetime]] = []
        growing: list[datetime] = []
        deadlines: list[datetime] = []
        for device in self._devices:
            for use in (*device.uses, device.open_use):
                if use is None or (self._categories is not None and use.activity.category not in self._categories):
                    continue
                length = (use.ended or at) - use.began
                is_long = self._longer is None or length > self._longer
                is_short = self._shorter is None or length < self._shorter
                if is_long and is_short:
                    if use.ended is None:
                        growing.append(use.began)
                    else:
                        ended.append((use.began, use.ended))
                # An open use changes by time alone: a microsecond after it becomes long enough, or when it is too long.
                if use.ended is None and self._longer is not None and not is_long:
                    deadlines.append(use.began + self._longer + MICROSECOND)
                elif use.ended is None and self._shorter is not None and is_short:
                    deadlines.append(use.began + self._shorter)
        since = min(growing, default=None)
        stretches = merged(ended)
        # Stretches that overlap with the open use are part of the one that grows.
        while since is not None and stretches and since <= stretches[-1][1]:
            since = min(since, stretches.pop()[0])
        length = sum((ends - begins for begins, ends in stretches), ZERO)
        return _MergedUses(version, at, min(deadlines, default=None), stretches, since, length)


class TimeInUse:
    """How much of the span `(at - span, at]` went into the uses that are meant."""

    def __init__(self, devices: Sequence[DeviceState], key: FeatureKey) -> None:
        self._uses = _UseMerger(devices, categories_of(key), key.which or Filter())
        self._span = key.span or ZERO

    def value(self, at: datetime) -> timedelta | None:
        return self._length(at, self._uses.at(at)) if self._uses.is_known else None

    def _length(self, at: datetime, uses: _MergedUses) -> timedelta:
        oldest, length = at - self._span, ZERO
        if uses.growing is not None:
            length = at - max(uses.growing, oldest)
        # From the newest, because a span contains few of the hundreds of stretches of a long evening.
        for began, ended in reversed(uses.stretches):
            if ended <= oldest:
                break
            length += ended - max(began, oldest)
        return length

    def deadline(self, at: datetime, against: Value) -> datetime | None:
        """Return when the length meets `against`, or when its slope changes, whichever is first."""
        if not isinstance(against, timedelta):
            return None
        uses, span = self._uses.at(at), self._span
        oldest, growing = at - span, uses.growing
        deadlines = [] if uses.valid_until is None else [uses.valid_until]
        # It shrinks while the oldest stretch leaves the span; `edge`: the next instant to do so, and the slope changes.
        shrinking = growing is not None and growing <= oldest
        edge = None if growing is None or shrinking else growing
        for began, ended in reversed(uses.stretches):
            if ended <= oldest:
                break
            shrinking = began <= oldest
            edge = ended if shrinking else began
        if edge is not None:
            deadlines.append(edge + span)
        # If it grows at one end and shrinks at the other, it does not change.
        if (growing is not None) != shrinking:
            missing = against - self._length(at, uses)
            if missing == ZERO:
                return at + MICROSECOND
            if (missing > ZERO) == (growing is not None):
                deadlines.append(at + abs(missing))
        return min(deadlines, default=None)


class DistractedShare:
    """The share of partner time so far that went into distracting uses.

    Uses that attention no longer remembers count for each device, even if they overlap: that is rare, and bounds the memory.
    """

    def __init__(self, devices: Sequence[DeviceState], began: datetime) -> None:
        self._devices = devices
        self._uses = _UseMerger(devices, DISTRACTING, Filter())
        self._began = began

    def _distraction(self, at: datetime) -> timedelta | None:
        if not self._uses.is_known:
            return None
        uses = self._uses.at(at)
        length = uses.length if uses.growing is None else uses.length + (at - uses.growing)
        return sum((device.forgotten_distraction for device in self._devices), length)

    def value(self, at: datetime) -> float | None:
        distraction, elapsed = self._distraction(at), at - self._began
        return None if distraction is None or elapsed <= ZERO else distraction / elapsed

    def deadline(self, at: datetime, against: Value) -> datetime | None:
        distraction, elapsed = self._distraction(at), at - self._began
        if distraction is None or not isinstance(against, int | float):
            return None
        if elapsed <= ZERO:
            return at + MICROSECOND
        # The share s(t) = d(t) / t meets `against` where d(t) - against * t is zero, which changes with this slope.
        slope = (0.0 if self._uses.at(at).growing is None else 1.0) - against
        if slope == 0.0:
            return None
        ahead = (against * elapsed - distraction) / slope
        if ahead < -MICROSECOND:
            return None
        # A share is a float and an instant is rounded: a microsecond too early is allowed, one too late is not.
        return at + max(MICROSECOND, ahead - MICROSECOND)
