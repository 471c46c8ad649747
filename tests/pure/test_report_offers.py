"""What is counted apart, and what is offered once for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detector.core.effects import Coverage, Moment, Outcome
from detector.report.as_text import as_text
from detector.report.starts_and_cancellations import declined, offers
from detector.report.summarise import summarise
from detector.report.summary import Summary
from detector.store.model import StoredCoverage, StoredOccurrence
from rules.model import Reason

BEGAN = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
ENDS = BEGAN + timedelta(minutes=90)


def moment(
    number: int, *, category: str = "video", reason: Reason | None = None, outcome: Outcome | None = None
) -> Moment:
    return Moment(
        number=number,
        occurrence="1@x",
        rule="F105",
        device="laptop",
        use=number,
        category=category,
        name=None,
        began=BEGAN,
        decided_at=BEGAN,
        ended=None,
        decided="suppressed" if reason else "nudged",
        reason=reason,
        evidence=(),
        outcome=outcome,
    )


def summary(*moments: Moment, excluded: frozenset[str] = frozenset()) -> Summary:
    kept = StoredOccurrence(id="1@x", title="Evening", began=BEGAN, ends=ENDS, ended=ENDS, end_reason="ended")
    known = StoredCoverage(occurrence="1@x", coverage=Coverage(number=1, device="laptop", began=BEGAN, ended=ENDS))
    return summarise([kept], [], moments, [known], since=BEGAN, until=ENDS, zone=UTC, rules={}, excluded=excluded)


@pytest.mark.parametrize(
    ("reason", "apart"),
    [
        (Reason.TOGETHER, (1, 0, 0)),
        (Reason.FOR_BOTH, (1, 0, 0)),
        (Reason.FILM, (1, 0, 0)),
        (Reason.NEEDED, (0, 1, 0)),
        (Reason.ON_CALL, (0, 0, 1)),
    ],
)
def test_together_needed_and_a_film_are_not_micro_rejections(reason: Reason, apart: tuple[int, int, int]) -> None:
    found = summary(moment(1, reason=reason))
    assert (found.together, found.needed, found.on_call) == apart
    assert found.moments == 0
    assert [each.reason for each in found.unsaid] == [reason]


@pytest.mark.parametrize("reason", [Reason.FULL_SCREEN, Reason.LOCKED, Reason.DO_NOT_DISTURB, Reason.COOL_DOWN])
def test_a_suppressed_moment_is_counted(reason: Reason) -> None:
    found = summary(moment(1, reason=reason))
    assert (found.moments, found.together, found.needed, found.on_call) == (1, 0, 0, 0)


def test_an_ignored_nudge_is_counted() -> None:
    assert summary(moment(1, outcome=Outcome.IGNORED)).moments == 1


def test_the_text_names_what_is_excused() -> None:
    text = as_text(summary(moment(1, reason=Reason.ON_CALL), moment(2, outcome=Outcome.NEEDED)))
    assert "Not counted: 1 needed, 1 of what may call you while you are on call." in text


def test_a_category_that_was_for_both_three_times_is_offered_with_its_command() -> None:
    said = [moment(number, outcome=Outcome.TOGETHER) for number in (1, 2, 3)]
    assert [(each.category, each.times) for each in summary(*said).offers] == [("video", 3)]
    text = as_text(summary(*said))
    assert "For both of you, from now on?\n  You answered 3 times that video is for both of you. " in text
    assert summary(*said[:2]).offers == ()
    assert "from now on?" not in as_text(summary(*said[:2]))


def test_a_category_that_was_accepted_or_declined_is_not_offered() -> None:
    said = [moment(number, outcome=Outcome.TOGETHER) for number in (1, 2, 3)]
    assert summary(*said, excluded=frozenset({"video"})).offers == ()


def test_dating_is_not_offered_for_the_offer_would_name_it() -> None:
    said = [moment(number, category="dating", outcome=Outcome.TOGETHER) for number in (1, 2, 3)]
    assert summary(*said).offers == ()


def test_only_answers_count_towards_an_offer() -> None:
    silent = [moment(number, reason=Reason.TOGETHER) for number in (1, 2, 3)]
    assert offers(silent, ()) == []
    mixed = [moment(n, category=c, outcome=Outcome.TOGETHER) for n, c in enumerate(["mail", "video"] * 2, 1)]
    assert offers(mixed, ()) == []


def test_declined_categories_in_the_store_may_be_malformed() -> None:
    assert declined(["video", 3, None]) == {"video"}
    assert declined(None) == declined("video") == frozenset()
