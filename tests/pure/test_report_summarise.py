from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from detector.core.effects import Coverage, Moment, Outcome, Use
from detector.core.observations import Activity
from detector.report.as_text import as_text
from detector.report.summarise import summarise
from detector.report.summary import Summary, as_json
from detector.store.model import StoredCoverage, StoredOccurrence, StoredUse
from rules.model import Reason

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)
BEGAN = datetime(2026, 11, 20, 17, 30, tzinfo=UTC)


class Kept:
    """What is kept, built evening by evening."""

    def __init__(self) -> None:
        self.occurrences: list[StoredOccurrence] = []
        self.uses: list[StoredUse] = []
        self.moments: list[Moment] = []
        self.coverage: list[StoredCoverage] = []

    def evening(
        self, began: datetime = BEGAN, minutes: float = 60, *, known: float | None = None, ended: bool = True
    ) -> str:
        name = f"{len(self.occurrences) + 1}@{began:%Y%m%dT%H%M%SZ}"
        ends = began + timedelta(minutes=minutes)
        self.occurrences.append(
            StoredOccurrence(
                id=name, title="Evening", began=began, ends=ends, ended=ends if ended else None, end_reason=None
            )
        )
        covered = began + timedelta(minutes=minutes if known is None else known)
        self.coverage.append(
            StoredCoverage(occurrence=name, coverage=Coverage(number=1, device="laptop", began=began, ended=covered))
        )
        return name

    def use(self, evening: str, began: float, ended: float, category: str = "social") -> None:
        start = next(each.began for each in self.occurrences if each.id == evening)
        self.uses.append(
            StoredUse(
                occurrence=evening,
                use=Use(
                    number=len(self.uses) + 1,
                    device="laptop",
                    activity=Activity(category=category),
                    began=start + timedelta(minutes=began),
                    ended=start + timedelta(minutes=ended),
                ),
            )
        )

    def moment(self, evening: str, **changes: Any) -> None:
        start = next(each.began for each in self.occurrences if each.id == evening)
        number = len(self.moments) + 1
        plain: dict[str, Any] = {
            "number": number,
            "occurrence": evening,
            "rule": "feed",
            "device": "laptop",
            "use": number,
            "category": "social",
            "name": None,
            "began": start,
            "decided_at": start,
            "ended": None,
            "decided": "nudged",
            "reason": None,
            "evidence": (),
        }
        self.moments.append(Moment(**(plain | changes)))

    def summary(self, *, since: datetime | None = None, until: datetime = NOW) -> Summary:
        return summarise(
            self.occurrences,
            self.uses,
            self.moments,
            self.coverage,
            since=since or until - timedelta(days=28),
            until=until,
            zone=BERLIN,
            rules={"feed": "A feed, scrolled"},
        )


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_presence_and_the_longest_stretch_are_found_over_all_occurrences(kept: Kept) -> None:
    one, other = kept.evening(), kept.evening(BEGAN + timedelta(days=1), 120)
    kept.use(one, 10, 16)
    kept.use(other, 100, 118)
    summary = kept.summary()
    assert summary.share.presence == timedelta(minutes=156)
    assert summary.presence == pytest.approx(156 / 180)
    assert summary.coverage == 1
    assert summary.longest is not None
    assert summary.longest.lasted == timedelta(minutes=100)
    assert summary.longest.began == BEGAN + timedelta(days=1)
    assert summary.longest.began.tzinfo is BERLIN


def test_pages_that_are_not_known_are_said_with_their_share_and_are_no_presence(kept: Kept) -> None:
    name = kept.evening(minutes=90)
    kept.use(name, 10, 28, category="unknown")
    summary = kept.summary()
    assert summary.unknown_pages == timedelta(minutes=18)
    assert summary.share.presence == timedelta(minutes=72)
    assert "pages that are not known for 18 min, 20 % of it" in " ".join(as_text(summary).split())


def test_an_occurrence_known_for_less_than_half_is_left_out(kept: Kept) -> None:
    bad = kept.evening(minutes=60, known=29)
    kept.moment(bad)
    summary = kept.summary()
    assert summary.partner_times.left_out == 1
    assert summary.partner_times.left_out_moments == 1
    assert summary.presence is None
    assert summary.longest is None
    assert summary.moments == 0
    assert summary.by_rule == ()
    assert summary.coverage == pytest.approx(29 / 60)
    assert any("no partner time is known" in sentence for sentence in summary.missing)


def test_an_occurrence_known_for_exactly_half_is_counted(kept: Kept) -> None:
    kept.use(kept.evening(minutes=60, known=30), 0, 15)
    summary = kept.summary()
    assert summary.partner_times.counted == 1
    assert summary.presence == pytest.approx(0.5)


