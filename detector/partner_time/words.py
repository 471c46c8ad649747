"""Partner time in words: "Dinner: Monday to Friday 18:30–20:00", "today 18:30–20:00".

Rule 1: what recurs is said by the clock of its own zone, and the zone is named where it is not the reader's.
Rule 2: one occurrence is said by the reader's clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.recurrence import read_recurrence

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CODES: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_HALF_A_DAY: Final = timedelta(hours=12)


def say_partner_time(partner_time: PartnerTime, now: datetime, zone: ZoneInfo) -> str:
    """Return the whole partner time, for a reader in `zone`: "Dinner: Monday to Friday 18:30–20:00"."""
    begins, ends = partner_time.begins, partner_time.begins + partner_time.lasts
    if partner_time.recurrence is None:
        own = ZoneInfo(partner_time.zone)
        there = [local.replace(tzinfo=own).astimezone(zone) for local in (begins, ends)]
        return f"{partner_time.title}: {say_day(there[0], now, zone)} {_say_span(*there)}"
    elsewhere = "" if partner_time.zone == zone.key else f", {partner_time.zone}"
    return f"{partner_time.title}: {say_recurrence(partner_time)} {_say_span(begins, ends)}{elsewhere}"


def say_occurrence(occurrence: Occurrence, now: datetime, zone: ZoneInfo) -> str:
    """Return the day and the span, for a reader in `zone`: "today 18:30–20:00", "Friday 27 November 18:30–00:30"."""
    begins, ends = occurrence.begins.astimezone(zone), occurrence.ends.astimezone(zone)
    return f"{say_day(begins, now, zone)} {_say_span(begins, ends)}"


def say_instant(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return "20:00" where `at` is less than twelve hours away, else with its day: "tomorrow 20:00"."""
    clock = f"{at.astimezone(zone):%H:%M}"
    return clock if abs(at - now) < _HALF_A_DAY else f"{say_day(at, now, zone)} {clock}"


def say_day(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return "today", "yesterday", "tomorrow", or "Friday 27 November", with the year where it is another."""
    day, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((day - today).days)
    if near is not None:
        return near
    year = "" if day.year == today.year else f" {day.year}"
    return f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS[day.month - 1]}{year}"


def say_recurrence(partner_time: PartnerTime) -> str:
    """Return the days on which it recurs; a recurrence with no plain words yet is shown as it is written."""
    recurrence = partner_time.recurrence
    if recurrence is None:
        return "once"
    parts = read_recurrence(recurrence)
    frequency, days = parts["FREQ"], parts.get("BYDAY", CODES[partner_time.begins.weekday()]).split(",")
    if recurrence.upper() == "FREQ=DAILY":
        return "every day"
    if frequency == "WEEKLY" and set(parts) <= {"FREQ", "BYDAY"} and set(days) <= set(CODES):
        return say_days(CODES.index(day) for day in days)
    return f"by {recurrence}"


def say_days(days: Iterable[int]) -> str:
    """Return the weekdays, Monday 0: "every day", "Monday to Friday", "Monday, Wednesday and Friday"."""
    named = sorted(set(days))
    if len(named) == 7:
        return "every day"
    for first in named:
        run = [(first + step) % 7 for step in range(len(named))]
        if len(run) >= 3 and sorted(run) == named:
            return f"{WEEKDAYS[run[0]]} to {WEEKDAYS[run[-1]]}"
    names = [WEEKDAYS[day] for day in named]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _say_span(begins: datetime, ends: datetime) -> str:
    days = (ends.date() - begins.date()).days
    at_midnight = days == 1 and ends.hour == ends.minute == 0
    clock = "24:00" if at_midnight else f"{ends:%H:%M}"
    # After a night the clock alone would mislead: 20:00–18:30 looks like a slip.
    later = " the next day" if days == 1 and not at_midnight and ends.hour >= 12 else ""
    return f"{begins:%H:%M}–{clock}{later}"
