"""How old the last good copy of a calendar is, what of it was not understood, and what went wrong since.

For `status`, `doctor` and `calendar list`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from detector.i18n import _
from detector.partner_time.describe import format_instant
from detector.store.model import Calendar

# How many problems are listed before only their count is given.
MAX_SHOWN: Final = 3
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


def age_as_json(calendar: Calendar, now: datetime) -> dict[str, Any]:
    # Without the calendar's place: its address may hold a secret.
    return {
        "number": calendar.number,
        "name": calendar.name,
        "why": calendar.why,
        "asked": None if calendar.tried is None else calendar.tried.isoformat(),
        "refreshed": None if calendar.refreshed is None else calendar.refreshed.isoformat(),
        "not_understood": calendar.current_problems(now),
    }


def format_problems(problems: Sequence[str]) -> list[str]:
    """Return what was not understood in a calendar: one sentence or none."""
    if not problems:
        return []
    parts = [*problems[:MAX_SHOWN]]
    if len(problems) > MAX_SHOWN:
        parts.append(_("{count} more").format(count=f"{len(problems) - MAX_SHOWN:,}"))
    return [_("Not understood: {problems}.").format(problems="; ".join(parts))]


def format_age(
    tried: datetime | None, refreshed: datetime | None, why: str | None, now: datetime, zone: ZoneInfo
) -> str:
    # A clause, not a sentence: each command puts it behind the calendar's name.
    if tried is None:
        return _("not asked yet")
    ago = format_ago(now - tried)
    if why is None:
        return _("asked {ago}").format(ago=ago)
    if refreshed is None:
        return _("asked {ago}, and {why}; there is no copy yet").format(ago=ago, why=why)
    day = format_instant(refreshed, now, zone)
    return _("asked {ago}, and {why}; the copy in force is of {day}").format(ago=ago, why=why, day=day)


def format_age_from_json(values: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> str:
    tried, refreshed = (
        None if values[name] is None else datetime.fromisoformat(values[name]) for name in ("asked", "refreshed")
    )
    return format_age(tried, refreshed, values["why"], now, zone)


def format_ago(length: timedelta) -> str:
    """Return "just now", "5 min ago", "2 h ago" or "3 days ago"."""
    if length < _MINUTE:
        return _("just now")
    if length < _HOUR:
        return _("{count} min ago").format(count=length // _MINUTE)
    if length < 2 * _DAY:
        return _("{count} h ago").format(count=length // _HOUR)
    return _("{count} days ago").format(count=length // _DAY)
