"""Occurrences by example: the nights on which clocks are changed, midnight, and what recurs otherwise than weekly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from detector.partner_time import rrule_days
from detector.partner_time.model import Moved, Occurrence, PartnerTime
from detector.partner_time.occurrences import occurrences, occurrences_from
from detector.partner_time.recurrence import ever_takes_place, local_starts
from detector.partner_time.rrule import RecurrenceError, split_rrule

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
FOREVER = timedelta(days=4000)


def declared(
    begins: str, lasts: str, recurrence: str | None = "FREQ=DAILY", zone: str = "Europe/Berlin"
) -> PartnerTime:
    hours, minutes = map(int, lasts.split(":"))
    return PartnerTime(
        title="Dinner",
        begins=datetime.fromisoformat(begins),
        lasts=timedelta(hours=hours, minutes=minutes),
        zone=zone,
        recurrence=recurrence,
        number=7,
    )


def spans(partner_time: PartnerTime, after: str, before: str) -> list[str]:
    found = occurrences(
        partner_time,
        datetime.fromisoformat(after).replace(tzinfo=UTC),
        datetime.fromisoformat(before).replace(tzinfo=UTC),
    )
    return [f"{one.begins:%d %H:%M}-{one.ends:%d %H:%M}" for one in found]


@pytest.mark.parametrize(
    ("begins", "lasts", "night", "spoken"),
    [
        ("18:30", "1:30", "2027-03-27", ["27 17:30-27 19:00"]),
        ("18:30", "1:30", "2027-03-28", ["28 16:30-28 18:00"]),
        ("22:00", "6:00", "2027-03-27", ["27 21:00-28 02:00"]),
        ("22:00", "6:00", "2026-10-24", ["24 20:00-25 03:00"]),
        ("02:30", "1:00", "2027-03-28", ["28 01:30-28 02:30"]),
        ("02:30", "0:45", "2027-03-28", ["28 01:30-28 02:15"]),
        ("02:30", "1:30", "2027-03-28", ["28 01:30-28 02:00"]),
        ("02:00", "0:59", "2027-03-28", ["28 01:00-28 01:59"]),
        ("03:00", "0:30", "2027-03-28", ["28 01:00-28 01:30"]),
        ("01:59", "1:01", "2027-03-28", ["28 00:59-28 01:00"]),
        ("01:30", "1:00", "2027-03-28", ["28 00:30-28 01:30"]),
        ("02:30", "1:00", "2026-10-25", ["25 00:30-25 02:30"]),
        ("02:15", "0:30", "2026-10-25", ["25 00:15-25 00:45"]),
        ("01:30", "1:00", "2026-10-25", ["24 23:30-25 00:30"]),
    ],
)
def test_occurrences_in_a_night_in_which_the_clocks_change(
    begins: str, lasts: str, night: str, spoken: list[str]
) -> None:
    once = declared(f"{night}T{begins}", lasts, recurrence=None)
    assert spans(once, f"{night}T00:00", "2028-01-01") == spoken
    daily = declared(f"2026-01-01T{begins}", lasts)
    zero = datetime.fromisoformat(night).replace(tzinfo=UTC) - timedelta(hours=2)
    found = [one for one in occurrences(daily, zero, zero + 2 * DAY) if zero <= one.begins < zero + DAY]
    assert [f"{one.begins:%d %H:%M}-{one.ends:%d %H:%M}" for one in found] == spoken


def test_local_time_of_a_weekly_dinner_is_the_same_all_year_in_both_hemispheres() -> None:
    for zone in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"):
        dinner = declared("2026-01-01T18:30", "1:30", zone=zone)
        after = datetime(2026, 1, 2, tzinfo=UTC)
        found = list(occurrences_from(dinner, after, 365 * DAY))
        assert len(found) in (365, 366)
        assert {f"{one.begins.astimezone(ZoneInfo(zone)):%H:%M}" for one in found} == {"18:30"}


def test_a_whole_day_ends_at_midnight_also_when_it_has_23_or_25_hours() -> None:
    day = declared("2026-01-01T00:00", "24:00")
    assert spans(day, "2026-10-24T23:00", "2026-10-25T22:30") == ["24 22:00-25 23:00"]
    assert spans(day, "2027-03-27T23:30", "2027-03-28T21:30") == ["27 23:00-28 22:00"]


def test_whole_days_that_meet_at_midnight_do_not_overlap() -> None:
    day = declared("2026-01-01T00:00", "24:00")
    found = list(occurrences_from(day, datetime(2026, 1, 1, tzinfo=UTC), 500 * DAY))
    assert all(one.ends == next_one.begins for one, next_one in pairwise(found))


def test_there_is_no_occurrence_before_the_first_start_and_one_without_recurrence() -> None:
    friday = declared("2026-11-27T18:30", "6:00", "FREQ=WEEKLY;BYDAY=FR")
    assert spans(friday, "2026-01-01", "2026-12-06") == ["27 17:30-27 23:30", "04 17:30-04 23:30"]
    once = declared("2026-11-27T18:30", "6:00", None)
    assert spans(once, "2020-01-01", "2040-01-01") == ["27 17:30-27 23:30"]
    assert spans(once, "2026-11-27T23:30", "2040-01-01") == []
    assert spans(once, "2026-01-01", "2026-11-27T17:30") == []


def test_an_occurrence_id_holds_the_planned_start_in_utc() -> None:
    (one,) = occurrences(
        declared("2026-11-23T18:30", "1:30"), datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)
    )
    assert one.id == "7@20261123T173000Z"


def test_until_is_inclusive_as_utc_as_date_and_as_local_time() -> None:
    for until in ("20261125T173000Z", "20261125", "20261125T183000"):
        evenings = declared("2026-11-23T18:30", "1:30", f"FREQ=DAILY;UNTIL={until}")
        assert [span[:2] for span in spans(evenings, "2026-11-20", "2027-03-01")] == ["23", "24", "25"]
    assert spans(declared("2026-11-23T18:30", "1:30", "FREQ=DAILY;UNTIL=20261122"), "2026-01-01", "2028-01-01") == []


def test_count_includes_starts_moved_out_of_a_gap_and_not_those_a_calendar_drops() -> None:
    nights = declared("2027-03-26T02:30", "1:00", "FREQ=DAILY;COUNT=4")
    assert [span[:2] for span in spans(nights, "2027-03-01", "2027-06-01")] == ["26", "27", "28", "29"]
    imported = replace(nights, as_rfc=True)
    assert [span[:2] for span in spans(imported, "2027-03-01", "2027-06-01")] == ["26", "27", "29", "30"]


def test_last_friday_of_the_month_and_leap_day_recur() -> None:
    fridays = declared("2026-11-27T18:30", "1:00", "FREQ=MONTHLY;BYDAY=-1FR")
    assert [span[:2] for span in spans(fridays, "2026-11-01", "2027-03-01")] == ["27", "25", "29", "26"]
    leap = declared("2024-02-29T18:30", "1:00", "FREQ=YEARLY")
    assert spans(leap, "2025-01-01", "2028-12-31") == ["29 17:30-29 18:30"]


@pytest.mark.parametrize(
    ("recurrence", "said"),
    [
        ("FREQ=SECONDLY;BYMONTH=13", "FREQ is one of DAILY, WEEKLY, MONTHLY, YEARLY; BYMONTH cannot be '13'"),
        ("FREQ=HOURLY", "FREQ is one of"),
        ("FREQ=WEEKLY;BYMONTHDAY=13", "'BYMONTHDAY' is not part"),
        ("FREQ=MONTHLY;BYYEARDAY=13", "'BYYEARDAY' is not part"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY cannot be '1MO'"),
        ("FREQ=DAILY;BYDAY=1MO", "BYDAY cannot be '1MO'"),
        ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY cannot be '6MO'"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY cannot be '0MO'"),
        ("FREQ=YEARLY;BYDAY=-54MO", "BYDAY cannot be '-54MO'"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "have no number"),
        ("FREQ=YEARLY;BYMONTH=0", "BYMONTH cannot be '0'"),
        ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH cannot be '-1'"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY cannot be '32'"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY cannot be '0'"),
        ("FREQ=YEARLY;BYYEARDAY=367", "BYYEARDAY cannot be '367'"),
        ("FREQ=YEARLY;BYWEEKNO=54", "BYWEEKNO cannot be '54'"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "BYSETPOS cannot be '0'"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS picks from"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "no month of BYMONTH=2 has a day BYMONTHDAY=30"),
        ("FREQ=DAILY;BYMONTH=4,2;BYMONTHDAY=31,-31", "no month of BYMONTH=4,2 has a day BYMONTHDAY=31,-31"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL cannot be '0'"),
        ("FREQ=DAILY;INTERVAL=10000", "INTERVAL cannot be '10000'"),
        ("FREQ=DAILY;COUNT=-1", "COUNT cannot be '-1'"),
        ("FREQ=DAILY;COUNT=0", "COUNT cannot be '0'"),
        ("FREQ=DAILY;COUNT=٣", "COUNT cannot be '٣'"),
        ("FREQ=DAILY;UNTIL=soon", "UNTIL cannot be 'SOON'"),
        ("FREQ=DAILY;UNTIL=20260230", "UNTIL cannot be '20260230'"),
        ("FREQ=DAILY;UNTIL=20260228T250000Z", "UNTIL cannot be"),
        ("FREQ=DAILY;BYHOUR=1,2", "'BYHOUR' is not part"),
        ("FREQ=YEARLY;BYEASTER=0", "'BYEASTER' is not part"),
        ("FREQ=DAILY;FREQ=WEEKLY", "twice"),
        ("RRULE:FREQ=DAILY", "FREQ is one of"),
        ("FREQ=DAILY;", "'' is not part"),
        ("", "FREQ is one of"),
        ("FREQ=YEARLY;BYYEARDAY=" + ",".join(["1"] * 2000), "longer than 2000 characters"),
    ],
)
def test_an_unsupported_or_ambiguous_recurrence_is_an_error(recurrence: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        split_rrule(recurrence)


def test_all_problems_of_a_recurrence_are_reported_at_once() -> None:
    with pytest.raises(RecurrenceError) as refused:
        split_rrule("FREQ=WEEKLY;INTERVAL=0;BYDAY=XX;BYHOUR=3;WKST=1")
    assert refused.value.problems == (
        "INTERVAL cannot be '0'",
        "BYDAY cannot be 'XX'",
        "'BYHOUR' is not part of a recurrence with FREQ=WEEKLY",
        "WKST cannot be '1'",
    )


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many periods (days, weeks, months, years) were looked at: counted, not timed."""
    periods = [0]

    def counting(walk: Callable[..., Iterator[object]]) -> Callable[..., Iterator[object]]:
        def counted(*asked: object) -> Iterator[object]:
            for period in walk(*asked):
                periods[0] += 1
                yield period

        return counted

    for frequency, walk in list(rrule_days._PERIODS.items()):
        monkeypatch.setitem(rrule_days._PERIODS, frequency, counting(walk))
    return periods


