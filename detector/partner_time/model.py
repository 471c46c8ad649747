"""Partner time as it is declared, and the occurrences that follow from it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

# Stands in the title of partner time during which the person is on call, or cares for somebody.
ON_CALL: Final = "#oncall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One start of a recurrence that takes place at another time (RFC 5545: RECURRENCE-ID).

    `of` is the start as it recurs and `begins` the one in its place, both naive local time of the partner time's zone;
    `lasts` and `title` are its own. Its occurrence keeps the id of the start that it stands for.
    """

    of: datetime
    begins: datetime
    lasts: timedelta
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerTime:
    """What the user declared.

    `begins` is the first start as naive local time of `zone` (an IANA name); `lasts` is its length by the local clock, more
    than zero, at most 24 h. `recurrence` is an RFC 5545 RRULE without DTSTART, or None for once. `number` is the store's;
    None before it is kept.

    `floats`: it goes by the device's clock, wherever that travels; `zone` is then the zone in which the device is, which the
    store keeps up to date. `without`, `also`: starts that do not take place, and that do beside the recurrence (EXDATE,
    RDATE), naive local. `moved`: single ones at another time, whether or not they are left out. `as_rfc`: it comes from a
    calendar, so that a start that follows from the recurrence and that the clocks leave out is dropped; what a person
    declared is moved then, never dropped.
    `quiet`: the desktop is to keep quiet in it. `instead_of`: the id of the cancelled occurrence that it replaces.
    `proposal`: the number of the calendar's proposal that it came from.
    """

    title: str
    begins: datetime
    lasts: timedelta
    zone: str
    recurrence: str | None = None
    number: int | None = None
    floats: bool = False
    without: tuple[datetime, ...] = ()
    also: tuple[datetime, ...] = ()
    moved: tuple[Moved, ...] = ()
    as_rfc: bool = False
    quiet: bool = False
    instead_of: str | None = None
    proposal: int | None = None

    def __hash__(self) -> int:
        # These four nearly always differ: hashing a thousand exceptions at each cache lookup would cost more than it saves.
        return hash((self.number, self.begins, self.recurrence, self.zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One concrete half-open interval `[begins, ends)` of a partner time; aware UTC.

    `id` is `<partner time's number>@<planned start, UTC, as 20261123T173000Z>`: the same however often it is computed. Of what
    floats it is the planned start in local time, `20261123T183000`, without the Z: the same in whatever zone it is computed.
    """

    id: str
    partner_time: int
    title: str
    begins: datetime
    ends: datetime
    zone: str
    quiet: bool = False


def is_on_call(title: str) -> bool:
    """Return whether the title says that the person is on call: `Dinner #oncall`."""
    return ON_CALL in title.casefold().split()


def partner_time_from_now(title: str, lasts: timedelta, now: datetime) -> PartnerTime:
    """Return partner time, once, from `now` (to the second).

    It is kept in UTC: in the hour that local clocks show twice, a local time would not say which of the two is meant; and a
    length is a length in that night, too.
    """
    begins = now.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return PartnerTime(title=title, begins=begins, lasts=lasts, zone="UTC")
