"""From a partner time to its occurrences: intervals between two instants in UTC.

Invariant 1: an occurrence begins and ends by the local clock of its zone, so its length may differ in a night in which the
clocks change (docs/dev/decisions/clock-changes.md).
Invariant 2: no occurrence is empty.
Invariant 3: an id names the declared start. An occurrence that is moved, by the person or by the clocks, keeps its id.
Invariant 4: two starts on one instant (only a day that the zone skips can cause them) are one occurrence.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, count, pairwise
from typing import Final
from zoneinfo import ZoneInfo

from detector.partner_time.model import Moved, Occurrence, PartnerTime
from detector.partner_time.recurrence import MAX_CACHED, local_starts
from detector.partner_time.rrule import parse_rrule
from detector.partner_time.wall_clock import EARLIEST, LATEST, instant_of, interval_of

MIN_LENGTH: Final = timedelta(minutes=1)
# So that partner time which somebody forgot is over the next day.
MAX_LENGTH: Final = timedelta(hours=24)
# No occurrence begins earlier than this before its end: `MAX_LENGTH`, and a day that a zone left out (Samoa, 2011).
LOOK_BACK: Final = timedelta(days=3)

# How far a plan looks; a new one is made within this time.
LOOK_AHEAD: Final = timedelta(days=64)
# What does not take place within this time never does: a February has five Sundays every 28 or 40 years.
SEARCH_HORIZON: Final = timedelta(days=366 * 41)
# Blocks begin at fixed instants, so that any two intervals which are wanted share the blocks in which they overlap. What
# comes seldom has long blocks: a block costs about as much empty as with some occurrences in it.
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_STEP: Final = timedelta(days=32)
_BLOCKS: Final = {
    frequency: timedelta(days=days)
    for frequency, days in {"DAILY": 64, "WEEKLY": 128, "MONTHLY": 512, "YEARLY": 4096}.items()
}
# Local time and UTC differ by less: by 14 h at most, and by a day more beside one that a zone left out.
_ZONE_MARGIN: Final = timedelta(days=2)


def occurrences(partner_time: PartnerTime, after: datetime, before: datetime) -> list[Occurrence]:
    """Return the occurrences that overlap `[after, before)`, as planned, in order."""
    if partner_time.recurrence is None:
        if _is_far(partner_time, after, before):
            return []
        planned: Iterable[Occurrence] = _once(partner_time)
    else:
        length = _BLOCKS[parse_rrule(partner_time.recurrence).frequency]
        # An occurrence belongs to the block in which it begins, and may reach into the interval from the block before.
        first, last = (after - LOOK_BACK - _EPOCH) // length, (before - _EPOCH) // length
        planned = chain.from_iterable(_block(partner_time, block) for block in range(first, last + 1))
    return [occurrence for occurrence in planned if occurrence.begins < before and after < occurrence.ends]


def occurrences_from(partner_time: PartnerTime, after: datetime, within: timedelta) -> Iterator[Occurrence]:
    """Yield the occurrences that overlap `[after, after + within)`, computing no more of them than are taken."""
    if partner_time.recurrence is None:
        # In steps it would be looked for hundreds of times.
        yield from occurrences(partner_time, after, after + within)
        return
    for step in count():
        begins, ends = after + step * _STEP, after + (step + 1) * _STEP
        if begins >= after + within:
            return
        for occurrence in occurrences(partner_time, begins, min(ends, after + within)):
            # What reaches over from one step into the next was yielded by the first of them.
            if occurrence.begins >= begins or step == 0:
                yield occurrence


def occurrence_id(number: int, begins: datetime) -> str:
    """Return the id of the occurrence that was planned at `begins`: an instant, or naive local time if it floats."""
    # strftime takes four times as long, and ten years have many occurrences.
    shown = begins.isoformat() if begins.tzinfo in (None, UTC) else begins.astimezone(UTC).isoformat()
    mark = "" if begins.tzinfo is None else "Z"
    return f"{number}@{shown[:19].replace('-', '').replace(':', '')}{mark}"


def _is_far(partner_time: PartnerTime, after: datetime, before: datetime) -> bool:
    # A calendar may bring thousands of events that take place once, long ago or far ahead: do not convert their zones.
    if partner_time.additional or partner_time.moved or partner_time.number is None:
        return False
    about = partner_time.begins.replace(tzinfo=UTC)
    return about > before + _ZONE_MARGIN or about < after - LOOK_BACK - _ZONE_MARGIN


@lru_cache(maxsize=MAX_CACHED)
def _block(partner_time: PartnerTime, block: int) -> tuple[Occurrence, ...]:
    length = _BLOCKS[parse_rrule(partner_time.recurrence or "").frequency]
    after = _EPOCH + block * length
    before = after + length
    planned = _planned(
        partner_time, after.replace(tzinfo=None) - _ZONE_MARGIN, before.replace(tzinfo=None) + _ZONE_MARGIN
    )
    return tuple(occurrence for occurrence in planned if after <= occurrence.begins < before)


@lru_cache(maxsize=MAX_CACHED)
def _once(partner_time: PartnerTime) -> tuple[Occurrence, ...]:
    return tuple(_planned(partner_time, EARLIEST, LATEST))


def _planned(partner_time: PartnerTime, after: datetime, before: datetime) -> list[Occurrence]:
    if partner_time.number is None:
        raise ValueError("a partner time has occurrences once it is kept and has a number")
    zone = ZoneInfo(partner_time.zone)
    # Compared as instants: a calendar may name a moved start by a local time that the clocks show twice or leave out.
    moved_by_start = {
        instant_of(moved.original_start, zone): moved for moved in partner_time.moved if _is_possible(moved)
    }
    planned: list[Occurrence] = []
    for local in local_starts(partner_time, after, before):
        begins, ends = interval_of(local, partner_time.lasts, zone)
        if begins < ends and not (moved_by_start and begins in moved_by_start):
            planned.append(_occurrence(partner_time, local if partner_time.is_floating else begins, begins, ends))
    planned = _sorted_once_each(planned)
    for original, moved in moved_by_start.items():
        if after <= moved.begins < before:
            begins, ends = interval_of(moved.begins, moved.lasts, zone)
            # Invariant 3: its id says when it would have begun, so that a skip still finds it.
            planned_start = moved.original_start if partner_time.is_floating else original
            planned.append(_occurrence(partner_time, planned_start, begins, ends, moved.title))
    return sorted(planned, key=lambda occurrence: (occurrence.begins, occurrence.id)) if moved_by_start else planned


def _sorted_once_each(planned: list[Occurrence]) -> list[Occurrence]:
    # What the clocks move may now be after what was declared later.
    if all(earlier.begins < later.begins for earlier, later in pairwise(planned)):
        return planned
    # Of two at one instant the one declared for later has the local time that the clocks show (invariant 4).
    return sorted({start.begins: start for start in planned}.values(), key=lambda occurrence: occurrence.begins)


def _is_possible(moved: Moved) -> bool:
    return (
        moved.lasts > timedelta(0) and EARLIEST <= moved.original_start < LATEST and EARLIEST <= moved.begins < LATEST
    )


def _occurrence(
    partner_time: PartnerTime, named: datetime, begins: datetime, ends: datetime, title: str | None = None
) -> Occurrence:
    number = partner_time.number or 0
    return Occurrence(
        id=occurrence_id(number, named),
        partner_time=number,
        title=partner_time.title if title is None else title,
        begins=begins,
        ends=ends,
        zone=partner_time.zone,
        do_not_disturb=partner_time.do_not_disturb,
    )
