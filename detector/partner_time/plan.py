"""Which occurrence is in force, and when that changes next.

Rule 1: at most one occurrence is in force. Where several overlap it is the one that was planned to begin first (of two
that begin together the one declared first); it goes on until its end, and then the next begins for what is left of it.
Rule 2: a stopped occurrence ends at the instant at which it was stopped, extended or not.
Rule 3: an extended occurrence ends at its later end, 24 h after its planned beginning at the latest; extending never
makes one shorter.
Rule 4: the plan depends on what was declared, stopped and extended, never on when or how often it is asked for; the
parts of occurrences in it do not overlap, and each keeps its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import LONGEST, LOOK_AHEAD, LOOK_BACK, occurrences


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
    partner_times: Iterable[PartnerTime],
    now: datetime,
    stopped: Mapping[str, datetime] | None = None,
    extended: Mapping[str, datetime] | None = None,
) -> Plan:
    """Return the plan at `now`.

    `stopped` tells by id which occurrences were stopped, and when; `extended` which were given a later end.
    """
    current: Occurrence | None = None
    upcoming: list[Occurrence] = []
    taken_until: datetime | None = None
    for occurrence in _in_order(partner_times, now, stopped or {}, extended or {}):
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
    partner_times: Iterable[PartnerTime],
    now: datetime,
    stopped: Mapping[str, datetime] | None = None,
    extended: Mapping[str, datetime] | None = None,
) -> tuple[Occurrence, ...]:
    """Return every occurrence whose stretch holds `now`, the one in force first.

    Who stops partner time stops all of these: otherwise the next would begin at once.
    """
    found = _in_order(partner_times, now, stopped or {}, extended or {})
    return tuple(occurrence for occurrence in found if occurrence.begins <= now < occurrence.ends)


def latest_end(planned: Occurrence) -> datetime:
    """Return the instant beyond which the occurrence is not extended: its planned end, where that is later still."""
    return max(planned.ends, planned.begins + LONGEST)


def as_changed(
    planned: Iterable[Occurrence], stopped: Mapping[str, datetime], extended: Mapping[str, datetime]
) -> Iterator[Occurrence]:
    """Yield the occurrences with the ends that stopping and extending gave them.

    One stopped before it began is left out.
    """
    for occurrence in planned:
        later = extended.get(occurrence.id)
        ends = occurrence.ends if later is None else max(occurrence.ends, min(later, latest_end(occurrence)))
        ends = min(ends, stopped.get(occurrence.id, ends))
        if ends > occurrence.begins:
            yield occurrence if ends == occurrence.ends else replace(occurrence, ends=ends)


def _in_order(
    partner_times: Iterable[PartnerTime],
    now: datetime,
    stopped: Mapping[str, datetime],
    extended: Mapping[str, datetime],
) -> list[Occurrence]:
    # What was planned to end before `now - LOOK_BACK` cannot overlap anything that is still to end, extended or not.
    found = [
        occurrence
        for partner_time in partner_times
        for occurrence in as_changed(occurrences(partner_time, now - LOOK_BACK, now + LOOK_AHEAD), stopped, extended)
    ]
    return sorted(found, key=lambda occurrence: (occurrence.begins, occurrence.partner_time))
