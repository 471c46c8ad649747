"""What is counted apart, and what is offered once for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detector.core.effects import Coverage, Moment, Outcome
from detector.report.as_text import as_text
from detector.report.rituals import declined, offers
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


def summary(*moments: Moment, settled: frozenset[str] = frozenset()) -> Summary:
    kept = StoredOccurrence(id="1@x", title="Evening", began=BEGAN, ends=ENDS, ended=ENDS, end_reason="ended")
    known = StoredCoverage(occurrence="1@x", coverage=Coverage(number=1, device="laptop", began=BEGAN, ended=ENDS))
    return summarise([kept], [], moments, [known], since=BEGAN, until=ENDS, zone=UTC, rules={}, settled=settled)


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
def test_what_the_person_said_and_a_film_are_counted_against_nobody(
    reason: Reason, apart: tuple[int, int, int]
) -> None:
    found = summary(moment(1, reason=reason))
    assert (found.together, found.needed, found.on_call) == apart
    assert found.moments == 0
    assert [each.reason for each in found.unsaid] == [reason]


@pytest.mark.parametrize("reason", [Reason.FULL_SCREEN, Reason.LOCKED, Reason.DO_NOT_DISTURB, Reason.COOL_DOWN])
def test_what_the_program_kept_to_itself_is_a_moment_all_the_same(reason: Reason) -> None:
    found = summary(moment(1, reason=reason))
    assert (found.moments, found.together, found.needed, found.on_call) == (1, 0, 0, 0)


def test_a_nudge_that_was_let_pass_is_counted() -> None:
    assert summary(moment(1, outcome=Outcome.IGNORED)).moments == 1


def test_the_text_names_what_is_counted_apart() -> None:
    text = as_text(summary(moment(1, reason=Reason.ON_CALL), moment(2, outcome=Outcome.NEEDED)))
    assert "Not among them: 1 was needed, 1 was of what may call you while you are on\n  call." in text


def test_three_times_for_both_is_offered_with_the_command_that_makes_it_so() -> None:
    said = [moment(number, outcome=Outcome.TOGETHER) for number in (1, 2, 3)]
    assert [(each.category, each.times) for each in summary(*said).offers] == [("video", 3)]
    text = as_text(summary(*said))
    assert "Once for good\n  Video: for both of you 3 times. `turntoward together add video`" in text
    assert summary(*said[:2]).offers == ()
    assert "Once for good" not in as_text(summary(*said[:2]))


def test_what_is_settled_is_not_offered() -> None:
    said = [moment(number, outcome=Outcome.TOGETHER) for number in (1, 2, 3)]
    assert summary(*said, settled=frozenset({"video"})).offers == ()


def test_only_what_the_person_said_counts_towards_an_offer() -> None:
    silent = [moment(number, reason=Reason.TOGETHER) for number in (1, 2, 3)]
    assert offers(silent, ()) == []
    mixed = [moment(n, category=c, outcome=Outcome.TOGETHER) for n, c in enumerate(["mail", "video"] * 2, 1)]
    assert offers(mixed, ()) == []


def test_what_the_store_kept_of_declining_is_read_with_care() -> None:
    assert declined(["video", 3, None]) == {"video"}
    assert declined(None) == declined("video") == frozenset()