@pytest.mark.parametrize(
    "recurrence",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;INTERVAL=9973",
        "FREQ=WEEKLY;BYMONTH=2;INTERVAL=9999;BYDAY=SU;BYSETPOS=2",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=5MO;INTERVAL=9999",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=1MO;INTERVAL=9999",
        "FREQ=DAILY;COUNT=9999;INTERVAL=9999",
        "FREQ=MONTHLY;COUNT=9999;BYDAY=5MO;BYMONTHDAY=1",
    ],
)
def test_a_rare_or_impossible_rule_is_evaluated_only_within_the_interval(recurrence: str, looked_at: list[int]) -> None:
    never = declared("2026-01-05T18:30", "1:00", recurrence)
    first = spans(never, "2026-01-01", "2026-03-01")
    assert len(first) <= 1
    # A counted one is counted once, over a hundred years of months at most.
    assert looked_at[0] <= (1300 if "COUNT" in recurrence else 150)
    looked_at[0] = 0
    assert spans(never, "2027-01-01", "2027-03-01") == []
    assert looked_at[0] <= 150


def test_ever_takes_place() -> None:
    assert ever_takes_place(declared("2026-01-05T18:30", "1:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"))
    assert not ever_takes_place(declared("2026-01-05T18:30", "1:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=1;BYYEARDAY=1"))
    assert not ever_takes_place(declared("2026-01-05T18:30", "1:00", "FREQ=DAILY;UNTIL=20260104"))
    assert not ever_takes_place(
        replace(declared("2026-01-05T18:30", "1:00", None), excluded=(datetime(2026, 1, 5, 18, 30),))
    )


