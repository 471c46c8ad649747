"""The store: one SQLite file, or one database in memory, and one connection to it; every promise of `model.Keeping`.

Rule 1: every change is one transaction, begun IMMEDIATE: it waits for others at its start and never half way.
Rule 2: what was kept is in the file when `keep_all` returns: a kill takes nothing of it.
Rule 3: whatever fails is a `StoreError` that says what to do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Final, Self

from detector.core.effects import Moment, Record
from detector.core.observations import Observation
from detector.devices import Phone, PhoneApiAddress
from detector.store import deleting, keeping, phones, reading, rows, state, unknown_apps
from detector.store.declaring import Declaring
from detector.store.failures import damaged, said
from detector.store.instants import as_instant, as_integer
from detector.store.model import Forgotten, KeptCoverage, KeptOccurrence, KeptUse, Unknown
from detector.store.opening import open_file, open_memory
from detector.zone import here

_PAUSED: Final = "paused_until"


class Store(Declaring):
    """What is kept; see `model.Keeping` for what each method promises. Close it, or use it in a `with`."""

    def __init__(self, path: Path, connection: sqlite3.Connection, zone: Callable[[], str] = here) -> None:
        self.path = path
        self._connection = connection
        self._turn = RLock()
        self._in_one = False
        self._zone = zone

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, zone: Callable[[], str] = here) -> Store:
        """Open the file, make it if it is not there, and bring its schema up to date.

        `zone` names the zone in which the device is just now.

        Raises:
            NothingKept: if it is to be read only and is not there.
            StoreError: if it is locked, damaged, from a newer version, another program's, or out of reach.
        """
        return cls(*open_file(path, read_only=read_only), zone)

    @classmethod
    def in_memory(cls, zone: Callable[[], str] = here) -> Self:
        """Return an empty store that is gone when it is closed: for tests, and where nothing may be written."""
        return cls(Path(":memory:"), open_memory(), zone)

    def __enter__(self) -> Self:
        """Return the store."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._turn, said(self.path):
            self._connection.close()

    def keep_all(self, records: Sequence[Record]) -> None:
        """Keep all of the records or none."""
        if records:
            with self._writing() as connection:
                keeping.keep(connection, records)

    def observations(self, occurrence: str) -> Iterator[Observation]:
        """Yield what was observed in the occurrence."""
        with self._reading() as connection:
            yield from reading.observations(connection, occurrence)

    def unfinished(self) -> list[KeptOccurrence]:
        """Return the occurrences without an end."""
        with self._reading() as connection:
            return reading.unfinished(connection)

    def occurrences(self, since: datetime | None = None, until: datetime | None = None) -> list[KeptOccurrence]:
        """Return the occurrences."""
        with self._reading() as connection:
            return reading.chosen_occurrences(connection, since, until)

    def moments(self, since: datetime | None = None, until: datetime | None = None) -> list[Moment]:
        """Return the moments of these occurrences."""
        with self._reading() as connection:
            return reading.chosen(connection, "moments", rows.MOMENT, rows.to_moment, since=since, until=until)

    def uses(self, since: datetime | None = None, until: datetime | None = None) -> list[KeptUse]:
        """Return the uses of these occurrences."""
        with self._reading() as connection:
            return reading.chosen(connection, "uses", rows.USE, rows.to_use, since=since, until=until)

    def coverage(self, since: datetime | None = None, until: datetime | None = None) -> list[KeptCoverage]:
        """Return the coverage of these occurrences."""
        with self._reading() as connection:
            return reading.chosen(connection, "coverage", rows.COVERAGE, rows.to_coverage, since=since, until=until)

    def signs(
        self, kinds: Sequence[type[Observation]], since: datetime | None = None, until: datetime | None = None
    ) -> list[tuple[str, Observation]]:
        """Return what was observed of these kinds in these occurrences."""
        with self._reading() as connection:
            return reading.signs(connection, kinds, since, until)

    def keep_unknown(self, occurrence: str, device: str, app: str, *, names: bool, first: bool) -> None:
        """Count that an app was opened that the catalogue does not know."""
        with self._writing() as connection:
            unknown_apps.count(connection, occurrence, device, app, names=names, first=first)

    def unknown(self, since: datetime | None = None, until: datetime | None = None) -> dict[str, Unknown]:
        """Return what was counted of unknown apps in these occurrences, by device."""
        with self._reading() as connection:
            return unknown_apps.counted(connection, since, until)

    def last_moment(self) -> Moment | None:
        """Return the moment that was decided last."""
        with self._reading() as connection:
            return reading.last_moment(connection)

    def phones(self) -> list[Phone]:
        """Return the phones."""
        with self._reading() as connection:
            return phones.phones(connection)

    def keep_phone(self, phone: Phone) -> Phone:
        """Keep a new phone, or the one of this number; return it with its number."""
        with self._writing() as connection:
            return phones.keep(connection, phone)

    def remove_phone(self, number: int) -> bool:
        """Remove a phone, its token with it."""
        with self._writing() as connection:
            return phones.remove(connection, number)

    def claim_code(self, code: str, token: str, now: datetime) -> Phone | None:
        """Give the phone of this open pairing code its token, once."""
        with self._writing() as connection:
            return phones.claim(connection, code, token, now)

    def phone_api_address(self) -> PhoneApiAddress | None:
        """Return where the door for phones is."""
        with self._reading() as connection:
            return phones.phone_api_address(connection)

    def keep_phone_api_address(self, place: PhoneApiAddress | None) -> None:
        """Keep where the door for phones is."""
        with self._writing() as connection:
            phones.keep_phone_api_address(connection, place)

    def pause_until(self, until: datetime | None) -> None:
        """Keep until when the program pauses."""
        self.remember(_PAUSED, None if until is None else as_integer(until))

    def paused_until(self) -> datetime | None:
        """Return until when the program pauses."""
        kept = self.recall(_PAUSED)
        return as_instant(kept) if isinstance(kept, int) else None

    def remember(self, key: str, value: object) -> None:
        """Keep one small JSON value."""
        with self._writing() as connection:
            state.remember(connection, key, value)

    def recall(self, key: str) -> object:
        """Return the value, or None."""
        with self._reading() as connection:
            return state.recall(connection, key)

    def prune(self, before: datetime) -> int:
        """Delete the occurrences that were over before the instant."""
        with self._writing() as connection:
            return deleting.prune(connection, before)

    def forget(self, since: datetime, *, now: datetime) -> Forgotten:
        """Delete what was observed and decided from `since` on, and every trace of it in the files."""
        with self._writing() as connection:
            forgotten = deleting.forget(connection, since, now)
        self._scrub()
        return forgotten

    def forget_all(self, *, now: datetime, plans: bool = False) -> Forgotten:
        """Delete everything that was observed and decided; with `plans` everything else, too."""
        with self._writing() as connection:
            forgotten = deleting.forget_all(connection, now, plans=plans)
        self._scrub()
        return forgotten

    def export(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield everything that is kept, as table and row; see `detector.store.export`."""
        from detector.store.export import export  # noqa: PLC0415 - only when asked for

        with self._turn, self._reading() as connection:
            yield from export(connection)

    def is_alone(self) -> bool:
        """Return whether nobody else has the file open; if so, nothing is left beside it, and it may be deleted."""
        with self._turn, said(self.path):
            self._connection.execute("PRAGMA busy_timeout = 0")
            try:
                (mode,) = self._connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            except sqlite3.OperationalError as wrong:
                if wrong.sqlite_errorname.startswith("SQLITE_BUSY"):
                    return False
                raise
            return bool(mode == "delete")

    def _scrub(self) -> None:
        with self._turn, said(self.path):
            deleting.scrub(self._connection)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._turn, said(self.path):
            if self._in_one:  # inside `all_or_nothing`
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._in_one = True
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite may have rolled back by itself, and what failed is worth more than what rolling back says.
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._in_one = False

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with said(self.path):
            try:
                yield self._connection
            except rows.RowDamaged as wrong:
                raise damaged(self.path, str(wrong)) from wrong
