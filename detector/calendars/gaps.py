"""The hours that the clocks of a zone leave out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=64)
def gaps(zone_name: str, first: int, last: int) -> tuple[tuple[datetime, datetime], ...]:
    """Return the half-open stretches of local time that no clock of the zone shows, in the years from `first` to `last`."""
    zone = ZoneInfo(zone_name)
    found = []
    at, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
    while at < end:
        before, after = at.astimezone(zone).utcoffset(), (at + _DAY).astimezone(zone).utcoffset()
        if before is not None and after is not None and after > before:
            low, high = at, at + _DAY
            while high - low > _MINUTE:
                middle = low + (high - low) // 2
                if middle.astimezone(zone).utcoffset() == before:
                    low = middle
                else:
                    high = middle
            changed = high.replace(second=0, microsecond=0)
            found.append(((changed + before).replace(tzinfo=None), (changed + after).replace(tzinfo=None)))
        at += _DAY
    return tuple(found)
