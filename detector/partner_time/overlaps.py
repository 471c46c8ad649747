"""Find where two partner times overlap: a note when one of them is declared, never an error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import occurrences
from detector.partner_time.schedule import Exceptions, Schedule

MAX_AHEAD: Final = timedelta(days=366)
"""How far ahead overlaps are looked for: what recurs has met the rest of the year by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """`other` overlaps the given partner time `count` times; `first` is its own first occurrence that does."""

    other: PartnerTime
    first: Occurrence
    count: int


def overlaps(wanted: PartnerTime, schedule: Schedule, now: datetime) -> list[Overlap]:
    """Return which others it overlaps within `MAX_AHEAD`, but for what is skipped, cancelled or stopped.

    `wanted` has a number, or 0 for what is not kept yet.
    """
    own = [each for each in _planned(wanted, now, schedule.exceptions) if each.ends > now]
    found = []
    for other in schedule.partner_times:
        if other.number == wanted.number or not own:
            continue
        both = list(_meet(own, _planned(other, now, schedule.exceptions)))
        if both:
            found.append(Overlap(other=other, first=both[0], count=len(both)))
    return found


def _planned(partner_time: PartnerTime, now: datetime, exceptions: Exceptions) -> list[Occurrence]:
    return list(exceptions.apply(occurrences(partner_time, now, now + MAX_AHEAD)))


def _meet(own: list[Occurrence], theirs: list[Occurrence]) -> Iterable[Occurrence]:
    # Both by beginning, and of one series none is longer than a day: one walk along both.
    at = 0
    for each in own:
        while at < len(theirs) and theirs[at].ends <= each.begins:
            at += 1
        if at < len(theirs) and theirs[at].begins < each.ends:
            yield each
