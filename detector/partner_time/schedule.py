"""The schedule: what is declared, the exceptions from it, what has started; and the plan that follows from these.

Invariant 1: at most one occurrence is current. Where several overlap it is the one that was planned to begin first (of two that
begin together the one declared first); it goes on until its end, and then the next begins for what is left of it.
Invariant 2: a stopped occurrence ends at the instant at which it was stopped, extended or not.
Invariant 3: an extended occurrence ends at its later end, 24 h after its planned beginning at the latest; extending never
makes one shorter.
Invariant 4: the plan depends on what was declared, stopped and extended, and on what has started; never on when or how often it
is computed. The parts of occurrences in it do not overlap, and each keeps its id.
Invariant 5: what has started stays as it started, and comes before all that has not: neither an edit nor a journey to another
zone changes it. As long as its partner time is declared, it takes the place of the planned occurrence of its id.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import LOOK_AHEAD, LOOK_BACK, MAX_LENGTH, occurrences, occurrences_from

# What recurs has met the rest of the year by then.
MAX_AHEAD_OF_OVERLAPS: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is current at an instant, and what comes.

    `boundary` is the next instant at which `current` changes: its end, else the next beginning; None if nothing begins
    within `LOOK_AHEAD`, so that looking once a day is enough. `upcoming` holds what begins after the instant, in order.
    """

    current: Occurrence | None
    boundary: datetime | None
    upcoming: tuple[Occurrence, ...] = ()


