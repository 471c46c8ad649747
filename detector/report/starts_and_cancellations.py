"""How partner times started, which of the cancelled ones were held later, and what may be "for both of you" for good.

Invariant 1: what is unknown is not counted: in "4 of 5" the five are the partner times with a known start.
Invariant 2: a partner time was held later if another one took its place and took place: it ended as planned, or lasted at
    least half as long.
Invariant 3: a new date that was moved again is no second cancellation: the last new date counts.
Invariant 4: a category that was for both several times is only offered; what was declined is not offered again.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from detector.core.effects import Moment, Outcome
from detector.partner_time.model import PartnerTime, partner_time_number
from detector.partner_time.wall_clock import interval_of
from detector.report.summary import Cancellation, Starts
from detector.store.model import CancelledOccurrence, StoredOccurrence
from rules.features import UNNAMED

# How often a category must have been answered "This is for both of us" before it is offered.
MIN_TIMES_TOGETHER: Final = 3
# The key under which the store keeps the categories that are not to be offered.
DECLINED: Final = "together_declined"


def starts(occurrences: Iterable[StoredOccurrence]) -> Starts:
    starts_known = [occurrence.started_well for occurrence in occurrences if occurrence.started_well is not None]
    return Starts(well=sum(starts_known), known=len(starts_known))


def cancellations(
    cancelled: Sequence[CancelledOccurrence],
    occurrences: Iterable[StoredOccurrence],
    declared: Iterable[PartnerTime],
    skipped: Collection[str],
    *,
    now: datetime,
    zone: tzinfo,
) -> tuple[Cancellation, ...]:
    """Return what became of each partner time that was cancelled, in the order in which they were planned.

    `occurrences`: all that are stored; `skipped`: the ids of those that do not take place. Instants of the result are in
    `zone`.
    """
    parts: dict[int, list[StoredOccurrence]] = defaultdict(list)
    for occurrence in occurrences:
        parts[partner_time_number(occurrence.id)].append(occurrence)
    by_number = {partner_time.number: partner_time for partner_time in declared if partner_time.number is not None}
    cancelled_by_number = {partner_time_number(entry.occurrence): entry for entry in cancelled}
    new_dates = {entry.instead for entry in cancelled}
    results = []
    for entry in cancelled:
        if partner_time_number(entry.occurrence) in new_dates:
            continue
        # Follow the new dates to the last one; `seen` guards against two that stand in for each other.
        number, seen = entry.instead, set[int]()
        while number in cancelled_by_number and number not in seen and cancelled_by_number[number].instead is not None:
            seen.add(number)
            number = cancelled_by_number[number].instead
        took_place = _took_place(parts.get(number, ()), by_number.get(number)) if number is not None else None
        planned = None if number is None or took_place else _planned(number, by_number, parts, skipped, now)
        new_date = took_place or planned
        results.append(
            Cancellation(
                title=entry.title,
                begins=entry.begins.astimezone(zone),
                instead=None if new_date is None else new_date.astimezone(zone),
                became="made_good" if took_place else "planned" if planned else "open",
            )
        )
    return tuple(results)


def _took_place(parts: Sequence[StoredOccurrence], declared: PartnerTime | None) -> datetime | None:
    # A partner time has several parts if the daemon was restarted in it.
    over = [part for part in parts if part.ended is not None]
    if not over:
        return None
    # The time between the parts was lost to a restart and does not count.
    began = min(part.began for part in over)
    duration = sum(((part.ended or part.began) - part.began for part in over), timedelta(0))
    planned = declared.lasts if declared is not None else max(part.ends for part in over) - began
    took_place = any(part.end_reason == "ended" for part in over) or 2 * duration >= planned
    return began if took_place else None


def _planned(
    number: int,
    declared: Mapping[int, PartnerTime],
    parts: Mapping[int, Sequence[StoredOccurrence]],
    skipped: Collection[str],
    now: datetime,
) -> datetime | None:
    partner_time = declared.get(number)
    if partner_time is None or any(partner_time_number(name) == number for name in skipped):
        return None
    if any(part.ended is not None for part in parts.get(number, ())):
        return None
    begins, ends = interval_of(partner_time.begins, partner_time.lasts, ZoneInfo(partner_time.zone))
    return begins if ends > now else None


def offers(moments: Iterable[Moment], excluded: Collection[str]) -> list[tuple[str, int]]:
    """Return the categories to offer, with how often each was for both; `excluded`: accepted or declined already."""
    counted = Counter(
        moment.category
        for moment in moments
        if moment.outcome is Outcome.TOGETHER
        and moment.category is not None
        and moment.category not in excluded
        # The offer would name it.
        and moment.category not in UNNAMED
    )
    return sorted((category, times) for category, times in counted.items() if times >= MIN_TIMES_TOGETHER)


def declined(stored: object) -> frozenset[str]:
    return frozenset(word for word in stored if isinstance(word, str)) if isinstance(stored, list) else frozenset()
