"""Uses, coverage, moments and occurrences as rows, and back. Columns stand here in the order of the tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, TypeAlias, TypeVar

from detector.core.effects import Coverage, Moment, Outcome, Use
from detector.core.observations import Activity, Observation
from detector.store.codec import INTEGERS
from detector.store.instants import (
    MICROSECOND,
    as_instant,
    as_integer,
    maybe_instant,
    maybe_integer,
)
from detector.store.model import KeptCoverage, KeptOccurrence, KeptUse
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
    """A row says what no row can say: somebody else wrote it, or the disk did."""


def read(made: Callable[[Row], Made], row: Row) -> Made:
    """Return what `made` makes of the row.

    Raises:
        RowDamaged: if it cannot.
    """
    try:
        return made(row)
    except (ValueError, TypeError, KeyError, OverflowError) as wrong:
        raise RowDamaged(f"a row cannot be read: {wrong}") from wrong


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
        as_integer(use.began),
        maybe_integer(use.ended),
        int(use.trusted),
    )


def to_use(row: Row) -> KeptUse:
    """Return the use of a row."""
    occurrence, number, device, category, name, began, ended, trusted = row
    use = Use(
        number=number,
        device=device,
        activity=Activity(category=category, name=name),
        began=as_instant(began),
        ended=maybe_instant(ended),
        trusted=bool(trusted),
    )
    return KeptUse(occurrence=occurrence, use=use)


def from_coverage(occurrence: str, coverage: Coverage) -> Row:
    """Return the coverage's row."""
    return (
        occurrence,
        coverage.number,
        coverage.device,
        as_integer(coverage.began),
        as_integer(coverage.ended),
    )


def to_coverage(row: Row) -> KeptCoverage:
    """Return the coverage of a row."""
    occurrence, number, device, began, ended = row
    coverage = Coverage(number=number, device=device, began=as_instant(began), ended=as_instant(ended))
    return KeptCoverage(occurrence=occurrence, coverage=coverage)


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
        as_integer(moment.began),
        as_integer(moment.decided_at),
        maybe_integer(moment.ended),
        moment.decided,
        moment.reason,
        json.dumps(evidence, ensure_ascii=False, separators=(",", ":")),
        moment.repeat,
        moment.shown_by,
        moment.answer,
        maybe_integer(moment.answered_at),
        moment.outcome,
    )


def to_moment(row: Row) -> Moment:
    """Return the moment of a row."""
    kept = dict(zip(MOMENT, row, strict=True))
    for field in ("began", "decided_at", "ended", "answered_at"):
        kept[field] = maybe_instant(kept[field])
    kept["reason"] = None if kept["reason"] is None else Reason(kept["reason"])
    kept["outcome"] = None if kept["outcome"] is None else Outcome(kept["outcome"])
    kept["evidence"] = to_evidence(kept["evidence"])
    return Moment(**kept)


def to_evidence(text: str) -> tuple[tuple[FeatureKey, Value], ...]:
    """Return the features of a moment with their values."""
    return tuple(_measured(plain) for plain in json.loads(text))


def from_occurrence(kept: KeptOccurrence) -> Row:
    """Return the occurrence's row."""
    return (
        kept.id,
        kept.title,
        as_integer(kept.began),
        as_integer(kept.ends),
        maybe_integer(kept.ended),
        kept.end_reason,
        None if kept.started_well is None else int(kept.started_well),
        maybe_integer(kept.started_at),
    )


def to_occurrence(row: Row) -> KeptOccurrence:
    """Return the occurrence of a row."""
    name, title, began, ends, ended, end_reason, started_well, started_at = row
    return KeptOccurrence(
        id=name,
        title=title,
        began=as_instant(began),
        ends=as_instant(ends),
        ended=maybe_instant(ended),
        end_reason=end_reason,
        started_well=None if started_well is None else bool(started_well),
        started_at=maybe_instant(started_at),
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
        # As it was kept when a key had these four parts and no more.
        name, span, category, scope, value = plain
        return FeatureKey(name, _span(span), category, scope), _value(value)
    kept, value = plain
    which = kept.get("which")
    if which is not None:
        categories = which.get("categories")
        which = Filter(
            categories if categories is None else frozenset(categories),
            _span(which.get("shorter")),
            _span(which.get("longer")),
        )
    steps = tuple(frozenset(step) for step in kept.get("steps", ()))
    key = FeatureKey(
        kept["name"],
        _span(kept.get("span")),
        kept.get("category"),
        kept.get("scope", "device"),
        which,
        steps,
        kept.get("part", 0),
    )
    return key, _value(value)


def _length(span: timedelta | None) -> int | None:
    return None if span is None else span // MICROSECOND


def _span(kept: int | None) -> timedelta | None:
    return None if kept is None else timedelta(microseconds=kept)


def _plain(value: Value) -> Any:
    return {"lasts": value // MICROSECOND} if isinstance(value, timedelta) else value


def _value(plain: Any) -> Value:
    value: Value = timedelta(microseconds=plain["lasts"]) if isinstance(plain, dict) else plain
    return value
