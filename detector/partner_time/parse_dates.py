"""Read dates and weekdays: `2026-12-24`, `24 dec`, `24.12.`, `fri`, `tomorrow`; `mon-fri`, `weekdays`.

Invariant 1: an ambiguous date is a problem that names both days, never a guess. A lenient parser would read `30 feb` as the
second of March, and `10/12` as either of two days.
Invariant 2: a day without a year is the next one of that name, from today on.
Invariant 3: every unknown word gets its own caret, and the nearest weekday.
"""

import re
from calendar import isleap, monthrange
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.day_names import MONTHS, WEEKDAYS, format_full_date
from detector.partner_time.parse_times import hint_nearest, input_error, parse_time_of_day, problem
from detector.spelling import nearest

# A date further ahead is a typing error.
MAX_YEARS_AHEAD: Final = 100

_HINT: Final = _("write for example 2026-12-24, 24 dec, 24.12., fri or tomorrow")
_ISO: Final = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})", re.ASCII)
_DOTTED: Final = re.compile(r"(?P<day>\d{1,2})\.\s*(?P<month>\d{1,2})(?:\.\s*(?P<year>\d{4})?)?", re.ASCII)
_NAMED: Final = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(?P<name>[a-z]{3,9})\.?(?:,?\s+(?P<year>\d{4}))?"
    r"|(?P<name2>[a-z]{3,9})\.?\s+(?P<day2>\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(?P<year2>\d{4}))?",
    re.ASCII,
)
# A weekday before the date, as in `fri 27 nov`: it has to agree with the date.
_LEADING: Final = re.compile(r"(?P<weekday>[a-z]{2,9})\.?[,\s]+(?P<rest>.*\d.*)", re.ASCII)
# A time at the end: with a colon or a dot, or with am or pm. A bare number would be part of the date.
_CLOCK: Final = re.compile(
    r"(?P<date>.*?)(?:\s*[,\s]\s*(?:at\s+)?|(?<=\d)t(?=\d))"
    r"(?P<clock>\d{1,2}[:.]\d{2}\s*(?:[ap]m|[ap]\.m\.)?|\d{1,2}\s*(?:[ap]m|[ap]\.m\.)|noon|midnight)",
    re.ASCII,
)
_NEAR: Final = {"today": 0, "tomorrow": 1}
_GROUPS: Final[dict[str, Iterable[int]]] = {
    **dict.fromkeys(("day", "daily", "everyday"), range(7)),
    **dict.fromkeys(("weekdays", "weekday"), range(5)),
    **dict.fromkeys(("weekend", "weekends"), (5, 6)),
}
DAY_HINT: Final = _("write for example mon-fri, mon,wed,fri, day, weekday or weekend")

# One item of a list of weekdays: a word, or words with dashes between them. People type - and –, with blanks or without.
_ITEM: Final = re.compile(r"[^,\s–-]+(?:\s*[–-]+\s*[^,\s–-]*)*|[–-]+")
_TO: Final = re.compile(r"\bto\b", re.IGNORECASE)


def parse_date(text: str, *, argument: str, now: datetime, zone: ZoneInfo, past: bool = False) -> date:
    """Return the day that `text` names, today or later by the clock of `zone`; with `past`, also one before."""
    return _read_date(text, text.strip().lower(), argument, now.astimezone(zone).date(), past=past)


