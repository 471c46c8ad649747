"""The only place that reads a clock. All other code gets the time as a parameter."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall time for instants, monotonic time for noticing that the wall clock jumped."""

    def now(self) -> datetime:
        """Return the present instant: aware, UTC, microseconds."""

    def monotonic(self) -> float:
        """Return seconds that never move back and stand still while the device sleeps (CLOCK_MONOTONIC)."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The device's own clocks."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(slots=True)
class ManualClock:
    """A clock that stands still until it is set: for recordings, backtests and tests."""

    at: datetime
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.seconds
