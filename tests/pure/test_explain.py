"""The why-line and the reasons, as a person reads them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from detector.core.effects import Outcome
from detector.core.observations import LAPTOP
from detector.devices import MAX_NAME_LENGTH
from rules.explain import (
    MAX_DEVICE_NAME,
    OUTCOME_WORDS,
    REASON_WORDS,
    format_activity,
    format_category,
    format_device,
    format_evidence,
    format_feature,
    format_need_over,
    format_needed,
    format_offer,
    format_ordinal,
    format_outcome,
    format_policy,
    format_reason,
    why_line,
)
from rules.features import CATEGORIES, UNNAMED
from rules.model import DEVICE_PLACEHOLDER, FeatureKey, Reason, Value

TEN, QUARTER = timedelta(minutes=10), timedelta(minutes=15)
DWELL = (FeatureKey("dwell"), timedelta(seconds=70))


@pytest.mark.parametrize(
    ("category", "name", "evidence", "repeat", "expected"),
    [
        ("social", None, [DWELL], 1, "Social media, 70 s."),
        ("social", "Instagram", [DWELL], 2, "Instagram, 70 s, the second nudge about it since 18:30."),
        (
            "messaging",
            None,
            [DWELL, (FeatureKey("glances", TEN, scope="all"), 3)],
            2,
            "Messages, the third look in 10 min.",
        ),
        ("messaging", None, [(FeatureKey("uses", QUARTER, "messaging"), 2)], 1, "Messages, the second time in 15 min."),
        ("social", None, [DWELL, (FeatureKey("came_from"), "messaging")], 1, "Social media, 70 s, after messages."),
        ("work", None, [(FeatureKey("switches", TEN), 12)], 1, "12 switches in 10 min."),
    ],
)
def test_the_why_line_names_what_and_how_long_or_how_often(
    category: str, name: str | None, evidence: list[tuple[FeatureKey, Value]], repeat: int, expected: str
) -> None:
    assert why_line(category, name, evidence, repeat, "18:30") == expected


OPENED = [(FeatureKey("opens", TEN, scope="all"), 3), (FeatureKey("opens", TEN), 1)]
PICKED_UP = (FeatureKey("pick_ups", TEN), 4)
BRIEFLY, LONG = (FeatureKey("dwell"), timedelta(seconds=5)), (FeatureKey("dwell"), timedelta(minutes=3))


@pytest.mark.parametrize(
    ("category", "name", "evidence", "device", "expected"),
    [
        ("social", None, OPENED, "my phone", "Social media on my phone, the third opening in 10 min."),
        ("social", "Instagram", OPENED, "my phone", "Instagram on my phone, the third opening in 10 min."),
        ("social", None, [DWELL], "laptop", "Social media, 70 s, the second nudge about it since 18:30."),
        ("social", None, [DWELL], None, "Social media, 70 s, the second nudge about it since 18:30."),
        ("phone", None, [DWELL], "my phone", "My phone, 70 s, the second nudge about it since 18:30."),
        ("phone", None, [DWELL], "iPhone", "iPhone, 70 s, the second nudge about it since 18:30."),
        ("phone", None, [PICKED_UP, BRIEFLY], "my phone", "My phone, the fourth pick-up in 10 min."),
        ("news", None, [PICKED_UP, BRIEFLY], "my phone", "News on my phone, the fourth pick-up in 10 min."),
        (
            "video",
            None,
            [*OPENED, PICKED_UP, LONG],
            "my phone",
            "Video on my phone, 3 min, the second nudge about it since 18:30.",
        ),
        (
            "mail",
            None,
            [(FeatureKey("glances", TEN), 3), BRIEFLY],
            "tablet",
            "Mail on tablet, the third look in 10 min.",
        ),
        ("social", None, [DWELL], "\x07\u202e", "Social media, 70 s, the second nudge about it since 18:30."),
    ],
)
def test_the_why_line_names_the_phone_and_what_it_told(
    category: str, name: str | None, evidence: list[tuple[FeatureKey, Value]], device: str | None, expected: str
) -> None:
    assert why_line(category, name, evidence, 2, "18:30", device=device) == expected


def test_a_phones_name_is_shown_as_the_person_gave_it_but_for_what_cannot_be_seen() -> None:
    assert format_device("Büro-Handy 👩\u200d💻") == "Büro-Handy 👩\u200d💻"
    assert format_device(" my\n\x1b[31m\u202e phone\u2028 ") == "my [31m phone"
    assert format_device("x" * 41) == "x" * 39 + "…"
    assert MAX_DEVICE_NAME == MAX_NAME_LENGTH


def test_the_device_that_speaks_is_not_named() -> None:
    assert format_activity("mail", device=LAPTOP) == format_activity("mail") == "mail"
    assert format_activity("mail", device="my phone") == "mail on my phone"


def test_every_reason_and_every_category_has_words() -> None:
    assert set(REASON_WORDS) == set(Reason)
    assert all(format_reason(reason) for reason in Reason)
    assert len({format_category(category) for category in CATEGORIES}) == len(CATEGORIES) - len(UNNAMED)
    assert {format_category(category) for category in UNNAMED} == {"something else"}


def test_ordinals() -> None:
    assert [format_ordinal(number) for number in (1, 2, 10, 11, 12, 13, 21, 22, 23, 111)] == [
        "first",
        "second",
        "tenth",
        "11th",
        "12th",
        "13th",
        "21st",
        "22nd",
        "23rd",
        "111th",
    ]


def test_a_feature_is_named_as_a_condition_names_it() -> None:
    assert format_feature(FeatureKey("uses", QUARTER, "messaging", "all")) == "all.uses(messaging, 15 min)"
    assert format_feature(FeatureKey("dwell")) == "dwell"


def test_the_rules_own_sentence_is_said_with_what_was_measured_or_not_at_all() -> None:
    scrolls, dwell = FeatureKey("scrolls", TEN), FeatureKey("dwell")
    sentence = (
        "You scrolled ",
        scrolls,
        " steps in ",
        dwell,
        " of ",
        FeatureKey("category"),
        " on ",
        DEVICE_PLACEHOLDER,
        ".",
    )
    measured: dict[FeatureKey, Value] = {scrolls: 31, dwell: timedelta(seconds=70), FeatureKey("category"): "social"}
    assert (
        format_evidence(sentence, measured, "my phone") == "You scrolled 31 steps in 70 s of social media on my phone."
    )
    assert format_evidence(sentence, {dwell: timedelta(seconds=70)}, "my phone") is None
    assert format_evidence((), measured, "my phone") is None


def test_what_became_of_a_moment_is_said_with_its_reason() -> None:
    assert format_policy("nudged", None, "19:00:00") == "It was shown at once: there was no reason to wait."
    assert format_policy("nudged", Reason.TYPING, "19:00:12") == (
        "It was shown at 19:00:12; before that, it waited because you were typing."
    )
    assert format_policy("suppressed", Reason.LOCKED, "19:00:00") == (
        "There was no nudge, because the screen was locked, so nobody would have seen it."
    )
    assert format_policy("held", Reason.CALL, "19:00:00") == "It waits, because you were in a call."


def test_what_came_of_a_nudge_is_said_and_for_how_long_it_was_needed() -> None:
    assert set(OUTCOME_WORDS) == set(Outcome)
    assert format_outcome("suppressed", None, None) is None
    later = "Whether you put it away is known about two minutes after the nudge."
    assert format_outcome("nudged", None, None) == later
    assert format_outcome("nudged", None, "put_away") == f'You answered "Put it away". {later}'
    assert format_outcome("nudged", None, "dismissed") == f"You closed the nudge. {later}"
    assert format_outcome("nudged", Outcome.IGNORED, None) == "You did not answer, and went on."
    assert format_outcome("nudged", Outcome.IGNORED, "put_away") == 'You answered "Put it away", and it stayed in use.'
    assert format_outcome("nudged", Outcome.NEEDED, "needed") == "You said that you needed it."
    assert format_outcome("nudged", Outcome.NEEDED, "needed_15") == "You said that you needed it, for 15 min."
    assert format_outcome("nudged", Outcome.PUT_AWAY_30, "needed_15") == "You put it away within 30 s."


def test_the_question_and_its_end_name_what_is_needed_and_where() -> None:
    assert format_needed("mail") == "Until then there is no nudge about mail."
    assert format_needed("social", "my phone") == "Until then there is no nudge about social media on my phone."
    assert format_need_over("mail", "laptop", "needed_1") == "Mail, needed for 1 min."
    assert format_need_over("mail", "my phone", None) == "Mail on my phone."


def test_an_offer_names_both_commands() -> None:
    assert format_offer("video", 3) == (
        "You answered 3 times that video is for both of you. `turntoward together add video` makes that permanent; "
        "`turntoward together decline video` ends this offer."
    )
