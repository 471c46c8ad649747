"""The number of a rule that a person notices: how long something lasts, or how often it happens within a span.

Invariant 1: only the forms of built-in rules are understood, `dwell >= 60 s`, `all.glances(10 min) >= 3` and `… for 4 min`; a
    condition that is not clear has no threshold.
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

# A shorter length in a condition only says that something was not in passing; nobody would want to change it.
MIN_LENGTH: Final = timedelta(seconds=15)
# A length goes up to five times the built-in one, a count to twice it: beyond that the rule is better switched off.
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
    """A number in the text of a condition, from `at` on, `width` characters wide. `name`: the feature's bare name."""

    feature: str
    name: str
    span: str | None
    number: Number
    at: int
    width: int


def find_threshold(condition: str) -> Threshold | None:
    """Return the condition's one number of the most telling kind: a count, else a sum of time, else how long a use lasts."""
    # Below a `not` a higher number would make the rule hold more often, not less (invariant 1 of proposals).
    if re.search(r"\bnot\s*\(", condition):
        return None
    found = [each for each in map(_threshold, _COMPARED.finditer(condition)) if each is not None]
    # A rule that counts has a `dwell` beside it only to leave out what was in passing.
    for names in (_COUNTS, ("time",), ("dwell",), ("for",)):
        of_kind = [each for each in found if each.name in names]
        if of_kind:
            # With two numbers of one kind it is not clear which of them the person notices.
            return of_kind[0] if len(of_kind) == 1 else None
    return None


def higher(rule: Rule, threshold: Threshold) -> Iterator[tuple[Number, Rule]]:
    """Yield the rule with every higher number that makes sense, lowest first; the code stays the same."""
    now, numbers = threshold.number, list[Number]()
    if isinstance(now, int):
        numbers += range(now + 1, now * MAX_COUNT_FACTOR + 1)
    else:
        numbers += [length for length in _ROUND_LENGTHS if now < length <= now * MAX_LENGTH_FACTOR]
    for number in numbers:
        try:
            condition = compile_condition(with_number(rule.condition.text, threshold, number))
        except RuleError:
            continue  # more than the span holds, or more than another part of the rule allows
        yield number, replace(rule, condition=condition)


def with_number(condition: str, threshold: Threshold, number: Number) -> str:
    return condition[: threshold.at] + format_number(number) + condition[threshold.at + threshold.width :]


def format_number(number: Number) -> str:
    """Return the number as a person says it, and as a condition is written."""
    return format_length(number) if isinstance(number, timedelta) else str(number)


def _threshold(match: re.Match[str]) -> Threshold | None:
    if match["lasting"]:
        feature = name = "for"
        number, at = match["length"], match.start("length")
    else:
        feature, name, number, at = match["feature"], match["name"], match["number"], match.start("number")
    if name in _COUNTS:
        # `>= 1` asks whether something happened at all; a higher number there would be another rule.
        value: Number | None = int(number) if number.isdecimal() and int(number) > 1 else None
    else:
        value = None if number.isdecimal() else parse_length(number)
        if isinstance(value, timedelta) and value < MIN_LENGTH:
            value = None
    if value is None:
        return None
    return Threshold(feature=feature, name=name, span=match["span"], number=value, at=at, width=len(number))
