"""Everything that is stored, as plain rows with ISO 8601 times.

Invariant 1: only secrets are left out: the digests of tokens and pairing codes, and the addresses of calendars.
Invariant 2: all rows are of one instant, although other processes go on writing.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Final

from detector.store import rows
from detector.store.codec import TEXT
from detector.store.microseconds import MICROSECOND, to_instant
from detector.store.schema import TABLES
from rules.model import FeatureKey, Filter

# A name means the same in every table that has such a column. Names that end in "_at" are instants as well.
_INSTANTS: Final = {"at", "began", "begins", "ends", "ended", "paired", "code_until", "refreshed", "tried"}
_FLAGS: Final = {"started_well", "trusted", "floats", "as_rfc", "quiet", "everything", "subscribed", "accepts", "local"}
LEFT_OUT: Final = "left out"
"""Stands in place of a digest or an address, so that whoever gets hold of an export cannot use them."""


def export(connection: sqlite3.Connection) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield table and row, table by table in the order of `TABLES`, rows in the order in which they were inserted."""
    from sqlite_utils import Database  # noqa: PLC0415 - 20 MB that only this command needs

    database = Database(connection, execute_plugins=False, recursive_triggers=False)
    connection.execute("BEGIN")
    try:
        for table in TABLES:
            special = _SPECIAL.get(table, _plain)
            for row in database.table(table).rows_where(order_by="rowid"):
                yield table, special(row)
    finally:
        connection.execute("ROLLBACK")


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(name, value) for name, value in row.items()}


def _plain_value(name: str, value: Any) -> Any:
    # A partner time begins at a local time, which is text already.
    if (name in _INSTANTS or name.endswith("_at")) and isinstance(value, int):
        return _iso(value)
    return bool(value) if name in _FLAGS and value is not None else value


def _observation(row: dict[str, Any]) -> dict[str, Any]:
    observation = rows.read(rows.to_observation, (row["at"], row["device"], row["kind"], row["fields"]))
    return {"occurrence": row["occurrence"], **TEXT.write(observation)}


def _partner_time(row: dict[str, Any]) -> dict[str, Any]:
    lists = {name: json.loads(row[name]) for name in ("without", "also")}
    moved = [
        {"of": of, "begins": begins, "lasts": _seconds(lasts), "title": title}
        for of, begins, lasts, title in json.loads(row["moved"])
    ]
    return {**_plain(row), "lasts": _seconds(row["lasts"]), **lists, "moved": moved}


def _calendar(row: dict[str, Any]) -> dict[str, Any]:
    return _plain(row) | ({"place": LEFT_OUT} if "://" in row["place"] else {})


def _proposal(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "partner_time": _partner_time(json.loads(row["partner_time"]))}


def _moment(row: dict[str, Any]) -> dict[str, Any]:
    evidence = [
        {**_feature(key), "value": _seconds(value // MICROSECOND) if isinstance(value, timedelta) else value}
        for key, value in rows.read(lambda stored: rows.to_evidence(stored[0]), (row["evidence"],))
    ]
    return {**_plain(row), "evidence": evidence}


def _feature(key: FeatureKey) -> dict[str, Any]:
    selection = key.which or Filter()
    lengths = {"span": key.span, "shorter": selection.shorter, "longer": selection.longer}
    return {
        "feature": key.name,
        **{name: _seconds(length // MICROSECOND) for name, length in lengths.items() if length is not None},
        **({} if key.category is None else {"category": key.category}),
        **({} if selection.categories is None else {"categories": sorted(selection.categories)}),
        **({"steps": [sorted(step) for step in key.steps]} if key.steps else {}),
        **({"percentile": key.part} if key.part else {}),
        "scope": key.scope,
    }


def _phone(row: dict[str, Any]) -> dict[str, Any]:
    left_out = {name: None if row[name] is None else LEFT_OUT for name in ("token", "code")}
    return {**_plain(row), **left_out, "shows_nudges": bool(row["shows_nudges"])}


def _state(row: dict[str, Any]) -> dict[str, Any]:
    value = json.loads(row["value"])
    if row["key"] == "paused_until":
        value = _iso(value)
    elif row["key"] == "forgotten":
        value = [[_iso(since), _iso(until)] for since, until in value]
    return {"key": row["key"], "value": value}


def _iso(microseconds: int | None) -> str | None:
    return None if microseconds is None else to_instant(microseconds).isoformat().replace("+00:00", "Z")


def _seconds(microseconds: int) -> str:
    return f"PT{microseconds / 1_000_000:.6f}".rstrip("0").rstrip(".") + "S"


_SPECIAL: Final[dict[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "observations": _observation,
    "partner_times": _partner_time,
    "calendars": _calendar,
    "proposals": _proposal,
    "moments": _moment,
    "phones": _phone,
    "state": _state,
}
