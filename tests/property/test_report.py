from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import event, given
from hypothesis import strategies as st

from detector.core.attention.time_split import TimeSplit, split_time
from detector.core.effects import Coverage, Moment, Outcome, Use
from detector.core.observations import Activity
from detector.report.as_text import as_text
from detector.report.summarise import summarise
from detector.report.summary import as_json
from detector.store.model import StoredCoverage, StoredOccurrence, StoredUse
from rules.features import CATEGORIES, DISTRACTING
from rules.model import Reason

BEGAN = datetime(2026, 10, 24, 17, 30, tzinfo=UTC)
LENGTH = 120
DEVICES = ("laptop", "phone", "tablet")


def at(second: int) -> datetime:
    return BEGAN + timedelta(seconds=second)


seconds = st.integers(-20, LENGTH + 20)


@st.composite
def uses(draw: st.DrawFn) -> Use:
    began = draw(seconds)
    ended = draw(st.none() | st.integers(began, LENGTH + 20))
    return Use(
        number=draw(st.integers(1, 9)),
        device=draw(st.sampled_from(DEVICES)),
        activity=Activity(category=draw(st.sampled_from(["social", "mail", "reading", "other"]))),
        began=at(began),
        ended=None if ended is None else at(ended),
        trusted=draw(st.booleans()),
    )


@st.composite
def coverages(draw: st.DrawFn) -> Coverage:
    began = draw(seconds)
    return Coverage(
        number=draw(st.integers(1, 9)),
        device=draw(st.sampled_from(DEVICES)),
        began=at(began),
        ended=at(draw(st.integers(began, LENGTH + 20))),
    )


def second_by_second(used: list[Use], covered: list[Coverage]) -> tuple[set[int], set[int]]:
    """Return the seconds of presence and of distraction, found the slow way."""
    known, distracted = set(), set()
    for second in range(LENGTH):
        speaking = {each.device for each in covered if each.began <= at(second) < each.ended}
        for use in used:
            under_way = use.began <= at(second) and (use.ended is None or at(second) < use.ended)
            sure = (use.trusted and use.ended is not None) or use.device in speaking
            if under_way and sure and use.activity.category in DISTRACTING:
                distracted.add(second)
        if speaking:
            known.add(second)
    return known - distracted, distracted


def in_seconds(stretches: tuple[tuple[datetime, datetime], ...]) -> set[int]:
    return {second for begins, ends in stretches for second in range(LENGTH) if begins <= at(second) < ends}


@given(st.lists(uses(), max_size=8), st.lists(coverages(), max_size=6))
def test_presence_distraction_and_the_unknown_add_up_and_agree_with_counting_seconds(
    used: list[Use], covered: list[Coverage]
) -> None:
    divided = split_time(used, covered, BEGAN, at(LENGTH))
    found = split_time(used, covered, BEGAN, at(LENGTH)).totals
    present, distracted = second_by_second(used, covered)
    event(f"presence {bool(present)}, distraction {bool(distracted)}, unknown {len(present | distracted) < LENGTH}")
    assert found.presence + found.distraction + found.unknown == timedelta(seconds=LENGTH)
    assert in_seconds(divided.present) == present
    assert in_seconds(divided.distracted) == distracted
    assert found.presence == timedelta(seconds=len(present))
    assert found.distraction == timedelta(seconds=len(distracted))


@given(st.lists(uses(), max_size=8), st.lists(coverages(), max_size=6))
def test_stretches_are_in_order_apart_and_never_empty(used: list[Use], covered: list[Coverage]) -> None:
    divided = split_time(used, covered, BEGAN, at(LENGTH))
    for stretches in (divided.present, divided.distracted):
        assert all(begins < ends for begins, ends in stretches)
        assert all(one[1] < other[0] for one, other in pairwise(stretches))


