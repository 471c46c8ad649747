"""From content lines to events as they stand in the file, each with the lines that are read, and no other.

Rule 1: what is not well formed spoils the event that it stands in, and none beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from detector.calendars.limits import DEEPEST, MOST_EVENTS, MOST_LINES, TOO_MANY
from detector.calendars.lines import Line
from detector.errors import UserError

EVENT: Final = frozenset(
    {
        "UID",
        "SUMMARY",
        "CATEGORIES",
        "STATUS",
        "SEQUENCE",
        "DTSTART",
        "DTEND",
        "DURATION",
        "RRULE",
        "EXRULE",
        "RDATE",
        "EXDATE",
        "RECURRENCE-ID",
    }
)
"""What is read of an event. Its description, its place, who is invited, attachments and alarms are not."""

KINDS: Final = EVENT | {"BEGIN", "END", "NAME", "X-WR-CALNAME", "TZID", "X-LIC-LOCATION"}
NO_CALENDAR: Final = "This is no calendar: a calendar begins with BEGIN:VCALENDAR."
TOO_DEEP: Final = f"This is no calendar that can be read: its parts stand more than {DEEPEST} deep in one another."
_EVENT, _ZONE, _CALENDAR = "VEVENT", "VTIMEZONE", "VCALENDAR"


@dataclass(slots=True)
class Block:
    """The lines of one event that are read, in order. `line`: where it begins; `flaw`: what is wrong with it as a whole."""

    line: int
    lines: list[Line] = field(default_factory=list)
    flaw: str | None = None

    def take(self, line: Line) -> None:
        """Take one of its lines."""
        if len(self.lines) >= MOST_LINES:
            self.flaw = f"it has more than {MOST_LINES:,} lines of dates"
        else:
            self.lines.append(line)

    def named(self, name: str) -> list[Line]:
        """Return its lines of this name."""
        return [line for line in self.lines if line.name == name]


@dataclass(slots=True)
class Scan:
    """Goes through a file once: `blocks()` yields its events, and afterwards the rest is known."""

    name: Line | None = None
    zones: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    whole: bool = True
    _stack: list[str] = field(default_factory=list)
    _block: Block | None = None
    _zone: str | None = None

    def blocks(self, lines: Iterator[Line]) -> Iterator[Block]:
        """Yield the events.

        Raises:
            UserError: if this is no calendar, or one with too many events.
        """
        is_calendar = False
        for line in lines:
            if line.name == "BEGIN":
                part = line.value.upper()
                is_calendar = is_calendar or part == _CALENDAR
                if part == _EVENT and self._block is not None:
                    yield from self._leave(_EVENT, by_itself=False)
                self._enter(part, line)
            elif line.name == "END":
                yield from self._leave(line.value.upper(), by_itself=True)
            elif self._block is not None:
                if self._stack[-1] == _EVENT and line.name in EVENT:
                    self._block.take(line)
            elif self._stack:
                self._note(self._stack[-1], line)
        if not is_calendar:
            raise UserError(NO_CALENDAR)
        self.whole = not self._stack
        yield from self._leave(_EVENT, by_itself=False)

    def _enter(self, part: str, line: Line) -> None:
        if len(self._stack) >= DEEPEST:
            raise UserError(TOO_DEEP)
        self._stack.append(part)
        if part == _EVENT:
            self.seen += 1
            if self.seen > MOST_EVENTS:
                raise UserError(TOO_MANY)
            self._block = Block(line.number)

    def _leave(self, part: str, *, by_itself: bool) -> Iterator[Block]:
        if part not in self._stack:
            return
        # What stands inside ends with it, whether it said so or not.
        while self._stack:
            left = self._stack.pop()
            if left == _EVENT and self._block is not None:
                if part != _EVENT or not by_itself:
                    self._block.flaw = "it does not end: END:VEVENT is missing"
                yield self._block
                self._block = None
            if left == part:
                return

    def _note(self, part: str, line: Line) -> None:
        if part == _ZONE and line.name == "TZID":
            self._zone = line.value
        elif (
            part == _ZONE and line.name == "X-LIC-LOCATION" and self._zone is not None and len(self.zones) < MOST_LINES
        ):
            self.zones[self._zone] = line.value
        elif part == _CALENDAR and line.name in {"NAME", "X-WR-CALNAME"} and self.name is None:
            self.name = line
