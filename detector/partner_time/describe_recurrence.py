"""Describe a recurrence in words: "Monday to Friday", "every other Friday", "the first Friday of each month".

Invariant 1: what a person can write after `--every` has a description that can be written there, and means the same.
Invariant 2: any other recurrence of a calendar is described part by part; nobody has to read an RRULE.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from detector.i18n import _
from detector.partner_time.day_names import (
    MONTHS,
    ORDINALS,
    WEEKDAYS,
    days_in_a_row,
    format_date_number,
    format_days,
    format_nth,
    join_words,
)
from detector.partner_time.rrule import CODES, split_rrule

_UNITS: Final = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_WORKDAYS: Final = "MO,TU,WE,TH,FR"
_ENDS: Final = frozenset({"COUNT", "UNTIL"})
_NUMBERED: Final = re.compile(r"([+-]?\d+)?([A-Z]{2})")


def format_recurrence(recurrence: str | None, begins: datetime) -> str:
    """Return on which days it recurs, without its end; what the RRULE leaves open is the day of `begins`."""
    if recurrence is None:
        return _("once")
    parts = {name: value for name, value in split_rrule(recurrence).items() if name not in _ENDS}
    frequency, interval = parts.pop("FREQ"), int(parts.pop("INTERVAL", "1"))
    first = parts.pop("WKST", "MO")
    parts = _fill_in(frequency, parts, begins)
    describe = {"DAILY": _daily, "WEEKLY": _weekly, "MONTHLY": _monthly, "YEARLY": _yearly}[frequency]
    return describe(interval, parts, first) or _part_by_part(_UNITS[frequency], interval, parts, first)


def _fill_in(frequency: str, parts: dict[str, str], begins: datetime) -> dict[str, str]:
    # RFC 5545: what a recurrence does not say is taken from its first beginning.
    names = {name for name in parts if name.startswith("BY") and name != "BYSETPOS"}
    if frequency == "WEEKLY" and "BYDAY" not in names:
        return {**parts, "BYDAY": CODES[begins.weekday()]}
    if frequency == "MONTHLY" and not names - {"BYMONTH"}:
        return {**parts, "BYMONTHDAY": str(begins.day)}
    if frequency == "YEARLY" and not names - {"BYMONTH"}:
        return {"BYMONTH": str(begins.month), **parts, "BYMONTHDAY": str(begins.day)}
    return parts


def _every(interval: int, unit: str) -> str:
    if interval == 1:
        return _("every {unit}").format(unit=unit)
    if interval == 2:
        return _("every other {unit}").format(unit=unit)
    if interval < len(ORDINALS):
        return _("every {nth} {unit}").format(nth=ORDINALS[interval], unit=unit)
    return _("every {count} {unit}s").format(count=interval, unit=unit)


def _daily(interval: int, parts: dict[str, str], first: str) -> str | None:
    if parts:
        return _weekly(1, parts, first) if interval == 1 else None
    return _every(interval, "day") if interval <= 2 else _("every {count} days").format(count=interval)


def _weekly(interval: int, parts: dict[str, str], first: str) -> str | None:
    if set(parts) != {"BYDAY"}:
        return None
    days = [CODES.index(code) for code in parts["BYDAY"].split(",")]
    week_start = CODES.index(first)
    named = format_days(days, week_start if interval > 1 else None)
    if interval == 1:
        is_stretch = len(set(days)) == 7 or days_in_a_row(days)
        return named if is_stretch else _("every {days}").format(days=named)
    steps = {(day - week_start) % 7 for day in days}
    # Days in a row over the weekend show by themselves on which day their week begins.
    is_row_over_weekend = steps == set(range(len(steps))) and week_start + len(steps) > 7
    says_week_start = first != "MO" and len(steps) > 1 and not is_row_over_weekend
    if interval == 2 and set(days) == {5, 6} and not says_week_start:
        return _("every other weekend")
    if interval == 2 and len(set(days)) == 1:
        return _("every other {day}").format(day=named)
    weeks = _("{weeks} on {days}").format(weeks=_every(interval, "week"), days=named)
    return ", ".join([weeks, *([_of_weeks(first)] if says_week_start else [])])


def _of_weeks(first: str) -> str:
    return _("of weeks that begin on {day}").format(day=WEEKDAYS[CODES.index(first)])


def _monthly(interval: int, parts: dict[str, str], _first: str) -> str | None:
    month = _("each month") if interval == 1 else _every(interval, "month")
    return _in_month(parts, _("of {month}").format(month=month), interval)


def _yearly(interval: int, parts: dict[str, str], _first: str) -> str | None:
    year = _("yearly") if interval == 1 else _every(interval, "year")
    months = [int(month) for month in parts.get("BYMONTH", "").split(",") if month]
    inside = {name: value for name, value in parts.items() if name != "BYMONTH"}
    if not months or not inside:
        return None
    named = join_words([MONTHS[month - 1] for month in months])
    days = [int(day) for day in inside.get("BYMONTHDAY", "").split(",") if day]
    if set(inside) == {"BYMONTHDAY"} and len(months) == 1 and min(days) > 0:
        is_rare = months == [2] and days == [29] and interval == 1
        text = _("{year} on {days} {month}, in leap years") if is_rare else _("{year} on {days} {month}")
        return text.format(year=year, days=join_words([str(day) for day in days]), month=named)
    is_numbered = "BYDAY" in inside and not inside["BYDAY"][0].isalpha()
    if is_numbered or "BYSETPOS" in inside or len(months) > 1:
        days_in_month = _in_month(inside, _("of {month}").format(month=named), 0)
        if days_in_month is not None:
            on = days_in_month if "BYMONTHDAY" in inside else _("on {days}").format(days=days_in_month)
            return f"{year} {on}"
    return None


def _in_month(parts: dict[str, str], of: str, interval: int) -> str | None:
    # `of` is which month; in each month (interval 1) some months have no such day, and the text says so.
    if set(parts) == {"BYMONTHDAY"}:
        numbers = _sorted_numbers(parts["BYMONTHDAY"])
        is_rare = len(numbers) == 1 and numbers[0] > 28 and interval == 1
        text = _("on the {days} {of} that has one") if is_rare else _("on the {days} {of}")
        return text.format(days=_month_days(numbers), of=of)
    if set(parts) == {"BYDAY", "BYSETPOS"} and parts["BYDAY"] == _WORKDAYS:
        return _("the {nth} weekday {of}").format(nth=_nths(parts["BYSETPOS"].split(",")), of=of)
    if set(parts) != {"BYDAY"}:
        return None
    days = _numbered_days(parts["BYDAY"])
    if any(number == 0 for number, _name in days):
        if any(number for number, _name in days):
            return None
        return _("every {days} {of}").format(days=join_words([name for _number, name in days]), of=of)
    if len({name for _number, name in days}) > 1:
        return f"{join_words([_the_nth(*day) for day in days])} {of}"
    is_rare = interval == 1 and [number for number, _name in days] == [5]
    text = _("the {nth} {day} {of} that has one") if is_rare else _("the {nth} {day} {of}")
    return text.format(nth=_nths(number for number, _name in days), day=days[0][1], of=of)


def _part_by_part(unit: str, interval: int, parts: dict[str, str], first: str) -> str:
    described = [_every(interval, unit)]
    if months := parts.get("BYMONTH"):
        named = join_words([MONTHS[int(month) - 1] for month in months.split(",")])
        described.append(_("in {months}").format(months=named))
    if weeks := parts.get("BYWEEKNO"):
        described.append(_("in {weeks} of the year").format(weeks=_numbers(weeks, "week")))
    if days := parts.get("BYYEARDAY"):
        described.append(_("on {days} of the year").format(days=_numbers(days, "day")))
    if days := parts.get("BYMONTHDAY"):
        described.append(_("on the {days}").format(days=_month_days(_sorted_numbers(days))))
    if days := parts.get("BYDAY"):
        numbered = _numbered_days(days)
        if any(number for number, _name in numbered):
            every = _("every {day}")
            named = join_words([_the_nth(*day) if day[0] else every.format(day=day[1]) for day in numbered])
        else:
            named = format_days(WEEKDAYS.index(name) for _number, name in numbered)
        # Beside days of the month or year a weekday does not add days: it chooses from them.
        text = _("if that is {days}") if parts.keys() & {"BYMONTHDAY", "BYYEARDAY"} else _("on {days}")
        described.append(text.format(days=named))
    if places := parts.get("BYSETPOS"):
        described.append(_("of these the {nth}").format(nth=_nths(places.split(","))))
    if first != "MO" and (unit == "week" or "BYWEEKNO" in parts):
        described.append(_of_weeks(first))
    return ", ".join(described)


def _numbered_days(value: str) -> list[tuple[int, str]]:
    # The number of the weekday in its period, 0 for every one, and its name.
    matches = [_NUMBERED.fullmatch(day) for day in value.split(",")]
    return [(int(day[1] or 0), WEEKDAYS[CODES.index(day[2])]) for day in matches if day]


def _sorted_numbers(value: str) -> list[int]:
    # Those counted from the end come last.
    return sorted({int(number) for number in value.split(",")}, key=lambda number: (number < 0, number))


def _month_days(numbers: Iterable[int]) -> str:
    last = _("{nth} day")
    return join_words([format_date_number(day) if day > 0 else last.format(nth=format_nth(day)) for day in numbers])


def _nths(numbers: Iterable[int | str]) -> str:
    return join_words([format_nth(int(number)) for number in numbers])


def _the_nth(number: int, name: str) -> str:
    return _("the {nth} {name}").format(nth=format_nth(number), name=name)


def _numbers(values: str, unit: str) -> str:
    named = [f"{unit} {number}" if number > 0 else _the_nth(number, unit) for number in _sorted_numbers(values)]
    return join_words(named)
