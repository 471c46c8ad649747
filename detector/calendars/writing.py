"""Write partner time as a calendar (RFC 5545), so that another program shows the same.

Invariant 1: a floating time is written without a zone, one with a zone with its VTIMEZONE, one in UTC in UTC.
Invariant 2: a skipped or cancelled start of a series is excluded by EXDATE; a single partner time is written as cancelled.
Invariant 3: a partner time keeps its UID, which is unique among devices.
Invariant 4: a start in a gap of the clocks is written as a moved instance, for the next ten years: by the RFC other programs
would drop it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from icalendar import Calendar as IcsCalendar
from icalendar import Event as IcsEvent
from icalendar import vRecur

from detector.calendars.zones import missing_local_times
from detector.i18n import _
from detector.partner_time.model import Moved, PartnerTime
from detector.partner_time.recurrence import local_starts
from detector.partner_time.wall_clock import LATEST, instant_of, interval_of, local_at

PRODUCT: Final = "-//Turntoward//Turntoward//EN"
YEARS: Final = 10
"""How many years of clock changes are written out."""

_SECOND: Final = timedelta(seconds=1)
_LOCAL: Final = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOptions:
    """How a calendar is written."""

    identity: str  # random, of this device
    now: datetime
    skipped: Collection[str] = ()  # the ids of occurrences that do not take place
    tag: str | None = None  # what is added to titles


def write_calendar(partner_times: Iterable[PartnerTime], options: ExportOptions) -> bytes:
    """Return the calendar, as bytes of UTF-8 with lines that end as the RFC wants it."""
    wanted = list(partner_times)
    calendar = IcsCalendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", _("Partner time"))
    for partner_time in wanted:
        for event in _events(partner_time, options):
            calendar.add_component(event)
    # VTIMEZONE from a year before: some programs need the change of clocks before the first event.
    if any(not each.is_floating for each in wanted):
        first = min([options.now.date(), *(each.begins.date() for each in wanted)])
        last = options.now.date() + timedelta(days=366 * YEARS)
        calendar.add_missing_timezones(first_date=first - timedelta(days=366), last_date=last)
    written: bytes = calendar.to_ical()
    return written


def _events(partner_time: PartnerTime, options: ExportOptions) -> list[IcsEvent]:
    zone = ZoneInfo(partner_time.zone)
    skipped = _skipped_starts(partner_time, options.skipped, zone)
    if partner_time.recurrence is None and not partner_time.additional and not partner_time.moved:
        event = _event(partner_time, partner_time.title, partner_time.begins, partner_time.lasts, options)
        if partner_time.begins in skipped:
            event.add("status", "CANCELLED")
        return [event]
    partner_time = _from_first_occurrence(partner_time)
    over_gaps = {change.original_start: change for change in _moved_over_gaps(partner_time, zone, options.now)}
    skipped |= {start for start, change in over_gaps.items() if change.begins in skipped}
    moved = over_gaps | {change.original_start: change for change in partner_time.moved}
    moved = {start: change for start, change in moved.items() if start not in skipped}
    without = sorted({*partner_time.excluded, *skipped} - set(moved))
    also = sorted(set(partner_time.additional) - skipped)
    series = _event(partner_time, partner_time.title, partner_time.begins, partner_time.lasts, options)
    if partner_time.recurrence is not None:
        series.add("rrule", vRecur.from_ical(_recurrence_with_utc_until(partner_time, zone)))
    for name, dates in (("exdate", without), ("rdate", also)):
        if dates:
            series.add(name, [_with_zone(at, partner_time) for at in dates])
    events = [series]
    for _of, change in sorted(moved.items()):
        instance = _event(partner_time, change.title or partner_time.title, change.begins, change.lasts, options)
        instance.add("recurrence-id", _with_zone(change.original_start, partner_time))
        events.append(instance)
    return events


def _from_first_occurrence(partner_time: PartnerTime) -> PartnerTime:
    """Return it beginning when it first takes place: by the RFC an event takes place on the day that it begins on."""
    if partner_time.as_rfc:
        return partner_time
    alone = replace(partner_time, excluded=(), additional=())
    first = next(local_starts(alone, partner_time.begins, LATEST), None)
    return partner_time if first is None else replace(partner_time, begins=first)


def _event(
    partner_time: PartnerTime, title: str, begins: datetime, lasts: timedelta, options: ExportOptions
) -> IcsEvent:
    event = IcsEvent()
    event.add("uid", f"{options.identity}-{partner_time.number}@turntoward")
    event.add("dtstamp", options.now.replace(microsecond=0))
    event.add("summary", title if options.tag is None else f"{title} {options.tag}")
    event.add("dtstart", _with_zone(begins, partner_time))
    event.add("duration", lasts)
    return event


def _with_zone(local: datetime, partner_time: PartnerTime) -> datetime:
    if partner_time.is_floating:
        return local
    return local.replace(tzinfo=UTC if partner_time.zone == "UTC" else ZoneInfo(partner_time.zone))


def _recurrence_with_utc_until(partner_time: PartnerTime, zone: ZoneInfo) -> str:
    """Return the recurrence with its UNTIL in UTC, or local of a floating time, as RFC 5545, 3.3.10, wants it."""
    parts = []
    for part in (partner_time.recurrence or "").upper().split(";"):
        # Here UNTIL is local and may be a day; by the RFC it has the type of DTSTART, and is in UTC with a zone.
        name, _equals, until = part.partition("=")
        if name != "UNTIL":
            parts.append(part)
            continue
        if "T" in until:
            local = datetime.strptime(until.removesuffix("Z"), _LOCAL)  # noqa: DTZ007 - local by intent
        else:
            day = datetime.strptime(until[:8], "%Y%m%d")  # noqa: DTZ007 - as above
            local = day + timedelta(days=1) - _SECOND
        if partner_time.is_floating:
            at = local_at(local.replace(tzinfo=UTC), zone) if until.endswith("Z") else local
            parts.append(f"UNTIL={at:{_LOCAL}}")
        else:
            instant = local if until.endswith("Z") else instant_of(local, zone)
            parts.append(f"UNTIL={instant:{_LOCAL}}Z")
    return ";".join(parts)


def _skipped_starts(partner_time: PartnerTime, ids: Collection[str], zone: ZoneInfo) -> set[datetime]:
    prefix = f"{partner_time.number}@"
    starts = set()
    for occurrence_id in ids:
        if not occurrence_id.startswith(prefix):
            continue
        begins = occurrence_id.removeprefix(prefix)
        local = datetime.strptime(begins.removesuffix("Z"), _LOCAL)  # noqa: DTZ007 - local by intent
        starts.add(local_at(local.replace(tzinfo=UTC), zone) if begins.endswith("Z") else local)
    return starts


def _moved_over_gaps(partner_time: PartnerTime, zone: ZoneInfo, now: datetime) -> list[Moved]:
    """Return the beginnings that the clocks skip, each as one that is moved."""
    if partner_time.as_rfc or partner_time.is_floating or partner_time.recurrence is None:
        return []
    moved: list[Moved] = []
    for begins, ends in missing_local_times(partner_time.zone, now.year, now.year + YEARS):
        at = datetime.combine(begins.date(), partner_time.begins.time())
        if begins <= at < ends and next(local_starts(partner_time, at, at + _SECOND), None) is not None:
            began, ended = interval_of(at, partner_time.lasts, zone)
            moved.append(Moved(original_start=at, begins=local_at(began, zone), lasts=ended - began))
    return moved
