"""What the person declared: partner times, what changes single occurrences, and a pause of the program.

Invariant 1: a number is never given twice, because the ids of occurrences begin with it.
Invariant 2: sqlite-utils is not used: the daemon reads plans every minute, and a calendar may change a thousand at once.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.recurrence import MAX_CACHED
from detector.store.database import Database, StateStore
from detector.store.microseconds import to_instant, to_microseconds
from detector.store.model import CancelledOccurrence
from detector.store.partner_time_rows import COLUMNS, from_partner_time, to_partner_time
from detector.store.rows import RowConverter, insert_statement

_STOPPED: Final = "stopped"
_EXTENDED: Final = "extended"
_SKIPPED: Final = "skipped"
_CANCELLED: Final = "cancelled"
_REPLACE_PARTNER_TIME: Final = insert_statement("partner_times", COLUMNS, or_replace=True)
_CANCELLATIONS: Final = RowConverter(CancelledOccurrence)
_REPLACE_CANCELLED: Final = insert_statement("cancelled", _CANCELLATIONS.columns, or_replace=True)
_PAUSED_KEY: Final = "paused_until"


class PlanStore:
    """Partner times and exceptions. `zone` names the zone in which the device is just now. Instants: aware, UTC."""

    def __init__(self, database: Database, zone: Callable[[], str]) -> None:
        self._database = database
        self._state = StateStore(database)
        self._zone = zone

    def partner_times(self) -> list[PartnerTime]:
        """Return the partner times, by number; floating ones with the zone in which the device is now."""
        with self._database.reading() as connection:
            cursor = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM partner_times ORDER BY number").fetchall()
            declared = [_to_partner_time(row) for row in cursor]
        # The zone is looked up only if it matters, because that reads /etc/localtime.
        here = self._zone() if any(partner_time.is_floating for partner_time in declared) else ""
        return [
            replace(partner_time, zone=here) if partner_time.is_floating else partner_time for partner_time in declared
        ]

    def add(self, partner_time: PartnerTime) -> PartnerTime:
        """Save what was declared (`UserError`: its title is not text); return it with its number."""
        with self._database.writing() as connection:
            numbered = replace(partner_time, number=self._state.next_number("last_number"))
            _save(connection, numbered)
        return numbered

    def change(self, partner_time: PartnerTime, renamed: Mapping[str, str]) -> bool:
        """Replace the one of this number and rename the ids of its exceptions; return whether there was one."""
        with self._database.writing() as connection:
            row = connection.execute("SELECT 1 FROM partner_times WHERE number = ?", (partner_time.number,))
            if row.fetchone() is None:
                return False
            _save(connection, partner_time)
            # In two steps, by way of a name that no occurrence has: one's new id may be another's old one.
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

    def remove(self, number: int) -> bool:
        """Delete a partner time with its exceptions; return whether there was one of that number.

        What a calendar proposed is declined by it. What was cancelled stays for the report, but nothing makes up for it
        any more where that was this partner time.
        """
        with self._database.writing() as connection:
            if not connection.execute("DELETE FROM partner_times WHERE number = ?", (number,)).rowcount:
                return False
            # The id of an occurrence is the number of its partner time, an @, and when it was planned to begin.
            connection.execute("DELETE FROM exceptions WHERE occurrence LIKE ?", (f"{number:d}@%",))
            connection.execute("UPDATE cancelled SET instead = NULL WHERE instead = ?", (number,))
            # Declined, or the next look at the calendar would propose it again.
            connection.execute(
                "UPDATE proposals SET accepted_as = NULL, decided = 'declined' WHERE accepted_as = ?", (number,)
            )
        return True

    def stop(self, occurrence: str, at: datetime) -> None:
        """Save that the occurrence was stopped early; its first stop counts."""
        self._save_exception(occurrence, _STOPPED, at)

    def ended_early(self) -> dict[str, datetime]:
        """Return when occurrences were first stopped, skipped or cancelled, by id; it may be before the start."""
        with self._database.reading() as connection:
            cursor = connection.execute(
                "SELECT occurrence, min(at) FROM exceptions WHERE kind != ? GROUP BY occurrence ORDER BY min(rowid)",
                (_EXTENDED,),
            )
            return {occurrence: to_instant(at) for occurrence, at in cursor}

    def skip(self, occurrence: str, at: datetime) -> None:
        self._save_exception(occurrence, _SKIPPED, at)

    def skipped(self) -> frozenset[str]:
        """Return the ids of the occurrences that were skipped or cancelled."""
        with self._database.reading() as connection:
            cursor = connection.execute(
                "SELECT occurrence FROM exceptions WHERE kind IN (?, ?)", (_SKIPPED, _CANCELLED)
            )
            return frozenset(occurrence for (occurrence,) in cursor)

    def cancel(self, planned: Occurrence, at: datetime, instead: PartnerTime | None) -> PartnerTime | None:
        """Save that the occurrence is cancelled; declare what makes up for it, and return that with its number."""
        with self._database.writing() as connection:
            added = None if instead is None else self.add(instead)
            self._save_exception(planned.id, _CANCELLED, at)
            cancelled = CancelledOccurrence(
                occurrence=planned.id,
                title=planned.title,
                begins=planned.begins,
                ends=planned.ends,
                at=at,
                instead=None if added is None else added.number,
            )
            connection.execute(_REPLACE_CANCELLED, _CANCELLATIONS.to_row(cancelled))
        return added

    def cancelled(self, since: datetime | None = None, until: datetime | None = None) -> list[CancelledOccurrence]:
        """Return what was cancelled with `since <= begins < until`, in order, even if its partner time was removed."""
        # Numbers beyond any instant, so that one query serves whether or not a side is open.
        low = -(2**62) if since is None else to_microseconds(since)
        high = 2**62 if until is None else to_microseconds(until)
        with self._database.reading() as connection:
            cursor = connection.execute(
                f"SELECT {', '.join(_CANCELLATIONS.columns)} FROM cancelled "
                "WHERE begins >= ? AND begins < ? ORDER BY begins, occurrence",
                (low, high),
            )
            return [_CANCELLATIONS.from_row(row) for row in cursor]

    def unskip(self, occurrence: str) -> bool:
        """Take back that the occurrence was skipped or cancelled; return whether it was."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM cancelled WHERE occurrence = ?", (occurrence,))
            deleted = connection.execute(
                "DELETE FROM exceptions WHERE occurrence = ? AND kind IN (?, ?)", (occurrence, _SKIPPED, _CANCELLED)
            )
            return deleted.rowcount > 0

    def extend(self, occurrence: str, ends: datetime) -> None:
        """Save that the occurrence was given another end; the last one counts."""
        self._save_exception(occurrence, _EXTENDED, ends, "REPLACE")

    def extended(self) -> dict[str, datetime]:
        with self._database.reading() as connection:
            cursor = connection.execute(
                "SELECT occurrence, at FROM exceptions WHERE kind = ? ORDER BY rowid", (_EXTENDED,)
            )
            return {occurrence: to_instant(at) for occurrence, at in cursor}

    def pause_until(self, until: datetime | None) -> None:
        """Save until when the program pauses; None: it does not."""
        self._state.set(_PAUSED_KEY, None if until is None else to_microseconds(until))

    def paused_until(self) -> datetime | None:
        stored = self._state.get(_PAUSED_KEY)
        return to_instant(stored) if isinstance(stored, int) else None

    def _save_exception(self, occurrence: str, kind: str, at: datetime, on_conflict: str = "IGNORE") -> None:
        with self._database.writing() as connection:
            connection.execute(
                f"INSERT OR {on_conflict} INTO exceptions (occurrence, kind, at) VALUES (?, ?, ?)",
                (occurrence, kind, to_microseconds(at)),
            )


def _save(connection: sqlite3.Connection, partner_time: PartnerTime) -> None:
    # Bytes that the terminal's encoding does not know reach Python as lone surrogates, which SQLite cannot store.
    try:
        partner_time.title.encode()
    except UnicodeEncodeError:
        message = _("The title holds bytes that are no text. Write it in your terminal's own encoding.")
        raise UserError(message) from None
    connection.execute(_REPLACE_PARTNER_TIME, tuple(from_partner_time(partner_time).values()))


@lru_cache(maxsize=MAX_CACHED)
def _to_partner_time(row: tuple[Any, ...]) -> PartnerTime:
    # The daemon reads the plan every minute, and what is declared hardly ever changes.
    return to_partner_time(dict(zip(COLUMNS, row, strict=True)))
