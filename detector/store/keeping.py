"""Write what the core records into the tables. The caller holds the transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from detector.core.effects import Coverage, Record, Started, Use
from detector.core.observations import Observation, PartnerTimeBegan, PartnerTimeEnded, PartnerTimeExtended
from detector.store import rows
from detector.store.instants import as_instant, as_integer
from detector.store.state import recall, remember
from detector.store.stretches import Stretch, admit

FORGOTTEN: Final = "forgotten"
"""The stretches that were forgotten while an occurrence was kept; until the next one begins."""


def insert(table: str, columns: Sequence[str], *, replacing: bool = False) -> str:
    """Return the statement that inserts a row, or replaces the row of its primary key."""
    verb = "INSERT OR REPLACE" if replacing else "INSERT"
    names = ", ".join(f'"{column}"' for column in columns)
    return f"{verb} INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


KEEP_OBSERVATION: Final = insert("observations", rows.OBSERVATION)
KEEP_USE: Final = insert("uses", rows.USE, replacing=True)
KEEP_COVERAGE: Final = insert("coverage", rows.COVERAGE, replacing=True)
KEEP_MOMENT: Final = insert("moments", rows.MOMENT, replacing=True)
KEEP_OCCURRENCE: Final = (
    "INSERT INTO occurrences (id, title, began, ends) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET title = excluded.title, ends = excluded.ends, ended = NULL, end_reason = NULL"
)


def forgotten_stretches(connection: sqlite3.Connection) -> tuple[Stretch, ...]:
    """Return the stretches of which nothing may come back."""
    kept = recall(connection, FORGOTTEN)
    pairs = kept if isinstance(kept, list) else []
    return tuple(Stretch(as_instant(since), as_instant(until)) for since, until in pairs)


def keep_stretches(connection: sqlite3.Connection, stretches: Iterable[Stretch]) -> None:
    """Keep the stretches of which nothing may come back; none: all may."""
    pairs = [[as_integer(stretch.since), as_integer(stretch.until)] for stretch in stretches]
    remember(connection, FORGOTTEN, pairs or None)


def keep(connection: sqlite3.Connection, records: Sequence[Record]) -> None:
    """Keep the records in order, but for what was forgotten meanwhile.

    Raises:
        StoreError: if a record belongs to an occurrence that never began.
    """
    admitted, anew = admit(records, forgotten_stretches(connection), lambda name: _is_kept(connection, name))
    if anew:
        keep_stretches(connection, ())
    waiting: dict[str, list[rows.Row]] = {KEEP_OBSERVATION: [], KEEP_USE: [], KEEP_COVERAGE: [], KEEP_MOMENT: []}
    for record in admitted:
        occurrence, what = record.occurrence, record.what
        if isinstance(what, PartnerTimeBegan):
            began = (occurrence, what.title, as_integer(what.at), as_integer(what.ends))
            connection.execute(KEEP_OCCURRENCE, began)
        if isinstance(what, Observation):
            waiting[KEEP_OBSERVATION].append(rows.from_observation(occurrence, what))
            if isinstance(what, PartnerTimeEnded):
                ended = (as_integer(what.at), what.reason, occurrence)
                connection.execute("UPDATE occurrences SET ended = ?, end_reason = ? WHERE id = ?", ended)
            elif isinstance(what, PartnerTimeExtended):
                connection.execute("UPDATE occurrences SET ends = ? WHERE id = ?", (as_integer(what.ends), occurrence))
        elif isinstance(what, Use):
            waiting[KEEP_USE].append(rows.from_use(occurrence, what))
        elif isinstance(what, Coverage):
            waiting[KEEP_COVERAGE].append(rows.from_coverage(occurrence, what))
        elif isinstance(what, Started):
            started = (None, None) if what.well is None else (int(what.well), as_integer(what.at))
            connection.execute(
                "UPDATE occurrences SET started_well = ?, started_at = ? WHERE id = ?", (*started, occurrence)
            )
        else:
            waiting[KEEP_MOMENT].append(rows.from_moment(occurrence, what))
    for statement, values in waiting.items():
        if values:
            connection.executemany(statement, values)


def _is_kept(connection: sqlite3.Connection, occurrence: str) -> bool:
    return connection.execute("SELECT 1 FROM occurrences WHERE id = ?", (occurrence,)).fetchone() is not None
