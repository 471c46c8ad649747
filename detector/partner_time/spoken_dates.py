"""Dates that people write, read: `2026-12-24`, `24 dec`, `24.12.`, `fri`, `tomorrow`; with a time of day where one is meant.

Rule 1: what could be two days is a problem that names both, never a guess. So no lenient parser reads here: to one,
`30 feb` is the second of March somewhere, and `10/12` the tenth or the twelfth.
Rule 2: a day without a year is the next one of that name, from today on.
"""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from detector.errors import Problem, UserError
from detector.partner_time.day_names import MONTHS, WEEKDAYS
from detector.partner_time.spoken import parse_time_of_day
from detector.partner_time.spoken_days import weekday_of
from detector.partner_time.spoken_problem import nearest, problem

FARTHEST: Final = 100
"""So many years ahead a date may lie; beyond that it is a slip of the fingers."""

_HINT: Final = "write for example 2026-12-24, 24 dec, 24.12., fri or tomorrow"
_ISO: Final = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})", re.ASCII)
_DOTTED: Final = re.compile(r"(?P<day>\d{1,2})\.\s*(?P<month>\d{1,2})(?:\.\s*(?P<year>\d{4})?)?", re.ASCII)
_NAMED: Final = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(?P<name>[a-z]{3,9})\.?(?:,?\s+(?P<year>\d{4}))?"
    r"|(?P<name2>[a-z]{3,9})\.?\s+(?P<day2>\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(?P<year2>\d{4}))?",
    re.ASCII,
)
_LEADING: Final = re.compile(r"(?P<weekday>[a-z]{2,9})\.?[,\s]+(?P<rest>.*\d.*)", re.ASCII)
_CLOCK: Final = re.compile(
    r"(?P<date>.*?)(?:\s*[,\s]\s*(?:at\s+)?|(?<=\d)t(?=\d))"
    r"(?P<clock>\d{1,2}[:.]\d{2}\s*(?:[ap]m|[ap]\.m\.)?|\d{1,2}\s*(?:[ap]m|[ap]\.m\.)|noon|midnight)",
    re.ASCII,
)
_NEAR: Final = {"today": 0, "tomorrow": 1}


def parse_date(text: str, *, argument: str, now: datetime, zone: ZoneInfo, past: bool = False) -> date:
    """Return the day that `text` names, today or later by the clock of `zone`; with `past`, also one before.

    Raises:
        UserError: if it names none, more than one, one that is past, or one that does not exist.
    """
    return _read(text, text.strip().lower(), argument, now.astimezone(zone).date(), past=past, today_counts=None)


