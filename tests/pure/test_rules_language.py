"""What the language accepts, what it refuses and in which words, and when it looks again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from rules.language import RuleError, RuleProblem, compile_condition
from rules.model import FeatureKey, Value

AT = datetime(2026, 3, 1, 19, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CATEGORY, DWELL = FeatureKey("category"), FeatureKey("dwell")
SCROLLS = FeatureKey("scrolls", MINUTE)


def problems_of(text: str) -> tuple[RuleProblem, ...]:
    with pytest.raises(RuleError) as refused:
        compile_condition(text)
    return refused.value.problems


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("60 s <= dwell", FeatureKey("dwell")),
        ("dwell>=60s", FeatureKey("dwell")),
        ("1 h 30 min < elapsed", FeatureKey("elapsed")),
        ("share >= 10 %", FeatureKey("share")),
        ("12.5 / min < scroll_rate(90 s)", FeatureKey("scroll_rate", timedelta(seconds=90))),
        ("all.uses(messaging, 15 min) >= 2", FeatureKey("uses", 15 * MINUTE, "messaging", "all")),
        ("time(social, 10 min) == 0 s", FeatureKey("time", 10 * MINUTE, "social")),
        ("category not in (social, video,\n mail)", FeatureKey("category")),
        ("came_from in distraction", FeatureKey("came_from")),
        ("not not put_away", FeatureKey("put_away")),
        ("glances(6 h) is not unknown", FeatureKey("glances", timedelta(hours=6))),
        ("full_screen is known", FeatureKey("full_screen")),
    ],
)
def test_a_condition_compiles_and_declares_its_features(text: str, key: FeatureKey) -> None:
    condition = compile_condition(text)
    assert condition.features_used == {key}
    assert condition.text == text


@pytest.mark.parametrize(
    ("text", "message", "hint", "where", "width"),
    [
        ("dwell >= 3", "dwell is a length: write 3 s or 3 min.", None, 9, 1),
        ("dwel >= 3 s", "There is no feature 'dwel'.", "Did you mean 'dwell'?", 0, 4),
        ("category is socail", "There is no category 'socail'.", "Did you mean 'social'?", 12, 6),
        ("category is distraction", "There is no category 'distraction'.", "set of categories: write 'in'", 12, 11),
        ("glances >= 3", "glances needs a span.", "Write glances(10 min).", 0, 7),
        ("dwell(10 min) >= 3 s", "dwell takes no span.", "Write dwell.", 0, 13),
        ("uses(15 min, mail) > 2", "The category comes first.", "Write uses(social, 10 min).", 5, 6),
        ("glances(0 s) > 2", "A span is longer than 0 s and at most 24 h.", None, 8, 3),
        ("glances(1441 min) > 2", "A span is longer than 0 s and at most 24 h.", None, 8, 8),
        ("glances(10 min) > 2.5", "glances is a count: it is always whole.", None, 18, 3),
        ("glances(10 min) > 2 s", "glances is a count: write 2 without a unit.", None, 18, 3),
        ("glances(10 min) >= 0", "This holds whenever glances is known.", "Write 'glances is known'", 19, 1),
        ("glances(10 min) < 0", "This never holds", None, 18, 1),
        ("dwell > 25 h", "dwell is never longer than 24 h.", None, 8, 4),
        ("time(mail, 5 min) > 6 min", "time is never longer than 5 min.", None, 20, 5),
        ("time(mail, 5 min) > 5 min", "This never holds: time is never longer than 5 min.", None, 20, 5),
        ("share >= 101 %", "share is never more than 100 %.", None, 9, 5),
        ("share <= 100 %", "This holds whenever share is known.", None, 9, 5),
        ("share > 5", "share is a share: write 5 %.", None, 8, 1),
        ("key_rate(1 min) > 12", "key_rate is a rate: write 12 / min.", None, 18, 2),
        ("key_rate(1 min) > 12 / day", "A rate is not counted per 'day'.", "Write / s, / min or / h.", 18, 8),
        ("dwell == 60 s", "dwell flows past this value in an instant.", "Write <, <=, > or >=.", 9, 4),
        ("dwell >= -3 s", "Nothing that is measured here is ever less than zero.", None, 9, 1),
        ("dwell >= 3 minutes", "'minutes' is not a unit of length.", "Did you mean 'min'?", 11, 7),
        ("dwell >= 99999999999 s", "'99999999999' has too many digits.", None, 9, 13),
        ("dwell >= elapsed", "dwell is compared with a number, not with 'elapsed'.", None, 9, 7),
        ("dwell > 10 s < 30 s", "Only one comparison at a time.", "dwell > 10 s and dwell < 30 s", 13, 1),
        ("dwell", "dwell alone is neither true nor false.", "'dwell >= 30 s'", 0, 5),
        ("social", "There is no feature 'social'.", "write 'category is social'", 0, 6),
        ("put_away > 3", "put_away is yes or no, and is not compared with '>'.", "'put_away' or 'not put_away'", 9, 1),
        ("put_away is social", "put_away is not a category", None, 12, 6),
        ("category = social", "'=' is not used here.", "'is' before a word", 9, 1),
        ("put_away && full_screen", "'&&' is not used here.", "Write 'and'.", 9, 2),
        ("category is 'social'", "Words stand without quotes here.", None, 12, 8),
        ("all.dwell > 3 s", "dwell is known of one device only.", "Leave 'all.' out.", 0, 3),
        (
            "my.glances(1 min) > 3",
            "There is no 'my.' before features.",
            "Only 'all.', 'any.', 'laptop.' and 'phone.' can stand here.",
            0,
            2,
        ),
        ("put_away full_screen", "Before 'full_screen' an 'and' or an 'or' is missing.", None, 9, 11),
        ("(put_away", "This '(' is never closed.", None, 0, 1),
        ("put_away)", "This ')' closes nothing.", None, 8, 1),
        ("put_away and", "Here the condition ends where a feature, such as dwell should be.", None, 12, 1),
        ("3 s > 2 s", "Neither side of this comparison is a feature.", None, 0, 9),
        ("  ", "The condition is empty.", None, 0, 1),
    ],
)
def test_a_mistake_is_reported_at_its_place_with_a_hint(
    text: str, message: str, hint: str | None, where: int, width: int
) -> None:
    (problem,) = problems_of(text)
    assert message in problem.message
    assert (problem.offset, problem.width) == (where, width)
    assert hint is None or hint in (problem.hint or "")


def test_all_problems_of_a_text_are_reported_together_in_order() -> None:
    found = problems_of("dwel >= 3 s\nand (category is socail or glances(25 h) >= 1.5)\nand put_away;")
    assert [(problem.offset_line, problem.offset_column) for problem in found] == [
        (0, 0),
        (1, 17),
        (1, 35),
        (1, 44),
        (2, 12),
    ]


def test_one_slip_within_parentheses_is_not_reported_twice() -> None:
    assert len(problems_of("glances(10 min, 5 min; 3) > 2 and put_away")) == 2
    assert len(problems_of("(dwell >= or put_away) and full_screen")) == 1


def test_a_condition_has_at_most_fifty_comparisons() -> None:
    assert compile_condition(" or ".join(["put_away"] * 50))
    (problem,) = problems_of(" or ".join(["put_away"] * 51))
    assert "50 are the most" in problem.message


class Standing:
    """Values that stand still, turns that are told, and a list of what was asked."""

    at = AT

    def __init__(self, values: Mapping[FeatureKey, Value], turns: Mapping[FeatureKey, int] | None = None) -> None:
        self.values, self.told = values, turns or {}
        self.asked: list[str] = []

    def get(self, key: FeatureKey, /) -> Value | None:
        self.asked.append(key.name)
        return self.values.get(key)

    def deadline(self, key: FeatureKey, _value: Value, /) -> datetime | None:
        self.asked.append(f"{key.name}'")
        return AT + timedelta(seconds=self.told[key]) if key in self.told else None


FEED = compile_condition("category is social and dwell >= 60 s and scrolls(60 s) >= 10")


def test_no_feature_is_read_once_the_result_is_decided() -> None:
    features = Standing({CATEGORY: "mail", DWELL: 2 * MINUTE})
    assert not FEED.holds(features)
    assert features.asked == ["category"]


def test_a_condition_about_another_category_has_no_deadline_and_reads_nothing_else() -> None:
    features = Standing({CATEGORY: "mail"}, {DWELL: 5})
    assert FEED.deadline(features) is None
    assert features.asked == ["category"]
    other_order = compile_condition("dwell >= 60 s and category is social")
    features = Standing({CATEGORY: "mail"}, {DWELL: 5})
    assert other_order.deadline(features) is None
    assert features.asked == ["category"]


def test_a_feature_is_read_once_per_evaluation() -> None:
    features = Standing({CATEGORY: "mail"})
    assert compile_condition("category is social or category is mail").holds(features)
    assert features.asked == ["category"]


@pytest.mark.parametrize(
    ("text", "values", "turns", "expected"),
    [
        ("dwell >= 60 s and scrolls(60 s) < 10", {DWELL: MINUTE / 2, SCROLLS: 20}, {DWELL: 30, SCROLLS: 7}, 30),
        ("dwell >= 60 s and scrolls(60 s) < 10", {DWELL: MINUTE / 2, SCROLLS: 2}, {DWELL: 30, SCROLLS: 7}, 30),
        ("dwell >= 60 s and scrolls(60 s) < 10", {DWELL: MINUTE / 2, SCROLLS: 20}, {DWELL: 30}, None),
        ("dwell < 60 s and scrolls(60 s) > 10", {DWELL: MINUTE / 2, SCROLLS: 20}, {DWELL: 30, SCROLLS: 7}, 7),
        ("dwell >= 60 s or scrolls(60 s) < 10", {DWELL: MINUTE / 2, SCROLLS: 20}, {DWELL: 30, SCROLLS: 7}, 7),
        ("dwell < 60 s or scrolls(60 s) > 10", {DWELL: MINUTE / 2, SCROLLS: 20}, {DWELL: 30, SCROLLS: 7}, 30),
        ("dwell < 60 s or scrolls(60 s) > 10", {DWELL: MINUTE / 2, SCROLLS: 20}, {DWELL: 30}, None),
        ("not (dwell >= 60 s and scrolls(60 s) < 10)", {DWELL: MINUTE / 2, SCROLLS: 20}, {DWELL: 9, SCROLLS: 7}, 9),
    ],
)
def test_the_deadline_of_a_condition_is_as_late_as_possible(
    text: str, values: dict[FeatureKey, Value], turns: dict[FeatureKey, int], expected: int | None
) -> None:
    found = compile_condition(text).deadline(Standing(values, turns))
    assert found == (None if expected is None else AT + timedelta(seconds=expected))
