"""Bring the file's schema up to date: `python -m detector.store.migrate PATH`, a child that ends when it is done.

Invariant 1: all of it or nothing, in one transaction that is taken before anything is read.
Invariant 2: of two processes that try at once the second waits, and then finds nothing to do.
"""

import fcntl
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlite_utils import Database, Migrations

from detector.errors import EXIT_FAILED, StoreError
from detector.i18n import _
from detector.store.errors import raising_store_errors
from detector.store.migrations import MIGRATIONS
from detector.store.schema import APPLICATION, BUSY_SECONDS, VERSION, migration_due


def migrate(path: Path, migrations: Migrations = MIGRATIONS, version: int = VERSION) -> None:
    """Apply the migrations that are due. Raises `StoreError` if one fails; the file is as it was."""
    with _folder_locked(path), raising_store_errors(path):
        connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            if not migration_due(path, connection, version):
                return
            # WAL: commands read while the daemon writes. It cannot be set inside a transaction, and the file keeps it.
            connection.execute("PRAGMA journal_mode = WAL")
            # Schema and version change together or not at all: the statements of DDL are part of the transaction.
            connection.execute("BEGIN IMMEDIATE")
            _apply(path, connection, migrations, version)
        finally:
            connection.close()


def _apply(path: Path, connection: sqlite3.Connection, migrations: Migrations, version: int) -> None:
    try:
        migrations.apply(Database(connection, execute_plugins=False, recursive_triggers=False))
        connection.execute(f"PRAGMA application_id = {APPLICATION:d}")
        connection.execute(f"PRAGMA user_version = {version:d}")
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.IntegrityError | ValueError | AssertionError):
            message = _("{path} could not be brought up to date: {reason}. It is as it was.")
            raise StoreError(message.format(path=path, reason=error)) from error
        raise


@contextmanager
def _folder_locked(path: Path) -> Iterator[None]:
    # SQLite's busy timeout does not cover the change to WAL mode: of two processes that make it at once one fails with
    # SQLITE_BUSY at once. The folder is locked, not the file, which only SQLite may open (see `opening`, invariant 2).
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some network file systems have no such locks; SQLite's own remain
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def main() -> int:
    try:
        migrate(Path(sys.argv[1]))
    except StoreError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