def test_an_occurrence_without_coverage_is_never_presence(kept: Kept) -> None:
    kept.evening(known=0)
    summary = kept.summary()
    assert summary.partner_times.counted == 0
    assert summary.presence is None
    assert summary.coverage == 0


def test_an_occurrence_under_way_counts_up_to_the_last_known_instant(kept: Kept) -> None:
    kept.evening(NOW - timedelta(minutes=20), 60, known=15, ended=False)
    summary = kept.summary()
    assert summary.lived == timedelta(minutes=15)
    assert (summary.partner_times.under_way, summary.partner_times.cut_off) == (1, 0)
    assert summary.presence == 1


def test_an_occurrence_that_was_cut_off_counts_up_to_the_last_known_instant(kept: Kept) -> None:
    kept.evening(minutes=60, known=15, ended=False)
    summary = kept.summary()
    assert summary.lived == timedelta(minutes=15)
    assert (summary.partner_times.under_way, summary.partner_times.cut_off) == (0, 1)


def test_what_began_before_since_or_lies_after_until_is_not_counted(kept: Kept) -> None:
    kept.evening(NOW - timedelta(days=10))
    kept.evening(NOW + timedelta(hours=1))
    kept.moment(kept.evening(NOW - timedelta(days=2)))
    summary = kept.summary(since=NOW - timedelta(days=7))
    assert summary.partner_times.all == 1
    assert summary.moments == 1
    assert summary.since == NOW - timedelta(days=7)


def test_moments_are_counted_by_category_and_rule_per_known_hour(kept: Kept) -> None:
    evening = kept.evening(minutes=120, known=90)
    kept.moment(evening)
    kept.moment(evening, category=None)
    kept.moment(evening, rule="my-own", category="mail")
    summary = kept.summary()
    assert summary.moments == 3
    assert summary.per_hour == pytest.approx(2)
    assert [(tally.code, tally.name, tally.moments) for tally in summary.by_rule] == [
        ("feed", "A feed, scrolled", 2),
        ("my-own", "my-own", 1),
    ]
    assert [(tally.code, tally.name) for tally in summary.by_category] == [
        ("mail", "mail"),
        ("other", "something else"),
        ("social", "social media"),
    ]
    assert summary.by_rule[0].per_hour == pytest.approx(4 / 3)


def test_dating_is_counted_as_something_else(kept: Kept) -> None:
    evening = kept.evening(minutes=120, known=90)
    kept.moment(evening, category="dating")
    kept.moment(evening, category="other")
    summary = kept.summary()
    assert [(tally.code, tally.name, tally.moments) for tally in summary.by_category] == [
        ("other", "something else", 2)
    ]
    assert "dating" not in as_text(summary) + as_json(summary)


def test_below_one_known_hour_there_is_no_rate_per_hour(kept: Kept) -> None:
    kept.moment(kept.evening(minutes=59))
    summary = kept.summary()
    assert summary.moments == 1
    assert summary.per_hour is None
    assert summary.by_rule[0].per_hour is None
    assert any("59 min" in sentence and "1 h" in sentence for sentence in summary.missing)


def test_a_second_rule_in_the_same_use_is_the_same_micro_rejection(kept: Kept) -> None:
    evening = kept.evening()
    kept.moment(evening, use=1)
    kept.moment(evening, use=1, rule="not-put-away", decided="suppressed", reason=Reason.SAME_USE)
    kept.moment(evening, use=1, rule="hopping", decided="suppressed", reason=Reason.DISMISSED)
    kept.moment(evening, use=2, decided="suppressed", reason=Reason.COOL_DOWN)
    kept.moment(evening, use=None, decided="suppressed", reason=Reason.SAME_USE)
    summary = kept.summary()
    assert summary.moments == 2
    assert [tally.code for tally in summary.by_rule] == ["feed"]
    assert {each.reason: each.moments for each in summary.unsaid} == {
        Reason.SAME_USE: 2,
        Reason.DISMISSED: 1,
        Reason.COOL_DOWN: 1,
    }


def test_moments_with_a_nudge_and_without_one_add_up(kept: Kept) -> None:
    evening = kept.evening()
    kept.moment(evening, use=1, decided="suppressed", reason=Reason.TYPING)
    kept.moment(evening, use=1, rule="hopping")
    for rule in ("feed", "hopping", "glances"):
        kept.moment(evening, use=2, rule=rule, decided="suppressed", reason=Reason.DISMISSED)
    kept.moment(evening, use=3, decided="suppressed", reason=Reason.TOGETHER)
    summary = kept.summary()
    assert (summary.moments, summary.together, summary.nudges.shown) == (2, 1, 1)
    assert {each.reason: each.moments for each in summary.without_nudge} == {Reason.DISMISSED: 1}
    text = as_text(summary)
    assert "  With a nudge: 1. Without one: 1.\n" in text
    assert "\nMoments without a nudge: 1\n      1  you had closed several nudges in this partner time" in text


