"""Convert a number with its unit into a value, and check it against the possible values of a feature.

Invariant 1: a number without a unit is never a length.
Invariant 2: lengths are exact to the microsecond; a rate is per minute; a share runs from 0 to 1.
"""

from datetime import timedelta
from typing import Final, NamedTuple

from rules.features import Feature, Unit
from rules.language.problems import Problems, shown
from rules.language.syntax_tree import Measure, Quantity
from rules.lengths import UNITS, format_length
from rules.model import Value

MAX_CONSTANT: Final = timedelta(hours=24)
"""Maximum length in a condition: that of partner time."""
MAX_COUNT: Final = 1_000_000
_WHOLE_DIGITS: Final = 9
_DECIMALS: Final = 6
_PER_MINUTE: Final = {"s": 60.0, "sec": 60.0, "min": 1.0, "m": 1.0, "h": 1 / 60}
_MEASURED_IN: Final[dict[Unit, Measure]] = {
    Unit.LENGTH: "length",
    Unit.COUNT: "count",
    Unit.RATE: "rate",
    Unit.SHARE: "share",
}


class Bounds(NamedTuple):
    """The minimum and the maximum of a feature, and what is beyond the maximum, in words."""

    minimum: timedelta | float
    maximum: timedelta | float
    words: str


def length_of(quantity: Quantity, problems: Problems) -> timedelta | None:
    """Return the length, or None with the problem noted; it may be zero."""
    total: timedelta | None = timedelta(0)
    for number, unit in quantity.parts:
        value = _number(number.text, quantity, problems)
        if unit is None or unit.text not in UNITS:
            if unit is not None:
                near = {"m": "min", "s": "s", "h": "h", "d": "d", "w": "w"}.get(unit.text[0].lower())
                problems.refuse(
                    unit,
                    f"'{shown(unit.text)}' is not a unit of length.",
                    f"Did you mean '{near}'?" if near else "Write s, min or h.",
                )
            return None
        if value is None:
            return None
        total = _sum(total, value, UNITS[unit.text])
    if total is None:
        problems.refuse(quantity, "This is longer than anything that is measured here.")
    return total


def _sum(total: timedelta | None, value: float, unit: timedelta) -> timedelta | None:
    # After a century a timedelta may overflow.
    if total is None or value * unit.total_seconds() > 3e9:
        return None
    return total + value * unit


def _number(text: str, quantity: Quantity, problems: Problems) -> float | None:
    # More digits would overflow a timedelta, or be less than its microseconds.
    whole, _, decimals = text.partition(".")
    if len(whole) > _WHOLE_DIGITS or len(decimals) > _DECIMALS:
        problems.refuse(
            quantity,
            f"'{shown(text)}' has too many digits.",
            f"At most {_WHOLE_DIGITS} before the point and {_DECIMALS} behind it.",
        )
        return None
    return float(text)


def value_for(feature: Feature, quantity: Quantity, problems: Problems) -> Value | None:
    """Return the value for comparing with the feature, or None with the problem noted."""
    number = quantity.parts[0][0].text
    # `dwell >= 60` and `glances(10 min) >= 3 s` are refused, not guessed.
    if quantity.measure != _MEASURED_IN[feature.unit]:
        problems.refuse(quantity, _wrong_unit(feature, number))
        return None
    if feature.unit is Unit.LENGTH:
        return length_of(quantity, problems)
    value = _number(number, quantity, problems)
    if value is None:
        return None
    if feature.unit is Unit.SHARE:
        return value / 100
    if feature.unit is Unit.RATE:
        unit = quantity.parts[0][1]
        if unit is None or unit.text not in _PER_MINUTE:
            text = shown(unit.text) if unit else ""
            problems.refuse(quantity, f"A rate is not counted per '{text}'.", "Write / s, / min or / h.")
            return None
        return value * _PER_MINUTE[unit.text]
    if not value.is_integer():
        problems.refuse(quantity, f"{feature.name} is a count: it is always whole.")
        return None
    return int(value)


def _wrong_unit(feature: Feature, number: str) -> str:
    shown_number = shown(number)
    match feature.unit:
        case Unit.LENGTH:
            return f"{feature.name} is a length: write {shown_number} s or {shown_number} min."
        case Unit.RATE:
            return f"{feature.name} is a rate: write {shown_number} / min."
        case Unit.SHARE:
            return f"{feature.name} is a share: write {shown_number} %."
        case _:
            return f"{feature.name} is a count: write {shown_number} without a unit."


def bounds_of(feature: Feature, span: timedelta | None) -> Bounds:
    """Return the bounds of the feature's values."""
    if feature.unit is Unit.LENGTH:
        longest = MAX_CONSTANT if span is None else span
        return Bounds(timedelta(0), longest, f"longer than {format_length(longest)}")
    if feature.unit is Unit.SHARE:
        return Bounds(0.0, 1.0, "more than 100 %")
    return Bounds(0, MAX_COUNT, f"more than {MAX_COUNT:,}")


def zero_of(unit: Unit) -> Value:
    """Return the unit's zero; for a flag, the value with which it is compared."""
    return timedelta(0) if unit is Unit.LENGTH else True if unit is Unit.FLAG else 0


def refusal(feature: Feature, operator: str, value: timedelta | float, bounds: Bounds) -> tuple[str, str | None] | None:
    """Return why this comparison is a mistake, with a hint, or None if it is not.

    It is a mistake if it holds for no value or for every value, or if a length, a rate or a share must equal a value
    between its bounds, because that is true only for a microsecond.
    """
    name = feature.name
    if value > bounds.maximum:  # type: ignore[operator]
        return f"{name} is never {bounds.words}.", None
    # With units checked, value and bounds are both lengths or both numbers.
    at_minimum, at_maximum = value == bounds.minimum, value == bounds.maximum
    if (operator == "<" and at_minimum) or (operator == ">" and at_maximum):
        return f"This never holds: {name} is never {'less than nothing' if at_minimum else bounds.words}.", None
    if (operator == ">=" and at_minimum) or (operator == "<=" and at_maximum):
        return f"This holds whenever {name} is known.", f"Write '{name} is known', with its span if it has one."
    if operator in {"==", "!="} and feature.unit is not Unit.COUNT and not (at_minimum or at_maximum):
        return f"{name} flows past this value in an instant.", "Write <, <=, > or >=."
    return None
