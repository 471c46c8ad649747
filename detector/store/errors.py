"""What a failure of SQLite means to a person: what is wrong, where, and what to do.

Invariant 1: the original file stays where and as it is.
Invariant 2: a broken constraint is a bug in the program and is raised unchanged.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from detector.errors import StoreError
from detector.i18n import _

_DAMAGED: Final = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_IOERR_SHORT_READ")


class StoreMissing(StoreError):
    """There is no file yet, and it was to be opened for reading only."""


class StoreDamaged(StoreError):
    """The file is no SQLite file, or not a whole one."""


class StoreTooNew(StoreError):
    """The file was written by a newer version of the program."""


class StoreLocked(StoreError):
    """Another program holds the file."""


def move_aside_command(path: Path) -> str:
    return f'for f in \'{path}\'*; do mv "$f" "$f.aside"; done'


def damaged_error(path: Path, what: str) -> StoreDamaged:
    return StoreDamaged(
        _(
            "The store cannot be read: {path} is damaged ({what}).\n"
            "  Nothing was changed. If you have a copy of the file, put it there; to start without it, move it aside:\n"
            "  {command}"
        ).format(path=path, what=what, command=move_aside_command(path))
    )


@contextmanager
def raising_store_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite raises inside into a `StoreError` that says what to do."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        name: str | None = getattr(error, "sqlite_errorname", None)
        if name is None:
            # Python's own errors have no SQLite name. OperationalError is raised for a TEXT value that is not UTF-8,
            # which only damage can cause; the others mean that we misuse the module, which is a bug.
            if type(error) is sqlite3.OperationalError:
                raise damaged_error(path, _("a text in it is not UTF-8")) from error
            raise
        raise _translated(path, name, str(error)) from error


def _translated(path: Path, name: str, message: str) -> StoreError:
    # A read that ends too early is damage, although its name begins like those of other failures of the disk.
    if name.startswith(_DAMAGED):
        return damaged_error(path, message)
    kind: type[StoreError] = StoreError
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        kind = StoreLocked
        text = _(
            "Another program is using {path}, and did not release it in time.\n"
            "  Close what has it open (`fuser '{path}'` names it) and try again. Nothing was changed."
        )
    elif name.startswith("SQLITE_FULL"):
        text = _(
            "There is no room left on the disk that holds {path}.\n"
            "  Nothing in it is lost. What could not be written is missing as a whole. Make room, then start again."
        )
    elif name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        text = _(
            "{path} cannot be written ({message}).\n"
            "  The file and its folder must be yours and writable: `ls -la '{folder}'` shows whose they are."
        )
    elif name.startswith("SQLITE_IOERR"):
        text = _(
            "The disk that holds {path} does not work as it should ({name}).\n"
            "  The program changed nothing. Look at the disk (`dmesg | tail`), and make a copy of the file first."
        )
    else:
        text = _("SQLite cannot use {path}: {message} ({name}). Nothing was changed.")
    return kind(text.format(path=path, name=name, message=message, folder=path.parent))
