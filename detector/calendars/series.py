"""From an event and its changed instances to one partner time; from instances without their event to one each."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from detector.calendars.event import ParsedEvent
from detector.calendars.limits import MAX_EXCEPTIONS
from detector.calendars.model import EventProblem, ProposedEvent
from detector.calendars.values import EventTime
from detector.i18n import _
from detector.partner_time.model import Moved, PartnerTime
from detector.partner_time.recurrence import ever_takes_place


@dataclass(slots=True)
class EventSeries:
    """What a calendar has under one uid: the event, its changed instances, and the starts of excluded ones."""

    event: ParsedEvent | None = None
    instances: list[ParsedEvent] = field(default_factory=list)
    excluded: list[EventTime] = field(default_factory=list)
    is_invalid: bool = False  # the event could not be read
    split_line: int | None = None  # the line of an instance that replaces all later ones, too


def to_partner_times(uid: str, series: EventSeries, zone: str, problems: list[EventProblem]) -> list[ProposedEvent]:
    """Return the partner times of this uid; what cannot be one is added to `problems`. `zone`: of floating times."""
    if series.is_invalid:
        return []
    event = series.event
    # Somebody who is invited to one occurrence of a series gets that instance alone.
    if event is None:
        return [_single(uid, instance, zone) for instance in _latest(series.instances) if not instance.is_cancelled]
    if event.is_cancelled:
        return []

    def refuse(line: int, why: str) -> list[ProposedEvent]:
        problems.append(EventProblem(line=line, why=why, what=event.title, uid=uid))
        return []

    if series.split_line is not None:
        why = _("one time and all later ones were changed together (RANGE=THISANDFUTURE), which is not read")
        return refuse(series.split_line, why)
    if len(series.instances) + len(series.excluded) > MAX_EXCEPTIONS:
        why = _("it has more than {count} instances that were changed").format(count=f"{MAX_EXCEPTIONS:,}")
        return refuse(event.line, why)
    partner_time = _partner_time(event, series, zone)
    # 30 February, say: occurrences are searched for, since the rule itself does not tell.
    if not partner_time.moved and not ever_takes_place(partner_time):
        if ever_takes_place(replace(partner_time, without=())):
            return []  # each of its times was cancelled
        return refuse(event.line, _("it never takes place: no day is as its recurrence says"))
    return [ProposedEvent(uid=uid, partner_time=partner_time, line=event.line)]


def _partner_time(event: ParsedEvent, series: EventSeries, device_zone: str) -> PartnerTime:
    zone = event.begins.zone or device_zone
    instances = _latest(series.instances)
    cancelled = [each.recurrence_id for each in instances if each.is_cancelled and each.recurrence_id is not None]
    without = {_beginning(at, event, zone) for at in (*event.excluded, *series.excluded, *cancelled)}
    also = {_beginning(at, event, zone) for at in event.extra}
    # A PERIOD in RDATE has a length of its own, which only a moved occurrence can have.
    moved = {
        at: Moved(original_start=at, begins=at, lasts=length)
        for at, length in ((_beginning(at, event, zone), length) for at, length in event.periods)
        if length != event.lasts
    }
    for instance in instances:
        if instance.recurrence_id is not None and not instance.is_cancelled:
            start = _beginning(instance.recurrence_id, event, zone)
            title = None if instance.title == event.title else instance.title
            moved[start] = Moved(
                original_start=start, begins=instance.begins.local_in(zone), lasts=instance.lasts, title=title
            )
            # Some programs write EXDATE for the beginning that an instance replaces: the instance counts.
            without.discard(start)
    return PartnerTime(
        title=event.title,
        begins=event.begins.local,
        lasts=event.lasts,
        zone=zone,
        recurrence=event.recurrence,
        floats=event.begins.zone is None,
        without=tuple(sorted(without)),
        also=tuple(sorted(also - {event.begins.local})),
        moved=tuple(moved[start] for start in sorted(moved) if start not in without),
        as_rfc=True,
    )


def _beginning(at: EventTime, event: ParsedEvent, zone: str) -> datetime:
    local = at.local_in(zone)
    return datetime.combine(local.date(), event.begins.local.time()) if at.is_day else local


def _latest(instances: list[ParsedEvent]) -> list[ParsedEvent]:
    latest: dict[EventTime | None, ParsedEvent] = {}
    for instance in instances:
        known = latest.get(instance.recurrence_id)
        if known is None or instance.sequence >= known.sequence:
            latest[instance.recurrence_id] = instance
    return list(latest.values())


def _single(uid: str, instance: ParsedEvent, device_zone: str) -> ProposedEvent:
    of = instance.recurrence_id or instance.begins
    partner_time = PartnerTime(
        title=instance.title,
        begins=instance.begins.local,
        lasts=instance.lasts,
        zone=instance.begins.zone or device_zone,
        floats=instance.begins.zone is None,
        as_rfc=True,
    )
    # The uid is shared by all instances; with the beginning behind it each has one of its own.
    return ProposedEvent(uid=f"{uid} {of.local:%Y%m%dT%H%M%S}", partner_time=partner_time, line=instance.line)