@dataclass(frozen=True, slots=True)
class Exceptions:
    """How single occurrences differ from what is declared, by their id.

    `stopped`: when they were stopped, skipped or cancelled. `extended`: their later ends.
    """

    stopped: Mapping[str, datetime] = field(default_factory=dict)
    extended: Mapping[str, datetime] = field(default_factory=dict)

    def apply(self, planned: Iterable[Occurrence]) -> Iterator[Occurrence]:
        """Yield the occurrences with their real ends. One that was stopped before it began is left out."""
        for occurrence in planned:
            later = self.extended.get(occurrence.id)
            ends = occurrence.ends if later is None else max(occurrence.ends, min(later, latest_end(occurrence)))
            ends = min(ends, self.stopped.get(occurrence.id, ends))
            if ends > occurrence.begins:
                yield occurrence if ends == occurrence.ends else replace(occurrence, ends=ends)

    def of(self, number: int | None) -> set[str]:
        """Return the ids that belong to the partner time of this number."""
        own = f"{number}@"
        return {name for name in (*self.stopped, *self.extended) if name.startswith(own)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedOccurrence:
    """An occurrence that has started: from when it really began until when it was to end then.

    `ended`: when it really ended, if it did. `is_over`: it does not come back, for it ended as planned or was stopped;
    unless it was given a later end in that very instant.
    """

    occurrence: Occurrence
    ended: datetime | None = None
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is declared, with its exceptions. `started`: what began in the last days; None where that is not known."""

    partner_times: Sequence[PartnerTime] = ()
    exceptions: Exceptions = field(default_factory=Exceptions)
    started: Sequence[StartedOccurrence] | None = None

    def at(self, now: datetime) -> Plan:
        """Return what is current at `now`, and what comes."""
        current: Occurrence | None = None
        upcoming: list[Occurrence] = []
        under_way, later, taken_until = self._in_order(self.partner_times, now)
        for occurrence in under_way + later:
            # Invariant 1: it begins when everything before it has ended, and not at all where nothing is left of it.
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

    def under_way(self, now: datetime) -> tuple[Occurrence, ...]:
        """Return every occurrence whose time holds `now`, the current one first.

        To stop partner time is to stop all of these: otherwise the next would begin at once.
        """
        under_way, later, _ = self._in_order(self.partner_times, now)
        return tuple(occurrence for occurrence in under_way + later if occurrence.begins <= now < occurrence.ends)

    def coming(self, partner_time: PartnerTime, now: datetime, *, within: timedelta) -> Iterator[Occurrence]:
        """Yield what is under way of this partner time and what comes of it within the length, each whole, by beginning.

        No more of it is computed than is taken. The partner time itself need not be declared yet.
        """
        # What has started is not looked up by its plan: an edit may have moved that, or taken it away.
        yield from self._in_order([partner_time], now)[0]
        started = {each.occurrence.id for each in self.started or ()}
        # From before `now` on: what was planned to be over by now may have been extended.
        planned = occurrences_from(partner_time, now - LOOK_BACK, LOOK_BACK + within)
        for occurrence in self.exceptions.apply(planned):
            is_coming = occurrence.ends > now and occurrence.id not in started
            if is_coming and occurrence.id not in self.exceptions.stopped:
                yield occurrence

    def not_over(self, number: int | None, now: datetime) -> list[Occurrence]:
        """Return what has started of the partner time of this number and would still go on if it was not stopped."""
        own = f"{number}@"
        started = (each.occurrence for each in self.started or () if each.occurrence.id.startswith(own))
        return [each for each in Exceptions(extended=self.exceptions.extended).apply(started) if each.ends > now]

    def _in_order(
        self, partner_times: Iterable[PartnerTime], now: datetime
    ) -> tuple[list[Occurrence], list[Occurrence], datetime | None]:
        """Return what has started and goes on, all that has not started, and until when the past is taken."""
        stopped, extended = self.exceptions.stopped, self.exceptions.extended
        declared = {known.number: known for known in partner_times}
        # What was planned to end before `now - LOOK_BACK` cannot overlap anything that is still to end, extended or not.
        planned = {
            occurrence.id: occurrence
            for partner_time in declared.values()
            for occurrence in occurrences(partner_time, now - LOOK_BACK, now + LOOK_AHEAD)
        }
        # Invariant 5: what has started takes the place of what is planned under its id, or is dropped from the plan if it is over.
        first, past = [], []
        for known in self.started or ():
            began, name = known.occurrence, known.occurrence.id
            if known.ended is not None:
                past.append(known.ended)
            # It comes back for the rest of it where it was extended in the very instant in which it ended.
            if known.is_over and extended.get(name, began.ends) <= began.ends:
                planned.pop(name, None)
            elif (declares := declared.get(began.partner_time)) is not None:
                # What was kept of it says neither its zone nor its quiet: those are as planned, else as declared now.
                unplanned = replace(began, zone=declares.zone, quiet=declares.quiet)
                as_it_began = replace(planned.pop(name, unplanned), begins=began.begins, ends=began.ends)
                # Where the clock was set back behind its beginning, that is still to come.
                if began.begins <= now:
                    first.append(as_it_began)
                else:
                    planned[name] = as_it_began
        if self.started is not None:
            # What was stopped is over, and never begins if it had not started; also where the clock was set back since.
            planned = {name: occurrence for name, occurrence in planned.items() if name not in stopped}
        first = list(self.exceptions.apply(first))
        under_way = [occurrence for occurrence in first if now < occurrence.ends and occurrence.id not in stopped]
        # Nothing new begins in a time in which another one was under way, also after that one was stopped or removed.
        past += [occurrence.ends for occurrence in first]
        later = sorted(self.exceptions.apply(planned.values()), key=_place)
        return sorted(under_way, key=_place), later, max((ended for ended in past if ended <= now), default=None)


def latest_end(planned: Occurrence) -> datetime:
    """Return the instant beyond which the occurrence is not extended: its planned end, where that is later still."""
    return max(planned.ends, planned.begins + MAX_LENGTH)


def _place(occurrence: Occurrence) -> tuple[datetime, int]:
    return occurrence.begins, occurrence.partner_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """`other` overlaps the given partner time `count` times; `first` is its own first occurrence that does."""

    other: PartnerTime
    first: Occurrence
    count: int


def overlaps(wanted: PartnerTime, schedule: Schedule, now: datetime) -> list[Overlap]:
    """Return which others it overlaps within a year, but for what is skipped, cancelled or stopped: a note, never an error.

    `wanted` has a number, or 0 for what is not kept yet.
    """

    def planned(partner_time: PartnerTime) -> list[Occurrence]:
        return list(schedule.exceptions.apply(occurrences(partner_time, now, now + MAX_AHEAD_OF_OVERLAPS)))

    own = [occurrence for occurrence in planned(wanted) if occurrence.ends > now]
    others = [other for other in schedule.partner_times if own and other.number != wanted.number]
    both = ((other, list(_overlapping(own, planned(other)))) for other in others)
    return [Overlap(other=other, first=found[0], count=len(found)) for other, found in both if found]


def _overlapping(own: list[Occurrence], others: list[Occurrence]) -> Iterator[Occurrence]:
    # Both are by beginning, and none is longer than a day: one walk along both, rather than a year squared.
    at = 0
    for occurrence in own:
        while at < len(others) and others[at].ends <= occurrence.begins:
            at += 1
        if at < len(others) and others[at].begins < occurrence.ends:
            yield occurrence
