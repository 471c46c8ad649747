"""Open the database file: where it may be, who may read it, and its schema brought up to date.

Invariant 1: the folder is 0700 and the file 0600; SQLite gives the files beside it the file's own mode.
Invariant 2: nothing but SQLite ever opens the file: POSIX locks belong to the process, and closing any descriptor of the file
would drop those of SQLite.
Invariant 3: sqlite-utils (20 MB) is not imported here; where a migration is due, a short-lived child process applies it.
"""

import os
import sqlite3
import stat
import sys
from functools import cache
from pathlib import Path
from typing import Final

from detector.errors import StoreError
from detector.files import is_regular_or_absent, make_folders
from detector.i18n import _
from detector.paths import store_files
from detector.store.errors import StoreMissing, raising_store_errors
from detector.store.schema import BUSY_SECONDS, migration_due

_MIGRATION_SECONDS: Final = 120
_FOLDER: Final = "turntoward"


def open_file(path: Path, *, read_only: bool = False) -> tuple[Path, sqlite3.Connection]:
    """Return the file's real path, links followed, and a connection; bring the schema up to date first.

    Raises `StoreMissing` if it is to be read only and is not there; `StoreError` with what is wrong, where, and what to
    do; the file is as it was.
    """
    real = _prepare_file(path, create=not read_only)
    connection = _connect(real)
    try:
        due = migration_due(real, connection)
    finally:
        connection.close()
    if due:
        _migrate(real)
    connection = _connect(real)
    try:
        with raising_store_errors(real):
            # In WAL mode NORMAL survives a crash of the program; only a power failure may lose the last transactions.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")  # deleted content is overwritten with zeros
            connection.execute("PRAGMA cache_size = -1024")  # 1 MB instead of 2, for the daemon
            if read_only:
                connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return real, connection


def open_memory() -> sqlite3.Connection:
    """Return a connection to a new, empty store in memory that has the schema and is gone when it is closed."""
    connection = _connection(":memory:")
    # Copying the pages of an empty store takes 0.08 ms, running the statements of the schema 1.1 ms.
    _empty_store().backup(connection)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@cache
def _empty_store() -> sqlite3.Connection:
    connection = _connection(":memory:")
    schema = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    connection.executescript(f"BEGIN;{schema}COMMIT;")
    return connection


def _connect(path: Path) -> sqlite3.Connection:
    with raising_store_errors(path):
        # rw: SQLite must not create the file, which would get what the umask leaves instead of 0600.
        return _connection(f"{path.as_uri()}?mode=rw")


def _connection(database: str) -> sqlite3.Connection:
    # isolation_level None: Python's sqlite3 begins no transactions of its own, so that `Database` can begin each IMMEDIATE.
    return sqlite3.connect(database, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _prepare_file(path: Path, *, create: bool) -> Path:
    try:
        real = path.resolve()
        if create:
            _create(real)
        mode = real.stat().st_mode
    except FileNotFoundError:
        message = _("Nothing is kept yet: there is no {path}.\n  It appears with `turntoward now`.")
        raise StoreMissing(message.format(path=path)) from None
    except (OSError, RuntimeError) as error:  # pathlib raises RuntimeError for links that lead in a circle
        why = error.strerror if isinstance(error, OSError) else _("the links lead in a circle")
        raise StoreError(
            _(
                "{path} cannot be used: {why}.\n  The folder must be yours and writable, and the file a regular one."
            ).format(path=path, why=why)
        ) from error
    if stat.S_ISDIR(mode):
        message = _("{path} is a folder; the store must be a regular file.\n  Move it aside.")
        raise StoreError(message.format(path=path))
    for file in store_files(real):
        # Opening a pipe would block, both in place of the file and of the files that SQLite keeps beside it.
        if not is_regular_or_absent(file):
            message = _("{path} is not a regular file; the store must be one.\n  Move it aside.")
            raise StoreError(message.format(path=path if file == real else file))
    for target, wanted in ((real, 0o600), (real.parent, 0o700)):
        # The person chose a folder of another name, and may have other files in it.
        status = target.stat()
        if status.st_uid == os.geteuid() and status.st_mode & 0o077 and (target is real or target.name == _FOLDER):
            target.chmod(wanted)
    return real


def _create(real: Path) -> None:
    make_folders(real.parent)
    if not real.exists():
        # O_EXCL: if the file is there by now, this process may have it open, and closing a descriptor drops its locks.
        try:
            os.close(os.open(real, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            return


def _migrate(path: Path) -> None:
    if "sqlite_utils" in sys.modules:  # in tests, and in `export`: then a child would only cost time
        from detector.store.migrate import migrate  # noqa: PLC0415 - see invariant 3

        migrate(path)
        return
    import subprocess  # noqa: PLC0415 - needed once for each version of the schema

    # -P and our own PYTHONPATH: the child must import this program, whatever lies in the current folder.
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "detector.store.migrate", str(path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_MIGRATION_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        message = _("{path} could not be brought up to date: it took more than two minutes.")
        raise StoreError(message.format(path=path)) from None
    if child.returncode:
        raise StoreError(child.stderr.strip() or _("{path} could not be brought up to date.").format(path=path))
