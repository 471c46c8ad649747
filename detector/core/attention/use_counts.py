"""How many uses began in a span: glances, switches, or the uses that a rule means.

Rule 1: a use under way is judged by how long it has lasted so far: it counts among the shorter ones while it is short, and
among the longer ones as soon as it is longer.
Rule 2: a use under way counts once it is no passing over, or at once where it was opened.
Rule 3: where the length of a use is not known, it is among the shorter ones if it was over in time whatever it was, and
never among the longer ones; a glance it is in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from detector.core.attention.device_state import DeviceState
from detector.core.attention.settings import AttentionSettings
from detector.core.attention.uses import UseState
from rules.features import DISTRACTING
from rules.model import FeatureKey, Filter, Value

TICK: Final = timedelta(microseconds=1)
ZERO: Final = timedelta(0)
MINUTE: Final = timedelta(minutes=1)


def categories_of(key: FeatureKey) -> frozenset[str] | None:
    """Return the categories of the uses that are meant; None: any."""
    return key.which.categories if key.which else frozenset({key.category or ""})


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
        self._fleeting = settings.fleeting
        self._kept: tuple[int, datetime, datetime | None, int] | None = None

    def _is_meant(self, use: UseState) -> bool:
        if self._name in {"switches", "switch_rate"}:
            return use.follows
        if self._categories is not None and use.activity.category not in self._categories:
            return False
        return self._name != "glances" or not use.is_part

    def _fits(self, use: UseState) -> bool:
        if use.until is not None and self._name != "glances":
            return self._longer is None and (self._shorter is None or use.until - use.began < self._shorter)
        length = (use.ended or use.began) - use.began
        return (self._shorter is None or length < self._shorter) and (self._longer is None or length > self._longer)

    def _count(self, at: datetime) -> tuple[datetime | None, int]:
        oldest, shorter, longer, span = at - self._span, self._shorter, self._longer, self._span
        count, turns = 0, []
        for device in self._devices:
            for use in reversed(device.uses):
                if use.began <= oldest:
                    break
                if self._is_meant(use) and self._fits(use):
                    count += 1
                    turns.append(use.began + span)
            use_now = device.open
            if use_now is not None and use_now.began > oldest and self._is_meant(use_now):
                age = at - use_now.began
                if age < self._fleeting and not use_now.opened:
                    turns.append(use_now.began + self._fleeting)
                elif longer is not None and age <= longer:
                    turns.append(use_now.began + longer + TICK)
                elif shorter is None or age < shorter:
                    count += 1
                    turns.append(use_now.began + (span if shorter is None else min(shorter, span)))
        return min(turns, default=None), count

    def _measure(self, at: datetime) -> tuple[datetime | None, int]:
        version = len(self._devices)
        for device in self._devices:
            version += device.version
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
