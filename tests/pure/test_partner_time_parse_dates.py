"""Dates and times that people write: read, or refused with what to write instead."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from detector.errors import UserError
from detector.partner_time.day_names import format_full_date
from detector.partner_time.parse_dates import (
    Direction,
    month_of,
    parse_date,
    parse_length_or_end,
    parse_since,
    parse_when,
)
from detector.partner_time.parse_weekdays import parse_days

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
"""A Monday, 18:00 in Berlin."""


def read(text: str, *, now: datetime = NOW, zone: ZoneInfo = BERLIN, direction: Direction = "ahead") -> date:
    return parse_date(text, argument="--on", now=now, zone=zone, direction=direction)


def when(text: str, *, now: datetime = NOW) -> datetime:
    return parse_when(text, argument="--instead", now=now, zone=BERLIN)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-12-24", date(2026, 12, 24)),
        ("2026-12-4", date(2026, 12, 4)),
        ("24 dec", date(2026, 12, 24)),
        ("24 Dec.", date(2026, 12, 24)),
        ("24th of december", date(2026, 12, 24)),
        ("dec 24", date(2026, 12, 24)),
        ("December 24th, 2027", date(2027, 12, 24)),
        ("24 december 2027", date(2027, 12, 24)),
        ("24.12.", date(2026, 12, 24)),
        ("24.12", date(2026, 12, 24)),
        ("24.12.2027", date(2027, 12, 24)),
        ("3 sept", date(2027, 9, 3)),
        ("23 nov", date(2026, 11, 23)),
        ("22 nov", date(2027, 11, 22)),
        ("29 feb", date(2028, 2, 29)),
        ("fri", date(2026, 11, 27)),
        ("Sunday", date(2026, 11, 29)),
        ("thu 24 dec", date(2026, 12, 24)),
        ("Thursday, 24 December 2026", date(2026, 12, 24)),
        ("  today ", date(2026, 11, 23)),
        ("tomorrow", date(2026, 11, 24)),
        ("tonight", date(2026, 11, 23)),
        ("tomorrow evening", date(2026, 11, 24)),
        ("day after tomorrow", date(2026, 11, 25)),
        ("in 3 days", date(2026, 11, 26)),
        ("two weeks from now", date(2026, 12, 7)),
        ("in a month", date(2026, 12, 23)),
        ("this sunday", date(2026, 11, 29)),
        ("sunday week", date(2026, 12, 6)),
        ("a week on sunday", date(2026, 12, 6)),
        ("on the 4th", date(2026, 12, 4)),
        ("31st", date(2026, 12, 31)),
        ("New Year's Eve", date(2026, 12, 31)),
        ("2026/12/24", date(2026, 12, 24)),
        ("24/12/2026", date(2026, 12, 24)),
        ("12/24/2026", date(2026, 12, 24)),
        ("24-12", date(2026, 12, 24)),
        ("24.12.26", date(2026, 12, 24)),
        ("24-Dec-2026", date(2026, 12, 24)),
        ("20261224", date(2026, 12, 24)),
    ],
)
def test_dates_are_parsed(text: str, day: date) -> None:
    assert read(text) == day


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2026-02-30", "there is no 30 February: it has 28 days in 2026"),
        ("30 feb", "there is no 30 February: it has 28 days, 29 in a leap year"),
        ("2027-02-29", "there is no 29 February: it has 28 days in 2027"),
        ("31 april", "there is no 31 April: it has 30 days"),
        ("0 jan", "there is no 0 January: it has 31 days"),
        ("2026-13-01", "there is no month 13"),
        ("1.0.", "there is no month 0"),
        ("2026-11-22", "Sunday 22 November 2026 is past"),
        ("yesterday", "Sunday 22 November 2026 is past"),
        ("mon", "today is Monday: it could be today or the one in a week"),
        ("next fri", "'next fri' could be one week or another"),
        ("this monday", "'this monday' could be one week or another"),
        ("next week", "'next week' names no day"),
        ("10/12", "'10/12' is one day to some readers and another to others"),
        ("10/12/2026", "'10/12/2026' is one day to some readers and another to others"),
        ("fri 24 dec", "Thursday 24 December 2026 is not a Friday"),
        ("9999-01-01", "the year 9999 is too far away"),
        ("0000-01-01", "there is no year 0"),
        ("tomorow", "'tomorow' is not a day"),
        ("24 dez", "'dez' is not a day"),
        ("december", "'december' is not a day"),
        ("24", "'24' is not a day"),
        ("", "'' is not a day"),
        ("2026-12-24T18:00", "'2026-12-24t18:00' is not a day"),
        ("٢٤ dec", "'٢٤ dec' is not a day"),
    ],
)
def test_an_unknown_or_ambiguous_date_is_an_error_with_a_hint(text: str, says: str) -> None:
    with pytest.raises(UserError) as refused:
        read(text)
    (problem,) = refused.value.problems
    assert problem.message.lower() == says.lower()
    assert problem.hint
    assert problem.file == "--on"


@pytest.mark.parametrize("text", ["birthday", "holiday", "midday", "morning", "wedding", "friend", "sunset", "month"])
def test_a_word_of_another_meaning_has_no_weekday_as_its_hint(text: str) -> None:
    for parse in (read, parse_days):
        with pytest.raises(UserError) as refused:
            parse(text)
        assert "did you mean" not in (refused.value.problems[0].hint or "")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("friday", date(2026, 11, 20)),
        ("last friday", date(2026, 11, 20)),
        ("yesterday", date(2026, 11, 22)),
        ("last night", date(2026, 11, 22)),
        ("3 days ago", date(2026, 11, 20)),
        ("the 24th", date(2026, 10, 24)),
        ("24 dec", date(2025, 12, 24)),
        ("christmas", date(2025, 12, 25)),
    ],
)
def test_where_one_looks_back_a_day_is_the_last_of_its_name(text: str, day: date) -> None:
    assert read(text, direction="back") == day


@pytest.mark.parametrize(
    ("text", "day"),
    [("next", date(2026, 11, 30)), ("last week", date(2026, 11, 16)), ("2026-W51", date(2026, 12, 14))],
)
def test_a_week_is_named_by_its_monday_where_a_week_is_wanted(text: str, day: date) -> None:
    assert read(text, direction="any") == day


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("until 20:30", 150), ("till midnight", 360), ("until 7", 60), ("until half past 8", 150), ("to 5:30am", 690)],
)
def test_an_end_may_stand_where_a_length_is_wanted(text: str, minutes: int) -> None:
    assert parse_length_or_end(text, argument="LENGTH", now=NOW, zone=BERLIN) == timedelta(minutes=minutes)


def test_an_end_more_than_twelve_hours_away_is_asked_back_with_both_readings() -> None:
    with pytest.raises(UserError) as refused:
        parse_length_or_end("until 7:30", argument="LENGTH", now=NOW, zone=BERLIN)
    assert refused.value.problems[0].readings == ("until 19:30", "13 h 30 min")


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("yesterday", "2026-11-22T00:00:00+01:00"),
        ("since friday", "2026-11-20T00:00:00+01:00"),
        ("the last two weeks", "2026-11-09T00:00:00+01:00"),
        ("last week", "2026-11-16T00:00:00+01:00"),
        ("this month", "2026-11-01T00:00:00+01:00"),
        ("october", "2026-10-01T00:00:00+02:00"),
        ("december", "2025-12-01T00:00:00+01:00"),
        ("3 months", "2026-08-23T00:00:00+02:00"),
        ("a year ago", "2025-11-23T00:00:00+01:00"),
        ("48h", "2026-11-21T17:00:00+00:00"),
        ("an hour ago", "2026-11-23T16:00:00+00:00"),
    ],
)
def test_how_far_to_look_back_is_parsed(text: str, since: str) -> None:
    assert parse_since(text, NOW, BERLIN).isoformat() == since


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("monday", "today is Monday: it could be today or the one a week ago"),
        ("3m", "'3m' has more than one meaning"),
        ("7", "'7' has more than one meaning"),
        ("tomorrow", "Tuesday 24 November 2026 lies in the future"),
        ("birthday", "'birthday' is neither a length nor a date"),
        ("too long ago", "'too long ago' is neither a length nor a date"),
    ],
)
def test_what_could_look_back_to_two_days_or_to_none_is_an_error(text: str, says: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_since(text, NOW, BERLIN)
    assert [problem.message for problem in refused.value.problems] == [says]


def test_hints_name_the_nearest_day() -> None:
    hints = {}
    for text in ("tomorow", "24 dez", "next fri", "mon", "friady"):
        with pytest.raises(UserError) as refused:
            read(text)
        hints[text] = refused.value.problems[0].hint
    assert hints == {
        "tomorow": "did you mean tomorrow?",
        "24 dez": "did you mean dec?",
        "next fri": "write 2026-11-27 or 2026-12-04",
        "mon": "write today, or 2026-11-30",
        "friady": "did you mean friday?",
    }


def test_today_is_computed_in_the_readers_zone() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert read("today", now=late) == date(2026, 11, 24)
    assert read("today", now=late, zone=ZoneInfo("America/New_York")) == date(2026, 11, 23)
    assert read("24 nov", now=late) == date(2026, 11, 24)
    assert read("23 nov", now=late) == date(2027, 11, 23)


def test_past_dates_are_parsed_where_they_are_allowed() -> None:
    assert read("2026-11-01", direction="any") == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("sun 11:00", datetime(2026, 11, 29, 11)),
        ("sunday 11am", datetime(2026, 11, 29, 11)),
        ("sun at 11.30", datetime(2026, 11, 29, 11, 30)),
        ("2026-12-24 18:00", datetime(2026, 12, 24, 18)),
        ("2026-12-24T18:00", datetime(2026, 12, 24, 18)),
        ("24 dec, 6:30 pm", datetime(2026, 12, 24, 18, 30)),
        ("24.12. 18.30", datetime(2026, 12, 24, 18, 30)),
        ("tomorrow noon", datetime(2026, 11, 24, 12)),
        ("today 20:00", datetime(2026, 11, 23, 20)),
        ("8pm tomorrow", datetime(2026, 11, 24, 20)),
        ("tonight at 9", datetime(2026, 11, 23, 21)),
        ("sunday morning at 11", datetime(2026, 11, 29, 11)),
        ("sunday 11 in the morning", datetime(2026, 11, 29, 11)),
        ("fri 19h30", datetime(2026, 11, 27, 19, 30)),
        ("sunday 18", datetime(2026, 11, 29, 18)),
        ("in two hours", datetime(2026, 11, 23, 20)),
        ("in 3 days at 19:00", datetime(2026, 11, 26, 19)),
        # It is 18:00 on Monday: the eleven o'clock of today is over, so there is only one.
        ("mon 11:00", datetime(2026, 11, 30, 11)),
    ],
)
def test_date_and_time_are_parsed(text: str, at: datetime) -> None:
    assert when(text) == at


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("today 11:00", "Monday 23 November 2026 11:00 is past"),
        ("today 18:00", "Monday 23 November 2026 18:00 is past"),
        ("mon 20:00", "today is Monday: it could be today or the one in a week"),
        ("20:00", "the day is missing"),
        ("sun", "no time of day is at the end of it"),
        ("24 dec 18", "no time of day is at the end of it"),
        ("sun midnight", "midnight could be where the day begins or where it ends"),
        ("sun at 7", "'7' could be in the morning or in the evening"),
        ("sun 25:00", "no clock shows '25:00'"),
        ("sun 24:00", "24:00 is an end"),
        ("sunnday 11:00", "'sunnday' is not a day"),
        ("2027-03-28 02:30", "the clocks leave out 02:30 on Sunday 28 March 2027"),
        ("", "no time of day is at the end of it"),
    ],
)
def test_an_unknown_or_ambiguous_date_and_time_is_an_error(text: str, says: str) -> None:
    with pytest.raises(UserError) as refused:
        when(text)
    (problem,) = refused.value.problems
    assert problem.message == says
    assert problem.hint


def test_a_time_in_a_gap_of_the_clocks_is_an_error_with_the_time_after_it() -> None:
    with pytest.raises(UserError, match="they go on at 03:30"):
        when("2027-03-28 02:30")


def test_months_are_recognised_by_their_first_letters() -> None:
    assert [month_of(word) for word in ("jan", "sept", "december", "ma", "mai", "juni", "jun")] == [
        1,
        9,
        12,
        None,
        None,
        None,
        6,
    ]
    assert format_full_date(date(2026, 12, 24)) == "Thursday 24 December 2026"
