"""What was usual when an evening began, from the evenings in the 28 days before it, as the daemon computes it.

Rule 1: neither the evening itself nor a later one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from detector.core.attention.baselines import MAX_AGE, MIN_SESSIONS, measured_key, percentile, usual_keys
from rules.engine import needs
from rules.model import FeatureKey, Rule, Value

# When an evening began, and the greatest value of each feature on it.
Greatest: TypeAlias = tuple[datetime, Mapping[FeatureKey, Value]]


def compared_with_usual(*rules: Sequence[Rule] | None) -> frozenset[FeatureKey]:
    """Return the features that some rule in any of these sets compares with what is usual."""
    return usual_keys(needs([rule for each in rules for rule in each or ()]))


def to_measure(keys: Iterable[FeatureKey]) -> frozenset[FeatureKey]:
    """Return the features whose greatest value on each evening is needed for that."""
    return frozenset(map(measured_key, keys))


def usual_before(
    began: datetime, evenings: Iterable[Greatest], keys: Iterable[FeatureKey]
) -> Mapping[FeatureKey, Value]:
    """Return what was usual at `began`; a key is left out where too few evenings before had a value for it."""
    before = [values for other, values in evenings if began - MAX_AGE <= other < began]
    found: dict[FeatureKey, Value] = {}
    for key in keys:
        known: list[Any] = [values[measured_key(key)] for values in before if measured_key(key) in values]
        if len(known) >= MIN_SESSIONS:
            found[key] = percentile(sorted(known), key.part)
    return found
