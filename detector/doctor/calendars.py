"""Find out for `doctor` the state of the subscribed calendars, and of others with problems. None of them is fetched.

Invariant 1: of an address only the host is reported: the rest of it may be all that is needed to read the calendar.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from detector.calendars.urls import display_place, is_url
from detector.control.systemd_unit import is_own_unit, network_path, unit_path
from detector.i18n import _
from detector.store.model import Calendar

NO_NETWORK: Final = _("the service may not reach the network; `turntoward service install` fixes that")


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFound:
    """A calendar: where it is, when it was fetched last, and of when the copy in use is.

    `why`: what went wrong when it was fetched last. `local`: it may be on the local network. `shut_out`: why the service
    cannot fetch it at all. `not_understood`: what of the copy in use could not be read, and is still to come.
    """

    name: str
    at: str
    local: bool
    asked: datetime | None
    refreshed: datetime | None
    why: str | None
    shut_out: str | None = None
    not_understood: tuple[str, ...] = ()


def find_calendars(calendars: Iterable[Calendar], now: datetime) -> tuple[CalendarFound, ...]:
    # Only the unit restricts the network: a daemon that was started by hand needs no drop-in.
    has_no_network = is_own_unit(unit_path()) and not network_path().exists()
    return tuple(
        CalendarFound(
            name=calendar.name,
            at=display_place(calendar.location),
            local=calendar.local,
            asked=calendar.tried,
            refreshed=calendar.refreshed,
            why=calendar.why,
            shut_out=NO_NETWORK if has_no_network and is_url(calendar.location) else None,
            not_understood=tuple(calendar.current_problems(now)),
        )
        for calendar in calendars
        if calendar.subscribed or calendar.current_problems(now)
    )