@given(st.lists(uses(), max_size=6), st.lists(coverages(), max_size=6), st.integers(-(10**9), 10**9))
def test_shifting_everything_shifts_nothing_in_the_shares(
    used: list[Use], covered: list[Coverage], offset: int
) -> None:
    shift = timedelta(microseconds=offset)
    moved_uses = [
        Use(
            number=use.number,
            device=use.device,
            activity=use.activity,
            began=use.began + shift,
            ended=use.ended and use.ended + shift,
            trusted=use.trusted,
        )
        for use in used
    ]
    moved_coverage = [
        Coverage(number=each.number, device=each.device, began=each.began + shift, ended=each.ended + shift)
        for each in covered
    ]
    here: TimeSplit = split_time(used, covered, BEGAN, at(LENGTH))
    assert split_time(moved_uses, moved_coverage, BEGAN + shift, at(LENGTH) + shift).totals == here.totals


@given(st.lists(coverages(), min_size=1, max_size=6), st.lists(uses(), max_size=6), coverages())
def test_knowing_more_never_makes_the_unknown_longer(covered: list[Coverage], used: list[Use], more: Coverage) -> None:
    before = split_time(used, covered, BEGAN, at(LENGTH)).totals
    assert split_time(used, [*covered, more], BEGAN, at(LENGTH)).totals.unknown <= before.unknown


@st.composite
def moments(draw: st.DrawFn, occurrence: str, number: int) -> Moment:
    decided = draw(st.sampled_from(["nudged", "held", "suppressed"]))
    return Moment(
        number=number,
        occurrence=occurrence,
        rule=draw(st.sampled_from(["feed", "glances", "mail"])),
        device="laptop",
        use=draw(st.none() | st.integers(1, 3)),
        category=draw(st.none() | st.sampled_from(CATEGORIES)),
        name=None,
        began=at(draw(st.integers(0, LENGTH))),
        decided_at=at(LENGTH),
        ended=None,
        decided=decided,
        reason=draw(st.sampled_from(list(Reason))) if decided != "nudged" else None,
        evidence=(),
        outcome=draw(st.none() | st.sampled_from(list(Outcome))) if decided == "nudged" else None,
    )


@st.composite
def stores(
    draw: st.DrawFn,
) -> tuple[list[StoredOccurrence], list[StoredUse], list[Moment], list[StoredCoverage]]:
    occurrences, used, found, covered = [], [], [], []
    for day in range(draw(st.integers(0, 3))):
        name = f"1@{day}"
        occurrences.append(
            StoredOccurrence(
                id=name,
                title="Evening",
                began=at(day),
                ends=at(LENGTH),
                ended=draw(st.none() | st.just(at(LENGTH)) | st.just(at(LENGTH // 2))),
                end_reason=None,
            )
        )
        used += [StoredUse(occurrence=name, use=use) for use in draw(st.lists(uses(), max_size=4))]
        covered += [StoredCoverage(occurrence=name, coverage=each) for each in draw(st.lists(coverages(), max_size=3))]
        found += [draw(moments(name, number)) for number in range(1, draw(st.integers(0, 6)) + 1)]
    return occurrences, used, found, covered


@given(stores(), st.integers(70, 200))
def test_a_report_can_always_be_written_fits_its_width_and_its_tables_add_up(
    kept: tuple[list[StoredOccurrence], list[StoredUse], list[Moment], list[StoredCoverage]], width: int
) -> None:
    occurrences, used, found, covered = kept
    summary = summarise(
        occurrences,
        used,
        found,
        covered,
        since=BEGAN - timedelta(days=1),
        until=at(LENGTH),
        zone=UTC,
        rules={"feed": "A rule of whose name there is no end in sight " * 3},
    )
    text = as_text(summary, width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text
    assert as_json(summary)
    assert sum(tally.moments for tally in summary.by_rule) == summary.moments
    assert sum(tally.moments for tally in summary.by_category) == summary.moments
    assert sum(week.moments for week in summary.weeks) == summary.moments
    assert summary.moments + summary.partner_times.left_out_moments <= len(found)
    assert summary.nudges.within_30 <= summary.nudges.within_60 <= summary.nudges.judged <= summary.nudges.shown
    counted = summary.partner_times.counted
    assert (summary.presence is None) == (counted == 0)
    assert counted + summary.partner_times.left_out == len(occurrences)
    event(f"{counted} counted, {summary.partner_times.left_out} left out")
