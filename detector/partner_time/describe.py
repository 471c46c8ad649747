"""Describe partner time in words: "Dinner: Monday to Friday, 18:30–20:00", "today 18:30–20:00".

Invariant 1: recurring partner time is described by the clock of its zone, and a zone that is not the reader's is named.
Invariant 2: one occurrence is described by the reader's clock.
Invariant 3: what is over, such as an exception of last month, is left out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from detector.i18n import _, date_conventions, format_clock, ngettext
from detector.partner_time.day_names import WEEKDAYS, format_day_of_month, join_words, with_weekday
from detector.partner_time.describe_recurrence import format_recurrence
from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.recurrence import local_starts
from detector.partner_time.rrule import parse_rrule, split_rrule, without_parts
from detector.partner_time.wall_clock import interval_of, local_at

_HALF_A_DAY: Final = timedelta(hours=12)
# More days that do not take place than these are counted, not named.
_MAX_NAMED: Final = 3


def format_partner_time(partner_time: PartnerTime, now: datetime, zone: ZoneInfo) -> str:
    """Return the whole partner time, for a reader in `zone`: "Dinner: Monday to Friday, 18:30–20:00"."""
    return f"{partner_time.title}: {format_schedule(partner_time, now, zone)}"


def format_schedule(partner_time: PartnerTime, now: datetime, zone: ZoneInfo) -> str:
    """Return when it is: "every other Friday, 20:00–22:30, from 27 November until 26 March 2027"."""
    begins, ends = partner_time.begins, partner_time.begins + partner_time.lasts
    own = ZoneInfo(partner_time.zone)
    today = local_at(now, own).date()
    exceptions = list(_beside(partner_time, today))
    if partner_time.recurrence is None:
        interval = [at.astimezone(zone) for at in interval_of(begins, partner_time.lasts, own)]
        return ", ".join(
            [f"{format_day(interval[0], now, zone)} {format_interval(interval[0], interval[1])}", *exceptions]
        )
    days = format_recurrence(partner_time.recurrence, begins)
    limits = " ".join([*_since(partner_time, local_at(now, own)), *_until(partner_time, today)])
    count = parse_rrule(partner_time.recurrence).count
    times = "" if count is None else ngettext("once", "{count} times in all", count).format(count=count)
    elsewhere = "" if partner_time.zone == zone.key else partner_time.zone
    return ", ".join(filter(None, [days, format_interval(begins, ends), limits, times, *exceptions, elsewhere]))


def format_occurrence(occurrence: Occurrence, now: datetime, zone: ZoneInfo) -> str:
    """Return the day and the span, for a reader in `zone`: "today 18:30–20:00", "Friday 27 November 18:30–00:30"."""
    begins, ends = occurrence.begins.astimezone(zone), occurrence.ends.astimezone(zone)
    return f"{format_day(begins, now, zone)} {format_interval(begins, ends)}"


def format_instant(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return "20:00" where `at` is less than twelve hours away, else with its day: "tomorrow 20:00"."""
    clock = format_clock(at.astimezone(zone))
    return clock if abs(at - now) < _HALF_A_DAY else f"{format_day(at, now, zone)} {clock}"


def format_day(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return "today", "yesterday", "tomorrow", or "Friday 27 November", with the year where it is another."""
    day, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    near = {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}.get((day - today).days)
    if near is not None:
        return near
    return with_weekday(WEEKDAYS[day.weekday()], format_date(day, today))


def format_date(day: date, today: date) -> str:
    """Return "27 November", with the year where it is another."""
    return format_day_of_month(day, with_year=day.year != today.year)


def _since(partner_time: PartnerTime, now: datetime) -> Iterator[str]:
    # The day from which on it holds says nothing where it is simply the first one from `now` on.
    first, today = partner_time.begins.date(), now.date()
    if first <= today:
        return
    # With an interval, the day from which it is counted says which weeks are meant.
    if "INTERVAL" not in split_rrule(partner_time.recurrence or ""):
        open_ended = without_parts(partner_time.recurrence or "", "COUNT", "UNTIL")
        start = datetime.combine(today, partner_time.begins.time())
        from_today = replace(
            partner_time, begins=start, recurrence=open_ended, excluded=(), additional=(), as_rfc=False
        )
        earlier = local_starts(from_today, from_today.begins, partner_time.begins)
        if all(at + partner_time.lasts <= now for at in earlier):
            return
    yield _("from {date}").format(date=format_date(first, today))


def _until(partner_time: PartnerTime, today: date) -> Iterator[str]:
    until = parse_rrule(partner_time.recurrence or "").until
    if until is not None:
        last = until if until.tzinfo is None else local_at(until, ZoneInfo(partner_time.zone))
        day = last.date() if last.time() >= partner_time.begins.time() else last.date() - timedelta(days=1)
        yield _("until {date}").format(date=format_date(day, today))


def _beside(partner_time: PartnerTime, today: date) -> Iterator[str]:
    excluded = sorted({at.date() for at in partner_time.excluded if at.date() >= today})
    extra = sorted({at.date() for at in partner_time.additional if at.date() >= today})
    moved = sum(max(start.original_start, start.begins).date() >= today for start in partner_time.moved)
    if excluded:
        yield _("except {dates}").format(dates=_format_dates(excluded, today))
    if extra:
        yield _("and also {dates}").format(dates=_format_dates(extra, today))
    if moved:
        yield ngettext("one of them moved", "{count} of them moved", moved).format(count=moved)


def _format_dates(days: Sequence[date], today: date) -> str:
    dates = [format_date(day, today) for day in days[:_MAX_NAMED]]
    unnamed = len(days) - len(dates)
    if unnamed:
        dates.append(ngettext("{count} more day", "{count} more days", unnamed).format(count=unnamed))
    return join_words(dates)


def format_interval(begins: datetime, ends: datetime) -> str:
    """Return "18:30–20:00" of two times on one wall; "20:00–02:00 the next day" of a span past midnight."""
    days = (ends.date() - begins.date()).days
    at_midnight = days == 1 and ends.hour == ends.minute == 0
    begin, end = format_clock(begins), format_clock(ends)
    if days == 1 and not at_midnight:
        return _("{begins}–{ends} the next day").format(begins=begin, ends=end)
    if at_midnight:
        end = _("midnight") if date_conventions().has_12_hours else "24:00"
    return f"{begin}–{end}"
