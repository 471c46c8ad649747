"""The values that the store returns beside those of the core."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias

from detector.core.effects import Coverage, Use
from detector.partner_time.model import PartnerTime

# The default word in the title of an event that proposes partner time.
TAG: Final = "#us"

ProposalState: TypeAlias = Literal["open", "accepted", "declined"]


FIRST_BACKFILLED: Final = 1_000_000_000
"""The first number of uses and coverage that were filled in after a break; those of the session begin at 1. The number contains
the instant at which the stretch began, in milliseconds from the beginning of partner time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredOccurrence:
    """Partner time as it really was."""

    id: str
    title: str
    began: datetime
    ends: datetime  # as planned
    ended: datetime | None  # None: still under way, or cut off
    end_reason: str | None
    # Whether every sensed device was put away at the end of the grace, `start_checked_at`; None: unknown.
    started_well: bool | None = None
    start_checked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredUse:
    """A use, and the id of its occurrence."""

    occurrence: str
    use: Use


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCoverage:
    """An interval of coverage, and the id of its occurrence."""

    occurrence: str
    coverage: Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownApps:
    """How often apps that the catalogue does not know were opened on a device; `apps`: how many different ones, at least."""

    opens: int
    apps: int
    named: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelledOccurrence:
    """An occurrence that was cancelled, as it was planned."""

    occurrence: str
    title: str
    begins: datetime
    ends: datetime
    at: datetime
    instead: int | None = None  # the number of the partner time that makes up for it


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedCounts:
    """How much was deleted. A use or a coverage that was only cut counts as well."""

    occurrences: int = 0
    observations: int = 0
    uses: int = 0
    coverage: int = 0
    moments: int = 0
    partner_times: int = 0
    phones: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events of a calendar count: those with `tag` in the title, those of `category`, or `everything`."""

    tag: str | None = TAG
    category: str | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarProblem:
    """Something that could not be read in the current copy of a calendar. `until`: when it is past; None: not known."""

    text: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A calendar that was imported once, or that is fetched regularly (`subscribed`)."""

    name: str
    # A file's absolute path, or a URL. A person who has the URL can often read the calendar, so no log and no repr shows it.
    location: str = field(repr=False)
    choice: EventFilter = field(default_factory=EventFilter)
    subscribed: bool = False
    auto_accepts: bool = False  # new proposals are accepted at once
    local: bool = False  # it may be on the local network
    etag: str | None = None  # of the last good copy, as `modified`
    modified: str | None = None
    refreshed: datetime | None = None  # when the last good copy was read
    tried: datetime | None = None  # when it was last fetched
    why: str | None = None  # what went wrong then
    problems: tuple[CalendarProblem, ...] = ()  # of the last good copy
    number: int | None = None

    def current_problems(self, now: datetime) -> list[str]:
        return [problem.text for problem in self.problems if problem.until is None or problem.until > now]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What the event `uid` of a calendar proposes. It takes place only after the person accepts it on this device.

    `accepted_as`: the number of the partner time that was declared by accepting it. A proposal whose event changed is open
    again. What was accepted before stays declared meanwhile.
    """

    calendar: int
    uid: str
    partner_time: PartnerTime
    decided: ProposalState = "open"
    accepted_as: int | None = None
    number: int | None = None
