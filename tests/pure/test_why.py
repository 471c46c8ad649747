"""A moment, and an instant without one, explained: golden explanations of evenings written as timelines."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime

from detector.backtest.timeline_words import clock as instant
from detector.backtest.timelines import play, read_timelines
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Moment, Record
from detector.core.observations import Observation
from detector.core.pipeline import Pipeline
from detector.report.why import explain, explanation_as_json, explanation_lines
from detector.report.why_not import Situation, find_situation, situation_as_json, situation_lines
from detector.rulebook.loading import load_rules
from rules.explain import format_need_over, format_needed
from rules.language import compile_condition, parse_template
from rules.model import FeatureKey, Rule
from rules.policy import PolicySettings

RULES = load_rules(None).rules
FEED = """
# a feed
18:30:00            partner time until 20:00
19:02:00            social
19:02:10-19:03:10   1 scroll a second
19:03:00            => nudged F101
19:03:12            desktop
"""
WAITED = """
# mail, under a full screen
18:30:00            partner time until 20:00
19:00:00            full screen mail
19:02:00            desktop
"""
PHONE = """
# a feed on a phone
18:30:00            partner time until 20:00
19:02:10            phone: opens social
19:03:40            => nudged F102
19:03:52            phone: closes
"""


def evening(text: str) -> list[Observation]:
    return read_timelines(text, "test")[0].observations


def core(rules: tuple[Rule, ...] = RULES) -> Pipeline:
    return Pipeline(rules, PolicySettings(), AttentionSettings())


def said(at: datetime) -> str:
    return f"{at:%H:%M:%S}"


def moments(text: str, rules: tuple[Rule, ...] = RULES) -> list[Moment]:
    effects = play(read_timelines(text, "test")[0], core(rules))
    last = {
        each.item.number: each.item for each in effects if isinstance(each, Record) and isinstance(each.item, Moment)
    }
    return list(last.values())


def told(moment: Moment, rules: tuple[Rule, ...] = RULES) -> list[str]:
    found = explain(moment, {rule.code: rule for rule in rules}, said, instant("18:30:00"))
    return list(explanation_lines(found, said, 80))


def then(text: str, at: str, rules: tuple[Rule, ...] = RULES) -> Situation:
    return find_situation(evening(text), instant(at), core(rules), rules)


def test_a_nudge_is_explained_with_its_rule_its_numbers_and_what_would_have_kept_it_quiet() -> None:
    (moment,) = moments(FEED)
    assert told(moment) == [
        "1. 19:03:00  A nudge: social media.",
        "   Social media, 1 min.",
        "",
        "Rule F101: Scrolling in a feed.",
        "  category is social and dwell >= 60 s and scrolls(60 s) >= 10",
        "What was measured at 19:03:00:",
        "  category       social",
        "  dwell          1 min",
        "  scrolls(60 s)  50",
        "",
        "It was shown at once: there was no reason to wait.",
        "What would have prevented it: leaving it before 19:03:00, or fewer than 10",
        "  scroll steps in 1 min.",
        "You put it away within 30 s.",
    ]


def test_a_suppressed_moment_is_explained_by_its_reason() -> None:
    (moment,) = moments(WAITED)
    assert told(moment)[-1:] == ["There was no nudge, because something covered the whole screen."]
    assert told(moment)[0] == "1. 19:00:45  A moment without a nudge: mail."


def test_json_has_the_same_sentences() -> None:
    (moment,) = moments(FEED)
    found = explanation_as_json(explain(moment, {rule.code: rule for rule in RULES}, said, instant("18:30:00")))
    assert json.loads(json.dumps(found)) == found
    assert found["said"] == "Social media, 1 min."
    assert found["policy"] == "It was shown at once: there was no reason to wait."
    assert found["quiet"] == (
        "What would have prevented it: leaving it before 19:03:00, or fewer than 10 scroll steps in 1 min."
    )
    assert found["came_of_it"] == "You put it away within 30 s."
    assert found["evidence"] == {"category": "social", "dwell": "1 min", "scrolls(60 s)": "50"}


def test_a_changed_rule_does_not_explain_an_older_moment() -> None:
    (moment,) = moments(FEED)
    stricter = tuple(
        replace(rule, condition=compile_condition("category is social and dwell >= 5 min"))
        if rule.code == "F101"
        else rule
        for rule in RULES
    )
    found = "\n".join(told(moment, stricter))
    assert "That is its condition now; it was different when this was decided." in found
    assert "kept it quiet" not in found


def test_a_rule_that_no_longer_exists_is_named_so() -> None:
    (moment,) = moments(FEED)
    found = told(moment, ())
    assert "Rule F101: F101." in found
    assert "  It is not in force any more, so its condition is not known here." in found


def test_the_because_sentence_of_a_rule_is_its_why_line() -> None:
    own = tuple(
        replace(rule, because="{scrolls(60 s)} steps.", because_parts=parse_template("{scrolls(60 s)} steps."))
        if rule.code == "F101"
        else rule
        for rule in RULES
    )
    (moment,) = moments(FEED, own)
    assert told(moment, own)[1] == "   50 steps."


def test_an_instant_shows_which_parts_of_the_nearest_rules_held() -> None:
    found = list(situation_lines(then(FEED, "19:02:48"), said, 80))
    assert found[:6] == [
        "19:02:48  In front: social media.",
        "",
        "F101 Scrolling in a feed: 2 of 3 parts held.",
        "  held      category is social",
        "  missing   dwell >= 60 s: 48 s, 12 s short",
        "  held      scrolls(60 s) >= 10: 39",
    ]
    codes = [near.rule.code for near in then(FEED, "19:02:48").near]
    assert codes[0] == "F101"
    assert "M302" not in codes


def test_the_nearest_rule_comes_first() -> None:
    distance = [near.parts.distance for near in then(FEED, "19:02:48").near]
    assert distance == sorted(distance)


def test_the_evening_is_played_up_to_the_instant_and_no_further() -> None:
    assert then(FEED, "19:02:59").moments == ()
    (moment,) = then(FEED, "19:03:05").moments
    assert (moment.rule, moment.decided) == ("F101", "nudged")
    found = list(situation_lines(then(FEED, "19:03:05"), said, 80))
    assert " ".join(" ".join(found[1:3]).split()) == (
        "F101 had begun to hold at 19:03:00. It was shown at once: there was no reason to wait."
    )
    assert not any(line.startswith("F101 A feed") for line in found)


def test_a_deadline_between_two_observations_is_not_missed() -> None:
    quiet = FEED.replace("19:02:10-19:03:10", "19:02:10-19:02:50")
    assert [moment.rule for moment in then(quiet, "19:03:05").moments] == ["F101"]


def test_gap_pause_and_idle_desktop_explain_that_no_rule_could_hold() -> None:
    assert then(FEED, "18:50:00").why_no_rule == "Nothing was in use then, so no rule could hold."
    gap = FEED + "19:20:00            nothing known since 19:10:00\n"
    assert then(gap, "19:15:00").why_no_rule == "Nothing is known of that time, so no nudge was possible."
    # After the gap no sensor has reported again what is in front.
    assert then(gap, "19:21:00").why_no_rule == "Nothing is known of that time, so no nudge was possible."
    paused = FEED + "19:20:00            paused\n19:30:00            resumed\n19:31:00            mail\n"
    assert then(paused, "19:25:00").why_no_rule == "The program was paused then, so it sensed nothing."
    assert then(paused, "19:31:10").why_no_rule is None


def test_two_devices_are_shown_separately() -> None:
    both = FEED.replace("19:03:12            desktop", "19:03:12            phone: opens mail")
    found = then(both, "19:03:42")
    assert found.in_use == (("laptop", "social"), ("phone", "mail"))
    shown = list(situation_lines(found, said, 80))
    assert any(line.startswith("M302 (phone) ") for line in shown)


def test_what_happened_on_a_phone_is_told_to_the_minute() -> None:
    (moment,) = moments(PHONE)
    found = explain(moment, {rule.code: rule for rule in RULES}, said, instant("18:30:00"))
    lines = "\n".join(explanation_lines(found, said, 80))
    assert "19:03" in lines
    assert "leaving it before 19:03" in lines
    assert not re.search(r"\d\d:\d\d:(?!00)\d\d", lines)
    written = explanation_as_json(found)
    assert (written["began"][11:19], written["decided_at"][11:19]) == ("19:03:00", "19:03:00")
    assert moment.began.second == 40, "what is kept is exact"
    near = then(PHONE, "19:03:00")
    assert "of 90 s" not in "\n".join(situation_lines(near, said, 80))
    assert {part["stood"] for rule in situation_as_json(near, said)["near"] for part in rule["parts"]} == {None}


def test_dating_is_never_named() -> None:
    (moment,) = moments(FEED)
    evidence = ((FeatureKey("category"), "dating"), (FeatureKey("came_from"), "dating"), *moment.evidence[1:])
    private = replace(moment, category="dating", name="Tinder", evidence=evidence)
    found = explain(private, {}, said, instant("18:30:00"))
    shown = "\n".join(explanation_lines(found, said, 80)) + json.dumps(explanation_as_json(found))
    shown += format_needed("dating") + format_need_over("dating", "my phone", "needed_5")
    assert "something else" in shown
    assert not re.search("dating|tinder", shown, re.IGNORECASE)


def test_an_instant_as_json_has_the_same_sentences_and_every_part() -> None:
    found = situation_as_json(then(FEED, "19:02:48"), said)
    assert json.loads(json.dumps(found)) == found
    nearest = found["near"][0]
    assert nearest["said"] == "F101 Scrolling in a feed: 2 of 3 parts held."
    assert nearest["parts"][1] == {"part": "dwell >= 60 s", "holds": False, "stood": "48 s, 12 s short"}


def test_a_condition_with_for_shows_how_long_it_has_lasted() -> None:
    text = "category is social and (scrolls(60 s) >= 1 for 5 min)"
    lasting = (replace(RULES[0], code="X1", condition=compile_condition(text)),)
    assert list(situation_lines(then(FEED, "19:02:48", lasting), said, 80))[2:] == [
        "X1 Not put away at the start: 2 of 3 parts held.",
        "  held      category is social",
        "  held      scrolls(60 s) >= 1: 39",
        "  missing   for 5 min: 38 s, 4 min short",
    ]


NUDGES = """
# mail, then shopping three times, the second time without a nudge
18:30:00            partner time until 20:00
18:40:00            mail
18:41:00            desktop
18:50:00            shopping
18:51:40            desktop
18:52:00            shopping
18:53:40            desktop
19:10:00            shopping
19:11:40            desktop
19:30:00            shopping
19:31:40            desktop
"""


def test_the_count_in_a_nudge_counts_the_nudges_about_the_same_kind_of_thing() -> None:
    nudged = [moment for moment in moments(NUDGES) if moment.decided == "nudged"]
    assert [(moment.category, moment.repeat) for moment in nudged] == [
        ("mail", 1),
        ("shopping", 1),
        ("shopping", 2),
        ("shopping", 3),
    ]
    assert told(nudged[-1])[1] == "   Shopping, 90 s, the third nudge about it since 18:30."


def test_an_answer_is_told_before_its_outcome_is_known() -> None:
    text = FEED.replace("19:03:12            desktop", "19:03:05            answers 1 put_away")
    (moment,) = [each for each in moments(text) if each.rule == "F101"]
    assert told(replace(moment, outcome=None))[-2:] == [
        'You answered "Put it away". Whether you put it away is known about two minutes',
        "  after the nudge.",
    ]
    assert told(moment)[-1] == 'You answered "Put it away", and it stayed in use.'


def test_a_clock_of_12_hours_stands_whole_in_the_sentence_that_counts_nudges() -> None:
    (moment, *_) = moments(FEED)
    for device in (moment.device, "my phone"):
        counted = replace(moment, rule="F999", repeat=2, device=device)
        found = explain(counted, {}, lambda at: f"{at:%-I:%M:%S pm}", instant("18:30:40"))
        assert found.why_line is not None
        assert "since 6:30 pm" in found.why_line
