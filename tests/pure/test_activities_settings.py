"""The person's own entries: what is wrong with them is said all at once, with what to do."""

from __future__ import annotations

import pytest

from detector.activities.patterns import BadPattern, TitlePattern, read_pattern
from detector.activities.settings import OwnEntry, check_own_entries


def test_good_entries_have_no_problems() -> None:
    own = (
        OwnEntry(category="work", apps=("org.gnome.Maps",), sites=("YouTube", "… / X", "Instagram • …")),
        OwnEntry(category="together", android=("com.example.app",)),
    )
    assert check_own_entries(own) == []


def test_all_problems_are_reported_at_once_and_an_unknown_category_with_the_nearest() -> None:
    own = (
        OwnEntry(category="socail", apps=("a",)),
        OwnEntry(category="zzz", sites=("…",)),
        OwnEntry(category="work"),
        OwnEntry(category="work", apps=("*",)),
    )
    said = [str(problem) for problem in check_own_entries(own, "config.toml")]
    assert len(said) == 5
    assert "activity 1: has the category 'socail', which does not exist" in said[0]
    assert "Did you mean 'social'?" in said[0]
    assert "Write one of: social, video" in said[1]
    assert "activity 2: has the site '…', which names nothing" in said[2]
    assert "activity 3: names no app, site or program" in said[3]
    assert "activity 4: holds an empty name" in said[4]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("YouTube", TitlePattern("last", "youtube")),
        ("… / X", TitlePattern("last", "x", "/")),
        ("… – YouTube", TitlePattern("last", "youtube", "-")),
        ("Instagram • …", TitlePattern("first", "instagram", "•")),
        ("Amazon.com: …", TitlePattern("first", "amazon.com", ":")),
        ("… | Amazon.de | …", TitlePattern("any", "amazon.de")),
        ("= Threads", TitlePattern("whole", "threads")),
        ("Amazon.com.…", TitlePattern("begins", "amazon.com.")),
        ("…_bilibili", TitlePattern("ends", "_bilibili")),
        ('…on Instagram: "…', TitlePattern("within", 'on instagram: "')),
    ],
)
def test_a_pattern_is_read_as_it_looks(written: str, read: TitlePattern) -> None:
    assert read_pattern(written) == read


@pytest.mark.parametrize("written", ["", " ", "…", "… …", "…|…", "X", "A - B", "… on Tumblr", "a … b", "= "])
def test_a_pattern_that_would_fit_everything_or_nothing_is_refused(written: str) -> None:
    with pytest.raises(BadPattern):
        read_pattern(written)
