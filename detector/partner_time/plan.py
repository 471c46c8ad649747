"""Which occurrence is in force, and when that changes next.

Rule 1: at most one occurrence is in force. Where several overlap it is the one that was planned to begin first (of two
that begin together the one declared first); it goes on until its end, and then the next begins for what is left of it.
Rule 2: a stopped occurrence ends at the instant at which it was stopped, extended or not.
Rule 3: an extended occurrence ends at its later end, 24 h after its planned beginning at the latest; extending never
makes one shorter.
Rule 4: the plan depends on what was declared, stopped and extended, and on what has begun; never on when or how often it
is asked for. The parts of occurrences in it do not overlap, and each keeps its id.
Rule 5: what has begun stays as it began, and comes before all that has not: neither what is declared nor where the device
is changes it any more. As long as its partner time is declared it stands in the plan for its id, over or not.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import LONGEST, LOOK_AHEAD, LOOK_BACK, occurrences, occurrences_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What holds at an instant, and what comes.

    `boundary` is the next instant at which `current` changes: its end, else the next beginning; None if nothing begins
    within `LOOK_AHEAD`, so that a daily question is enough. `upcoming` holds what begins after the instant, in order.
    """

    current: Occurrence | None
    boundary: datetime | None
    upcoming: tuple[Occurrence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An occurrence that has begun: from when it really began until when it was to end then.

    `ended`: when it really ended, if it did. `is_over`: it does not come back, for it ended as planned or was stopped;
    unless it was given a later end in that very instant.
    """

    occurrence: Occurrence
    ended: datetime | None = None
    is_over: bool = False


def current_and_next(
    partner_times: Iterable[PartnerTime],
    now: datetime,
    stopped: Mapping[str, datetime] | None = None,
    extended: Mapping[str, datetime] | None = None,
    begun: Iterable[Begun] | None = None,
) -> Plan:
    """Return the plan at `now`.

    `stopped` tells by id which occurrences were stopped, and when; `extended` which were given a later end. `begun` is
    what began in the last days; None where that is not known.
    """
    current: Occurrence | None = None
    upcoming: list[Occurrence] = []
    goes_on, found, taken_until = _in_order(partner_times, now, stopped or {}, extended or {}, begun)
    for occurrence in goes_on + found:
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
    begun: Iterable[Begun] | None = None,
) -> tuple[Occurrence, ...]:
    """Return every occurrence whose stretch holds `now`, the one in force first.

    Who stops partner time stops all of these: otherwise the next would begin at once.
    """
    goes_on, found, _ = _in_order(partner_times, now, stopped or {}, extended or {}, begun)
    return tuple(occurrence for occurrence in goes_on + found if occurrence.begins <= now < occurrence.ends)


def coming(
    partner_time: PartnerTime,
    now: datetime,
    stopped: Mapping[str, datetime],
    extended: Mapping[str, datetime],
    *,
    begun: Collection[Begun],
    within: timedelta,
) -> Iterator[Occurrence]:
    """Yield what is under way of this partner time and what comes of it within the length, each whole, by beginning.

    No more of it is computed than is taken.
    """
    goes_on, _, _ = _in_order([partner_time], now, stopped, extended, begun)
    yield from goes_on
    has_begun = {known.occurrence.id for known in begun}
    planned = occurrences_from(partner_time, now - LOOK_BACK, LOOK_BACK + within)
    for occurrence in as_changed(planned, stopped, extended):
        if occurrence.ends > now and occurrence.id not in has_begun and occurrence.id not in stopped:
            yield occurrence


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
    begun: Iterable[Begun] | None,
) -> tuple[list[Occurrence], list[Occurrence], datetime | None]:
    """Return what has begun and goes on, all that has not begun, and until when the past is taken by what has begun."""
    declared = {known.number: known for known in partner_times}
    # What was planned to end before `now - LOOK_BACK` cannot overlap anything that is still to end, extended or not.
    planned = {
        occurrence.id: occurrence
        for partner_time in declared.values()
        for occurrence in occurrences(partner_time, now - LOOK_BACK, now + LOOK_AHEAD)
    }
    first, past = [], []
    for known in begun or ():
        began, name = known.occurrence, known.occurrence.id
        if known.ended is not None:
            past.append(known.ended)
        # It comes back for the rest of it where it was extended in the very instant in which it ended.
        if known.is_over and extended.get(name, began.ends) <= began.ends:
            planned.pop(name, None)
        elif (declares := declared.get(began.partner_time)) is not None:
            unknown = replace(began, zone=declares.zone, quiet=declares.quiet)
            as_it_began = replace(planned.pop(name, unknown), begins=began.begins, ends=began.ends)
            # Where the clock was set back behind its beginning, that is still to come.
            if began.begins <= now:
                first.append(as_it_began)
            else:
                planned[name] = as_it_began
    if begun is not None:
        # What was stopped is over, and never begins if it had not begun; also where the clock was set back since.
        planned = {name: occurrence for name, occurrence in planned.items() if name not in stopped}
    first = list(as_changed(first, stopped, extended))
    still = (occurrence for occurrence in first if now < occurrence.ends and occurrence.id not in stopped)
    goes_on = sorted(still, key=_place)
    past += [occurrence.ends for occurrence in first]
    later = sorted(as_changed(planned.values(), stopped, extended), key=_place)
    return goes_on, later, max((ended for ended in past if ended <= now), default=None)


def _place(occurrence: Occurrence) -> tuple[datetime, int]:
    return occurrence.begins, occurrence.partner_time
