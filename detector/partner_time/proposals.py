"""Calendars that propose partner time, and what they propose. Nothing of it takes place until it is accepted on this device."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias

from detector.partner_time.model import PartnerTime

# Stands in the title of an event that is partner time, unless the person chose otherwise.
TAG: Final = "#us"

ProposalState: TypeAlias = Literal["open", "accepted", "declined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events of a calendar count: those with `tag` in the title, those of `category`, or `everything`."""

    tag: str | None = TAG
    category: str | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A calendar that was imported, or that is read again and again (`subscribed`).

    `place` is a file's absolute path, or a URL (it may bear a secret: never in a log or a repr). `accepts`: what it proposes
    is accepted from now on. `local`: it may stand on the local network. `etag`, `modified`: what the server sent with the last
    good copy; `refreshed`: when that was read; `tried`: when it was last read; `why`: what went wrong then, or None.
    """

    name: str
    place: str = field(repr=False)
    choice: EventFilter = field(default_factory=EventFilter)
    subscribed: bool = False
    accepts: bool = False
    local: bool = False
    etag: str | None = None
    modified: str | None = None
    refreshed: datetime | None = None
    tried: datetime | None = None
    why: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one event of a calendar proposes. `uid` is the event's own; there is one proposal for each in a calendar.

    `decided` is the person's answer; `accepted_as` the number of the partner time that was declared by accepting it. A
    proposal that changed in the calendar is open again, and what was accepted before stays declared until then.
    """

    calendar: int
    uid: str
    partner_time: PartnerTime
    decided: ProposalState = "open"
    accepted_as: int | None = None
    number: int | None = None
