"""Find and change the number of a rule that a person notices: how long something lasts, or how often it happens in a span.

Invariant 1: only the forms of built-in rules are found: `dwell >= 60 s`, `all.glances(10 min) >= 3` and `… for 4 min`. A
    condition with several candidates has no threshold.
Invariant 2: a new number is a round one: 75 s, 4 min, five looks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, TypeAlias

from rules.language import RuleError, compile_condition
from rules.lengths import format_length, parse_length
from rules.model import Rule

Number: TypeAlias = timedelta | int

# A shorter length only excludes very short uses; there is no reason to change it.
MIN_LENGTH: Final = timedelta(seconds=15)
# Maximum of a length, and of a count, in relation to the built-in one; beyond it the rule is better switched off.
MAX_LENGTH_FACTOR: Final = 5
MAX_COUNT_FACTOR: Final = 2
_ROUND_LENGTHS: Final = (
    *(timedelta(seconds=seconds) for seconds in (20, 30, 45, 60, 75, 90)),
    *(timedelta(minutes=minutes) for minutes in (2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30)),
)
_COUNTS: Final = ("glances", "uses", "opens", "pick_ups", "led_pick_ups", "own_pick_ups")
_LENGTH: Final = r"\d+(?:\.\d+)?\s*(?:sec|s|min|m|h)\b(?:\s*\d+\s*(?:sec|s|min|m)\b)*"
_COMPARED: Final = re.compile(
    rf"(?P<feature>(?:\w+\.)?\b(?P<name>dwell|time|{'|'.join(_COUNTS)})(?P<span>\((?:[^()]|\([^()]*\))*\))?)\s*>=\s*"
    rf"(?P<number>{_LENGTH}|\d+\b)"
    rf"|\b(?P<lasting>for)\s+(?P<length>{_LENGTH})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A number in the text of a condition. `offset` and `width`: its place. `name`: the feature's name without a scope."""

    feature: str
    name: str
    span: str | None
    number: Number
    offset: int
    width: int


def find_threshold(condition: str) -> Threshold | None:
    """Return the condition's only number of the first kind that it has: a count, a sum of time, `dwell`, `for`."""
    # Under a `not` a higher number would make the rule hold more often.
    if re.search(r"\bnot\s*\(", condition):
        return None
    thresholds = [found for match in _COMPARED.finditer(condition) if (found := _threshold(match)) is not None]
    # In a rule with a count, `dwell` only excludes very short uses.
    for names in (_COUNTS, ("time",), ("dwell",), ("for",)):
        of_kind = [threshold for threshold in thresholds if threshold.name in names]
        if of_kind:
            # With two numbers of one kind it is not clear which one the person notices.
            return of_kind[0] if len(of_kind) == 1 else None
    return None


def higher(rule: Rule, threshold: Threshold) -> Iterator[tuple[Number, Rule]]:
    """Yield the rule with every higher number that is allowed, lowest first, with the same code."""
    current, numbers = threshold.number, list[Number]()
    if isinstance(current, int):
        numbers += range(current + 1, current * MAX_COUNT_FACTOR + 1)
    else:
        numbers += [length for length in _ROUND_LENGTHS if current < length <= current * MAX_LENGTH_FACTOR]
    for number in numbers:
        try:
            condition = compile_condition(with_number(rule.condition.text, threshold, number))
        except RuleError:
            continue  # longer than the span, or contradicts another part of the rule
        yield number, replace(rule, condition=condition)


def with_number(condition: str, threshold: Threshold, number: Number) -> str:
    return condition[: threshold.offset] + format_number(number) + condition[threshold.offset + threshold.width :]


def format_number(number: Number) -> str:
    """Return the number as it is written in conditions and in texts."""
    return format_length(number) if isinstance(number, timedelta) else str(number)


def _threshold(match: re.Match[str]) -> Threshold | None:
    if match["lasting"]:
        feature = name = "for"
        number, offset = match["length"], match.start("length")
    else:
        feature, name, number, offset = match["feature"], match["name"], match["number"], match.start("number")
    if name in _COUNTS:
        # `>= 1` means that something happened at all; with a higher number it would be a different rule.
        value: Number | None = int(number) if number.isdecimal() and int(number) > 1 else None
    else:
        value = None if number.isdecimal() else parse_length(number)
        if isinstance(value, timedelta) and value < MIN_LENGTH:
            value = None
    if value is None:
        return None
    return Threshold(feature=feature, name=name, span=match["span"], number=value, offset=offset, width=len(number))
