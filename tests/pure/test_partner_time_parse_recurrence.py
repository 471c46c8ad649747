"""What may stand after `--every`: each form with its RRULE, each mistake with what would have been right."""

from __future__ import annotations

from datetime import date

import pytest

from detector.errors import UserError
from detector.partner_time.parse_recurrence import parse_recurrence

FRIDAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("text", "recurrence"),
    [
        ("day", "FREQ=DAILY"),
        ("daily", "FREQ=DAILY"),
        ("every day", "FREQ=DAILY"),
        ("mon-sun", "FREQ=DAILY"),
        ("weekday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("weekdays", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("weekend", "FREQ=WEEKLY;BYDAY=SA,SU"),
        ("Monday to Friday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("fri-mon", "FREQ=WEEKLY;BYDAY=MO,FR,SA,SU"),
        ("fridays", "FREQ=WEEKLY;BYDAY=FR"),
        ("wed,mon", "FREQ=WEEKLY;BYDAY=MO,WE"),
        ("week on wed", "FREQ=WEEKLY;BYDAY=WE"),
        ("weekly on wed", "FREQ=WEEKLY;BYDAY=WE"),
        ("other day", "FREQ=DAILY;INTERVAL=2"),
        ("3 days", "FREQ=DAILY;INTERVAL=3"),
        ("third day", "FREQ=DAILY;INTERVAL=3"),
        ("1 day", "FREQ=DAILY"),
        ("other friday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
        ("Every Other Friday.", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
        ("other weekend", "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU"),
        ("other fri-mon", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR,SA,SU;WKST=FR"),
        ("3 weeks on mon,tue", "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,TU"),
        ("third week on mon", "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO"),
        ("second week on mon", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"),
        ("fortnight on mon", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"),
        ("first friday", "FREQ=MONTHLY;BYDAY=1FR"),
        ("the third friday", "FREQ=MONTHLY;BYDAY=3FR"),
        ("every first friday", "FREQ=MONTHLY;BYDAY=1FR"),
        ("alternate fridays", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
        ("fridays every 3 weeks", "FREQ=WEEKLY;INTERVAL=3;BYDAY=FR"),
        ("friday through sunday", "FREQ=WEEKLY;BYDAY=FR,SA,SU"),
        ("from monday to friday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("mon/wed/fri", "FREQ=WEEKLY;BYDAY=MO,WE,FR"),
        ("sat & sun", "FREQ=WEEKLY;BYDAY=SA,SU"),
        ("MWF", "FREQ=WEEKLY;BYDAY=MO,WE,FR"),
        ("every day except sunday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA"),
        ("weekdays but not wednesday", "FREQ=WEEKLY;BYDAY=MO,TU,TH,FR"),
        ("every single day of the week", "FREQ=DAILY"),
        ("once a week on friday", "FREQ=WEEKLY;BYDAY=FR"),
        ("workday", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"),
        ("first of the month", "FREQ=MONTHLY;BYMONTHDAY=1"),
        ("last of every month", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("christmas eve", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"),
        ("the last Sunday of each month", "FREQ=MONTHLY;BYDAY=-1SU"),
        ("second friday of the month", "FREQ=MONTHLY;BYDAY=2FR"),
        ("first and third friday", "FREQ=MONTHLY;BYDAY=1FR,3FR"),
        ("first friday of every third month", "FREQ=MONTHLY;INTERVAL=3;BYDAY=1FR"),
        ("2 months on first friday", "FREQ=MONTHLY;INTERVAL=2;BYDAY=1FR"),
        ("month on 15", "FREQ=MONTHLY;BYMONTHDAY=15"),
        ("month on the 15th", "FREQ=MONTHLY;BYMONTHDAY=15"),
        ("15th", "FREQ=MONTHLY;BYMONTHDAY=15"),
        ("15th and 1st", "FREQ=MONTHLY;BYMONTHDAY=1,15"),
        ("month on 1,15", "FREQ=MONTHLY;BYMONTHDAY=1,15"),
        ("last day of the month", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("last weekday of the month", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
        ("24 december", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"),
        ("dec 24", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"),
        ("24.12.", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"),
        ("yearly on 24 December", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"),
        ("2 years on 29 feb", "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29"),
        ("second sunday of may", "FREQ=YEARLY;BYMONTH=5;BYDAY=2SU"),
        ("freq=monthly; byday=1fr", "FREQ=MONTHLY;BYDAY=1FR"),
        ("RRULE:FREQ=WEEKLY;BYDAY=FR;COUNT=3;", "FREQ=WEEKLY;BYDAY=FR;COUNT=3"),
    ],
)
def test_recurrences_are_parsed_to_an_rrule(text: str, recurrence: str) -> None:
    assert parse_recurrence(text) == recurrence
    assert parse_recurrence(text, first=FRIDAY) == recurrence


@pytest.mark.parametrize(
    ("text", "recurrence"),
    [
        ("week", "FREQ=WEEKLY;BYDAY=FR"),
        ("2 weeks", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
        ("other week", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
        ("third week", "FREQ=WEEKLY;INTERVAL=3;BYDAY=FR"),
        ("month", "FREQ=MONTHLY;BYMONTHDAY=27"),
        ("2 months", "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=27"),
        ("year", "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=27"),
        ("FREQ=WEEKLY", "FREQ=WEEKLY"),
    ],
)
def test_a_recurrence_without_a_day_takes_the_first_day_or_is_an_error(text: str, recurrence: str) -> None:
    assert parse_recurrence(text, first=FRIDAY) == recurrence
    with pytest.raises(UserError, match="it does not say on which day"):
        parse_recurrence(text)


@pytest.mark.parametrize(
    ("text", "column", "width", "says", "instead"),
    [
        ("second friday", 1, 13, "'second friday' has two meanings", "'other friday', or 'second friday of the month'"),
        ("every 2nd friday", 7, 10, "'2nd friday' has two meanings", "'2nd friday of the month'"),
        (
            "every third friday",
            7,
            12,
            "'third friday' has two meanings",
            "write '3 weeks on friday', or 'third friday of",
        ),
        ("third friday", 1, 12, "'third friday' has two meanings", "or 'third friday of the month'"),
        ("every 4th monday", 7, 10, "'4th monday' has two meanings", "write '4 weeks on monday'"),
        ("weeknights", 1, 10, "'weeknights' has two meanings", "'weekday' or sun-thu"),
        ("biweekly", 1, 8, "'biweekly' has two meanings", "'other week' or two days"),
        ("bimonthly", 1, 9, "'bimonthly' has two meanings", "'month on 1,15'"),
        ("other weekday", 1, 13, "every other weekday has two meanings", "'other week on mon-fri'"),
        ("every 0 days", 7, 1, "every 0 days never comes", "write day, or '2 days'"),
        ("0 weeks on fri", 1, 1, "every 0 weeks never comes", "write week, or '2 weeks'"),
        ("zero months", 1, 4, "every 0 months never comes", "'2 months'"),
        ("every friyay", 7, 6, "'friyay' is not a day", "did you mean friday?"),
        ("other friyay", 7, 6, "'friyay' is not a day", "did you mean friday?"),
        ("3 weeks on mon,toe", 16, 3, "'toe' is not a day", "did you mean tue?"),
        ("third fryday", 7, 6, "'fryday' is not a day that can be counted in a month", "did you mean friday?"),
        ("third weekend", 7, 7, "'weekend' is not a day that can be counted in a month", "'3 weeks on sat,sun'"),
        ("first week", 1, 5, "'first week' cannot be planned", "'first friday'"),
        ("0 fridays", 1, 9, "every 0 fridays never comes", "write friday, or 'other friday'"),
        ("2 fridays", 1, 9, "'2 fridays' is not a length of time", "'2 weeks on friday'"),
        ("month on fri", 10, 3, "'fri' is not a day of a month", "'first friday'"),
        ("month on 32", 10, 2, "no month has a day 32", "'month on last day'"),
        ("month on 0", 10, 1, "no month has a day 0", "1 to 31"),
        ("15", 1, 2, "it does not say of what", "'month on 15', or '15 days'"),
        ("day on fri", 8, 3, "every day is on every day", "'week on'"),
        ("week on", 1, 7, "it does not say on which day", "write for example"),
        ("366 weeks", 1, 3, "366 weeks is too long", "at most 52 weeks"),
        ("30 february", 1, 11, "there is no 30 February: it has 28 days, 29 in a leap year", "that February has"),
        ("24 decembre", 1, 11, "'decembre' is not a month", "did you mean december?"),
        ("24 december 2026", 1, 16, "a day with its year comes once", "leave out --every, and write --on"),
        ("2026-12-24", 1, 10, "a day with its year comes once", "leave out --every, and write --on"),
        ("last sunday of mrch", 16, 4, "'mrch' is not a month", "did you mean march?"),
        ("first friday of every 99 months", 26, 6, "every 99 months cannot be planned", "1 to 24 months"),
        ("year on first sunday", 9, 12, "it does not say of which month", "'first sunday of may'"),
        ("wekly", 1, 5, "'wekly' says no time", "did you mean weekly?"),
        ("every", 1, 5, "it says nothing", "'other friday'"),
        ("FREQ=HOURLY", 1, 11, "partner time does not recur hourly", "FREQ is one of DAILY"),
    ],
)
def test_errors_have_a_caret_and_a_hint(text: str, column: int, width: int, says: str, instead: str) -> None:
    with pytest.raises(UserError) as refused:
        parse_recurrence(text)
    (problem,) = refused.value.problems
    assert (problem.message, problem.column, problem.width) == (says, column, width)
    assert instead in (problem.hint or "")
    assert max(map(len, str(refused.value).splitlines())) <= 80


def test_every_unknown_weekday_is_reported() -> None:
    with pytest.raises(UserError) as refused:
        parse_recurrence("every other monn, wed and frei", first=FRIDAY)
    assert [(problem.column, problem.message) for problem in refused.value.problems] == [
        (13, "'monn' is not a day"),
        (27, "'frei' is not a day"),
    ]


def test_all_problems_of_an_rrule_are_reported() -> None:
    with pytest.raises(UserError) as refused:
        parse_recurrence("FREQ=WEEKLY;BYDAY=1FR;BYHOUR=3;INTERVAL=0")
    assert len(refused.value.problems) == 3
