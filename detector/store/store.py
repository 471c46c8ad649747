"""The store: one SQLite database in a file or in memory, and the parts of it that the program uses.

Invariant 1: every change is one transaction; `transaction` makes several changes one.
Invariant 2: what was saved is in the file when the call returns: killing the program loses nothing of it.
Invariant 3: whatever fails is a `StoreError` that says what to do.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from detector.store import delete_rows
from detector.store.calendars import CalendarStore
from detector.store.database import Database, StateStore
from detector.store.history import HistoryStore
from detector.store.model import DeletedCounts
from detector.store.opening import open_file, open_memory
from detector.store.phones import PhoneStore
from detector.store.plans import PlanStore
from detector.zone import local_zone_name


class Store:
    """Everything that the program stores. Close it, or use it in a `with`."""

    def __init__(self, path: Path, connection: sqlite3.Connection, zone: Callable[[], str] = local_zone_name) -> None:
        self.path = path
        self._database = database = Database(path, connection)
        self.history = HistoryStore(database)
        self.plans = PlanStore(database, zone)
        self.phones = PhoneStore(database)
        self.calendars = CalendarStore(database, self.plans)
        self.state = StateStore(database)

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, zone: Callable[[], str] = local_zone_name) -> Self:
        """Open the file, make it if it is not there, and bring its schema up to date.

        `zone` names the zone in which the device is just now. Raises `StoreMissing` if it is to be read only and is not
        there; `StoreError` if it is locked, damaged, from a newer version, another program's, or out of reach.
        """
        return cls(*open_file(path, read_only=read_only), zone)

    @classmethod
    def in_memory(cls, zone: Callable[[], str] = local_zone_name) -> Self:
        """Return an empty store that is gone when it is closed."""
        return cls(Path(":memory:"), open_memory(), zone)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        with self._database.exclusive() as connection:
            connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes inside one transaction: all of them are saved, or none."""
        with self._database.writing():
            yield

    def prune(self, before: datetime) -> int:
        """Delete the occurrences that were over before the instant, with all that belongs to them; return how many."""
        return delete_rows.prune(self._database, before)

    def forget(self, since: datetime, *, now: datetime) -> DeletedCounts:
        """Delete what was observed and decided from `since` on, beyond recovery from the files.

        Uses and coverage that reach into `[since, now)` are cut, moments that do are deleted whole. What the daemon still
        holds of that interval in its memory is left out when it is saved later. Counts of unknown apps have no instants:
        those of an occurrence that reaches into the interval are deleted whole.
        """
        deleted = delete_rows.forget(self._database, since, now)
        delete_rows.scrub(self._database)
        return deleted

    def forget_all(self, *, now: datetime, plans: bool = False) -> DeletedCounts:
        """Delete everything that was observed and decided; with `plans` everything else, phones too."""
        deleted = delete_rows.forget_all(self._database, now, plans=plans)
        delete_rows.scrub(self._database)
        return deleted

    def export(self) -> Iterator[tuple[str, dict[str, Any]]]:
        from detector.store.export import export  # noqa: PLC0415 - it is slow to import

        # Locked, because the export has a transaction of its own, so that all rows are of one instant.
        with self._database.exclusive(), self._database.reading() as connection:
            yield from export(connection)

    def close_log_if_alone(self) -> bool:
        """Return whether nobody else has the file open; if so, nothing is left beside it, and it may be deleted."""
        with self._database.exclusive() as connection:
            # Leaving WAL mode takes an exclusive lock, which SQLite grants only to the last connection; it deletes the
            # files -wal and -shm as well.
            connection.execute("PRAGMA busy_timeout = 0")
            try:
                (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorname.startswith("SQLITE_BUSY"):
                    return False
                raise
            return bool(mode == "delete")
