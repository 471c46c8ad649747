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


def test_a_part_that_is_to_last_ripens_to_the_instant_and_begins_anew_after_a_break() -> None:
    watching = watch(rule("A", "glances(10 min) >= 2 for 20 s"))
    assert looks(watching, (0, 2)) == []
    assert turn(watching) == 20
    assert watching.on_deadline(glances(19.9, 2)) == []
    assert [each.code for each in watching.on_deadline(glances(20, 2))] == ["A"]
    assert turn(watching) is None
    assert looks(watching, (21, 1), (22, 2), (41.9, 2), (42, 2)) == [42]


def test_what_is_remembered_is_let_go_of_where_nothing_is_in_use_or_something_else_is() -> None:
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


def test_resting_ends_what_held() -> None:
    watching = watch(rule("A", "glances(10 min) >= 2"), rule("B", "glances(10 min) >= 2", "glances(10 min) < 1"))
    assert looks(watching, (0, 2)) == [0]
    watching.reset()
    assert [each.code for each in watching.after_observation(glances(1, 2), "social")] == ["A", "B"]
    assert watching.after_observation(Features(2, {CATEGORY: "mail", GLANCES: 2}), "mail") == []


def test_what_was_not_in_question_for_a_while_begins_anew() -> None:
    watching = watch(rule("A", "category is social and glances(10 min) >= 2"))
    assert looks(watching, (0, 2)) == [0]
    assert watching.after_observation(Features(1, {CATEGORY: "mail", GLANCES: 2}), "mail") == []
    assert looks(watching, (2, 2)) == [2]


def test_a_rule_goes_on_until_and_then_has_to_cease_before_it_begins_anew() -> None:
    watching = watch(rule("A", "glances(10 min) >= 3", "glances(10 min) < 2"))
    assert looks(watching, (0, 3), (1, 2), (2, 3), (3, 1), (4, 2), (5, 3)) == [0, 5]
    # What is over while the condition still holds, is over.
    watching = watch(rule("A", "glances(10 min) >= 3", "scrolls(60 s) >= 5"))
    assert looks(watching, (0, 3), (1, 6), (2, 4), (3, 2), (4, 3)) == [0, 4]


def test_a_rule_does_not_begin_while_until_holds_and_begins_when_it_ceases() -> None:
    watching = watch(rule("A", "glances(10 min) >= 3", "dwell < 10 s"))
    assert looks(watching, (0, 3)) == []
    assert turn(watching) == 10
    assert [each.code for each in watching.on_deadline(glances(10, 3))] == ["A"]


def test_what_until_remembers_begins_with_each_holding() -> None:
    watching = watch(rule("A", "glances(10 min) >= 3", "scrolls(60 s) >= 3 for 20 s"))
    assert looks(watching, (0, 3)) == [0]
    assert turn(watching) == 20
    assert looks(watching, (20, 3), (21, 2), (22, 3)) == [22]
    assert turn(watching) == 42


def test_while_it_goes_on_the_parts_of_the_condition_are_watched_too() -> None:
    watching = watch(rule("A", "glances(10 min) >= 2 for 5 s", "dwell >= 60 s"))
    assert looks(watching, (0, 2), (5, 2)) == [5]
    assert turn(watching) == 60
    assert looks(watching, (60, 2), (61, 2), (70, 1), (71, 2), (75, 2)) == []


def test_input_is_shown_only_to_the_rules_that_it_can_change() -> None:
    watching = watch(rule("A", "glances(10 min) >= 2"), rule("B", "glances(10 min) >= 2", "scrolls(60 s) >= 9"))
    assert looks(watching, (0, 1)) == []
    assert [each.code for each in watching.after_input(glances(1, 2), "social")] == ["B"]
    assert [each.code for each in watching.after_observation(glances(2, 2), "social")] == ["A"]


def test_only_the_rules_that_turn_are_looked_at_and_the_next_turn_is_the_first_of_all() -> None:
    watching = watch(rule("A", "dwell >= 10 s"), rule("B", "dwell >= 30 s"), rule("C", "glances(10 min) >= 2"))
    assert looks(watching, (0, 1)) == []
    assert turn(watching) == 10
    assert [each.code for each in watching.on_deadline(glances(10, 2))] == ["A"]
    assert turn(watching) == 30
    assert [each.code for each in watching.on_deadline(glances(30, 2))] == ["B"]


def test_what_is_needed_is_all_that_is_asked_for_and_evidence_all_that_is_known_of_the_condition() -> None:
    until = rule("A", "glances(10 min) >= 2 and dwell >= 3 s", "scrolls(60 s) >= 9")
    assert features_used([until]) == {GLANCES, DWELL, SCROLLS}
    assert evidence(until, glances(4, 2)) == ((DWELL, timedelta(seconds=4)), (GLANCES, 2))
    assert evidence(until, Features(4)) == ((DWELL, timedelta(seconds=4)),)
