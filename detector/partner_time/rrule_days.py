"""From a rule to the days on which it recurs, by RFC 5545's table of what expands and what limits a recurrence.

Invariant 1: the cost depends only on the length of `[after, before)`.
Invariant 2: BYSETPOS selects from a whole period (week, month, year), also in the period of the first day.
Invariant 3: the first day supplies what the rule leaves open (the weekday, the day of the month, the month).

Written by hand: docs/dev/decisions/recurrence-by-hand.md. Days are proleptic ordinals inside: 1 was a Monday.
"""

from calendar import isleap
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import lru_cache
from typing import Final

from detector.partner_time.rrule import RecurrenceRule

_WEEK: Final = 7
_LENGTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def days_of(rule: RecurrenceRule, first: date, after: date, before: date) -> Iterator[date]:
    """Yield the days in `[after, before)` on which the rule recurs, in order. COUNT and UNTIL are not applied."""
    low, high = max(first, after).toordinal(), before.toordinal()
    if low >= high:
        return
    for period in _PERIODS[rule.frequency](rule, first, low, high):
        for day in _pick(period, rule.by_position) if rule.by_position else period:
            if low <= day < high:
                yield date.fromordinal(day)


def _pick(days: Iterable[int], positions: tuple[int, ...]) -> list[int]:
    ordered = list(days)
    found = {at - 1 if at > 0 else len(ordered) + at for at in positions}
    return [ordered[at] for at in sorted(found) if 0 <= at < len(ordered)]


