"""What `doctor` finds out about the calendars that were subscribed to. None of them is asked.

Rule 1: of an address nothing is said but who is asked: the rest of it may be all that is needed to read the calendar.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from detector.calendars.urls import display_place, is_url
from detector.control.systemd_unit import is_ours, network_path, unit_path
from detector.partner_time.proposals import Calendar

SHUT_OUT = "the service may not reach the network; `turntoward service install` mends that"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFound:
    """A calendar that was subscribed to: where it is, when it was asked and what its copy in force is of.

    `why`: what went wrong when it was asked last. `local`: it may stand on the local network. `shut_out`: why the service
    cannot ask it at all.
    """

    name: str
    at: str
    local: bool
    asked: datetime | None
    refreshed: datetime | None
    why: str | None
    shut_out: str | None = None


def find_calendars(calendars: Iterable[Calendar]) -> tuple[CalendarFound, ...]:
    """Return what there is to say of those that were subscribed to."""
    has_no_way = is_ours(unit_path()) and not network_path().exists()
    return tuple(
        CalendarFound(
            name=each.name,
            at=display_place(each.place),
            local=each.local,
            asked=each.tried,
            refreshed=each.refreshed,
            why=each.why,
            shut_out=SHUT_OUT if has_no_way and is_url(each.place) else None,
        )
        for each in calendars
        if each.subscribed
    )
