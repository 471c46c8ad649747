"""Check whether time went on as it should since the last check: no sleep, no jump of the wall clock.

Invariant 1: it is checked before anything is decided: a deadline that was reached by a jump is no evidence.
Invariant 2: a jump is where the wall clock and the monotonic clock disagree; NTP's slow correction is none.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from detector.clock import Clock
from detector.core.observations import GapReason

# More than NTP's slewing can make of an hour (500 ppm), less than any sleep that matters.
TOLERANCE: Final = timedelta(seconds=2)
_MIN_SLEEP: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJump:
    """Time did not go on evenly: nothing is known between `since`, the last instant known, and `at`."""

    since: datetime
    at: datetime
    reason: GapReason

    @property
    def is_backwards(self) -> bool:
        return self.at < self.since


class ClockWatch:
    """Remembers the clocks at the last check. `slept` returns the seconds that the device slept since it booted."""

    def __init__(self, clock: Clock, slept: Callable[[], float] | None = None) -> None:
        self._clock = clock
        self._slept = slept or seconds_slept
        self._wall, self._monotonic, self._asleep = self._read()

    def check(self) -> ClockJump | None:
        """Return the jump since the last check, or None; from now on the present is the last instant known."""
        before, monotonic, asleep = self._wall, self._monotonic, self._asleep
        self._wall, self._monotonic, self._asleep = self._read()
        expected = before + timedelta(seconds=self._monotonic - monotonic)
        if abs(self._wall - expected) <= TOLERANCE:
            return None
        # The monotonic clock stops during sleep, so a sleep looks like a jump; only the boot clock can tell them apart.
        slept = timedelta(seconds=self._asleep - asleep)
        reason = GapReason.SUSPEND if slept > _MIN_SLEEP else GapReason.CLOCK_JUMP
        return ClockJump(since=before, at=self._wall, reason=reason)

    def _read(self) -> tuple[datetime, float, float]:
        return self._clock.now(), self._clock.monotonic(), self._slept()


def seconds_slept() -> float:
    """Return how long the device has slept since it booted; 0 where the system does not say."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
