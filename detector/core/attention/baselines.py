"""What is usual of a feature on one's own evenings: the percentile of each evening's greatest value.

Rule 1: an evening on which the feature was never known says nothing about it, and seven that do are asked for.
Rule 2: one pass over each evening, in the order of its observations; nothing of it is remembered but the greatest values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from detector.core.attention.attention import INPUT_FEATURES, Attention, FeatureView
from detector.core.attention.settings import AttentionSettings
from detector.core.attention.use_counts import TICK
from detector.core.observations import (
    Gap,
    InputCounted,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    PartnerTimeExtended,
    Shown,
    WentIdle,
)
from rules.model import FeatureKey, Value

MIN_SESSIONS: Final = 7
"""So many evenings make a habit that can be spoken of; fewer are chance."""
MAX_AGE: Final = timedelta(days=28)
"""How far back evenings count: four of each day of the week."""
_FAR: Final[Mapping[type, Value]] = {timedelta: timedelta(days=2), int: 10**6, float: 1e9}


def usual_keys(needs: Iterable[FeatureKey]) -> frozenset[FeatureKey]:
    """Return those of the features that say what is usual of another."""
    return frozenset(key for key in needs if key.name == "usual")


def usuals(
    evenings: Iterable[Sequence[Observation]],
    keys: Iterable[FeatureKey],
    settings: AttentionSettings | None = None,
    done: Callable[[], None] = lambda: None,
) -> Mapping[FeatureKey, Value]:
    """Return what is usual, for each of the keys (named "usual") of which it can be said.

    `evenings`: the recorded observations of each, from `PartnerTimeBegan` on; the caller hands in those that lie in the
    last 28 days. The percentile is the least of the greatest values that so many evenings in a hundred do not exceed; of a
    feature of one device the greatest on any device counts. `done` is called after each evening.
    """
    wanted = {key: measured_key(key) for key in keys if key.name == "usual"}
    found: dict[FeatureKey, list[Any]] = {measured: [] for measured in wanted.values()}
    if not wanted:
        return {}
    for evening in evenings:
        for key, value in maxima(evening, found, settings or AttentionSettings()).items():
            found[key].append(value)
        done()
    return {
        key: percentile(sorted(found[measured]), key.part)
        for key, measured in wanted.items()
        if len(found[measured]) >= MIN_SESSIONS
    }


def percentile(ordered: Sequence[Value], part: int) -> Value:
    """Return the least of the values that at least `part` in a hundred of them do not exceed; they are in order."""
    return ordered[max(0, -(-len(ordered) * part // 100) - 1)]


def maxima(
    evening: Iterable[Observation], keys: Iterable[FeatureKey], settings: AttentionSettings
) -> dict[FeatureKey, Value]:
    """Return the greatest value of each feature on the evening, on any device, where it was ever known."""
    attention: Attention | None = None
    best = _Best(keys)
    for seen in evening:
        if attention is None:
            if isinstance(seen, PartnerTimeBegan):
                attention, best.at = Attention(best.keys, seen.at, seen.ends, settings), seen.at
            continue
        is_input = isinstance(seen, InputCounted)
        best.pass_until(attention, seen.since if isinstance(seen, Gap | WentIdle) else seen.at, touched=is_input)
        if isinstance(seen, PartnerTimeEnded):
            break
        if isinstance(seen, PartnerTimeExtended):
            attention.extend(seen.ends)
        attention.observe(seen)
        if isinstance(seen, Shown):
            attention.nudged(seen.at, None)
        best.look(attention, seen.at, touched=is_input)
    return best.found


class _Best:
    """The greatest values so far. `at`: up to when they are known."""

    def __init__(self, keys: Iterable[FeatureKey]) -> None:
        self.keys = tuple(keys)
        self.found: dict[FeatureKey, Any] = {}
        self.at: datetime | None = None
        self._by_input = tuple(key for key in self.keys if key.name in INPUT_FEATURES)
        self._ended_by_input = tuple(key for key in self.keys if key.name == "since_input")
        self._turn: datetime | None = None

    def pass_until(self, attention: Attention, at: datetime, *, touched: bool) -> None:
        """Time passes: look wherever a value stops growing, and at last just before what comes."""
        while self._turn is not None and self._turn < at:
            # What is too long from now on was not so just before.
            self._look(attention, self._turn - TICK, self.keys)
            self._look(attention, self._turn, self.keys)
            self._turn = self._next(attention, self._turn)
        if self.at is not None:
            # An observation may say of an instant before the last one that nothing is known since.
            self._look(attention, max(at, self.at), self._ended_by_input if touched else self.keys)

    def look(self, attention: Attention, at: datetime, *, touched: bool) -> None:
        """Something was observed: what only time and other observations change need not be looked at after input."""
        self._look(attention, at, self._by_input if touched else self.keys)
        if not touched:
            self._turn = self._next(attention, at)

    def _look(self, attention: Attention, at: datetime, keys: Sequence[FeatureKey]) -> None:
        self.at = at
        for device in attention.devices:
            view = attention.view(device.name, at)
            for key in keys:
                value, before = view.get(key), self.found.get(key)
                if isinstance(value, timedelta | int | float) and (before is None or value > before):
                    self.found[key] = value

    def _next(self, attention: Attention, at: datetime) -> datetime | None:
        views = [attention.view(device.name, at) for device in attention.devices]
        turns = [turn for view in views for key in self.keys if (turn := self._slope(view, key)) is not None]
        return min(turns, default=None)

    def _slope(self, view: FeatureView, key: FeatureKey) -> datetime | None:
        # Compared with what it never reaches, a value turns only where it begins to grow or to shrink.
        value = None if key in self._by_input else view.get(key)
        return None if value is None else view.deadline(key, _FAR.get(type(value), value))


def measured_key(key: FeatureKey) -> FeatureKey:
    """Return the feature of which this says what is usual."""
    (name,) = key.steps[0]
    return FeatureKey(name, key.span, key.category, key.scope, key.which)
