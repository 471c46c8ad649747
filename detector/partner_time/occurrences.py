"""From a partner time to its occurrences: concrete stretches of UTC.

Rule 1: an occurrence begins and ends by the clock on the wall of its zone; its length may differ on the two days of the
year on which that clock is changed.
Rule 2: a beginning that the clocks leave out is skipped; one that they show twice is the first of the two (RFC 5545).
Rule 3: an end that the clocks leave out is read with the offset before the gap: 01:30-02:30 still lasts an hour.
Rule 4: an occurrence has a length; what the change of clocks would leave without one is dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, count
from typing import Final
from zoneinfo import ZoneInfo

from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.recurrence import local_beginnings

LONGEST: Final = timedelta(hours=24)
"""The longest partner time: whoever forgets one finds it over the next day."""

LOOK_BACK: Final = timedelta(days=3)
"""No occurrence begins earlier than this before its end: `LONGEST`, and a day that a zone left out (Samoa, 2011)."""

LOOK_AHEAD: Final = timedelta(days=64)
"""How far a plan looks; whoever plans asks again within this."""

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_BLOCK: Final = timedelta(days=32)
_ZONE_MARGIN: Final = timedelta(days=2)


def occurrences(partner_time: PartnerTime, after: datetime, before: datetime) -> list[Occurrence]:
    """Return the occurrences that overlap `[after, before)`, as planned, by beginning.

    They are computed in fixed blocks of 32 days, each once, so that asking again costs next to nothing.

    Raises:
        ValueError: if the partner time has no number yet, or a recurrence that partner time cannot have.
    """
    if partner_time.recurrence is None:
        planned: Iterable[Occurrence] = _once(partner_time)
    else:
        first, last = (after - LOOK_BACK - _EPOCH) // _BLOCK, (before - _EPOCH) // _BLOCK
        planned = chain.from_iterable(_block(partner_time, block) for block in range(first, last + 1))
    return [occurrence for occurrence in planned if occurrence.begins < before and after < occurrence.ends]


def occurrences_from(partner_time: PartnerTime, after: datetime, within: timedelta) -> Iterator[Occurrence]:
    """Yield the occurrences that overlap `[after, after + within)`, computing no more of them than are taken."""
    for step in count():
        begins, ends = after + step * _BLOCK, after + (step + 1) * _BLOCK
        if begins >= after + within:
            return
        for occurrence in occurrences(partner_time, begins, min(ends, after + within)):
            if occurrence.begins >= begins or step == 0:
                yield occurrence


def name_occurrence(number: int, begins: datetime) -> str:
    """Return the id of the occurrence of partner time `number` that was planned to begin at `begins`."""
    return f"{number}@{begins.astimezone(UTC):%Y%m%dT%H%M%SZ}"


@lru_cache(maxsize=512)
def _block(partner_time: PartnerTime, block: int) -> tuple[Occurrence, ...]:
    after = _EPOCH + block * _BLOCK
    before = after + _BLOCK
    beginnings = local_beginnings(
        partner_time, after.replace(tzinfo=None) - _ZONE_MARGIN, before.replace(tzinfo=None) + _ZONE_MARGIN
    )
    return tuple(
        occurrence for occurrence in _concrete(partner_time, beginnings) if after <= occurrence.begins < before
    )


@lru_cache(maxsize=512)
def _once(partner_time: PartnerTime) -> tuple[Occurrence, ...]:
    at = partner_time.begins
    return tuple(_concrete(partner_time, local_beginnings(partner_time, at, at + timedelta.resolution)))


def _concrete(partner_time: PartnerTime, beginnings: Iterable[datetime]) -> Iterator[Occurrence]:
    if partner_time.number is None:
        raise ValueError("a partner time has occurrences once it is kept and has a number")
    zone = ZoneInfo(partner_time.zone)
    for local in beginnings:
        begins, ends = _to_utc(local, zone), _to_utc(local + partner_time.lasts, zone)
        if begins < ends:
            yield Occurrence(
                id=name_occurrence(partner_time.number, begins),
                partner_time=partner_time.number,
                title=partner_time.title,
                begins=begins,
                ends=ends,
                zone=partner_time.zone,
            )


def _to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    # fold=0 is the first of two (rule 2), and in a gap the offset before it (rule 3): PEP 495.
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
