"""Rules that nobody thought of, each written twice: as a calendar's event, and as the partner time that it means.

The same seed writes the same rules. Half of them look at a day on which the clocks of their zone are changed, and begin
in the hours around that change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from detector.partner_time.model import Moved, Occurrence, PartnerTime
from detector.partner_time.occurrences import occurrences

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "America/Santiago",
    "Asia/Kathmandu",
    "Europe/Dublin",
    "UTC",
)
YEARS = (2011, 2012, 2024, 2026, 2027, 2028)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MONTH_DAYS = (1, 2, 5, 13, 15, 28, 29, 30, 31, -1, -2, -5, -30, -31)
SPANS = {"DAILY": 40 * DAY, "WEEKLY": 150 * DAY, "MONTHLY": 500 * DAY, "YEARLY": 6 * 365 * DAY, "ONCE": 20 * DAY}
BASIC = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, kw_only=True)
class GeneratedRule:
    """One event, and the stretch that is asked for. Local times are naive; `cancelled` are beginnings."""

    zone: str
    begins: datetime
    lasts: timedelta
    recurrence: str | None
    without: tuple[datetime, ...] = ()
    also: tuple[datetime, ...] = ()
    moved: tuple[Moved, ...] = ()
    cancelled: tuple[datetime, ...] = ()
    by_duration: bool = False
    after: datetime
    before: datetime

    def as_calendar(self) -> str:
        """Return it as another program would export it."""
        return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//oracle", *self._events(), "END:VCALENDAR", ""])

    def _events(self) -> Iterator[str]:
        yield from (
            "BEGIN:VEVENT",
            "UID:1",
            "DTSTAMP:20260101T000000Z",
            "SUMMARY:Dinner",
            self._at("DTSTART", self.begins),
        )
        minutes = self.lasts // MINUTE
        yield f"DURATION:PT{minutes}M" if self.by_duration else self._at("DTEND", self.begins + self.lasts)
        if self.recurrence is not None:
            yield f"RRULE:{self.recurrence}"
        yield from (self._at("EXDATE", local) for local in self.without)
        yield from (self._at("RDATE", local) for local in self.also)
        yield "END:VEVENT"
        for moved in self.moved:
            yield from ("BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z", f"SUMMARY:{moved.title or 'Dinner'}")
            yield from (self._at("RECURRENCE-ID", moved.original_start), self._at("DTSTART", moved.begins))
            yield from (self._at("DTEND", moved.begins + moved.lasts), "END:VEVENT")
        for local in self.cancelled:
            yield from ("BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z", "SUMMARY:Dinner", "STATUS:CANCELLED")
            yield from (self._at("RECURRENCE-ID", local), self._at("DTSTART", local))
            yield from (self._at("DTEND", local + self.lasts), "END:VEVENT")

    def _at(self, name: str, local: datetime) -> str:
        return f"{name}:{local:{BASIC}}Z" if self.zone == "UTC" else f"{name};TZID={self.zone}:{local:{BASIC}}"

    def as_partner_time(self) -> PartnerTime:
        """Return what it means to us."""
        return PartnerTime(
            title="Dinner",
            begins=self.begins,
            lasts=self.lasts,
            zone=self.zone,
            recurrence=self.recurrence,
            number=1,
            excluded=(*self.without, *self.cancelled),
            additional=self.also,
            moved=self.moved,
            as_rfc=True,
        )

    def occurrences(self) -> list[Occurrence]:
        return occurrences(self.as_partner_time(), self.after, self.before)


def exists(local: datetime, zone: str) -> bool:
    """Return whether the clocks of the zone ever show it."""
    here = local.replace(tzinfo=ZoneInfo(zone))
    return here.astimezone(UTC).astimezone(here.tzinfo).replace(tzinfo=None) == local


@cache
def changes(zone: str) -> tuple[datetime, ...]:
    """Return the local times at which the zone's clocks are changed in `YEARS`, by the clock before the change."""
    here, found = ZoneInfo(zone), []
    for year in YEARS:
        days = [datetime(year, 1, 1, tzinfo=UTC) + step * DAY for step in range(366)]
        for day, next_day in pairwise(days):
            if (before := day.astimezone(here).utcoffset()) != next_day.astimezone(here).utcoffset():
                quarters = (day + step * 15 * MINUTE for step in range(97))
                at = next(quarter for quarter in quarters if quarter.astimezone(here).utcoffset() != before)
                found.append(at.replace(tzinfo=None) + (before or timedelta()))
    return tuple(found)


