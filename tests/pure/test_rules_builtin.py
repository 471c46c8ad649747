"""The built-in rules: each holds where it should, and does not where it nearly should."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detector.rulebook.loading import built_in_pack
from rules.features import CATEGORIES, DISTRACTING
from rules.language import compile_condition
from rules.lengths import parse_length
from rules.model import Condition, FeatureKey, FixedFeatures, Memory, Value

AT = datetime(2026, 3, 1, 19, 0, tzinfo=UTC)
PACK = built_in_pack()
RULES = {rule.code: rule for rule in PACK.rules}
MINUTE = timedelta(minutes=1)


def the_key(condition: str) -> FeatureKey:
    """Return the one feature that the condition asks for."""
    (key,) = compile_condition(condition).features_used
    return key


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
    "led": FeatureKey("led_pick_ups", 15 * MINUTE),
    "own": FeatureKey("own_pick_ups", 15 * MINUTE),
    "videos": FeatureKey("time", 20 * MINUTE, "video"),
    "all_opens_20": FeatureKey("opens", 20 * MINUTE),
    "remaining": FeatureKey("remaining"),
    "reopened_after": FeatureKey("reopened_after"),
    "laptop_plays": FeatureKey("playing", scope="laptop"),
    "laptop_full": FeatureKey("full_screen", scope="laptop"),
    "plays": FeatureKey("playing"),
    "to_phone": the_key("hop from laptop to phone within 60 s"),
    "to_laptop": the_key("hop from phone to laptop within 60 s"),
    "short_news": the_key("all.uses(category is news, shorter than 2 min, 30 min) >= 4"),
    "pieces": the_key("all.uses(category in (work, mail), since start) >= 4"),
    "working": the_key("all.time(category in (work, mail), since start) >= 6 min"),
}
LENGTHS = {"dwell", "elapsed", "work", "videos", "remaining", "reopened_after", "working"}
FLAGS = {"put_away", "laptop_plays", "laptop_full", "plays", "to_phone", "to_laptop"}


def features(said: str) -> FixedFeatures:
    values: dict[FeatureKey, Value] = {}
    for part in said.split(", "):
        name, _, value = part.partition(" ")
        if name in LENGTHS:
            values[KEYS[name]] = parse_length(value)
        elif name in {"category", "came_from"}:
            values[KEYS[name]] = value
        elif name in FLAGS:
            values[KEYS[name]] = value == "yes"
        else:
            values[KEYS[name]] = int(value)
    return FixedFeatures(AT, values)


def holding(said: str) -> list[str]:
    return [rule.code for rule in PACK.rules if rule.condition.holds(features(said), lasting(rule.condition))]


def lasting(condition: Condition, length: timedelta = 4 * MINUTE) -> Memory:
    """Return the memory in which every part that is to hold for a while has held for that time."""
    return [AT - length for _ in range(condition.memory_size)]


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
    ("F107", "category social, scrolls 15, clicks 2", "category social, scrolls 14, clicks 2"),
    ("F107", "category news, scrolls 15, clicks 0", "category news, scrolls 15, clicks 3"),
    ("F107", "category video, scrolls 99, clicks 0", "category reading, scrolls 99, clicks 0"),
    ("F107", "category shopping, scrolls 99, clicks 0", "category shopping, scrolls 99"),
    (
        "F108",
        "category video, dwell 30 s, videos 10 min, all_opens_20 1",
        "category video, dwell 30 s, videos 599 s, all_opens_20 1",
    ),
    (
        "F108",
        "category video, dwell 30 s, videos 10 min, all_opens_20 1",
        "category video, dwell 29 s, videos 10 min, all_opens_20 1",
    ),
    ("F108", "category video, dwell 30 s, videos 10 min, all_opens_20 0", "category video, dwell 30 s, videos 1 h"),
    ("F109", "category video, came_from mail, dwell 60 s", "category video, came_from mail, dwell 59 s"),
    ("F109", "category video, came_from messaging, dwell 60 s", "category video, came_from together, dwell 60 s"),
    ("F109", "category video, came_from messaging, dwell 60 s", "category shopping, came_from messaging, dwell 60 s"),
    ("H402", "category social, dwell 30 s, to_phone yes", "category social, dwell 29 s, to_phone yes"),
    ("H402", "category social, dwell 30 s, to_laptop yes", "category together, dwell 30 s, to_laptop yes"),
    ("H402", "category mail, dwell 30 s, to_phone yes", "category mail, dwell 30 s, to_phone no, to_laptop no"),
    (
        "H403",
        "category games, dwell 60 s, laptop_plays yes, laptop_full yes",
        "category games, dwell 59 s, laptop_plays yes, laptop_full yes",
    ),
    (
        "H403",
        "category games, dwell 60 s, laptop_plays yes, laptop_full yes",
        "category games, dwell 60 s, laptop_plays yes, laptop_full no",
    ),
    (
        "H403",
        "category games, dwell 60 s, laptop_plays yes, laptop_full yes",
        "category games, dwell 60 s, laptop_plays no, laptop_full yes",
    ),
    (
        "H403",
        "category video, dwell 60 s, laptop_plays yes, laptop_full yes",
        "category video, dwell 60 s, laptop_plays yes, laptop_full yes, plays yes",
    ),
    (
        "W602",
        "category mail, dwell 10 s, pieces 4, working 6 min",
        "category mail, dwell 10 s, pieces 3, working 6 min",
    ),
    (
        "W602",
        "category work, dwell 10 s, pieces 4, working 6 min",
        "category work, dwell 10 s, pieces 4, working 359 s",
    ),
    (
        "W602",
        "category work, dwell 10 s, pieces 4, working 6 min",
        "category work, dwell 9 s, pieces 4, working 6 min",
    ),
    ("O702", "category news, dwell 5 s, short_news 4", "category news, dwell 5 s, short_news 3"),
    ("O702", "category news, dwell 5 s, short_news 4", "category news, dwell 4 s, short_news 4"),
    ("P803", "category phone, dwell 5 s, led 3", "category phone, dwell 5 s, led 2"),
    ("P803", "category social, dwell 5 s, led 3", "category social, dwell 5 s, own 3"),
    ("P804", "category social, dwell 5 s, own 3", "category social, dwell 5 s, own 2"),
    ("P804", "category social, dwell 5 s, own 3", "category social, dwell 4 s, own 3"),
    (
        "R901",
        "category social, dwell 5 s, reopened_after 5 min",
        "category social, dwell 5 s, reopened_after 301 s",
    ),
    ("R901", "category social, dwell 5 s, reopened_after 2 s", "category social, dwell 5 s"),
    ("R901", "category social, dwell 5 s, reopened_after 1 s", "category social, dwell 4 s, reopened_after 1 s"),
    ("T951", "category social, dwell 60 s, remaining 60 s", "category social, dwell 60 s, remaining 61 s"),
    ("T951", "category social, dwell 60 s, remaining 1 s", "category social, dwell 59 s, remaining 1 s"),
    ("O701", "category shopping, dwell 90 s", "category reading, dwell 90 s"),
]


@pytest.mark.parametrize(("code", "holds", "nearly"), CASES)
def test_a_rule_holds_and_nearly_holds(code: str, holds: str, nearly: str) -> None:
    condition = RULES[code].condition
    assert condition.holds(features(holds), lasting(condition))
    assert not condition.holds(features(nearly), lasting(condition))


def test_steady_scrolling_is_four_minutes_of_it_and_not_a_second_less() -> None:
    condition, steady = RULES["F107"].condition, features("category social, scrolls 15, clicks 2")
    assert condition.holds(steady, lasting(condition))
    assert not condition.holds(steady, lasting(condition, 4 * MINUTE - timedelta(seconds=1)))
    assert not condition.holds(steady, [None])


def test_every_rule_has_a_case_and_a_whole_page() -> None:
    assert PACK.problems == ()
    assert {code for code, _, _ in CASES} == set(RULES)
    for rule in PACK.rules:
        for part in ("notices", "why", "wrong", "needs", "example"):
            text = getattr(rule.page, part)
            assert text.endswith(".")
            assert "!" not in text


def test_only_the_rule_about_the_start_waits_for_the_grace() -> None:
    assert [rule.code for rule in PACK.rules if rule.after_grace] == ["A501"]


def test_what_is_for_the_report_alone_is_never_said() -> None:
    assert [rule.code for rule in PACK.rules if not rule.may_nudge] == ["P804", "T951"]


@pytest.mark.parametrize("category", CATEGORIES)
def test_no_rule_speaks_of_a_look_of_two_seconds_unless_it_was_opened_for_the_third_time(category: str) -> None:
    look = (
        f"category {category}, came_from mail, dwell 2 s, elapsed 6 min, put_away no, scrolls 99, keys 99, clicks 99, "
        "glances 99, messages 99, work 15 min, switch_rate 99, opens 2, all_opens {opens}, pick_ups 99, led 99, own 99, "
        "videos 20 min, all_opens_20 9, remaining 1 s, reopened_after 1 s, laptop_plays yes, laptop_full yes, to_phone yes, "
        "to_laptop yes, short_news 9, pieces 9, working 1 h"
    )
    assert holding(look.format(opens=2)) == []
    opened = {"G202"} if category in DISTRACTING - {"phone"} else set()
    assert set(holding(look.format(opens=3))) == opened


def test_nothing_holds_where_nothing_is_known() -> None:
    assert not any(rule.condition.holds(FixedFeatures(AT), lasting(rule.condition)) for rule in PACK.rules)


def test_every_rule_is_bound_to_what_it_speaks_of_so_that_the_rest_costs_nothing() -> None:
    bound = {code: rule.condition.categories for code, rule in RULES.items()}
    assert bound["F101"] == bound["F103"] == {"social"}
    assert bound["O701"] == {"news", "shopping", "games"}
    assert bound["G201"] == bound["A501"] == bound["P802"] == DISTRACTING
    assert bound["G202"] == DISTRACTING - {"phone"}
    assert bound["P801"] == {"phone"}
    assert bound["F107"] == {"social", "video", "news", "shopping"}
    assert bound["H402"] == bound["R901"] == bound["T951"] == DISTRACTING
    assert None not in bound.values()
