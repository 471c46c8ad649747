"""Which rules begin to hold, instant by instant: `for`, `until`, and what is let go of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rules.engine import NEVER, RuleWatch, evidence, features_used
from rules.language import compile_condition
from rules.model import FeatureKey, Page, Rule, Value

BEGAN = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
PAGE = Page(notices="", why="", wrong="", needs="", example="")
GLANCES, CATEGORY, SCROLLS = (
    FeatureKey("glances", timedelta(minutes=10)),
    FeatureKey("category"),
    FeatureKey("scrolls", timedelta(seconds=60)),
)
DWELL = FeatureKey("dwell")


@dataclass(frozen=True)
class Features:
    """Plain numbers at a second; only the dwell grows by itself."""

    second: float
    values: Mapping[FeatureKey, Value] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        return BEGAN + timedelta(seconds=self.second)

    def get(self, key: FeatureKey, /) -> Value | None:
        return timedelta(seconds=self.second) if key == DWELL else self.values.get(key)

    def deadline(self, key: FeatureKey, value: Value, /) -> datetime | None:
        if key != DWELL or not isinstance(value, timedelta) or BEGAN + value <= self.at:
            return None
        return BEGAN + value


def glances(second: float, count: int) -> Features:
    return Features(second, {GLANCES: count, CATEGORY: "social", SCROLLS: count})


def rule(code: str, when: str, until: str | None = None) -> Rule:
    return Rule(
        code=code,
        name=code,
        condition=compile_condition(when),
        page=PAGE,
        source="test",
        until=compile_condition(until) if until else None,
    )


def watch(*rules: Rule) -> RuleWatch:
    return RuleWatch(rules, frozenset({"scrolls"}))


def looks(watching: RuleWatch, *seen: tuple[float, int]) -> list[float]:
    """Return at which seconds something began to hold."""
    return [second for second, count in seen if watching.after_observation(glances(second, count), "social")]


def turn(watching: RuleWatch) -> float | None:
    return None if watching.deadline is NEVER else (watching.deadline - BEGAN).total_seconds()


def test_a_match_is_the_instant_at_which_a_rule_begins_to_hold() -> None:
    watching = watch(rule("A", "glances(10 min) >= 2"))
    assert looks(watching, (0, 1), (1, 2), (2, 3), (3, 1), (4, 2)) == [1, 4]


def test_a_for_part_holds_exactly_at_its_length_and_restarts_after_a_break() -> None:
    watching = watch(rule("A", "glances(10 min) >= 2 for 20 s"))
    assert looks(watching, (0, 2)) == []
    assert turn(watching) == 20
    assert watching.on_deadline(glances(19.9, 2)) == []
    assert [each.code for each in watching.on_deadline(glances(20, 2))] == ["A"]
    assert turn(watching) is None
    assert looks(watching, (21, 1), (22, 2), (41.9, 2), (42, 2)) == [42]


def test_for_timers_are_reset_when_nothing_or_another_category_is_in_use() -> None:
    lasting = rule("A", "category is social for 20 s")
    watching = watch(lasting)
    assert looks(watching, (0, 2)) == []
    watching.reset()
    assert turn(watching) is None
    assert looks(watching, (15, 2), (20, 2), (34, 2), (35, 2)) == [35]
    watching = watch(lasting)
    assert looks(watching, (0, 2)) == []
    assert watching.after_observation(Features(10, {CATEGORY: "mail"}), "mail") == []
    assert looks(watching, (15, 2), (20, 2), (35, 2)) == [35]


def test_reset_ends_every_rule_that_held() -> None:
    watching = watch(rule("A", "glances(10 min) >= 2"), rule("B", "glances(10 min) >= 2", "glances(10 min) < 1"))
    assert looks(watching, (0, 2)) == [0]
    watching.reset()
    assert [each.code for each in watching.after_observation(glances(1, 2), "social")] == ["A", "B"]
    assert watching.after_observation(Features(2, {CATEGORY: "mail", GLANCES: 2}), "mail") == []


def test_a_rule_begins_again_after_another_category_was_in_front() -> None:
    watching = watch(rule("A", "category is social and glances(10 min) >= 2"))
    assert looks(watching, (0, 2)) == [0]
    assert watching.after_observation(Features(1, {CATEGORY: "mail", GLANCES: 2}), "mail") == []
    assert looks(watching, (2, 2)) == [2]


def test_after_until_the_condition_must_be_false_before_the_rule_holds_again() -> None:
    watching = watch(rule("A", "glances(10 min) >= 3", "glances(10 min) < 2"))
    assert looks(watching, (0, 3), (1, 2), (2, 3), (3, 1), (4, 2), (5, 3)) == [0, 5]
    # What is over while the condition still holds, is over.
    watching = watch(rule("A", "glances(10 min) >= 3", "scrolls(60 s) >= 5"))
    assert looks(watching, (0, 3), (1, 6), (2, 4), (3, 2), (4, 3)) == [0, 4]


def test_a_rule_begins_only_when_until_no_longer_holds() -> None:
    watching = watch(rule("A", "glances(10 min) >= 3", "dwell < 10 s"))
    assert looks(watching, (0, 3)) == []
    assert turn(watching) == 10
    assert [each.code for each in watching.on_deadline(glances(10, 3))] == ["A"]


def test_the_memory_of_until_is_reset_each_time_the_rule_becomes_active() -> None:
    watching = watch(rule("A", "glances(10 min) >= 3", "scrolls(60 s) >= 3 for 20 s"))
    assert looks(watching, (0, 3)) == [0]
    assert turn(watching) == 20
    assert looks(watching, (20, 3), (21, 2), (22, 3)) == [22]
    assert turn(watching) == 42


def test_while_a_rule_is_active_the_parts_of_its_condition_are_still_timed() -> None:
    watching = watch(rule("A", "glances(10 min) >= 2 for 5 s", "dwell >= 60 s"))
    assert looks(watching, (0, 2), (5, 2)) == [5]
    assert turn(watching) == 60
    assert looks(watching, (60, 2), (61, 2), (70, 1), (71, 2), (75, 2)) == []


def test_input_evaluates_only_the_rules_that_it_can_change() -> None:
    watching = watch(rule("A", "glances(10 min) >= 2"), rule("B", "glances(10 min) >= 2", "scrolls(60 s) >= 9"))
    assert looks(watching, (0, 1)) == []
    assert [each.code for each in watching.after_input(glances(1, 2), "social")] == ["B"]
    assert [each.code for each in watching.after_observation(glances(2, 2), "social")] == ["A"]


def test_on_deadline_evaluates_only_due_rules_and_the_deadline_is_the_earliest_of_all() -> None:
    watching = watch(rule("A", "dwell >= 10 s"), rule("B", "dwell >= 30 s"), rule("C", "glances(10 min) >= 2"))
    assert looks(watching, (0, 1)) == []
    assert turn(watching) == 10
    assert [each.code for each in watching.on_deadline(glances(10, 2))] == ["A"]
    assert turn(watching) == 30
    assert [each.code for each in watching.on_deadline(glances(30, 2))] == ["B"]


def test_features_used_cover_all_parts_and_evidence_holds_the_known_ones_of_the_condition() -> None:
    until = rule("A", "glances(10 min) >= 2 and dwell >= 3 s", "scrolls(60 s) >= 9")
    assert features_used([until]) == {GLANCES, DWELL, SCROLLS}
    assert evidence(until, glances(4, 2)) == ((DWELL, timedelta(seconds=4)), (GLANCES, 2))
    assert evidence(until, Features(4)) == ((DWELL, timedelta(seconds=4)),)