def test_report_only_rules_are_counted_apart_and_name_a_use_only_if_no_other_rule_does(
    kept: Kept,
) -> None:
    evening = kept.evening()
    for use in (1, 2):
        kept.moment(evening, use=use, rule="T951", decided="suppressed", reason=Reason.REPORT_ONLY)
    kept.moment(evening, use=1)
    summary = kept.summary()
    assert summary.moments == 2
    assert [(tally.code, tally.moments) for tally in summary.by_rule] == [("T951", 1), ("feed", 1)]
    assert [(tally.code, tally.moments) for tally in summary.besides] == [("T951", 2)]


def test_the_same_use_number_in_two_occurrences_is_two_uses(kept: Kept) -> None:
    kept.moment(kept.evening(), use=1)
    kept.moment(kept.evening(BEGAN + timedelta(days=1)), use=1)
    assert kept.summary().moments == 2


def test_together_and_needed_are_counted_apart(kept: Kept) -> None:
    evening = kept.evening()
    kept.moment(evening, outcome=Outcome.TOGETHER)
    kept.moment(evening, outcome=Outcome.NEEDED, use=7)
    kept.moment(evening, decided="suppressed", reason=Reason.TOGETHER)
    kept.moment(evening, decided="suppressed", reason=Reason.DISMISSED, use=7)
    summary = kept.summary()
    assert (summary.moments, summary.together, summary.needed) == (0, 2, 1)
    assert summary.by_category == ()


def test_the_share_put_away_is_of_judged_nudges(kept: Kept) -> None:
    evening = kept.evening()
    outcomes = [
        Outcome.PUT_AWAY_30,
        Outcome.PUT_AWAY_30,
        Outcome.PUT_AWAY_60,
        Outcome.IGNORED,
        Outcome.DISMISSED,
        Outcome.TOGETHER,
        Outcome.NEEDED,
        Outcome.UNKNOWN,
        Outcome.UNDELIVERED,
        None,
    ]
    for outcome in outcomes:
        kept.moment(evening, outcome=outcome)
    kept.moment(evening, decided="suppressed", reason=Reason.BUDGET)
    nudges = kept.summary().nudges
    assert (nudges.shown, nudges.judged, nudges.within_30, nudges.within_60) == (9, 5, 2, 3)
    assert (nudges.share_30, nudges.share_60) == (pytest.approx(0.4), pytest.approx(0.6))
    assert (nudges.dismissed, nudges.ignored, nudges.together, nudges.needed) == (1, 1, 1, 1)
    assert (nudges.unknown, nudges.open, nudges.undelivered) == (1, 1, 1)


def test_four_judged_nudges_give_no_share(kept: Kept) -> None:
    evening = kept.evening()
    for _ in range(4):
        kept.moment(evening, outcome=Outcome.PUT_AWAY_30)
    summary = kept.summary()
    assert summary.nudges.share_30 is None
    assert any("it takes 5" in sentence and "4 so far" in sentence for sentence in summary.missing)


def test_weeks_begin_on_monday_in_the_zone_of_the_reader(kept: Kept) -> None:
    sunday_in_utc = datetime(2026, 11, 15, 23, 30, tzinfo=UTC)
    kept.evening(sunday_in_utc, 60)
    kept.moment(kept.evening(sunday_in_utc - timedelta(hours=2), 60))
    summary = kept.summary()
    assert [(week.monday, week.moments) for week in summary.weeks] == [(date(2026, 11, 9), 1), (date(2026, 11, 16), 0)]
    assert [week.per_hour for week in summary.weeks] == [1, 0]
    assert not any(sentence.startswith("Week by week") for sentence in summary.missing)


def test_a_week_with_less_than_an_hour_known_has_no_numbers_and_one_week_no_comparison(kept: Kept) -> None:
    kept.evening(BEGAN, 60)
    kept.evening(BEGAN - timedelta(days=7), 30)
    summary = kept.summary()
    assert [(week.presence, week.per_hour) for week in summary.weeks] == [(None, None), (1, 0)]
    assert any(sentence.startswith("Week by week") and "1 so far" in sentence for sentence in summary.missing)


def test_without_rows_nothing_is_known(kept: Kept) -> None:
    summary = kept.summary()
    assert summary.partner_times.all == 0
    assert summary.coverage is None
    assert summary.presence is None
