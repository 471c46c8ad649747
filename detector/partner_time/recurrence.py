"""From a recurrence to local beginnings, by dateutil on naive local time.

Rule 1: what is asked costs what lies between the question's two ends, not what lies since the first beginning,
wherever the recurrence allows it.
Rule 2: a recurrence that could walk for ever, or more often than daily, is refused before dateutil sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import Final, cast
from zoneinfo import ZoneInfo

from detector.partner_time.model import PartnerTime

FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
PARTS: Final = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"}
    | {"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS"}
)
_STRIDES: Final = {"DAILY": timedelta(days=1), "WEEKLY": timedelta(weeks=1)}


def read_recurrence(recurrence: str) -> dict[str, str]:
    """Return the parts of an RFC 5545 RRULE by name, in capitals.

    Raises:
        ValueError: with a sentence, if a part is unknown, given twice or out of range. Partner time recurs daily at most.
    """
    parts: dict[str, str] = {}
    for part in recurrence.upper().split(";"):
        name, equals, value = part.partition("=")
        if name not in PARTS or not equals or not value:
            raise ValueError(f"'{part}' is no part of a recurrence that partner time can have")
        if name in parts:
            raise ValueError(f"{name} stands twice in the recurrence")
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES:
        raise ValueError(f"FREQ is one of {', '.join(FREQUENCIES)}")
    for name in ("INTERVAL", "COUNT"):
        value = parts.get(name, "1")
        if not (value.isascii() and value.isdigit() and 1 <= int(value) <= 9999):
            raise ValueError(f"{name} is a whole number from 1 to 9999, not '{value}'")
    return parts


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
    if last < begins:
        return
    rule = cast("rrule", rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=begins))
    rule = rule.replace(until=last)
    if count is None:
        yield from rule
    else:
        # RFC 5545: a beginning that does not exist is not counted.
        yield from islice((local for local in rule if exists(local, zone)), int(count))


@lru_cache(maxsize=64)
def _read_until(until: str, zone: ZoneInfo) -> datetime:
    if len(until) == len("20261123"):
        return datetime.combine(datetime.strptime(until, "%Y%m%d").date(), time.max)  # noqa: DTZ007 - local by intent
    local = datetime.strptime(until.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - local by intent
    return local.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) if until.endswith("Z") else local
