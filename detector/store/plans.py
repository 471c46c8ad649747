"""What the person declared: partner times and their exceptions. The caller holds the transaction.

Rule 1: a number is never given twice, for the ids of occurrences begin with it.
Rule 2: this does without sqlite-utils: the daemon uses it, and a calendar may change a thousand at once.
"""

# ruff: noqa: S608 - names of tables and columns are our own constants; values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from detector.errors import UserError
from detector.partner_time.model import Occurrence, PartnerTime
from detector.store.instants import as_instant, as_integer
from detector.store.plan_model import Cancelled
from detector.store.plan_rows import COLUMNS, as_partner_time, written
from detector.store.state import next_number

_LAST_NUMBER: Final = "last_number"
_STOPPED: Final = "stopped"
_EXTENDED: Final = "extended"
_SKIPPED: Final = "skipped"
_CANCELLED: Final = "cancelled"


def refuse_title(title: str) -> None:
    """Return if the title is text.

    Raises:
        UserError: if it holds bytes that are not text in the terminal's encoding.
    """
    try:
        title.encode()
    except UnicodeEncodeError:
        raise UserError("The title holds bytes that are no text. Write it in your terminal's own encoding.") from None


def add(connection: sqlite3.Connection, partner_time: PartnerTime) -> PartnerTime:
    """Keep the partner time; return it with its number.

    Raises:
        UserError: if the title is not text.
    """
    numbered = replace(partner_time, number=next_number(connection, _LAST_NUMBER))
    _write(connection, numbered)
    return numbered


def change(connection: sqlite3.Connection, partner_time: PartnerTime, renamed: Mapping[str, str]) -> bool:
    """Keep the partner time in place of the one of its number, and what was said of occurrences under their new ids.

    Returns whether there was one.

    Raises:
        UserError: if the title is not text.
    """
    known = connection.execute("SELECT 1 FROM partner_times WHERE number = ?", (partner_time.number,)).fetchone()
    if known is None:
        return False
    _write(connection, partner_time)
    # By way of a name that no occurrence has: one's new id may be another's old one.
    for table in ("exceptions", "cancelled"):
        for before, after in renamed.items():
            connection.execute(f"UPDATE {table} SET occurrence = ? WHERE occurrence = ?", (f"~{after}", before))
        for after in renamed.values():
            connection.execute(
                f"UPDATE OR REPLACE {table} SET occurrence = ? WHERE occurrence = ?", (after, f"~{after}")
            )
    for before, after in renamed.items():
        connection.execute("UPDATE partner_times SET instead_of = ? WHERE instead_of = ?", (after, before))
    return True


def _write(connection: sqlite3.Connection, partner_time: PartnerTime) -> None:
    refuse_title(partner_time.title)
    row = written(partner_time)
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"INSERT OR REPLACE INTO partner_times ({names}) VALUES ({marks})", tuple(row.values()))


def declared(connection: sqlite3.Connection, zone: Callable[[], str]) -> list[PartnerTime]:
    """Return what is declared, by number; what floats is in the zone in which the device is, `zone()`."""
    found = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM partner_times ORDER BY number").fetchall()
    known = [_of_row(tuple(row)) for row in found]
    here = zone() if any(partner_time.floats for partner_time in known) else ""
    return [replace(each, zone=here) if each.floats else each for each in known]


@lru_cache(maxsize=1024)
def _of_row(row: tuple[Any, ...]) -> PartnerTime:
    # The daemon asks every minute, and what is declared hardly ever changes.
    return as_partner_time(dict(zip(COLUMNS, row, strict=True)))


def remove(connection: sqlite3.Connection, number: int) -> bool:
    """Delete the partner time and its exceptions; return whether there was one."""
    # Without sqlite-utils: a calendar may take back many at once, and nobody else gets to write meanwhile.
    if not connection.execute("DELETE FROM partner_times WHERE number = ?", (number,)).rowcount:
        return False
    connection.execute("DELETE FROM exceptions WHERE occurrence LIKE ?", (f"{number:d}@%",))
    # What was cancelled stays, for the report; what was to make it good is gone.
    connection.execute("UPDATE cancelled SET instead = NULL WHERE instead = ?", (number,))
    connection.execute("UPDATE proposals SET accepted_as = NULL, decided = 'declined' WHERE accepted_as = ?", (number,))
    return True


