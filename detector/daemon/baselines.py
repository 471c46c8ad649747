"""Measure the usual values of the features that rules compare with them, from the sessions of the last 28 days."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from detector.core.attention.baselines import MAX_AGE, baseline_keys, measure_baselines
from detector.core.attention.settings import AttentionSettings
from detector.store.store import Store
from rules.engine import features_used
from rules.model import FeatureKey, Rule, Value


def read_baselines(
    rules: Sequence[Rule], *, store: Store, now: datetime, attention: AttentionSettings
) -> Mapping[FeatureKey, Value]:
    """Return the usual value of every feature that a rule compares with it; without such a rule nothing is read."""
    keys = baseline_keys(features_used(rules))
    if not keys:
        return {}
    recent = store.history.occurrences(since=now - MAX_AGE, until=now)
    ended = [occurrence for occurrence in recent if occurrence.ended is not None]
    evenings = (store.history.observations(occurrence.id) for occurrence in ended)
    return measure_baselines(evenings, keys, attention)
