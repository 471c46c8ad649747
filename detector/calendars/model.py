"""One copy of a calendar after parsing: the events that were chosen, and what was wrong with some of them.

Invariant 1: of an event that was not chosen nothing is here but that there was one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from detector.calendars.values import EventTime
from detector.i18n import _
from detector.partner_time.model import PartnerTime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedEvent:
    """One event that proposes partner time; `line` is where it begins in the file.

    `unread`: the local starts of its instances that could not be read. `is_unsure`: some of its exceptions could not be read,
    and it is not known which. Of these, what was accepted before stays as it is.
    """

    uid: str
    partner_time: PartnerTime  # without a number, and `as_rfc`
    line: int
    unread: tuple[datetime, ...] = ()
    is_unsure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventProblem:
    """Something that could not be read. What was accepted of the event `uid` stays as it is."""

    line: int
    why: str
    what: str | None = None  # the title of the event, else its uid
    uid: str | None = None  # None: the whole file is meant, or the event has none
    until: datetime | None = None  # when what it is about is certainly past; None: not known

    def __str__(self) -> str:
        """Return one line: "line 12, Dinner: it ends before it begins"."""
        if not self.what:
            return _("line {line}: {why}").format(line=f"{self.line:,}", why=self.why)
        return _("line {line}, {what}: {why}").format(line=f"{self.line:,}", what=self.what, why=self.why)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCalendar:
    """One copy of a calendar."""

    name: str | None  # what the calendar calls itself
    events: tuple[ProposedEvent, ...]
    problems: tuple[EventProblem, ...]
    event_count: int
    chosen_count: int  # how many of them count as partner time
    is_complete: bool = True  # not cut off: an event that is not here was removed from the calendar
    # It is a message that calls these events off, by uid (METHOD:CANCEL): whole, or the starts of single instances.
    cancelled: Mapping[str, tuple[EventTime, ...]] = field(default_factory=dict)
