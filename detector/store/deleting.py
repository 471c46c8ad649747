"""Delete what is old, what is to be forgotten, or everything; and leave no trace of it in the files.

Rule 1: the caller holds the transaction for all but `scrub`, which follows it.
Rule 2: deleted content is overwritten (secure_delete), the file is rewritten (VACUUM: splitting pages leaves copies that
overwriting does not reach), and the write-ahead log is emptied.
"""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are always bound

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from time import sleep
from typing import Any, Final

from detector.core.observations import PartnerTimeBegan, PartnerTimeExtended
from detector.errors import StoreError
from detector.store import reading, rows
from detector.store.instants import EPOCH, as_integer
from detector.store.keeping import KEEP_OBSERVATION, forgotten_stretches, insert, keep_stretches
from detector.store.model import Forgotten, KeptOccurrence
from detector.store.plan_rows import is_long_over
from detector.store.stretches import Stretch, cut, over_at, reaches, spared_coverage, spared_use, spares_moment

_TRIES: Final = 25
_DECLARED: Final = ("partner_times", "exceptions", "cancelled", "calendars", "proposals", "state")


def prune(connection: sqlite3.Connection, before: datetime) -> int:
    """Delete what was over before the instant; return how many occurrences that were."""
    over = as_integer(before)
    connection.execute("DELETE FROM cancelled WHERE ends < ?", (over,))
    for (occurrence,) in connection.execute("SELECT occurrence FROM exceptions WHERE at < ?", (over,)).fetchall():
        if is_long_over(occurrence, before):
            connection.execute("DELETE FROM exceptions WHERE occurrence = ? AND at < ?", (occurrence, over))
    return connection.execute("DELETE FROM occurrences WHERE coalesce(ended, ends) < ?", (over,)).rowcount


def forget(connection: sqlite3.Connection, since: datetime, now: datetime) -> Forgotten:
    """Delete everything from `since` on; see `stretches` for what happens at its edges."""
    stretch = Stretch(since, now)
    counts: Counter[str] = Counter()
    occurrences = reading.chosen_occurrences(connection, None, None)
    for kept in occurrences:
        counts += _forget_in(connection, kept, stretch)
    if occurrences:
        keep_stretches(connection, (*forgotten_stretches(connection), stretch))
    return Forgotten(**counts)


def forget_all(connection: sqlite3.Connection, now: datetime, *, plans: bool) -> Forgotten:
    """Delete everything that was observed and decided; with `plans` every other row, too."""
    forgotten = forget(connection, EPOCH, now)
    if not plans:
        return forgotten
    stretches = forgotten_stretches(connection)
    occurrences = _delete(connection, "occurrences", "1")
    counts = {"phones": _delete(connection, "phones", "1")}
    counts |= {"partner_times": _delete(connection, "partner_times", "1"), "occurrences": occurrences}
    for table in _DECLARED:
        _delete(connection, table, "1")
    keep_stretches(connection, stretches)  # for what the daemon still holds, and will want to keep
    return Forgotten(
        occurrences=forgotten.occurrences + counts["occurrences"],
        observations=forgotten.observations,
        uses=forgotten.uses,
        coverage=forgotten.coverage,
        moments=forgotten.moments,
        partner_times=counts["partner_times"],
        phones=counts["phones"],
    )


def scrub(connection: sqlite3.Connection) -> None:
    """Rewrite the file without what was deleted, and empty the write-ahead log. Outside a transaction.

    Raises:
        StoreError: if another program reads just now, so that traces may be left in the log.
    """
    connection.execute("PRAGMA temp_store = MEMORY")  # or VACUUM's copy would pass through the temporary folder
    connection.execute("VACUUM")
    if not _emptied(connection):
        raise StoreError(
            "It is deleted, but another program is reading what is kept, so traces of it may be left in the file\n"
            "  beside it that ends in -wal. Close that program and say `turntoward forget` once more."
        )