def parse_when(text: str, *, argument: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the day and time that `text` names, later than `now`, as naive local time of `zone`."""
    wanted = text.strip().lower()
    match = _CLOCK.fullmatch(wanted)
    if match is None or not match["date"]:
        raise _no_day_or_time(text, wanted, argument)
    length = parse_time_of_day(match["clock"], argument=argument)
    if match["clock"] == "midnight":
        message = _("midnight could be where the day begins or where it ends")
        raise input_error(argument, text, message, _("write 00:00 and the day that begins then"))
    clock = time(length // timedelta(hours=1), length // timedelta(minutes=1) % 60)
    here = now.astimezone(zone).replace(tzinfo=None)
    # With its time, the name of today's weekday has one meaning only: today, or in a week where that time is past.
    day = _read_date(text, match["date"], argument, here.date(), today_counts=clock > here.time())
    at = datetime.combine(day, clock)
    named = {"date": format_full_date(at.date()), "time": f"{clock:%H:%M}"}
    if at.replace(tzinfo=zone).astimezone(UTC) <= now:
        raise input_error(argument, text, _("{date} {time} is past"), _("write for example tomorrow {time}"), **named)
    # A time that the clocks leave out comes back from UTC as the later one that they show then.
    shown = at.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if shown != at:
        message, hint = _("the clocks leave out {time} on {date}"), _("they go on at {shown}: write that")
        raise input_error(argument, text, message, hint, **named, shown=f"{shown:%H:%M}")
    return at


def month_of(word: str) -> int | None:
    """Return the month, 1 to 12, that the word names in whole or by its first three letters or more, or None."""
    lowered = word.lower().rstrip(".")
    if len(lowered) < 3:
        return None
    lowered = "sep" if lowered == "sept" else lowered
    months = [month for month, name in enumerate(MONTHS, 1) if name.lower().startswith(lowered)]
    return months[0] if len(months) == 1 else None


def not_in_month(day: int, month: int, year: int | None) -> str | None:
    """Return why there is no such day in the month, or None: "there is no 30 February: it has 28 days, 29 in a leap year"."""
    count = monthrange(2000 if year is None else year, month)[1]
    if 1 <= day <= count:
        return None
    if month != 2:
        message = _("there is no {day} {month}: it has {count} days")
    elif year is None:
        message = _("there is no {day} {month}: it has 28 days, 29 in a leap year")
    else:
        message = _("there is no {day} {month}: it has {count} days in {year}")
    return message.format(day=day, month=MONTHS[month - 1], count=count, year=year)


def _read_date(
    text: str, wanted: str, argument: str, today: date, *, past: bool = False, today_counts: bool | None = None
) -> date:
    # `today_counts`: whether the time that stands beside the day is still to come today; None if there is none.
    if wanted in _NEAR:
        return today + timedelta(days=_NEAR[wanted])
    if (weekday := weekday_of(wanted)) is not None:
        return _next_weekday(text, argument, weekday, today, today_counts=today_counts)
    numbers, leading = wanted, None
    if (match := _LEADING.fullmatch(wanted)) and (leading := weekday_of(match["weekday"])) is not None:
        numbers = match["rest"].strip()
    day = _read_numbers(text, numbers, argument, today)
    if leading is not None and day.weekday() != leading:
        message, hint = _("{date} is no {weekday}"), _("leave {weekday} out, or write another day")
        raise input_error(argument, text, message, hint, date=format_full_date(day), weekday=WEEKDAYS[leading])
    if day < today and not past:
        raise _past(argument, text, format_full_date(day), today)
    if abs(day.year - today.year) > MAX_YEARS_AHEAD:
        message, hint = _("the year {year} is too far away"), _("write a year within {maximum} years")
        raise input_error(argument, text, message, hint, year=day.year, maximum=MAX_YEARS_AHEAD)
    return day


def _past(argument: str, text: str, date_: str, today: date) -> UserError:
    hint = _("today is {today}")
    return input_error(argument, text, _("{date} is past"), hint, date=date_, today=format_full_date(today))


def _next_weekday(text: str, argument: str, weekday: int, today: date, *, today_counts: bool | None) -> date:
    ahead = (weekday - today.weekday()) % 7
    if ahead == 0 and today_counts is not False:
        later = today + timedelta(days=7)
        message = _("today is {weekday}: it could be today or the one in a week")
        raise input_error(argument, text, message, _("write today, or {later}"), weekday=WEEKDAYS[weekday], later=later)
    return today + timedelta(days=ahead or 7)


def _read_numbers(text: str, wanted: str, argument: str, today: date) -> date:
    if match := _ISO.fullmatch(wanted) or _DOTTED.fullmatch(wanted):
        day, month, year = int(match["day"]), int(match["month"]), match["year"]
    elif (match := _NAMED.fullmatch(wanted)) and (named := month_of(match["name"] or match["name2"])) is not None:
        day, month, year = int(match["day"] or match["day2"]), named, match["year"] or match["year2"]
    else:
        raise _no_date(text, wanted, argument, today)
    if not 1 <= month <= 12:
        hint = _("a month is 1 to 12, as in 2026-12-24")
        raise input_error(argument, text, _("there is no month {month}"), hint, month=month)
    if year is not None and int(year) < 1:
        raise input_error(argument, text, _("there is no year 0"), _HINT)
    if wrong := not_in_month(day, month, None if year is None else int(year)):
        raise input_error(argument, text, wrong, _("write a day that {month} has"), month=MONTHS[month - 1])
    if year is not None:
        return date(int(year), month, day)
    # Nine years: between 1896 and 1904, and around 2100, 29 February comes once in eight years.
    return next(
        date(of, month, day)
        for of in range(today.year, today.year + 9)
        if (month, day) != (2, 29) or isleap(of)
        if date(of, month, day) >= today
    )


def _no_date(text: str, wanted: str, argument: str, today: date) -> UserError:
    if wanted == "yesterday":
        return _past(argument, text, _("yesterday"), today)
    quoted: dict[str, Any] = {"quoted": wanted}
    if re.fullmatch(r"\d{1,4}/\d{1,2}(/\d{2,4})?", wanted, re.ASCII):
        message = _("'{quoted}' is one day to some readers and another to others")
        return input_error(argument, text, message, _("write for example 2026-12-24 or 24 dec"), **quoted)
    if re.fullmatch(r"\d{1,2}[.-]\d{1,2}[.-]\d{2}", wanted, re.ASCII):
        message, hint = _("'{quoted}' could be several days"), _("write the year in full: 2026-12-24")
        return input_error(argument, text, message, hint, **quoted)
    match = re.fullmatch(r"(?:next|this|coming)\s+(\S+)", wanted)
    if match and (weekday := weekday_of(match[1])) is not None:
        first = today + timedelta(days=(weekday - today.weekday()) % 7 or 7)
        message, hint = _("'{quoted}' could be one week or another"), _("write {first} or {second}")
        return input_error(argument, text, message, hint, **quoted, first=first, second=first + timedelta(days=7))
    if match := re.fullmatch(r"(?:\d{1,2}(?:st|nd|rd|th)?\s+)?([a-z]+)(?:\s+\d{1,4})?", wanted):
        whole = [name.lower() for name in (*WEEKDAYS, *MONTHS)]
        near = nearest(match[1], (*_NEAR, *whole)) or nearest(match[1], {name[:3] for name in whole})
        at = text.lower().find(match[1])
        if near and near != match[1]:
            word = text[at : at + len(match[1])]
            return input_error(argument, text, _("'{word}' is no day"), hint_nearest(near, _HINT), at=at, word=word)
    return input_error(argument, text, _("'{word}' is no day"), _HINT)


def _no_day_or_time(text: str, wanted: str, argument: str) -> UserError:
    if match := _CLOCK.fullmatch(f"day {wanted}"):
        hint = _("write for example tomorrow {time} or sun {time}")
        return input_error(argument, text, _("the day is missing"), hint, time=match["clock"])
    hint = _("write for example sun 11:00 or 2026-12-24 18:00")
    return input_error(argument, text, _("no time of day is at the end of it"), hint)


def parse_days(text: str, *, argument: str = "--every", whole: str | None = None, at: int = 0) -> tuple[int, ...]:
    """Return the weekdays that `text` names, Monday 0 to Sunday 6; `text` stands in `whole` from character `at` on.

    They are in order from Monday; a single stretch over the weekend, such as `fri-mon`, is in order from its first day.
    """
    shown = text if whole is None else whole
    weekdays: list[int] = []
    problems = []
    for item in _ITEM.finditer(_TO.sub("- ", text)):
        words = [(word[0], item.start() + word.start()) for word in re.finditer(r"[^\s–-]+", item[0])]
        dashes = len(re.findall("[-–]", item[0]))
        named = [(word, start, _days_of(word)) for word, start in words if word.lower() not in {"and", "&"}]
        unknown = [(word, start) for word, start, days in named if days is None]
        problems += [
            problem(argument, shown, _("'{word}' is no day"), near_day(word), at=at + start, word=word)
            for word, start in unknown
        ]
        if unknown or (not named and not dashes):
            continue
        days = [list(of or ()) for _, _, of in named]
        if dashes == 0:
            weekdays += days[0]
        elif dashes == 1 and len(days) == 2 and all(len(of) == 1 for of in days):
            first, last = days[0][0], days[1][0]
            weekdays += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
        else:
            stretch = text[item.start() : item.end()]
            message = _("'{word}' does not go from one day to another")
            problems.append(problem(argument, shown, message, DAY_HINT, at=at + item.start(), word=stretch))
    if not weekdays and not problems:
        problems.append(problem(argument, shown, _("no day is named"), DAY_HINT))
    if problems:
        raise UserError(problems)
    is_stretch = len(weekdays) < 7 and all((earlier + 1) % 7 == later for earlier, later in pairwise(weekdays))
    return tuple(weekdays) if is_stretch else tuple(sorted(set(weekdays)))


def weekday_of(word: str) -> int | None:
    """Return the weekday, Monday 0, that the word names in whole or by its first two letters or more, or None."""
    lowered = word.lower().rstrip(".")
    if len(lowered) < 2:
        return None
    days = [day for day, name in enumerate(WEEKDAYS) if f"{name.lower()}s".startswith(lowered)]
    return days[0] if len(days) == 1 else None


def near_day(word: str) -> str:
    short = [name[:3].lower() for name in WEEKDAYS]
    whole = [*_GROUPS, *(name.lower() for name in WEEKDAYS)]
    return hint_nearest(nearest(word.lower(), short) or nearest(word.lower(), whole), DAY_HINT)


def _days_of(word: str) -> Iterable[int] | None:
    lowered = word.lower().rstrip(".")
    if lowered in _GROUPS:
        return _GROUPS[lowered]
    day = weekday_of(word)
    return None if day is None else (day,)
