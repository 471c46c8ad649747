"""What one copy of a calendar says, once it is read: the events that were chosen, and what was wrong with some of them.

Rule 1: of an event that was not chosen nothing is here but that there was one.
"""

from __future__ import annotations

from dataclasses import dataclass

from detector.partner_time.model import PartnerTime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEvent:
    """One event that proposes partner time: `uid`, its own in its calendar; `line`, where it begins in the file.

    The partner time has no number, and is `as_rfc`.
    """

    uid: str
    partner_time: PartnerTime
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """Something that was not understood: at `line`, of the event called `what` (its title, else its uid), and `why`.

    `uid`: the event's; what was accepted of it stays as it is. None where the whole file is meant, or it has none.
    """

    line: int
    why: str
    what: str | None = None
    uid: str | None = None

    def __str__(self) -> str:
        """Return one line: "line 12, Dinner: it ends before it begins"."""
        of = f", {self.what}" if self.what else ""
        return f"line {self.line:,}{of}: {self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One copy of a calendar, read. `name`: what the calendar calls itself; `seen`: how many events stand in it.

    `chosen`: how many of them were meant; `wrong`: what was not understood, by line. `whole`: it was not cut off, so that
    an event that is not here is not in the calendar any more.
    """

    name: str | None
    events: tuple[ReadEvent, ...]
    wrong: tuple[Wrong, ...]
    seen: int
    chosen: int
    whole: bool = True
