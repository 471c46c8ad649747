"""The rules in force during one partner time: what is usual is reckoned from kept evenings, what changes is taken over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detector.clock import ManualClock
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Record
from detector.core.observations import (
    Activity,
    Focused,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    RulesChanged,
    SensorStarted,
)
from detector.daemon.rules_now import RulesNow
from detector.store.store import Store
from rules.model import FeatureKey, Rule, Value
from tests.endtoend.evening import PAGE

NOW = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
USUAL = f'[[rule]]\ncode = "X1"\nname = "More than usual"\nwhen = "uses(social, 1 h) > usual(p50)"\n{PAGE}'
PLAIN = f'[[rule]]\ncode = "X1"\nname = "A feed"\nwhen = "category is social and dwell >= 10 s"\n{PAGE}'


class Core:
    """Remembers what it was handed, and when it was told."""

    def __init__(self) -> None:
        self.laid: list[tuple[str, tuple[str, ...], Mapping[FeatureKey, Value]]] = []
        self.told: list[RulesChanged] = []

    def take_rules(
        self, rules: Sequence[Rule], usuals: Mapping[FeatureKey, Value] | None = None, *, digest: str
    ) -> None:
        own = tuple(rule.condition.text for rule in rules if rule.code == "X1")
        self.laid.append((digest, own, usuals or {}))

    def tell(self, changed: RulesChanged) -> None:
        assert changed.digest in {digest for digest, _, _ in self.laid}, "laid ready before it is told"
        self.told.append(changed)


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
    return [Record(occurrence=name, what=what) for what in seen]


@pytest.fixture
def store() -> Store:
    kept = Store.in_memory()
    for days_ago in range(7, 0, -1):
        kept.keep_all(evening(days_ago, feeds=days_ago))
    return kept


def now(folder: Path, store: Store) -> RulesNow:
    return RulesNow(folder, store=store, clock=ManualClock(NOW), attention=AttentionSettings())


def test_what_is_usual_comes_from_the_kept_evenings_that_are_over(tmp_path: Path, store: Store) -> None:
    (tmp_path / "own.toml").write_text(USUAL)
    store.keep_all(evening(0, feeds=30, over=False))
    assert list(now(tmp_path, store).usuals().values()) == [4]


def test_nothing_is_reckoned_where_no_rule_asks(tmp_path: Path, store: Store) -> None:
    (tmp_path / "own.toml").write_text(PLAIN)
    store.occurrences = None  # type: ignore[assignment] - whoever asks fails
    assert now(tmp_path, store).usuals() == {}


def test_evenings_of_more_than_four_weeks_ago_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(USUAL)
    kept = Store.in_memory()
    for days_ago in range(35, 28, -1):
        kept.keep_all(evening(days_ago, feeds=3))
    assert now(tmp_path, kept).usuals() == {}


def test_a_change_is_laid_ready_and_told_once(tmp_path: Path, store: Store) -> None:
    file, core = tmp_path / "own.toml", Core()
    file.write_text(PLAIN)
    rules = now(tmp_path, store)
    assert rules.look(core, core.tell) is None
    assert core.laid == []
    file.write_text(USUAL)
    assert rules.look(core, core.tell) == ()
    assert rules.look(core, core.tell) is None
    ((_, own, usual),) = core.laid
    assert own == ("uses(social, 1 h) > usual(p50)",)
    assert list(usual.values()) == [4]
    assert [told.at for told in core.told] == [NOW]
    assert rules.by_code["X1"].name == "More than usual"


def test_a_mistake_is_returned_and_the_core_keeps_what_it_has(tmp_path: Path, store: Store) -> None:
    file, core = tmp_path / "own.toml", Core()
    file.write_text(PLAIN)
    rules = now(tmp_path, store)
    file.write_text(PLAIN.replace("dwell", "dwel"))
    (problem,) = rules.look(core, core.tell) or ()
    assert "dwel" in str(problem)
    assert (core.laid, core.told) == ([], [])
    assert rules.by_code["X1"].condition.text.endswith("dwell >= 10 s")


def test_a_file_that_goes_takes_its_rules_along(tmp_path: Path, store: Store) -> None:
    file, core = tmp_path / "own.toml", Core()
    file.write_text(PLAIN)
    rules = now(tmp_path, store)
    file.unlink()
    assert rules.look(core, core.tell) == ()
    assert "X1" not in rules.by_code
    assert len(core.told) == 1
