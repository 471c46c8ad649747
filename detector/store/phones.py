"""The phones that are paired, and where their door is. The caller holds the transaction.

Rule 1: of a token and of a pairing code only the digest is kept, and neither leaves the file by `export`.
Rule 2: a number is never given twice, and a phone that was removed does not come back by being kept once more.
Rule 3: a pairing code is used up by whoever is first: it is looked for and taken in one transaction.
"""

# ruff: noqa: S608 - names of columns are our own constants; values are always bound

from __future__ import annotations

import sqlite3
from dataclasses import asdict, replace
from datetime import datetime
from typing import Final

from detector.core.observations import LAPTOP
from detector.devices import LONGEST_NAME, Phone, PhoneApiAddress
from detector.errors import UserError
from detector.store.instants import maybe_instant, maybe_integer
from detector.store.rows import Row, RowDamaged
from detector.store.state import next_number, recall, remember

PHONE: Final = ("number", "name", "paired", "token", "code", "code_until", "adb", "shows_nudges")
_COLUMNS: Final = ", ".join(PHONE)
_LAST_PHONE: Final = "last_phone"
_DOOR: Final = "door"
REMOVED: Final = "This phone was removed meanwhile. Pair it again: `turntoward phone pair`."


def refuse_name(name: str, number: int | None, others: list[Phone]) -> None:
    """Return if a phone of this number may have the name.

    Raises:
        UserError: if another device has it, or it is no text, or too long.
    """
    if not name.strip() or not name.isprintable() or len(name) > LONGEST_NAME:
        raise UserError(f"A phone's name is a few words of text, {LONGEST_NAME} characters at most.")
    taken = [LAPTOP, *(other.name for other in others if other.number != number)]
    if name.casefold() in (other.casefold() for other in taken):
        raise UserError(f"There is a device called '{name}' already. Give this one another name.")


def phones(connection: sqlite3.Connection) -> list[Phone]:
    """Return the phones, by number."""
    return [_phone(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM phones ORDER BY number")]


def keep(connection: sqlite3.Connection, phone: Phone) -> Phone:
    """Keep the phone; return it with its number.

    Raises:
        UserError: if the name is taken or no text, or the phone was removed meanwhile.
    """
    kept = phones(connection)
    refuse_name(phone.name, phone.number, kept)
    if phone.number is None:
        phone = replace(phone, number=next_number(connection, _LAST_PHONE))
    elif phone.number not in {each.number for each in kept}:
        raise UserError(REMOVED)
    marks = ", ".join("?" * len(PHONE))
    connection.execute(f"INSERT OR REPLACE INTO phones ({_COLUMNS}) VALUES ({marks})", _row(phone))
    return phone


def remove(connection: sqlite3.Connection, number: int) -> bool:
    """Delete the phone; return whether there was one."""
    return connection.execute("DELETE FROM phones WHERE number = ?", (number,)).rowcount > 0


def claim(connection: sqlite3.Connection, code: str, token: str, now: datetime) -> Phone | None:
    """Give the phone of this open code its token; None: no such code is open."""
    for phone in phones(connection):
        claimed = claimed_by(phone, code, token, now)
        if claimed is not None:
            return keep(connection, claimed)
    return None


def claimed_by(phone: Phone, code: str, token: str, now: datetime) -> Phone | None:
    """Return the phone with its token and without its code, or None if this is not its code, or not any more."""
    if phone.code is None or phone.code != code or phone.code_until is None or phone.code_until <= now:
        return None
    return replace(phone, token=token, code=None, code_until=None, paired=now)


def phone_api_address(connection: sqlite3.Connection) -> PhoneApiAddress | None:
    """Return where the door is, or None.

    Raises:
        RowDamaged: if what is kept of it is no such place.
    """
    kept = recall(connection, _DOOR)
    if kept is None:
        return None
    try:
        return PhoneApiAddress(**kept)  # type: ignore[arg-type]
    except TypeError as wrong:
        raise RowDamaged(f"a row cannot be read: {wrong}") from wrong


def keep_phone_api_address(connection: sqlite3.Connection, place: PhoneApiAddress | None) -> None:
    """Keep where the door is."""
    remember(connection, _DOOR, None if place is None else asdict(place))


def _row(phone: Phone) -> Row:
    return (
        phone.number,
        phone.name,
        maybe_integer(phone.paired),
        phone.token,
        phone.code,
        maybe_integer(phone.code_until),
        phone.adb,
        int(phone.shows_nudges),
    )


def _phone(row: Row) -> Phone:
    number, name, paired, token, code, code_until, adb, shows_nudges = row
    try:
        return Phone(
            number=number,
            name=name,
            paired=maybe_instant(paired),
            token=token,
            code=code,
            code_until=maybe_instant(code_until),
            adb=adb,
            shows_nudges=bool(shows_nudges),
        )
    except OverflowError as wrong:
        raise RowDamaged(f"a row cannot be read: {wrong}") from wrong
