"""What people write, read; and partner time in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from detector.errors import UserError
from detector.partner_time.day_names import format_days
from detector.partner_time.declaration import PlanArguments, parse_declaration
from detector.partner_time.describe import format_instant, format_occurrence, format_partner_time
from detector.partner_time.model import PartnerTime, partner_time_from_now
from detector.partner_time.occurrences import occurrences
from detector.partner_time.parse_dates import parse_date, parse_length_or_end, parse_since, parse_when, split_clock
from detector.partner_time.parse_recurrence import parse_recurrence
from detector.partner_time.parse_times import parse_duration, parse_title, parse_zone, read_clock
from detector.partner_time.parse_weekdays import parse_days

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
TOO_LONG = "every other " + " " * 2_000 + "x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mon-fri", "Monday to Friday"),
        ("mon,wed,fri", "Monday, Wednesday and Friday"),
        ("Mon Wed", "Monday and Wednesday"),
        ("mon, wed and fri", "Monday, Wednesday and Friday"),
        ("day", "every day"),
        ("daily", "every day"),
        ("weekdays", "Monday to Friday"),
        ("WEEKEND", "Saturday and Sunday"),
        ("weekend,fri", "Friday to Sunday"),
        ("fri-mon", "Friday to Monday"),
        ("sat-tue,thu", "Monday, Tuesday, Thursday, Saturday and Sunday"),
        ("Mo–Fr", "Monday to Friday"),
        ("mon - wed", "Monday to Wednesday"),
        ("tues,thurs", "Tuesday and Thursday"),
        ("fri-fri", "Friday"),
        ("sunday", "Sunday"),
    ],
)
def test_weekdays_are_parsed_and_described(text: str, said: str) -> None:
    assert format_days(parse_days(text)) == said


@pytest.mark.parametrize(
    "text", ["", " ", ",", "-", "t", "s", "mon-", "-fri", "mon--fri", "mon-wed-fri", "weekend-mon", "1"]
)
def test_a_text_without_weekdays_is_an_error_with_a_hint(text: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_days(text)
    assert all(problem.file == "--every" and problem.hint for problem in refused.value.problems)


def test_every_unknown_weekday_has_its_own_caret_and_the_nearest_name() -> None:
    with pytest.raises(UserError) as refused:
        parse_days("mon-fry, sunn,wed")
    assert str(refused.value) == (
        "--every:5: 'fry' is not a day\n    mon-fry, sunn,wed\n        ^^^\n  did you mean fri?\n"
        "--every:10: 'sunn' is not a day\n    mon-fry, sunn,wed\n             ^^^^\n  did you mean sun?"
    )


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("18:30", 1110),
        ("18.30", 1110),
        ("6:30pm", 1110),
        ("6.30 PM", 1110),
        ("6:30 p.m.", 1110),
        ("6pm", 1080),
        ("18", 1080),
        ("0:05", 5),
        ("12am", 0),
        ("12pm", 720),
        ("12:30am", 30),
        ("noon", 720),
        ("midnight", 0),
        ("19h", 1140),
        ("19h30", 1170),
        ("19 Uhr", 1140),
        ("1830", 1110),
        ("six", 360),
        ("half past seven", 450),
        ("quarter to 8pm", 1185),
        ("8 o'clock", 480),
        ("8 in the evening", 1200),
        ("at 7 p.m.", 1140),
    ],
)
def test_times_of_day_are_parsed(text: str, minutes: int) -> None:
    assert read_clock(text, argument="--from").at == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["24:00", "00:00", "0", "12am", "midnight"])
def test_an_end_at_24_00_or_00_00_is_midnight(text: str) -> None:
    assert read_clock(text, argument="--to", is_end=True).at == timedelta(hours=24)


@pytest.mark.parametrize(
    "text", ["24:01", "25:00", "18:60", "13pm", "0am", "half seven", "", "18:3", "-1", "2561", "１８:30"]
)
def test_an_impossible_time_of_day_is_an_error(text: str) -> None:
    with pytest.raises(UserError, match="--to"):
        read_clock(text, argument="--to", is_end=True)


def test_a_start_at_24_00_is_an_error() -> None:
    with pytest.raises(UserError, match="a beginning at midnight is 00:00"):
        read_clock("24:00", argument="--from")


@pytest.mark.parametrize(
    ("text", "near"),
    [("Berlin", "Europe/Berlin"), ("Europa/Berlin", "Europe/Berlin"), ("new york", "America/New_York")],
)
def test_an_unknown_zone_is_an_error_with_the_nearest_name(text: str, near: str) -> None:
    with pytest.raises(UserError, match=f"did you mean {near}"):
        parse_zone(text)


@pytest.mark.parametrize("text", ["../etc/passwd", "/etc/localtime", "", "Europe", "localtime", "Factory", "\0"])
def test_a_path_is_not_accepted_as_a_zone(text: str) -> None:
    with pytest.raises(UserError, match="there is no zone"):
        parse_zone(text)


def test_a_zone_is_returned_in_its_iana_spelling() -> None:
    assert parse_zone("europe/BERLIN") == "Europe/Berlin"
    assert parse_zone("utc") == "UTC"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("90 minutes", 90),
        ("2 hours", 120),
        ("1h30", 90),
        ("1:30", 90),
        ("1,5 h", 90),
        ("1½ hours", 90),
        ("an hour and a half", 90),
        ("one and a half hours", 90),
        ("1 hour and 30 minutes", 90),
        ("half an hour", 30),
        ("three quarters of an hour", 45),
        ("a couple of hours", 120),
        ("forty-five min", 45),
        ("for another 20 minutes", 20),
        ("hour", 60),
        ("90", 90),
    ],
)
def test_lengths_are_parsed_as_people_write_them(text: str, minutes: int) -> None:
    assert parse_duration(text, argument="--for") == timedelta(minutes=minutes)


@pytest.mark.parametrize(("text", "readings"), [("2", ("2 h", "2 min")), ("four", ("4 h", "4 min"))])
def test_a_small_number_alone_is_asked_back(text: str, readings: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match="could be hours or minutes") as refused:
        parse_duration(text, argument="--for")
    assert refused.value.problems[0].readings == readings


def test_a_time_in_place_of_a_length_is_asked_back() -> None:
    with pytest.raises(UserError, match="'22:00' could be a length or the end"):
        parse_duration("22:00", argument="--for")


@pytest.mark.parametrize("text", ["0min", "59 s", "24h 1min", "8d", "later", "2"])
def test_length_is_between_1_min_and_24_h(text: str) -> None:
    with pytest.raises(UserError, match="--for"):
        parse_duration(text, argument="--for")
    assert parse_duration("24h", argument="--for") == timedelta(hours=24)
    assert parse_duration("90.5 s", argument="--for") == timedelta(seconds=90)


@pytest.mark.parametrize("title", ["", "  ", "x" * 81, "a\nb", "a\x1b[31m", "a\u202eb", "a\u2028b", "\x7f", "a\udcffb"])
def test_a_title_is_one_line_of_at_most_80_characters(title: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_title(title)
    assert "\x1b" not in str(refused.value)
    assert "\u202e" not in str(refused.value)


def test_titles_in_any_script_are_accepted() -> None:
    assert parse_title("  Abendessen für zwei 👩‍❤️‍👨 ") == "Abendessen für zwei 👩‍❤️‍👨"
    assert parse_title("x" * 80) == "x" * 80


def read(**given: str | None) -> PartnerTime:
    asked = {
        "title": "Dinner",
        "every": "mon-fri",
        "begins": "18:30",
        "ends": "20:00",
        "lasts": None,
    }
    return parse_declaration(PlanArguments(**{**asked, **given}), NOW, BERLIN)  # type: ignore[arg-type]


def test_a_declaration_is_parsed() -> None:
    assert read() == PartnerTime(
        title="Dinner",
        begins=datetime(2026, 11, 23, 18, 30),
        lasts=timedelta(minutes=90),
        zone="Europe/Berlin",
        recurrence="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
        is_floating=True,
    )
    assert read(ends=None, lasts="90min") == read()


@pytest.mark.parametrize(
    ("begins", "ends", "minutes"),
    [
        ("22:00", "02:00", 240),
        ("18:30", "24:00", 330),
        ("18:30", "00:00", 330),
        ("00:00", "00:00", 1440),
        ("0:00", "24:00", 1440),
        ("20:00", "18:30 the next day", 1350),
    ],
)
def test_an_end_at_or_before_the_start_is_on_the_next_day(begins: str, ends: str, minutes: int) -> None:
    assert read(begins=begins, ends=ends).lasts == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("days", "begins", "ends", "first"),
    [
        ("mon", "17:00", "19:00", datetime(2026, 11, 23, 17)),
        ("mon", "16:00", "18:00", datetime(2026, 11, 30, 16)),
        ("sun", "22:00", "next day 18:30", datetime(2026, 11, 22, 22)),
        ("sun", "22:00", "18:00 the next day", datetime(2026, 11, 29, 22)),
        ("tue", "18:30", "20:00", datetime(2026, 11, 24, 18, 30)),
    ],
)
def test_the_first_occurrence_is_the_first_that_is_not_over(days: str, begins: str, ends: str, first: datetime) -> None:
    """It is Monday, 18:00 in Berlin."""
    assert read(every=days, begins=begins, ends=ends).begins == first


def test_all_problems_of_a_declaration_are_reported_at_once() -> None:
    with pytest.raises(UserError) as refused:
        parse_declaration(
            PlanArguments(title="", every="fry", begins="25", zone="Berlin", on="30 feb", until="x"), NOW, BERLIN
        )
    assert [problem.file for problem in refused.value.problems] == [
        "TITLE",
        "--every",
        "--from",
        "--to",
        "--on",
        "--until",
        "--zone",
    ]
    with pytest.raises(UserError) as refused:
        parse_declaration(PlanArguments(title="a", ends="20:00", lasts="1h", zone="UTC"), NOW, BERLIN)
    assert [problem.file for problem in refused.value.problems] == ["--every", "--from", "--for"]
    with pytest.raises(UserError, match="ends where it begins"):
        read(begins="18:30", ends="6:30pm")


def test_now_starts_at_this_second_and_has_its_length_even_in_the_hour_that_comes_twice() -> None:
    second_half_past_two = datetime(2026, 10, 25, 1, 30, 7, 999, tzinfo=UTC)
    begun = replace(partner_time_from_now("Partner time", timedelta(minutes=90), second_half_past_two), number=1)
    (one,) = occurrences(begun, second_half_past_two, second_half_past_two + timedelta(minutes=1))
    assert one.begins == second_half_past_two.replace(microsecond=0)
    assert one.ends - one.begins == timedelta(minutes=90)


def test_partner_time_is_described_in_its_own_zone_and_an_occurrence_in_the_readers() -> None:
    dinner = replace(read(), number=1)
    assert format_partner_time(dinner, NOW, BERLIN) == "Dinner: Monday to Friday, 18:30–20:00"
    assert format_partner_time(dinner, NOW, ZoneInfo("UTC")) == "Dinner: Monday to Friday, 18:30–20:00, Europe/Berlin"
    first, second, third, *_ = occurrences(dinner, NOW, NOW + timedelta(days=60))
    assert format_occurrence(first, NOW, BERLIN) == "today 18:30–20:00"
    assert format_occurrence(first, NOW, ZoneInfo("UTC")) == "today 17:30–19:00"
    assert format_occurrence(first, NOW, ZoneInfo("Pacific/Auckland")) == "today 06:30–08:00"
    assert format_occurrence(second, NOW, BERLIN) == "tomorrow 18:30–20:00"
    assert format_occurrence(third, NOW, BERLIN) == "Wednesday 25 November 18:30–20:00"
    assert format_occurrence(first, NOW + timedelta(days=1), BERLIN) == "yesterday 18:30–20:00"
    (new_year,) = occurrences(dinner, datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC))
    assert format_occurrence(new_year, NOW, BERLIN) == "Friday 1 January 2027 18:30–20:00"


@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [
        ("18:30", "00:30", "18:30–00:30 the next day"),
        ("18:30", "24:00", "18:30–24:00"),
        ("0:00", "24:00", "00:00–24:00"),
        ("20:00", "18:30 the next day", "20:00–18:30 the next day"),
    ],
)
def test_an_interval_across_midnight_is_described_unmistakably(begins: str, ends: str, said: str) -> None:
    late = replace(read(every="fri", begins=begins, ends=ends), number=1)
    assert format_partner_time(late, NOW, BERLIN) == f"Dinner: every Friday, {said}"
    (one,) = occurrences(late, NOW, NOW + timedelta(days=7))
    assert format_occurrence(one, NOW, BERLIN) == f"Friday 27 November {said}"


def test_single_dates_and_unusual_recurrences_are_described() -> None:
    tea = partner_time_from_now("Tea", timedelta(minutes=90), NOW)
    assert format_partner_time(tea, NOW, BERLIN) == "Tea: today 18:00–19:30"
    assert (
        format_partner_time(replace(read(), recurrence="FREQ=DAILY"), NOW, BERLIN) == "Dinner: every day, 18:30–20:00"
    )
    assert (
        format_partner_time(replace(read(), recurrence="FREQ=WEEKLY"), NOW, BERLIN)
        == "Dinner: every Monday, 18:30–20:00"
    )
    monthly = replace(read(), recurrence="FREQ=MONTHLY;BYDAY=-1FR")
    assert format_partner_time(monthly, NOW, BERLIN) == "Dinner: the last Friday of each month, 18:30–20:00"


def test_an_instant_within_twelve_hours_is_described_without_its_day() -> None:
    assert format_instant(NOW + timedelta(hours=7), NOW, BERLIN) == "01:00"
    assert format_instant(NOW + timedelta(hours=23), NOW, BERLIN) == "tomorrow 17:00"


@pytest.mark.parametrize(
    "parse",
    [
        lambda: parse_date(TOO_LONG, argument="--on", now=NOW, zone=BERLIN),
        lambda: parse_when(TOO_LONG, argument="--instead", now=NOW, zone=BERLIN),
        lambda: parse_length_or_end(TOO_LONG, argument="--for", now=NOW, zone=BERLIN),
        lambda: parse_since(TOO_LONG, NOW, BERLIN),
        lambda: split_clock(TOO_LONG, argument="--on"),
        lambda: read_clock(TOO_LONG, argument="--from"),
        lambda: parse_duration(TOO_LONG, argument="--for"),
        lambda: parse_zone(TOO_LONG),
        lambda: parse_days(TOO_LONG),
        lambda: parse_recurrence(TOO_LONG),
    ],
    ids=["date", "when", "length or end", "since", "split clock", "clock", "duration", "zone", "days", "recurrence"],
)
def test_every_reader_refuses_a_text_of_thousands_of_blanks_at_once(parse: Callable[[], object]) -> None:
    with pytest.raises(UserError, match="longer than 300 characters"):
        parse()


@pytest.mark.parametrize("argument", ["every", "on", "begins", "ends", "lasts", "until", "zone"])
def test_every_argument_of_a_declaration_is_refused_where_it_is_too_long(argument: str) -> None:
    others = {"every": "fri", "begins": "18:00", "ends": "20:00"}
    if argument == "lasts":
        del others["ends"]
    arguments = {"title": "Dinner", **others, argument: TOO_LONG}
    with pytest.raises(UserError, match="longer than 300 characters"):
        parse_declaration(PlanArguments(**arguments), NOW, BERLIN)  # type: ignore[arg-type]
