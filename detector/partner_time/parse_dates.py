"""Read days, and instants by their day: `2026-12-24`, `24 dec`, `24.12.`, `fri`, `tomorrow`, `sun 11:00`, `until 22:00`.

Invariant 1: an ambiguous date is a problem that names both days, never a guess. A lenient parser would read `30 feb` as the
second of March, and `10/12` as either of two days.
Invariant 2: a day without a year is the next one of that name, from today on; where one looks back, the last one until today.
"""

import re
from calendar import isleap, monthrange
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from detector.errors import UserError
from detector.i18n import _, date_conventions, format_clock
from detector.partner_time.day_names import MONTHS, WEEKDAYS, format_full_date
from detector.partner_time.parse_times import (
    CLOCK,
    HALF_A_DAY,
    NUMBER_WORDS,
    ClockTime,
    UnusableLength,
    check_length,
    format_time,
    hint_nearest,
    input_error,
    normalize,
    problem,
    read_clock,
    read_length,
    two_halves,
)
from detector.partner_time.parse_weekdays import near_name, weekday_of
from detector.partner_time.wall_clock import DAY
from rules.lengths import format_length

# A date further ahead is a typing error.
MAX_YEARS_AHEAD: Final = 100

_HINT: Final = _("write for example 2026-12-24, 24 dec, 24.12., fri or tomorrow")
_ISO_BASIC: Final = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_ISO_WEEK: Final = re.compile(r"(\d{4})-?w(\d{1,2})", re.ASCII)
_ISO: Final = re.compile(r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})", re.ASCII)
_DOTTED: Final = re.compile(r"(?P<day>\d{1,2})\.\s*(?P<month>\d{1,2})(?:\.\s*(?P<year>\d{4}|\d{2})?)?", re.ASCII)
# A day and a month, in either order: one of the numbers has to be more than twelve.
_EITHER: Final = re.compile(r"(?P<one>\d{1,2})[/-](?P<two>\d{1,2})(?:[/-](?P<year>\d{4}|\d{2}))?", re.ASCII)
_OF_MONTH: Final = re.compile(r"(?P<day>\d{1,2})(?:st|nd|rd|th)", re.ASCII)
_NAMED: Final = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(?P<name>[a-z]{3,9})\.?(?:,?\s+(?P<year>\d{4}))?"
    r"|(?P<name2>[a-z]{3,9})\.?\s+(?P<day2>\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(?P<year2>\d{4}))?",
    re.ASCII,
)
# A weekday before the date, as in `fri 27 nov`: it has to agree with the date.
_LEADING: Final = re.compile(r"(?P<weekday>[a-z]{2,9})\.?[,\s]+(?P<rest>.*\d.*)", re.ASCII)
# A time before or behind a day. A bare number would be part of the date, unless `at` stands before it or no other number.
_CLOCK_LAST: Final = re.compile(
    rf"(?P<date>.*?)(?:\s*[,\s]\s*(?:(?:at|from)\s+)?|(?<=\d)t(?=\d))(?P<clock>{CLOCK}|(?<=at\s)\d{{1,2}})"
    r"|(?P<date2>[^\d]+?)\s+(?P<clock2>\d{1,2})",
    re.ASCII,
)
_CLOCK_FIRST: Final = re.compile(
    rf"(?:at\s+)?(?P<clock>{CLOCK}|(?<=at\s)\d{{1,2}}),?\s+(?:on\s+)?(?P<date>.+)", re.ASCII
)
_PART: Final = re.compile(r"(?P<date>.*\S)\s+(?:in\s+the\s+)?(?P<part>morning|afternoon|evening|night)s?")
_HALVES: Final = {"morning": "am", "afternoon": "pm", "evening": "pm", "night": "pm"}
_NEAR: Final = {
    "day before yesterday": -2,
    "yesterday": -1,
    "today": 0,
    "tonight": 0,
    "tomorrow": 1,
    "tmrw": 1,
    "day after tomorrow": 2,
}
_COUNT: Final = rf"(?P<count>\d{{1,4}}|an?|{'|'.join(NUMBER_WORDS)})"
_DISTANT: Final = re.compile(
    rf"(?:(?P<ahead>in)\s+)?{_COUNT}\s+(?P<unit>day|week|month|year)s?"
    r"(?:\s+(?P<way>from\s+(?:now|today|tomorrow)|ahead|time|ago|back))?"
)
_WEEK: Final = re.compile(r"(?P<which>this|last|next|past)\s+(?P<unit>week|month|year)")
HOLIDAYS: Final = {
    "new year's day": (1, 1),
    "valentine's day": (2, 14),
    "halloween": (10, 31),
    "christmas eve": (12, 24),
    "christmas": (12, 25),
    "christmas day": (12, 25),
    "boxing day": (12, 26),
    "new year's eve": (12, 31),
}
_EARLIEST: Final = date(1970, 1, 1)

