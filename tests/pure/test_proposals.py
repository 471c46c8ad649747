"""Proposals: thresholds from one's own evenings, each with what it would have done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.backtest.proposals import RecordedEvening, ThresholdProposal, format_proposal_reason, propose
from detector.backtest.thresholds import (
    MAX_COUNT_FACTOR,
    MAX_LENGTH_FACTOR,
    find_threshold,
    format_number,
    higher,
    with_number,
)
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import (
    Activity,
    Focused,
    InputCounted,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    SensorStarted,
)
from detector.rulebook.loading import built_in_pack
from detector.store.model import StoredOccurrence
from rules.language import compile_condition
from rules.model import Rule
from rules.policy import PolicySettings
from tests.rig.examples import examples

RULES = built_in_pack().rules
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
MONDAY = datetime(2026, 11, 16, 18, 0, tzinfo=UTC)


def evening(day: int, *uses: tuple[int, str, int], quiet: bool = True) -> RecordedEvening:
    """Return an evening of two hours with these uses: minute, category, seconds; all of them with some scrolling."""
    began = MONDAY + timedelta(days=day)
    ends, name = began + timedelta(hours=2), f"1@{day}"
    seen: list[Observation] = [
        PartnerTimeBegan(at=began, occurrence=name, title="Dinner", ends=ends, quiet=quiet),
        *(SensorStarted(at=began, sense=sense, sensor="test") for sense in ("focus", "idle", "input")),  # type: ignore[arg-type]
        Focused(at=began, activity=None),
    ]
    for minute, category, seconds in sorted(uses):
        at = began + minute * MINUTE
        seen.append(Focused(at=at, activity=Activity(category=category)))
        seen += [InputCounted(at=at + second * SECOND, scrolls=3) for second in range(5, seconds, 5)]
        seen.append(Focused(at=at + seconds * SECOND, activity=None))
    seen.append(PartnerTimeEnded(at=ends))
    kept = StoredOccurrence(id=name, title="Dinner", began=began, ends=ends, ended=ends, end_reason="ended")
    return RecordedEvening(parts=[(kept, seen, ())])


def proposed(
    evenings: Sequence[RecordedEvening], rules: Sequence[Rule] = RULES, **how: object
) -> dict[str, ThresholdProposal]:
    given: dict[str, object] = {"policy": PolicySettings(), "attention": AttentionSettings()} | how
    return {each.code: each for each in propose(evenings, rules, **given)}  # type: ignore[arg-type]


@cache
def week(*longest: int) -> tuple[RecordedEvening, ...]:
    """Return evenings with one stretch of mail in each, so many seconds long."""
    return tuple(evening(day, (30, "mail", seconds)) for day, seconds in enumerate(longest))


def test_the_proposed_number_is_the_lowest_that_three_of_four_evenings_stay_below() -> None:
    (only,) = proposed(week(50, 55, 65, 70, 80, 20, 200)).values()
    assert (only.code, format_number(only.threshold.number), format_number(only.proposed)) == ("M302", "45 s", "90 s")
    assert (only.now.evenings, only.then.evenings, only.evenings - only.then.evenings, only.bounded) == (6, 1, 6, False)
    assert (only.now.moments, only.then.moments) == (6, 1)
    assert (only.now.nudges, only.then.nudges) == (6, 1)
    assert only.rule.condition.text == "category is mail and dwell >= 90 s"
    assert format_proposal_reason(only) == (
        "In 6 of your 7 evenings it lasted less than 90 s at a time; 45 s or more in 6."
    )


def test_the_evenings_are_played_as_if_they_had_not_been_quiet() -> None:
    loud = [evening(day, (30, "mail", 60), quiet=False) for day in range(7)]
    one, other = proposed(loud)["M302"], proposed(week(*[60] * 7))["M302"]
    assert one.now.nudges == 7
    assert (one.now, one.then, one.proposed) == (other.now, other.then, other.proposed)


def test_proposals_need_seven_evenings() -> None:
    assert proposed(week(*[60] * 6)) == {}
    assert proposed(week(*[60] * 7))


def test_a_rule_that_holds_in_at_most_one_of_four_evenings_gets_no_proposal() -> None:
    assert proposed(week(200, 20, 20, 20, 20, 20, 20)) == {}
    assert proposed(week(*[20] * 7)) == {}
    assert "M302" in proposed(week(100, 100, 20, 20, 20, 20, 20))


def test_a_proposal_is_at_most_five_times_the_built_in_number() -> None:
    (only,) = proposed(week(*[250] * 3, *[60] * 4)).values()
    assert (format_number(only.proposed), only.bounded, only.then.evenings) == ("3 min", True, 3)


def test_where_the_highest_number_changes_nothing_nothing_is_proposed() -> None:
    assert "M302" not in proposed(week(*[600] * 7))


def test_a_bounded_proposal_says_how_often_it_is_reached() -> None:
    only = proposed(week(*[250] * 4, 60, 60, 60))["M302"]
    assert format_proposal_reason(only) == "3 min or more in 4 of your 7 evenings; nothing higher is proposed."


def test_a_count_is_proposed_as_a_count() -> None:
    looks = [
        evening(day, *((20 + 2 * each, "news", 10) for each in range(times)))
        for day, times in enumerate((3, 3, 4, 4, 3, 0, 5))
    ]
    only = proposed(looks)["G201"]
    assert (only.threshold.number, only.proposed) == (3, 5)
    assert format_proposal_reason(only) == (
        "In 6 of your 7 evenings there were fewer than 5 looks within 10 min; 3 or more in 6."
    )


def test_a_sum_of_time_is_proposed_as_one() -> None:
    only = proposed([evening(day, (30, "work", 210)) for day in range(7)])["W601"]
    assert (format_number(only.proposed), only.threshold.feature) == ("4 min", "all.time(work, 15 min)")
    assert format_proposal_reason(only) == (
        "In 7 of your 7 evenings it took less than 4 min within 15 min; 3 min or more in 7."
    )


def test_own_and_declined_rules_get_no_proposal() -> None:
    evenings = week(*[60] * 7)
    assert proposed(evenings, mine=["M302"]) == {}
    assert proposed(evenings, declined=["M302"]) == {}
    assert proposed(evenings, declined=["F101"])


def test_a_rule_that_never_speaks_gets_no_proposal() -> None:
    silent = [replace(rule, may_nudge=False) if rule.code == "M302" else rule for rule in RULES]
    assert proposed(week(*[60] * 7), silent) == {}


def test_a_for_condition_gets_another_length() -> None:
    lasting = compile_condition("(category is mail and dwell >= 5 s) for 20 s")
    rule = replace(RULES[0], code="X1", condition=lasting)
    only = proposed(week(*[60] * 7), [rule])["X1"]
    assert only.rule.condition.text == "(category is mail and dwell >= 5 s) for 1 min"
    assert format_proposal_reason(only) == "In 7 of your 7 evenings it went on for less than 1 min; 20 s or more in 7."


def test_an_evening_of_two_partner_times_is_one_evening() -> None:
    parts = [evening(day, (30, "mail", 60)).parts for day in range(8)]
    evenings = [RecordedEvening(parts=[*parts[0], *parts[1]]), *(RecordedEvening(parts=part) for part in parts[2:])]
    only = proposed(evenings)["M302"]
    assert (only.evenings, only.now.evenings, only.now.moments) == (7, 7, 8)


def test_a_number_that_would_bring_more_nudges_is_not_proposed() -> None:
    # With the mail unsaid, the news speak instead; and on one evening the second mail, which had come too soon.
    mail = replace(RULES[0], code="M302", condition=compile_condition("category is mail and dwell >= 45 s"))
    news = replace(mail, code="X1", condition=compile_condition("category is news and dwell >= 5 s"))
    usual = ((30, "mail", 60), (32, "news", 20))
    evenings = [evening(day, *usual) for day in range(6)]
    assert "M302" in proposed([*evenings, evening(6, *usual)], [mail, news])
    assert proposed([*evenings, evening(6, *usual, (38, "mail", 100))], [mail, news]) == {}


@pytest.mark.parametrize(
    ("condition", "feature", "number"),
    [
        ("category is social and dwell >= 60 s and scrolls(60 s) >= 10", "dwell", "60 s"),
        ("category in distraction and dwell >= 5 s and all.glances(10 min) >= 3", "all.glances(10 min)", "3"),
        ("opens(10 min) >= 1 and all.opens(10 min) >= 3", "all.opens(10 min)", "3"),
        ("category is work and dwell >= 10 s and all.time(work, 15 min) >= 3 min", "all.time(work, 15 min)", "3 min"),
        ("category is mail and dwell >= 1 min 30 s", "dwell", "1 min 30 s"),
        ("(category is video and clicks(60 s) <= 2) for 4 min", "for", "4 min"),
        (
            "all.uses(category in (work, mail), since start) >= 4 and dwell >= 30 s",
            "all.uses(category in (work, mail), since start)",
            "4",
        ),
        ("dwell >= 5 s and led_pick_ups(15 min) >= 3", "led_pick_ups(15 min)", "3"),
        ("dwell >= 10 s", None, None),
        ("dwell < 60 s", None, None),
        ("not (dwell >= 60 s)", None, None),
        ("category is mail and dwell >= 30 s or category is news and dwell >= 60 s", None, None),
        ("all.switch_rate(3 min) >= 2 / min", None, None),
    ],
)
def test_find_threshold_finds_the_one_telling_number(condition: str, feature: str | None, number: str | None) -> None:
    found = find_threshold(condition)
    assert (found and found.feature, found and condition[found.offset : found.offset + found.width]) == (
        feature,
        number,
    )


def test_every_higher_number_is_round_and_gives_a_valid_condition() -> None:
    tried = 0
    for rule in RULES:
        threshold = find_threshold(rule.condition.text)
        if threshold is None:
            continue
        for number, changed in higher(rule, threshold):
            tried += 1
            assert number > threshold.number  # type: ignore[operator]
            again = find_threshold(changed.condition.text)
            assert again is not None
            assert again.number == number, "said and read back it is the same number"
            back = with_number(changed.condition.text, again, threshold.number)
            assert back == with_number(rule.condition.text, threshold, threshold.number)
            assert changed.code == rule.code
    assert tried > 60


times = st.lists(
    st.tuples(
        st.integers(18, 100),
        st.sampled_from(["social", "mail", "news", "work", "messaging", "video"]),
        st.integers(3, 420),
    ),
    max_size=4,
    unique_by=lambda use: use[0] // 8,
)


@given(st.lists(times, min_size=5, max_size=9))
@settings(max_examples=examples(25))
def test_proposals_keep_their_bounds_whatever_the_evenings_were(made: list[list[tuple[int, str, int]]]) -> None:
    evenings = [
        evening(day, *((minute, what, min(seconds, 479)) for minute, what, seconds in uses))
        for day, uses in enumerate(made)
    ]
    found = proposed(evenings)
    if len(evenings) < 7:
        assert found == {}
    budget = PolicySettings().budget
    for each in found.values():
        number, new = each.threshold.number, each.proposed
        most = number * (MAX_COUNT_FACTOR if isinstance(number, int) else MAX_LENGTH_FACTOR)
        assert number < new <= most  # type: ignore[operator]
        assert each.then.nudges <= each.now.nudges
        assert each.then.nudges <= budget * len(evenings)
        assert each.then.moments < each.now.moments
        assert each.bounded or each.then.evenings <= len(evenings) // 4
        assert each.now.evenings > len(evenings) // 4
        assert compile_condition(each.rule.condition.text)
    for declined in found:
        assert declined not in proposed(evenings, declined=[declined])