def write(seed: int, count: int) -> list[GeneratedRule]:
    """Return so many rules; the same for the same seed."""
    dice = Random(seed)
    made: list[GeneratedRule] = []
    while len(made) < count:
        rule = _one(dice)
        if rule is not None:
            made.append(rule)
    return made


def _one(dice: Random) -> GeneratedRule | None:
    zone = dice.choice(ZONES)
    frequency = dice.choices(tuple(SPANS), (25, 30, 25, 16, 2))[0]
    focus = _focus(dice, zone)
    begins = focus - dice.randint(0, SPANS[frequency] // DAY) * DAY
    lasts = dice.choice((15, 30, 60, 90, 150, 480, 1440, dice.randint(1, 1440))) * MINUTE
    after = (focus - SPANS[frequency] / 3 - dice.randint(0, 60) * 24 * HOUR).replace(tzinfo=UTC)
    before = after + SPANS[frequency] * dice.uniform(0.5, 1.3)
    before = before.replace(microsecond=0)
    if frequency == "ONCE":
        return GeneratedRule(zone=zone, begins=focus, lasts=lasts, recurrence=None, after=after, before=before)
    parts = _parts(dice, frequency)
    first = _first(parts, begins)
    if first is None:
        return None
    if first != begins and dice.random() < 0.95:  # in most calendars the first beginning is one of the rule's
        begins = first
    rule = rrulestr(";".join(parts), dtstart=begins)
    known = rule.between(after.replace(tzinfo=None) - 2 * DAY, before.replace(tzinfo=None) + 2 * DAY)
    if focus not in known and dice.random() < 0.7:  # rather one that meets the change of the clocks
        return None
    counts_weeks = any(part.startswith("BYWEEKNO") for part in parts)
    parts += (
        []
        if counts_weeks
        else _bounds(dice, zone, begins, [focus] if focus in known and dice.random() < 0.5 else known)
    )
    if any(part.startswith("COUNT") for part in parts):  # a count starts at the first one
        after = begins.replace(tzinfo=UTC) - 2 * DAY
    dice.shuffle(parts)
    parts.sort(key=lambda part: not part.startswith("FREQ"))
    return GeneratedRule(
        zone=zone,
        begins=begins,
        lasts=lasts,
        recurrence=";".join(parts),
        by_duration=dice.random() < 0.3,
        after=after,
        before=before,
        **_exceptions(dice, zone, begins, lasts, known),
    )


def _first(parts: list[str], begins: datetime) -> datetime | None:
    """Return the rule's first beginning, or None if there is none within years.

    What never comes true dateutil looks for until the year 9999. So it is asked from a year near that end, in which all
    days fall on the same days of the week.
    """
    new_year = date(begins.year, 1, 1).weekday()
    last = next(
        year for year in range(9985, 9900, -1) if (date(year, 1, 1).weekday(), year % 4) == (new_year, begins.year % 4)
    )
    found = next(iter(rrulestr(";".join(parts), dtstart=begins.replace(year=last))), None)
    return None if found is None else found.replace(year=found.year - last + begins.year)


def _focus(dice: Random, zone: str) -> datetime:
    """Return a local time to look at: often one that the clocks leave out or show twice."""
    if changes(zone) and dice.random() < 0.55:
        change = dice.choice(changes(zone))
        return change + dice.randint(-6, 6) * 15 * MINUTE
    day = date(dice.choice(YEARS), 1, 1) + dice.randint(0, 364) * DAY
    return datetime.combine(day, time(dice.randint(0, 23), dice.choice((0, 15, 30, 45))))


def _parts(dice: Random, frequency: str) -> list[str]:
    parts = [f"FREQ={frequency}"]
    if dice.random() < 0.45:
        parts.append(f"INTERVAL={dice.choice((1, 2, 3, 4, 7) if frequency != 'YEARLY' else (1, 2, 3))}")
    chosen = {name for name, odds in _ODDS[frequency].items() if dice.random() < odds}
    if "BYDAY" in chosen:
        days = dice.sample(WEEKDAYS, dice.choices((1, 2, 5), (5, 3, 2))[0])
        if frequency in ("MONTHLY", "YEARLY") and dice.random() < 0.6:
            highest = 5 if frequency == "MONTHLY" or "BYMONTH" in chosen else 53
            numbers = [number for number in (1, 2, 3, 4, 5, 20, 53, -1, -2, -5, -53) if abs(number) <= highest]
            days = [f"{dice.choice(numbers)}{day}" for day in days[:2]]
        parts.append("BYDAY=" + ",".join(days))
    if "BYMONTHDAY" in chosen:
        parts.append("BYMONTHDAY=" + ",".join(map(str, dice.sample(MONTH_DAYS, dice.randint(1, 3)))))
    if "BYMONTH" in chosen:
        parts.append("BYMONTH=" + ",".join(map(str, sorted(dice.sample(range(1, 13), dice.randint(1, 6))))))
    if "BYYEARDAY" in chosen:
        parts.append(
            "BYYEARDAY=" + ",".join(map(str, dice.sample((1, 59, 60, 87, 100, 298, 365, 366, -1, -66, -366), 4)))
        )
    if "BYWEEKNO" in chosen and not any("BYDAY" in part and any(map(str.isdigit, part)) for part in parts):
        parts.append("BYWEEKNO=" + ",".join(map(str, dice.sample((1, 2, 10, 13, 43, 52, 53, -1), 3))))
    if (
        chosen & {"BYDAY", "BYMONTHDAY", "BYMONTH"}
        and "BYWEEKNO" not in chosen
        and frequency != "DAILY"
        and dice.random() < 0.25
    ):
        parts.append("BYSETPOS=" + ",".join(map(str, dice.sample((1, 2, 3, -1, -2), dice.randint(1, 2)))))
    if "BYWEEKNO" not in chosen and dice.random() < 0.25:
        parts.append(f"WKST={dice.choice(WEEKDAYS)}")
    return parts


_ODDS = {
    "DAILY": {"BYDAY": 0.3, "BYMONTHDAY": 0.15, "BYMONTH": 0.2},
    "WEEKLY": {"BYDAY": 0.75, "BYMONTH": 0.15},
    "MONTHLY": {"BYDAY": 0.5, "BYMONTHDAY": 0.45, "BYMONTH": 0.2},
    "YEARLY": {"BYDAY": 0.45, "BYMONTHDAY": 0.4, "BYMONTH": 0.6, "BYYEARDAY": 0.2, "BYWEEKNO": 0.15},
}


def _bounds(dice: Random, zone: str, begins: datetime, known: list[datetime]) -> list[str]:
    """Return COUNT or UNTIL, or neither, so that the end tends to be in sight: at a beginning, or just beside it."""
    kind = dice.choices(("", "COUNT", "date", "local", "UTC"), (45, 20, 8, 5, 22))[0]
    if kind == "COUNT":
        return [f"COUNT={dice.randint(1, 40)}"]
    if not kind or not known:
        return []
    local = max(begins, dice.choice(known)) + dice.choice((0, 0, -15, 15, -60, 60, 720)) * MINUTE
    if kind == "date":
        return [f"UNTIL={local:%Y%m%d}"]
    if kind == "local" and zone != "UTC":
        return [f"UNTIL={local:{BASIC}}"]
    return [f"UNTIL={local.replace(tzinfo=ZoneInfo(zone), fold=dice.randint(0, 1)).astimezone(UTC):{BASIC}}Z"]


def _exceptions(dice: Random, zone: str, begins: datetime, lasts: timedelta, known: list[datetime]) -> dict[str, Any]:
    near = [local for local in known if local >= begins]
    dice.shuffle(near)
    made: dict[str, Any] = {}
    if near and dice.random() < 0.25:
        made["without"] = tuple(near.pop() for _ in range(min(len(near), dice.randint(1, 3))))
    if near and dice.random() < 0.2:
        away = near[-1].replace(tzinfo=ZoneInfo(zone)).utcoffset() or timedelta(0)
        stray = near[-1] + dice.choice((DAY, 5 * HOUR, -3 * DAY, 30 * MINUTE, timedelta(0)))
        if dice.random() < 0.1 and "without" in made:
            stray = made["without"][0] + dice.choice((-1, 1)) * away
        made["also"] = tuple({stray, *(near[0] + 2 * DAY for _ in range(dice.randint(0, 1)))})
    if near and dice.random() < 0.2:
        of = near.pop()
        begun = of + dice.choice((HOUR, -2 * HOUR, DAY, -3 * DAY, 9 * DAY, timedelta(0)))
        made["moved"] = (
            Moved(original_start=of, begins=begun, lasts=dice.choice((lasts, 45 * MINUTE)), title="Late dinner"),
        )
    if near and dice.random() < 0.12:
        made["cancelled"] = (near.pop(),)
    return made
