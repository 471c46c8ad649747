"""The built-in rules: each holds where it should, and does not where it nearly should."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detector.config.rules_in_force import built_in
from rules.features import CATEGORIES, DISTRACTING
from rules.lengths import parse_length
from rules.model import FeatureKey, Measured, Value

AT = datetime(2026, 3, 1, 19, 0, tzinfo=UTC)
PACK = built_in()
RULES = {rule.code: rule for rule in PACK.rules}
MINUTE = timedelta(minutes=1)
KEYS = {
    "category": FeatureKey("category"),
    "came_from": FeatureKey("came_from"),
    "dwell": FeatureKey("dwell"),
    "elapsed": FeatureKey("elapsed"),
    "put_away": FeatureKey("put_away"),
    "scrolls": FeatureKey("scrolls", MINUTE),
    "keys": FeatureKey("keys", MINUTE),
    "clicks": FeatureKey("clicks", MINUTE),
    "glances": FeatureKey("glances", 10 * MINUTE, None, "all"),
    "messages": FeatureKey("uses", 15 * MINUTE, "messaging", "all"),
    "work": FeatureKey("time", 15 * MINUTE, "work", "all"),
    "switch_rate": FeatureKey("switch_rate", 3 * MINUTE, None, "all"),
    "opens": FeatureKey("opens", 10 * MINUTE),
    "all_opens": FeatureKey("opens", 10 * MINUTE, None, "all"),
    "pick_ups": FeatureKey("pick_ups", 10 * MINUTE),
}


def features(said: str) -> Measured:
    values: dict[FeatureKey, Value] = {}
    for part in said.split(", "):
        name, _, value = part.partition(" ")
        if name in {"dwell", "elapsed", "work"}:
            values[KEYS[name]] = parse_length(value)
        elif name in {"category", "came_from"}:
            values[KEYS[name]] = value
        elif name == "put_away":
            values[KEYS[name]] = value == "yes"
        else:
            values[KEYS[name]] = int(value)
    return Measured(AT, values)


def holding(said: str) -> list[str]:
    return [rule.code for rule in PACK.rules if rule.condition.holds(features(said))]


CASES = [
    ("F101", "category social, dwell 60 s, scrolls 10", "category social, dwell 59 s, scrolls 10"),
    ("F101", "category social, dwell 1 h, scrolls 99", "category social, dwell 60 s, scrolls 9"),
    ("F101", "category social, dwell 70 s, scrolls 10", "category social, dwell 70 s"),
    ("F101", "category social, dwell 70 s, scrolls 10", "category reading, dwell 70 s, scrolls 10"),
    ("F102", "category social, dwell 90 s", "category social, dwell 89 s"),
    ("F102", "category social, dwell 90 s, scrolls 9", "category social, dwell 90 s, scrolls 10"),
    ("F103", "category social, came_from mail, dwell 15 s", "category social, came_from mail, dwell 14 s"),
    ("F103", "category social, came_from messaging, dwell 20 s", "category social, dwell 20 s"),
    ("F104", "category social, came_from together, dwell 30 s", "category social, came_from work, dwell 30 s"),
    ("F105", "category video, dwell 90 s, keys 3", "category video, dwell 90 s, scrolls 2, keys 2, clicks 2"),
    ("F105", "category video, dwell 90 s, scrolls 3, keys 0", "category video, dwell 90 s"),
    ("F106", "category video, dwell 3 min, opens 0", "category video, dwell 3 min"),
    ("F106", "category video, dwell 3 min, pick_ups 1", "category video, dwell 179 s, pick_ups 1"),
    ("F106", "category video, dwell 1 h, opens 3, pick_ups 3", "category together, dwell 1 h, opens 3, pick_ups 3"),
    ("G201", "category mail, dwell 5 s, glances 3", "category mail, dwell 5 s, glances 2"),
    ("G201", "category phone, dwell 5 s, glances 3", "category reading, dwell 5 s, glances 3"),
    ("G202", "category social, opens 1, all_opens 3", "category social, opens 1, all_opens 2"),
    ("G202", "category mail, opens 3, all_opens 3", "category mail, opens 0, all_opens 3"),
    ("G202", "category mail, opens 3, all_opens 3", "category mail, all_opens 3"),
    ("G202", "category work, opens 3, all_opens 3", "category phone, opens 3, all_opens 3"),
    ("G201", "category news, dwell 5 s, glances 3", "category news, dwell 4 s, glances 3"),
    ("G201", "category social, dwell 5 s, glances 3", "category together, dwell 5 s, glances 3"),
    ("M301", "category messaging, dwell 5 s, messages 2", "category messaging, dwell 5 s, messages 1"),
    ("M301", "category messaging, dwell 5 s, messages 2", "category social, dwell 5 s, messages 2"),
    ("M302", "category mail, dwell 45 s", "category mail, dwell 44 s"),
    ("H401", "category news, dwell 5 s, switch_rate 2", "category news, dwell 5 s, switch_rate 1"),
    (
        "A501",
        "category news, dwell 60 s, put_away no, elapsed 15 min",
        "category news, dwell 60 s, put_away yes, elapsed 15 min",
    ),
    (
        "A501",
        "category news, dwell 60 s, put_away no, elapsed 6 min",
        "category news, dwell 60 s, put_away no, elapsed 16 min",
    ),
    ("A501", "category news, dwell 60 s, put_away no, elapsed 6 min", "category news, dwell 60 s, elapsed 6 min"),
    ("W601", "category work, dwell 10 s, work 3 min", "category work, dwell 10 s, work 179 s"),
    ("P801", "category phone, dwell 90 s", "category phone, dwell 89 s"),
    ("P801", "category phone, dwell 90 s", "category together, dwell 90 s"),
    ("P802", "category phone, dwell 5 s, pick_ups 3", "category phone, dwell 5 s, pick_ups 2"),
    ("P802", "category social, dwell 5 s, pick_ups 3", "category social, dwell 4 s, pick_ups 3"),
    ("P802", "category social, dwell 5 s, pick_ups 3", "category social, dwell 5 s"),
    ("O701", "category games, dwell 90 s", "category games, dwell 89 s"),
    ("O701", "category shopping, dwell 90 s", "category reading, dwell 90 s"),
]


@pytest.mark.parametrize(("code", "holds", "nearly"), CASES)
def test_a_rule_holds_and_nearly_holds(code: str, holds: str, nearly: str) -> None:
    condition = RULES[code].condition
    assert condition.holds(features(holds))
    assert not condition.holds(features(nearly))


def test_every_rule_has_a_case_and_a_whole_page() -> None:
    assert PACK.problems == ()
    assert {code for code, _, _ in CASES} == set(RULES)
    for rule in PACK.rules:
        for part in ("notices", "why", "wrong", "needs", "example"):
            text = getattr(rule.page, part)
            assert text.endswith((".", "it speaks.", "it holds."))
            assert "!" not in text


def test_only_the_rule_about_the_start_waits_for_the_grace() -> None:
    assert [rule.code for rule in PACK.rules if rule.after_grace] == ["A501"]


@pytest.mark.parametrize("category", CATEGORIES)
def test_no_rule_speaks_of_a_look_of_two_seconds_unless_it_was_opened_for_the_third_time(category: str) -> None:
    look = (
        f"category {category}, came_from mail, dwell 2 s, elapsed 6 min, put_away no, scrolls 99, keys 99, clicks 99, "
        "glances 99, messages 99, work 15 min, switch_rate 99, opens 2, all_opens {opens}, pick_ups 99"
    )
    assert holding(look.format(opens=2)) == []
    opened = {"G202"} if category in DISTRACTING - {"phone"} else set()
    assert set(holding(look.format(opens=3))) == opened


def test_nothing_holds_where_nothing_is_known() -> None:
    assert not any(rule.condition.holds(Measured(AT)) for rule in PACK.rules)


def test_every_rule_is_bound_to_what_it_speaks_of_so_that_the_rest_costs_nothing() -> None:
    bound = {code: rule.condition.categories for code, rule in RULES.items()}
    assert bound["F101"] == bound["F103"] == {"social"}
    assert bound["O701"] == {"news", "shopping", "games"}
    assert bound["G201"] == bound["A501"] == bound["P802"] == DISTRACTING
    assert bound["G202"] == DISTRACTING - {"phone"}
    assert bound["P801"] == {"phone"}
    assert None not in bound.values()
