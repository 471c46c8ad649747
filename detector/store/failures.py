"""What SQLite's failures mean to a person: what is wrong, where, and what to do. The file is never touched for it.

Rule 1: whatever failed, the original stays where it is, as it is.
Rule 2: a broken constraint is a bug of ours and is not dressed up as anything else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from detector.errors import StoreError

_BUSY: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")
_DAMAGED: Final = ("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_IOERR_SHORT_READ")
_CLOSED: Final = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")


class NothingKept(StoreError):
    """There is no file yet, and it was to be read only."""


class StoreDamaged(StoreError):
    """The file is no SQLite file, or not a whole one."""


class StoreTooNew(StoreError):
    """The file was written by a newer version of the program."""


class StoreLocked(StoreError):
    """Another program holds the file."""


def aside(path: Path) -> str:
    """Return the line that moves the file, with all that SQLite keeps beside it, out of the way."""
    return f'for f in \'{path}\'*; do mv "$f" "$f.aside"; done'


def damaged(path: Path, what: str) -> StoreDamaged:
    """Return what to say of a damaged file."""
    return StoreDamaged(
        f"What is kept cannot be read: {path} is damaged ({what}).\n"
        "  Nothing was changed. If you have a copy of the file, put it there; to begin anew, move it aside:\n"
        f"  {aside(path)}"
    )


@contextmanager
def said(path: Path) -> Iterator[None]:
    """Turn what SQLite raises inside into a `StoreError` that says what to do.

    Raises:
        StoreError: or the one of its kinds that fits.
    """
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as wrong:
        name: str | None = getattr(wrong, "sqlite_errorname", None)
        if name is None:  # from the binding: text that is none, or a misuse, which is a bug
            if type(wrong) is sqlite3.OperationalError:
                raise damaged(path, "a text in it is no text") from wrong
            raise
        raise _meaning(path, name, str(wrong)) from wrong


def _meaning(path: Path, name: str, words: str) -> StoreError:
    if name.startswith(_BUSY):
        return StoreLocked(
            f"Another program holds {path} and did not let go of it in time.\n"
            f"  Close what has it open (`fuser '{path}'` names it) and try again. Nothing was changed."
        )
    if name.startswith("SQLITE_FULL"):
        return StoreError(
            f"There is no room left on the disk that holds {path}.\n"
            "  Nothing of it is lost; what could not be written was left out whole. Make room, then start again."
        )
    if name.startswith(_DAMAGED):
        return damaged(path, words)
    if name.startswith(_CLOSED):
        return StoreError(
            f"{path} cannot be written ({words}).\n"
            f"  The file and its folder must be yours and writable: `ls -la '{path.parent}'` shows whose they are."
        )
    if name.startswith("SQLITE_IOERR"):
        return StoreError(
            f"The disk that holds {path} does not answer as it should ({name}).\n"
            "  Nothing was changed knowingly. Look at the disk (`dmesg | tail`), and make a copy of the file first."
        )
    return StoreError(f"SQLite cannot use {path}: {words} ({name}). Nothing was changed.")