def parse_when(text: str, *, argument: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the day and time that `text` names, later than `now`, as naive local time of `zone`.

    Raises:
        UserError: if it names none, more than one, one that is past, or one that the clocks leave out.
    """
    wanted = text.strip().lower()
    found = _CLOCK.fullmatch(wanted)
    if found is None or not found["date"]:
        raise UserError([_no_day_or_time(text, wanted, argument)])
    length = parse_time_of_day(found["clock"], argument=argument)
    if found["clock"] == "midnight":
        hint = "write 00:00 and the day that begins then"
        raise UserError([problem(argument, text, "midnight could be where the day begins or where it ends", hint=hint)])
    clock = time(length // timedelta(hours=1), length // timedelta(minutes=1) % 60)
    here = now.astimezone(zone).replace(tzinfo=None)
    later_today = clock > here.time()
    at = datetime.combine(
        _read(text, found["date"], argument, here.date(), past=False, today_counts=later_today), clock
    )
    if at.replace(tzinfo=zone).astimezone(UTC) <= now:
        said = f"{say_date(at.date())} {clock:%H:%M}"
        hint = f"write for example tomorrow {clock:%H:%M}"
        raise UserError([problem(argument, text, f"{said} is past", hint=hint)])
    shown = at.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if shown != at:
        message = f"the clocks leave out {clock:%H:%M} on {say_date(at.date())}"
        raise UserError([problem(argument, text, message, hint=f"they go on at {shown:%H:%M}: write that")])
    return at


def say_date(day: date) -> str:
    """Return "Thursday 24 December 2026"."""
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]} {day.year}"


def month_of(word: str) -> int | None:
    """Return the month, 1 to 12, that the word names in whole or by its first three letters or more, or None."""
    lowered = word.lower().rstrip(".")
    if len(lowered) < 3:
        return None
    lowered = "sep" if lowered == "sept" else lowered
    found = [month for month, name in enumerate(MONTHS, 1) if name.lower().startswith(lowered)]
    return found[0] if len(found) == 1 else None


def not_in_month(day: int, month: int, year: int | None) -> str | None:
    """Return why there is no such day in the month, or None: "there is no 30 February: it has 28 days, 29 in a leap year"."""
    longest = monthrange(2000 if year is None else year, month)[1]
    if 1 <= day <= longest:
        return None
    name = MONTHS[month - 1]
    if month == 2 and year is None:
        has = "28 days, 29 in a leap year"
    elif month == 2:
        has = f"{longest} days in {year}"
    else:
        has = f"{longest} days"
    return f"there is no {day} {name}: it has {has}"


def _read(text: str, wanted: str, argument: str, today: date, *, past: bool, today_counts: bool | None) -> date:
    # `today_counts`: whether the time that stands beside the day is still to come today; None if there is none.
    if wanted in _NEAR:
        return today + timedelta(days=_NEAR[wanted])
    if (weekday := weekday_of(wanted)) is not None:
        return _next_weekday(text, argument, weekday, today, today_counts=today_counts)
    said, leading = wanted, None
    if (found := _LEADING.fullmatch(wanted)) and (leading := weekday_of(found["weekday"])) is not None:
        said = found["rest"].strip()
    day = _read_numbers(text, said, argument, today)
    if leading is not None and day.weekday() != leading:
        name = WEEKDAYS[leading]
        hint = f"leave {name} out, or write another day"
        raise UserError([problem(argument, text, f"{say_date(day)} is no {name}", hint=hint)])
    if day < today and not past:
        raise UserError([problem(argument, text, f"{say_date(day)} is past", hint=f"today is {say_date(today)}")])
    if abs(day.year - today.year) > FARTHEST:
        hint = f"write a year within {FARTHEST} years"
        raise UserError([problem(argument, text, f"the year {day.year} is too far away", hint=hint)])
    return day


def _next_weekday(text: str, argument: str, weekday: int, today: date, *, today_counts: bool | None) -> date:
    ahead = (weekday - today.weekday()) % 7
    if ahead == 0 and today_counts is not False:
        later = today + timedelta(days=7)
        message = f"today is {WEEKDAYS[weekday]}: it could be today or the one in a week"
        raise UserError([problem(argument, text, message, hint=f"write today, or {later:%Y-%m-%d}")])
    return today + timedelta(days=ahead or 7)


def _read_numbers(text: str, said: str, argument: str, today: date) -> date:
    if found := _ISO.fullmatch(said) or _DOTTED.fullmatch(said):
        day, month, year = int(found["day"]), int(found["month"]), found["year"]
    elif (found := _NAMED.fullmatch(said)) and (named := month_of(found["name"] or found["name2"])) is not None:
        day, month, year = int(found["day"] or found["day2"]), named, found["year"] or found["year2"]
    else:
        raise UserError([_no_date(text, said, argument, today)])
    if not 1 <= month <= 12:
        hint = "a month is 1 to 12, as in 2026-12-24"
        raise UserError([problem(argument, text, f"there is no month {month}", hint=hint)])
    if year is not None and int(year) < 1:
        raise UserError([problem(argument, text, "there is no year 0", hint=_HINT)])
    if wrong := not_in_month(day, month, None if year is None else int(year)):
        raise UserError([problem(argument, text, wrong, hint=f"write a day that {MONTHS[month - 1]} has")])
    if year is not None:
        return date(int(year), month, day)
    return next(
        date(of, month, day)
        for of in range(today.year, today.year + 9)
        if (month, day) != (2, 29) or isleap(of)
        if date(of, month, day) >= today
    )


def _no_date(text: str, said: str, argument: str, today: date) -> Problem:
    if said == "yesterday":
        return problem(argument, text, "yesterday is past", hint=f"today is {say_date(today)}")
    if re.fullmatch(r"\d{1,4}/\d{1,2}(/\d{2,4})?", said, re.ASCII):
        message = f"'{said}' is one day to some readers and another to others"
        return problem(argument, text, message, hint="write for example 2026-12-24 or 24 dec")
    if re.fullmatch(r"\d{1,2}[.-]\d{1,2}[.-]\d{2}", said, re.ASCII):
        return problem(argument, text, f"'{said}' could be several days", hint="write the year in full: 2026-12-24")
    if (found := re.fullmatch(r"(?:next|this|coming)\s+(\S+)", said)) and (weekday := weekday_of(found[1])) is not None:
        first = today + timedelta(days=(weekday - today.weekday()) % 7 or 7)
        hint = f"write {first:%Y-%m-%d} or {first + timedelta(days=7):%Y-%m-%d}"
        return problem(argument, text, f"'{said}' could be one week or another", hint=hint)
    if found := re.fullmatch(r"(?:\d{1,2}(?:st|nd|rd|th)?\s+)?([a-z]+)(?:\s+\d{1,4})?", said):
        whole = [name.lower() for name in (*WEEKDAYS, *MONTHS)]
        near = nearest(found[1], (*_NEAR, *whole)) or nearest(found[1], {name[:3] for name in whole})
        at = text.lower().find(found[1])
        if near and near != found[1]:
            message = f"'{text[at : at + len(found[1])]}' is no day"
            return problem(argument, text, message, at=at, width=len(found[1]), hint=f"did you mean {near}?")
    return problem(argument, text, f"'{text.strip()}' is no day", hint=_HINT)


def _no_day_or_time(text: str, wanted: str, argument: str) -> Problem:
    if found := _CLOCK.fullmatch(f"day {wanted}"):
        hint = f"write for example tomorrow {found['clock']} or sun {found['clock']}"
        return problem(argument, text, "the day is missing", hint=hint)
    return problem(
        argument, text, "no time of day is at the end of it", hint="write for example sun 11:00 or 2026-12-24 18:00"
    )
