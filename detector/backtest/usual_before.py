"""What was usual when an evening began: from the evenings in the 28 days before it, as the daemon reckons it.

Rule 1: an evening never counts for itself, and none that came after it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from detector.core.attention.baselines import ENOUGH, SINCE, asked_for, percentile, usual_of
from rules.engine import needs
from rules.model import FeatureKey, Rule, Value

Greatest: TypeAlias = tuple[datetime, Mapping[FeatureKey, Value]]
"""When an evening began, and the greatest value of each feature on it."""
LOOKS_BACK: Final = SINCE


def asked(*rules: Sequence[Rule] | None) -> frozenset[FeatureKey]:
    """Return what some rule compares with what is usual, of all the sets of rules together."""
    return asked_for(needs([rule for each in rules for rule in each or ()]))


def measured(keys: Iterable[FeatureKey]) -> frozenset[FeatureKey]:
    """Return the features of which the greatest value on each evening is to be known."""
    return frozenset(map(usual_of, keys))


def usual_before(
    began: datetime, evenings: Iterable[Greatest], keys: Iterable[FeatureKey]
) -> Mapping[FeatureKey, Value]:
    """Return what was usual at `began`, for each of the keys of which it could be said then."""
    before = [values for other, values in evenings if began - SINCE <= other < began]
    found: dict[FeatureKey, Value] = {}
    for key in keys:
        known: list[Any] = [values[usual_of(key)] for values in before if usual_of(key) in values]
        if len(known) >= ENOUGH:
            found[key] = percentile(sorted(known), key.part)
    return found
