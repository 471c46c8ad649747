"""What held, what was missing, and what would have prevented it: golden sentences over real conditions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detector.rulebook.loading import load_rules
from rules.evaluation import comparisons
from rules.explain_condition import format_comparisons, what_would_have_kept_it_quiet
from rules.language import compile_condition, evaluate
from rules.model import FeatureKey, FixedFeatures, Rule, Value

AT = datetime(2026, 11, 23, 19, 3, 20, tzinfo=UTC)
CATEGORY, DWELL, SCROLLS = FeatureKey("category"), FeatureKey("dwell"), FeatureKey("scrolls", timedelta(seconds=60))
TEN = timedelta(minutes=10)


def clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}"


def quiet(text: str, measured: dict[FeatureKey, Value]) -> str | None:
    return what_would_have_kept_it_quiet(evaluate(text, measured.get), AT, clock)


def test_the_nearest_values_at_which_a_condition_would_not_have_held_are_named() -> None:
    text = "category is social and dwell >= 60 s and scrolls(60 s) >= 10"
    measured = {CATEGORY: "social", DWELL: timedelta(seconds=80), SCROLLS: 14}
    assert quiet(text, measured) == (
        "What would have prevented it: leaving it before 19:03:00, or fewer than 10 scroll steps in 1 min."
    )


@pytest.mark.parametrize(
    ("text", "key", "value", "way"),
    [
        ("glances(10 min) >= 3", FeatureKey("glances", TEN), 3, "fewer than 3 looks under 30 s in 10 min"),
        (
            "all.glances(10 min) > 2",
            FeatureKey("glances", TEN, scope="all"),
            3,
            "at most 2 looks under 30 s in 10 min on all devices together",
        ),
        ("pick_ups(10 min) >= 1", FeatureKey("pick_ups", TEN), 3, "no pick-up in 10 min"),
        ("scrolls(10 min) < 3", FeatureKey("scrolls", TEN), 2, "at least 3 scroll steps in 10 min"),
        ("keys(10 min) <= 3", FeatureKey("keys", TEN), 2, "more than 3 key presses in 10 min"),
        (
            "uses(messaging, 10 min) >= 2",
            FeatureKey("uses", TEN, "messaging"),
            2,
            "fewer than 2 uses of messages in 10 min",
        ),
        (
            "time(social, 10 min) >= 90 s",
            FeatureKey("time", TEN, "social"),
            timedelta(minutes=2),
            "less than 90 s of social media in 10 min",
        ),
        ("since_input >= 15 s", FeatureKey("since_input"), timedelta(seconds=20), "a touch before 19:03:15"),
        ("not put_away", FeatureKey("put_away"), False, "having put the device away before"),
        ("came_from in (messaging, mail)", FeatureKey("came_from"), "mail", "coming from anything but mail"),
        ("switch_rate(10 min) >= 2 / min", FeatureKey("switch_rate", TEN), 2.5, "switch_rate(10 min) < 2 / min"),
    ],
)
def test_each_kind_of_comparison_has_its_own_sentence(text: str, key: FeatureKey, value: Value, way: str) -> None:
    assert compile_condition(text).holds(FixedFeatures(AT, {key: value}))
    assert quiet(text, {key: value}) == f"What would have prevented it: {way}."


def test_all_parts_of_an_or_that_held_must_fail_together() -> None:
    clicks = FeatureKey("clicks", timedelta(seconds=60))
    text = "scrolls(60 s) >= 3 or clicks(60 s) >= 3"
    assert quiet(text, {SCROLLS: 5, clicks: 4}) == (
        "What would have prevented it: fewer than 3 scroll steps in 1 min and fewer than 3 clicks in 1 min."
    )
    assert quiet(text, {SCROLLS: 5, clicks: 2}) == "What would have prevented it: fewer than 3 scroll steps in 1 min."


def test_no_advice_is_given_where_nothing_the_person_did_would_have_avoided_it() -> None:
    assert quiet("category is social and elapsed >= 5 min", {CATEGORY: "social", FeatureKey("elapsed"): TEN}) is None


def test_each_comparison_reports_whether_it_held_and_what_it_lacked() -> None:
    text = "category in distraction and dwell >= 60 s and scrolls(60 s) > 10 and not put_away and elapsed <= 5 min"
    measured: dict[FeatureKey, Value] = {
        CATEGORY: "reading",
        DWELL: timedelta(seconds=48),
        SCROLLS: 10,
        FeatureKey("elapsed"): timedelta(minutes=7),
    }
    assert format_comparisons(evaluate(text, measured.get)) == [
        (False, "category in distraction", "it was reading"),
        (False, "dwell >= 60 s", "48 s, 12 s short"),
        (False, "scrolls(60 s) > 10", "10, 1 short"),
        (None, "not put_away", "not known"),
        (False, "elapsed <= 5 min", "7 min, 2 min too long"),
    ]


def test_an_unknown_comparison_neither_holds_nor_fails() -> None:
    known = evaluate("scrolls(60 s) is unknown or dwell >= 60 s", {DWELL: timedelta(seconds=10)}.get)
    assert known.holds is True
    assert evaluate("dwell >= 60 s and category is social", {CATEGORY: "social"}.get).holds is None
    assert evaluate("dwell >= 60 s and category is social", {CATEGORY: "mail"}.get).holds is False


def test_distance_grows_with_what_is_missing_and_adds_up_over_parts() -> None:
    text = "category is social and dwell >= 60 s"

    def distance(seconds: int) -> float:
        return evaluate(text, {CATEGORY: "social", DWELL: timedelta(seconds=seconds)}.get).distance

    assert distance(60) == 0 < distance(59) < distance(30) < distance(0) == 1
    assert evaluate("dwell > 60 s", {DWELL: timedelta(seconds=60)}.get).distance > 0


@pytest.mark.parametrize("rule", load_rules(None).rules, ids=lambda rule: rule.code)
def test_every_feature_of_a_built_in_rule_appears_in_its_comparisons(rule: Rule) -> None:
    found = comparisons(evaluate(rule.condition.text, {}.get))
    assert {part.key for part in found} >= {key for key in rule.condition.features_used if key.name != "usual"}
    assert all(words for _, words, _ in format_comparisons(evaluate(rule.condition.text, {}.get)))


def test_evaluate_refuses_a_text_that_is_no_condition() -> None:
    with pytest.raises(ValueError, match="not a condition"):
        evaluate("dwell >=", {}.get)


def test_each_timed_part_has_its_own_held_for() -> None:
    text = "((category is social for 5 min) or (dwell >= 10 s for 2 min)) and (scrolls(60 s) >= 3 for 1 min)"
    measured: dict[FeatureKey, Value] = {CATEGORY: "social", DWELL: timedelta(seconds=80), SCROLLS: 14}
    lasted = (timedelta(minutes=1), timedelta(0), timedelta(seconds=60))
    found = evaluate(text, measured.get, lasted)
    assert [row for row in format_comparisons(found) if row[1].startswith("for ")] == [
        (False, "for 5 min", "1 min, 4 min short"),
        (False, "for 2 min", "0 s, 2 min short"),
        (True, "for 60 s", "1 min"),
    ]
    assert found.holds is False
    assert evaluate(text, measured.get, (timedelta(minutes=5), *lasted[1:])).holds is True
    assert evaluate(text, measured.get).holds is True


def test_a_break_is_the_advice_for_a_timed_part() -> None:
    measured: dict[FeatureKey, Value] = {CATEGORY: "social", SCROLLS: 14}
    assert quiet("category is social and (scrolls(60 s) >= 10 for 2 min)", measured) == (
        "What would have prevented it: fewer than 10 scroll steps in 1 min, or a break in it within 2 min."
    )
