"""Partner time in words: what recurs, from when, until when, and when not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from detector.cli.plan.week import PlannedBar, draw_week
from detector.partner_time.day_names import format_date_number, format_days, format_nth
from detector.partner_time.describe import format_schedule
from detector.partner_time.describe_recurrence import format_recurrence
from detector.partner_time.model import Moved, Occurrence, PartnerTime
from detector.partner_time.occurrences import occurrences
from detector.partner_time.schedule import OccurrenceOverrides, Schedule, overlaps

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
"""A Monday, 18:00 in Berlin."""

FRIDAY = datetime(2026, 11, 27, 20)
DINNER = PartnerTime(
    title="Dinner",
    begins=FRIDAY,
    lasts=timedelta(hours=2),
    zone="Europe/Berlin",
    recurrence="FREQ=WEEKLY;BYDAY=FR",
    number=1,
)


@pytest.mark.parametrize(
    ("recurrence", "said"),
    [
        ("FREQ=DAILY", "every day"),
        ("FREQ=DAILY;INTERVAL=2", "every other day"),
        ("FREQ=DAILY;INTERVAL=5", "every 5 days"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "Monday to Friday"),
        ("FREQ=DAILY;BYMONTH=7,8", "every day, in July and August"),
        ("FREQ=WEEKLY", "every Friday"),
        ("FREQ=WEEKLY;BYDAY=MO,WE", "every Monday and Wednesday"),
        ("FREQ=WEEKLY;BYDAY=MO,FR,SA,SU", "Friday to Monday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "every day"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "every other Friday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU", "every other weekend"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR,SA,SU;WKST=FR", "every other week on Friday to Monday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR,SA,SU", "every other week on Monday, Friday, Saturday and Sunday"),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST=SU",
            "every other week on Sunday and Tuesday, of weeks that begin on Sunday",
        ),
        ("FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,TU", "every third week on Monday and Tuesday"),
        ("FREQ=WEEKLY;INTERVAL=12;BYDAY=MO", "every 12 weeks on Monday"),
        ("FREQ=MONTHLY", "on the 27th of each month"),
        ("FREQ=MONTHLY;BYDAY=1FR", "the first Friday of each month"),
        ("FREQ=MONTHLY;BYDAY=-1SU", "the last Sunday of each month"),
        ("FREQ=MONTHLY;BYDAY=5FR", "the fifth Friday of each month that has one"),
        ("FREQ=MONTHLY;BYDAY=-2FR", "the second to last Friday of each month"),
        ("FREQ=MONTHLY;BYDAY=1MO,1TU", "the first Monday and the first Tuesday of each month"),
        ("FREQ=MONTHLY;BYDAY=FR;INTERVAL=2", "every Friday of every other month"),
        ("FREQ=MONTHLY;BYMONTHDAY=15;INTERVAL=2", "on the 15th of every other month"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "on the 31st of each month that has one"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1,1", "on the 1st and last day of each month"),
        ("FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", "every month, on the 13th, if that is Friday"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "the last weekday of each month"),
        ("FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1", "every month, on Saturday and Sunday, of these the first"),
        ("FREQ=YEARLY", "yearly on 27 November"),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24,31", "yearly on 24 and 31 December"),
        ("FREQ=YEARLY;BYMONTH=5;BYDAY=2SU", "yearly on the second Sunday of May"),
        ("FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "every fourth year on 29 February"),
        ("FREQ=YEARLY;BYYEARDAY=100,-1", "every year, on day 100 and the last day of the year"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", None),
        ("FREQ=YEARLY;BYDAY=20MO", "every year, on the 20th Monday"),
    ],
)
def test_a_recurrence_is_described_without_its_rrule(recurrence: str, said: str | None) -> None:
    assert format_recurrence(recurrence, FRIDAY) == (said or "every year, in week 20 of the year, on Monday")


def test_limits_and_exceptions_are_described_only_while_they_lie_ahead() -> None:
    every_other = replace(
        DINNER, recurrence="FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;UNTIL=20270326", excluded=(datetime(2026, 12, 25, 20),)
    )
    assert format_schedule(every_other, NOW, BERLIN) == (
        "every other Friday, 20:00–22:00, from 27 November until 26 March 2027, except 25 December"
    )
    later = datetime(2027, 1, 3, tzinfo=UTC)
    assert format_schedule(every_other, later, BERLIN) == "every other Friday, 20:00–22:00, until 26 March"
    assert format_schedule(DINNER, NOW, BERLIN) == "every Friday, 20:00–22:00"
    assert format_schedule(replace(DINNER, begins=FRIDAY + timedelta(days=7)), NOW, BERLIN) == (
        "every Friday, 20:00–22:00, from 4 December"
    )


def test_until_is_described_by_the_last_day_that_still_counts() -> None:
    def until(text: str) -> str:
        return format_schedule(replace(DINNER, recurrence=f"FREQ=WEEKLY;BYDAY=FR;UNTIL={text}"), NOW, BERLIN)

    assert until("20261204") == "every Friday, 20:00–22:00, until 4 December"
    assert until("20261204T200000") == "every Friday, 20:00–22:00, until 4 December"
    assert until("20261204T195959") == "every Friday, 20:00–22:00, until 3 December"
    assert until("20261204T233000Z") == "every Friday, 20:00–22:00, until 4 December"


def test_the_first_excepted_days_are_named_and_the_rest_counted() -> None:
    days = tuple(FRIDAY + timedelta(days=7 * step) for step in range(5))
    assert format_schedule(replace(DINNER, excluded=days), NOW, BERLIN) == (
        "every Friday, 20:00–22:00, except 27 November, 4 December, 11 December and 2 more days"
    )
    moved = Moved(original_start=days[1], begins=days[1] + timedelta(hours=20), lasts=timedelta(hours=1))
    assert format_schedule(replace(DINNER, additional=(datetime(2026, 12, 6, 9),), moved=(moved,)), NOW, BERLIN) == (
        "every Friday, 20:00–22:00, and also 6 December, one of them moved"
    )
    assert format_schedule(replace(DINNER, recurrence="FREQ=WEEKLY;BYDAY=FR;COUNT=1"), NOW, BERLIN).endswith(", once")


def test_a_single_date_in_a_gap_of_the_clocks_is_described_as_the_clocks_show_it() -> None:
    night = replace(DINNER, recurrence=None, begins=datetime(2027, 3, 28, 2, 30), lasts=timedelta(hours=1))
    assert format_schedule(night, NOW, BERLIN) == "Sunday 28 March 2027 03:30–04:30"


def test_ordinals_and_ranges_of_weekdays_are_named() -> None:
    assert [format_date_number(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 31)] == [
        "1st",
        "2nd",
        "3rd",
        "4th",
        "11th",
        "12th",
        "13th",
        "21st",
        "22nd",
        "23rd",
        "31st",
    ]
    assert [format_nth(number) for number in (1, 10, 11, -1, -2)] == [
        "first",
        "tenth",
        "11th",
        "last",
        "second to last",
    ]
    assert format_days([6, 0, 1]) == "Sunday to Tuesday"
    assert format_days([6, 0, 1], 0) == "Monday, Tuesday and Sunday"
    assert format_days([6, 0, 1], 6) == "Sunday to Tuesday"


def drawn(number: int, begins: str, ends: str, *, skipped: bool = False) -> PlannedBar:
    at, until = (
        datetime.fromisoformat(f"2026-{text}").replace(tzinfo=BERLIN).astimezone(UTC) for text in (begins, ends)
    )
    occurrence = Occurrence(
        id=f"{number}@x", partner_time=number, title="x", begins=at, ends=until, zone="Europe/Berlin"
    )
    return PlannedBar(occurrence=occurrence, is_skipped=skipped)


def test_the_week_picture_shows_midnights_overlaps_skips_and_now() -> None:
    found = [
        drawn(1, "11-22T23:00", "11-23T01:00"),
        drawn(2, "11-23T17:00", "11-23T20:00"),
        drawn(12, "11-24T18:30", "11-24T20:00", skipped=True),
        drawn(2, "11-25T18:00", "11-25T20:00"),
        drawn(3, "11-25T19:00", "11-25T21:00"),
        drawn(4, "11-25T20:00", "11-25T20:20"),
        drawn(5, "11-27T21:00", "11-28T09:00"),
        drawn(123, "11-29T23:00", "11-30T02:00"),
    ]
    assert draw_week(found, date(2026, 11, 23), NOW, BERLIN) == [
        "        00       03       06       09       12       15       18       21",
        ">Mon 23 <1]      .        .        .        .        .     [==|2===]   .",
        " Tue 24 .        .        .        .        .        .        .[-12]   .",
        " Wed 25 .        .        .        .        .        .        [=2==]=  .",
        "        .        .        .        .        .        .        .  [=3==].",
        " Thu 26 .        .        .        .        .        .        .        .",
        " Fri 27 .        .        .        .        .        .        .        [===5===>",
        " Sat 28 <============5============].        .        .        .        .",
        " Sun 29 .        .        .        .        .        .        .        .     [=>",
    ]


def test_the_week_picture_shows_what_lies_in_the_hour_that_comes_twice() -> None:
    half_past_two = datetime(2026, 10, 25, 0, 40, tzinfo=UTC)
    occurrence = Occurrence(
        id="1@x",
        partner_time=1,
        title="x",
        begins=half_past_two,
        ends=half_past_two + timedelta(minutes=30),
        zone="UTC",
    )
    lines = draw_week([PlannedBar(occurrence=occurrence)], date(2026, 10, 19), NOW, BERLIN)
    assert lines[7] == " Sun 25 .       =.        .        .        .        .        .        ."


def test_overlaps_leave_out_skipped_occurrences() -> None:
    daily = replace(DINNER, title="Tea", number=2, recurrence="FREQ=DAILY", begins=datetime(2026, 11, 23, 21))
    found = overlaps(DINNER, Schedule([DINNER, daily]), NOW)
    assert [(each.other.title, each.first.begins, each.count) for each in found] == [
        ("Tea", datetime(2026, 11, 27, 19, tzinfo=UTC), 52)
    ]
    first = occurrences(DINNER, NOW, NOW + timedelta(days=5))[0].id
    skipped = overlaps(DINNER, Schedule([daily], OccurrenceOverrides({first: NOW})), NOW)
    assert (skipped[0].first.begins, skipped[0].count) == (datetime(2026, 12, 4, 19, tzinfo=UTC), 51)
    touching = replace(daily, begins=datetime(2026, 11, 23, 22))
    assert overlaps(DINNER, Schedule([touching]), NOW) == []
