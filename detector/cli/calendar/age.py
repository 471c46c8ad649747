"""How old what a calendar proposes is, and what went wrong since: for `status`, `doctor` and the commands of calendars."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from detector.doctor.calendars import CalendarFound
    from detector.partner_time.proposals import Calendar

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def as_json(calendar: Calendar) -> dict[str, Any]:
    """Return what is known of a subscription as JSON takes it; without its place, which may bear a secret."""
    return {
        "number": calendar.number,
        "name": calendar.name,
        "why": calendar.why,
        "asked": None if calendar.tried is None else calendar.tried.isoformat(),
        "refreshed": None if calendar.refreshed is None else calendar.refreshed.isoformat(),
    }


def say_age(calendar: Calendar, now: datetime, zone: ZoneInfo) -> str:
    """Return when it was asked, and if that failed why, and of when the copy in force is: no sentence, to go on with."""
    return _said(calendar.tried, calendar.refreshed, calendar.why, now, zone)


def say_told(told: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> str:
    """Return the same of what `as_json` made."""
    return _said(_instant(told.get("asked")), _instant(told.get("refreshed")), told.get("why"), now, zone)


def say_found(found: CalendarFound) -> str:
    """Return the same of what `doctor` found, at this instant and in the reader's zone."""
    from detector.clock import SystemClock  # noqa: PLC0415 - not for --help
    from detector.zone import local_zone  # noqa: PLC0415 - not for --help

    return _said(found.asked, found.refreshed, found.why, SystemClock().now(), local_zone())


def _said(asked: datetime | None, refreshed: datetime | None, why: str | None, now: datetime, zone: ZoneInfo) -> str:
    from detector.partner_time.describe import say_instant  # noqa: PLC0415 - not for --help

    if asked is None:
        return "not asked yet"
    if why is None:
        return f"asked {say_ago(now - asked)}"
    copy = (
        "there is no copy yet"
        if refreshed is None
        else (f"the copy in force is of {say_instant(refreshed, now, zone)}")
    )
    return f"asked {say_ago(now - asked)}, and {why}; {copy}"


def say_ago(length: timedelta) -> str:
    """Return how long ago, in one unit, rounded down: "just now", "5 min ago", "2 h ago", "3 days ago"."""
    if length < _MINUTE:
        return "just now"
    if length < _HOUR:
        return f"{length // _MINUTE} min ago"
    if length < 2 * _DAY:
        return f"{length // _HOUR} h ago"
    return f"{length // _DAY} days ago"


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None
