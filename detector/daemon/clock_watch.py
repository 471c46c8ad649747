"""Detect a sleep of the device, a jump of the wall clock, or a stop of the process since the last check.

Invariant 1: the check comes before any decision: a deadline that was reached by a jump is no evidence.
Invariant 2: it is a jump if the wall clock and the monotonic clock disagree by more than NTP's slow correction.
Invariant 3: SIGCONT reports that the process was stopped. After a frozen cgroup it wakes later than planned, although it did
not wait for a core; on a busy machine it does wait for one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from detector.clock import Clock
from detector.core.observations import GapReason

# More than NTP's slewing can make of an hour (500 ppm), less than any sleep that matters.
TOLERANCE: Final = timedelta(seconds=2)
_MIN_SLEEP: Final = timedelta(seconds=1)
# Of a busy machine the wait for a core does not count, and a query of the store waits five seconds at most for another
# program; twice that leaves room for a slow disk. A stop that is shorter is no longer than what counts as a glance.
MAX_LATENESS: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockJump:
    """Nothing is known between `since`, the last instant known, and `at`."""

    since: datetime
    at: datetime
    reason: GapReason

    @property
    def is_backwards(self) -> bool:
        return self.at < self.since


class ClockWatch:
    """Remembers the clocks at the last check.

    `slept` returns the seconds that the device slept since it booted, `waited` those that this process waited for a core.
    `was_stopped` is set on SIGCONT: the start of the stop is unknown, so nothing since the last check is known.
    """

    def __init__(
        self, clock: Clock, slept: Callable[[], float] | None = None, waited: Callable[[], float] | None = None
    ) -> None:
        self._clock = clock
        self._slept = slept or seconds_slept
        self._waited = waited or seconds_waited
        self._wall, self._monotonic, self._asleep = self._read()
        self._wakes: float | None = None
        self.was_stopped = False

    def will_wake(self, within: float | None) -> None:
        """Note that the next check comes within this many seconds; None: at any time."""
        self._wakes = None if within is None else self._clock.monotonic() + max(0.0, within) - self._waited()

    def check(self) -> ClockJump | None:
        """Return the jump since the last check, or None; from now on the present is the last instant known."""
        before, monotonic, asleep = self._wall, self._monotonic, self._asleep
        self._wall, self._monotonic, self._asleep = self._read()
        wakes, self._wakes = self._wakes, None
        was_stopped, self.was_stopped = self.was_stopped, False
        expected = before + timedelta(seconds=self._monotonic - monotonic)
        if abs(self._wall - expected) <= TOLERANCE:
            is_late = wakes is not None and self._monotonic - self._waited() - wakes > MAX_LATENESS.total_seconds()
            if not is_late and not (was_stopped and self._wall - before > TOLERANCE):
                return None
            # As after a restart: the program did not run.
            return ClockJump(since=before, at=self._wall, reason=GapReason.RESTART)
        # The monotonic clock stops during sleep, so a sleep looks like a jump; only the boot clock distinguishes them.
        slept = timedelta(seconds=self._asleep - asleep)
        reason = GapReason.SUSPEND if slept > _MIN_SLEEP else GapReason.CLOCK_JUMP
        return ClockJump(since=before, at=self._wall, reason=reason)

    def _read(self) -> tuple[datetime, float, float]:
        return self._clock.now(), self._clock.monotonic(), self._slept()


def seconds_slept() -> float:
    """Return how long the device has slept since it booted; 0 where the system does not report it."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)


def seconds_waited() -> float:
    """Return how long this thread was ready to run and waited for a core; 0 where the system does not report it."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