Direction = Literal["ahead", "any", "back"]
"""Which way a day lies: from today on, either way, or until today."""


class _NotADay(UserError):
    """No day is written there, in any way that people write days."""


def parse_date(
    text: str,
    *,
    argument: str,
    now: datetime,
    zone: ZoneInfo,
    direction: Direction = "ahead",
    today_counts: bool | None = None,
) -> date:
    """Return the day that `text` names, by the clock of `zone`."""
    day, _half = _read_day(text, text, argument, now.astimezone(zone).date(), direction, today_counts=today_counts)
    return day


def split_clock(text: str, *, argument: str, is_end: bool = False) -> tuple[str, ClockTime | None, str]:
    """Return the text without the time of day in it, that time, and the half of the day that the rest names.

    `tomorrow 8pm` is `tomorrow` and the time, `friday evening` is `friday` and "pm".
    """
    wanted = normalize(text, argument=argument)
    is_clock = re.fullmatch(rf"(?:at\s+)?(?:{CLOCK})", wanted, re.ASCII)
    match = None if is_clock else _CLOCK_LAST.fullmatch(wanted) or _CLOCK_FIRST.fullmatch(wanted)
    day, clock = wanted, None
    if match is not None:
        groups = match.groupdict()
        day, clock = groups["date"] or groups.get("date2") or "", groups["clock"] or groups.get("clock2") or ""
        if month_of(day.rpartition(" ")[2]) is not None and groups.get("clock2"):
            day, clock = wanted, None
    day, half = _split_part(day)
    read = None if not clock else read_clock(clock, argument=argument, is_end=is_end).in_half(half)
    return day.strip(", "), read, half


def _split_part(day: str) -> tuple[str, str]:
    """Return the day without the part of it that is named, and the half of the day that this part is: "friday" and "pm"."""
    half = "pm" if day.split()[-1:] == ["tonight"] else ""
    if part := _PART.fullmatch(day):
        day, half = part["date"], _HALVES[part["part"]]
        day = "today" if day == "this" else "yesterday" if day == "last" and part["part"] == "night" else day
    return day, half


