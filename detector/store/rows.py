"""Convert observations, uses, coverage, moments and occurrences to rows and back; columns in the order of the tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeAlias, TypeVar

from detector.core.effects import Coverage, Moment, Outcome, Use
from detector.core.observations import Activity, Observation
from detector.i18n import _
from detector.store.codec import INTEGERS
from detector.store.microseconds import (
    MICROSECOND,
    to_instant,
    to_microseconds,
    to_optional_instant,
    to_optional_microseconds,
)
from detector.store.model import StoredCoverage, StoredOccurrence, StoredUse
from rules.model import FeatureKey, Filter, Reason, Value

Row: TypeAlias = tuple[Any, ...]
Made = TypeVar("Made")

OCCURRENCE: Final = ("id", "title", "began", "ends", "ended", "end_reason", "started_well", "started_at")
OBSERVATION: Final = ("occurrence", "at", "device", "kind", "fields")
USE: Final = ("occurrence", "number", "device", "category", "name", "began", "ended", "trusted")
COVERAGE: Final = ("occurrence", "number", "device", "began", "ended")
MOMENT: Final = (
    "occurrence",
    "number",
    "rule",
    "device",
    "use",
    "category",
    "name",
    "began",
    "decided_at",
    "ended",
    "decided",
    "reason",
    "evidence",
    "repeat",
    "shown_by",
    "answer",
    "answered_at",
    "outcome",
)


class RowDamaged(Exception):
    """A row holds what the program never writes: somebody else changed it, or the disk did."""


def insert_statement(table: str, columns: Sequence[str], *, or_replace: bool = False) -> str:
    """Return the statement that inserts a row, or replaces the row of its primary key."""
    verb = "INSERT OR REPLACE" if or_replace else "INSERT"
    # Quoted, for a name may be a keyword of SQL one day.
    names = ", ".join(f'"{column}"' for column in columns)
    return f"{verb} INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


def read(made: Callable[[Row], Made], row: Row) -> Made:
    """Return what `made` makes of the row.

    Raises:
        RowDamaged: if it cannot.
    """
    try:
        return made(row)
    except (ValueError, TypeError, KeyError, OverflowError) as wrong:
        raise RowDamaged(_("a row cannot be read: {reason}").format(reason=wrong)) from wrong


def from_observation(occurrence: str, observation: Observation) -> Row:
    """Return the observation's row; its own fields go into one column of JSON."""
    plain = INTEGERS.write(observation)
    at, kind, device = plain.pop("at"), plain.pop("kind"), plain.pop("device")
    return occurrence, at, device, kind, json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def to_observation(row: Row) -> Observation:
    """Return the observation of a row that begins with at, device, kind, fields.

    Raises:
        ValueError: if the row is damaged.
    """
    plain = json.loads(row[3])
    plain["at"], plain["device"] = row[0], row[1]
    return INTEGERS.read(row[2], plain)


def from_use(occurrence: str, use: Use) -> Row:
    """Return the use's row."""
    return (
        occurrence,
        use.number,
        use.device,
        use.activity.category,
        use.activity.name,
        to_microseconds(use.began),
        to_optional_microseconds(use.ended),
        int(use.trusted),
    )


def to_use(row: Row) -> StoredUse:
    """Return the use of a row."""
    occurrence, number, device, category, name, began, ended, trusted = row
    use = Use(
        number=number,
        device=device,
        activity=Activity(category=category, name=name),
        began=to_instant(began),
        ended=to_optional_instant(ended),
        trusted=bool(trusted),
    )
    return StoredUse(occurrence=occurrence, use=use)


def from_coverage(occurrence: str, coverage: Coverage) -> Row:
    """Return the coverage's row."""
    return (
        occurrence,
        coverage.number,
        coverage.device,
        to_microseconds(coverage.began),
        to_microseconds(coverage.ended),
    )


def to_coverage(row: Row) -> StoredCoverage:
    """Return the coverage of a row."""
    occurrence, number, device, began, ended = row
    coverage = Coverage(number=number, device=device, began=to_instant(began), ended=to_instant(ended))
    return StoredCoverage(occurrence=occurrence, coverage=coverage)


