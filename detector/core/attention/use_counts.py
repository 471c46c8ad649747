"""Count the uses that began in a span (glances, switches, or those that a rule means), and openings or pick-ups.

Invariant 1: an open use counts by how long it has lasted so far.
Invariant 2: an open use counts once it has lasted for the setting `fleeting`, or at once if it was opened.
Invariant 3: a use of unknown length is a glance. It counts as shorter than a bound only if its latest end lies within the
bound, and never as longer.
Invariant 4: a count of openings or pick-ups is unknown until a known device has reported one: it may be unable to.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from detector.core.attention.device_state import DeviceState
from detector.core.attention.settings import AttentionSettings
from detector.core.attention.uses import UseState
from detector.core.observations import MICROSECOND
from rules.features import DISTRACTING
from rules.model import FeatureKey, Filter, Value

ZERO: Final = timedelta(0)
MINUTE: Final = timedelta(minutes=1)


def categories_of(key: FeatureKey) -> frozenset[str] | None:
    return key.which.categories if key.which else frozenset({key.category or ""})


def combined_version(devices: Sequence[DeviceState]) -> int:
    """Return a number that grows whenever a use on any of the devices changes, or a device is added."""
    # A plain loop: this runs for every feature at every evaluation, and a generator takes twice as long.
    version = len(devices)
    for device in devices:
        version += device.version
    return version


class _Count(NamedTuple):
    """What was counted at `since`; valid until `deadline`, or until `combined_version` of the devices changes."""

    version: int
    since: datetime
    deadline: datetime | None
    uses: int


class UseCount:
    """How many uses began in `(at - span, at]`, or how many a minute."""

    def __init__(self, devices: Sequence[DeviceState], key: FeatureKey, settings: AttentionSettings) -> None:
        which = key.which or Filter()
        self._devices = devices
        self._name = key.name
        self._span = key.span or ZERO
        self._minutes = self._span / MINUTE if key.name == "switch_rate" else None
        self._categories = DISTRACTING if key.name == "glances" else categories_of(key)
        self._shorter = settings.glance if key.name == "glances" else which.shorter
        self._longer = which.longer
        self._min_use_duration = settings.fleeting
        self._cached: _Count | None = None

    def _is_meant(self, use: UseState) -> bool:
        if self._name in {"switches", "switch_rate"}:
            return use.follows
        if self._categories is not None and use.activity.category not in self._categories:
            return False
        return self._name != "glances" or not use.joined_to_app

    def _has_length(self, use: UseState) -> bool:
        # Its length is not known, but it was over by `latest_end`.
        if use.latest_end is not None and self._name != "glances":
            return self._longer is None and (self._shorter is None or use.latest_end - use.began < self._shorter)
        length = (use.ended or use.began) - use.began
        return (self._shorter is None or length < self._shorter) and (self._longer is None or length > self._longer)

    def _count(self, at: datetime) -> tuple[datetime | None, int]:
        oldest, shorter, longer, span = at - self._span, self._shorter, self._longer, self._span
        count, deadlines = 0, []
        for device in self._devices:
            # The deque is ordered by `began`, so nothing further back can count.
            for use in reversed(device.uses):
                if use.began <= oldest:
                    break
                if self._is_meant(use) and self._has_length(use):
                    count += 1
                    deadlines.append(use.began + span)
            open_use = device.open_use
            if open_use is not None and open_use.began > oldest and self._is_meant(open_use):
                # Deadlines of an open use: it begins to count, is long enough, too long, or leaves the span.
                age = at - open_use.began
                if age < self._min_use_duration and not open_use.opened:
                    deadlines.append(open_use.began + self._min_use_duration)
                elif longer is not None and age <= longer:
                    deadlines.append(open_use.began + longer + MICROSECOND)
                elif shorter is None or age < shorter:
                    count += 1
                    deadlines.append(open_use.began + (span if shorter is None else min(shorter, span)))
        return min(deadlines, default=None), count

    def _measure(self, at: datetime) -> _Count:
        # Counting is repeated only when a use changed or a deadline passed: rules ask for the same count many times.
        version, cached = combined_version(self._devices), self._cached
        if (
            cached is None
            or cached.version != version
            or at < cached.since
            or (cached.deadline is not None and at >= cached.deadline)
        ):
            cached = self._cached = _Count(version, at, *self._count(at))
        return cached

    def value(self, at: datetime) -> int | float | None:
        if not any(device.is_known for device in self._devices):
            return None
        count = self._measure(at).uses
        return count if self._minutes is None else count / self._minutes

    def deadline(self, at: datetime, _against: Value) -> datetime | None:
        return self._measure(at).deadline


class EventCount:
    """How many openings of the categories, or how many pick-ups, lie in `(at - span, at]`."""

    def __init__(self, devices: Sequence[DeviceState], key: FeatureKey) -> None:
        self._devices = devices
        self._feature = key.name
        self._span = key.span or ZERO
        self._categories = (key.which and key.which.categories) or DISTRACTING

    def _events(self, at: datetime) -> list[datetime]:
        oldest = at - self._span
        events: list[datetime] = []
        for device in self._devices:
            for event in reversed(device.events[self._feature]):
                if event.at <= oldest:
                    break
                if event.category in self._categories:
                    events.append(event.at)
        return events

    def value(self, at: datetime) -> int | None:
        if not any(device.is_known and self._can_report(device) for device in self._devices):
            return None
        return len(self._events(at))

    def _can_report(self, device: DeviceState) -> bool:
        # Only of a phone that reports notifications is it known which pick-ups followed one.
        if self._feature in {"led_pick_ups", "own_pick_ups"}:
            return device.last_notification is not None
        return bool(device.events[self._feature])

    def deadline(self, at: datetime, _against: Value) -> datetime | None:
        # The count changes first when the oldest event leaves the span.
        oldest = min(self._events(at), default=None)
        return None if oldest is None else oldest + self._span
