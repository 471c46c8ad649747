"""Convert between local time, as a clock on the wall shows it, and instants: docs/dev/decisions/clock-changes.md.

Invariant 1: a local time that the clocks show twice is the first of the two.
Invariant 2: a local time that the clocks leave out is read with the offset before the gap: 02:30 is then what they call 03:30.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAY: Final = timedelta(days=1)
EARLIEST: Final = datetime(1900, 1, 1)  # noqa: DTZ001 - local by intent
# Partner time begins between these; far beyond them an instant has no local time in some zone.
LATEST: Final = datetime(3000, 1, 1)  # noqa: DTZ001 - local by intent


def instant_of(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant (UTC) of a naive local time."""
    return (local - _offset(local, zone)).replace(tzinfo=UTC)


def local_at(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clocks of `zone` show at the instant, naive."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def exists(local: datetime, zone: ZoneInfo) -> bool:
    """Return whether the clocks of `zone` ever show this naive local time; they leave some out when they go forward."""
    return local_at(instant_of(local, zone), zone) == local


def interval_of(local: datetime, lasts: timedelta, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants between which something lasts that is declared by the local clock."""
    offset, offset_at_end = _offset(local, zone), _offset(local + lasts, zone)
    begins = (local - offset).replace(tzinfo=UTC)
    lasted = lasts + offset - offset_at_end
    return begins, begins + (lasted if lasted > timedelta(0) else lasts)


def _offset(local: datetime, zone: ZoneInfo) -> timedelta:
    # fold=0 is the first of two (invariant 1), and in a gap the offset before it (invariant 2): PEP 495. `utcoffset` takes half the time
    # of `astimezone`, and computing years of partner time does little else.
    offset = zone.utcoffset(local.replace(fold=0) if local.fold else local)
    if offset is None:
        raise AssertionError("a zone has an offset at every time")
    return offset
