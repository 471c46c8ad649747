"""Partner time around changed clocks, in zones with every kind of change: the policy of clock-changes.md, law by law.

What is declared is made up so that it falls on a change: the generator is shown to reach each case.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st

from detector.partner_time.model import Moved, Occurrence, PartnerTime
from detector.partner_time.occurrences import occurrence_id, occurrences, occurrences_from
from detector.partner_time.recurrence import local_starts
from detector.partner_time.schedule import Schedule
from detector.partner_time.wall_clock import exists
from tests.property.clock_changes import DAY, HOUR, MINUTE, Change, changes_of, first_instant, instants_of
from tests.rig.examples import examples

YEARS = {
    "Europe/Berlin": (2026, 2027),
    "America/New_York": (2026, 2027),
    "Australia/Lord_Howe": (2026, 2027),  # by half an hour
    "Africa/Casablanca": (2026, 2027),  # around Ramadan, the other way round
    "Pacific/Apia": (2011, 2011),  # left out 30 December
    "America/Santiago": (2026, 2027),  # at midnight
    "Africa/Cairo": (2026, 2027),  # at midnight, on a Friday
    "Asia/Gaza": (2026, 2027),
}
CHANGES = [change for zone, years in YEARS.items() for year in sorted(set(years)) for change in changes_of(zone, year)]
APIA = next(change for change in CHANGES if change.after - change.before == DAY)
# Nothing changes here, and nothing did since 1986.
STEADY = ("UTC", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tokyo")


@st.composite
def on_a_change(draw: st.DrawFn, changes: list[Change] = CHANGES) -> tuple[PartnerTime, Change, datetime]:
    """Return partner time that is declared for `local`, a time near a change of clocks, and perhaps for many more."""
    change = draw(st.sampled_from(changes))
    gap = max(change.after - change.before, timedelta(0))
    nearby = st.integers(-200, 200) | st.integers(0, 59)
    if gap >= DAY:
        nearby = st.integers(-600, 24 * 60 + 600)
    local = change.wall + draw(nearby) * MINUTE
    since = draw(st.integers(0, 6))
    recurrence, begins = draw(
        st.sampled_from(
            [
                (None, local),
                ("FREQ=DAILY", local - since * DAY),
                ("FREQ=DAILY;INTERVAL=3", local - 3 * since * DAY),
                ("FREQ=WEEKLY", local - 7 * since * DAY),
                ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR,SA,SU", local - 14 * since * DAY),
                (f"FREQ=MONTHLY;BYMONTHDAY={local.day}", local - 40 * DAY * min(since, 1)),
                (f"FREQ=YEARLY;BYMONTH={local.month};BYMONTHDAY={local.day}", local - 400 * DAY * min(since, 1)),
            ]
        )
    )
    partner_time = PartnerTime(
        title="Night",
        begins=begins,
        lasts=draw(st.integers(1, 200) | st.integers(1, 24 * 60)) * MINUTE,
        zone=change.zone,
        recurrence=recurrence,
        number=3,
        is_floating=draw(st.booleans()),
    )
    return partner_time, change, local


def around(partner_time: PartnerTime, change: Change, days: int = 5) -> list[Occurrence]:
    return occurrences(partner_time, change.at - days * DAY, change.at + days * DAY)


def expected(partner_time: PartnerTime, local: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    begins, ends = first_instant(local, zone), first_instant(local + partner_time.lasts, zone)
    return begins, ends if begins < ends else begins + partner_time.lasts


@settings(max_examples=examples(600))
@given(on_a_change())
def test_each_declared_day_has_exactly_one_occurrence_at_its_local_time(
    made: tuple[PartnerTime, Change, datetime],
) -> None:
    partner_time, change, local = made
    zone = ZoneInfo(partner_time.zone)
    begins, ends = expected(partner_time, local, zone)
    found = [each for each in around(partner_time, change) if each.begins == begins]
    assert [(each.begins, each.ends) for each in found] == [(begins, ends)]
    shown = begins.astimezone(zone).replace(tzinfo=None)
    assert shown == local if instants_of(local, zone) else shown == local + (change.after - change.before)
    shown_end = ends.astimezone(zone).replace(tzinfo=None)
    if instants_of(local + partner_time.lasts, zone) and shown < local + partner_time.lasts:
        assert shown_end == local + partner_time.lasts, "the end does not hold on the wall"
    else:
        assert ends - begins in (partner_time.lasts, partner_time.lasts - (shown - local)), (
            "it does not last as declared"
        )


@settings(max_examples=examples(400))
@given(on_a_change(), st.lists(st.integers(-8 * 24 * 60, 8 * 24 * 60), max_size=4))
def test_lengths_are_positive_and_ids_unique_and_stable(
    made: tuple[PartnerTime, Change, datetime], cuts: list[int]
) -> None:
    partner_time, change, _ = made
    whole = around(partner_time, change, days=9)
    assert all(timedelta(0) < each.ends - each.begins <= partner_time.lasts + 2 * HOUR for each in whole)
    assert len({each.id for each in whole}) == len(whole) == len({each.begins for each in whole})
    edges = [change.at - 9 * DAY, *sorted(change.at + cut * MINUTE for cut in cuts), change.at + 9 * DAY]
    pieces = {
        each.id: each
        for after, before in pairwise(edges)
        if after < before
        for each in occurrences(partner_time, after, before)
    }
    assert sorted(pieces.values(), key=lambda each: each.begins) == whole
    assert list(occurrences_from(partner_time, edges[0], edges[-1] - edges[0])) == whole
    assert occurrences(replace(partner_time), edges[0], edges[-1]) == whole


@settings(max_examples=examples(300))
@given(on_a_change())
def test_of_a_calendar_only_starts_made_by_its_rule_in_a_gap_are_dropped(
    made: tuple[PartnerTime, Change, datetime],
) -> None:
    own, change, local = made
    zone = ZoneInfo(own.zone)
    found = around(replace(own, as_rfc=True), change)
    declared = list(local_starts(own, local - 9 * DAY, local + 9 * DAY))
    assert local in declared
    kept = {first_instant(each, zone) for each in declared if each == own.begins or instants_of(each, zone)}
    assert {each.begins for each in found if is_near(each.begins, change)} == {at for at in kept if is_near(at, change)}
    named = {each.id: each for each in around(own, change)}
    assert all(named[each.id] == each for each in found if own.is_floating is False)


def is_near(at: datetime, change: Change) -> bool:
    return abs(at - change.at) < 5 * DAY


def is_doubled(partner_time: PartnerTime, local: datetime) -> bool:
    """Return whether the zone leaves this day out and the next day, on which it falls then, is declared, too."""
    zone = ZoneInfo(partner_time.zone)
    return (
        instants_of(local + DAY, zone) == (first_instant(local, zone),)
        and not instants_of(local, zone)
        and bool(list(local_starts(partner_time, local + DAY, local + DAY + MINUTE)))
    )


@settings(max_examples=examples(300))
@given(on_a_change(), st.integers(1, 400), st.integers(-2 * 24 * 60, 2 * 24 * 60), st.booleans())
def test_a_moved_occurrence_keeps_the_id_of_the_start_it_replaces(
    made: tuple[PartnerTime, Change, datetime], lasts: int, later: int, is_left_out: bool
) -> None:
    partner_time, change, local = made
    assume(not is_doubled(partner_time, local))
    zone = ZoneInfo(partner_time.zone)
    before = around(partner_time, change, days=9)
    begins, _ = expected(partner_time, local, zone)
    id_before = next(each.id for each in before if each.begins == begins)
    elsewhere = Moved(original_start=local, begins=local + later * MINUTE, lasts=lasts * MINUTE, title="Late")
    moved = replace(partner_time, moved=(elsewhere,), excluded=(local,) if is_left_out else ())
    after = around(moved, change, days=9)
    expects = expected(replace(partner_time, lasts=elsewhere.lasts), elsewhere.begins, zone)
    assert [(each.begins, each.ends, each.title) for each in after if each.id == id_before] == [(*expects, "Late")]
    assert [each for each in after if each.id != id_before] == [each for each in before if each.id != id_before]


@settings(max_examples=examples(200))
@given(on_a_change(), st.sampled_from(["Europe/Berlin", "Asia/Tokyo", "America/New_York", "Pacific/Apia"]))
def test_floating_occurrences_have_the_same_ids_in_every_zone(
    made: tuple[PartnerTime, Change, datetime], elsewhere: str
) -> None:
    partner_time, change, local = made
    assume(not is_doubled(partner_time, local))
    here = replace(partner_time, is_floating=True)
    ids = {each.id for each in around(here, change)}
    assert occurrence_id(3, local) in ids
    there = {each.id for each in around(replace(here, zone=elsewhere), change, days=9)}
    # Where Apia's missing day doubled the next one, it has no occurrence of its own there.
    doubled = {occurrence_id(3, local + step * DAY) for step in (-1, 0, 1)} if "Pacific/Apia" in elsewhere else set()
    assert ids <= there | doubled


@settings(max_examples=examples(200))
@given(on_a_change(), st.integers(1, 20))
def test_count_keeps_the_first_n_starts(made: tuple[PartnerTime, Change, datetime], count: int) -> None:
    partner_time, _, _ = made
    if partner_time.recurrence is None:
        return
    for as_rfc in (False, True):
        every = replace(partner_time, as_rfc=as_rfc)
        after = every.begins.replace(tzinfo=UTC) - 3 * DAY
        endless = list(occurrences_from(every, after, 366 * DAY))
        counted = replace(every, recurrence=f"{every.recurrence};COUNT={count}")
        assert list(occurrences_from(counted, after, 366 * DAY)) == endless[:count]


@settings(max_examples=examples(300))
@given(on_a_change(), st.sampled_from(STEADY), st.integers(-60, 60))
def test_where_clocks_are_not_changed_a_shifted_declaration_shifts_every_occurrence(
    made: tuple[PartnerTime, Change, datetime], zone: str, weeks: int
) -> None:
    partner_time, change, _ = made
    steady = replace(partner_time, zone=zone, is_floating=False)
    step = 7 * weeks * DAY
    if steady.recurrence is not None and steady.recurrence.startswith(("FREQ=MONTHLY", "FREQ=YEARLY")):
        step = timedelta(0)
    shifted = replace(steady, begins=steady.begins + step)
    there = occurrences(shifted, change.at - 9 * DAY + step, change.at + 9 * DAY + step)
    assert [(each.begins - step, each.ends - step) for each in there] == [
        (each.begins, each.ends) for each in around(steady, change, days=9)
    ]


@settings(max_examples=examples(200))
@given(st.lists(on_a_change(changes=[CHANGES[0]]), min_size=1, max_size=4), st.integers(-3 * 24 * 60, 3 * 24 * 60))
def test_where_several_overlap_every_minute_counts_once(
    made: list[tuple[PartnerTime, Change, datetime]], later: int
) -> None:
    partner_times = [replace(each, number=number) for number, (each, _, _) in enumerate(made, start=1)]
    now = CHANGES[0].at + later * MINUTE
    single = [found for each in partner_times for found in occurrences(each, now - 3 * DAY, now + 3 * DAY)]
    plan = Schedule(partner_times).at(now)
    parts = [*([plan.current] if plan.current else []), *plan.upcoming]
    assert all(earlier.ends <= following.begins for earlier, following in pairwise(parts))
    edges = sorted({now, *(each.begins for each in single), *(each.ends for each in single)})
    for after, before in pairwise(edges):
        if now <= after and before <= now + 2 * DAY:
            is_declared = any(each.begins <= after and before <= each.ends for each in single)
            assert sum(part.begins <= after and before <= part.ends for part in parts) == is_declared


def _starts_in_gap(made: tuple[PartnerTime, Change, datetime]) -> bool:
    return not instants_of(made[2], ZoneInfo(made[0].zone))


def _starts_in_fold(made: tuple[PartnerTime, Change, datetime]) -> bool:
    return len(instants_of(made[2], ZoneInfo(made[0].zone))) == 2


def _ends_in_gap(made: tuple[PartnerTime, Change, datetime]) -> bool:
    return bool(instants_of(made[2], ZoneInfo(made[0].zone))) and not instants_of(
        made[2] + made[0].lasts, ZoneInfo(made[0].zone)
    )


def _is_left_no_length(made: tuple[PartnerTime, Change, datetime]) -> bool:
    zone = ZoneInfo(made[0].zone)
    return first_instant(made[2] + made[0].lasts, zone) <= first_instant(made[2], zone)


@pytest.mark.thorough
@pytest.mark.parametrize("zone", YEARS)
@pytest.mark.parametrize("reached", [_starts_in_gap, _starts_in_fold, _ends_in_gap, _is_left_no_length])
def test_the_generator_reaches_gaps_and_doubled_hours_in_every_zone(zone: str, reached: object) -> None:
    assert callable(reached)
    of_zone = [change for change in CHANGES if change.zone == zone]
    found = find(
        on_a_change(changes=of_zone),
        reached,
        settings=settings(max_examples=5000, deadline=None, phases=[Phase.generate]),
    )
    assert exists(found[2], ZoneInfo(zone)) == bool(instants_of(found[2], ZoneInfo(zone)))


def test_the_list_of_clock_changes_holds_well_known_ones() -> None:
    walls = {(change.zone, f"{change.wall:%Y-%m-%d %H:%M}", change.after - change.before) for change in CHANGES}
    assert ("Europe/Berlin", "2027-03-28 02:00", HOUR) in walls
    assert ("America/New_York", "2026-11-01 02:00", -HOUR) in walls
    assert ("Australia/Lord_Howe", "2026-10-04 02:00", HOUR / 2) in walls
    assert ("Pacific/Apia", "2011-12-30 00:00", DAY) in walls
    assert ("America/Santiago", "2026-09-06 00:00", HOUR) in walls
    assert sum(zone == "Africa/Casablanca" for zone, _, _ in walls) == 4
