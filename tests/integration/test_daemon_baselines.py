"""What is usual is computed from the kept sessions of the last 28 days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Record
from detector.core.observations import (
    Activity,
    Focused,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    SensorStarted,
)
from detector.daemon.baselines import read_baselines
from detector.store.store import Store
from rules.model import Value
from rules.pack import read_pack
from tests.endtoend.evening import PAGE

NOW = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
USUAL = f'[[rule]]\ncode = "X1"\nname = "More than usual"\nwhen = "uses(social, 1 h) > usual(p50)"\n{PAGE}'
PLAIN = f'[[rule]]\ncode = "X1"\nname = "A feed"\nwhen = "category is social and dwell >= 10 s"\n{PAGE}'


def evening(days_ago: int, feeds: int, *, over: bool = True) -> list[Record]:
    at = NOW - timedelta(days=days_ago)
    name = f"1@{at:%d}"
    seen: list[Observation] = [
        PartnerTimeBegan(at=at, occurrence=name, title="x", ends=at + timedelta(hours=1)),
        SensorStarted(at=at, sense="focus", sensor="test"),
    ]
    for number in range(feeds):
        began = at + timedelta(minutes=1 + number)
        seen += [
            Focused(at=began, activity=Activity(category="social")),
            Focused(at=began + timedelta(seconds=20), activity=None),
        ]
    seen += [PartnerTimeEnded(at=at + timedelta(hours=1))] if over else []
    return [Record(occurrence=name, item=what) for what in seen]


@pytest.fixture
def store() -> Store:
    kept = Store.in_memory()
    for days_ago in range(7, 0, -1):
        kept.history.save(evening(days_ago, feeds=days_ago))
    return kept


def usual_values(text: str, store: Store) -> list[Value]:
    rules = read_pack(text, "own.toml").rules
    return list(read_baselines(rules, store=store, now=NOW, attention=AttentionSettings()).values())


def test_what_is_usual_comes_from_the_kept_sessions_that_are_over(store: Store) -> None:
    store.history.save(evening(0, feeds=30, over=False))
    assert usual_values(USUAL, store) == [4]


def test_nothing_is_read_where_no_rule_compares_with_what_is_usual(store: Store) -> None:
    store.history.occurrences = None  # type: ignore[assignment] - any query fails
    assert usual_values(PLAIN, store) == []


def test_sessions_of_more_than_four_weeks_ago_do_not_count() -> None:
    kept = Store.in_memory()
    for days_ago in range(35, 28, -1):
        kept.history.save(evening(days_ago, feeds=3))
    assert usual_values(USUAL, kept) == []
