"""One copy of a calendar after parsing: the events that were chosen, and what was wrong with some of them.

Invariant 1: of an event that was not chosen nothing is here but that there was one.
"""

from dataclasses import dataclass

from detector.i18n import _
from detector.partner_time.model import PartnerTime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedEvent:
    """One event that proposes partner time: `uid`, its own in its calendar; `line`, where it begins in the file.

    The partner time has no number, and is `as_rfc`.
    """

    uid: str
    partner_time: PartnerTime
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventProblem:
    """Something that could not be read: at `line`, of the event called `what` (its title, else its uid), and `why`.

    `uid`: the event's; what was accepted of it stays as it is. None where the whole file is meant, or it has none.
    """

    line: int
    why: str
    what: str | None = None
    uid: str | None = None

    def __str__(self) -> str:
        """Return one line: "line 12, Dinner: it ends before it begins"."""
        if not self.what:
            return _("line {line}: {why}").format(line=f"{self.line:,}", why=self.why)
        return _("line {line}, {what}: {why}").format(line=f"{self.line:,}", what=self.what, why=self.why)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCalendar:
    """One copy of a calendar. `name`: what the calendar calls itself; `event_count`: how many events are in it.

    `chosen_count`: how many of them count as partner time; `problems`: what could not be read, by line. `is_complete`: the
    copy was not cut off, so an event that is not here is not in the calendar any more.
    """

    name: str | None
    events: tuple[ProposedEvent, ...]
    problems: tuple[EventProblem, ...]
    event_count: int
    chosen_count: int
    is_complete: bool = True
