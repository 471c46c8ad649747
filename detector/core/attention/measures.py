"""How the features of the moment are measured, and what every measure promises.

Rule 1: what is not known is None, never zero.
Rule 2: a trailing span holds what lies in `(at - span, at]`, never more than partner time has seen.
Rule 3: `change` may be too early, never too late, and always lies after `at`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from detector.core.attention.device_state import DeviceState
from detector.core.attention.use_counts import TICK
from rules.model import Value


class Measure(Protocol):
    """One feature on one device, or on several together."""

    def value(self, at: datetime) -> Value | None:
        """Return the feature's value at `at`, or None where it is unknown."""

    def change(self, at: datetime, against: Value) -> datetime | None:
        """Return the first instant after `at` at which comparing with `against` may come out differently."""


class DeviceValue:
    """A feature that only an observation can change."""

    def __init__(self, device: DeviceState, name: str) -> None:
        self._device = device
        self._name = name

    def value(self, _at: datetime) -> Value | None:
        """Return what the device's state says."""
        device = self._device
        if self._name == "category":
            return device.open.activity.category if device.open else None
        if self._name == "came_from":
            return device.open.came_from if device.open else None
        return flag(device, self._name)

    def change(self, _at: datetime, _against: Value) -> datetime | None:
        """Return None: only an observation changes it."""
        return None


class AnyDeviceFlag:
    """A flag of several devices: whether it is so on any of them; unknown while it is known of none."""

    def __init__(self, devices: Sequence[DeviceState], name: str) -> None:
        self._devices = devices
        self._name = name

    def value(self, _at: datetime) -> bool | None:
        """Return what the devices' states say together."""
        known = [so for device in self._devices if (so := flag(device, self._name)) is not None]
        return any(known) if known else None

    def change(self, _at: datetime, _against: Value) -> datetime | None:
        """Return None: only an observation changes it."""
        return None


class Constant:
    """A number that stands for the whole evening."""

    def __init__(self, value: Value | None) -> None:
        self._value = value

    def value(self, _at: datetime) -> Value | None:
        """Return the number, or None where it is unknown."""
        return self._value

    def change(self, _at: datetime, _against: Value) -> datetime | None:
        """Return None: it stands."""
        return None


class RunningLength:
    """A length that grows (or, for `remaining`, shrinks) with time itself."""

    def __init__(self, device: DeviceState, name: str, began: datetime, ends: Callable[[], datetime]) -> None:
        self._device = device
        self._name = name
        self._began = began
        self._ends = ends

    def _origin(self) -> datetime | None:
        if self._name == "dwell":
            return self._device.open.began if self._device.open else None
        if self._name == "since_input":
            return self._device.last_input if self._device.input_since else None
        return self._began

    def value(self, at: datetime) -> timedelta | None:
        """Return the length at `at`."""
        if self._name == "remaining":
            return self._ends() - at
        origin = self._origin()
        return None if origin is None else at - origin

    def change(self, at: datetime, against: Value) -> datetime | None:
        """Return the instant of equality if it lies ahead, or the one just after it if it is now."""
        if not isinstance(against, timedelta):
            return None
        if self._name == "remaining":
            equal = self._ends() - against
        else:
            origin = self._origin()
            if origin is None:
                return None
            equal = origin + against
        if equal > at:
            return equal
        return at + TICK if equal == at else None


def flag(device: DeviceState, name: str) -> bool | None:
    """Return whether it is so on the device: `put_away`, `full_screen`, `playing` or `in_call`."""
    if name == "full_screen":
        return device.full_screen if device.is_known else None
    return {"put_away": device.put_away, "playing": device.playing, "in_call": device.in_call}[name]
