"""Time zones: the IANA name that a calendar's zone means, and the hours that a zone's clocks leave out."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
# Files of the zone database that are no zone of a place.
_NO_ZONES: Final = frozenset({"localtime", "Factory", "posixrules"})
_MAX_NAME_LENGTH: Final = 200
_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


def find_zone(name: str, calendar_zones: Mapping[str, str]) -> str | None:
    """Return the IANA name of the zone that a calendar calls `name`, or None where there is no such zone.

    It may be an IANA name, one of Windows', or one with a program's prefix
    (`/freeassociation.sourceforge.net/Europe/Berlin`); `calendar_zones`: what the calendar itself states of its zones
    (X-LIC-LOCATION by TZID).
    """
    # Some programs put TZID in quotes, with blanks inside.
    name = name.strip().strip('"').strip()[:_MAX_NAME_LENGTH]
    zone = _find(name)
    if zone is None and name in calendar_zones:
        zone = _find(calendar_zones[name].strip()[:_MAX_NAME_LENGTH])
    return zone


@lru_cache(maxsize=256)
def _find(name: str) -> str | None:
    steps = name.strip("/").split("/")
    candidates = [name, WINDOWS_TO_OLSON.get(name, "")]
    if name.startswith("/"):
        # The zone's name is the end of it; three parts first, as in America/Argentina/Salta.
        candidates += ["/".join(steps[-count:]) for count in (3, 2, 1)]
    return next((candidate for candidate in candidates if _exists(candidate)), None)


def _exists(name: str) -> bool:
    if name in _NO_ZONES or not _NAME.fullmatch(name):
        return False
    try:
        return ZoneInfo(name).key == name
    except (LookupError, ValueError, OSError):
        return False


@lru_cache(maxsize=64)
def missing_local_times(zone_name: str, first: int, last: int) -> tuple[tuple[datetime, datetime], ...]:
    """Return the half-open stretches of local time that clocks skip, in the years from `first` to `last`."""
    # ZoneInfo does not tell its transitions, so they are searched: day by day, then to the minute by bisection.
    zone = ZoneInfo(zone_name)
    gaps = []
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
            gaps.append(((changed + before).replace(tzinfo=None), (changed + after).replace(tzinfo=None)))
        at += _DAY
    return tuple(gaps)