def _emptied(connection: sqlite3.Connection) -> bool:
    # SQLite's own waiting covers readers, but not another program that is emptying the log at this instant.
    (wait,) = connection.execute("PRAGMA busy_timeout").fetchone()
    connection.execute(f"PRAGMA busy_timeout = {wait // _TRIES:d}")
    try:
        for _ in range(_TRIES):
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                return True
            sleep(wait / 1000 / _TRIES)
        return False
    finally:
        connection.execute(f"PRAGMA busy_timeout = {wait:d}")


def _forget_in(connection: sqlite3.Connection, kept: KeptOccurrence, stretch: Stretch) -> Counter[str]:
    devices = [
        device
        for (device,) in connection.execute(
            "SELECT DISTINCT device FROM observations WHERE occurrence = ? ORDER BY device", (kept.id,)
        )
    ]
    (extended,) = connection.execute(
        "SELECT count(*) FROM observations WHERE occurrence = ? AND kind = ? AND at >= ?",
        (kept.id, PartnerTimeExtended.__name__, as_integer(stretch.since)),
    ).fetchone()
    # By a look at the text, not by reading the row: what is damaged must be forgotten all the same.
    (quiet,) = connection.execute(
        "SELECT count(*) FROM observations WHERE occurrence = ? AND kind = ? AND fields LIKE '%\"quiet\":true%'",
        (kept.id, PartnerTimeBegan.__name__),
    ).fetchone()
    if reaches(kept, stretch):
        _delete(connection, "unknown_apps", "occurrence = ?", kept.id)
    over = over_at(kept, stretch.until)
    counts: Counter[str] = Counter(
        uses=_trim(connection, "uses", rows.USE, kept.id, lambda row: _use_left(row, stretch, over)),
        coverage=_trim(connection, "coverage", rows.COVERAGE, kept.id, lambda row: _coverage_left(row, stretch)),
        moments=_trim(connection, "moments", rows.MOMENT, kept.id, lambda row: _moment_left(row, stretch, over)),
        observations=_delete(
            connection, "observations", "occurrence = ? AND at >= ?", kept.id, as_integer(stretch.since)
        ),
    )
    outcome = cut(kept, devices, stretch, extended_in=bool(extended), quiet=bool(quiet))
    if outcome.left is None:
        counts["occurrences"] = _delete(connection, "occurrences", "id = ?", kept.id)
        return counts
    if outcome.left != kept:
        name, _, began, _, ended, reason, *started = rows.from_occurrence(outcome.left)
        connection.execute(
            "UPDATE occurrences SET began = ?, ended = ?, end_reason = ?, started_well = ?, started_at = ? WHERE id = ?",
            (began, ended, reason, *started, name),
        )
    connection.executemany(
        KEEP_OBSERVATION, [rows.from_observation(kept.id, observation) for observation in outcome.instead]
    )
    return counts


def _trim(
    connection: sqlite3.Connection,
    table: str,
    columns: tuple[str, ...],
    occurrence: str,
    left: Callable[[rows.Row], rows.Row | None],
) -> int:
    names = ", ".join(f'"{column}"' for column in columns)
    kept = connection.execute(f"SELECT {names} FROM {table} WHERE occurrence = ?", (occurrence,)).fetchall()
    changed = [(row, left(row)) for row in kept if left(row) != row]
    connection.executemany(
        f"DELETE FROM {table} WHERE occurrence = ? AND number = ?", [(row[0], row[1]) for row, _ in changed]
    )
    connection.executemany(insert(table, columns), [new for _, new in changed if new is not None])
    return len(changed)


def _use_left(row: rows.Row, stretch: Stretch, over: datetime | None) -> rows.Row | None:
    left = spared_use(rows.to_use(row).use, stretch, over)
    return None if left is None else rows.from_use(row[0], left)


def _coverage_left(row: rows.Row, stretch: Stretch) -> rows.Row | None:
    left = spared_coverage(rows.to_coverage(row).coverage, stretch)
    return None if left is None else rows.from_coverage(row[0], left)


def _moment_left(row: rows.Row, stretch: Stretch, over: datetime | None) -> rows.Row | None:
    return row if spares_moment(rows.to_moment(row), stretch, over) else None


def _delete(connection: sqlite3.Connection, table: str, where: str, *values: Any) -> int:
    return connection.execute(f"DELETE FROM {table} WHERE {where}", values).rowcount
