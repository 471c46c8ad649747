"""How much of a span, or of partner time so far, went into the uses that a rule means.

Rule 1: on several devices at once it counts once.
Rule 2: a use under way is judged by how long it has lasted so far; what is longer only by now counts from its beginning.
Rule 3: between two turns a length grows, shrinks or stands still, evenly.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from detector.core.attention.device_state import DeviceState
from detector.core.attention.use_counts import TICK, ZERO, categories_of
from rules.engine import NEVER
from rules.features import DISTRACTING
from rules.model import FeatureKey, Filter, Value


class _Merged(NamedTuple):
    """The stretches of use up to now, in order and apart from each other; `growing`: since when the last one goes on.

    `valid_until`: when a use under way becomes too long, or long enough. `length`: of all stretches that are over.
    """

    version: int
    since: datetime
    valid_until: datetime | None
    stretches: list[tuple[datetime, datetime]]
    growing: datetime | None
    length: timedelta


class _Stretches:
    """The uses of several devices that are meant, made one."""

    def __init__(self, devices: Sequence[DeviceState], categories: frozenset[str] | None, which: Filter) -> None:
        self._devices = devices
        self._categories = categories
        self._shorter = which.shorter
        self._longer = which.longer
        self._kept: _Merged | None = None

    @property
    def is_known(self) -> bool:
        """Whether any of the devices is known."""
        return any(device.is_known for device in self._devices)

    def at(self, at: datetime) -> _Merged:
        """Return the stretches as they stand at `at`; instants never decrease."""
        version = len(self._devices)
        for device in self._devices:
            version += device.version
        kept = self._kept
        if kept is None or kept.version != version or at < kept.since or at >= (kept.valid_until or NEVER):
            kept = self._kept = self._merge(at, version)
        return kept

    def _merge(self, at: datetime, version: int) -> _Merged:
        found: list[tuple[datetime, datetime]] = []
        growing: list[datetime] = []
        turns: list[datetime] = []
        for device in self._devices:
            for use in (*device.uses, device.open):
                if use is None or (self._categories is not None and use.activity.category not in self._categories):
                    continue
                length = (use.ended or at) - use.began
                is_long = self._longer is None or length > self._longer
                is_short = self._shorter is None or length < self._shorter
                if is_long and is_short:
                    if use.ended is None:
                        growing.append(use.began)
                    else:
                        found.append((use.began, use.ended))
                if use.ended is None and self._longer is not None and not is_long:
                    turns.append(use.began + self._longer + TICK)
                elif use.ended is None and self._shorter is not None and is_short:
                    turns.append(use.began + self._shorter)
        since = min(growing, default=None)
        found.sort()
        merged: list[tuple[datetime, datetime]] = []
        for began, ended in found:
            if merged and began <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(ended, merged[-1][1]))
            else:
                merged.append((began, ended))
        while since is not None and merged and since <= merged[-1][1]:
            since = min(since, merged.pop()[0])
        length = sum((ended - began for began, ended in merged), ZERO)
        return _Merged(version, at, min(turns, default=None), merged, since, length)


class TimeInUse:
    """How much of the span `(at - span, at]` went into the uses that are meant."""

    def __init__(self, devices: Sequence[DeviceState], key: FeatureKey) -> None:
        self._stretches = _Stretches(devices, categories_of(key), key.which or Filter())
        self._span = key.span or ZERO

    def value(self, at: datetime) -> timedelta | None:
        """Return the length; unknown while no device is known."""
        return self._length(at, self._stretches.at(at)) if self._stretches.is_known else None

    def _length(self, at: datetime, merged: _Merged) -> timedelta:
        oldest, length = at - self._span, ZERO
        if merged.growing is not None:
            length = at - max(merged.growing, oldest)
        for began, ended in reversed(merged.stretches):
            if ended <= oldest:
                break
            length += ended - max(began, oldest)
        return length

    def change(self, at: datetime, against: Value) -> datetime | None:
        """Return when the length meets `against`, or when its slope changes, whichever is first."""
        if not isinstance(against, timedelta):
            return None
        merged, span = self._stretches.at(at), self._span
        oldest, growing = at - span, merged.growing
        turns = [] if merged.valid_until is None else [merged.valid_until]
        shrinking = growing is not None and growing <= oldest
        edge = None if growing is None or shrinking else growing
        for began, ended in reversed(merged.stretches):
            if ended <= oldest:
                break
            shrinking = began <= oldest
            edge = ended if shrinking else began
        if edge is not None:
            turns.append(edge + span)
        if (growing is not None) != shrinking:
            away = against - self._length(at, merged)
            if away == ZERO:
                return at + TICK
            if (away > ZERO) == (growing is not None):
                turns.append(at + abs(away))
        return min(turns, default=None)


class DistractedShare:
    """The share of partner time so far that went into distracting uses.

    What lies further back than attention remembers counts per device: by then two devices at once are rare, and the
    memory stays bounded.
    """

    def __init__(self, devices: Sequence[DeviceState], began: datetime) -> None:
        self._devices = devices
        self._stretches = _Stretches(devices, DISTRACTING, Filter())
        self._began = began

    def _spent(self, at: datetime) -> timedelta | None:
        if not self._stretches.is_known:
            return None
        merged = self._stretches.at(at)
        spent = merged.length if merged.growing is None else merged.length + (at - merged.growing)
        return sum((device.long_ago for device in self._devices), spent)

    def value(self, at: datetime) -> float | None:
        """Return a share of 0 to 1; unknown at the very start and while no device is known."""
        spent, elapsed = self._spent(at), at - self._began
        return None if spent is None or elapsed <= ZERO else spent / elapsed

    def change(self, at: datetime, against: Value) -> datetime | None:
        """Return when the share meets `against`."""
        spent, elapsed = self._spent(at), at - self._began
        if spent is None or not isinstance(against, int | float):
            return None
        if elapsed <= ZERO:
            return at + TICK
        slope = (0.0 if self._stretches.at(at).growing is None else 1.0) - against
        if slope == 0.0:
            return None
        ahead = (against * elapsed - spent) / slope
        if ahead < -TICK:
            return None
        # A share is a float and an instant is rounded: a microsecond too early is allowed, one too late is not.
        return at + max(TICK, ahead - TICK)
