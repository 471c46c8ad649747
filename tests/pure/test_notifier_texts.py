"""The words of nudges: short, neutral, the person's own first."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.notifier import NotifierSettings
from detector.notifier.texts import (
    end_text,
    heads_up_text,
    how_long_text,
    need_over_text,
    nudge_text,
    phrase,
    start_text,
    titles,
    wording_tables,
)
from detector.rulebook.loading import built_in_pack
from tests.rig.moments import nudged_moment

ROOT = Path(__file__).parents[2]
AT = datetime(2026, 11, 23, 18, 40, tzinfo=UTC)
BUILT_IN = tuple(rule.code for rule in built_in_pack().rules if rule.may_nudge)
WHY = "Social media, 70 s, the second nudge about it since 18:30."
MOMENT = nudged_moment(AT, occurrence="o")
# Guilt, orders, praise, comparison with others, and whose name it may not be.
UNKIND = re.compile(
    r"!|\b(should|must|stop|again|still|too much|never|always|waste\w*|bad|guilt\w*|sorry|sad|disappoint\w*|ignor\w*"
    r"|neglect\w*|addict\w*|great|good job|well done|congrat\w*|your partner|husband|wife|she|he|they|him|her)\b",
    re.IGNORECASE,
)


LONGER = {"unsensed", "quiet_week", "quiet_week_over"}
"""Notes of the greeting, which name a command."""


def every_sentence() -> list[str]:
    tables = ("fallback", "answers", "needed", "greeting", "heads_up", "ending")
    phrases = [phrase(table, key) for table in tables for key in wording_tables()[table] if key not in LONGER]
    return [*(title for variants in titles().values() for title in variants), *phrases]


def test_every_built_in_rule_that_may_nudge_has_at_least_three_titles_and_none_twice() -> None:
    assert set(titles()) == set(BUILT_IN)
    for variants in titles().values():
        assert len(variants) >= 3
    every_title = [title for variants in titles().values() for title in variants]
    assert len(every_title) == len(set(every_title))


@pytest.mark.parametrize("sentence", every_sentence())
def test_every_sentence_is_short_and_neutral(sentence: str) -> None:
    assert 1 <= len(sentence.split()) <= 12
    assert not UNKIND.search(sentence), sentence
    assert sentence == sentence.strip()


SURPRISING = (
    "anew",
    "will keep",
    "goes on without you",
    "goes on by themselves",
    "Up, down",
    "the same pull",
    "came along",
    "Time to arrive",
    "hand goes",
    "a ping",
    "kept, and not said",
    "Started well",
)


def test_no_text_that_a_person_sees_has_to_be_guessed_at() -> None:
    shown = (ROOT / "detector" / "locale" / "turntoward.pot").read_text(encoding="utf-8")
    rules = "".join(rule.name + rule.page.notices + rule.page.why for rule in built_in_pack().rules)
    texts = (shown + rules).casefold()
    assert [words for words in SURPRISING if words.casefold() in texts] == []


@pytest.mark.parametrize("planted", ["Stop it now", "You should talk", "Well done", "So much scrolling!", "Ask her"])
def test_the_check_for_neutral_sentences_catches_blame_and_praise(planted: str) -> None:
    assert UNKIND.search(planted)


def test_the_three_answers_are_always_the_same_in_order() -> None:
    words = nudge_text(MOMENT, rule_name="Feed", why=WHY, settings=NotifierSettings(), week=0)
    assert words.answers == (
        ("put_away", "Put it away"),
        ("together", "This is for both of us"),
        ("needed", "I need this"),
    )


def test_the_why_line_is_the_body_as_it_was_given() -> None:
    assert nudge_text(MOMENT, rule_name="Feed", why=WHY, settings=NotifierSettings(), week=3).body == WHY


def test_the_title_changes_by_the_week_through_all_variants() -> None:
    def title(week: int) -> str:
        return nudge_text(MOMENT, rule_name="Feed", why=WHY, settings=NotifierSettings(), week=week).title

    variants = titles()["F101"]
    assert [title(week) for week in range(len(variants))] == list(variants)
    assert title(7) == title(7)
    assert title(0) == title(len(variants))


def test_the_persons_own_sentence_takes_the_place_of_every_title() -> None:
    own = NotifierSettings(sentence="Look up: somebody is here")
    for rule in (*BUILT_IN, "X1"):
        words = nudge_text(replace(MOMENT, rule=rule), rule_name="Mine", why=WHY, settings=own, week=5)
        assert words.title == "Look up: somebody is here"
        assert words.body == WHY


def test_the_title_of_a_rule_of_ones_own_is_its_name() -> None:
    words = nudge_text(
        replace(MOMENT, rule="X1"), rule_name="Chess at dinner", why=WHY, settings=NotifierSettings(), week=0
    )
    assert words.title == "Chess at dinner"


@pytest.mark.parametrize("nameless", ["", "  ", "\n", "\x07"])
def test_a_rule_without_a_name_still_has_a_title(nameless: str) -> None:
    words = nudge_text(replace(MOMENT, rule="X1"), rule_name=nameless, why=WHY, settings=NotifierSettings(), week=0)
    assert words.title == "A moment with the screen"


def test_a_notification_expires_when_the_settings_say() -> None:
    settings = NotifierSettings(expires=timedelta(seconds=33))
    assert nudge_text(MOMENT, rule_name="", why=WHY, settings=settings, week=0).expires == timedelta(seconds=33)
    assert start_text("Dinner", "20:00", settings=settings).expires == timedelta(seconds=33)


def test_a_long_title_is_cut_to_twelve_words_with_an_ellipsis() -> None:
    name = " ".join(str(number) for number in range(1, 14))
    words = nudge_text(replace(MOMENT, rule="X1"), rule_name=name, why=WHY, settings=NotifierSettings(), week=0)
    assert words.title == "1 2 3 4 5 6 7 8 9 10 11 12…"


@given(name=st.text(max_size=300), own=st.text(max_size=300), week=st.integers(0, 10_000))
def test_whatever_the_person_wrote_a_title_has_at_most_twelve_words_on_one_line(name: str, own: str, week: int) -> None:
    for sentence in ("", own):
        words = nudge_text(
            replace(MOMENT, rule="X1"), rule_name=name, why=WHY, settings=NotifierSettings(sentence=sentence), week=week
        )
        assert 1 <= len(words.title.split()) <= 12
        assert len(words.title.splitlines()) == 1


def test_the_start_text_names_the_end() -> None:
    words = start_text("Partner time", "20:00")
    assert words.title == "Partner time until 20:00"
    assert words.body == "There is nothing you need to do now."
    assert words.answers == ()


def test_the_start_text_names_the_title_of_the_partner_time() -> None:
    assert start_text("Dinner", "20:00").body == "Dinner. There is nothing you need to do now."


def test_without_the_thought_there_is_still_a_start_text() -> None:
    plain = start_text("Dinner", "20:00", settings=NotifierSettings(greeting=False))
    assert (plain.title, plain.body) == ("Partner time until 20:00", "Dinner.")


def test_a_notification_text_shows_nothing_in_its_repr() -> None:
    words = nudge_text(
        MOMENT, rule_name="", why="canary-4711", settings=NotifierSettings(sentence="canary-4712"), week=0
    )
    assert "canary" not in repr(words)


def test_needing_something_asks_for_a_length_and_its_end_has_one_line() -> None:
    asked = how_long_text(MOMENT, settings=NotifierSettings(expires=timedelta(seconds=7)))
    assert asked.title == "For how long?"
    assert asked.body == "Until then there is no nudge about social media."
    assert asked.answers == (("needed_1", "1 minute"), ("needed_5", "5 minutes"), ("needed_15", "15 minutes"))
    assert asked.expires == timedelta(seconds=7)
    output = need_over_text(replace(MOMENT, answer="needed_5", device="my phone"))
    assert (output.title, output.answers) == ("That was the time you needed", ())
    assert output.body == "Social media on my phone, needed for 5 min."


def test_a_heads_up_names_the_start_and_takes_the_persons_own_title() -> None:
    words = heads_up_text("Dinner", "18:30")
    assert (words.title, words.body) == ("Dinner begins at 18:30", "Finish what you are doing; the rest can wait.")
    own = heads_up_text("Dinner", "18:30", sentence="Kettle on")
    assert (own.title, own.body) == ("Kettle on", "Dinner begins at 18:30.")
    assert (words.answers, own.expires) == ((), timedelta(seconds=20))
    assert (
        heads_up_text("Dinner", "18:30", settings=NotifierSettings(expires=timedelta(seconds=7))).expires.seconds == 7
    )


@pytest.mark.parametrize("title", ["", " ", "Dinner.", "a " * 40, "{0} {begins}"])
def test_a_heads_up_title_is_short_and_keeps_the_time(title: str) -> None:
    output = heads_up_text(title, "18:30").title
    assert len(output.split()) <= 12
    assert output.endswith(" begins at 18:30")
    assert output.split()[0] != "begins"


def test_a_suggestion_takes_the_place_of_the_thought_and_goes_with_it() -> None:
    offered = start_text("Dinner", "20:00", suggestion="A walk round the pond")
    assert (offered.title, offered.body) == ("Partner time until 20:00", "Dinner. A walk round the pond.")
    assert start_text("Dinner", "20:00", suggestion="What was good today?").body == "Dinner. What was good today?"
    plain = start_text("Dinner", "20:00", settings=NotifierSettings(greeting=False), suggestion="A walk")
    assert (plain.title, plain.body) == ("Partner time until 20:00", "Dinner.")
    assert start_text("Dinner", "20:00", note="A note.", suggestion="A walk").body == "Dinner. A note."


def test_the_end_text_has_the_good_number_first_and_names_what_is_unknown() -> None:
    hours = timedelta(hours=1, minutes=24, seconds=9)
    words = end_text("Dinner", undisturbed=hours, moments=1, started_well=True)
    assert words.title == "For 1 h 24 min no screen took you away"
    assert words.body == "Dinner. Every screen was put away at the start. 1 moment was noticed."
    assert words.answers == ()
    assert end_text("Dinner", undisturbed=hours, moments=0).body == "Dinner. No moment was noticed."
    assert end_text("Dinner", undisturbed=hours, moments=3).body == "Dinner. 3 moments were noticed."
    short = end_text("", undisturbed=timedelta(seconds=59), moments=2)
    assert (short.title, short.body) == ("Partner time is over", "2 moments were noticed.")
    unknown = end_text("Dinner", undisturbed=None, moments=2)
    assert (unknown.title, unknown.body) == ("Partner time is over", "Dinner. Too little was sensed to say more.")
