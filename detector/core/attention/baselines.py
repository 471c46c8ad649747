"""The usual value of a feature in the person's own sessions: a percentile of the maxima of the sessions.

Invariant 1: a session in which the feature was never known does not count, and seven that count are needed.
Invariant 2: one pass over each session, in the order of its observations; only the maxima are kept.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import detector.core.observations as obs
from detector.core.attention.attention import INPUT_FEATURES, Attention, FeatureView
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import MICROSECOND
from rules.model import FeatureKey, Value

MIN_SESSIONS: Final = 7
"""Minimum number of sessions for a baseline."""
MAX_AGE: Final = timedelta(days=28)
"""How far back sessions count: four of each day of the week."""
_UNREACHABLE: Final[Mapping[type, Value]] = {timedelta: timedelta(days=2), int: 10**6, float: 1e9}
"""A value that no feature of the type reaches within one session."""


def baseline_keys(features_used: Iterable[FeatureKey]) -> frozenset[FeatureKey]:
    return frozenset(key for key in features_used if key.name == "usual")


def measure_baselines(
    sessions: Iterable[Iterable[obs.Observation]],
    keys: Iterable[FeatureKey],
    settings: AttentionSettings | None = None,
    done: Callable[[], None] = lambda: None,
) -> Mapping[FeatureKey, Value]:
    """Return the usual value for each of the keys (named "usual") with enough sessions.

    `sessions`: the recorded observations of each, from `PartnerTimeBegan` on; the caller chooses those of the last 28
    days. The value is the smallest maximum that `part` percent of the sessions do not exceed. Of a feature of one device
    the maximum on any device counts. `done` is called after each session.
    """
    # Several percentiles of one feature share its maxima.
    measured_keys = {key: measured_key(key) for key in keys if key.name == "usual"}
    values: dict[FeatureKey, list[Any]] = {measured: [] for measured in measured_keys.values()}
    if not measured_keys:
        return {}
    for session in sessions:
        for key, value in maxima(session, values, settings or AttentionSettings()).items():
            values[key].append(value)
        done()
    return {
        key: percentile(sorted(values[measured]), key.part)
        for key, measured in measured_keys.items()
        if len(values[measured]) >= MIN_SESSIONS
    }


def percentile(ordered: Sequence[Value], part: int) -> Value:
    """Return the smallest value that at least `part` percent of the values do not exceed; they are in order."""
    return ordered[max(0, -(-len(ordered) * part // 100) - 1)]


def measured_key(key: FeatureKey) -> FeatureKey:
    (name,) = key.steps[0]
    return FeatureKey(name, key.span, key.category, key.scope, key.which)


def maxima(
    session: Iterable[obs.Observation], keys: Iterable[FeatureKey], settings: AttentionSettings
) -> dict[FeatureKey, Value]:
    """Return the maximum of each feature in the session on any device; features that were never known are left out."""
    attention: Attention | None = None
    measured = _Maxima(keys)
    for observation in session:
        at = observation.at
        # Without its beginning, which `forget` may have deleted, a session cannot be measured.
        if attention is None:
            if isinstance(observation, obs.PartnerTimeBegan):
                attention, measured.at = Attention(measured.keys, at, observation.ends, settings), at
            continue
        is_input = isinstance(observation, obs.InputCounted)
        until = observation.since if isinstance(observation, obs.Gap | obs.WentIdle) else at
        measured.pass_time(attention, until, is_input=is_input)
        if isinstance(observation, obs.PartnerTimeEnded):
            break
        if isinstance(observation, obs.PartnerTimeExtended):
            attention.extend(observation.ends)
        attention.observe(observation)
        if isinstance(observation, obs.Shown):
            # The category is not known here: no baseline is taken of `reopened_after`.
            attention.record_nudge(at, None)
        measured.after_observation(attention, at, is_input=is_input)
    return measured.values


class _Maxima:
    """The maxima so far. `at`: up to when they are known."""

    def __init__(self, keys: Iterable[FeatureKey]) -> None:
        self.keys = tuple(keys)
        self.values: dict[FeatureKey, Any] = {}
        self.at: datetime | None = None
        self._raised_by_input = tuple(key for key in self.keys if key.name in INPUT_FEATURES)
        self._ended_by_input = tuple(key for key in self.keys if key.name == "since_input")
        self._deadline: datetime | None = None

    def pass_time(self, attention: Attention, at: datetime, *, is_input: bool) -> None:
        """Measure wherever a value stops growing, and at last just before the next observation."""
        while self._deadline is not None and self._deadline < at:
            # A use that becomes too long to count at the deadline still counted just before it.
            self._measure(attention, self._deadline - MICROSECOND, self.keys)
            self._measure(attention, self._deadline, self.keys)
            self._deadline = self._next_deadline(attention, self._deadline)
        if self.at is not None:
            # An observation may date back to before the last one.
            self._measure(attention, max(at, self.at), self._ended_by_input if is_input else self.keys)

    def after_observation(self, attention: Attention, at: datetime, *, is_input: bool) -> None:
        self._measure(attention, at, self._raised_by_input if is_input else self.keys)
        if not is_input:
            self._deadline = self._next_deadline(attention, at)

    def _measure(self, attention: Attention, at: datetime, keys: Sequence[FeatureKey]) -> None:
        self.at = at
        for device in attention.devices:
            view = attention.view(device.name, at)
            for key in keys:
                value, before = view.get(key), self.values.get(key)
                if isinstance(value, timedelta | int | float) and (before is None or value > before):
                    self.values[key] = value

    def _next_deadline(self, attention: Attention, at: datetime) -> datetime | None:
        views = [attention.view(device.name, at) for device in attention.devices]
        instants = (self._next_slope_change(view, key) for view in views for key in self.keys)
        return min((instant for instant in instants if instant is not None), default=None)

    def _next_slope_change(self, view: FeatureView, key: FeatureKey) -> datetime | None:
        # A feature never meets an unreachable value, so its deadline is where it begins or ceases to grow or to shrink.
        value = None if key in self._raised_by_input else view.get(key)
        return None if value is None else view.deadline(key, _UNREACHABLE.get(type(value), value))
