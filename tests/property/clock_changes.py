"""Clocks by trial: the instants at which a zone's wall shows a time, and when that wall is changed; no code of ours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a zone's clocks: the instant, and the offsets before and after it."""

    zone: str
    at: datetime
    before: timedelta
    after: timedelta

    @property
    def wall(self) -> datetime:
        """Return what the clock showed, or would have shown, at the change, had it not been changed."""
        return self.at.replace(tzinfo=None) + self.before


@lru_cache(maxsize=4096)
def instants_of(local: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return every instant at which the clocks of the zone show `local`, found by trying every offset in use around it."""
    middle = local.replace(tzinfo=UTC)
    offsets = {(middle + hours * timedelta(hours=6)).astimezone(zone).utcoffset() for hours in range(-12, 13)}
    tried = [middle - offset for offset in offsets if offset is not None]
    return tuple(sorted(at for at in tried if at.astimezone(zone).replace(tzinfo=None) == local))


def first_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant at which the clocks show `local`; in a gap, as if they had not been changed yet."""
    if found := instants_of(local, zone):
        return found[0]
    shown = local
    while not instants_of(shown, zone):
        shown -= MINUTE
    return instants_of(shown, zone)[-1] + (local - shown)


def changes(zone: str, year: int) -> list[date]:
    """Return the days of the year on which the zone's clocks are changed."""
    here, noon = ZoneInfo(zone), datetime(year, 1, 1, 12, tzinfo=UTC)
    days = [noon + step * DAY for step in range(366)]
    return [
        later.date()
        for earlier, later in pairwise(days)
        if earlier.astimezone(here).utcoffset() != later.astimezone(here).utcoffset()
    ]


@lru_cache(maxsize=64)
def changes_of(zone: str, year: int) -> tuple[Change, ...]:
    """Return the changes of the zone's clocks in the year, to the minute."""
    here = ZoneInfo(zone)

    def offset(at: datetime) -> timedelta:
        found = at.astimezone(here).utcoffset()
        assert found is not None
        return found

    found = []
    for day in changes(zone, year):
        earlier = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - DAY
        later = earlier + DAY
        before, after = offset(earlier), offset(later)
        while later - earlier > MINUTE:
            middle = earlier + (later - earlier) // 2
            middle -= timedelta(seconds=middle.second, microseconds=middle.microsecond)
            middle = max(middle, earlier + MINUTE)
            earlier, later = (middle, later) if offset(middle) == before else (earlier, middle)
        found.append(Change(zone, later, before, after))
    return tuple(found)
