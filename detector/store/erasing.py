"""Delete everything that the program keeps, the files themselves included, even where they can no longer be read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from detector.errors import StoreError
from detector.store.errors import StoreDamaged, StoreTooNew
from detector.store.model import DeletedCounts
from detector.store.store import Store


def erase(path: Path, *, now: datetime) -> tuple[DeletedCounts, bool]:
    """Delete what is kept; return how much that was, and whether the files are gone, too.

    They stay, emptied, where another program (the daemon) has them open.

    Raises:
        StoreError: if they are another program's files, or cannot be deleted.
    """
    try:
        with Store.open(path) as store:
            forgotten = store.forget_all(now=now, plans=True)
            gone = store.is_alone()
    except (StoreDamaged, StoreTooNew):
        # Whoever asks for all to be deleted need not be able to read it first.
        forgotten, gone = DeletedCounts(), True
    if gone:
        _unlink(path)
    return forgotten, gone


def is_there(path: Path) -> bool:
    """Return whether something is at the path, even if only a link, or nothing that may be looked at."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def delete_recordings(folder: Path, since: datetime | None = None) -> int:
    """Delete the recordings of failures, or those written at `since` or later; return how many.

    Raises:
        StoreError: if one cannot be deleted.
    """
    deleted = 0
    for recording in sorted(folder.glob("*.jsonl")):
        try:
            if since is None or recording.stat().st_mtime >= since.timestamp():
                recording.unlink(missing_ok=True)
                deleted += 1
        except OSError as refused:
            raise StoreError(f"{recording} cannot be deleted: {refused.strerror}.") from refused
    return deleted


def _unlink(path: Path) -> None:
    real = path.resolve()
    try:
        for file in (real, *(real.with_name(real.name + end) for end in ("-wal", "-shm", "-journal")), path):
            file.unlink(missing_ok=True)
    except OSError as refused:
        raise StoreError(f"{path} cannot be deleted: {refused.strerror}.") from refused
