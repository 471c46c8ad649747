"""Delete what is old, what is to be forgotten, or everything; and leave no trace of it in the files.

Invariant 1: each deletion is one transaction; `scrub` follows it, outside of any.
Invariant 2: deleted content is overwritten (secure_delete) and the write-ahead log emptied. VACUUM rewrites the file, because
splitting pages leaves copies that overwriting does not reach.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from time import sleep
from typing import Any, Final

from detector.core.observations import PartnerTimeBegan, PartnerTimeExtended
from detector.errors import StoreError
from detector.i18n import _
from detector.store import forget_interval, rows
from detector.store.database import Database, StateStore
from detector.store.history import INSERT_OBSERVATION, HistoryStore, forgotten_intervals, save_forgotten_intervals
from detector.store.microseconds import EPOCH, to_microseconds
from detector.store.model import DeletedCounts, StoredOccurrence
from detector.store.partner_time_rows import is_long_over

_TRIES: Final = 25
_PLAN_TABLES: Final = ("exceptions", "cancelled", "calendars", "proposals", "state")


def prune(database: Database, before: datetime) -> int:
    """Delete what was over before the instant; return how many occurrences that were."""
    over = to_microseconds(before)
    with database.writing() as connection:
        connection.execute("DELETE FROM cancelled WHERE ends < ?", (over,))
        # An exception has no end of its own. Its occurrence must be over as well, because a person may skip next year's
        # anniversary today. The id of the occurrence contains its planned beginning.
        for (occurrence,) in connection.execute("SELECT occurrence FROM exceptions WHERE at < ?", (over,)).fetchall():
            if is_long_over(occurrence, before):
                connection.execute("DELETE FROM exceptions WHERE occurrence = ? AND at < ?", (occurrence, over))
        # What belongs to an occurrence is deleted by the foreign keys (ON DELETE CASCADE).
        return _delete(connection, "occurrences", "coalesce(ended, ends) < ?", over)


def forget(database: Database, since: datetime, now: datetime) -> DeletedCounts:
    """Delete everything that was observed and decided from `since` on; `forget_interval` says what happens at the edges."""
    interval = forget_interval.Interval(since, now)
    state = StateStore(database)
    counts: Counter[str] = Counter()
    with database.writing() as connection:
        occurrences = HistoryStore(database).occurrences()
        for occurrence in occurrences:
            counts += _forget_in(connection, occurrence, interval)
        # Without an occurrence no session can hold records of the interval.
        if occurrences:
            save_forgotten_intervals(state, (*forgotten_intervals(state), interval))
    return DeletedCounts(**counts)


def forget_all(database: Database, now: datetime, *, plans: bool) -> DeletedCounts:
    """Delete everything that was observed and decided; with `plans` every other row, too."""
    state = StateStore(database)
    with database.writing() as connection:
        deleted = forget(database, EPOCH, now)
        if not plans:
            return deleted
        intervals = forgotten_intervals(state)
        deleted = replace(
            deleted,
            occurrences=deleted.occurrences + _delete(connection, "occurrences", "1"),
            phones=_delete(connection, "phones", "1"),
            partner_times=_delete(connection, "partner_times", "1"),
        )
        for table in _PLAN_TABLES:
            _delete(connection, table, "1")
        # The daemon may still hold records of the occurrence under way, and will want to save them at its end.
        save_forgotten_intervals(state, intervals)
    return deleted


def scrub(database: Database) -> None:
    """Rewrite the file without what was deleted. Raises `StoreError` if another reader keeps traces in the log."""
    with database.exclusive() as connection:
        connection.execute("PRAGMA temp_store = MEMORY")  # or VACUUM's copy would pass through the temporary folder
        connection.execute("VACUUM")
        if not _empty_log(connection):
            raise StoreError(
                _(
                    "It is deleted, but another program is reading the store, so traces of it may be left in the file\n"
                    "  beside it that ends in -wal. Close that program and run `turntoward forget` once more."
                )
            )


def _empty_log(connection: sqlite3.Connection) -> bool:
    # SQLite's busy timeout covers readers, but a checkpoint fails at once while another process makes one.
    (wait,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {wait // _TRIES:d}")
    try:
        for _attempt in range(_TRIES):
            (busy, _log_pages, _moved_pages) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                return True
            sleep(wait / 1000 / _TRIES)
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {wait:d}")


def _forget_in(
    connection: sqlite3.Connection, occurrence: StoredOccurrence, interval: forget_interval.Interval
) -> Counter[str]:
    cursor = connection.execute(
        "SELECT DISTINCT device FROM observations WHERE occurrence = ? ORDER BY device", (occurrence.id,)
    )
    devices = [device for (device,) in cursor]
    (extended,) = connection.execute(
        "SELECT count(*) FROM observations WHERE occurrence = ? AND kind = ? AND at >= ?",
        (occurrence.id, PartnerTimeExtended.__name__, to_microseconds(interval.since)),
    ).fetchone()
    # The text is searched and the row is not read: what is damaged must be forgotten all the same.
    (quiet,) = connection.execute(
        "SELECT count(*) FROM observations WHERE occurrence = ? AND kind = ? AND fields LIKE '%\"quiet\":true%'",
        (occurrence.id, PartnerTimeBegan.__name__),
    ).fetchone()
    if forget_interval.reaches_into(occurrence, interval):
        _delete(connection, "unknown_apps", "occurrence = ?", occurrence.id)
    over = forget_interval.known_end(occurrence, interval.until)
    counts: Counter[str] = Counter(
        uses=_trim(connection, "uses", rows.USE, occurrence.id, lambda row: _trim_use(row, interval, over)),
        coverage=_trim(connection, "coverage", rows.COVERAGE, occurrence.id, lambda row: _trim_coverage(row, interval)),
        moments=_trim(
            connection, "moments", rows.MOMENTS.columns, occurrence.id, lambda row: _trim_moment(row, interval, over)
        ),
        observations=_delete(
            connection, "observations", "occurrence = ? AND at >= ?", occurrence.id, to_microseconds(interval.since)
        ),
    )
    outcome = forget_interval.cut_occurrence(
        occurrence, devices, interval, extended_in=bool(extended), quiet=bool(quiet)
    )
    if outcome.left is None:
        counts["occurrences"] = _delete(connection, "occurrences", "id = ?", occurrence.id)
        return counts
    if outcome.left != occurrence:
        id_, _title, began, _ends, ended, reason, *started = rows.OCCURRENCES.to_row(outcome.left)
        connection.execute(
            "UPDATE occurrences SET began = ?, ended = ?, end_reason = ?, started_well = ?, started_at = ? WHERE id = ?",
            (began, ended, reason, *started, id_),
        )
    connection.executemany(
        INSERT_OBSERVATION, [rows.from_observation(occurrence.id, observation) for observation in outcome.instead]
    )
    return counts


def _trim(
    connection: sqlite3.Connection,
    table: str,
    columns: tuple[str, ...],
    occurrence: str,
    trimmed: Callable[[rows.Row], rows.Row | None],
) -> int:
    """Replace each row of the occurrence by what `trimmed` leaves of it; return how many rows changed."""
    names = ", ".join(f'"{column}"' for column in columns)
    before = connection.execute(f"SELECT {names} FROM {table} WHERE occurrence = ?", (occurrence,)).fetchall()
    changed = [(row, left) for row in before if (left := trimmed(row)) != row]
    # Deleted and inserted again rather than updated: a trimmed row may differ in any column.
    number = columns.index("number")
    connection.executemany(
        f"DELETE FROM {table} WHERE occurrence = ? AND number = ?",
        [(occurrence, row[number]) for row, _left in changed],
    )
    connection.executemany(rows.insert_statement(table, columns), [left for _row, left in changed if left is not None])
    return len(changed)


def _trim_use(row: rows.Row, interval: forget_interval.Interval, over: datetime | None) -> rows.Row | None:
    left = forget_interval.remaining_use(rows.to_use(row).use, interval, over)
    return None if left is None else rows.from_use(row[0], left)


def _trim_coverage(row: rows.Row, interval: forget_interval.Interval) -> rows.Row | None:
    left = forget_interval.remaining_coverage(rows.to_coverage(row).coverage, interval)
    return None if left is None else rows.from_coverage(row[0], left)


def _trim_moment(row: rows.Row, interval: forget_interval.Interval, over: datetime | None) -> rows.Row | None:
    return row if forget_interval.is_moment_outside(rows.MOMENTS.from_row(row), interval, over) else None


def _delete(connection: sqlite3.Connection, table: str, where: str, *values: Any) -> int:
    return connection.execute(f"DELETE FROM {table} WHERE {where}", values).rowcount
