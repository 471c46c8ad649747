"""Occurrences and plans against a slow oracle that walks every local day, in zones with every kind of clock change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import LOOK_BACK, occurrence_id, occurrences, occurrences_from
from detector.partner_time.recurrence import local_starts
from detector.partner_time.rrule import CODES
from detector.partner_time.schedule import OccurrenceOverrides, Plan, Schedule, latest_end
from tests.property.clock_changes import DAY, HOUR, MINUTE, changes, first_instant, instants_of
from tests.rig.examples import examples

# North and south, half an hour (Lord Howe), a quarter offset (Kathmandu), none, at midnight (Santiago, Cairo), and the
# zone that left out a whole day (Apia, 30 December 2011).
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "America/Santiago",
    "Africa/Cairo",
    "Pacific/Apia",
    "UTC",
)


def oracle(partner_time: PartnerTime, days: frozenset[int], after: datetime, before: datetime) -> list[Occurrence]:
    zone = ZoneInfo(partner_time.zone)
    found = []
    day: date = max(partner_time.begins.date(), after.date() - timedelta(days=5))
    while day <= before.date() + timedelta(days=3):
        local = datetime.combine(day, partner_time.begins.time())
        day += DAY
        if local.weekday() not in days:
            continue
        begins = first_instant(local, zone)
        if not instants_of(local, zone) and day.weekday() in days and (begins,) == instants_of(local + DAY, zone):
            continue
        ends = first_instant(local + partner_time.lasts, zone)
        if ends <= begins:
            ends = begins + partner_time.lasts
        if begins < before and after < ends:
            number = partner_time.number or 0
            found.append(
                Occurrence(
                    id=f"{number}@{begins:%Y%m%dT%H%M%SZ}",
                    partner_time=number,
                    title=partner_time.title,
                    begins=begins,
                    ends=ends,
                    zone=partner_time.zone,
                )
            )
    return sorted(found, key=lambda occurrence: occurrence.begins)


@st.composite
def weekly(draw: st.DrawFn, number: int = 1) -> tuple[PartnerTime, frozenset[int]]:
    days = draw(st.frozensets(st.integers(0, 6), min_size=1))
    # Half of all beginnings lie in the hours in which clocks are changed.
    minutes = draw(st.one_of(st.integers(0, 4 * 60), st.integers(0, 24 * 60 - 1)))
    first = draw(st.dates(date(2011, 11, 1), date(2012, 1, 31)) | st.dates(date(2025, 1, 1), date(2027, 12, 31)))
    while first.weekday() not in days:
        first += DAY
    lasts = draw(st.one_of(st.integers(1, 180), st.integers(1, 24 * 60)))
    partner_time = PartnerTime(
        title="Dinner",
        begins=datetime.combine(first, datetime.min.time()) + minutes * MINUTE,
        lasts=lasts * MINUTE,
        zone=draw(st.sampled_from(ZONES)),
        recurrence="FREQ=WEEKLY;BYDAY=" + ",".join(CODES[day] for day in sorted(days)),
        number=number,
    )
    return partner_time, days


@settings(max_examples=examples(300))
@given(weekly(), st.integers(0, 20 * 24 * 60), st.integers(1, 60 * 24 * 60), st.data())
def test_occurrences_equal_those_of_the_slow_oracle_that_visits_every_day(
    declared: tuple[PartnerTime, frozenset[int]], later: int, length: int, data: st.DataObject
) -> None:
    partner_time, days = declared
    year = partner_time.begins.year
    starts = [*changes(partner_time.zone, year), partner_time.begins.date()]
    near = data.draw(st.sampled_from(starts))
    partner_time = replace(partner_time, begins=partner_time.begins - 7 * DAY * data.draw(st.integers(0, 500)))
    after = datetime.combine(near, datetime.min.time(), UTC) + later * MINUTE - 10 * DAY
    before = after + length * MINUTE
    assert occurrences(partner_time, after, before) == oracle(partner_time, days, after, before)


@pytest.mark.parametrize(("zone", "year"), [*((zone, 2026) for zone in ZONES), ("Pacific/Apia", 2011)])
def test_around_every_change_of_clocks_each_quarter_of_an_hour_agrees_with_the_oracle(zone: str, year: int) -> None:
    """Every beginning within two hours of a change, and ends within and beyond it: skipped, doubled, in the gap."""
    skipped = doubled = ends_in_gap = 0
    here = ZoneInfo(zone)
    for change in changes(zone, year):
        # The change lies between two noons; its hour, by the clock before it, is found by walking.
        noon = datetime.combine(change, datetime.min.time(), UTC) - timedelta(hours=12)
        before = noon.astimezone(here).utcoffset()
        instant = next(
            noon + step * 15 * MINUTE
            for step in range(200)
            if (noon + step * 15 * MINUTE).astimezone(here).utcoffset() != before
        )
        assert before is not None
        wall = instant.replace(tzinfo=None) + before
        for quarter in range(-8, 9):
            begins = wall + quarter * 15 * MINUTE
            for lasts in (15, 45, 60, 150, 600):
                partner_time = PartnerTime(
                    title="Night",
                    begins=begins - 14 * DAY,
                    lasts=lasts * MINUTE,
                    zone=zone,
                    recurrence="FREQ=DAILY",
                    number=1,
                )
                after, until = instant - 2 * DAY, instant + 2 * DAY
                assert occurrences(partner_time, after, until) == oracle(
                    partner_time, frozenset(range(7)), after, until
                )
                skipped += not instants_of(begins, here)
                doubled += len(instants_of(begins, here)) == 2
                ends_in_gap += bool(instants_of(begins, here)) and not instants_of(begins + lasts * MINUTE, here)
    if zone in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"):
        assert skipped
        assert doubled
        assert ends_in_gap
    if year == 2011:
        assert skipped


def test_the_oracle_reaches_skipped_and_doubled_starts_and_ends_that_do_not_exist() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert instants_of(datetime(2027, 3, 28, 2, 30), berlin) == ()
    assert len(instants_of(datetime(2026, 10, 25, 2, 30), berlin)) == 2
    assert instants_of(datetime(2011, 12, 30, 12), ZoneInfo("Pacific/Apia")) == ()
    assert len(instants_of(datetime(2026, 4, 5, 1, 45), ZoneInfo("Australia/Lord_Howe"))) == 2
    assert [str(day) for day in changes("Europe/Berlin", 2026)] == ["2026-03-29", "2026-10-25"]


@settings(max_examples=examples(150))
@given(weekly(), st.lists(st.integers(0, 200 * 24 * 60), min_size=1, max_size=5))
def test_occurrences_of_adjoining_intervals_are_those_of_the_whole(
    declared: tuple[PartnerTime, frozenset[int]], cuts: list[int]
) -> None:
    """Half-open: what is begun in one of the stretches is found in that one, wherever the cuts are made."""
    partner_time, _ = declared
    begin = partner_time.begins.replace(tzinfo=UTC) - 3 * DAY
    edges = [begin, *sorted(begin + cut * MINUTE for cut in cuts), begin + 200 * DAY]
    whole = occurrences(partner_time, begin, edges[-1])
    pieces = {
        found.id: found for after, before in pairwise(edges) for found in occurrences(partner_time, after, before)
    }
    assert list(pieces.values()) == whole
    assert list(occurrences_from(partner_time, begin, edges[-1] - begin)) == whole
    for found in whole:
        assert found.id == occurrence_id(1, found.begins)
        assert found.begins < found.ends
        assert found not in occurrences(partner_time, found.ends, found.ends + MINUTE)
        assert found not in occurrences(partner_time, found.begins - MINUTE, found.begins)
        assert found in occurrences(partner_time, found.ends - timedelta.resolution, found.ends)


@settings(max_examples=examples(150))
@given(
    st.sampled_from(["DAILY", "WEEKLY"]),
    st.integers(1, 5),
    st.integers(0, 900),
    st.sampled_from(["", ";BYDAY=MO,TH", ";UNTIL=20271231T120000Z", ";WKST=SU"]),
)
def test_a_late_interval_finds_what_computing_from_the_first_start_finds(
    frequency: str, interval: int, later: int, more: str
) -> None:
    begins = datetime(2026, 11, 23, 18, 30)
    every = PartnerTime(
        title="Dinner",
        begins=begins,
        lasts=MINUTE,
        zone="Europe/Berlin",
        recurrence=f"FREQ={frequency};INTERVAL={interval}{more}",
        number=1,
    )
    after = begins + later * DAY
    counted = replace(every, recurrence=f"{every.recurrence};COUNT=9999")
    assert list(local_starts(every, after, after + 40 * DAY)) == list(local_starts(counted, after, after + 40 * DAY))


several = st.integers(1, 4).flatmap(
    lambda size: st.tuples(*(weekly(number).map(lambda made: made[0]) for number in range(1, size + 1)))
)


@st.composite
def overlapping(draw: st.DrawFn) -> tuple[PartnerTime, ...]:
    """Partner times of one zone around the same hours, so that most of them overlap."""
    made = draw(several)
    first = made[0]
    return tuple(
        replace(
            each,
            zone=first.zone,
            begins=first.begins + draw(st.integers(-180, 180)) * MINUTE,
            recurrence="FREQ=DAILY",
        )
        for each in made
    )


def plan_parts(plan: Plan) -> list[Occurrence]:
    return [*([plan.current] if plan.current else []), *plan.upcoming]


@settings(max_examples=examples(150))
@given(overlapping(), st.integers(0, 10 * 24 * 60), st.data())
def test_a_plan_has_at_most_one_current_occurrence_and_is_the_same_whenever_it_is_made(
    partner_times: tuple[PartnerTime, ...], later: int, data: st.DataObject
) -> None:
    now = partner_times[0].begins.replace(tzinfo=UTC) + later * MINUTE
    planned = [found for each in partner_times for found in occurrences(each, now - LOOK_BACK, now + 60 * DAY)]
    ids = {found.id: found for found in planned}
    stopped, extended = data.draw(changes_of([found for found in planned if found.ends > now - DAY][:6]))
    if stopped and data.draw(st.booleans()):
        name = next(iter(stopped))
        extended[name] = ids[name].ends + 3 * HOUR
    plan = Schedule(partner_times, OccurrenceOverrides(stopped, extended)).at(now)
    parts = plan_parts(plan)
    assert all(earlier.ends <= later_one.begins for earlier, later_one in pairwise(parts))
    assert all(part.begins < part.ends for part in parts)
    assert all(part.begins > now for part in plan.upcoming)
    assert plan.current is None or plan.current.begins <= now < plan.current.ends
    assert plan.boundary == (plan.current.ends if plan.current else parts[0].begins if parts else None)
    assert plan == Schedule(reversed(partner_times), OccurrenceOverrides(stopped, extended)).at(now)
    for part in parts[:6]:
        whole = ids[part.id]
        assert whole.begins <= part.begins
        assert part.ends == end_of(whole, stopped, extended)
        for share in data.draw(st.lists(st.floats(0, 1, exclude_max=True), max_size=3)):
            inside = part.begins + (part.ends - part.begins - timedelta.resolution) * share
            assert Schedule(partner_times, OccurrenceOverrides(stopped, extended)).at(inside).current == part
    for earlier, later_one in pairwise(parts[:6]):
        if earlier.ends < later_one.begins:
            between = Schedule(partner_times, OccurrenceOverrides(stopped, extended)).at(earlier.ends)
            assert (between.current, between.boundary) == (None, later_one.begins)


def end_of(planned: Occurrence, stopped: dict[str, datetime], extended: dict[str, datetime]) -> datetime:
    """Return the end that it has by what docs/partner-time.md says."""
    if planned.id in stopped and stopped[planned.id] < planned.ends:
        return stopped[planned.id]
    ends = planned.ends
    if planned.id in extended and extended[planned.id] > ends:
        ends = extended[planned.id]
        if ends - planned.begins > DAY:
            ends = max(planned.begins + DAY, planned.ends)
    return stopped[planned.id] if planned.id in stopped and stopped[planned.id] < ends else ends


@st.composite
def changes_of(draw: st.DrawFn, planned: list[Occurrence]) -> tuple[dict[str, datetime], dict[str, datetime]]:
    """Return stops and extensions of some of them, sensible and not: too early, too late, of the same one."""
    if not planned:
        return {}, {}
    some = st.lists(st.sampled_from(planned), max_size=3)
    stopped = {found.id: found.begins + draw(st.integers(-30, 26 * 60)) * MINUTE for found in draw(some)}
    extended = {
        found.id: found.ends + draw(st.integers(-90, 90) | st.integers(0, 30 * 60)) * MINUTE for found in draw(some)
    }
    return stopped, extended


@settings(max_examples=examples(150))
@given(overlapping(), st.integers(0, 3 * 24 * 60), st.lists(st.integers(1, 400), min_size=1, max_size=8), st.data())
def test_requests_to_stop_and_extend_never_make_an_occurrence_start_twice(
    partner_times: tuple[PartnerTime, ...], later: int, steps: list[int], data: st.DataObject
) -> None:
    """Somebody who extends what is under way: it is the same one until the end that it then has, and only grows."""
    now = partner_times[0].begins.replace(tzinfo=UTC) + later * MINUTE
    stopped: dict[str, datetime] = {}
    extended: dict[str, datetime] = {}
    over: set[str] = set()
    for step in steps:
        before = Schedule(partner_times, OccurrenceOverrides(stopped, extended)).at(now)
        if before.current is not None:
            assert before.current.id not in over, "what was stopped came back"
            holding = Schedule(partner_times, OccurrenceOverrides(stopped, extended)).under_way(now)
            assert holding[0].id == before.current.id
            if data.draw(st.integers(0, 3)) == 0:
                stopped |= {found.id: now for found in holding}
                over |= {found.id for found in holding}
                assert Schedule(partner_times, OccurrenceOverrides(stopped, extended)).at(now).current is None
            else:
                wished = before.current.ends + data.draw(st.integers(1, 600)) * MINUTE
                extended[before.current.id] = wished
                after = Schedule(partner_times, OccurrenceOverrides(stopped, extended)).at(now).current
                assert after is not None
                assert (after.id, after.begins) == (before.current.id, before.current.begins)
                assert after.ends == max(before.current.ends, min(wished, latest_end(holding[0])))
                almost = after.ends - timedelta.resolution
                assert Schedule(partner_times, OccurrenceOverrides(stopped, extended)).at(almost).current == after
        now += step * MINUTE


@settings(max_examples=examples(100))
@given(overlapping(), st.integers(0, 4 * 24 * 60))
def test_current_is_the_one_under_way_that_was_planned_to_begin_first(
    partner_times: tuple[PartnerTime, ...], later: int
) -> None:
    now = partner_times[0].begins.replace(tzinfo=UTC) + later * MINUTE
    plan = Schedule(partner_times).at(now)
    holding = Schedule(partner_times).under_way(now)
    assert (plan.current is None) == (not holding)
    if plan.current is not None:
        assert plan.current.id == holding[0].id
        assert holding[0].begins == min(found.begins for found in holding)
        after = Schedule(partner_times, OccurrenceOverrides({found.id: now for found in holding})).at(now)
        assert after.current is None


@settings(max_examples=examples(80))
@given(overlapping(), st.lists(st.integers(0, 5 * 24 * 60), max_size=30))
@example(
    (
        PartnerTime(
            title="D",
            begins=datetime(2026, 3, 28, 23),
            lasts=4 * 60 * MINUTE,
            zone="Europe/Berlin",
            recurrence="FREQ=DAILY",
            number=1,
        ),
    ),
    [0, 30, 90],
)
def test_waking_at_boundaries_alone_sees_the_same_as_waking_more_often(
    partner_times: tuple[PartnerTime, ...], more: list[int]
) -> None:
    begin = partner_times[0].begins.replace(tzinfo=UTC) - DAY
    end = begin + 5 * DAY

    def follow(extra: list[datetime]) -> list[tuple[datetime, str | None]]:
        seen: list[tuple[datetime, str | None]] = []
        now: datetime | None = begin
        while now is not None and now < end:
            plan = Schedule(partner_times).at(now)
            name = plan.current.id if plan.current else None
            if not seen or seen[-1][1] != name:
                seen.append((now, name))
            now = min((at for at in (plan.boundary, *extra) if at is not None and at > now), default=None)
        return seen

    followed = follow([])
    assert follow([begin + minute * MINUTE for minute in more]) == followed
    assert any(name for _, name in followed)
