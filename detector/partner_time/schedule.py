"""The plan that follows from what is declared, its exceptions, and what has started.

Invariant 1: at most one occurrence is current. Where several overlap, the one with the earliest planned start is current
until its end (of two with one start, the one declared first). The next one begins then, with what is left of it.
Invariant 2: a stopped occurrence ends at the instant of the stop, extended or not.
Invariant 3: an extended occurrence ends at its later end, at most 24 h after its planned start. Extending never shortens.
Invariant 4: the plan depends on what was declared, stopped, extended and started, not on when it is computed. The parts of
occurrences in it do not overlap, and each keeps its id.
Invariant 5: what has started keeps its start and comes before everything else; no edit and no journey changes it. While its
partner time is declared, it replaces the planned occurrence of its id.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from detector.partner_time.model import Occurrence, PartnerTime, belongs_to
from detector.partner_time.occurrences import LOOK_AHEAD, LOOK_BACK, MAX_LENGTH, occurrences, occurrences_from

# A year contains nearly every combination of what recurs.
OVERLAP_HORIZON: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The current occurrence at an instant, and those that begin after it, in order."""

    current: Occurrence | None
    # When `current` changes: its end, else the next start. None: nothing starts within `LOOK_AHEAD`; look again in a day.
    boundary: datetime | None
    upcoming: tuple[Occurrence, ...] = ()


@dataclass(frozen=True, slots=True)
class OccurrenceOverrides:
    """How single occurrences differ from what is declared, by their id."""

    ended_early: Mapping[str, datetime] = field(default_factory=dict)  # when it was stopped, skipped or cancelled
    extended: Mapping[str, datetime] = field(default_factory=dict)  # its later end

    def apply(self, planned: Iterable[Occurrence]) -> Iterator[Occurrence]:
        """Yield the occurrences with their real ends. One that ended before it began is left out."""
        for occurrence in planned:
            later = self.extended.get(occurrence.id, occurrence.ends)
            ends = max(occurrence.ends, min(later, latest_end(occurrence)))
            ends = min(ends, self.ended_early.get(occurrence.id, ends))
            if ends > occurrence.begins:
                yield occurrence if ends == occurrence.ends else replace(occurrence, ends=ends)

    def ids_for(self, number: int | None) -> set[str]:
        return {id_ for id_ in (*self.ended_early, *self.extended) if belongs_to(id_, number)}


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedOccurrence:
    """An occurrence that has started: when it really began, and when it was to end at that time.

    `ended`: when it really ended, if it did. `is_over`: it ended as planned or was stopped. Such an occurrence does not
    return, unless it was extended at the very instant of its end.
    """

    occurrence: Occurrence
    ended: datetime | None = None
    is_over: bool = False


