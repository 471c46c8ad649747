"""The interface of measures, and those that need no memory.

Invariant 1: the unknown is None, never zero.
Invariant 2: a trailing span is `(at - span, at]`, and never begins before partner time.
Invariant 3: `deadline` may be too early, never too late, and always lies after `at`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final, Protocol

from detector.core.attention.device_state import DeviceState
from detector.core.observations import MICROSECOND
from rules.features import UNKNOWN
from rules.model import Value


class Measure(Protocol):
    """One feature on one device, or on several together."""

    def value(self, at: datetime) -> Value | None:
        """Return the feature's value at `at`, or None where it is unknown."""

    def deadline(self, at: datetime, against: Value) -> datetime | None:
        """Return the first instant after `at` at which comparing with `against` may come out differently."""


class ChangesOnlyByObservation:
    """A measure that time alone never changes."""

    def deadline(self, _at: datetime, _against: Value) -> datetime | None:
        return None


def _known(category: str | None) -> str | None:
    return None if category == UNKNOWN else category


DEVICE_VALUES: Final[dict[str, Callable[[DeviceState], str | bool | None]]] = {
    "category": lambda device: _known(device.open_use.activity.category) if device.open_use else None,
    "came_from": lambda device: _known(device.open_use.came_from) if device.open_use else None,
    "put_away": attrgetter("put_away"),
    "full_screen": lambda device: device.full_screen if device.is_known else None,
    "playing": attrgetter("playing"),
    "in_call": attrgetter("in_call"),
}
"""The features that are values of one device, and that only an observation changes."""


class DeviceValue(ChangesOnlyByObservation):
    """A feature that only an observation can change."""

    def __init__(self, device: DeviceState, name: str) -> None:
        self._device = device
        self._read = DEVICE_VALUES[name]

    def value(self, _at: datetime) -> Value | None:
        return self._read(self._device)


class AnyDeviceFlag(ChangesOnlyByObservation):
    """Whether a flag is set on any of several devices; unknown while it is unknown on all of them."""

    def __init__(self, devices: Sequence[DeviceState], name: str) -> None:
        self._devices = devices
        self._read = DEVICE_VALUES[name]

    def value(self, _at: datetime) -> bool | None:
        flags = [flag for device in self._devices if (flag := self._read(device)) is not None]
        return any(flags) if flags else None


class Constant(ChangesOnlyByObservation):
    """A value that holds for the whole session."""

    def __init__(self, value: Value | None) -> None:
        self._value = value

    def value(self, _at: datetime) -> Value | None:
        return self._value


class TimeSince:
    """The time since an instant; unknown while the instant is."""

    def __init__(self, origin: Callable[[], datetime | None]) -> None:
        self._origin = origin

    def value(self, at: datetime) -> timedelta | None:
        origin = self._origin()
        return None if origin is None else at - origin

    def deadline(self, at: datetime, against: Value) -> datetime | None:
        origin = self._origin()
        if origin is None or not isinstance(against, timedelta):
            return None
        return _equal_at(origin + against, at)


class TimeUntil:
    """The time until an instant, which may change."""

    def __init__(self, end: Callable[[], datetime]) -> None:
        self._end = end

    def value(self, at: datetime) -> timedelta:
        return self._end() - at

    def deadline(self, at: datetime, against: Value) -> datetime | None:
        return _equal_at(self._end() - against, at) if isinstance(against, timedelta) else None


def _equal_at(equal: datetime, at: datetime) -> datetime | None:
    # At equality `<` and `<=` differ, and just after it again: both instants are deadlines.
    if equal > at:
        return equal
    return at + MICROSECOND if equal == at else None
