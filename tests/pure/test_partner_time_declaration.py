"""What `add` and `edit` make of their arguments, and what they refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from detector.errors import UserError
from detector.partner_time.declaration import PlanArguments, parse_declaration, parse_edit
from detector.partner_time.describe import format_partner_time
from detector.partner_time.model import Moved, PartnerTime, partner_time_from_now
from detector.partner_time.occurrences import occurrences_from

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
"""A Monday, 18:00 in Berlin."""


def add(**given: object) -> PartnerTime:
    asked = {"title": "Dinner", "begins": "20:00", "ends": "22:30"} | given
    return parse_declaration(PlanArguments(**asked), NOW, BERLIN)  # type: ignore[arg-type]


def edit(known: PartnerTime, **given: object) -> PartnerTime:
    return parse_edit(known, PlanArguments(**given), NOW, BERLIN)  # type: ignore[arg-type]


def begins(known: PartnerTime, many: int = 3) -> list[str]:
    numbered = replace(known, number=1)
    found = occurrences_from(numbered, NOW, timedelta(days=3660))
    zone = ZoneInfo(known.zone)
    return [f"{each.begins.astimezone(zone):%d %b %H:%M}" for each, _ in zip(found, range(many), strict=False)]


def problems(**given: object) -> list[tuple[str | None, str]]:
    with pytest.raises(UserError) as refused:
        add(**given)
    return [(problem.file, problem.message) for problem in refused.value.problems]


def test_intervals_of_weeks_count_from_the_first_occurrence() -> None:
    assert begins(add(every="other friday")) == ["27 Nov 20:00", "11 Dec 20:00", "25 Dec 20:00"]
    assert begins(add(every="other friday", on="1 dec")) == ["04 Dec 20:00", "18 Dec 20:00", "01 Jan 20:00"]
    assert begins(add(every="third week", on="30 nov")) == ["30 Nov 20:00", "21 Dec 20:00", "11 Jan 20:00"]
    assert begins(add(every="2 months on 15")) == ["15 Dec 20:00", "15 Feb 20:00", "15 Apr 20:00"]
    # The weekend that begins on Friday is not torn apart.
    assert begins(add(every="other fri-mon"), 6) == [
        "23 Nov 20:00",
        "04 Dec 20:00",
        "05 Dec 20:00",
        "06 Dec 20:00",
        "07 Dec 20:00",
        "18 Dec 20:00",
    ]


@pytest.mark.parametrize(
    ("begins", "ends", "begin", "minutes"),
    [
        ("7pm", "9", "19:00", 120),
        ("10am", "1", "10:00", 180),
        ("11pm", "1", "23:00", 120),
        ("7", "9pm", "19:00", 120),
        ("11", "1pm", "11:00", 120),
        ("noon", "2", "12:00", 120),
        ("8", "17", "08:00", 540),
        ("7:30", "9:30", "07:30", 120),
        ("22", "2", "22:00", 240),
        ("08:00", "22:00", "08:00", 840),
        ("20:00", "10am the next day", "20:00", 840),
        ("19h", "21h30", "19:00", 150),
        ("8pm", "till midnight", "20:00", 240),
    ],
)
def test_an_end_without_its_half_of_the_day_takes_that_of_the_shorter_span(
    begins: str, ends: str, begin: str, minutes: int
) -> None:
    read = add(every="fri", begins=begins, ends=ends)
    assert (f"{read.begins:%H:%M}", read.lasts) == (begin, timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("begins", "ends", "argument", "readings"),
    [
        ("9:00", "4:00", "--to", ("16:00", "04:00 the next day")),
        ("18:30", "8", "--to", ("20:00", "08:00 the next day")),
        ("20:00", "18:30", "--to", ("06:30", "18:30 the next day")),
        ("7pm", "9am", "--to", ("21:00", "09:00 the next day")),
        ("10:00", "23:00", "--from", ("10pm", "10am")),
        ("7", "9", "--from", ("7am", "7pm")),
    ],
)
def test_a_span_with_two_readings_is_asked_back_with_both_and_each_of_them_is_taken(
    begins: str, ends: str, argument: str, readings: tuple[str, ...]
) -> None:
    with pytest.raises(UserError) as refused:
        add(every="fri", begins=begins, ends=ends)
    (problem,) = refused.value.problems
    assert (problem.file, problem.readings) == (argument, readings)
    for reading in readings:
        assert reading in (problem.hint or "")
        chosen = {"begins": begins, "ends": ends, "begins" if argument == "--from" else "ends": reading}
        assert add(every="fri", **chosen).lasts <= timedelta(hours=24)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"on": "tomorrow 8pm", "lasts": "2h"}, "tomorrow 20:00–22:00"),
        ({"on": "tomorrow from 8pm to 10pm"}, "tomorrow 20:00–22:00"),
        ({"on": "tonight", "begins": "8", "ends": "10"}, "today 20:00–22:00"),
        ({"begins": "24 dec 17:00", "ends": "25 dec 01:00"}, "Thursday 24 December 17:00–01:00 the next day"),
        ({"begins": "now", "ends": "22:00"}, "today 18:00–22:00"),
        ({"every": "friday at 8pm", "lasts": "1:30"}, "every Friday, 20:00–21:30"),
        ({"every": "fri 20:00-22:00"}, "every Friday, 20:00–22:00"),
        ({"every": "every evening", "begins": "7", "ends": "9"}, "every day, 19:00–21:00"),
        ({"every": "weekday mornings", "begins": "7", "ends": "8"}, "Monday to Friday, 07:00–08:00"),
        ({"every": "fri", "begins": "7-9pm"}, "every Friday, 19:00–21:00"),
        ({"every": "fri", "begins": "20:00", "lasts": "until 22:00"}, "every Friday, 20:00–22:00"),
        ({"on": "fri 11.12", "begins": "20", "ends": "22"}, "Friday 11 December 20:00–22:00"),
        (
            {"every": "fri", "begins": "20", "ends": "22", "until": "end of january"},
            "every Friday, 20:00–22:00, until 31 January 2027",
        ),
    ],
)
def test_times_and_parts_of_the_day_are_read_wherever_people_write_them(given: dict[str, str], says: str) -> None:
    read = parse_declaration(PlanArguments(title="x", **given), NOW, BERLIN)  # type: ignore[arg-type]
    assert format_partner_time(read, NOW, BERLIN) == f"x: {says}"


def test_without_every_it_takes_place_once() -> None:
    once = add(on="24 dec", do_not_disturb=True)
    assert (once.recurrence, once.begins, once.is_floating, once.do_not_disturb) == (
        None,
        datetime(2026, 12, 24, 20),
        True,
        True,
    )
    assert add(on="today", begins="17:00", ends="19:00").begins == datetime(2026, 11, 23, 17)


def test_a_named_zone_is_fixed_and_zone_here_floats() -> None:
    named = add(every="day", zone="america/new_york")
    assert (named.zone, named.is_floating) == ("America/New_York", False)
    assert (add(every="day", zone="HERE").zone, add(every="day", zone="here").is_floating) == ("Europe/Berlin", True)
    assert edit(named, zone="here") == replace(named, zone="Europe/Berlin", is_floating=True)


def test_until_includes_its_day_and_excepted_days_are_left_out() -> None:
    some = add(every="fri", until="11 dec", excluded=("4 dec",))
    assert begins(some) == ["27 Nov 20:00", "11 Dec 20:00"]
    assert some.recurrence == "FREQ=WEEKLY;BYDAY=FR;UNTIL=20261211"
    assert some.excluded == (datetime(2026, 12, 4, 20),)


@pytest.mark.parametrize(
    ("given", "argument", "says"),
    [
        ({}, "--every", "is missing"),
        (
            {"every": "fri", "until": "tomorrow"},
            "--until",
            "it ends before it begins: the first is Friday 27 November 2026",
        ),
        ({"every": "fri", "excluded": ("3 dec",)}, "--except", "Dinner is not on Thursday 3 December 2026"),
        ({"every": "other fri", "excluded": ("4 dec",)}, "--except", "Dinner is not on Friday 4 December 2026"),
        (
            {"every": "fri", "until": "4 dec", "excluded": ("27 nov", "4 dec")},
            "--except",
            "nothing is left: each of its days is excepted",
        ),
        ({"every": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "--every", "no month of BYMONTH=2 has a day BYMONTHDAY=30"),
        ({"every": "FREQ=MONTHLY;BYDAY=1FR;BYMONTHDAY=20"}, "--every", "it never comes"),
        ({"every": "FREQ=DAILY;COUNT=3", "until": "4 dec"}, "--until", "says the end a second time"),
        ({"on": "24 dec", "until": "25 dec"}, "--until", "belongs to what returns"),
        ({"on": "24 dec", "excluded": ("25 dec",)}, "--except", "belongs to what returns"),
        ({"on": "today", "begins": "16", "ends": "17"}, "--on", "it is over: it began Monday 23 November 2026 16:00"),
        ({"on": "24 dec", "zone": "Mars"}, "--zone", "there is no zone 'Mars'"),
        ({"every": "fri", "lasts": "1h"}, "--for", "says the end a second time"),
    ],
)
def test_an_impossible_declaration_is_an_error_that_names_the_argument(
    given: dict[str, object], argument: str, says: str
) -> None:
    assert problems(**given) == [(argument, says)]


def test_all_problems_are_reported_in_the_order_of_the_arguments() -> None:
    found = problems(
        title=" ",
        every="friyay",
        begins="25",
        ends="x",
        on="30 feb",
        until="31 apr",
        excluded=("10/12", "x"),
        zone="Mars",
    )
    assert [argument for argument, _ in found] == [
        "TITLE",
        "--every",
        "--from",
        "--to",
        "--on",
        "--until",
        "--except",
        "--except",
        "--zone",
    ]
    assert problems(every="fri", until="tomorrow", excluded=("3 dec",)) == [
        ("--until", "it ends before it begins: the first is Friday 27 November 2026"),
        ("--except", "Dinner is not on Thursday 3 December 2026"),
    ]


DINNER = replace(add(every="other friday", until="26 march", excluded=("11 dec",)), number=3)


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        ({"title": "Supper"}, {"title": "Supper"}),
        ({"begins": "19:00"}, {"begins": datetime(2026, 11, 27, 19), "excluded": (datetime(2026, 12, 11, 19),)}),
        ({"ends": "23:00"}, {"lasts": timedelta(hours=3)}),
        ({"lasts": "1h"}, {"lasts": timedelta(hours=1)}),
        (
            {"begins": "23:00", "ends": "1:00"},
            {
                "begins": datetime(2026, 11, 27, 23),
                "lasts": timedelta(hours=2),
                "excluded": (datetime(2026, 12, 11, 23),),
            },
        ),
        ({"do_not_disturb": True}, {"do_not_disturb": True}),
        ({"until": "never"}, {"recurrence": "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"}),
        ({"until": "25 dec"}, {"recurrence": "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;UNTIL=20261225"}),
        ({"excluded": ("25 dec",)}, {"excluded": (datetime(2026, 12, 11, 20), datetime(2026, 12, 25, 20))}),
        ({"included": ("11 dec",)}, {"excluded": ()}),
        ({"zone": "Asia/Tokyo"}, {"zone": "Asia/Tokyo", "is_floating": False}),
        ({"on": "4 dec"}, {"begins": datetime(2026, 12, 4, 20), "excluded": ()}),
        ({"every": "fri"}, {"recurrence": "FREQ=WEEKLY;BYDAY=FR;UNTIL=20270326"}),
        (
            {"every": "mon"},
            {"begins": datetime(2026, 11, 23, 20), "recurrence": "FREQ=WEEKLY;BYDAY=MO;UNTIL=20270326", "excluded": ()},
        ),
        (
            {"every": "FREQ=DAILY;COUNT=3"},
            {"begins": datetime(2026, 11, 23, 20), "recurrence": "FREQ=DAILY;COUNT=3", "excluded": ()},
        ),
    ],
)
def test_edit_changes_only_the_named_fields(given: dict[str, object], changed: dict[str, object]) -> None:
    assert edit(DINNER, **given) == replace(DINNER, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "argument", "says"),
    [
        ({"title": ""}, "--title", "a title has at least one character"),
        ({"included": ("25 dec",)}, "--include", "Friday 25 December 2026 is not excepted"),
        ({"excluded": ("24 dec",)}, "--except", "Dinner is not on Thursday 24 December 2026"),
        ({"until": "26 nov"}, "--until", "it ends before it begins: the first is Friday 27 November 2026"),
        ({"every": "0 days"}, "--every", "every 0 days never comes"),
        ({"begins": "20:00", "ends": "20:00"}, "--to", "partner time ends where it begins"),
        ({"ends": "20:00"}, "--to", "partner time ends where it begins"),
    ],
)
def test_an_impossible_edit_is_an_error(given: dict[str, object], argument: str, says: str) -> None:
    with pytest.raises(UserError) as refused:
        edit(DINNER, **given)
    assert [(problem.file, problem.message) for problem in refused.value.problems] == [(argument, says)]


def test_a_single_date_is_edited_on_its_own_day_and_can_become_recurring() -> None:
    once = replace(add(on="24 dec"), number=4)
    assert edit(once, begins="18:00").begins == datetime(2026, 12, 24, 18)
    assert edit(once, on="26 dec").begins == datetime(2026, 12, 26, 20)
    assert begins(edit(once, every="24 december"), 2) == ["24 Dec 20:00", "24 Dec 20:00"]
    with pytest.raises(UserError, match="Dinner takes place once"):
        edit(once, until="25 dec")


def test_partner_time_started_with_now_is_edited_in_local_time() -> None:
    tea = replace(partner_time_from_now("Tea", timedelta(hours=1), NOW), number=5)
    longer = edit(tea, ends="20:00")
    assert (longer.begins, longer.lasts, longer.zone) == (
        datetime(2026, 11, 23, 18),
        timedelta(hours=2),
        "Europe/Berlin",
    )
    assert format_partner_time(longer, NOW, BERLIN) == "Tea: today 18:00–20:00"


def test_any_edit_but_quiet_detaches_partner_time_from_its_calendar() -> None:
    moved = Moved(
        original_start=datetime(2026, 12, 25, 20), begins=datetime(2026, 12, 26, 11), lasts=timedelta(hours=1)
    )
    theirs = replace(
        DINNER,
        proposal=7,
        as_rfc=True,
        additional=(datetime(2026, 12, 6, 9),),
        moved=(moved,),
        recurrence="FREQ=WEEKLY;BYDAY=FR",
    )
    assert edit(theirs, do_not_disturb=True) == replace(theirs, do_not_disturb=True)
    mine = edit(theirs, begins="19:00")
    assert (mine.proposal, mine.as_rfc) == (None, True)
    # A time of its own stays what it is.
    assert mine.additional == theirs.additional
    assert mine.moved == (replace(moved, original_start=datetime(2026, 12, 25, 19)),)
    other = edit(theirs, every="sat")
    assert (other.as_rfc, other.moved) == (False, ())


def test_an_edit_to_the_same_values_changes_nothing() -> None:
    assert edit(DINNER, title="Dinner", begins="20:00", ends="22:30", until="26 march") == DINNER
