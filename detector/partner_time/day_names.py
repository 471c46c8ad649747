"""The names of days, months and ordinal numbers."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from detector.i18n import _, date_conventions

# One text for all of them: a translation has as many words, in this order.
WEEKDAYS: Final = tuple(_("Monday Tuesday Wednesday Thursday Friday Saturday Sunday").split())
MONTHS: Final = tuple(
    _("January February March April May June July August September October November December").split()
)
# Not translated: people write these words, and parse_recurrence.py has to know them.
ORDINALS: Final = (
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
)


def join_words(words: Sequence[str]) -> str:
    """Return "Monday", "Monday and Tuesday", "Monday, Tuesday and Friday"."""
    if len(words) < 2:
        return "".join(words)
    return _("{some} and {last}").format(some=", ".join(words[:-1]), last=words[-1])


def format_full_date(day: date) -> str:
    """Return "Thursday 24 December 2026", or "Thursday, December 24, 2026" where people write so."""
    return with_weekday(WEEKDAYS[day.weekday()], format_day_of_month(day, with_year=True))


def format_day_of_month(day: date, *, with_year: bool, months: Sequence[str] = MONTHS) -> str:
    """Return "24 December", "24 December 2026", or "December 24, 2026" where people write so."""
    month = months[day.month - 1]
    if date_conventions().is_month_first:
        return f"{month} {day.day}, {day.year}" if with_year else f"{month} {day.day}"
    return f"{day.day} {month} {day.year}" if with_year else f"{day.day} {month}"


def with_weekday(weekday: str, date_: str) -> str:
    return f"{weekday}, {date_}" if date_conventions().is_month_first else f"{weekday} {date_}"


def format_short_day(day: date, *, with_year: bool = False) -> str:
    """Return "Thu 24 Dec", or "Thu, Dec 24" where people write so."""
    date_ = format_day_of_month(day, with_year=with_year, months=[name[:3] for name in MONTHS])
    return with_weekday(WEEKDAYS[day.weekday()][:3], date_)


def format_days(days: Iterable[int], first: int | None = None) -> str:
    """Return "every day", "Monday to Friday", "Monday and Friday"; no stretch crosses the end of a week from `first`."""
    named = sorted(set(days), key=lambda day: (day - (first or 0)) % 7)
    if len(named) == 7 and first is None:
        return _("every day")
    if row := days_in_a_row(named, first):
        return _("{first} to {last}").format(first=WEEKDAYS[row[0]], last=WEEKDAYS[row[-1]])
    return join_words([WEEKDAYS[day] for day in named])


def days_in_a_row(days: Iterable[int], first: int | None = None) -> list[int]:
    """Return the weekdays in order if they are three or more in a row, else nothing."""
    named = sorted(set(days), key=lambda day: (day - (first or 0)) % 7)
    for begin in named if first is None else named[:1]:
        row = [(begin + step) % 7 for step in range(len(named))]
        if len(row) >= 3 and set(row) == set(named):
            return row
    return []


def format_nth(number: int) -> str:
    """Return "first", "fifth", "20th"; of what is counted from the end "last", "second to last"."""
    if number == -1:
        return _("last")
    if number < 0:
        return _("{nth} to last").format(nth=format_nth(-number))
    return ORDINALS[number] if number < len(ORDINALS) else format_date_number(number)


def format_date_number(number: int) -> str:
    """Return "1st", "2nd", "15th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
