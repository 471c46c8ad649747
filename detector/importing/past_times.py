"""Find the past partner times that an import fills: stored ones, those that follow from what is declared, or whole days. Pure.

Invariant 1: the same request gives the same result, also once some of it is stored: ids and edges do not move.
Invariant 2: no two overlap, and none overlaps a stored one: an evening is imported once.
Invariant 3: a whole day is filled only where all of it was declared partner time, on that day already.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from detector.importing.model import TimesOption
from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import occurrences
from detector.partner_time.schedule import Schedule
from detector.store.model import StoredOccurrence

DAY_TITLE: Final = "Imported day"
_DAY: Final = timedelta(days=1)
_COUNT: Final = re.compile(r";?COUNT=[^;]*", re.IGNORECASE)
_INTERVAL: Final = re.compile(r"INTERVAL=([0-9]+)", re.IGNORECASE)


class NoWholeDays(Exception):
    """No whole day was declared partner time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTime:
    """One occurrence to fill. `stored`: it is in the store already, and only devices are added to it."""

    occurrence: Occurrence
    stored: StoredOccurrence | None = None


def past_times(
    times: TimesOption,
    *,
    since: datetime,
    now: datetime,
    zone: ZoneInfo,
    schedule: Schedule,
    stored: Sequence[StoredOccurrence],
) -> list[PastTime]:
    """Return what lies wholly between `since` and `now` and is over, by beginning. `stored` is all that is stored.

    Raises:
        NoWholeDays: whole days are wanted, and none was declared.
    """
    over = [each for each in stored if each.ended is not None and each.began >= since and each.ended <= now]
    found = [
        PastTime(occurrence=_as_occurrence(each, zone), stored=each)
        for each in over
        if each.began < (each.ended or now)
    ]
    if times == "declared":
        planned = _without_overlaps(schedule.exceptions.apply(_declared(schedule.partner_times, since, now)))
    else:
        planned = _declared_days(since, now, zone, schedule, stored) if times == "all-day" else []
    ids = {each.id for each in stored}
    for occurrence in planned:
        is_over = occurrence.begins >= since and occurrence.ends <= now
        if is_over and occurrence.id not in ids and not any(_overlap(occurrence, each) for each in stored):
            found.append(PastTime(occurrence=occurrence))
    return sorted(found, key=lambda past: (past.occurrence.begins, past.occurrence.id))


def _as_occurrence(stored: StoredOccurrence, zone: ZoneInfo) -> Occurrence:
    return Occurrence(
        id=stored.id,
        partner_time=0,
        title=stored.title,
        begins=stored.began,
        ends=stored.ended or stored.ends,
        zone=zone.key,
    )


def _overlap(occurrence: Occurrence, stored: StoredOccurrence) -> bool:
    return occurrence.begins < (stored.ended or stored.ends) and stored.began < occurrence.ends


def _declared(declared: Iterable[PartnerTime], since: datetime, now: datetime) -> Iterator[Occurrence]:
    for partner_time in declared:
        yield from occurrences(partner_time, since, now)
        begins = partner_time.begins.replace(tzinfo=ZoneInfo(partner_time.zone)).astimezone(UTC)
        if partner_time.recurrence is not None and since < begins:
            # The past before the declaration: as if the person had declared it earlier.
            earlier = occurrences(earlier_by(partner_time, begins - since), since, min(begins, now))
            yield from (each for each in earlier if each.begins < begins)


def earlier_by(partner_time: PartnerTime, length: timedelta) -> PartnerTime:
    """Return the partner time as if it had been declared at least so much earlier, on the same days.

    How often it recurs (COUNT) does not limit the past, and is left out.
    """
    recurrence = _COUNT.sub("", partner_time.recurrence or "").strip(";")
    interval = int(found[1]) if (found := _INTERVAL.search(recurrence)) else 1
    begins = partner_time.begins
    if "FREQ=WEEKLY" in recurrence.upper() or "FREQ=DAILY" in recurrence.upper():
        # Whole weeks (times the interval) keep the days of the week, also for "every third day".
        stride = interval * 7 * _DAY
        begins -= (length // stride + 1) * stride
    else:
        # By four years, so that 29 February stays one, and every day of the recurrence is where it was.
        stride_years = interval * 4
        begins = begins.replace(year=begins.year - (length // (stride_years * 365 * _DAY) + 1) * stride_years)
    return replace(partner_time, begins=begins, recurrence=recurrence)


def _without_overlaps(planned: Iterable[Occurrence]) -> list[Occurrence]:
    """Let each begin when those before it are over, as live partner time does; drop what has no length left."""
    found: list[Occurrence] = []
    free_from: datetime | None = None
    for each in sorted(planned, key=lambda occurrence: (occurrence.begins, occurrence.partner_time)):
        begins = each.begins if free_from is None else max(each.begins, free_from)
        free_from = each.ends if free_from is None else max(each.ends, free_from)
        if begins < each.ends:
            found.append(replace(each, begins=begins))
    return found


def _declared_days(
    since: datetime, now: datetime, zone: ZoneInfo, schedule: Schedule, stored: Sequence[StoredOccurrence]
) -> list[Occurrence]:
    # Not from before they were declared: of those days nobody knew that they would be looked at.
    every = [each for partner_time in schedule.partner_times for each in occurrences(partner_time, since - _DAY, now)]
    declared = sorted(schedule.exceptions.apply(every), key=lambda occurrence: occurrence.begins)

    def is_declared(day: Occurrence) -> bool:
        reached = day.begins
        for each in declared:
            if each.begins <= reached:
                reached = max(reached, each.ends)
        return reached >= day.ends

    if not any(map(is_declared, _days(since, now, zone, ()))):
        raise NoWholeDays
    return [day for day in _days(since, now, zone, stored) if is_declared(day)]


def _days(since: datetime, now: datetime, zone: ZoneInfo, stored: Sequence[StoredOccurrence]) -> Iterator[Occurrence]:
    day = since.astimezone(zone).date()
    while day < now.astimezone(zone).date():
        begins, ends = (
            datetime.combine(each, time(), tzinfo=zone).astimezone(UTC) for each in (day, day + timedelta(days=1))
        )
        # In pieces beside what is stored: so the ids stay the same once one of the pieces is stored.
        for free_from, free_until in _free(begins, ends, stored):
            yield Occurrence(
                id=f"import@{free_from:%Y%m%dT%H%M%SZ}",
                partner_time=0,
                title=DAY_TITLE,
                begins=free_from,
                ends=free_until,
                zone=zone.key,
            )
        day += timedelta(days=1)


def _free(begins: datetime, ends: datetime, stored: Sequence[StoredOccurrence]) -> Iterator[tuple[datetime, datetime]]:
    # A sweep over what is stored, by beginning: what lies between two of them is free.
    at = begins
    for each in sorted(stored, key=lambda occurrence: occurrence.began):
        over = each.ended or each.ends
        if over <= at or each.began >= ends:
            continue
        if each.began > at:
            yield at, each.began
        at = max(at, over)
    if at < ends:
        yield at, ends
