"""How often apps were opened that the catalogue does not know: totals, or a count for each where names are kept.

Rule 1: without the person's wish to keep names no app's name is written, not even as a digest.
Rule 2: counts belong to an occurrence, and go with it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypeAlias

from detector.store.instants import maybe_integer
from detector.store.model import Unknown

UNNAMED: Final = ""
Count: TypeAlias = tuple[str, str, int, int]
"""Device, app ('' where names are not kept), how often it was opened, how many different ones."""

_ADD: Final = (
    "INSERT INTO unknown_apps (occurrence, device, app, opens, apps) SELECT id, ?2, ?3, 1, 1 FROM occurrences "
    "WHERE id = ?1 ON CONFLICT (occurrence, device, app) DO UPDATE SET opens = opens + 1, apps = apps + ?4"
)
_CHOSEN: Final = (
    "SELECT t.device, t.app, t.opens, t.apps FROM unknown_apps t JOIN occurrences o ON o.id = t.occurrence "
    "WHERE (?1 IS NULL OR o.began >= ?1) AND (?2 IS NULL OR o.began < ?2)"
)


def count(connection: sqlite3.Connection, occurrence: str, device: str, app: str, *, names: bool, first: bool) -> None:
    """Count one opening, if the occurrence is kept."""
    connection.execute(_ADD, (occurrence, device, app if names else UNNAMED, int(first and not names)))


def counted(connection: sqlite3.Connection, since: datetime | None, until: datetime | None) -> dict[str, Unknown]:
    """Return what was counted in the chosen occurrences, by device."""
    return totals(connection.execute(_CHOSEN, (maybe_integer(since), maybe_integer(until))))


def totals(counts: Iterable[Count]) -> dict[str, Unknown]:
    """Return the counts of each device, added up; devices in the order of their names."""
    named: dict[str, dict[str, int]] = {}
    opens: dict[str, int] = {}
    unnamed: dict[str, int] = {}
    for device, app, times, apps in counts:
        of_device = named.setdefault(device, {})
        opens[device] = opens.get(device, 0) + times
        if app == UNNAMED:
            # Whether the apps of two evenings are the same is not known, so that the most of one evening counts.
            unnamed[device] = max(unnamed.get(device, 0), apps)
        else:
            of_device[app] = of_device.get(app, 0) + times
    return {
        device: Unknown(
            opens=opens[device],
            apps=max(unnamed.get(device, 0), len(of_device)),
            named=dict(sorted(of_device.items(), key=lambda each: (-each[1], each[0]))),
        )
        for device, of_device in sorted(named.items())
    }
