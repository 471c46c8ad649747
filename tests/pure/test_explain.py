"""The why-line and the reasons, as a person reads them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from detector.devices import LONGEST_NAME
from detector.observations import LAPTOP
from rules.explain import (
    HERE,
    LONGEST_DEVICE,
    REASON_WORDS,
    say_category,
    say_device,
    say_key,
    say_ordinal,
    say_reason,
    say_what,
    why,
)
from rules.features import CATEGORIES
from rules.model import FeatureKey, Reason, Value

TEN, QUARTER = timedelta(minutes=10), timedelta(minutes=15)
DWELL = (FeatureKey("dwell"), timedelta(seconds=70))


@pytest.mark.parametrize(
    ("category", "name", "evidence", "repeat", "expected"),
    [
        ("social", None, [DWELL], 1, "Social media, 70 s."),
        ("social", "Instagram", [DWELL], 2, "Instagram, 70 s, the second time since 18:30."),
        ("messaging", None, [DWELL, (FeatureKey("glances", TEN, scope="all"), 3)], 2, "Messages, the third look in 10 min."),
        ("messaging", None, [(FeatureKey("uses", QUARTER, "messaging"), 2)], 1, "Messages, the second time in 15 min."),
        ("social", None, [DWELL, (FeatureKey("came_from"), "messaging")], 1, "Social media, 70 s, after messages."),
        ("work", None, [(FeatureKey("switches", TEN), 12)], 1, "12 switches in 10 min."),
    ],
)  # fmt: skip
def test_the_why_line_names_what_and_how_long_or_how_often(
    category: str, name: str | None, evidence: list[tuple[FeatureKey, Value]], repeat: int, expected: str
) -> None:
    assert why(category, name, evidence, repeat, "18:30") == expected


OPENED = [(FeatureKey("opens", TEN, scope="all"), 3), (FeatureKey("opens", TEN), 1)]
PICKED_UP = (FeatureKey("pick_ups", TEN), 4)
BRIEFLY, LONG = (FeatureKey("dwell"), timedelta(seconds=5)), (FeatureKey("dwell"), timedelta(minutes=3))


@pytest.mark.parametrize(
    ("category", "name", "evidence", "device", "expected"),
    [
        ("social", None, OPENED, "my phone", "Social media on my phone, the third opening in 10 min."),
        ("social", "Instagram", OPENED, "my phone", "Instagram on my phone, the third opening in 10 min."),
        ("social", None, [DWELL], "laptop", "Social media, 70 s, the second time since 18:30."),
        ("social", None, [DWELL], None, "Social media, 70 s, the second time since 18:30."),
        ("phone", None, [DWELL], "my phone", "My phone in the hand, 70 s, the second time since 18:30."),
        ("phone", None, [DWELL], "iPhone", "iPhone in the hand, 70 s, the second time since 18:30."),
        ("phone", None, [PICKED_UP, BRIEFLY], "my phone", "My phone in the hand, the fourth pick-up in 10 min."),
        ("news", None, [PICKED_UP, BRIEFLY], "my phone", "News on my phone, the fourth pick-up in 10 min."),
        ("video", None, [*OPENED, PICKED_UP, LONG], "my phone", "Video on my phone, 3 min, the second time since 18:30."),
        ("mail", None, [(FeatureKey("glances", TEN), 3), BRIEFLY], "tablet", "Mail on tablet, the third look in 10 min."),
        ("social", None, [DWELL], "\x07\u202e", "Social media, 70 s, the second time since 18:30."),
    ],
)  # fmt: skip
def test_the_why_line_names_the_phone_and_what_it_told(
    category: str, name: str | None, evidence: list[tuple[FeatureKey, Value]], device: str | None, expected: str
) -> None:
    assert why(category, name, evidence, 2, "18:30", device=device) == expected


def test_a_phones_name_is_shown_as_the_person_gave_it_but_for_what_cannot_be_seen() -> None:
    assert say_device("Büro-Handy 👩\u200d💻") == "Büro-Handy 👩\u200d💻"
    assert say_device(" my\n\x1b[31m\u202e phone\u2028 ") == "my [31m phone"
    assert say_device("x" * 41) == "x" * 39 + "…"
    assert LONGEST_DEVICE == LONGEST_NAME


def test_the_device_that_speaks_is_not_named() -> None:
    assert HERE == LAPTOP
    assert say_what("mail", device=LAPTOP) == say_what("mail") == "mail"
    assert say_what("mail", device="my phone") == "mail on my phone"


def test_every_reason_and_every_category_has_words() -> None:
    assert set(REASON_WORDS) == set(Reason)
    assert all(say_reason(reason) for reason in Reason)
    assert len({say_category(category) for category in CATEGORIES}) == len(CATEGORIES)


def test_ordinals() -> None:
    assert [say_ordinal(number) for number in (1, 2, 10, 11, 12, 13, 21, 22, 23, 111)] == [
        "first", "second", "tenth", "11th", "12th", "13th", "21st", "22nd", "23rd", "111th",
    ]  # fmt: skip


def test_a_feature_is_named_as_a_condition_names_it() -> None:
    assert say_key(FeatureKey("uses", QUARTER, "messaging", "all")) == "all.uses(messaging, 15 min)"
    assert say_key(FeatureKey("dwell")) == "dwell"
