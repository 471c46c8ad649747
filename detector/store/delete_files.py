"""Delete everything that the program stores, the files themselves included, even where they are damaged."""

from datetime import datetime
from pathlib import Path

from detector.errors import StoreError
from detector.i18n import _
from detector.paths import store_files
from detector.store.errors import StoreDamaged, StoreTooNew
from detector.store.model import DeletedCounts
from detector.store.store import Store


def delete_store(path: Path, *, now: datetime) -> tuple[DeletedCounts, bool]:
    """Delete what is stored; return how much that was, and whether the files are gone, too.

    They stay, emptied, where another program (the daemon) has them open. Raises `StoreError` if they are another
    program's files, or cannot be deleted.
    """
    try:
        with Store.open(path) as store:
            deleted = store.forget_all(now=now, plans=True)
            gone = store.close_log_if_alone()
    except (StoreDamaged, StoreTooNew):
        # What is to be deleted need not be readable first.
        deleted, gone = DeletedCounts(), True
    if gone:
        _unlink(path)
    return deleted, gone


def path_exists(path: Path) -> bool:
    """Return whether something is at the path, also a broken link, or something that may not be looked at."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def delete_recordings(folder: Path, since: datetime | None = None) -> int:
    """Delete the recordings of failures, or those written at `since` or later; return how many."""
    deleted = 0
    for recording in sorted(folder.glob("*.jsonl")):
        try:
            if since is None or recording.stat().st_mtime >= since.timestamp():
                recording.unlink(missing_ok=True)
                deleted += 1
        except OSError as error:
            raise _not_deleted(recording, error) from error
    return deleted


def _unlink(path: Path) -> None:
    real = path.resolve()
    try:
        # The link last: as long as it is there, another try finds the file behind it.
        for file in (*store_files(real), path):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise _not_deleted(path, error) from error


def _not_deleted(path: Path, error: OSError) -> StoreError:
    return StoreError(_("{path} cannot be deleted: {reason}.").format(path=path, reason=error.strerror))
