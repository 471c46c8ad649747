"""Count rows of the store with plain SQL, without importing the rest of the store, which takes long."""

import sqlite3
from contextlib import closing
from pathlib import Path

from detector.files import is_regular_or_absent
from detector.paths import store_files


def count_partner_times(path: Path) -> int | None:
    """Return how many partner times are declared; 0 where there is no store, None where it cannot be read."""
    return _count(path, "SELECT count(*) FROM partner_times")


def count_calendars(path: Path) -> int | None:
    return _count(path, "SELECT count(*) FROM calendars")


def count_together(path: Path) -> int | None:
    """Return how many nudges were answered with "This is for both of us"."""
    return _count(path, "SELECT count(*) FROM moments WHERE outcome = 'together'")


def _count(path: Path, query: str) -> int | None:
    if not path.exists():
        return 0
    # SQLite would wait until somebody writes into a pipe.
    if not all(map(is_regular_or_absent, store_files(path.resolve()))):
        return None
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1.0)) as connection:
            (count,) = connection.execute(query).fetchone()
    except sqlite3.Error:
        return None
    return int(count)
