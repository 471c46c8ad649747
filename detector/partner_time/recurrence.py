"""From a recurrence to local beginnings, by dateutil on naive local time.

Rule 1: what is asked costs what lies between the question's two ends, not what lies since the first beginning,
wherever the recurrence allows it.
Rule 2: a recurrence that could walk for ever, or more often than daily, is refused before dateutil sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import Final, cast
from zoneinfo import ZoneInfo

from detector.partner_time.model import PartnerTime

_ALWAYS: Final = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY"})
PARTS: Final = {
    "DAILY": _ALWAYS,
    "WEEKLY": _ALWAYS,
    "MONTHLY": _ALWAYS | {"BYMONTHDAY", "BYSETPOS"},
    "YEARLY": _ALWAYS | {"BYMONTHDAY", "BYSETPOS", "BYMONTH", "BYYEARDAY", "BYWEEKNO"},
}
"""What a recurrence may consist of. Whatever is daily or weekly and stands here comes true within weeks; dateutil would
look for what never does until the year 9999, day by day."""

_VALUES: Final = {
    "INTERVAL": "[1-9][0-9]{0,3}",
    "COUNT": "[1-9][0-9]{0,3}",
    "UNTIL": "[0-9]{8}(T[0-9]{6}Z?)?",
    "WKST": "MO|TU|WE|TH|FR|SA|SU",
}
_WEEKDAYS: Final = "(MO|TU|WE|TH|FR|SA|SU)(,(MO|TU|WE|TH|FR|SA|SU))*"
_NUMBERED_WEEKDAYS: Final = _WEEKDAYS.replace("(MO", "([+-]?[1-9][0-9]?)?(MO")
_NUMBERS: Final = "[+-]?[1-9][0-9]{0,2}(,[+-]?[1-9][0-9]{0,2})*"
_STRIDES: Final = {"DAILY": timedelta(days=1), "WEEKLY": timedelta(weeks=1)}


def read_recurrence(recurrence: str) -> dict[str, str]:
    """Return the parts of an RFC 5545 RRULE by name, in capitals.

    Raises:
        ValueError: with a sentence, if a part is unknown, stands twice or is out of range. Partner time recurs daily at
            most.
    """
    parts: dict[str, str] = {}
    for part in recurrence.upper().split(";"):
        name, _, value = part.partition("=")
        if name in parts:
            raise ValueError(f"{name} stands twice in the recurrence")
        parts[name] = value
    frequency = parts.get("FREQ", "")
    if frequency not in PARTS:
        raise ValueError(f"the recurrence '{recurrence}' is none that partner time can have: FREQ is one of {_named()}")
    for name, value in parts.items():
        if name not in PARTS[frequency]:
            raise ValueError(f"'{name}' is no part of a recurrence with FREQ={frequency}")
        by_day = _WEEKDAYS if frequency in _STRIDES else _NUMBERED_WEEKDAYS
        allowed = frequency if name == "FREQ" else by_day if name == "BYDAY" else _VALUES.get(name, _NUMBERS)
        if not re.fullmatch(allowed, value):
            raise ValueError(f"{name} cannot be '{value}'")
    if frequency == "DAILY" and "BYDAY" in parts and int(parts.get("INTERVAL", "1")) % 7 == 0:
        raise ValueError("every seventh day is always the same day of the week: write FREQ=WEEKLY")
    return parts


def _named() -> str:
    return ", ".join(PARTS)


def exists(local: datetime, zone: ZoneInfo) -> bool:
    """Return whether the clocks of `zone` ever show this naive local time; they leave some out when they go forward."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local


def local_beginnings(partner_time: PartnerTime, after: datetime, before: datetime) -> Iterator[datetime]:
    """Yield the local beginnings in `[after, before)`, in order; all naive. None that the clocks leave out (RFC 5545).

    Raises:
        ValueError: if the recurrence is one that partner time cannot have.
    """
    if before <= partner_time.begins:
        return
    zone = ZoneInfo(partner_time.zone)
    if partner_time.recurrence is None:
        candidates: Iterator[datetime] = iter((partner_time.begins,))
    else:
        candidates = _walk(partner_time, partner_time.recurrence, zone, after, before)
    for local in candidates:
        if after <= local < before and exists(local, zone):
            yield local


def _walk(
    partner_time: PartnerTime, recurrence: str, zone: ZoneInfo, after: datetime, before: datetime
) -> Iterator[datetime]:
    from dateutil.rrule import rrule, rrulestr  # noqa: PLC0415 - 30 ms that only recurring partner time costs

    parts = read_recurrence(recurrence)
    count, until = parts.pop("COUNT", None), parts.pop("UNTIL", None)
    last = before if until is None else min(before, _read_until(until, zone))
    begins = partner_time.begins
    if count is None and after > begins and (stride := _STRIDES.get(parts["FREQ"])) is not None:
        stride *= int(parts.get("INTERVAL", "1"))
        begins += (after - begins) // stride * stride
    if last < begins or not (parts["FREQ"] in _STRIDES or _comes_true(recurrence, partner_time.begins)):
        return
    rule = cast("rrule", rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=begins))
    rule = rule.replace(until=last)
    if count is None:
        yield from rule
    else:
        # RFC 5545: a beginning that does not exist is not counted.
        yield from islice((local for local in rule if exists(local, zone)), int(count))


@lru_cache(maxsize=512)
def _comes_true(recurrence: str, begins: datetime) -> bool:
    # Of what is monthly or yearly some never comes true, such as 30 February. To find that out takes dateutil about a
    # second, once; everything else it finds at once.
    from dateutil.rrule import rrulestr  # noqa: PLC0415 - as below

    parts = read_recurrence(recurrence)
    asked = (f"{name}={value}" for name, value in parts.items() if name not in ("COUNT", "UNTIL"))
    return next(iter(rrulestr(";".join(asked), dtstart=begins)), None) is not None


@lru_cache(maxsize=64)
def _read_until(until: str, zone: ZoneInfo) -> datetime:
    if len(until) == len("20261123"):
        return datetime.combine(datetime.strptime(until, "%Y%m%d").date(), time.max)  # noqa: DTZ007 - local by intent
    local = datetime.strptime(until.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - local by intent
    return local.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) if until.endswith("Z") else local