class _Timeline(NamedTuple):
    """All occurrences that matter at an instant. No occurrence begins before `busy_until`."""

    under_way: list[Occurrence]
    later: list[Occurrence]
    busy_until: datetime | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The declared partner times, with exceptions. `started`: those that began in the last days; None: not known."""

    partner_times: Sequence[PartnerTime] = ()
    exceptions: OccurrenceOverrides = field(default_factory=OccurrenceOverrides)
    started: Sequence[StartedOccurrence] | None = None

    def at(self, now: datetime) -> Plan:
        current: Occurrence | None = None
        upcoming: list[Occurrence] = []
        under_way, later, busy_until = self._timeline(self.partner_times, now)
        for occurrence in under_way + later:
            # Invariant 1: it begins when everything before it has ended, and not at all where nothing is left of it.
            begins = occurrence.begins if busy_until is None else max(occurrence.begins, busy_until)
            busy_until = occurrence.ends if busy_until is None else max(occurrence.ends, busy_until)
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
        """Return every occurrence that is under way at `now`, the current one first.

        To stop partner time is to stop all of these: otherwise the next would begin at once.
        """
        under_way, later, _ = self._timeline(self.partner_times, now)
        return tuple(occurrence for occurrence in under_way + later if occurrence.begins <= now < occurrence.ends)

    def upcoming_of(self, partner_time: PartnerTime, now: datetime, *, within: timedelta) -> Iterator[Occurrence]:
        """Yield what of this partner time is under way or begins within the length, each occurrence whole, in order."""
        # An edit may have moved or removed the plan of what has started, so the plan does not find it.
        yield from self._timeline([partner_time], now).under_way
        started = {entry.occurrence.id for entry in self.started or ()}
        # From before `now` on: what was planned to be over by now may have been extended.
        planned = occurrences_from(partner_time, now - LOOK_BACK, LOOK_BACK + within)
        for occurrence in self.exceptions.apply(planned):
            is_ahead = occurrence.ends > now and occurrence.id not in started
            if is_ahead and occurrence.id not in self.exceptions.ended_early:
                yield occurrence

    def still_running(self, number: int | None, now: datetime) -> list[Occurrence]:
        """Return what has started of the partner time of this number and would go on at `now` if it was not stopped."""
        started = (entry.occurrence for entry in self.started or () if belongs_to(entry.occurrence.id, number))
        extended = OccurrenceOverrides(extended=self.exceptions.extended).apply(started)
        return [occurrence for occurrence in extended if occurrence.ends > now]

    def _timeline(self, partner_times: Iterable[PartnerTime], now: datetime) -> _Timeline:
        ended_early = self.exceptions.ended_early
        declared = {partner_time.number: partner_time for partner_time in partner_times}
        # What was planned to end before `now - LOOK_BACK` cannot overlap anything that is still to end, extended or not.
        planned = {
            occurrence.id: occurrence
            for partner_time in declared.values()
            for occurrence in occurrences(partner_time, now - LOOK_BACK, now + LOOK_AHEAD)
        }
        started = list(self.exceptions.apply(self._take_started(planned, declared, now)))
        if self.started is not None:
            # What was stopped is over, and never begins if it had not started; also where the clock was set back since.
            planned = {id_: occurrence for id_, occurrence in planned.items() if id_ not in ended_early}
        under_way = [occurrence for occurrence in started if now < occurrence.ends and occurrence.id not in ended_early]
        # Nothing new begins in a time in which another one was under way, also after that one was stopped or removed.
        ends = [occurrence.ends for occurrence in started] + [
            entry.ended for entry in self.started or () if entry.ended is not None
        ]
        return _Timeline(
            under_way=sorted(under_way, key=_begin_and_number),
            later=sorted(self.exceptions.apply(planned.values()), key=_begin_and_number),
            busy_until=max((ended for ended in ends if ended <= now), default=None),
        )

    def _take_started(
        self, planned: dict[str, Occurrence], declared: Mapping[int | None, PartnerTime], now: datetime
    ) -> list[Occurrence]:
        """Take out of `planned` what has started (invariant 5); return what of it began by `now` and may go on."""
        started = []
        for entry in self.started or ():
            occurrence = entry.occurrence
            # An occurrence that was extended at the very instant of its end returns for the rest.
            if entry.is_over and self.exceptions.extended.get(occurrence.id, occurrence.ends) <= occurrence.ends:
                planned.pop(occurrence.id, None)
            elif (partner_time := declared.get(occurrence.partner_time)) is not None:
                # The stored occurrence has no zone and no `quiet`: they are as planned, else as declared now.
                unplanned = replace(occurrence, zone=partner_time.zone, do_not_disturb=partner_time.do_not_disturb)
                base = planned.pop(occurrence.id, unplanned)
                as_it_began = replace(base, begins=occurrence.begins, ends=occurrence.ends)
                # Where the clock was set back to before its start, the occurrence is still to come.
                if occurrence.begins <= now:
                    started.append(as_it_began)
                else:
                    planned[occurrence.id] = as_it_began
        return started


def latest_end(planned: Occurrence) -> datetime:
    """Return the instant beyond which the occurrence is not extended: its planned end, where that is later still."""
    return max(planned.ends, planned.begins + MAX_LENGTH)


def _begin_and_number(occurrence: Occurrence) -> tuple[datetime, int]:
    return occurrence.begins, occurrence.partner_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """The given partner time overlaps `other` `count` times; `first` is the first of its occurrences that does."""

    other: PartnerTime
    first: Occurrence
    count: int


def overlaps(wanted: PartnerTime, schedule: Schedule, now: datetime) -> list[Overlap]:
    """Return which others it overlaps within a year; what was skipped, cancelled or stopped does not count."""

    def planned(partner_time: PartnerTime) -> list[Occurrence]:
        return list(schedule.exceptions.apply(occurrences(partner_time, now, now + OVERLAP_HORIZON)))

    own = [occurrence for occurrence in planned(wanted) if occurrence.ends > now]
    others = [other for other in schedule.partner_times if own and other.number != wanted.number]
    both = ((other, list(_overlapping(own, planned(other)))) for other in others)
    return [
        Overlap(other=other, first=overlapping[0], count=len(overlapping)) for other, overlapping in both if overlapping
    ]


def _overlapping(own: list[Occurrence], others: list[Occurrence]) -> Iterator[Occurrence]:
    # Both lists are in order, so one pass over both is enough.
    index = 0
    for occurrence in own:
        while index < len(others) and others[index].ends <= occurrence.begins:
            index += 1
        if index < len(others) and others[index].begins < occurrence.ends:
            yield occurrence
