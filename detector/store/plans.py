"""What the person declared: partner times and their exceptions. The caller holds the transaction.

Rule 1: a number is never given twice, for the ids of occurrences begin with it.
Rule 2: sqlite-utils writes where nothing is in a hurry. What the daemon does itself, reading and what a phone's page may
wish for, does without it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from detector.errors import UserError
from detector.partner_time.model import PartnerTime
from detector.store.instants import MICROSECOND, as_instant, as_integer
from detector.store.state import next_number

_LAST_NUMBER: Final = "last_number"
_STOPPED: Final = "stopped"
_EXTENDED: Final = "extended"


def _tables(connection: sqlite3.Connection) -> Any:
    from sqlite_utils import Database  # noqa: PLC0415 - 300 ms that only a changing command pays

    return Database(connection, execute_plugins=False, recursive_triggers=False)


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
    refuse_title(partner_time.title)
    number = next_number(connection, _LAST_NUMBER)
    connection.execute(
        "INSERT INTO partner_times (number, title, begins, lasts, zone, recurrence) VALUES (?, ?, ?, ?, ?, ?)",
        (
            number,
            partner_time.title,
            partner_time.begins.isoformat(),
            partner_time.lasts // MICROSECOND,
            partner_time.zone,
            partner_time.recurrence,
        ),
    )
    return replace(partner_time, number=number)


def declared(connection: sqlite3.Connection) -> list[PartnerTime]:
    """Return what is declared, by number."""
    found = connection.execute(
        "SELECT number, title, begins, lasts, zone, recurrence FROM partner_times ORDER BY number"
    )
    return [
        PartnerTime(
            number=number,
            title=title,
            begins=datetime.fromisoformat(begins),
            lasts=timedelta(microseconds=lasts),
            zone=zone,
            recurrence=recurrence,
        )
        for number, title, begins, lasts, zone, recurrence in found
    ]


def remove(connection: sqlite3.Connection, number: int) -> bool:
    """Delete the partner time and its exceptions; return whether there was one."""
    database = _tables(connection)
    if not database.table("partner_times").count_where("number = ?", [number]):
        return False
    database.table("partner_times").delete(number)
    database.table("exceptions").delete_where("occurrence LIKE ?", [f"{number:d}@%"])
    return True


def stop(connection: sqlite3.Connection, occurrence: str, at: datetime) -> None:
    """Keep that the occurrence was stopped, unless it was before."""
    connection.execute(
        "INSERT OR IGNORE INTO exceptions (occurrence, kind, at) VALUES (?, ?, ?)",
        (occurrence, _STOPPED, as_integer(at)),
    )


def stopped(connection: sqlite3.Connection) -> dict[str, datetime]:
    """Return when occurrences were stopped, by their id."""
    return _exceptions(connection, _STOPPED)


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
