"""How days, months and numbers of them are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
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
"""By their number."""


def join_words(words: Sequence[str]) -> str:
    """Return "Monday", "Monday and Tuesday", "Monday, Tuesday and Friday"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def say_days(days: Iterable[int], first: int | None = None) -> str:
    """Return the weekdays, Monday 0: "every day", "Monday to Friday", "Friday to Monday", "Monday and Friday".

    Where it matters that a week begins with `first`, no stretch goes over its end.
    """
    named = sorted(set(days), key=lambda day: (day - (first or 0)) % 7)
    if len(named) == 7 and first is None:
        return "every day"
    for begin in named if first is None else named[:1]:
        run = [(begin + step) % 7 for step in range(len(named))]
        if len(run) >= 3 and set(run) == set(named):
            return f"{WEEKDAYS[run[0]]} to {WEEKDAYS[run[-1]]}"
    return join_words([WEEKDAYS[day] for day in named])


def say_nth(number: int) -> str:
    """Return "first", "fifth", "20th"; of what is counted from the end "last", "second to last"."""
    if number == -1:
        return "last"
    if number < 0:
        return f"{say_nth(-number)} to last"
    return ORDINALS[number] if number < len(ORDINALS) else say_date_number(number)


def say_date_number(number: int) -> str:
    """Return "1st", "2nd", "15th"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