def stop(connection: sqlite3.Connection, occurrence: str, at: datetime) -> None:
    """Keep that the occurrence was stopped, unless it was before."""
    connection.execute(
        "INSERT OR IGNORE INTO exceptions (occurrence, kind, at) VALUES (?, ?, ?)",
        (occurrence, _STOPPED, as_integer(at)),
    )


def skip(connection: sqlite3.Connection, occurrence: str, at: datetime) -> None:
    """Keep that the occurrence does not take place, or no longer; unless it was said before."""
    connection.execute(
        "INSERT OR IGNORE INTO exceptions (occurrence, kind, at) VALUES (?, ?, ?)",
        (occurrence, _SKIPPED, as_integer(at)),
    )


def restore(connection: sqlite3.Connection, occurrence: str) -> bool:
    """Take back that the occurrence was skipped or cancelled; return whether it was."""
    connection.execute("DELETE FROM cancelled WHERE occurrence = ?", (occurrence,))
    return bool(
        connection.execute(
            "DELETE FROM exceptions WHERE occurrence = ? AND kind IN (?, ?)", (occurrence, _SKIPPED, _CANCELLED)
        ).rowcount
    )


def cancel(connection: sqlite3.Connection, planned: Occurrence, at: datetime, instead: int | None) -> None:
    """Keep that the occurrence is cancelled, and the number of the partner time that is to make it good."""
    connection.execute(
        "INSERT OR IGNORE INTO exceptions (occurrence, kind, at) VALUES (?, ?, ?)",
        (planned.id, _CANCELLED, as_integer(at)),
    )
    connection.execute(
        "INSERT OR REPLACE INTO cancelled (occurrence, title, begins, ends, at, instead) VALUES (?, ?, ?, ?, ?, ?)",
        (planned.id, planned.title, as_integer(planned.begins), as_integer(planned.ends), as_integer(at), instead),
    )


def cancelled(connection: sqlite3.Connection, since: datetime | None, until: datetime | None) -> list[Cancelled]:
    """Return what was cancelled and planned to begin in `[since, until)`, by its planned beginning."""
    low = -(2**62) if since is None else as_integer(since)
    high = 2**62 if until is None else as_integer(until)
    found = connection.execute(
        "SELECT occurrence, title, begins, ends, at, instead FROM cancelled WHERE begins >= ? AND begins < ? ORDER BY begins, occurrence",
        (low, high),
    )
    return [
        Cancelled(
            occurrence=occurrence,
            title=title,
            begins=as_instant(begins),
            ends=as_instant(ends),
            at=as_instant(at),
            instead=instead,
        )
        for occurrence, title, begins, ends, at, instead in found
    ]


def stopped(connection: sqlite3.Connection) -> dict[str, datetime]:
    """Return when occurrences were stopped, skipped or cancelled, by their id; the first time it was said."""
    found = connection.execute(
        "SELECT occurrence, min(at) FROM exceptions WHERE kind != ? GROUP BY occurrence ORDER BY min(rowid)",
        (_EXTENDED,),
    )
    return {occurrence: as_instant(at) for occurrence, at in found}


def skipped(connection: sqlite3.Connection) -> frozenset[str]:
    """Return the ids of the occurrences that were skipped or cancelled."""
    found = connection.execute("SELECT occurrence FROM exceptions WHERE kind IN (?, ?)", (_SKIPPED, _CANCELLED))
    return frozenset(occurrence for (occurrence,) in found)


def extend(connection: sqlite3.Connection, occurrence: str, ends: datetime) -> None:
    """Keep that the occurrence was given another end, in place of the one before."""
    connection.execute(
        "INSERT OR REPLACE INTO exceptions (occurrence, kind, at) VALUES (?, ?, ?)",
        (occurrence, _EXTENDED, as_integer(ends)),
    )


def extended(connection: sqlite3.Connection) -> dict[str, datetime]:
    """Return the ends that occurrences were given, by their id."""
    return _exceptions(connection, _EXTENDED)


def _exceptions(connection: sqlite3.Connection, kind: str) -> dict[str, datetime]:
    found = connection.execute("SELECT occurrence, at FROM exceptions WHERE kind = ? ORDER BY rowid", (kind,))
    return {occurrence: as_instant(at) for occurrence, at in found}
