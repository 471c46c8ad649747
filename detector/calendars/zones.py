"""The names that calendars give to zones, and the IANA name that each means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_NONE: Final = frozenset({"localtime", "Factory", "posixrules"})
_LONGEST: Final = 200


def find_zone(name: str, known_here: Mapping[str, str]) -> str | None:
    """Return the IANA name of the zone that a calendar calls `name`, or None where there is no such zone.

    It may be an IANA name, one of Windows', or one with a maker's prefix (`/freeassociation.sourceforge.net/Europe/Berlin`);
    `known_here`: what the calendar itself says of its zones (X-LIC-LOCATION).
    """
    name = name.strip().strip('"').strip()[:_LONGEST]
    found = _find(name)
    if found is None and name in known_here:
        found = _find(known_here[name].strip()[:_LONGEST])
    return found


@lru_cache(maxsize=256)
def _find(name: str) -> str | None:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # noqa: PLC0415 - only where a calendar is read

    steps = name.strip("/").split("/")
    tried = [name, WINDOWS_TO_OLSON.get(name, ""), *("/".join(steps[-last:]) for last in (3, 2, 1) if name[:1] == "/")]
    return next((found for found in tried if _exists(found)), None)


def _exists(name: str) -> bool:
    if name in _NONE or not _NAME.fullmatch(name):
        return False
    try:
        return ZoneInfo(name).key == name
    except (LookupError, ValueError, OSError):
        return False
