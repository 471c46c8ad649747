"""Which occurrence is in force, and when that changes next.

Rule 1: at most one occurrence is in force. Where several overlap it is the one that was planned to begin first (of two
that begin together the one declared first); it goes on until its end, and then the next begins for what is left of it.
Rule 2: a stopped occurrence ends at the instant at which it was stopped.
Rule 3: the plan depends on what was declared and stopped, never on when or how often it is asked for; the parts of
occurrences in it do not overlap, and each keeps its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import LOOK_AHEAD, LOOK_BACK, occurrences


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What holds at an instant, and what comes.

    `boundary` is the next instant at which `current` changes: its end, else the next beginning; None if nothing begins
    within `LOOK_AHEAD`, so that a daily question is enough. `upcoming` holds what begins after the instant, in order.
    """

    current: Occurrence | None
    boundary: datetime | None
    upcoming: tuple[Occurrence, ...] = ()


def current_and_next(
    partner_times: Iterable[PartnerTime], now: datetime, stopped: Mapping[str, datetime] | None = None
) -> Plan:
    """Return the plan at `now`; `stopped` tells by id which occurrences were stopped, and when."""
    current: Occurrence | None = None
    upcoming: list[Occurrence] = []
    taken_until: datetime | None = None
    for occurrence in _in_order(partner_times, now, stopped or {}):
        begins = occurrence.begins if taken_until is None else max(occurrence.begins, taken_until)
        taken_until = occurrence.ends if taken_until is None else max(occurrence.ends, taken_until)
        if begins >= occurrence.ends or occurrence.ends <= now:
            continue
        part = occurrence if begins == occurrence.begins else replace(occurrence, begins=begins)
        if begins <= now:
            current = part
        else:
            upcoming.append(part)
    boundary = current.ends if current else upcoming[0].begins if upcoming else None
    return Plan(current=current, boundary=boundary, upcoming=tuple(upcoming))


def under_way(
    partner_times: Iterable[PartnerTime], now: datetime, stopped: Mapping[str, datetime] | None = None
) -> tuple[Occurrence, ...]:
    """Return every occurrence whose planned stretch holds `now`, the one in force first.

    Who stops partner time stops all of these: otherwise the next would begin at once.
    """
    return tuple(o for o in _in_order(partner_times, now, stopped or {}) if o.begins <= now < o.ends)


def as_stopped(planned: Iterable[Occurrence], stopped: Mapping[str, datetime]) -> Iterator[Occurrence]:
    """Yield the occurrences with the ends that stopping gave them; one stopped before it began is left out."""
    for occurrence in planned:
        at = stopped.get(occurrence.id)
        if at is None or at >= occurrence.ends:
            yield occurrence
        elif at > occurrence.begins:
            yield replace(occurrence, ends=at)


def _in_order(partner_times: Iterable[PartnerTime], now: datetime, stopped: Mapping[str, datetime]) -> list[Occurrence]:
    # What ended before `now - LOOK_BACK` cannot overlap anything that is still to end.
    found = [
        occurrence
        for partner_time in partner_times
        for occurrence in as_stopped(occurrences(partner_time, now - LOOK_BACK, now + LOOK_AHEAD), stopped)
    ]
    return sorted(found, key=lambda occurrence: (occurrence.begins, occurrence.partner_time))
