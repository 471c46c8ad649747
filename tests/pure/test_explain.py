"""The why-line and the reasons, as a person reads them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.explain import REASON_WORDS, say_category, say_key, say_ordinal, say_reason, why
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