def _by_day(rule: RecurrenceRule, first: date, low: int, high: int) -> Iterator[Iterable[int]]:
    begin = first.toordinal()
    # The first multiple of the interval that is not before `low`: -(-a // b) rounds up.
    days = range(begin + -(-(low - begin) // rule.interval) * rule.interval, high, rule.interval)
    if not (rule.by_day or rule.by_month or rule.by_month_day or rule.by_position):
        yield days
        return
    weekdays = {weekday for _, weekday in rule.by_day} or range(_WEEK)
    for day in days:
        if (day - 1) % _WEEK in weekdays and _is_of_month(rule, date.fromordinal(day)):
            yield (day,)


def _is_of_month(rule: RecurrenceRule, day: date) -> bool:
    if rule.by_month and day.month not in rule.by_month:
        return False
    from_end = day.day - _length_of_month(day.year, day.month) - 1
    return not rule.by_month_day or not {day.day, from_end}.isdisjoint(rule.by_month_day)


def _by_week(rule: RecurrenceRule, first: date, low: int, high: int) -> Iterator[Iterable[int]]:
    begin = _start_of_week(first.toordinal(), rule.week_start)
    stride = rule.interval * _WEEK
    named = [weekday for _, weekday in rule.by_day] or [first.weekday()]
    steps = sorted((weekday - rule.week_start) % _WEEK for weekday in named)
    # Rounded down, so that the week in which `low` lies is looked at from its beginning: BYSETPOS needs all of it.
    for week in range(begin + (low - begin) // stride * stride, high, stride):
        days = [week + step for step in steps]
        if rule.by_month:
            days = [day for day in days if date.fromordinal(day).month in rule.by_month]
        yield days


def _by_month(rule: RecurrenceRule, first: date, low: int, high: int) -> Iterator[Iterable[int]]:
    days = (first, date.fromordinal(low), date.fromordinal(high - 1))
    begin, earliest, latest = (day.year * 12 + day.month - 1 for day in days)
    for number in range(begin + (earliest - begin) // rule.interval * rule.interval, latest + 1, rule.interval):
        year, month = number // 12, number % 12 + 1
        if rule.by_month and month not in rule.by_month:
            continue
        start, length = date(year, month, 1).toordinal(), _length_of_month(year, month)
        if not rule.by_day:
            yield sorted(_numbered(rule.by_month_day or (first.day,), start, length))
        elif not rule.by_month_day:
            yield sorted(_weekdays(rule, start, length))
        else:
            yield sorted(_numbered(rule.by_month_day, start, length) & _weekdays(rule, start, length))


def _by_year(rule: RecurrenceRule, first: date, low: int, high: int) -> Iterator[Iterable[int]]:
    earliest, latest = date.fromordinal(low).year, date.fromordinal(high - 1).year
    begin = first.year + (earliest - first.year) // rule.interval * rule.interval
    for year in range(begin, latest + 1, rule.interval):
        yield _days_of_year(rule, first.month, first.day, first.weekday(), year)


@lru_cache(maxsize=512)
def _days_of_year(rule: RecurrenceRule, month: int, day: int, weekday: int, year: int) -> tuple[int, ...]:
    start = date(year, 1, 1).toordinal()
    length = date(year, 12, 31).toordinal() - start + 1
    # RFC 5545 calls the BY parts of a yearly rule limits or expansions, depending on which others are there. As sets of days
    # all of them are the same thing: the days that each part allows, and the result is in every set.
    is_open = not (rule.by_year_day or rule.by_month_day or rule.by_week or rule.by_day)
    months = rule.by_month or ((month,) if is_open else tuple(range(1, 13)))
    stretches = [(date(year, each, 1).toordinal(), _length_of_month(year, each)) for each in months]
    named = []
    if rule.by_year_day:
        named.append(_numbered(rule.by_year_day, start, length))
    if rule.by_month_day or is_open:
        named.append({found for at in stretches for found in _numbered(rule.by_month_day or (day,), *at)})
    if rule.by_week:
        named.append(_days_of_weeks(rule, year))
    if rule.by_day:
        within = stretches if rule.by_month else [(start, length)]
        named.append({found for at in within for found in _weekdays(rule, *at)})
    elif rule.by_week and not (rule.by_year_day or rule.by_month_day):
        # RFC 5545 fills in what is left open from the first day; dateutil takes every day of the week then.
        named.append({found for found in named[-1] if (found - 1) % _WEEK == weekday})
    days = set.intersection(*named)
    return tuple(sorted(found for found in days if date.fromordinal(found).month in months))


def _numbered(numbers: tuple[int, ...], start: int, length: int) -> set[int]:
    steps = (number - 1 if number > 0 else length + number for number in numbers)
    return {start + step for step in steps if 0 <= step < length}


def _weekdays(rule: RecurrenceRule, start: int, length: int) -> set[int]:
    found: set[int] = set()
    for number, weekday in rule.by_day:
        days = range(start + (weekday - start + 1) % _WEEK, start + length, _WEEK)
        at = number - 1 if number > 0 else len(days) + number
        if not number:
            found.update(days)
        elif 0 <= at < len(days):
            found.add(days[at])
    return found


def _days_of_weeks(rule: RecurrenceRule, year: int) -> set[int]:
    # The first week of a year has at least four of its days; so days at both ends belong to weeks of another year.
    found: set[int] = set()
    for each in (year - 1, year, year + 1):
        start, end = (_start_of_week(date(of, 1, 4).toordinal(), rule.week_start) for of in (each, each + 1))
        for week in _numbered(rule.by_week, 0, (end - start) // _WEEK):
            found.update(range(start + week * _WEEK, start + (week + 1) * _WEEK))
    return {day for day in found if date.fromordinal(day).year == year}


def _start_of_week(day: int, week_start: int) -> int:
    return day - (day - 1 - week_start) % _WEEK


def _length_of_month(year: int, month: int) -> int:
    return 29 if month == 2 and isleap(year) else _LENGTHS[month - 1]


_PERIODS: Final[dict[str, Callable[[RecurrenceRule, date, int, int], Iterator[Iterable[int]]]]] = {
    "DAILY": _by_day,
    "WEEKLY": _by_week,
    "MONTHLY": _by_month,
    "YEARLY": _by_year,
}
