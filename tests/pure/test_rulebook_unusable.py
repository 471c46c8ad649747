"""Which rules sleep on which devices, and why."""

from __future__ import annotations

import pytest

from detector.rulebook.loading import built_in_pack
from detector.rulebook.unusable import NO_PHONE, summarize, unusable_rules
from rules.model import Rule
from rules.pack import read_pack

EVERYTHING = {"focus", "idle", "input", "session", "quiet", "media", "call"}
PAGE = 'notices = "a"\nwhy = "b"\nwrong = "c"\nneeds = "d"\nexample = "e"\n'
INPUT = "scrolls, keys and clicks are not sensed here"
FRONT = "what is in front is not sensed here"


def rule(when: str) -> tuple[Rule, ...]:
    pack = read_pack(f'[[rule]]\ncode = "X1"\nname = "n"\nwhen = "{when}"\n{PAGE}', "test")
    assert pack.problems == ()
    return pack.rules


def why(when: str, **sensed: set[str]) -> str | None:
    return unusable_rules(rule(when), sensed).get("X1")


def test_with_every_sense_each_built_in_rule_is_usable() -> None:
    assert unusable_rules(built_in_pack().rules, {"laptop": EVERYTHING, "phone": {"focus"}}) == {}


def test_without_a_phone_only_the_rules_for_phones_are_unusable() -> None:
    found = unusable_rules(built_in_pack().rules, {"laptop": EVERYTHING})
    assert {"F106", "F108", "G202", "H402", "P801", "P802", "P803", "P804"} <= set(found)
    assert not {"F101", "F102", "F103", "F104", "F105", "G201", "M301", "M302", "A501", "W601", "O701"} & set(found)
    assert found["G202"] == found["P801"] == NO_PHONE


def test_without_input_only_the_rules_that_need_it_are_unusable() -> None:
    found = unusable_rules(built_in_pack().rules, {"laptop": {"focus", "idle"}})
    assert found["F101"] == found["F105"] == INPUT
    assert "F102" not in found


def test_without_focus_every_rule_is_unusable() -> None:
    rules = built_in_pack().rules
    assert set(unusable_rules(rules, {"laptop": set()})) == {each.code for each in rules}
    assert set(unusable_rules(rules, {})) == {each.code for each in rules}


@pytest.mark.parametrize(
    ("when", "sensed", "expected"),
    [
        ("dwell >= 9 s and scrolls(60 s) >= 3", {"laptop": {"focus"}}, INPUT),
        ("dwell >= 9 s or scrolls(60 s) >= 3", {"laptop": {"focus"}}, None),
        ("dwell >= 9 s and (scrolls(60 s) is unknown or scrolls(60 s) < 3)", {"laptop": {"focus"}}, None),
        ("dwell >= 9 s and not (scrolls(60 s) >= 3)", {"laptop": {"focus"}}, INPUT),
        ("dwell >= 9 s and scrolls(60 s) is known", {"laptop": {"focus"}}, INPUT),
        # The sensor is there and may be lost for a while.
        ("dwell >= 9 s and scrolls(60 s) is unknown", {"laptop": EVERYTHING}, None),
        ("(dwell >= 9 s and scrolls(60 s) >= 3) for 20 s", {"laptop": {"focus"}}, INPUT),
        ("(dwell >= 9 s and scrolls(60 s) >= 3) for 20 s", {"laptop": EVERYTHING}, None),
        ("dwell >= 9 s and playing", {"laptop": {"focus"}}, "whether a film or music plays is not sensed here"),
        ("dwell >= 9 s and not in_call", {"laptop": {"focus"}}, "whether there is a call is not sensed here"),
        ("dwell >= 9 s and not playing", {"laptop": EVERYTHING}, None),
        ("category is phone", {"laptop": EVERYTHING}, NO_PHONE),
        ("category is phone", {"laptop": EVERYTHING, "phone": {"focus"}}, None),
        ("all.pick_ups(9 min) >= 2", {"laptop": EVERYTHING}, NO_PHONE),
        ("all.pick_ups(9 min) >= 2", {"laptop": EVERYTHING, "phone": {"focus"}}, None),
        (
            "opens(9 min) >= 2 and scrolls(60 s) >= 3",
            {"laptop": EVERYTHING, "phone": {"focus"}},
            "only a phone reports it",
        ),
        ("phone.glances(9 min) >= 2", {"laptop": EVERYTHING}, NO_PHONE),
        ("laptop.glances(9 min) >= 2 and dwell >= 3 s", {"laptop": set(), "phone": {"focus"}}, FRONT),
        ("hop from laptop to phone within 60 s", {"laptop": EVERYTHING}, NO_PHONE),
        ("hop from laptop to phone within 60 s", {"laptop": EVERYTHING, "phone": {"focus"}}, None),
        ("messaging then social within 60 s", {"laptop": {"focus"}}, None),
        ("glances(9 min) > usual(p75)", {"laptop": {"focus"}}, None),
        ("scrolls(9 min) > usual(p75)", {"laptop": {"focus"}}, INPUT),
        ("elapsed >= 9 min and category is mail", {"laptop": {"focus"}}, None),
    ],
    ids=lambda value: str(
        {name: sorted(senses) for name, senses in value.items()} if isinstance(value, dict) else value
    ),
)
def test_a_rule_is_unusable_only_where_it_certainly_cannot_hold(
    when: str, sensed: dict[str, set[str]], expected: str | None
) -> None:
    assert why(when, **sensed) == expected


def test_a_condition_with_too_many_combinations_counts_as_usable() -> None:
    # What it asks of phones can never be; but finding that out among so many would never end.
    few, many = (" or ".join(f"scrolls({number} s) >= 3" for number in range(1, most)) for most in (4, 40))
    assert why(f"({few}) and all.opens(9 min) >= 2", laptop=EVERYTHING) == NO_PHONE
    assert why(f"({many}) and all.opens(9 min) >= 2", laptop=EVERYTHING) is None


def test_each_reason_gets_one_sentence() -> None:
    assert summarize({"A1": "x", "B1": "y", "C1": "x", "D1": "x"}) == ["A1, C1 and D1: x.", "B1: y."]
    assert summarize({}) == []
