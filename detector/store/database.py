"""The connection to the SQLite database, its transactions, and the table of small values.

Invariant 1: a change is one transaction that begins with BEGIN IMMEDIATE; a change inside another one joins its transaction.
Invariant 2: whatever fails is a `StoreError` that says what to do.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock

from detector.store.errors import damaged_error, raising_store_errors
from detector.store.rows import RowDamaged


class Database:
    """One connection. Threads may share it: one writes at a time, and a reader waits for nobody."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        # Re-entrant, so that a change may call another change; `_in_transaction` is true for the inner one.
        self._lock = RLock()
        self._in_transaction = False

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Hold a transaction: it is committed at the end, and rolled back where something is raised inside."""
        with self.exclusive() as connection:
            if self._in_transaction:
                yield connection
                return
            # IMMEDIATE takes the write lock now, where SQLite waits for other processes up to the busy timeout. A
            # transaction that begins by reading and asks for the lock later would fail at once with SQLITE_BUSY if
            # another process wrote in between.
            connection.execute("BEGIN IMMEDIATE")
            self._in_transaction = True
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite may have rolled back by itself (disk full, for example), and then ROLLBACK fails. What failed
                # first is what the person has to know.
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._in_transaction = False

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for reading. An error of SQLite, and a row that cannot be read, become a `StoreError`."""
        with raising_store_errors(self.path):
            try:
                yield self._connection
            except RowDamaged as error:
                raise damaged_error(self.path, str(error)) from error

    @contextmanager
    def exclusive(self) -> Iterator[sqlite3.Connection]:
        """Give the connection to this thread alone, without a transaction, which VACUUM for example does not allow."""
        with self._lock, self.reading() as connection:
            yield connection


class StateStore:
    """Small JSON values of the program, by name: numbers given last, a pause, the quiet week and so on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str) -> object:
        with self._database.reading() as connection:
            row = connection.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        value: object = None if row is None else json.loads(row[0])
        return value

    def set(self, key: str, value: object) -> None:
        """Save the value, which JSON can hold; None deletes it."""
        with self._database.writing() as connection:
            if value is None:
                connection.execute("DELETE FROM state WHERE key = ?", (key,))
            else:
                text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
                connection.execute("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (key, text))

    def next_number(self, key: str) -> int:
        """Return a number that was never returned for this key before, so that no id is ever used twice."""
        with self._database.writing():
            last = self.get(key)
            number = (last if isinstance(last, int) else 0) + 1
            self.set(key, number)
        return number
