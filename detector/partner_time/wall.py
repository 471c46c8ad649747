"""What the clock on the wall shows, and the instants at which it does: docs/decisions/clock-changes.md.

Rule 1: a time that the wall shows twice is the first of the two.
Rule 2: a time that the wall leaves out is read with the offset before the gap: 02:30 is then what the wall calls 03:30.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

EARLIEST: Final = datetime(1900, 1, 1)  # noqa: DTZ001 - local by intent
LATEST: Final = datetime(3000, 1, 1)  # noqa: DTZ001 - local by intent
"""Partner time begins between these; far beyond them an instant has no local time in some zone."""


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) of a naive local time."""
    # fold=0 is the first of two (rule 1), and in a gap the offset before it (rule 2): PEP 495.
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def shown_at(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clocks of `zone` show at the instant, naive."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def exists(local: datetime, zone: ZoneInfo) -> bool:
    """Return whether the clocks of `zone` ever show this naive local time; they leave some out when they go forward."""
    return shown_at(instant_of(local, zone), zone) == local


def span_of(local: datetime, lasts: timedelta, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants at which it begins and ends that is declared to begin at `local` and to last so long.

    It ends when the wall shows the declared end; where that would leave it no length, it lasts as declared.
    """
    begins, ends = instant_of(local, zone), instant_of(local + lasts, zone)
    return begins, ends if begins < ends else begins + lasts
