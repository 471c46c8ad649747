"""Which version of the schema this program knows, and which one a database file has."""

import sqlite3
from pathlib import Path
from typing import Final

from detector.errors import StoreError
from detector.i18n import _
from detector.store.errors import StoreTooNew, damaged_error, move_aside_command, raising_store_errors

APPLICATION: Final = 0x5477_7264
"""SQLite's application id of our files: the bytes of "Twrd"."""

VERSION: Final = 4
"""The version of the schema, stored as `user_version`: how many migrations there are."""

TABLES: Final = (
    "partner_times",
    "exceptions",
    "cancelled",
    "calendars",
    "proposals",
    "occurrences",
    "observations",
    "uses",
    "coverage",
    "moments",
    "unknown_apps",
    "phones",
    "state",
)
"""Every table, in the order of an export."""

BUSY_SECONDS: Final = 5.0


def migration_due(path: Path, connection: sqlite3.Connection, known: int = VERSION) -> bool:
    """Return whether the schema is older than `known`. Raises `StoreError` if it is newer, damaged or not ours."""
    with raising_store_errors(path):
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    # A new file, or one whose first migration was killed after it had switched to WAL.
    if not tables and not version and application in (0, APPLICATION):
        return True
    if application != APPLICATION:
        raise StoreError(
            _(
                "{path} is another program's SQLite file. Nothing was changed.\n"
                "  Move it aside, and a new one is made: {command}"
            ).format(path=path, command=move_aside_command(path))
        )
    if version > known:
        raise StoreTooNew(
            _(
                "{path} was written by a newer turntoward (its form is number {version}, this program knows up to "
                "{known}).\n  Nothing was changed. Update turntoward; or, to start without it, move it aside:\n  {command}"
            ).format(path=path, version=version, known=known, command=move_aside_command(path))
        )
    missing = set(TABLES) - tables
    if version == known and missing:
        raise damaged_error(path, _("the table '{name}' is missing").format(name=min(missing)))
    return bool(version < known)
