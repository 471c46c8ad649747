"""Whether time went on as it should since the daemon last looked: no sleep, no jump of the wall clock.

Rule 1: whoever looks does so before anything is decided: a deadline reached by a jump is no evidence.
Rule 2: a jump is what the wall clock says more or less than the monotonic one; slow correction by NTP is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from detector.clock import Clock
from detector.core.observations import GapReason

TOLERATED: Final = timedelta(seconds=2)
"""More than NTP's slewing can make of an hour (500 ppm), less than any sleep that matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Time did not go on: nothing is known between `since`, the last instant known, and `at`.

    `backwards`: the wall clock was set back, and `at` lies before `since`.
    """

    since: datetime
    at: datetime
    reason: GapReason

    @property
    def backwards(self) -> bool:
        """Whether the wall clock was set back."""
        return self.at < self.since


class ClockWatch:
    """The last instant known, on each of the clocks. `slept` returns the seconds that the device slept since it booted."""

    def __init__(self, clock: Clock, slept: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._slept = slept or seconds_slept
        self._wall, self._monotonic, self._asleep = self._read()

    def look(self) -> Break | None:
        """Return how time broke off since the last look, or None; the present is the last instant known from now on."""
        before, monotonic, asleep = self._wall, self._monotonic, self._asleep
        self._wall, self._monotonic, self._asleep = self._read()
        ought = before + timedelta(seconds=self._monotonic - monotonic)
        off = self._wall - ought
        if abs(off) <= TOLERATED:
            return None
        slept = timedelta(seconds=self._asleep - asleep)
        reason = GapReason.SUSPEND if slept > timedelta(seconds=1) else GapReason.CLOCK_JUMP
        return Break(since=before, at=self._wall, reason=reason)

    def _read(self) -> tuple[datetime, float, float]:
        return self._clock.now(), self._clock.monotonic(), self._slept()


def seconds_slept() -> float:
    """Return how long the device has slept since it booted; 0 where the system does not say."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
