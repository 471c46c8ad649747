"""Convert the values of the store to rows and back.

Invariant 1: instants and lengths are integers, in microseconds; truth values are 0 and 1.
Invariant 2: `RowConverter` takes the columns from the fields of the dataclass; no other list of columns exists.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, Generic, TypeAlias, TypeVar, get_args, get_type_hints

from detector.core.effects import Coverage, Moment, Use
from detector.core.observations import MICROSECOND, Activity, Observation
from detector.i18n import _
from detector.store.codec import INTEGERS
from detector.store.microseconds import to_optional_instant, to_optional_microseconds
from detector.store.model import StoredCoverage, StoredOccurrence, StoredUse
from rules.model import FeatureKey, Filter, Value

Row: TypeAlias = tuple[Any, ...]
Conversion: TypeAlias = Callable[[Any], Any]
T = TypeVar("T")


class RowDamaged(Exception):
    """A row contains something that the program never writes: another program changed it, or the disk is damaged."""


class RowConverter(Generic[T]):
    """Converts dataclass objects to rows and back, one column per field, some by `special` conversions.

    `renamed`: the columns that have another name than their field.
    """

    def __init__(
        self,
        kind: type[T],
        *,
        omit: Collection[str] = (),
        renamed: Mapping[str, str] = MappingProxyType({}),
        **special: tuple[Conversion, Conversion],
    ) -> None:
        self._kind = kind
        self._conversions = {
            name: special.get(name) or _conversions(hint)
            for name, hint in get_type_hints(kind).items()
            if name not in omit
        }
        self.columns: Final = tuple(renamed.get(name, name) for name in self._conversions)

    def to_row(self, value: T) -> Row:
        return tuple(write(getattr(value, name)) for name, (write, _read) in self._conversions.items())

    def from_row(self, row: Sequence[Any], **rest: Any) -> T:
        """Return the object of a row; `rest`: fields without a column. `ValueError` or the like: it is damaged."""
        columns = zip(self._conversions.items(), row, strict=True)
        return self._kind(**{name: read_value(stored) for (name, (_write, read_value)), stored in columns}, **rest)


def _conversions(hint: Any) -> tuple[Conversion, Conversion]:
    # `datetime | None` and `datetime` are converted alike: None is NULL, and NOT NULL keeps it out where it may not be.
    for kind in get_args(hint) or (hint,):
        if kind is datetime:
            return to_optional_microseconds, to_optional_instant
        if kind is bool:
            return _unless_none(int), _unless_none(bool)
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return _unchanged, _unless_none(kind)
    return _unchanged, _unchanged


def _unless_none(convert: Conversion) -> Conversion:
    return lambda value: None if value is None else convert(value)


def _unchanged(value: Any) -> Any:
    return value


def insert_statement(table: str, columns: Sequence[str], *, or_replace: bool = False) -> str:
    verb = "INSERT OR REPLACE" if or_replace else "INSERT"
    # Quoted, because a name may become a keyword of SQL.
    names = ", ".join(f'"{column}"' for column in columns)
    return f"{verb} INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"


def read(to_value: Callable[[Row], T], row: Row) -> T:
    """Return what `to_value` makes of the row. Raises `RowDamaged` if it cannot."""
    try:
        return to_value(row)
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise RowDamaged(_("a row cannot be read: {reason}").format(reason=error)) from error


def from_observation(occurrence: str, observation: Observation) -> Row:
    plain = INTEGERS.write(observation)
    at, kind, device = plain.pop("at"), plain.pop("kind"), plain.pop("device")
    return occurrence, at, device, kind, json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def to_observation(row: Row) -> Observation:
    """Return the observation of a row (at, device, kind, fields). Raises `ValueError` if it is damaged."""
    plain = json.loads(row[3])
    plain["at"], plain["device"] = row[0], row[1]
    return INTEGERS.read(row[2], plain)


def to_use(row: Row) -> StoredUse:
    occurrence, category, name, *columns = row
    use = _USES.from_row(columns, activity=Activity(category=category, name=name))
    return StoredUse(occurrence=occurrence, use=use)


def from_use(occurrence: str, use: Use) -> Row:
    return occurrence, use.activity.category, use.activity.name, *_USES.to_row(use)


def to_coverage(row: Row) -> StoredCoverage:
    occurrence, *columns = row
    return StoredCoverage(occurrence=occurrence, coverage=_COVERAGES.from_row(columns))


def from_coverage(occurrence: str, coverage: Coverage) -> Row:
    return occurrence, *_COVERAGES.to_row(coverage)


def from_moment(occurrence: str, moment: Moment) -> Row:
    return MOMENTS.to_row(replace(moment, occurrence=occurrence))


def from_evidence(evidence: Sequence[tuple[FeatureKey, Value]]) -> str:
    plain = [[_key(key), _plain(value)] for key, value in evidence]
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def to_evidence(text: str) -> tuple[tuple[FeatureKey, Value], ...]:
    return tuple(_measured(plain) for plain in json.loads(text))


def _key(key: FeatureKey) -> dict[str, Any]:
    # Only what differs from the default: a later version may add fields to the key, and old rows stay readable.
    plain: dict[str, Any] = {"name": key.name, "span": _length(key.span), "category": key.category}
    plain = {name: value for name, value in plain.items() if value is not None}
    if key.scope != "device":
        plain["scope"] = key.scope
    if key.which is not None:
        categories, shorter, longer = key.which
        names = None if categories is None else sorted(categories)
        selection = {"categories": names, "shorter": _length(shorter), "longer": _length(longer)}
        plain["which"] = {name: value for name, value in selection.items() if value is not None}
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
    selection = stored.get("which")
    if selection is not None:
        categories = selection.get("categories")
        names = None if categories is None else frozenset(categories)
        selection = Filter(names, _span(selection.get("shorter")), _span(selection.get("longer")))
    span, category, scope = _span(stored.get("span")), stored.get("category"), stored.get("scope", "device")
    steps = tuple(frozenset(step) for step in stored.get("steps", ()))
    return FeatureKey(stored["name"], span, category, scope, selection, steps, stored.get("part", 0)), _value(value)


def _length(span: timedelta | None) -> int | None:
    return None if span is None else span // MICROSECOND


def _span(stored: int | None) -> timedelta | None:
    return None if stored is None else timedelta(microseconds=stored)


def _plain(value: Value) -> Any:
    return {"lasts": value // MICROSECOND} if isinstance(value, timedelta) else value


def _value(plain: Any) -> Value:
    value: Value = timedelta(microseconds=plain["lasts"]) if isinstance(plain, dict) else plain
    return value


OBSERVATION: Final = ("occurrence", "at", "device", "kind", "fields")
OCCURRENCES: Final = RowConverter(StoredOccurrence, renamed={"start_checked_at": "started_at"})
_USES: Final = RowConverter(Use, omit={"activity"})
USE: Final = ("occurrence", "category", "name", *_USES.columns)
_COVERAGES: Final = RowConverter(Coverage)
COVERAGE: Final = ("occurrence", *_COVERAGES.columns)
MOMENTS: Final = RowConverter(Moment, evidence=(from_evidence, to_evidence))
