"""Read and check a recurrence as RFC 5545 writes it (RRULE).

Invariant 1: partner time recurs daily at most. Every part that the RFC allows with the frequency is accepted, and no other.
Invariant 2: all problems are reported at once, in sentences for people.
Invariant 3: a recurrence without any possible day, such as every 30 February, is refused.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Final

from detector.i18n import _
from detector.partner_time.wall_clock import EARLIEST, LATEST

# The days of the week as a recurrence writes them, Monday first.
CODES: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

_ALWAYS: Final = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH", "BYSETPOS"})
# What a recurrence may consist of, by its frequency.
PARTS: Final = {
    "DAILY": _ALWAYS | {"BYMONTHDAY"},
    "WEEKLY": _ALWAYS,
    "MONTHLY": _ALWAYS | {"BYMONTHDAY"},
    "YEARLY": _ALWAYS | {"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"},
}

_KNOWN: Final = PARTS["YEARLY"]
# Every day of a year, listed one by one, has fewer.
_MAX_CHARACTERS: Final = 2000

_FORMS: Final = {
    "INTERVAL": "0*[1-9][0-9]{0,3}",
    "COUNT": "0*[1-9][0-9]{0,3}",
    "UNTIL": "[0-9]{8}(T[0-9]{6}Z?)?",
    "WKST": "MO|TU|WE|TH|FR|SA|SU",
}
_MAXIMUM: Final = {"BYMONTH": 12, "BYMONTHDAY": 31, "BYYEARDAY": 366, "BYWEEKNO": 53, "BYSETPOS": 366}
# The ordinal of `2FR` or `-1SU`, and the day. More than two digits are no number of weeks in a year.
_WEEKDAY: Final = re.compile("([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBER: Final = re.compile("[+-]?[0-9]{1,3}", re.ASCII)


class RecurrenceError(ValueError):
    """The recurrence is not supported; `problems` are sentences, at least one."""

    def __init__(self, problems: list[str]) -> None:
        self.problems: tuple[str, ...] = tuple(problems)
        super().__init__("; ".join(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrenceRule:
    """A recurrence that was read. Weekdays count from Monday, 0; empty: the part is not there.

    `by_day` pairs the number of the weekday in its month or year (0: every one; -1: the last) with the weekday.
    `until` is the last instant (aware) or the last local time (naive) at which a beginning may lie.
    """

    frequency: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    week_start: int = 0
    by_day: tuple[tuple[int, int], ...] = ()
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_week: tuple[int, ...] = ()
    by_position: tuple[int, ...] = ()


def split_rrule(recurrence: str) -> dict[str, str]:
    """Return the parts of an RFC 5545 RRULE by name, in capitals."""
    if len(recurrence) > _MAX_CHARACTERS:
        message = _("the recurrence is longer than {maximum} characters")
        raise RecurrenceError([message.format(maximum=_MAX_CHARACTERS)])
    parts: dict[str, str] = {}
    problems = []
    for part in recurrence.upper().split(";"):
        name, _equals, value = part.partition("=")
        if name in parts:
            problems.append(_("{name} appears twice in the recurrence").format(name=name))
        parts[name] = value
    frequency = parts.get("FREQ", "")
    if frequency not in PARTS:
        message = _("the recurrence '{text}' is not supported: FREQ is one of {names}")
        problems.append(message.format(text=recurrence, names=", ".join(PARTS)))
    allowed = PARTS.get(frequency, _KNOWN)
    for name, value in parts.items():
        if frequency in PARTS and name not in allowed:
            message = _("'{name}' is not part of a recurrence with FREQ={frequency}")
            problems.append(message.format(name=name, frequency=frequency))
        elif name in allowed and name != "FREQ" and not _is_value(name, value, frequency):
            problems.append(_("{name} cannot be '{value}'").format(name=name, value=value))
    # Contradictions are looked for once every value can be read.
    if not problems:
        problems = list(_contradictions(parts))
    if problems:
        raise RecurrenceError(problems)
    return parts


def without_parts(recurrence: str, *names: str) -> str:
    parts = split_rrule(recurrence)
    return ";".join(f"{name}={value}" for name, value in parts.items() if name not in names)


@lru_cache(maxsize=512)
def parse_rrule(recurrence: str) -> RecurrenceRule:
    """Return what the recurrence says; the same text is read once."""
    parts = split_rrule(recurrence)
    return RecurrenceRule(
        frequency=parts["FREQ"],
        interval=int(parts.get("INTERVAL", "1")),
        count=int(parts["COUNT"]) if "COUNT" in parts else None,
        until=_within_reach(_until(parts["UNTIL"])) if "UNTIL" in parts else None,
        week_start=CODES.index(parts.get("WKST", "MO")),
        by_day=_weekdays(parts.get("BYDAY", "")),
        by_month=_numbers(parts, "BYMONTH"),
        by_month_day=_numbers(parts, "BYMONTHDAY"),
        by_year_day=_numbers(parts, "BYYEARDAY"),
        by_week=_numbers(parts, "BYWEEKNO"),
        by_position=_numbers(parts, "BYSETPOS"),
    )


def _is_value(name: str, value: str, frequency: str) -> bool:
    if name in _FORMS:
        return re.fullmatch(_FORMS[name], value, re.ASCII) is not None and (name != "UNTIL" or _is_date(value))
    if name == "BYDAY":
        farthest = {"MONTHLY": 5, "YEARLY": 53}.get(frequency, 0)
        # RFC 5545 numbers the days of a month or a year; every day of a week or a day has one meaning only.
        found = [_WEEKDAY.fullmatch(item) for item in value.split(",")]
        return all(day and (day[1] is None or 1 <= abs(int(day[1])) <= farthest) for day in found)
    minimum = 1 if name == "BYMONTH" else -_MAXIMUM[name]
    items = value.split(",")
    return all(_NUMBER.fullmatch(item) and int(item) and minimum <= int(item) <= _MAXIMUM[name] for item in items)


def _is_date(until: str) -> bool:
    try:
        _until(until)
    except ValueError:
        return False
    return True


def _contradictions(parts: Mapping[str, str]) -> Iterator[str]:
    if "BYSETPOS" in parts and not any(name.startswith("BY") for name in parts if name != "BYSETPOS"):
        yield _("BYSETPOS picks from what another part names, such as BYDAY=MO,TU,WE,TH,FR")
    if "BYWEEKNO" in parts and any(number for number, _weekday in _weekdays(parts.get("BYDAY", ""))):
        yield _("with BYWEEKNO the days of BYDAY have no number")
    months = _numbers(parts, "BYMONTH") or range(1, 13)
    days = _numbers(parts, "BYMONTHDAY")
    if days and all(abs(day) > monthrange(2000, month)[1] for month in months for day in days):
        message = _("no month of BYMONTH={months} has a day BYMONTHDAY={days}")
        yield message.format(months=parts["BYMONTH"], days=parts["BYMONTHDAY"])


def _numbers(parts: Mapping[str, str], name: str) -> tuple[int, ...]:
    return tuple(sorted({int(item) for item in parts[name].split(",")})) if name in parts else ()


def _weekdays(value: str) -> tuple[tuple[int, int], ...]:
    found = {_WEEKDAY.fullmatch(item) for item in value.split(",")} if value else set()
    return tuple(sorted({(int(day[1] or 0), CODES.index(day[2])) for day in found if day}))


def _within_reach(until: datetime) -> datetime:
    # Year 0001 or 9999 in a calendar's UNTIL would leave the range of datetime once a zone's offset is added.
    return max(EARLIEST.replace(tzinfo=until.tzinfo), min(until, LATEST.replace(tzinfo=until.tzinfo)))


def _until(until: str) -> datetime:
    if len(until) == len("20261123"):
        # A date alone includes the whole day: UNTIL is inclusive.
        return datetime.combine(datetime.strptime(until, "%Y%m%d").date(), time.max)  # noqa: DTZ007 - local by intent
    local = datetime.strptime(until.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - local by intent
    return local.replace(tzinfo=UTC) if until.endswith("Z") else local