def from_moment(occurrence: str, moment: Moment) -> Row:
    """Return the moment's row."""
    evidence = [[_key(key), _plain(value)] for key, value in moment.evidence]
    return (
        occurrence,
        moment.number,
        moment.rule,
        moment.device,
        moment.use,
        moment.category,
        moment.name,
        to_microseconds(moment.began),
        to_microseconds(moment.decided_at),
        to_optional_microseconds(moment.ended),
        moment.decided,
        moment.reason,
        json.dumps(evidence, ensure_ascii=False, separators=(",", ":")),
        moment.repeat,
        moment.shown_by,
        moment.answer,
        to_optional_microseconds(moment.answered_at),
        moment.outcome,
    )


def to_moment(row: Row) -> Moment:
    """Return the moment of a row."""
    stored = dict(zip(MOMENT, row, strict=True))
    for field in ("began", "decided_at", "ended", "answered_at"):
        stored[field] = to_optional_instant(stored[field])
    stored["reason"] = None if stored["reason"] is None else Reason(stored["reason"])
    stored["outcome"] = None if stored["outcome"] is None else Outcome(stored["outcome"])
    stored["evidence"] = to_evidence(stored["evidence"])
    return Moment(**stored)


def to_evidence(text: str) -> tuple[tuple[FeatureKey, Value], ...]:
    """Return the features of a moment with their values."""
    return tuple(_measured(plain) for plain in json.loads(text))


def from_occurrence(occurrence: StoredOccurrence) -> Row:
    """Return the occurrence's row."""
    return (
        occurrence.id,
        occurrence.title,
        to_microseconds(occurrence.began),
        to_microseconds(occurrence.ends),
        to_optional_microseconds(occurrence.ended),
        occurrence.end_reason,
        None if occurrence.started_well is None else int(occurrence.started_well),
        to_optional_microseconds(occurrence.started_at),
    )


def to_occurrence(row: Row) -> StoredOccurrence:
    """Return the occurrence of a row."""
    name, title, began, ends, ended, end_reason, started_well, started_at = row
    return StoredOccurrence(
        id=name,
        title=title,
        began=to_instant(began),
        ends=to_instant(ends),
        ended=to_optional_instant(ended),
        end_reason=end_reason,
        started_well=None if started_well is None else bool(started_well),
        started_at=to_optional_instant(started_at),
    )


def _key(key: FeatureKey) -> dict[str, Any]:
    """Return what of the key differs from a plain one, by name."""
    plain: dict[str, Any] = {"name": key.name}
    if key.span is not None:
        plain["span"] = _length(key.span)
    if key.category is not None:
        plain["category"] = key.category
    if key.scope != "device":
        plain["scope"] = key.scope
    if key.which is not None:
        categories, shorter, longer = key.which
        which = {
            "categories": None if categories is None else sorted(categories),
            "shorter": _length(shorter),
            "longer": _length(longer),
        }
        plain["which"] = {name: value for name, value in which.items() if value is not None}
    if key.steps:
        plain["steps"] = [sorted(step) for step in key.steps]
    if key.part:
        plain["part"] = key.part
    return plain


def _measured(plain: list[Any]) -> tuple[FeatureKey, Value]:
    if not isinstance(plain[0], dict):
        # The first version stored a list of these four parts and the value; such rows are still there.
        name, span, category, scope, value = plain
        return FeatureKey(name, _span(span), category, scope), _value(value)
    stored, value = plain
    which = stored.get("which")
    if which is not None:
        categories = which.get("categories")
        which = Filter(
            categories if categories is None else frozenset(categories),
            _span(which.get("shorter")),
            _span(which.get("longer")),
        )
    steps = tuple(frozenset(step) for step in stored.get("steps", ()))
    key = FeatureKey(
        stored["name"],
        _span(stored.get("span")),
        stored.get("category"),
        stored.get("scope", "device"),
        which,
        steps,
        stored.get("part", 0),
    )
    return key, _value(value)


def _length(span: timedelta | None) -> int | None:
    return None if span is None else span // MICROSECOND


def _span(stored: int | None) -> timedelta | None:
    return None if stored is None else timedelta(microseconds=stored)


def _plain(value: Value) -> Any:
    return {"lasts": value // MICROSECOND} if isinstance(value, timedelta) else value


def _value(plain: Any) -> Value:
    value: Value = timedelta(microseconds=plain["lasts"]) if isinstance(plain, dict) else plain
    return value
