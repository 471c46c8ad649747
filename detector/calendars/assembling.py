"""From an event and its instances to one partner time, or from instances without their event to one each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from detector.calendars.event import Event
from detector.calendars.limits import MOST_EXCEPTIONS
from detector.calendars.model import ReadEvent, Wrong
from detector.calendars.values import When
from detector.partner_time.model import Moved, PartnerTime
from detector.partner_time.recurrence import ever_takes_place


@dataclass(slots=True)
class Together:
    """What stands in a calendar under one uid: the whole event, its instances, and for which beginnings others stood.

    `is_wrong`: the whole event was not understood. `split`: the line of an instance that stands for all later ones, too.
    """

    whole: Event | None = None
    instances: list[Event] = field(default_factory=list)
    left_out: list[When] = field(default_factory=list)
    is_wrong: bool = False
    split: int | None = None


def assemble(uid: str, together: Together, here: str, wrong: list[Wrong]) -> list[ReadEvent]:
    """Return the partner times that stand under this uid; what cannot be one is added to `wrong`.

    `here`: the zone of what goes by whichever clock is near.
    """
    if together.is_wrong:
        return []
    if together.whole is None:
        return [_alone(uid, event, here) for event in _latest(together.instances) if not event.is_cancelled]
    if together.whole.is_cancelled:
        return []
    whole = together.whole
    if together.split is not None:
        why = "one time and all later ones were changed together (RANGE=THISANDFUTURE), which is not read"
        wrong.append(Wrong(line=together.split, why=why, what=whole.title, uid=uid))
        return []
    if len(together.instances) + len(together.left_out) > MOST_EXCEPTIONS:
        why = f"it has more than {MOST_EXCEPTIONS:,} instances that were changed"
        wrong.append(Wrong(line=whole.line, why=why, what=whole.title, uid=uid))
        return []
    found = _partner_time(whole, together, here)
    if not found.moved and not ever_takes_place(found):
        if ever_takes_place(replace(found, without=())):
            return []  # each of its times was cancelled
        why = "it never takes place: no day is as its recurrence says"
        wrong.append(Wrong(line=whole.line, why=why, what=whole.title, uid=uid))
        return []
    return [ReadEvent(uid=uid, partner_time=found, line=whole.line)]


def _partner_time(whole: Event, together: Together, here: str) -> PartnerTime:
    zone = whole.begins.zone or here
    instances = _latest(together.instances)
    cancelled = [event.stands_for for event in instances if event.is_cancelled and event.stands_for is not None]
    without = {_beginning(when, whole, zone) for when in (*whole.without, *together.left_out, *cancelled)}
    also = {_beginning(when, whole, zone) for when in whole.also}
    moved = {
        at: Moved(of=at, begins=at, lasts=length)
        for at, length in ((_beginning(when, whole, zone), length) for when, length in whole.stretches)
        if length != whole.lasts
    }
    for event in instances:
        if event.stands_for is not None and not event.is_cancelled:
            of = _beginning(event.stands_for, whole, zone)
            title = None if event.title == whole.title else event.title
            moved[of] = Moved(of=of, begins=event.begins.on_the_wall_of(zone), lasts=event.lasts, title=title)
            without.discard(of)
    return PartnerTime(
        title=whole.title,
        begins=whole.begins.local,
        lasts=whole.lasts,
        zone=zone,
        recurrence=whole.recurrence,
        floats=whole.begins.zone is None,
        without=tuple(sorted(without)),
        also=tuple(sorted(also - {whole.begins.local})),
        moved=tuple(moved[of] for of in sorted(moved) if of not in without),
        as_rfc=True,
    )


def _beginning(when: When, whole: Event, zone: str) -> datetime:
    """Return the beginning of the series that is meant; a whole day means the beginning on that day."""
    local = when.on_the_wall_of(zone)
    return datetime.combine(local.date(), whole.begins.local.time()) if when.is_day else local


def _latest(instances: list[Event]) -> list[Event]:
    """Return of each beginning the instance that was changed last."""
    latest: dict[When | None, Event] = {}
    for event in instances:
        known = latest.get(event.stands_for)
        if known is None or event.sequence >= known.sequence:
            latest[event.stands_for] = event
    return list(latest.values())


def _alone(uid: str, event: Event, here: str) -> ReadEvent:
    stands_for = event.stands_for or event.begins
    zone = event.begins.zone or here
    partner_time = PartnerTime(
        title=event.title,
        begins=event.begins.local,
        lasts=event.lasts,
        zone=zone,
        floats=event.begins.zone is None,
        as_rfc=True,
    )
    of = stands_for.on_the_wall_of(ZoneInfo(stands_for.zone or zone).key)
    return ReadEvent(uid=f"{uid} {of:%Y%m%dT%H%M%S}", partner_time=partner_time, line=event.line)
