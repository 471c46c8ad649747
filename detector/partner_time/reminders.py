"""Which partner time is announced and when, and which suggestion is offered on a day. Pure.

Invariant 1: there is no announcement while another partner time is under way, or while the program is paused.
Invariant 2: a late announcement is dropped, so that none appears when the machine wakes up.
Invariant 3: partner time that was declared or accepted after the instant of its announcement is not announced.
Invariant 4: the suggestion changes from day to day and from week to week. Each one is offered, whether partner time is daily,
weekly or fortnightly. A replay offers the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import gcd

from detector.partner_time.model import Occurrence
from detector.partner_time.schedule import Plan
from detector.partner_time.settings import MAX_LATENESS


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedReminder:
    """An occurrence, and the instant at which it is announced."""

    occurrence: Occurrence
    at: datetime


def next_reminder(
    plan: Plan, now: datetime, ahead: timedelta, paused_until: datetime | None = None
) -> PlannedReminder | None:
    """Return the next announcement after `now`, or None. There is none if `ahead` is zero."""
    if not ahead:
        return None
    for occurrence in plan.upcoming:
        at = occurrence.begins - ahead
        is_paused = paused_until is not None and at < paused_until
        is_busy = any(other is not None and other.begins <= at < other.ends for other in (plan.current, *plan.upcoming))
        if at > now and not is_paused and not is_busy:
            return PlannedReminder(occurrence=occurrence, at=at)
    return None


def is_due(reminder: PlannedReminder, plan: Plan, now: datetime, paused_until: datetime | None = None) -> bool:
    """Return whether the reminder, planned earlier, is to be shown at `now`, as things are then."""
    in_time = reminder.at <= now <= reminder.at + MAX_LATENESS and now < reminder.occurrence.begins
    return in_time and paused_until is None and plan.current is None and is_still_planned(reminder, plan)


def is_still_planned(reminder: PlannedReminder, plan: Plan) -> bool:
    wanted = reminder.occurrence
    return any((occurrence.id, occurrence.begins) == (wanted.id, wanted.begins) for occurrence in plan.upcoming)


def suggestion_of(day: date, suggestions: Sequence[str]) -> str:
    """Return which of the person's own suggestions is offered on the day of the beginning; empty if there are none."""
    count = len(suggestions)
    if not count:
        return ""
    # If each day only went on by one, seven suggestions would be the same ones on every Friday; and two, fortnightly.
    days = day.toordinal()
    more_each_week = next(more for more in range(count) if gcd(7 + more, count) == 1)
    return suggestions[(days + days // 7 * more_each_week + days // 28) % count]