def parse_when(text: str, *, argument: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the day and time that `text` names, later than `now`, as naive local time of `zone`."""
    if match := re.fullmatch(
        r"in\s+(.*\b(?:h|hours?|min|minutes?))", check_length(text, argument=argument).strip().lower()
    ):
        return (
            (now + read_length(match[1], argument=argument))
            .astimezone(zone)
            .replace(tzinfo=None, second=0, microsecond=0)
        )
    day_text, clock, _half = split_clock(text, argument=argument)
    if clock is None or not day_text:
        raise _no_day_or_time(text, argument)
    if clock.is_hour:
        raise two_halves(clock, argument=argument)
    if clock.text == "midnight":
        message = _("midnight could be where the day begins or where it ends")
        raise input_error(argument, text, message, _("write 00:00 and the day that begins then"))
    here = now.astimezone(zone).replace(tzinfo=None)
    # With its time, the name of today's weekday has one meaning only: today, or in a week where that time is past.
    still_to_come = datetime.combine(here.date(), time()) + clock.at > here
    day, _half = _read_day(text, day_text, argument, here.date(), "ahead", today_counts=still_to_come)
    at = datetime.combine(day, time()) + clock.at
    named = {"date": format_full_date(at.date()), "time": format_time(clock.at)}
    if at.replace(tzinfo=zone).astimezone(UTC) <= now:
        raise input_error(argument, text, _("{date} {time} is past"), _("write for example tomorrow {time}"), **named)
    # A time that the clocks leave out comes back from UTC as the later one that they show then.
    shown = at.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if shown != at:
        message, hint = _("the clocks leave out {time} on {date}"), _("they go on at {shown}: write that")
        raise input_error(argument, text, message, hint, **named, shown=format_clock(shown))
    return at


def parse_length_or_end(
    text: str, *, argument: str, now: datetime, zone: ZoneInfo, begins: datetime | None = None
) -> timedelta:
    """Return how long something lasts that has begun: `90min`, `2 hours`, `until 22:00`, `till midnight`.

    An end counts from `now` on, and must be later than `begins`, which is `now` where it is not given. An hour alone is the
    next of that name; any other time more than 12 h away has a second reading.
    """
    match = re.fullmatch(r"(?:until|till|til|to)\s+(.+)", normalize(text, argument=argument))
    if match is None:
        return read_length(text, argument=argument, bare="min")
    since = now if begins is None else begins
    day, clock, _half = split_clock(match[1], argument=argument)
    if clock is not None and day:
        return parse_when(match[1], argument=argument, now=now, zone=zone).replace(tzinfo=zone) - since
    clock = read_clock(match[1], argument=argument)
    here = since.astimezone(zone).replace(tzinfo=None)
    midnight = datetime.combine(here.date(), time())
    choices = [clock.at, clock.other] if clock.is_hour else [clock.at]
    lasts, at = min(((at - (here - midnight)) % DAY or DAY, at) for at in choices)
    if lasts > HALF_A_DAY:
        other = format_time((at + HALF_A_DAY) % DAY)
        readings = (f"until {other}", format_length(lasts))
        message, hint = _("'{word}' would be {length}"), _("write 'until {other}', or the length: '{length}'")
        raise input_error(argument, text, message, hint, readings=readings, length=format_length(lasts), other=other)
    return (here + lasts).replace(tzinfo=zone) - since


def parse_since(text: str, now: datetime, zone: ZoneInfo, *, argument: str = "--since") -> datetime:
    """Return the instant, aware, from which on to look back: `7d`, `two weeks`, `yesterday`, `last month`, `2026-11-01`.

    Whole days begin at midnight in the zone. An instant in the future, or a text that is not a length or a day, is a problem.
    """
    wanted = re.sub(r"^(?:since|from)\s+", "", normalize(text, argument=argument))
    today = now.astimezone(zone).date()
    if re.fullmatch(r"\d+\s*m?", wanted):
        message, hint = (
            _("'{word}' has more than one meaning"),
            _("write for example {count}d, {count}w, {count}min or {count} months"),
        )
        raise input_error(argument, text, message, hint, count=wanted.rstrip(" m"))
    ago = re.sub(
        r"^(?:(?:the|last|past)\s+)+(?=\d|an?\s|[a-z]+\s)",
        "",
        re.sub(r"^(?:(?:the|past)\s+)*(?=month$|year$)", "a ", wanted),
    )
    distant = _DISTANT.fullmatch(ago)
    day: date | None = None
    if distant and distant["unit"] in {"month", "year"} and distant["ahead"] is None:
        day = _months_from(today, -_count(distant["count"]) * (12 if distant["unit"] == "year" else 1))
    elif month_of(wanted) is not None:
        day = _with_year(1, month_of(wanted) or 1, today, "back")
    elif match := _WEEK.fullmatch(wanted):
        day = _first_of(match["which"], match["unit"], today)
    else:
        try:
            length = read_length(wanted, argument=argument)
        except UnusableLength:
            raise
        except UserError:
            day = _look_back_day(text, wanted, argument, today)
        else:
            # "7d" means seven whole days, "48h" means 48 hours to the second.
            if length % DAY or not re.search("d|w", wanted):
                return now - length
            day = today - length
    # In the first years of the calendar an instant cannot be converted to UTC, and nothing is kept of then anyway.
    return datetime.combine(max(day, _EARLIEST), time(), tzinfo=zone)


def _look_back_day(text: str, wanted: str, argument: str, today: date) -> date:
    try:
        return _read_day(text, wanted, argument, today, "back")[0]
    except _NotADay:
        pass
    message, hint = (
        _("'{word}' is neither a length nor a date"),
        _("write a length such as 7d or 2w, or a date such as {day}"),
    )
    raise input_error(argument, text, message, hint, word=text, day=today - 7 * DAY)


def _first_of(which: str, unit: str, today: date) -> date:
    step = {"this": 0, "last": -1, "past": -1, "next": 1}[which]
    if unit == "week":
        return today + (7 * step - (today.weekday() - date_conventions().first_weekday) % 7) * DAY
    first = today.replace(day=1) if unit == "month" else today.replace(month=1, day=1)
    return _months_from(first, step * (1 if unit == "month" else 12))


def _months_from(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    year = max(1, min(year, 9998))
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _count(word: str) -> int:
    return 1 if word in {"a", "an"} else NUMBER_WORDS[word] if word in NUMBER_WORDS else int(word)


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


def _read_day(
    text: str, wanted: str, argument: str, today: date, direction: Direction, *, today_counts: bool | None = None
) -> tuple[date, str]:
    """Return the day, and the half of the day that stands beside it: "pm" of `friday evening`."""
    wanted, half = _split_part(normalize(wanted, argument=argument))
    wanted = re.sub(r"^(?:(?:on|the)\s+)+", "", wanted)
    # `20-dec-2026` and `20261224` are other spellings of what is read below.
    wanted = re.sub(r"(?<=\d)-(?=[a-z]{3})|(?<=[a-z]{3})-(?=\d)", " ", _ISO_BASIC.sub(r"\1-\2-\3", wanted))
    day = _read_date(text, wanted, argument, today, direction, today_counts=today_counts)
    if day < today and direction == "ahead":
        raise _past(argument, text, format_full_date(day), today)
    if day > today and direction == "back":
        message, hint = _("{date} lies in the future"), _("today is {today}")
        raise input_error(argument, text, message, hint, date=format_full_date(day), today=format_full_date(today))
    if abs(day.year - today.year) > MAX_YEARS_AHEAD and direction != "back":
        message, hint = _("the year {year} is too far away"), _("write a year within {maximum} years")
        raise input_error(argument, text, message, hint, year=day.year, maximum=MAX_YEARS_AHEAD)
    return day, half


def _read_date(
    text: str, wanted: str, argument: str, today: date, direction: Direction, *, today_counts: bool | None
) -> date:
    # `today_counts`: whether the time beside the day is still to come today; None: there is no time.
    if wanted in _NEAR:
        return today + _NEAR[wanted] * DAY
    if wanted in HOLIDAYS:
        month, number = HOLIDAYS[wanted]
        return _with_year(number, month, today, direction)
    if (match := _DISTANT.fullmatch(wanted)) and (match["ahead"] or match["way"]):
        sign = -1 if match["way"] in {"ago", "back"} else 1
        count = sign * _count(match["count"]) * {"day": 1, "week": 7, "month": 1, "year": 12}[match["unit"]]
        start = today + DAY * ((match["way"] or "").endswith("tomorrow"))
        return _months_from(start, count) if match["unit"] in {"month", "year"} else start + min(count, 400_000) * DAY
    if direction == "any" and (match := _WEEK.fullmatch(wanted.removesuffix(" week") + " week")):
        return _first_of(match["which"], "week", today)
    if direction == "any" and (match := _ISO_WEEK.fullmatch(wanted)) and 1 <= int(match[2]) <= 52 and int(match[1]):
        return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    match = re.fullmatch(r"(?:an?\s+week\s+(?:on|from)\s+(?P<day>\S+)|(?P<day2>\S+)\s+week)", wanted)
    if match and direction != "back" and weekday_of(match["day"] or match["day2"]) is not None:
        return 7 * DAY + _read_date(text, match["day"] or match["day2"], argument, today, direction, today_counts=None)
    match = re.fullmatch(r"end\s+of\s+(?:the\s+)?(?P<month>[a-z]+)", wanted)
    if match and argument == "--until":
        last_month = today.month if match["month"] == "month" else month_of(match["month"])
        if last_month is not None:
            first = _with_year(1, last_month, today.replace(day=1), direction)
            return first.replace(day=monthrange(first.year, first.month)[1])
    match = re.fullmatch(r"(?P<which>(?:this|next|last|past|coming)(?:\s+coming)?)\s+(?P<day>\S+)", wanted)
    if match and (weekday := weekday_of(match["day"])) is not None:
        return _named_weekday(text, argument, weekday, today, which=match["which"], direction=direction)
    if (weekday := weekday_of(wanted)) is not None:
        return _next_weekday(text, argument, weekday, today, direction, today_counts=today_counts)
    numbers, leading = wanted, None
    if (match := _LEADING.fullmatch(wanted)) and (leading := weekday_of(match["weekday"])) is not None:
        numbers = match["rest"].strip().removeprefix("the ")
    day = _read_numbers(text, numbers, argument, today, direction)
    if leading is not None and day.weekday() != leading:
        message, hint = _("{date} is not a {weekday}"), _("leave {weekday} out, or write another day")
        raise input_error(argument, text, message, hint, date=format_full_date(day), weekday=WEEKDAYS[leading])
    return day


def _past(argument: str, text: str, date_: str, today: date) -> UserError:
    hint = _("today is {today}")
    return input_error(argument, text, _("{date} is past"), hint, date=date_, today=format_full_date(today))


def _next_weekday(
    text: str, argument: str, weekday: int, today: date, direction: Direction, *, today_counts: bool | None
) -> date:
    back = direction == "back"
    ahead = (today.weekday() - weekday if back else weekday - today.weekday()) % 7
    if ahead == 0 and today_counts is not False:
        other = today + (-7 if back else 7) * DAY
        message = _("today is {weekday}: it could be today or the one in a week")
        message = _("today is {weekday}: it could be today or the one a week ago") if back else message
        raise input_error(argument, text, message, _("write today, or {other}"), weekday=WEEKDAYS[weekday], other=other)
    return today + (-ahead if back else ahead or 7) * DAY


def _named_weekday(text: str, argument: str, weekday: int, today: date, *, which: str, direction: Direction) -> date:
    """Return the day of `this friday`, `last friday`, `next friday`, where everybody would count the same weeks."""
    coming = today + ((weekday - today.weekday()) % 7 or 7) * DAY
    before = today - ((today.weekday() - weekday) % 7 or 7) * DAY
    first, second = (before, before - 7 * DAY) if which in {"last", "past"} else (coming, coming + 7 * DAY)
    if which in {"last", "past"} and before < _first_of("this", "week", today):
        return before
    if which not in {"last", "past", "next"} and weekday != today.weekday() and direction != "back":
        return coming
    if weekday == today.weekday() and which == "this":
        first, second = today, today + (-7 if direction == "back" else 7) * DAY
    message, hint = _("'{quoted}' could be one week or another"), _("write {first} or {second}")
    raise input_error(argument, text, message, hint, quoted=text.strip(), first=first, second=second)


def _with_year(day: int, month: int, today: date, direction: Direction) -> date:
    # Nine years: between 1896 and 1904, and around 2100, 29 February comes once in eight years.
    years = range(today.year, today.year - 9, -1) if direction == "back" else range(today.year, today.year + 9)
    return next(
        date(of, month, day)
        for of in years
        if (month, day) != (2, 29) or isleap(of)
        if (date(of, month, day) <= today if direction == "back" else date(of, month, day) >= today)
    )


def _read_numbers(text: str, wanted: str, argument: str, today: date, direction: Direction) -> date:
    if match := _ISO.fullmatch(wanted) or _DOTTED.fullmatch(wanted):
        day, month, year = int(match["day"]), int(match["month"]), match["year"]
    elif (match := _EITHER.fullmatch(wanted)) and (
        match["one"] == match["two"] or max(map(int, match.group(1, 2))) > 12
    ):
        (month, day), year = sorted(map(int, match.group(1, 2))), match["year"]
    elif match := _OF_MONTH.fullmatch(wanted):
        day, year = int(match["day"]), None
        month = _month_with(day, today, direction)
    elif (match := _NAMED.fullmatch(wanted)) and (named := month_of(match["name"] or match["name2"])) is not None:
        day, month, year = int(match["day"] or match["day2"]), named, match["year"] or match["year2"]
    else:
        raise _no_date(text, wanted, argument, today)
    if not 1 <= month <= 12:
        hint = _("a month is 1 to 12, as in 2026-12-24")
        raise input_error(argument, text, _("there is no month {month}"), hint, month=month)
    if year is not None and len(year) == 2:
        year = f"{today.year // 100}{year}"
    if year is not None and int(year) < 1:
        raise input_error(argument, text, _("there is no year 0"), _HINT)
    if wrong := not_in_month(day, month, None if year is None else int(year)):
        raise input_error(argument, text, wrong, _("write a day that {month} has"), month=MONTHS[month - 1])
    return _with_year(day, month, today, direction) if year is None else date(int(year), month, day)


def _month_with(day: int, today: date, direction: Direction) -> int:
    # The month of the next such day, or of the last one; a day that no month has stays in this one, where it is refused.
    steps = range(12) if direction != "back" else range(0, -12, -1)
    for step in steps:
        first = _months_from(today.replace(day=1), step)
        if 1 <= day <= monthrange(first.year, first.month)[1]:
            at = first.replace(day=day)
            if (at <= today) if direction == "back" else (at >= today):
                return first.month
    return today.month


def _no_date(text: str, wanted: str, argument: str, today: date) -> UserError:
    quoted: dict[str, Any] = {"quoted": wanted}
    if re.fullmatch(r"\d{1,4}[/-]\d{1,2}([/-]\d{2,4})?", wanted, re.ASCII):
        message = _("'{quoted}' is one day to some readers and another to others")
        return input_error(argument, text, message, _("write for example 2026-12-24 or 24 dec"), **quoted)
    if match := _WEEK.fullmatch(wanted):
        hint = _("write a day of it, such as {day}")
        day = _first_of(match["which"], match["unit"], today)
        return input_error(argument, text, _("'{quoted}' names no day"), hint, **quoted, day=day)
    if match := re.fullmatch(r"(?:\d{1,2}(?:st|nd|rd|th)?\s+)?([a-z]+)(?:\s+\d{1,4})?", wanted):
        near = near_name(match[1], (*_NEAR, *WEEKDAYS, *MONTHS))
        at = text.lower().find(match[1])
        if near and near != match[1] and at >= 0:
            word = text[at : at + len(match[1])]
            hint = hint_nearest(near, _HINT)
            return _NotADay([problem(argument, text, _("'{word}' is not a day"), hint, at=at, word=word)])
    return _NotADay([problem(argument, text, _("'{word}' is not a day"), _HINT)])


def _no_day_or_time(text: str, argument: str) -> UserError:
    wanted = text.strip().lower()
    if re.fullmatch(CLOCK, wanted, re.ASCII):
        hint = _("write for example tomorrow {time} or sun {time}")
        return input_error(argument, text, _("the day is missing"), hint, time=wanted)
    hint = _("write for example sun 11:00 or 2026-12-24 18:00")
    return input_error(argument, text, _("no time of day is at the end of it"), hint)
