"""The schema, as the migrations that lead to it; `detector.store.migrate` applies them.

Invariant 1: a migration that was released is never changed; a new one is added below it, and `schema.VERSION` counts them.
Invariant 2: tables are STRICT; instants and lengths are integers, in microseconds; only a partner time's local beginning is text.
"""

from typing import Final

from sqlite_utils import Database, Migrations
from sqlite_utils.db import ForeignKey, Table

MIGRATIONS: Final = Migrations("turntoward")
_TYPES: Final = {"int": int, "str": str}


def _table(db: Database, name: str, key: str | tuple[str, ...], columns: str, *, of_occurrence: bool = False) -> Table:
    """Create a table; `columns`: each with its type, and a question mark where it may be NULL."""
    types = dict(column.split() for column in columns.split(","))
    cascade = [ForeignKey(name, "occurrence", "occurrences", "id", on_delete="CASCADE")]
    return db.table(name).create(
        {column: _TYPES[kind.rstrip("?")] for column, kind in types.items()},
        pk=key,
        not_null={column for column, kind in types.items() if not kind.endswith("?")},
        # What belongs to an occurrence is deleted with it.
        foreign_keys=cascade if of_occurrence else None,
        strict=True,
    )


@MIGRATIONS()
def m001_what_is_kept(db: Database) -> None:
    """Create the tables of occurrences and what belongs to them, of plans, and of the program's state."""
    _table(db, "occurrences", "id", "id str, title str, began int, ends int, ended int?, end_reason str?").create_index(
        ["began"]
    )
    _table(
        db, "observations", "id", "id int, occurrence str, at int, device str, kind str, fields str", of_occurrence=True
    ).create_index(["occurrence"])
    _table(
        db,
        "uses",
        ("occurrence", "number"),
        "occurrence str, number int, device str, category str, name str?, began int, ended int?, trusted int",
        of_occurrence=True,
    )
    _table(
        db,
        "coverage",
        ("occurrence", "number"),
        "occurrence str, number int, device str, began int, ended int",
        of_occurrence=True,
    )
    _table(
        db,
        "moments",
        ("occurrence", "number"),
        "occurrence str, number int, rule str, device str, use int?, category str?, name str?, began int, "
        "decided_at int, ended int?, decided str, reason str?, evidence str, repeat int, shown_by str?, "
        "answer str?, answered_at int?, outcome str?",
        of_occurrence=True,
    ).create_index(["decided_at"])
    _table(db, "partner_times", "number", "number int, title str, begins str, lasts int, zone str, recurrence str?")
    # `kind` leaves room for the exceptions of RFC 5545: cancelled, moved (`instead_at`).
    _table(db, "exceptions", ("occurrence", "kind"), "occurrence str, kind str, at int, instead_at int?")
    _table(db, "state", "key", "key str, value str")


@MIGRATIONS()
def m002_phones(db: Database) -> None:
    """Create the tables of phones and of unknown apps, and the index of phones' signs."""
    _table(
        db,
        "phones",
        "number",
        "number int, name str, paired int?, token str?, code str?, code_until int?, adb str?, shows_nudges int",
    ).create_index(["name"], unique=True)
    _table(
        db,
        "unknown_apps",
        ("occurrence", "device", "app"),
        "occurrence str, device str, app str, opens int, apps int",
        of_occurrence=True,
    )
    # Few of many rows: without this the report would read through every count of input there is.
    db.execute("CREATE INDEX idx_observations_signs ON observations (occurrence) WHERE kind IN ('PickedUp', 'PutAway')")


@MIGRATIONS()
def m003_calendars(db: Database) -> None:
    """Add the columns for RFC 5545, and the tables of calendars, proposals and cancelled occurrences."""
    # Local beginnings are text, as `begins` is: JSON lists of them.
    for name in ("without", "also", "moved"):
        db.table("partner_times").add_column(name, str, not_null_default="[]")
    for name in ("floats", "as_rfc", "quiet"):
        db.table("partner_times").add_column(name, int, not_null_default=0)
    db.table("partner_times").add_column("instead_of", str)
    db.table("partner_times").add_column("proposal", int)
    db.table("occurrences").add_column("started_well", int)
    db.table("occurrences").add_column("started_at", int)
    _table(db, "cancelled", "occurrence", "occurrence str, title str, begins int, ends int, at int, instead int?")
    _table(
        db,
        "calendars",
        "number",
        "number int, name str, place str, tag str?, category str?, everything int, subscribed int, accepts int, "
        "local int, etag str?, modified str?, refreshed int?, tried int?, why str?",
    )
    _table(
        db, "proposals", "number", "number int, calendar int, uid str, partner_time str, decided str, accepted_as int?"
    ).create_index(["calendar", "uid"], unique=True)


@MIGRATIONS()
def m004_problems_of_calendars(db: Database) -> None:
    """Add what could not be understood of a calendar, as JSON: pairs of a sentence and until when it matters."""
    db.table("calendars").add_column("problems", str, not_null_default="[]")
