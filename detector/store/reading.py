"""Read what is kept. Occurrences are chosen by `since <= began < until`, and all that belongs to them with them.

Rule 1: no read stays open between two steps of an iteration: an open read would keep the write-ahead log from shrinking.
"""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

from detector.core.effects import Moment
from detector.core.observations import Observation
from detector.store import rows
from detector.store.instants import maybe_integer
from detector.store.model import KeptOccurrence

Kept = TypeVar("Kept")
INDEXED: Final = ("PickedUp", "PutAway")
_CHUNK: Final = 1000
_CHOSEN: Final = "(?1 IS NULL OR o.began >= ?1) AND (?2 IS NULL OR o.began < ?2)"
_MOMENTS: Final = "t.began, t.occurrence, t.number"


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f't."{column}"' for column in columns)


def observations(connection: sqlite3.Connection, occurrence: str) -> Iterator[Observation]:
    """Yield the observations of the occurrence in order; memory stays flat."""
    last = 0
    while chunk := connection.execute(
        "SELECT at, device, kind, fields, id FROM observations WHERE occurrence = ? AND id > ? ORDER BY id LIMIT ?",
        (occurrence, last, _CHUNK),
    ).fetchall():
        for row in chunk:
            yield rows.read(rows.to_observation, row)
        last = chunk[-1][4]


def unfinished(connection: sqlite3.Connection) -> list[KeptOccurrence]:
    """Return the occurrences without an end."""
    found = connection.execute(
        f"SELECT {_names(rows.OCCURRENCE)} FROM occurrences t WHERE ended IS NULL ORDER BY began, id"
    )
    return [rows.read(rows.to_occurrence, row) for row in found]


def chosen_occurrences(
    connection: sqlite3.Connection, since: datetime | None, until: datetime | None
) -> list[KeptOccurrence]:
    """Return the chosen occurrences."""
    found = connection.execute(
        f"SELECT {', '.join('o.' + column for column in rows.OCCURRENCE)} FROM occurrences o "
        f"WHERE {_CHOSEN} ORDER BY o.began, o.id",
        (maybe_integer(since), maybe_integer(until)),
    )
    return [rows.read(rows.to_occurrence, row) for row in found]


def chosen(
    connection: sqlite3.Connection,
    table: str,
    columns: Sequence[str],
    made: Callable[[rows.Row], Kept],
    *,
    since: datetime | None,
    until: datetime | None,
) -> list[Kept]:
    """Return the rows of uses, coverage or moments that belong to the chosen occurrences."""
    found = connection.execute(
        f"SELECT {_names(columns)} FROM {table} t JOIN occurrences o ON o.id = t.occurrence "
        f"WHERE {_CHOSEN} ORDER BY {_MOMENTS}",
        (maybe_integer(since), maybe_integer(until)),
    )
    return [rows.read(made, row) for row in found]


def signs(
    connection: sqlite3.Connection, kinds: Sequence[type[Observation]], since: datetime | None, until: datetime | None
) -> list[tuple[str, Observation]]:
    """Return the observations of these kinds in the chosen occurrences, each with its occurrence's id."""
    names = [kind.__name__ for kind in kinds]
    # Only a condition that reads like the index's own lets SQLite use it.
    known = f" AND t.kind IN ({', '.join(map(repr, INDEXED))})" if set(names) <= set(INDEXED) else ""
    found = connection.execute(
        f"SELECT t.at, t.device, t.kind, t.fields, t.occurrence FROM observations t JOIN occurrences o "
        f"ON o.id = t.occurrence WHERE {_CHOSEN}{known} "
        f"AND t.kind IN ({', '.join(f'?{number}' for number in range(3, 3 + len(names)))}) ORDER BY t.at, t.id",
        (maybe_integer(since), maybe_integer(until), *names),
    )
    return [(row[4], rows.read(rows.to_observation, row)) for row in found]


def last_moment(connection: sqlite3.Connection) -> Moment | None:
    """Return the moment that was decided last, or None."""
    row = connection.execute(
        f"SELECT {_names(rows.MOMENT)} FROM moments t ORDER BY decided_at DESC, number DESC LIMIT 1"
    ).fetchone()
    return None if row is None else rows.read(rows.to_moment, row)
