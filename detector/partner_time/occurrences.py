"""From a partner time to its occurrences: concrete stretches of UTC.

Rule 1: an occurrence begins and ends by the clock on the wall of its zone; its length may differ on the two days of the
year on which that clock is changed. What happens then is the policy of docs/decisions/clock-changes.md.
Rule 2: an occurrence has a length, always.
Rule 3: an id says the beginning as it was declared: what is moved, by the person or by the clocks, keeps its own.
Rule 4: two beginnings that fall on one instant, which only a day that the zone leaves out can cause, are one occurrence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, count, pairwise
from typing import Final
from zoneinfo import ZoneInfo

from detector.partner_time.model import Moved, Occurrence, PartnerTime
from detector.partner_time.recurrence import local_beginnings
from detector.partner_time.rule import read_rule
from detector.partner_time.wall import EARLIEST, LATEST, instant_of, span_of

LONGEST: Final = timedelta(hours=24)
"""The longest partner time: whoever forgets one finds it over the next day."""

LOOK_BACK: Final = timedelta(days=3)
"""No occurrence begins earlier than this before its end: `LONGEST`, and a day that a zone left out (Samoa, 2011)."""

LOOK_AHEAD: Final = timedelta(days=64)
"""How far a plan looks; whoever plans asks again within this."""

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_STEP: Final = timedelta(days=32)
_BLOCKS: Final = {
    frequency: timedelta(days=days)
    for frequency, days in {"DAILY": 64, "WEEKLY": 128, "MONTHLY": 512, "YEARLY": 4096}.items()
}
_ZONE_MARGIN: Final = timedelta(days=2)


def occurrences(partner_time: PartnerTime, after: datetime, before: datetime) -> list[Occurrence]:
    """Return the occurrences that overlap `[after, before)`, as planned, by beginning.

    What recurs is computed in fixed blocks, each once, so that asking again costs next to nothing.

    Raises:
        RecurrenceRefused: a ValueError, if the recurrence is one that partner time cannot have.
        ValueError: if the partner time has no number yet.
    """
    if partner_time.recurrence is None:
        if _is_far(partner_time, after, before):
            return []
        planned: Iterable[Occurrence] = _few(partner_time)
    else:
        length = _BLOCKS[read_rule(partner_time.recurrence).frequency]
        first, last = (after - LOOK_BACK - _EPOCH) // length, (before - _EPOCH) // length
        planned = chain.from_iterable(_block(partner_time, block) for block in range(first, last + 1))
    return [occurrence for occurrence in planned if occurrence.begins < before and after < occurrence.ends]


def occurrences_from(partner_time: PartnerTime, after: datetime, within: timedelta) -> Iterator[Occurrence]:
    """Yield the occurrences that overlap `[after, after + within)`, computing no more of them than are taken."""
    for step in count():
        begins, ends = after + step * _STEP, after + (step + 1) * _STEP
        if begins >= after + within:
            return
        for occurrence in occurrences(partner_time, begins, min(ends, after + within)):
            if occurrence.begins >= begins or step == 0:
                yield occurrence


def name_occurrence(number: int, begins: datetime) -> str:
    """Return the id of the occurrence of partner time `number` that was planned to begin at `begins`.

    An aware instant names what has a zone of its own; what floats is named by a naive time on the wall.
    """
    # strftime costs four times as much, and a decade has many.
    shown = begins.isoformat() if begins.tzinfo in (None, UTC) else begins.astimezone(UTC).isoformat()
    mark = "" if begins.tzinfo is None else "Z"
    return f"{number}@{shown[:19].replace('-', '').replace(':', '')}{mark}"


def _is_far(partner_time: PartnerTime, after: datetime, before: datetime) -> bool:
    # Thousands of accepted events take place once, long ago or far ahead: what a glance can tell costs no more.
    if partner_time.also or partner_time.moved or partner_time.number is None:
        return False
    about = partner_time.begins.replace(tzinfo=UTC)
    return about > before + _ZONE_MARGIN or about < after - LOOK_BACK - _ZONE_MARGIN


@lru_cache(maxsize=1024)
def _block(partner_time: PartnerTime, block: int) -> tuple[Occurrence, ...]:
    length = _BLOCKS[read_rule(partner_time.recurrence or "").frequency]
    after = _EPOCH + block * length
    before = after + length
    found = _planned(
        partner_time, after.replace(tzinfo=None) - _ZONE_MARGIN, before.replace(tzinfo=None) + _ZONE_MARGIN
    )
    return tuple(occurrence for occurrence in found if after <= occurrence.begins < before)


@lru_cache(maxsize=512)
def _few(partner_time: PartnerTime) -> tuple[Occurrence, ...]:
    return tuple(_planned(partner_time, EARLIEST, LATEST))


def _planned(partner_time: PartnerTime, after: datetime, before: datetime) -> list[Occurrence]:
    """Return, by beginning, what begins in the stretch of local time, and perhaps a little beyond it."""
    if partner_time.number is None:
        raise ValueError("a partner time has occurrences once it is kept and has a number")
    zone = ZoneInfo(partner_time.zone)
    elsewhere = {instant_of(moved.of, zone): moved for moved in partner_time.moved if _is_possible(moved)}
    planned: list[Occurrence] = []
    for local in local_beginnings(partner_time, after, before):
        begins, ends = span_of(local, partner_time.lasts, zone)
        if begins < ends and not (elsewhere and begins in elsewhere):
            planned.append(_occurrence(partner_time, local if partner_time.floats else begins, begins, ends))
    planned = _once_each(planned)
    for of, moved in elsewhere.items():
        if after <= moved.begins < before:
            begins, ends = span_of(moved.begins, moved.lasts, zone)
            named = moved.of if partner_time.floats else of
            planned.append(_occurrence(partner_time, named, begins, ends, moved.title))
    return sorted(planned, key=lambda occurrence: (occurrence.begins, occurrence.id)) if elsewhere else planned


def _once_each(planned: list[Occurrence]) -> list[Occurrence]:
    """Return them by beginning: what the clocks move may be planned after what is declared for a little later."""
    if all(earlier.begins < later.begins for earlier, later in pairwise(planned)):
        return planned
    # Of two on one instant the one declared for later is the one that the wall shows (rule 4).
    return sorted({each.begins: each for each in planned}.values(), key=lambda occurrence: occurrence.begins)


def _is_possible(moved: Moved) -> bool:
    return moved.lasts > timedelta(0) and EARLIEST <= moved.of < LATEST and EARLIEST <= moved.begins < LATEST


def _occurrence(
    partner_time: PartnerTime, named: datetime, begins: datetime, ends: datetime, title: str | None = None
) -> Occurrence:
    number = partner_time.number or 0
    return Occurrence(
        id=name_occurrence(number, named),
        partner_time=number,
        title=partner_time.title if title is None else title,
        begins=begins,
        ends=ends,
        zone=partner_time.zone,
        quiet=partner_time.quiet,
    )
