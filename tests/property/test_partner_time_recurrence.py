"""Rules against dateutil, which walks from the first beginning on, and exceptions against sets; however they are cut.

Where dateutil is not the RFC (docs/dev/decisions/recurrence-by-hand.md) the question is put so that it is, and examples hold the
difference.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from detector.partner_time.model import Moved, PartnerTime
from detector.partner_time.occurrences import occurrences
from detector.partner_time.recurrence import local_starts
from detector.partner_time.rrule import CODES, RecurrenceError, parse_rrule, split_rrule
from detector.partner_time.rrule_days import days_of
from tests.property.clock_changes import DAY, HOUR, first_instant
from tests.rig.examples import examples

YEARS = 6 * 365 * DAY
STRETCH = 40 * DAY


def listed(values: st.SearchStrategy[int], most: int) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=most, unique=True).map(lambda found: ",".join(map(str, found)))


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Return a rule of any frequency with any parts that go with it; most of them come true somewhere."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = {"FREQ": frequency}

    def perhaps(name: str, value: st.SearchStrategy[str], one_in: int = 3) -> None:
        if draw(st.integers(1, one_in)) == 1:
            parts[name] = draw(value)

    perhaps("INTERVAL", st.sampled_from(["1", "2", "3", "4", "5", "7", "13", "26"]), 2)
    perhaps("WKST", st.sampled_from(CODES))
    perhaps("BYMONTH", listed(st.integers(1, 12), 4))
    is_numbered = frequency in ("MONTHLY", "YEARLY") and draw(st.booleans())
    weekdays = st.lists(st.sampled_from(CODES), min_size=1, max_size=3, unique=True)
    # Of a month's sixth Monday dateutil knows no better than to fail.
    farthest = 5 if frequency == "MONTHLY" or "BYMONTH" in parts else 53
    numbers = st.integers(-3, 5).filter(bool) | st.integers(-farthest, farthest).filter(bool)
    perhaps(
        "BYDAY", weekdays.map(lambda days: ",".join(f"{draw(numbers) if is_numbered else ''}{day}" for day in days)), 2
    )
    month_days = st.sampled_from([1, 2, 13, 15, 28, 29, 30, 31, -1, -2, -7, -31])
    if frequency != "WEEKLY":
        perhaps("BYMONTHDAY", listed(month_days, 4))
    if frequency == "YEARLY":
        perhaps("BYYEARDAY", listed(st.sampled_from([1, 2, 59, 60, 61, 100, 200, 365, 366, -1, -366, -100]), 6), 5)
        if not is_numbered:
            perhaps("BYWEEKNO", listed(st.sampled_from([1, 2, 20, 47, 51, -2, -10]), 3), 4)
    if any(name.startswith("BY") for name in parts):
        perhaps("BYSETPOS", listed(st.sampled_from([1, 2, 3, 5, -1, -2]), 2))
    rule = ";".join(f"{name}={value}" for name, value in parts.items())
    try:
        split_rrule(rule)
    except RecurrenceError:
        assume(False)
    return rule


firsts = st.datetimes(datetime(2019, 1, 1), datetime(2029, 1, 1)).map(lambda at: at.replace(microsecond=0))


def declared(recurrence: str | None, begins: datetime, zone: str = "UTC") -> PartnerTime:
    return PartnerTime(title="Dinner", begins=begins, lasts=HOUR, zone=zone, recurrence=recurrence, number=1)


def walked(recurrence: str, begins: datetime, before: datetime) -> list[date]:
    """Return the days before `before` by dateutil, asked in the words in which it is the RFC."""
    parts = dict(part.split("=") for part in recurrence.split(";"))
    first = begins
    if parts["FREQ"] == "WEEKLY":
        # It cuts the first week at the first beginning, BYSETPOS or not.
        parts.setdefault("BYDAY", CODES[begins.weekday()])
        first -= (begins.weekday() - CODES.index(parts.get("WKST", "MO"))) % 7 * DAY
    if "BYWEEKNO" in parts and not {"BYDAY", "BYMONTHDAY", "BYYEARDAY"} & set(parts):
        parts["BYDAY"] = CODES[begins.weekday()]
    walk = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=first)
    return [local.date() for local in takewhile(lambda at: at < before, walk) if local >= begins]


@settings(max_examples=examples(500))
@given(rules(), st.datetimes(datetime(9960, 1, 1), datetime(9985, 1, 1)).map(lambda at: at.replace(microsecond=0)))
@example("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", datetime(9966, 11, 23, 18, 30))
@example("FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", datetime(9964, 11, 5, 18))
@example("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=-31", datetime(9966, 1, 31, 18))
@example("FREQ=MONTHLY", datetime(9968, 1, 31, 18))
@example("FREQ=YEARLY", datetime(9964, 2, 29, 18))
def test_a_rule_recurs_on_the_days_that_dateutil_walks_to(recurrence: str, begins: datetime) -> None:
    """Shortly before the year 9999, at which dateutil stops even where nothing comes true any more."""
    before = begins + YEARS
    assert list(days_of(parse_rrule(recurrence), begins.date(), begins.date(), before.date())) == walked(
        recurrence, begins, datetime.combine(before.date(), datetime.min.time())
    )


@settings(max_examples=examples(100))
@given(st.frozensets(st.integers(1, 53), min_size=1, max_size=5), st.integers(0, 6), st.integers(1990, 2040))
@example(frozenset({1, 53}), 6, 2020)
def test_weeks_are_those_of_iso_8601(weeks: frozenset[int], weekday: int, year: int) -> None:
    """dateutil takes 2 January 2022, of week 52, for one of `BYWEEKNO=1,53`."""
    begins = datetime(year, 1, 1, 18)
    rule = f"FREQ=YEARLY;BYDAY={CODES[weekday]};BYWEEKNO={','.join(map(str, weeks))}"
    days = (begins + step * DAY for step in range(YEARS // DAY))
    expected = [day for day in days if day.isocalendar().week in weeks and day.weekday() == weekday]
    assert list(local_starts(declared(rule, begins), begins, begins + YEARS)) == expected


@settings(max_examples=examples(300))
@given(rules(), firsts, st.lists(st.integers(0, 6 * 365), min_size=1, max_size=5), st.integers(1, 40))
def test_any_interval_and_late_intervals_give_the_same_days(
    recurrence: str, begins: datetime, cuts: list[int], count: int
) -> None:
    every = declared(recurrence, begins)
    whole = list(local_starts(every, begins - DAY, begins + YEARS))
    edges = [begins - DAY, *sorted(begins + cut * DAY for cut in cuts), begins + YEARS]
    for partner_time, expected in (
        (every, whole),
        (replace(every, recurrence=f"{recurrence};COUNT={count}"), whole[:count]),
        (
            replace(every, recurrence=f"{recurrence};UNTIL={edges[1]:%Y%m%dT%H%M%S}"),
            [at for at in whole if at <= edges[1]],
        ),
        (
            replace(every, recurrence=f"{recurrence};UNTIL={edges[1]:%Y%m%dT%H%M%S}Z"),
            [at for at in whole if at <= edges[1]],
        ),
        (
            replace(every, recurrence=f"{recurrence};UNTIL={edges[1]:%Y%m%d}"),
            [at for at in whole if at.date() <= edges[1].date()],
        ),
    ):
        pieces = [at for after, before in pairwise(edges) for at in local_starts(partner_time, after, before)]
        assert pieces == expected


@settings(max_examples=examples(200))
@given(rules(), firsts, st.integers(1, 10))
def test_dtstart_of_a_calendar_takes_place_and_counts(recurrence: str, begins: datetime, count: int) -> None:
    own = list(local_starts(declared(recurrence, begins), begins, begins + YEARS))
    imported = replace(declared(recurrence, begins), as_rfc=True)
    expected = own if own[:1] == [begins] else [begins, *own]
    assert list(local_starts(imported, begins, begins + YEARS)) == expected
    counted = replace(imported, recurrence=f"{recurrence};COUNT={count}")
    assert list(local_starts(counted, begins, begins + YEARS)) == expected[:count]


@settings(max_examples=examples(300))
@given(
    st.none() | st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "FREQ=DAILY;COUNT=9"]),
    st.lists(st.integers(0, 40), max_size=8),
    st.lists(st.tuples(st.integers(0, 40), st.integers(-30, 30)), max_size=8),
    st.dictionaries(st.integers(0, 40), st.tuples(st.integers(-60, 60), st.integers(0, 90)), max_size=5),
    st.tuples(st.booleans(), st.lists(st.integers(-10, 60), max_size=4)),
)
def test_exdates_rdates_and_moved_starts_act_like_operations_on_sets(
    recurrence: str | None,
    without: list[int],
    also: list[tuple[int, int]],
    moved: dict[int, tuple[int, int]],
    asked: tuple[bool, list[int]],
) -> None:
    floats, cuts = asked
    begins, zone = datetime(2026, 10, 5, 18, 30), ZoneInfo("Europe/Berlin")
    plain = replace(declared(recurrence, begins, zone.key), is_floating=floats)
    whole = set(local_starts(plain, begins, begins + STRETCH + 2 * DAY))
    left_out = {begins + day * DAY for day in without}
    added = {begins + day * DAY + hours * HOUR for day, hours in also}
    # In October one hour is there twice and no hour is missing, so that no two beginnings fall on one instant.
    placed = {begins + of * DAY: (begins + of * DAY + hours * HOUR, minutes) for of, (hours, minutes) in moved.items()}
    full = replace(
        plain,
        excluded=tuple(left_out),
        additional=tuple(added),
        moved=tuple(
            Moved(original_start=of, begins=at, lasts=timedelta(minutes=minutes), title="Late")
            for of, (at, minutes) in placed.items()
        ),
    )
    stays = {at for at in (whole | added) - left_out if placed.get(at, (at, 0))[1] == 0}
    goes = {of: to for of, to in placed.items() if to[1] > 0}
    expected = {(name_of(full, at), first_instant(at, zone), "Dinner") for at in stays}
    expected |= {(name_of(full, of), first_instant(at, zone), "Late") for of, (at, _) in goes.items()}
    zero = begins.replace(tzinfo=UTC)
    edges = [zero - 9 * DAY, *sorted(zero + cut * DAY for cut in cuts), zero + STRETCH]
    edges = [edge for edge in edges if zero - 9 * DAY <= edge <= zero + STRETCH]
    found = {
        (each.id, each.begins, each.title)
        for after, before in pairwise(edges)
        for each in occurrences(full, after, before)
    }
    assert found == {each for each in expected if each[1] < edges[-1]}
    assert len({each[0] for each in found}) == len(found)


def name_of(partner_time: PartnerTime, local: datetime) -> str:
    if partner_time.is_floating:
        return f"1@{local:%Y%m%dT%H%M%S}"
    return f"1@{first_instant(local, ZoneInfo(partner_time.zone)):%Y%m%dT%H%M%SZ}"


@settings(max_examples=examples(200))
@given(rules(), firsts, st.integers(-3, 3), st.booleans())
def test_a_shifted_declaration_shifts_what_recurs(
    recurrence: str,
    begins: datetime,
    steps: int,
    is_weekly: bool,
) -> None:
    """By whole weeks what goes by weekdays, by whole days what goes by days, by 400 years (a whole number of weeks) everything."""
    parts = dict(part.split("=") for part in recurrence.split(";"))
    shift = 146097 * DAY
    if {"BYMONTH", "BYMONTHDAY"} & set(parts) == set() and parts["FREQ"] in ("DAILY", "WEEKLY"):
        shift = 7 * steps * DAY
        if set(parts) <= {"FREQ", "INTERVAL"} and not is_weekly:
            shift = steps * DAY
    every = list(local_starts(declared(recurrence, begins), begins, begins + YEARS))
    shifted = list(local_starts(declared(recurrence, begins + shift), begins + shift, begins + shift + YEARS))
    assert [at - shift for at in shifted] == every


@pytest.mark.parametrize(
    ("recurrence", "begins", "days"),
    [
        ("FREQ=MONTHLY;BYDAY=MO,1FR", "2026-12-01", ["12-04", "12-07", "12-14", "12-21", "12-28", "01-01", "01-04"]),
        ("FREQ=YEARLY;BYMONTH=12;BYDAY=MO,1FR", "2026-12-01", ["12-04", "12-07", "12-14", "12-21", "12-28", "12-03"]),
        ("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1", "2026-11-25", ["11-30", "12-07", "12-14"]),
        ("FREQ=WEEKLY;BYDAY=MO,WE,SU;BYSETPOS=1;WKST=SU", "2026-11-24", ["11-29", "12-06", "12-13"]),
        ("FREQ=YEARLY;BYWEEKNO=20", "2026-05-15", ["05-15", "05-21", "05-19"]),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=TU", "2026-11-24", ["11-24", "12-01", "12-08"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO", "1997-08-05", ["08-05", "08-10", "08-19", "08-24"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "1997-08-05", ["08-05", "08-17", "08-19", "08-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=15,30", "2007-01-15", ["01-15", "01-30", "02-15", "03-15", "03-30"]),
        ("FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04", ["09-04", "10-07", "11-06"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02", ["02-13", "03-13", "11-13", "08-13"]),
        ("FREQ=YEARLY;BYDAY=20MO", "1997-05-19", ["05-19", "05-18", "05-17"]),
        ("FREQ=YEARLY;INTERVAL=3;BYYEARDAY=1,100,200", "1997-01-01", ["01-01", "04-10", "07-19", "01-01", "04-09"]),
    ],
)
def test_the_examples_of_the_rfc_and_where_dateutil_is_not_the_rfc(
    recurrence: str, begins: str, days: list[str]
) -> None:
    at = datetime.fromisoformat(f"{begins}T18:30")
    found = islice(local_starts(declared(recurrence, at), at, at + YEARS), len(days))
    assert [f"{each:%m-%d}" for each in found] == days
