"""Everything that is stored, as plain rows with ISO 8601 times.

Invariant 1: only secrets are left out: the digests of tokens and pairing codes, and the addresses of calendars.
Invariant 2: instants of phones are written to the minute, and `UNNAMED` categories as `other`; the store has both exactly.
Invariant 3: all rows are of one instant, although other processes go on writing.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from detector.core.observations import MICROSECOND, Activity, Focused
from detector.store import rows
from detector.store.codec import TEXT
from detector.store.microseconds import to_instant
from detector.store.model import FIRST_BACKFILLED
from detector.store.schema import TABLES
from rules.explain import CATEGORY_FEATURES, shown_category, shown_instant
from rules.features import LAPTOP, UNNAMED
from rules.model import FeatureKey, Filter, Value

# A name means the same in every table that has such a column. Names that end in "_at" are instants as well.
_INSTANTS: Final = {"at", "began", "begins", "ends", "ended", "paired", "code_until", "refreshed", "tried"}
_FLAGS: Final = {"started_well", "trusted", "floats", "as_rfc", "quiet", "everything", "subscribed", "accepts", "local"}
_MINUTE: Final = 60_000_000
LEFT_OUT: Final = "left out"
"""Stands in place of a digest or an address, so that an export gives no access."""


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


def _of_device(row: dict[str, Any]) -> dict[str, Any]:
    plain = _plain({name: _shown(name, value, row["device"]) for name, value in row.items()})
    if row["number"] >= FIRST_BACKFILLED:
        plain["number"] -= (row["number"] - FIRST_BACKFILLED) % (_MINUTE // 1000)
    if row.get("category") is None:
        return plain
    shown = shown_category(row["category"])
    return plain | {"category": shown, "name": row["name"] if shown == row["category"] else None}


def _shown(name: str, value: Any, device: str) -> Any:
    is_instant = (name in _INSTANTS or name.endswith("_at")) and isinstance(value, int)
    return value - value % _MINUTE if is_instant and device != LAPTOP else value


def _plain_value(name: str, value: Any) -> Any:
    # A partner time begins at a local time, which is text already.
    if (name in _INSTANTS or name.endswith("_at")) and isinstance(value, int):
        return _iso(value)
    return bool(value) if name in _FLAGS and value is not None else value


def _observation(row: dict[str, Any]) -> dict[str, Any]:
    observation = rows.read(rows.to_observation, (row["at"], row["device"], row["kind"], row["fields"]))
    shown: dict[str, Any] = {
        name: shown_instant(getattr(observation, name), row["device"]) for name in TEXT.instants_of(observation)
    }
    if isinstance(observation, Focused) and observation.activity and observation.activity.category in UNNAMED:
        shown["activity"] = Activity(category="other")
    return {"occurrence": row["occurrence"], **TEXT.write(replace(observation, **shown))}


def _partner_time(row: dict[str, Any]) -> dict[str, Any]:
    lists = {name: json.loads(row[name]) for name in ("without", "also")}
    moved = [
        {"of": of, "begins": begins, "lasts": _seconds(lasts), "title": title}
        for of, begins, lasts, title in json.loads(row["moved"])
    ]
    return {**_plain(row), "lasts": _seconds(row["lasts"]), **lists, "moved": moved}


def _calendar(row: dict[str, Any]) -> dict[str, Any]:
    problems = [{"text": text, "until": _iso(until)} for text, until in json.loads(row["problems"])]
    return _plain(row) | {"problems": problems} | ({"place": LEFT_OUT} if "://" in row["place"] else {})


def _proposal(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "partner_time": _partner_time(json.loads(row["partner_time"]))}


def _moment(row: dict[str, Any]) -> dict[str, Any]:
    evidence = [
        {**_feature(key), "value": _value(key, value)}
        for key, value in rows.read(lambda stored: rows.to_evidence(stored[0]), (row["evidence"],))
    ]
    return {**_of_device(row), "evidence": evidence}


def _value(key: FeatureKey, value: Value) -> Any:
    if isinstance(value, timedelta):
        return _seconds(value // MICROSECOND)
    return shown_category(str(value)) if key.name in CATEGORY_FEATURES else value


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
    "uses": _of_device,
    "coverage": _of_device,
    "partner_times": _partner_time,
    "calendars": _calendar,
    "proposals": _proposal,
    "moments": _moment,
    "phones": _phone,
    "state": _state,
}
