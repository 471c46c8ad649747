"""The result of each comparison of a condition: whether it held, and how far it was from holding.

Invariant 1: results come only from the condition and from measured values.
Invariant 2: a comparison with an unknown value neither holds nor fails.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from rules.features import FEATURES, Unit
from rules.model import FeatureKey, Value

Get: TypeAlias = Callable[[FeatureKey], Value | None]

_OPERATORS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonResult:
    """The result of one comparison.

    `kind`: a number is compared with a number (`limit`), a category with `words`, a flag, or whether something is known.
    `found` None: not known. `holds` None: neither. `distance`: how far it was from holding, as a share of the limit; 0 if
    it held, 1 if there is no measure for it.
    """

    kind: Literal["number", "category", "flag", "known"]
    key: FeatureKey
    sign: str = ""
    limit: Value | None = None
    words: frozenset[str] = frozenset()
    wanted: bool = True
    found: Value | None = None
    holds: bool | None = None
    distance: float = 1.0

    @property
    def unit(self) -> Unit | None:
        """The unit of the feature; None for a sequence, a hop and a usual value."""
        feature = FEATURES.get(self.key.name)
        return feature.unit if feature else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupResult:
    """Results that are joined by `and` or `or`.

    `required`: how long all of it must hold; `held_for`: how long it has, None if that is not known or it does not hold.
    """

    joined_by: Literal["and", "or"]
    parts: tuple[ComparisonResult | GroupResult, ...] = field(default=())
    required: timedelta | None = None
    held_for: timedelta | None = None

    @property
    def holds(self) -> bool | None:
        """Whether it holds; None: neither. With `required` but an unknown `held_for`: whether its parts hold now."""
        if self.required is not None and self.held_for is not None and self.held_for < self.required:
            return False
        # Three-valued: True decides an `or` and False an `and`, whatever the unknown parts would be.
        results = [part.holds for part in self.parts]
        decides = self.joined_by == "or"
        if decides in results:
            return decides
        return None if None in results else not decides

    @property
    def distance(self) -> float:
        """How far it was from holding: the sum over the parts of an `and`, the minimum over those of an `or`."""
        # Distances add up, so that two parts that nearly held are no nearer than one.
        distances = [part.distance for part in self.parts]
        if self.required is not None and self.held_for is not None:
            distances.append(max(0.0, 1 - self.held_for / self.required))
        return sum(distances) if self.joined_by == "and" else min(distances, default=1.0)


def comparisons(group: GroupResult) -> list[ComparisonResult]:
    """Return every comparison, in the order of the condition."""
    results: list[ComparisonResult] = []
    for part in group.parts:
        results += comparisons(part) if isinstance(part, GroupResult) else [part]
    return results


def compare_number(key: FeatureKey, sign: str, limit: Value | None, found: Value | None) -> ComparisonResult:
    """Return the result of comparing a number with its limit; neither holds nor fails if one of them is not known."""
    measured, bound = _plain(found), _plain(limit)
    if measured is None or bound is None:
        return ComparisonResult(kind="number", key=key, sign=sign, limit=limit, found=found)
    holds = _OPERATORS[sign](measured, bound)
    # As a share of the larger number: 5 s short of 60 s is as near as 50 short of 600.
    distance = min(1.0, abs(measured - bound) / max(abs(measured), abs(bound), 1e-9))
    # A number that equals the limit of "more than" fails, so it is not at distance zero.
    distance = 0.0 if holds else max(distance, 0.001)
    return ComparisonResult(kind="number", key=key, sign=sign, limit=limit, found=found, holds=holds, distance=distance)


def _plain(value: Value | None) -> float | None:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return float(value) if isinstance(value, int | float) else None
