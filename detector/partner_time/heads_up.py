"""Which partner time is announced before it begins, and when. Pure.

Rule 1: nothing is announced while another partner time is under way, or while the program pauses.
Rule 2: what is noticed late is not said: nothing fires the moment the machine wakes.
Rule 3: what was declared, or accepted, only after the instant at which it would have been announced is not announced, and
so never what begins at once: whoever declares it knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from detector.partner_time.model import Occurrence
from detector.partner_time.schedule import Plan
from detector.partner_time.settings import LATE


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadsUp:
    """An occurrence, and the instant at which it is announced."""

    occurrence: Occurrence
    at: datetime


def next_heads_up(plan: Plan, now: datetime, ahead: timedelta, paused_until: datetime | None = None) -> HeadsUp | None:
    """Return what is announced next, after `now`; None where nothing is. `ahead` zero: nothing ever is."""
    if not ahead:
        return None
    for occurrence in plan.upcoming:
        at = occurrence.begins - ahead
        is_paused = paused_until is not None and at < paused_until
        if at > now and not is_paused and not _is_under_way(plan, at):
            return HeadsUp(occurrence=occurrence, at=at)
    return None


def is_due(announced: HeadsUp, plan: Plan, now: datetime, paused_until: datetime | None = None) -> bool:
    """Return whether what was to be announced is to be announced at `now`, as things stand then."""
    in_time = announced.at <= now <= announced.at + LATE and now < announced.occurrence.begins
    return in_time and paused_until is None and plan.current is None and is_coming(announced, plan)


def is_coming(announced: HeadsUp, plan: Plan) -> bool:
    """Return whether it is still planned for the same instant."""
    known = announced.occurrence
    return any((each.id, each.begins) == (known.id, known.begins) for each in plan.upcoming)


def _is_under_way(plan: Plan, at: datetime) -> bool:
    known = (plan.current, *plan.upcoming)
    return any(each is not None and each.begins <= at < each.ends for each in known)
