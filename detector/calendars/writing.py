"""Write partner time as a calendar (RFC 5545), so that another program shows the same.

Rule 1: what floats is written without a zone, what has one with its VTIMEZONE, what is in UTC in UTC.
Rule 2: what was skipped or cancelled is left out by EXDATE; what takes place once and was, is written as cancelled.
Rule 3: a partner time keeps its UID, and no other device's has the same.
Rule 4: a beginning that the clocks leave out, and that is moved here, is written as an instance that was moved, for the
next ten years: by the RFC other programs would drop it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from detector.calendars.gaps import gaps
from detector.partner_time.model import Moved, PartnerTime
from detector.partner_time.recurrence import local_starts
from detector.partner_time.wall_clock import LATEST, instant_of, interval_of, local_at

if TYPE_CHECKING:
    from icalendar import Event

PRODUCT: Final = "-//Turntoward//Turntoward//EN"
YEARS: Final = 10
"""For so long changes of the clocks are written out."""

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How all of them are written. `identity`: this device's own, random; `tag`: what is added to titles, or None.

    `skipped`: the ids of occurrences that do not take place. `now`: aware, UTC.
    """

    identity: str
    now: datetime
    skipped: Collection[str] = ()
    tag: str | None = None


def write_calendar(partner_times: Iterable[PartnerTime], how: Writing) -> bytes:
    """Return the calendar, as bytes of UTF-8 with lines that end as the RFC wants it."""
    from icalendar import Calendar  # noqa: PLC0415 - 180 ms that only a calendar costs

    wanted = list(partner_times)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Partner time")
    for partner_time in wanted:
        for event in _events(partner_time, how):
            calendar.add_component(event)
    if any(not each.floats for each in wanted):
        first = min([how.now.date(), *(each.begins.date() for each in wanted)])
        last = how.now.date() + timedelta(days=366 * YEARS)
        calendar.add_missing_timezones(first_date=first - timedelta(days=366), last_date=last)
    written: bytes = calendar.to_ical()
    return written


def _events(partner_time: PartnerTime, how: Writing) -> list[Event]:
    from icalendar import vRecur  # noqa: PLC0415 - as above

    zone = ZoneInfo(partner_time.zone)
    skipped = _skipped(partner_time, how.skipped, zone)
    if partner_time.recurrence is None and not partner_time.also and not partner_time.moved:
        event = _event(partner_time, partner_time.title, partner_time.begins, partner_time.lasts, how)
        if partner_time.begins in skipped:
            event.add("status", "CANCELLED")
        return [event]
    partner_time = _from_the_first(partner_time)
    over = {each.of: each for each in _over_gaps(partner_time, zone, how.now)}
    skipped |= {of for of, each in over.items() if each.begins in skipped}
    moved = {
        of: each for of, each in (over | {each.of: each for each in partner_time.moved}).items() if of not in skipped
    }
    without = sorted({*partner_time.without, *skipped} - set(moved))
    also = sorted(set(partner_time.also) - skipped)
    whole = _event(partner_time, partner_time.title, partner_time.begins, partner_time.lasts, how)
    if partner_time.recurrence is not None:
        whole.add("rrule", vRecur.from_ical(_until_as_the_rfc_wants(partner_time, zone)))
    for name, dates in (("exdate", without), ("rdate", also)):
        if dates:
            whole.add(name, [_aware(at, partner_time) for at in dates])
    events = [whole]
    for _, each in sorted(moved.items()):
        instance = _event(partner_time, each.title or partner_time.title, each.begins, each.lasts, how)
        instance.add("recurrence-id", _aware(each.of, partner_time))
        events.append(instance)
    return events


def _from_the_first(partner_time: PartnerTime) -> PartnerTime:
    """Return it beginning when it first takes place: of an event the RFC takes the day that it begins on in any case."""
    if partner_time.as_rfc:
        return partner_time
    alone = replace(partner_time, without=(), also=())
    first = next(local_starts(alone, partner_time.begins, LATEST), None)
    return partner_time if first is None else replace(partner_time, begins=first)


def _event(partner_time: PartnerTime, title: str, begins: datetime, lasts: timedelta, how: Writing) -> Event:
    from icalendar import Event  # noqa: PLC0415 - as above

    event = Event()
    event.add("uid", f"{how.identity}-{partner_time.number}@turntoward")
    event.add("dtstamp", how.now.replace(microsecond=0))
    event.add("summary", title if how.tag is None else f"{title} {how.tag}")
    event.add("dtstart", _aware(begins, partner_time))
    event.add("duration", lasts)
    return event


def _aware(local: datetime, partner_time: PartnerTime) -> datetime:
    if partner_time.floats:
        return local
    return local.replace(tzinfo=UTC if partner_time.zone == "UTC" else ZoneInfo(partner_time.zone))


def _until_as_the_rfc_wants(partner_time: PartnerTime, zone: ZoneInfo) -> str:
    """Return the recurrence with its UNTIL in UTC, or on the wall of what floats."""
    parts = []
    for part in (partner_time.recurrence or "").upper().split(";"):
        name, _, until = part.partition("=")
        if name != "UNTIL":
            parts.append(part)
            continue
        day = datetime.strptime(until[:8], "%Y%m%d")  # noqa: DTZ007 - local by intent
        if "T" in until:
            local = datetime.strptime(until.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - as above
        else:
            local = day + timedelta(days=1) - _SECOND
        if partner_time.floats:
            at = local_at(local.replace(tzinfo=UTC), zone) if until.endswith("Z") else local
            parts.append(f"UNTIL={at:%Y%m%dT%H%M%S}")
        else:
            instant = local if until.endswith("Z") else instant_of(local, zone)
            parts.append(f"UNTIL={instant:%Y%m%dT%H%M%S}Z")
    return ";".join(parts)


def _skipped(partner_time: PartnerTime, ids: Collection[str], zone: ZoneInfo) -> set[datetime]:
    """Return the beginnings of it that do not take place, naive local."""
    own = f"{partner_time.number}@"
    found = set()
    for name in ids:
        if not name.startswith(own):
            continue
        said = name.removeprefix(own)
        local = datetime.strptime(said.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - local by intent
        found.add(local_at(local.replace(tzinfo=UTC), zone) if said.endswith("Z") else local)
    return found


def _over_gaps(partner_time: PartnerTime, zone: ZoneInfo, now: datetime) -> list[Moved]:
    """Return the beginnings that the clocks leave out, each as one that is moved: others would drop them."""
    if partner_time.as_rfc or partner_time.floats or partner_time.recurrence is None:
        return []
    found: list[Moved] = []
    for begins, ends in gaps(partner_time.zone, now.year, now.year + YEARS):
        at = datetime.combine(begins.date(), partner_time.begins.time())
        if begins <= at < ends and next(local_starts(partner_time, at, at + _SECOND), None) is not None:
            begun, ended = interval_of(at, partner_time.lasts, zone)
            found.append(Moved(of=at, begins=local_at(begun, zone), lasts=ended - begun))
    return found
