"""A recurrence in words: "Monday to Friday", "every other Friday", "the first Friday of each month".

Rule 1: what a person can write after `--every` is said so that it can be written again, and means the same.
Rule 2: whatever else a calendar may bring is said part by part; nobody has to read an RRULE.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from detector.partner_time.day_names import (
    MONTHS,
    ORDINALS,
    WEEKDAYS,
    join_words,
    say_date_number,
    say_days,
    say_nth,
)
from detector.partner_time.rule import CODES, read_recurrence

_UNITS: Final = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_WEEKDAYS: Final = "MO,TU,WE,TH,FR"
_ENDS: Final = frozenset({"COUNT", "UNTIL"})
_NUMBERED: Final = re.compile(r"([+-]?\d+)?([A-Z]{2})")


def say_recurrence(recurrence: str | None, begins: datetime) -> str:
    """Return on which days it recurs, without its end; what the RRULE leaves open is the day of `begins`."""
    if recurrence is None:
        return "once"
    parts = {name: value for name, value in read_recurrence(recurrence).items() if name not in _ENDS}
    frequency, interval = parts.pop("FREQ"), int(parts.pop("INTERVAL", "1"))
    first = parts.pop("WKST", "MO")
    parts = _filled(frequency, parts, begins)
    plain = {"DAILY": _daily, "WEEKLY": _weekly, "MONTHLY": _monthly, "YEARLY": _yearly}[frequency]
    return plain(interval, parts, first) or _part_by_part(_UNITS[frequency], interval, parts, first)


def _filled(frequency: str, parts: dict[str, str], begins: datetime) -> dict[str, str]:
    # RFC 5545: what a recurrence does not say is taken from its first beginning.
    says = {name for name in parts if name.startswith("BY") and name != "BYSETPOS"}
    if frequency == "WEEKLY" and "BYDAY" not in says:
        return {**parts, "BYDAY": CODES[begins.weekday()]}
    if frequency == "MONTHLY" and not says - {"BYMONTH"}:
        return {**parts, "BYMONTHDAY": str(begins.day)}
    if frequency == "YEARLY" and not says - {"BYMONTH"}:
        return {"BYMONTH": str(begins.month), **parts, "BYMONTHDAY": str(begins.day)}
    return parts


def _every(interval: int, unit: str) -> str:
    if interval <= 2:
        return ("every ", "every other ")[interval - 1] + unit
    return f"every {ORDINALS[interval]} {unit}" if interval < len(ORDINALS) else f"every {interval} {unit}s"


def _of(interval: int, unit: str) -> str:
    return f"of {'each ' + unit if interval == 1 else _every(interval, unit)}"


def _daily(interval: int, parts: dict[str, str], first: str) -> str | None:
    if interval == 1 and set(parts) == {"BYDAY"}:
        return _weekly(1, parts, first)
    if parts:
        return None
    return _every(interval, "day") if interval <= 2 else f"every {interval} days"


def _weekly(interval: int, parts: dict[str, str], first: str) -> str | None:
    if set(parts) != {"BYDAY"}:
        return None
    days = [CODES.index(code) for code in parts["BYDAY"].split(",")]
    beginning = CODES.index(first)
    said = say_days(days, beginning if interval > 1 else None)
    if interval == 1:
        return said if " to " in said or said == "every day" else f"every {said}"
    steps = {(day - beginning) % 7 for day in days}
    goes_over_the_weekend = steps == set(range(len(steps))) and beginning + len(steps) > 7
    turns = first != "MO" and len(steps) > 1 and not goes_over_the_weekend
    weeks = f", of weeks that begin on {WEEKDAYS[beginning]}" if turns else ""
    if interval == 2 and set(days) == {5, 6} and not turns:
        return "every other weekend"
    if interval == 2 and len(set(days)) == 1:
        return f"every other {said}"
    return f"{_every(interval, 'week')} on {said}{weeks}"


def _monthly(interval: int, parts: dict[str, str], first: str) -> str | None:
    del first
    return _in_a_month(parts, _of(interval, "month"), interval)


def _yearly(interval: int, parts: dict[str, str], first: str) -> str | None:
    del first
    year = "yearly" if interval == 1 else _every(interval, "year")
    months = [int(month) for month in parts.get("BYMONTH", "").split(",") if month]
    inside = {name: value for name, value in parts.items() if name != "BYMONTH"}
    if not months or not inside:
        return None
    named = join_words([MONTHS[month - 1] for month in months])
    days = [int(day) for day in inside.get("BYMONTHDAY", "").split(",") if day]
    if set(inside) == {"BYMONTHDAY"} and len(months) == 1 and min(days) > 0:
        leap = ", in leap years" if months == [2] and days == [29] and interval == 1 else ""
        return f"{year} on {join_words([str(day) for day in days])} {named}{leap}"
    if ("BYDAY" in inside and not inside["BYDAY"][0].isalpha()) or "BYSETPOS" in inside or len(months) > 1:
        said = _in_a_month(inside, f"of {named}", 0)
        return None if said is None else f"{year} {said if said.startswith('on ') else 'on ' + said}"
    return None


def _in_a_month(parts: dict[str, str], of: str, interval: int) -> str | None:
    if set(parts) == {"BYMONTHDAY"}:
        numbers = sorted({int(day) for day in parts["BYMONTHDAY"].split(",")}, key=lambda day: (day < 0, day))
        if all(day > 0 for day in numbers):
            rare = " that has one" if len(numbers) == 1 and numbers[0] > 28 and interval == 1 else ""
            return f"on the {join_words([say_date_number(day) for day in numbers])} {of}{rare}"
        ends = [f"{say_nth(day)} day" if day < 0 else say_date_number(day) for day in numbers]
        return f"on the {join_words(ends)} {of}"
    if set(parts) == {"BYDAY", "BYSETPOS"} and parts["BYDAY"] == _WEEKDAYS:
        return f"the {join_words([say_nth(int(at)) for at in parts['BYSETPOS'].split(',')])} weekday {of}"
    if set(parts) != {"BYDAY"}:
        return None
    found = [_NUMBERED.fullmatch(day) for day in parts["BYDAY"].split(",")]
    days = [(int(day[1] or 0), WEEKDAYS[CODES.index(day[2])]) for day in found if day]
    if any(number == 0 for number, _ in days):
        return f"every {join_words([name for _, name in days])} {of}" if not any(at for at, _ in days) else None
    names = {name for _, name in days}
    rare = " that has one" if interval == 1 and [number for number, _ in days] == [5] else ""
    if len(names) == 1:
        return f"the {join_words([say_nth(number) for number, _ in days])} {days[0][1]} {of}{rare}"
    return f"{join_words([f'the {say_nth(number)} {name}' for number, name in days])} {of}"


def _part_by_part(unit: str, interval: int, parts: dict[str, str], first: str) -> str:
    said = [_every(interval, unit)]
    if months := parts.get("BYMONTH"):
        said.append(f"in {join_words([MONTHS[int(month) - 1] for month in months.split(',')])}")
    if weeks := parts.get("BYWEEKNO"):
        said.append(f"in {_numbers(weeks, 'week')} of the year")
    if days := parts.get("BYYEARDAY"):
        said.append(f"on {_numbers(days, 'day')} of the year")
    if days := parts.get("BYMONTHDAY"):
        numbers = sorted({int(day) for day in days.split(",")}, key=lambda day: (day < 0, day))
        said.append(
            f"on the {join_words([say_date_number(day) if day > 0 else f'{say_nth(day)} day' for day in numbers])}"
        )
    if days := parts.get("BYDAY"):
        found = [day for day in map(_NUMBERED.fullmatch, days.split(",")) if day]
        if all(day[1] is None for day in found):
            names = say_days(CODES.index(day[2]) for day in found)
        else:
            names = join_words(
                [
                    f"{'the ' + say_nth(int(day[1])) if day[1] else 'every'} {WEEKDAYS[CODES.index(day[2])]}"
                    for day in found
                ]
            )
        said.append(f"if that is {names}" if parts.keys() & {"BYMONTHDAY", "BYYEARDAY"} else f"on {names}")
    if places := parts.get("BYSETPOS"):
        said.append(f"of these the {join_words([say_nth(int(place)) for place in places.split(',')])}")
    if first != "MO" and (unit == "week" or "BYWEEKNO" in parts):
        said.append(f"of weeks that begin on {WEEKDAYS[CODES.index(first)]}")
    return ", ".join(said)


def _numbers(values: str, unit: str) -> str:
    numbers = sorted({int(value) for value in values.split(",")}, key=lambda number: (number < 0, number))
    return join_words([f"{unit} {number}" if number > 0 else f"the {say_nth(number)} {unit}" for number in numbers])