def test_a_late_interval_is_not_computed_from_the_first_start(looked_at: list[int]) -> None:
    """Ten years after the first evening a month costs its weeks."""
    old = declared("2016-11-23T18:30", "1:30", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE")
    after = datetime(2026, 11, 23)
    found = list(local_starts(old, after, after + 30 * DAY))
    assert [f"{at:%d}" for at in found] == ["23", "25", "07", "09", "21"]
    assert looked_at == [3]


@pytest.mark.parametrize(
    ("zone", "begins", "lasts", "walls"),
    [
        ("Australia/Lord_Howe", "2026-10-04T02:10", "0:40", ["04 02:40-04 02:50"]),
        ("Australia/Lord_Howe", "2026-10-04T02:10", "0:20", ["04 02:40-04 03:00"]),
        ("Australia/Lord_Howe", "2026-04-05T01:40", "0:30", ["05 01:40-05 02:10"]),
        ("America/Santiago", "2026-09-06T00:15", "1:00", ["06 01:15-06 02:15"]),
        ("America/Santiago", "2026-09-05T23:30", "1:00", ["05 23:30-06 01:30"]),
        ("America/Santiago", "2026-09-05T23:30", "1:30", ["05 23:30-06 01:00"]),
        ("Africa/Casablanca", "2026-03-22T02:30", "1:00", ["22 03:30-22 04:30"]),
        ("Africa/Casablanca", "2026-02-15T02:30", "1:00", ["15 02:30-15 03:30"]),
        ("Asia/Kathmandu", "2026-03-29T02:30", "1:00", ["29 02:30-29 03:30"]),
        ("Pacific/Apia", "2011-12-29T18:30", "12:00", ["29 18:30-31 06:30"]),
        ("Pacific/Apia", "2011-12-30T18:30", "1:30", ["31 18:30-31 20:00"]),
        ("Pacific/Apia", "2011-12-30T18:30", "8:00", ["31 18:30-01 02:30"]),
    ],
)
def test_clock_changes_of_every_kind_in_local_time(zone: str, begins: str, lasts: str, walls: list[str]) -> None:
    found = occurrences(
        declared(begins, lasts, None, zone), datetime(2000, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    )
    here = ZoneInfo(zone)
    assert [f"{one.begins.astimezone(here):%d %H:%M}-{one.ends.astimezone(here):%d %H:%M}" for one in found] == walls


def test_a_skipped_day_of_a_zone_moves_a_weekly_dinner_and_does_not_double_a_daily_one() -> None:
    fridays = declared("2011-12-16T18:30", "1:00", "FREQ=WEEKLY", "Pacific/Apia")
    assert wall(fridays, "2011-12-10", "2012-01-10") == ["Fri 16", "Fri 23", "Sat 31", "Fri 06"]
    daily = declared("2011-12-28T18:30", "1:00", "FREQ=DAILY", "Pacific/Apia")
    assert wall(daily, "2011-12-20", "2012-01-03") == ["Wed 28", "Thu 29", "Sat 31", "Sun 01", "Mon 02"]
    assert wall(replace(daily, recurrence="FREQ=DAILY;COUNT=4"), "2011-12-20", "2013-01-03") == [
        "Wed 28",
        "Thu 29",
        "Sat 31",
        "Sun 01",
    ]
    imported = replace(fridays, as_rfc=True)
    assert wall(imported, "2011-12-10", "2012-01-10") == ["Fri 16", "Fri 23", "Fri 06"]
    first = declared("2011-12-30T18:30", "1:00", "FREQ=DAILY;COUNT=2", "Pacific/Apia")
    for as_rfc in (False, True):
        assert wall(replace(first, as_rfc=as_rfc), "2011-12-20", "2013-01-03") == ["Sat 31", "Sun 01"]


def wall(partner_time: PartnerTime, after: str, before: str) -> list[str]:
    here = ZoneInfo(partner_time.zone)
    found = occurrences(
        partner_time,
        datetime.fromisoformat(after).replace(tzinfo=UTC),
        datetime.fromisoformat(before).replace(tzinfo=UTC),
    )
    return [f"{one.begins.astimezone(here):%a %d}" for one in found]


def test_calendar_drops_starts_in_a_gap_only_if_the_rule_made_them() -> None:
    night = datetime(2027, 3, 28, 2, 30)
    rule = replace(declared("2027-03-27T02:30", "1:00"), as_rfc=True)
    assert spans(rule, "2027-03-27", "2027-03-30") == ["27 01:30-27 02:30", "29 00:30-29 01:30"]
    moved = ["27 01:30-27 02:30", "28 01:30-28 02:30", "29 00:30-29 01:30"]
    assert spans(replace(rule, as_rfc=False), "2027-03-27", "2027-03-30") == moved
    assert spans(replace(rule, additional=(night,)), "2027-03-27", "2027-03-30") == moved
    assert spans(replace(rule, begins=night), "2027-03-27", "2027-03-30") == moved[1:]
    assert spans(replace(rule, begins=night, recurrence=None), "2027-03-27", "2027-03-30") == moved[1:2]
    late = Moved(original_start=datetime(2027, 3, 27, 2, 30), begins=night, lasts=timedelta(hours=1))
    assert spans(replace(rule, moved=(late,)), "2027-03-27", "2027-03-30") == moved[1:]


def test_dtstart_takes_place_even_on_a_day_that_the_rule_does_not_name() -> None:
    tuesday = declared("2026-11-24T18:30", "1:00", "FREQ=WEEKLY;BYDAY=FR;COUNT=3")
    assert wall(tuesday, "2026-11-01", "2027-01-01") == ["Fri 27", "Fri 04", "Fri 11"]
    assert wall(replace(tuesday, as_rfc=True), "2026-11-01", "2027-01-01") == ["Tue 24", "Fri 27", "Fri 04"]
    over = replace(tuesday, as_rfc=True, recurrence="FREQ=WEEKLY;BYDAY=FR;UNTIL=20261123")
    assert wall(over, "2026-11-01", "2027-01-01") == []


def test_until_with_z_is_an_instant_even_in_the_hour_that_comes_twice() -> None:
    """01:15 UTC is the second 02:15; the first 02:30 comes before it, the second is not a beginning."""
    nights = declared("2026-10-24T02:30", "0:15", "FREQ=DAILY;UNTIL=20261025T011500Z")
    assert [span[:2] for span in spans(nights, "2026-10-20", "2026-11-20")] == ["24", "25"]
    before = replace(nights, recurrence="FREQ=DAILY;UNTIL=20261025T002959Z")
    assert [span[:2] for span in spans(before, "2026-10-20", "2026-11-20")] == ["24"]
    on_the_wall = replace(nights, recurrence="FREQ=DAILY;UNTIL=20261025T021500")
    assert [span[:2] for span in spans(on_the_wall, "2026-10-20", "2026-11-20")] == ["24"]


def test_count_includes_exdates_and_not_rdates() -> None:
    at = datetime(2026, 11, 23, 18, 30)
    evenings = replace(
        declared("2026-11-23T18:30", "1:00", "FREQ=DAILY;COUNT=3"),
        excluded=(at + DAY, at + 40 * DAY),
        additional=(at + 9 * DAY, at + 9 * DAY, at, at - DAY),
    )
    assert [span[:2] for span in spans(evenings, "2026-11-01", "2027-01-01")] == ["22", "23", "25", "02"]
    assert [f"{local:%d}" for local in local_starts(evenings, at - 9 * DAY, at + 99 * DAY)] == [
        "22",
        "23",
        "25",
        "02",
    ]
    once = replace(evenings, recurrence=None)
    assert [span[:2] for span in spans(once, "2026-11-01", "2027-01-01")] == ["22", "23", "02"]
    assert spans(replace(once, additional=(), excluded=(at,)), "2026-11-01", "2027-01-01") == []


def test_a_moved_occurrence_keeps_its_id_and_has_its_own_title_and_length() -> None:
    at = datetime(2026, 11, 23, 18, 30)
    evenings = declared("2026-11-23T18:30", "1:00", "FREQ=DAILY;COUNT=3")
    late = Moved(original_start=at + DAY, begins=at + 70 * DAY, lasts=timedelta(minutes=20), title="Breakfast")
    for without in ((), (at + DAY,)):
        found = whole(replace(evenings, moved=(late,), excluded=without))
        assert [one.id for one in found] == ["7@20261123T173000Z", "7@20261125T173000Z", "7@20261124T173000Z"]
        assert [one.title for one in found] == ["Dinner", "Dinner", "Breakfast"]
        assert (found[2].begins, found[2].ends - found[2].begins) == (
            datetime(2027, 2, 1, 17, 30, tzinfo=UTC),
            timedelta(minutes=20),
        )
    orphan = replace(late, original_start=at + 5 * DAY, title=None)
    assert [one.id[2:10] for one in whole(replace(evenings, moved=(orphan,)))] == [
        "20261123",
        "20261124",
        "20261125",
        "20261128",
    ]
    assert [one.title for one in whole(replace(evenings, recurrence=None, moved=(orphan,)))] == ["Dinner", "Dinner"]


def test_floating_occurrences_keep_their_ids_in_another_zone() -> None:
    nights = replace(declared("2027-03-27T02:30", "1:00", "FREQ=DAILY;COUNT=3"), is_floating=True)
    named = ["7@20270327T023000", "7@20270328T023000", "7@20270329T023000"]
    for zone in ("Europe/Berlin", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"):
        assert [one.id for one in whole(replace(nights, zone=zone))] == named
    at = datetime(2027, 3, 28, 2, 30)
    moved = replace(nights, moved=(Moved(original_start=at, begins=at + 12 * HOUR, lasts=HOUR),))
    assert [one.id for one in whole(moved)] == named
    assert [f"{one.begins:%H:%M}" for one in whole(moved)] == ["01:30", "12:30", "00:30"]


def whole(partner_time: PartnerTime) -> list[Occurrence]:
    return occurrences(partner_time, datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))


def test_two_starts_at_one_instant_are_one_occurrence() -> None:
    night = declared("2027-03-28T02:30", "1:00", None)
    both = replace(night, additional=(datetime(2027, 3, 28, 3, 30), datetime(2027, 3, 28, 3, 15)))
    assert spans(both, "2027-03-01", "2027-04-01") == ["28 01:15-28 02:15", "28 01:30-28 02:30"]
    moved = replace(both, moved=(Moved(original_start=night.begins, begins=datetime(2027, 3, 30, 12), lasts=HOUR),))
    found = whole(moved)
    assert [f"{one.begins:%d %H:%M}" for one in found] == ["28 01:15", "30 10:00"]
    assert len({one.id for one in found}) == 2


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Pacific/Apia"])
def test_a_single_occurrence_is_found_between_its_start_and_end_only(zone: str) -> None:
    once = declared("2011-12-29T18:30", "24:00", None, zone)
    (found,) = occurrences(once, datetime(2011, 1, 1, tzinfo=UTC), datetime(2013, 1, 1, tzinfo=UTC))
    moment = timedelta.resolution
    assert occurrences(once, found.ends - moment, found.ends + DAY) == [found]
    assert occurrences(once, found.begins - DAY, found.begins + moment) == [found]
    assert occurrences(once, found.ends, found.ends + 9 * DAY) == []
    assert occurrences(once, found.begins - 9 * DAY, found.begins) == []


def test_fold_is_ignored() -> None:
    """A naive time that was read by somebody else may carry one; the first of the two is meant all the same."""
    night = datetime(2026, 10, 25, 2, 30, fold=1)
    once = replace(declared("2026-10-25T02:30", "0:15", None), begins=night)
    assert spans(once, "2026-10-24", "2026-10-27") == ["25 00:30-25 00:45"]
    daily = replace(once, begins=night - DAY, recurrence="FREQ=DAILY", excluded=(night,))
    assert spans(daily, "2026-10-25T00:00", "2026-10-26T03:00") == ["26 01:30-26 01:45"]


def test_the_last_day_of_february_2100_is_the_28th() -> None:
    last = declared("2096-01-31T18:30", "1:00", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=-1")
    assert [span[:2] for span in spans(last, "2096-01-01", "2105-01-01")] == [
        "29",
        "28",
        "28",
        "28",
        "28",
        "28",
        "28",
        "28",
        "29",
    ]


def test_occurrences_carry_quiet() -> None:
    assert not whole(declared("2027-03-28T02:30", "1:00", None))[0].do_not_disturb
    assert whole(replace(declared("2027-03-28T02:30", "1:00", None), do_not_disturb=True))[0].do_not_disturb


def test_starts_outside_earliest_and_latest_are_left_out_without_error() -> None:
    for begins in ("9999-12-31T23:30", "0001-01-01T00:00", "1899-12-31T23:00", "3000-01-01T00:00"):
        for recurrence in (None, "FREQ=DAILY", "FREQ=YEARLY;COUNT=3"):
            odd = declared(begins, "24:00", recurrence)
            at = datetime.fromisoformat(begins)
            odd = replace(odd, additional=(at,), moved=(Moved(original_start=at, begins=at, lasts=HOUR),))
            assert occurrences(odd, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)) == []
    far = declared("2026-11-23T18:30", "1:00", "FREQ=DAILY;UNTIL=99991231T235959Z")
    assert len(spans(far, "2026-11-23", "2026-11-26")) == 3
    early = declared("2026-11-23T18:30", "1:00", "FREQ=DAILY;UNTIL=00010101T000000Z")
    assert spans(early, "2026-11-23", "2026-11-26") == []


def test_partner_time_without_length_has_no_occurrences() -> None:
    assert spans(replace(declared("2026-11-23T18:30", "1:00"), lasts=timedelta(0)), "2026-11-23", "2026-11-26") == []
    at = datetime(2026, 11, 23, 18, 30)
    none = Moved(original_start=at, begins=at, lasts=timedelta(0))
    assert (
        len(spans(replace(declared("2026-11-23T18:30", "1:00", None), moved=(none,)), "2026-11-23", "2026-11-26")) == 1
    )


def test_a_cache_lookup_does_not_hash_a_thousand_exceptions() -> None:
    at = datetime(2026, 11, 23, 18, 30)
    evenings = replace(
        declared("2026-11-23T18:30", "1:00"), excluded=tuple(at + 2 * step * DAY for step in range(1000))
    )

    class Unasked(tuple[datetime, ...]):
        __slots__ = ()

        def __hash__(self) -> int:
            raise AssertionError("every exception is hashed at every question")

    assert hash(replace(evenings, excluded=Unasked(evenings.excluded))) == hash(evenings)


def test_computed_occurrences_are_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    evening = declared("2016-11-22T18:31", "1:30", "FREQ=MONTHLY")
    first = spans(evening, "2026-11-01", "2027-01-20")
    monkeypatch.setattr("detector.partner_time.occurrences.local_starts", None)
    assert spans(evening, "2026-11-01", "2027-01-20") == first
    assert len(first) == 2


def test_a_partner_time_without_a_number_has_no_occurrences_yet() -> None:
    unkept = PartnerTime(title="Dinner", begins=datetime(2026, 1, 1), lasts=DAY, zone="UTC")
    with pytest.raises(ValueError, match="has a number"):
        occurrences(unkept, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
