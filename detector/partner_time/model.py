"""Partner time as it is declared, and the occurrences that follow from it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

# Stands in the title of partner time during which the person is on call, or cares for somebody.
ON_CALL: Final = "#oncall"
# The title where the person gave none. It is stored, so it is not translated.
DEFAULT_TITLE: Final = "Partner time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One start of a recurrence that takes place at another time (RFC 5545: RECURRENCE-ID).

    `begins` replaces `original_start`; both are naive local time in the zone of the partner time. The occurrence keeps the
    id of the original start.
    """

    original_start: datetime
    begins: datetime
    lasts: timedelta
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerTime:
    """What the person declared."""

    title: str
    begins: datetime  # the first start, local
    lasts: timedelta  # by the local clock; more than zero, at most 24 h
    zone: str
    recurrence: str | None = None  # an RFC 5545 RRULE without DTSTART; None: once
    number: int | None = None  # None before it is stored
    # A floating partner time follows the clock of the device; the store keeps `zone` up to date when the device travels.
    is_floating: bool = False
    excluded: tuple[datetime, ...] = ()  # local starts that do not take place (EXDATE)
    additional: tuple[datetime, ...] = ()  # local starts beside the recurrence (RDATE)
    moved: tuple[Moved, ...] = ()
    # From a calendar: a start that follows from the recurrence and falls into a gap of the clocks is dropped, as the RFC
    # has it. Such a start of what a person declared is moved.
    as_rfc: bool = False
    do_not_disturb: bool = False  # the desktop's Do Not Disturb is on meanwhile
    instead_of: str | None = None  # the id of the cancelled occurrence that it replaces
    proposal: int | None = None  # the number of the calendar's proposal that it came from

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
    do_not_disturb: bool = False


def is_on_call(title: str) -> bool:
    """Return whether the title says that the person is on call: `Dinner #oncall`."""
    return ON_CALL in title.casefold().split()


def partner_time_from_now(title: str, lasts: timedelta, now: datetime) -> PartnerTime:
    """Return partner time, once, from `now` (to the second)."""
    # In UTC: a local time is ambiguous in the hour that the clocks show twice, and a length by the local clock would be an
    # hour off in that night.
    begins = now.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return PartnerTime(title=title, begins=begins, lasts=lasts, zone="UTC")


def partner_time_number(occurrence_id: str) -> int:
    """Return the number of the partner time of an occurrence such as `3@20261123T183000`; 0 for other ids, as in recordings."""
    number = occurrence_id.partition("@")[0]
    return int(number) if number.isdecimal() else 0


def belongs_to(occurrence_id: str, number: int | None) -> bool:
    """Return whether the occurrence is one of the partner time of this number."""
    return occurrence_id.startswith(f"{number}@")
