"""Rules over time: what the forms mean, what is refused and in which words, what a memory holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from rules.features import CATEGORIES, DISTRACTING, MAX_SPAN
from rules.language import RuleError, RuleProblem, compile_condition, format_key, parse_template
from rules.model import DEVICE_PLACEHOLDER, FeatureKey, Filter, FixedFeatures, Value

AT = datetime(2026, 3, 1, 19, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
TEN = 10 * MINUTE
SOCIAL = frozenset({"social"})
CATEGORY, DWELL, AWAY = FeatureKey("category"), FeatureKey("dwell"), FeatureKey("put_away")
GLANCES = FeatureKey("glances", TEN)
USUAL = FeatureKey("usual", TEN, steps=(frozenset({"glances"}),), part=75)


def problems_of(text: str) -> tuple[RuleProblem, ...]:
    with pytest.raises(RuleError) as refused:
        compile_condition(text)
    return refused.value.problems


def steps(*each: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(step.split()) for step in each)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("messaging then social within 60 s", FeatureKey("followed", MINUTE, steps=steps("messaging", "social"))),
        (
            "any.mail then (video, social) within 1 min",
            FeatureKey("followed", MINUTE, None, "all", None, steps("mail", "video social")),
        ),
        (
            "(work, mail) then distraction then news within 90 s",
            FeatureKey("followed", 90 * SECOND, steps=(frozenset({"work", "mail"}), DISTRACTING, frozenset({"news"}))),
        ),
        (
            "phone.(social) then social within 24 h",
            FeatureKey("followed", MAX_SPAN, None, "phone", None, steps("social", "social")),
        ),
        ("not hop from laptop to phone within 60 s", FeatureKey("hopped", MINUTE, steps=steps("laptop", "phone"))),
        ("hop from any to laptop within 60 s", FeatureKey("hopped", MINUTE, steps=steps("laptop phone", "laptop"))),
        ("hop from phone to phone within 60 s", FeatureKey("hopped", MINUTE, steps=steps("phone", "phone"))),
        ("any.glances(10 min) > 2", FeatureKey("glances", TEN, None, "all")),
        ("laptop.share > 10 %", FeatureKey("share", None, None, "laptop")),
        ("3 < phone.opens(since start)", FeatureKey("opens", MAX_SPAN, None, "phone")),
        ("uses(messaging, since start) > 2", FeatureKey("uses", MAX_SPAN, "messaging")),
        (
            "uses(category is social, shorter than 30 s, 10 min) >= 3",
            FeatureKey("uses", TEN, None, "device", Filter(SOCIAL, 30 * SECOND)),
        ),
        (
            "uses(shorter than 30 s, category is social, 10 min) >= 3",
            FeatureKey("uses", TEN, None, "device", Filter(SOCIAL, 30 * SECOND)),
        ),
        (
            "uses(social, shorter than 30 s, 10 min) >= 3",
            FeatureKey("uses", TEN, None, "device", Filter(SOCIAL, 30 * SECOND)),
        ),
        (
            "time(longer than 10 s, 10 min) > 60 s",
            FeatureKey("time", TEN, None, "device", Filter(None, None, 10 * SECOND)),
        ),
        (
            "time(longer than 1 h, 10 min) > 60 s",
            FeatureKey("time", TEN, None, "device", Filter(None, None, 60 * MINUTE)),
        ),
        (
            "opens(category not in (news, mail), 10 min) > 1",
            FeatureKey("opens", TEN, None, "device", Filter(frozenset(CATEGORIES) - {"news", "mail"})),
        ),
        (
            "uses(category is not social, 10 min) > 1",
            FeatureKey("uses", TEN, None, "device", Filter(frozenset(CATEGORIES) - SOCIAL)),
        ),
        ("(not put_away) for 20 s", AWAY),
        ("in_call or playing", FeatureKey("playing")),
        ("since_nudge < 5 min", FeatureKey("since_nudge")),
        ("reopened_after <= 5 min", FeatureKey("reopened_after")),
    ],
)
def test_a_text_compiles_to_exactly_this_feature(text: str, key: FeatureKey) -> None:
    assert key in compile_condition(text).features_used


def test_usual_refers_to_the_feature_on_the_left() -> None:
    found = compile_condition("any.uses(category is social, 10 min) >= usual(p75)").features_used
    left = FeatureKey("uses", TEN, None, "all", Filter(SOCIAL))
    assert found == {left, left._replace(name="usual", steps=(frozenset({"uses"}),), part=75)}


@pytest.mark.parametrize(
    ("text", "message", "hint", "where", "width"),
    [
        ("messaging then socail within 60 s", "There is no category 'socail'.", "Did you mean 'social'?", 15, 6),
        ("messaging then social", "A sequence says within how long.", "messaging then social within 60 s", 21, 1),
        (
            "messaging then social within",
            "Here the condition ends where a length, such as 60 s, should be.",
            None,
            28,
            1,
        ),
        ("messaging then social within 3", "What follows 'within' is a length of time.", "such as 60 s", 29, 1),
        (
            "messaging then social within 25 h",
            "What follows 'within' is longer than 0 s and at most 24 h.",
            None,
            29,
            4,
        ),
        ("messaging then then social within 1 s", "Here 'then' stands where categories", None, 15, 4),
        ("social within 60 s", "A sequence has two steps or more.", None, 0, 6),
        ("uses(social, 1 min) then mail within 60 s", "Only categories are steps of a sequence.", None, 20, 4),
        ("dwell > 60 s within 10 min", "Only a sequence or a hop has a 'within'.", None, 13, 6),
        ("my.mail then social within 60 s", "There is no 'my.' before features.", "'phone.' can stand here", 0, 2),
        ("phon.glances(1 min) > 3", "There is no 'phon.' before features.", "Did you mean 'phone'?", 0, 4),
        ("laptop.scrolls(1 min) > 3", "scrolls is known of one device only.", "Leave 'laptop.' out.", 0, 6),
        ("hop from laptop to phone", "A hop says within how long.", "hop from laptop to phone within 60 s", 24, 1),
        ("hop from laptop within 60 s", "Here 'to' and a device are missing.", None, 16, 6),
        ("hop to phone within 60 s", "Here 'from' and a device are missing.", None, 4, 2),
        ("hop from tablet to phone within 60 s", "'tablet' is no kind of device.", None, 9, 6),
        ("hop from laptop to fone within 60 s", "'fone' is no kind of device.", "Did you mean 'phone'?", 19, 4),
        ("hop from laptop to laptop within 60 s", "This never holds: there is one laptop.", None, 0, 37),
        ("put_away for 0 s", "What follows 'for' is longer than 0 s and at most 24 h.", None, 13, 3),
        ("put_away for 3", "What follows 'for' is a length of time.", "such as 60 s", 13, 1),
        ("put_away for", "Here the condition ends where a length, such as 60 s, should be.", None, 12, 1),
        ("put_away for 3 s for 5 s", "Only one 'for' at a time.", "into parentheses", 17, 3),
        ("not put_away for 3 s", "Does 'not' or 'for' come first?", "(not put_away) for 20 s", 13, 7),
        ("not not put_away for 3 s", "Does 'not' or 'for' come first?", None, 17, 7),
        ("put_away or full_screen for 3 s", "Does 'for' belong to the last comparison or to all", None, 24, 7),
        ("put_away and dwell > 9 s for 3 s", "Does 'for' belong to the last comparison or to all", None, 25, 7),
        ("not (dwell > 9 s and (put_away for 3 s))", "cannot stand under 'not'", "(not put_away) for 20 s", 31, 7),
        ("uses(category is socail, 10 min) > 1", "There is no category 'socail'.", "Did you mean 'social'?", 17, 6),
        ("uses(category is known, 10 min) > 1", "There is no category 'known'.", None, 17, 5),
        ("uses(category is distraction, 10 min) > 1", "There is no category 'distraction'.", "write 'in'", 17, 11),
        (
            "uses(distraction, 10 min) > 1",
            "There is no category 'distraction'.",
            "uses(category in distraction, 10 min)",
            5,
            11,
        ),
        ("uses(shorter than 3, 10 min) > 1", "What a use is shorter than is a length of time.", "such as 60 s", 18, 1),
        ("uses(longer than 0 s, 10 min) > 1", "What a use is longer than is longer than 0 s", None, 17, 3),
        ("uses(shorter than 30 s) > 1", "The span comes last.", "shorter than 30 s, 10 min", 0, 23),
        ("uses(10 min, shorter than 30 s) > 1", "The span comes last.", None, 0, 31),
        ("uses(shorter than 9 s, shorter than 8 s, 10 min) > 1", "This is said twice.", None, 23, 16),
        ("uses(since start, mail) > 1", "The category comes first.", "Write uses(social, 10 min).", 5, 11),
        ("uses(social, category is mail, 10 min) > 1", "This is said twice.", None, 13, 16),
        (
            "uses(5 min, shorter than 8 s, 10 min) > 1",
            "This is neither a filter nor, at the end, the span.",
            None,
            5,
            5,
        ),
        (
            "uses(longer than 9 s, shorter than 9 s, 1 min) > 1",
            "No use is longer than 9 s and shorter than 9 s.",
            None,
            22,
            16,
        ),
        (
            "uses(longer than 1 min, 1 min) > 1",
            "No use that began in the last 1 min is longer than 1 min.",
            None,
            5,
            17,
        ),
        ("opens(shorter than 9 s, 1 min) > 1", "An opening has no length.", "opens(category is news, 10 min)", 6, 16),
        ("opens(news, 1 min) > 1", "opens needs a span.", "opens(category is news, 10 min)", 0, 18),
        ("glances(shorter than 9 s, 1 min) > 1", "glances takes no filter.", "uses(", 8, 16),
        ("dwell > usual", "'usual' says which percentile.", "usual(p75)", 8, 5),
        ("dwell > usual(75)", "'75' is no percentile.", "p1 to p99", 14, 2),
        ("dwell > usual(p100)", "'p100' is no percentile.", "p1 to p99", 14, 4),
        ("usual(p75) < dwell", "'usual' stands to the right of a comparison.", None, 0, 5),
        ("3 s < usual(p75)", "There is no feature 'usual'.", "'usual' stands to the right", 6, 5),
        ("glances(1 min) == usual(p75)", "Hardly anything is ever just as usual.", "Write <, <=, > or >=.", 15, 2),
        ("elapsed > usual(p75)", "elapsed runs the same way on every evening", None, 10, 10),
        ("put_away > usual(p75)", "put_away is yes or no", None, 9, 1),
    ],
)
def test_a_mistake_is_reported_at_its_place_with_a_hint(
    text: str, message: str, hint: str | None, where: int, width: int
) -> None:
    (problem,) = problems_of(text)
    assert message in problem.message
    assert (problem.offset, problem.width) == (where, width)
    assert hint is None or hint in (problem.hint or "")


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        ("dwell < 10 s and dwell > 20 s", "'dwell < 10 s' and 'dwell > 20 s'", 17),
        ("dwell <= 10 s and put_away and 10 s < dwell", "'dwell <= 10 s' and '10 s < dwell'", 31),
        ("dwell < 10 s and not dwell < 20 s", "'dwell < 10 s' and 'not dwell < 20 s'", 21),
        ("not (dwell >= 10 s or not dwell > 20 s)", "'not dwell >= 10 s' and 'dwell > 20 s'", 26),
        ("(dwell > 20 s for 5 s) and (dwell < 10 s and put_away)", "'dwell > 20 s' and 'dwell < 10 s'", 28),
        ("(dwell > 20 s and dwell < 10 s) for 5 s", "'dwell > 20 s' and 'dwell < 10 s'", 18),
        ("put_away or (dwell > 20 s and dwell < 10 s)", "'dwell > 20 s' and 'dwell < 10 s'", 30),
        ("keys(1 min) > 2 and keys(1 min) < 3", "'keys(1 min) > 2' and 'keys(1 min) < 3'", 20),
        ("keys(1 min) == 2 and keys(1 min) == 3", "'keys(1 min) == 2' and 'keys(1 min) == 3'", 21),
        ("keys(1 min) != 2 and keys(1 min) == 2", "'keys(1 min) != 2' and 'keys(1 min) == 2'", 21),
        ("category is social and category is mail", "'category is social' and 'category is mail'", 23),
        ("category is social and category not in distraction", "'category is social' and", 23),
        (
            "mail then social within 9 s and category is mail",
            "'mail then social within 9 s' and 'category is mail'",
            32,
        ),
        ("put_away and not put_away", "'put_away' and 'not put_away'", 17),
        ("dwell is unknown and dwell > 3 s", "'dwell is unknown' and 'dwell > 3 s'", 21),
        ("dwell is unknown and dwell is known", "'dwell is unknown' and 'dwell is known'", 21),
        ("share > usual(p75) and share < usual(p75)", "'share > usual(p75)' and 'share < usual(p75)'", 23),
        ("share < usual(p20) and share >= usual(p80)", "'share < usual(p20)' and 'share >= usual(p80)'", 23),
    ],
)
def test_a_contradiction_is_reported_with_both_sides(text: str, said: str, where: int) -> None:
    (problem,) = problems_of(text)
    assert said in problem.message
    assert problem.message.endswith("never hold at once.")
    assert problem.offset == where


def test_three_sets_of_categories_that_share_nothing_are_refused() -> None:
    (problem,) = problems_of("category in (mail, news) and category in (mail, games) and category in (news, games)")
    assert (problem.message, problem.offset) == ("This never holds: no category is left.", 59)


@pytest.mark.parametrize(
    "text",
    [
        "dwell < 20 s and dwell > 10 s",
        "dwell <= 10 s and dwell >= 10 s",
        "keys(1 min) > 2 and keys(1 min) < 4",
        "keys(1 min) < 2 or keys(1 min) > 3",
        "keys(1 min) > 9 and keys(2 min) < 3",
        "keys(1 min) != 2 and keys(1 min) != 3",
        "category is social and came_from is mail",
        "category in (social, mail) and category is mail",
        "mail then social within 9 s and came_from is mail",
        "put_away and (not put_away or dwell > 3 s)",
        "dwell is known and dwell > 3 s",
        "share >= usual(p75) and share <= usual(p75)",
        "share > usual(p20) and share < usual(p80)",
        "all.share > 20 % and share < 10 %",
    ],
)
def test_a_condition_that_could_hold_is_accepted(text: str) -> None:
    assert compile_condition(text)


def at(seconds: float, values: Mapping[FeatureKey, Value]) -> FixedFeatures:
    return FixedFeatures(AT + seconds * SECOND, values)


def test_a_for_part_holds_exactly_when_its_time_is_over() -> None:
    condition = compile_condition("put_away for 20 s")
    assert condition.memory_size == 1
    memory: list[datetime | None] = [None]
    yes = {AWAY: True}
    assert condition.evaluate(at(0, yes), memory) == (False, AT + 20 * SECOND)
    assert memory == [AT]
    assert condition.evaluate(at(19.999999, yes), memory) == (False, AT + 20 * SECOND)
    assert condition.evaluate(at(20, yes), memory) == (True, None)
    assert condition.evaluate(at(500, yes), memory) == (True, None)


@pytest.mark.parametrize("breaking", [{AWAY: False}, {}])
def test_an_instant_of_false_or_unknown_restarts_the_timer(breaking: dict[FeatureKey, Value]) -> None:
    condition = compile_condition("put_away for 20 s")
    memory: list[datetime | None] = [None]
    condition.evaluate(at(0, {AWAY: True}), memory)
    assert condition.evaluate(at(25, breaking), memory) == (False, None)
    assert memory == [None]
    assert condition.evaluate(at(26, {AWAY: True}), memory) == (False, AT + 46 * SECOND)


def test_every_timed_part_is_evaluated_even_if_another_part_has_decided() -> None:
    condition = compile_condition("category is mail and (put_away for 20 s) or dwell > 9 s and (full_screen for 30 s)")
    assert condition.memory_size == 2
    assert condition.categories is None
    memory: list[datetime | None] = [None, None]
    found = {CATEGORY: "social", DWELL: SECOND, AWAY: True, FeatureKey("full_screen"): True}
    assert condition.evaluate(at(0, found), memory) == (False, AT + 20 * SECOND)
    assert memory == [AT, AT]


def test_equal_timed_parts_share_one_timer() -> None:
    condition = compile_condition("(put_away for 20 s) and dwell > 3 s or (put_away for 20 s) and dwell < 2 s")
    assert condition.memory_size == 1


def test_a_nested_for_part_must_hold_long_enough_before_the_outer_one_is_timed() -> None:
    condition = compile_condition("(put_away for 5 s) for 10 s")
    memory: list[datetime | None] = [None, None]
    assert condition.evaluate(at(0, {AWAY: True}), memory) == (False, AT + 5 * SECOND)
    assert condition.evaluate(at(5, {AWAY: True}), memory) == (False, AT + 15 * SECOND)
    assert condition.evaluate(at(15, {AWAY: True}), memory) == (True, None)


def test_holds_and_deadline_do_not_change_the_memory() -> None:
    condition = compile_condition("put_away for 20 s")
    memory: list[datetime | None] = [AT]
    assert condition.holds(at(20, {AWAY: True}), memory)
    assert condition.deadline(at(5, {AWAY: True}), memory) == AT + 20 * SECOND
    assert not condition.holds(at(20, {}), memory)
    assert memory == [AT]
    assert not condition.holds(at(20, {AWAY: True}))


def test_a_condition_whose_timed_parts_name_one_category_is_relevant_only_for_it() -> None:
    one = compile_condition("category is social and ((category is social and put_away) for 9 s)")
    assert one.categories == {"social"}
    two = compile_condition("category is social and dwell > 9 s or ((category is mail and put_away) for 9 s)")
    assert two.categories == {"social", "mail"}
    # Whether it was put away is remembered in front of everything, for it may be mail again in time.
    assert compile_condition("category is mail and (put_away for 9 s)").categories is None
    assert compile_condition("mail then social within 60 s").categories == {"social"}
    assert compile_condition("not mail then social within 60 s").categories is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({GLANCES: 4, USUAL: 3.5}, True),
        ({GLANCES: 3, USUAL: 3.5}, False),
        ({GLANCES: 4}, False),
        ({USUAL: 3.5}, False),
    ],
)
def test_a_comparison_with_usual_holds_only_if_both_numbers_are_known(
    values: dict[FeatureKey, Value], expected: bool
) -> None:
    assert compile_condition("glances(10 min) > usual(p75)").holds(at(0, values)) is expected
    assert compile_condition("not glances(10 min) > usual(p75)").holds(at(0, values)) is (
        len(values) == 2 and not expected
    )


def test_filters_and_steps_count_as_comparisons() -> None:
    most = "uses(category is social, shorter than 30 s, longer than 3 s, 10 min) > 2"
    sequence = "mail then social within 60 s"
    assert compile_condition(" or ".join([most] * 12 + [sequence]))
    (problem,) = problems_of(" or ".join([most] * 12 + [sequence, "put_away"]))
    assert "There are 51 comparisons, steps and filters in one condition; 50 are the most." in problem.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "uses(social, shorter than 100 s, since start) > 1",
            "uses(category is social, shorter than 1 min 40 s, since start)",
        ),
        ("uses(category in distraction, 90 min) > 1", "uses(category in distraction, 1 h 30 min)"),
        ("uses(category is not mail, 60 s) > 1", "uses(category is not mail, 60 s)"),
        ("any.mail then (video, social) within 0.5 s", "all.mail then (social, video) within 0.5 s"),
        ("hop from any to phone within 90 s", "hop from any to phone within 90 s"),
    ],
)
def test_a_key_is_written_in_the_words_of_the_language(text: str, said: str) -> None:
    (key,) = compile_condition(text).features_used
    assert format_key(key) == said


def test_what_is_usual_is_written_with_what_it_is_of() -> None:
    assert format_key(USUAL) == "usual(p75) of glances(10 min)"


def test_a_sentence_is_words_and_features() -> None:
    assert parse_template("{scrolls(60 s)} steps in {dwell}, {category} on {device}.") == (
        FeatureKey("scrolls", MINUTE),
        " steps in ",
        DWELL,
        ", ",
        CATEGORY,
        " on ",
        DEVICE_PLACEHOLDER,
        ".",
    )
    assert parse_template("Put it away.") == ("Put it away.",)


@pytest.mark.parametrize(
    ("text", "message", "where", "width"),
    [
        ("in {dwel}", "There is no feature 'dwel'.", 4, 4),
        ("in {glances}", "glances needs a span.", 4, 7),
        ("in {glances(10)}", "A span is a length of time.", 12, 2),
        ("in {put_away}", "put_away is yes or no: in a sentence it says nothing.", 4, 8),
        ("in {dwell > 3 s}", "Here '>' stands where '}' should be.", 10, 1),
        ("in {}", "Between these braces nothing stands.", 3, 2),
        ("in {dwell", "Braces stand in pairs, and only round a feature.", 3, 1),
        ("in dwell}", "Braces stand in pairs, and only round a feature.", 8, 1),
        ("in {device(1 s)}", "There is no feature 'device'.", 4, 11),
        ("in {3}", "Here '3' stands where a feature, such as dwell should be.", 4, 1),
        ("x" * 201, "A sentence has at most 200 characters; this one has 201.", 0, 1),
        ("{dwell}" * 9, "There are 9 features in one sentence; 8 are the most.", 0, 1),
        (" ", "The sentence is empty.", 0, 1),
    ],
)
def test_a_mistake_in_a_sentence_is_reported_at_its_place(text: str, message: str, where: int, width: int) -> None:
    with pytest.raises(RuleError) as refused:
        parse_template(text)
    (problem,) = refused.value.problems
    assert problem.message == message
    assert (problem.offset, problem.width) == (where, width)


def test_all_problems_of_a_sentence_are_reported_together() -> None:
    with pytest.raises(RuleError) as refused:
        parse_template("{dwel} and {glances} on {devise}")
    assert [problem.offset for problem in refused.value.problems] == [1, 12, 25]
    assert refused.value.problems[2].hint == "Did you mean 'device'?"
