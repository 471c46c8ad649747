"""How each feature of the catalogue is measured, and when its value will next differ by itself.

Rule 1: what is not known is None, never zero.
Rule 2: a trailing span holds what lies in `(at - span, at]`, never more than partner time has seen.
Rule 3: `change` may be too early, never too late, and always lies after `at`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from detector.attention.device import DeviceState
from detector.attention.settings import AttentionSettings
from detector.attention.uses import UseState
from detector.observations import InputCounted
from rules.features import DISTRACTING
from rules.model import FeatureKey, Value

TICK: Final = timedelta(microseconds=1)
ZERO: Final = timedelta(0)
MINUTE: Final = timedelta(minutes=1)


class Measure(Protocol):
    """One feature on one device, or on all."""

    def value(self, at: datetime) -> Value | None:
        """Return the feature's value at `at`, or None where it is unknown."""

    def change(self, at: datetime, against: Value) -> datetime | None:
        """Return the first instant after `at` at which comparing with `against` may come out differently."""


class State:
    """A feature that only an observation can change."""

    def __init__(self, device: DeviceState, name: str) -> None:
        self._device = device
        self._name = name

    def value(self, _at: datetime) -> Value | None:
        """Return what the device's state says."""
        device = self._device
        if self._name == "put_away":
            return device.put_away
        if self._name == "full_screen":
            return device.full_screen if device.is_known else None
        if device.open is None:
            return None
        return device.open.activity.category if self._name == "category" else device.open.came_from

    def change(self, _at: datetime, _against: Value) -> datetime | None:
        """Return None: only an observation changes it."""
        return None


class Running:
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


class TrailingSum:
    """Scrolls, keys or clicks over a span, as a count or per minute. Unknown while no input is sensed."""

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

    def change(self, at: datetime, _against: Value) -> datetime | None:
        """Return when the oldest count leaves the span."""
        if self._device.input_since is None:
            return None
        self._expire(at)
        return self._counted[0][0] + self._span if self._counted else None


class UsesCounted:
    """How many uses began in the span: glances, uses of a category, or switches."""

    def __init__(self, devices: Sequence[DeviceState], key: FeatureKey, settings: AttentionSettings) -> None:
        self._devices = devices
        self._name = key.name
        self._category = key.category
        self._span = key.span or ZERO
        self._minutes = self._span / MINUTE if key.name == "switch_rate" else None
        self._settings = settings
        self._kept: tuple[int, datetime, datetime | None, int] | None = None

    def _is_meant(self, use: UseState) -> bool:
        if self._name == "uses":
            return use.activity.category == self._category
        if self._name == "glances":
            return use.activity.category in DISTRACTING and not use.is_part
        return use.follows

    def _count(self, at: datetime) -> tuple[datetime | None, int]:
        oldest, settings, glances = at - self._span, self._settings, self._name == "glances"
        count, turns = 0, []
        for device in self._devices:
            for use in reversed(device.uses):
                if use.began <= oldest:
                    break
                length = (use.ended or at) - use.began
                if self._is_meant(use) and not (glances and length >= settings.glance):
                    count += 1
                    turns.append(use.began + self._span)
            use_now = device.open
            if use_now is not None and use_now.began > oldest and self._is_meant(use_now):
                age = at - use_now.began
                if age < settings.fleeting and not use_now.opened:
                    turns.append(use_now.began + settings.fleeting)
                elif not glances or age < settings.glance:
                    count += 1
                    turns.append(use_now.began + (min(settings.glance, self._span) if glances else self._span))
        return min(turns, default=None), count

    def _measure(self, at: datetime) -> tuple[datetime | None, int]:
        version = sum(device.version for device in self._devices) + len(self._devices)
        kept = self._kept
        if kept is not None and kept[0] == version and kept[1] <= at and (kept[2] is None or at < kept[2]):
            return kept[2], kept[3]
        turn, count = self._count(at)
        self._kept = (version, at, turn, count)
        return turn, count

    def value(self, at: datetime) -> int | float | None:
        """Return the count, or the count per minute; unknown while no device is known."""
        if not any(device.is_known for device in self._devices):
            return None
        count = self._measure(at)[1]
        return count if self._minutes is None else count / self._minutes

    def change(self, at: datetime, _against: Value) -> datetime | None:
        """Return when the count will next differ."""
        return self._measure(at)[0]


class TimeIn:
    """How much of the span went into uses of a category; on several devices at once it counts once."""

    def __init__(self, devices: Sequence[DeviceState], categories: frozenset[str], span: timedelta | None) -> None:
        self._devices = devices
        self._categories = categories
        self._span = span

    def stretches(self, at: datetime) -> list[tuple[datetime, datetime]]:
        """Return the merged stretches of use that touch the span, uncut, in order."""
        oldest = None if self._span is None else at - self._span
        found = []
        for device in self._devices:
            for use in (*device.uses, device.open):
                if use is None or use.activity.category not in self._categories:
                    continue
                ended = use.ended or at
                if oldest is None or ended > oldest:
                    found.append((use.began, ended))
        found.sort()
        merged: list[tuple[datetime, datetime]] = []
        for began, ended in found:
            if merged and began <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(ended, merged[-1][1]))
            else:
                merged.append((began, ended))
        return merged

    def is_growing(self) -> bool:
        """Return whether a use of the category is under way."""
        return any(device.open and device.open.activity.category in self._categories for device in self._devices)

    def value(self, at: datetime) -> timedelta | None:
        """Return the length; unknown while no device is known."""
        if not any(device.is_known for device in self._devices):
            return None
        return self._length(at, self.stretches(at))

    def _length(self, at: datetime, stretches: list[tuple[datetime, datetime]]) -> timedelta:
        if self._span is None:
            return sum((ended - began for began, ended in stretches), ZERO)
        oldest = at - self._span
        return sum((ended - max(began, oldest) for began, ended in stretches), ZERO)

    def change(self, at: datetime, against: Value) -> datetime | None:
        """Return when the length meets `against`, or when its slope changes, whichever is first."""
        if self._span is None or not isinstance(against, timedelta):
            return None
        stretches, growing, oldest = self.stretches(at), self.is_growing(), at - self._span
        shrinking = any(began <= oldest < ended for began, ended in stretches)
        edges = [edge + self._span for pair in stretches for edge in pair if edge > oldest and edge != at]
        turns = [edge for edge in edges if edge > at]
        if growing != shrinking:
            away = against - self._length(at, stretches)
            if away == ZERO:
                return at + TICK
            if (away > ZERO) == growing:
                turns.append(at + abs(away))
        return min(turns, default=None)


class DistractedShare:
    """The share of partner time so far that went into distracting uses.

    What lies further back than the longest span counts per device: by then two devices at once are rare, and the
    memory stays bounded.
    """

    def __init__(self, devices: Sequence[DeviceState], began: datetime) -> None:
        self._devices = devices
        self._time = TimeIn(devices, DISTRACTING, None)
        self._began = began

    def _spent(self, at: datetime) -> timedelta | None:
        spent = self._time.value(at)
        return None if spent is None else sum((device.long_ago for device in self._devices), spent)

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
        slope = (1.0 if self._time.is_growing() else 0.0) - against
        if slope == 0.0:
            return None
        ahead = (against * elapsed - spent) / slope
        if ahead < -TICK:
            return None
        return at + max(TICK, ahead)
