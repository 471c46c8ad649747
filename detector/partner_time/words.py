"""Partner time in words: "Dinner: Monday to Friday, 18:30–20:00", "today 18:30–20:00".

Rule 1: what recurs is said by the clock of its own zone, and the zone is named where it is not the reader's.
Rule 2: one occurrence is said by the reader's clock.
Rule 3: what is over is not said: an exception of last month, or the day from which on it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from detector.partner_time.day_names import MONTHS, WEEKDAYS, join_words, say_days
from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.recurrence import local_beginnings
from detector.partner_time.rule import CODES, read_recurrence, read_rule
from detector.partner_time.wall import shown_at, span_of
from detector.partner_time.words_recurrence import say_recurrence

__all__ = [
    "CODES",
    "say_date",
    "say_day",
    "say_days",
    "say_instant",
    "say_occurrence",
    "say_partner_time",
    "say_span",
    "say_when",
]

_HALF_A_DAY: Final = timedelta(hours=12)
_NAMED: Final = 3
"""So many days that do not take place are named one by one."""


def say_partner_time(partner_time: PartnerTime, now: datetime, zone: ZoneInfo) -> str:
    """Return the whole partner time, for a reader in `zone`: "Dinner: Monday to Friday, 18:30–20:00"."""
    return f"{partner_time.title}: {say_when(partner_time, now, zone)}"


def say_when(partner_time: PartnerTime, now: datetime, zone: ZoneInfo) -> str:
    """Return when it is: "every other Friday, 20:00–22:30, from 27 November until 26 March 2027"."""
    begins, ends = partner_time.begins, partner_time.begins + partner_time.lasts
    own = ZoneInfo(partner_time.zone)
    today = shown_at(now, own).date()
    more = list(_beside(partner_time, today))
    if partner_time.recurrence is None:
        there = [at.astimezone(zone) for at in span_of(begins, partner_time.lasts, own)]
        return ", ".join([f"{say_day(there[0], now, zone)} {say_span(there[0], there[1])}", *more])
    days = say_recurrence(partner_time.recurrence, begins)
    held = " ".join([*_since(partner_time, shown_at(now, own)), *_until(partner_time, today)])
    elsewhere = [] if partner_time.zone == zone.key else [partner_time.zone]
    return ", ".join(
        [days, say_span(begins, ends), *([held] if held else []), *_so_often(partner_time), *more, *elsewhere]
    )


def say_occurrence(occurrence: Occurrence, now: datetime, zone: ZoneInfo) -> str:
    """Return the day and the span, for a reader in `zone`: "today 18:30–20:00", "Friday 27 November 18:30–00:30"."""
    begins, ends = occurrence.begins.astimezone(zone), occurrence.ends.astimezone(zone)
    return f"{say_day(begins, now, zone)} {say_span(begins, ends)}"


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


def say_date(day: date, today: date) -> str:
    """Return "27 November", with the year where it is another."""
    return f"{day.day} {MONTHS[day.month - 1]}{'' if day.year == today.year else f' {day.year}'}"


def _since(partner_time: PartnerTime, now: datetime) -> Iterator[str]:
    """Yield the day from which on it holds, where that is still to come and not simply its first one from `now` on."""
    first, today = partner_time.begins.date(), now.date()
    parts = read_recurrence(partner_time.recurrence or "")
    if first <= today:
        return
    if "INTERVAL" not in parts:
        open_ended = ";".join(f"{name}={value}" for name, value in parts.items() if name not in {"COUNT", "UNTIL"})
        from_today = PartnerTime(
            title=partner_time.title,
            begins=datetime.combine(today, partner_time.begins.time()),
            lasts=partner_time.lasts,
            zone=partner_time.zone,
            recurrence=open_ended,
        )
        earlier = local_beginnings(from_today, from_today.begins, partner_time.begins)
        if all(at + partner_time.lasts <= now for at in earlier):
            return
    yield f"from {say_date(first, today)}"


def _until(partner_time: PartnerTime, today: date) -> Iterator[str]:
    until = read_rule(partner_time.recurrence or "").until
    if until is not None:
        last = until if until.tzinfo is None else shown_at(until, ZoneInfo(partner_time.zone))
        day = last.date() if last.time() >= partner_time.begins.time() else last.date() - timedelta(days=1)
        yield f"until {say_date(day, today)}"


def _so_often(partner_time: PartnerTime) -> Iterator[str]:
    count = read_rule(partner_time.recurrence or "").count
    if count is not None:
        yield "once" if count == 1 else f"{count} times in all"


def _beside(partner_time: PartnerTime, today: date) -> Iterator[str]:
    without = sorted({at.date() for at in partner_time.without if at.date() >= today})
    also = sorted({at.date() for at in partner_time.also if at.date() >= today})
    moved = sum(max(each.of, each.begins).date() >= today for each in partner_time.moved)
    if without:
        yield f"except {_say_dates(without, today)}"
    if also:
        yield f"and also {_say_dates(also, today)}"
    if moved:
        yield "one of them moved" if moved == 1 else f"{moved} of them moved"


def _say_dates(days: Sequence[date], today: date) -> str:
    said = [say_date(day, today) for day in days[:_NAMED]]
    more = len(days) - _NAMED
    return join_words([*said, *([f"{more} more {'day' if more == 1 else 'days'}"] if more > 0 else [])])


def say_span(begins: datetime, ends: datetime) -> str:
    """Return "18:30–20:00" of two times on one wall; "20:00–18:30 the next day" where the clock alone would mislead."""
    days = (ends.date() - begins.date()).days
    at_midnight = days == 1 and ends.hour == ends.minute == 0
    clock = "24:00" if at_midnight else f"{ends:%H:%M}"
    later = " the next day" if days == 1 and not at_midnight and ends.hour >= 12 else ""
    return f"{begins:%H:%M}–{clock}{later}"
