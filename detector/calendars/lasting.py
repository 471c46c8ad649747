"""How long what a calendar proposes goes on: what is over is neither proposed nor kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from detector.partner_time.model import PartnerTime
from detector.partner_time.recurrence import local_starts
from detector.partner_time.rrule import split_rrule
from detector.partner_time.wall_clock import LATEST

_DAY: Final = timedelta(days=1)


def is_over(partner_time: PartnerTime, now: datetime) -> bool:
    """Return whether nothing of it is under way at `now` or comes later.

    Raises:
        ValueError: if the recurrence is one that partner time cannot have.
    """
    zone = ZoneInfo(partner_time.zone)
    ends = [at + partner_time.lasts for at in (partner_time.begins, *partner_time.also)]
    ends += [moved.begins + moved.lasts for moved in partner_time.moved]
    if any(_latest(end, zone) > now for end in ends):
        return False
    if partner_time.recurrence is None:
        return True
    parts = split_rrule(partner_time.recurrence)
    if "UNTIL" not in parts and "COUNT" not in parts:
        return False
    return all(_latest(at + partner_time.lasts, zone) <= now for at in _beginnings(partner_time, now))


def _beginnings(partner_time: PartnerTime, now: datetime) -> list[datetime]:
    """Return the next beginning, after those that may be under way, if there is one."""
    near = now.astimezone(UTC).replace(tzinfo=None) - partner_time.lasts - 2 * _DAY
    found: list[datetime] = []
    for at in local_starts(partner_time, near, LATEST):
        found.append(at)
        if at > near + partner_time.lasts + 4 * _DAY:
            break
    return found


def _latest(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant of this local time; the later, where clocks show it twice."""
    return max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
