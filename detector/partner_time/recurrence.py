"""From a partner time to its starts in local time: the recurrence, without excluded starts and with additional ones.

Invariant 1: a start is a local time as it was declared; wall_clock.py converts it to an instant.
Invariant 2: COUNT includes excluded and moved starts, and not those of `also`. It includes a start in a gap of the clocks if that
start is moved, and not if it is dropped.
Invariant 3: the first start of a calendar's event (`as_rfc`) always takes place and counts; a later start in a gap of the clocks
is dropped (RFC 5545, 3.3.10).
Invariant 4: nothing takes place before `EARLIEST` or from `LATEST` on.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from heapq import merge
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from detector.partner_time.model import PartnerTime
from detector.partner_time.rrule import RecurrenceRule, parse_rrule
from detector.partner_time.rrule_days import days_of
from detector.partner_time.wall_clock import DAY, EARLIEST, LATEST, exists, instant_of, local_at

# More than anybody declares: all of them are looked at in turn, and a cache that is a little too small would never hit.
MAX_CACHED: Final = 8192

_ZONE_MARGIN: Final = timedelta(days=2)
# A COUNT that is not reached within a hundred years ends nothing.
_COUNTED_FOR: Final = timedelta(days=36525)
# A calendar may leave out a thousand days; a set of them is built once and not for each block of occurrences.
_cached_set: Final = lru_cache(maxsize=256)(frozenset[datetime])


def local_starts(partner_time: PartnerTime, after: datetime, before: datetime) -> Iterator[datetime]:
    """Yield the local starts in `[after, before)` in order, each once. A moved start appears at its original time."""
    after, before = max(after, EARLIEST), min(before, LATEST)
    starts = _recurring(partner_time, after, before)
    if partner_time.additional:
        # RDATE may repeat a day of the recurrence: it takes place once.
        starts = (local for local, _same in groupby(merge(starts, sorted(partner_time.additional))))
    excluded = _cached_set(partner_time.excluded) if partner_time.excluded else ()
    for local in starts:
        if after <= local < before and not (excluded and local in excluded):
            yield local


def ever_takes_place(partner_time: PartnerTime) -> bool:
    """Return whether it has any start at all, within a hundred years."""
    first = min((partner_time.begins, *partner_time.additional))
    return next(local_starts(partner_time, first, min(first, LATEST - _COUNTED_FOR) + _COUNTED_FOR), None) is not None


def _recurring(partner_time: PartnerTime, after: datetime, before: datetime) -> Iterator[datetime]:
    begins = partner_time.begins
    if before <= begins or not EARLIEST <= begins < LATEST:
        return
    if partner_time.recurrence is None:
        yield begins
        return
    rule, zone = parse_rrule(partner_time.recurrence), ZoneInfo(partner_time.zone)
    if rule.count is not None:
        # Counting begins at the first start of all, wherever the interval lies that is wanted; so its end is cached.
        counted = _last_counted(partner_time.recurrence, begins, partner_time.zone, as_rfc=partner_time.as_rfc)
        before = before if counted is None else min(before, counted + datetime.resolution)
    yield from _in_stretch(rule, begins, zone, after, before, as_rfc=partner_time.as_rfc)


def _in_stretch(
    rule: RecurrenceRule, begins: datetime, zone: ZoneInfo, after: datetime, before: datetime, *, as_rfc: bool
) -> Iterator[datetime]:
    if as_rfc and after <= begins < before and _is_until(begins, rule, zone):
        # Invariant 3: DTSTART is the first instance even where the rule does not name its day.
        yield begins
    at, until = begins.time(), rule.until
    # Until shortly before UNTIL comparing local times will do: an exact comparison converts each start to an instant.
    local_limit = LATEST if until is None else (local_at(until, zone) if until.tzinfo else until) - _ZONE_MARGIN
    for day in days_of(rule, begins.date(), after.date(), before.date() + DAY):
        local = datetime.combine(day, at)
        if local >= before or (local > local_limit and not _is_until(local, rule, zone)):
            return
        if not as_rfc or (local != begins and exists(local, zone)):
            yield local


def _is_until(local: datetime, rule: RecurrenceRule, zone: ZoneInfo) -> bool:
    if rule.until is None:
        return True
    return instant_of(local, zone) <= rule.until if rule.until.tzinfo else local <= rule.until


@lru_cache(maxsize=MAX_CACHED)
def _last_counted(recurrence: str, begins: datetime, zone_name: str, *, as_rfc: bool) -> datetime | None:
    # None: it ends otherwise before the count is reached.
    # The arguments are the fields of a partner time on which the count depends, so that the cache outlives other edits.
    rule, zone = parse_rrule(recurrence), ZoneInfo(zone_name)
    counted = 0
    for local in _in_stretch(rule, begins, zone, begins, min(LATEST, begins + _COUNTED_FOR), as_rfc=as_rfc):
        counted += _is_of_its_own(local, rule, begins.date(), zone)
        if counted == rule.count:
            return local
    return None


def _is_of_its_own(local: datetime, rule: RecurrenceRule, first: date, zone: ZoneInfo) -> bool:
    # A zone may leave out a whole day (Samoa, 30 December 2011). A start on it is moved to the next day, where it may fall
    # together with that day's own start: both are one, and count once.
    moved = local_at(instant_of(local, zone), zone)
    day = moved.date()
    return (
        moved.time() != local.time() or day == local.date() or next(days_of(rule, first, day, day + DAY), None) is None
    )
