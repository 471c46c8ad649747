"""From content lines to events as they stand in the file, each with the lines that are read, and no other.

Invariant 1: a malformed line makes its own event invalid, and no other.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from detector.calendars.limits import MAX_DEPTH, MAX_EVENTS, MAX_LINES, TOO_MANY
from detector.calendars.lines import ContentLine
from detector.calendars.zones import ZONE_NAMES, CalendarZones, ZoneDefinition
from detector.errors import UserError
from detector.i18n import _

EVENT_NAMES: Final = frozenset(
    [
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
    ]
)
"""The properties that are read of an event. Its description, place, guests, attachments and alarms are not read."""

NAMES: Final = EVENT_NAMES | ZONE_NAMES | {"BEGIN", "END", "NAME", "X-WR-CALNAME", "METHOD", "TZID", "X-LIC-LOCATION"}
NO_CALENDAR: Final = _("This is no calendar: a calendar begins with BEGIN:VCALENDAR.")
TOO_DEEP: Final = _(
    "This is no calendar that can be read: its parts stand more than {depth} deep in one another."
).format(depth=MAX_DEPTH)
_EVENT, _ZONE, _CALENDAR = "VEVENT", "VTIMEZONE", "VCALENDAR"
_ZONE_PARTS: Final = frozenset({"STANDARD", "DAYLIGHT"})


@dataclass(slots=True)
class EventBlock:
    """The lines of one event that are read, in order. `line`: where it begins; `problem`: what is wrong with all of it."""

    line: int
    lines: list[ContentLine] = field(default_factory=list)
    problem: str | None = None
    cancels: bool = False  # it stands in a message that calls it off (METHOD:CANCEL)

    def add(self, line: ContentLine) -> None:
        if len(self.lines) >= MAX_LINES:
            self.problem = _("it has more than {count} lines of dates").format(count=f"{MAX_LINES:,}")
        else:
            self.lines.append(line)

    def named(self, name: str) -> list[ContentLine]:
        return [line for line in self.lines if line.name == name]


@dataclass(slots=True)
class CalendarScanner:
    """Goes through a file once: `blocks()` yields its events; the fields are complete afterwards."""

    zones: CalendarZones
    name: ContentLine | None = None
    event_count: int = 0
    is_complete: bool = True
    _stack: list[str] = field(default_factory=list)
    _block: EventBlock | None = None
    _zone: ZoneDefinition | None = None
    _zone_name: str | None = None
    _cancels: bool = False

    def blocks(self, lines: Iterator[ContentLine]) -> Iterator[EventBlock]:
        """Yield the events. Raises `UserError` if this is no calendar, or one with too many events."""
        is_calendar = False
        for line in lines:
            if line.name == "BEGIN":
                component = line.value.upper()
                is_calendar = is_calendar or component == _CALENDAR
                # Events cannot contain events: the one before did not end.
                if component == _EVENT and self._block is not None:
                    yield from self._leave(_EVENT, has_end=False)
                self._enter(component, line)
            elif line.name == "END":
                yield from self._leave(line.value.upper(), has_end=True)
            elif self._block is not None:
                # Only lines of the event itself: an alarm inside has a DURATION and a SUMMARY, too.
                if self._stack[-1] == _EVENT and line.name in EVENT_NAMES:
                    self._block.add(line)
            elif self._stack:
                self._note(self._stack[-1], line)
        # Only now: lines that are not read, such as comments of a program, may stand before the calendar.
        if not is_calendar:
            raise UserError(NO_CALENDAR)
        self.is_complete = not self._stack
        yield from self._leave(_EVENT, has_end=False)

    def _enter(self, component: str, line: ContentLine) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise UserError(TOO_DEEP)
        self._stack.append(component)
        if component == _EVENT:
            self.event_count += 1
            if self.event_count > MAX_EVENTS:
                raise UserError(TOO_MANY)
            self._block = EventBlock(line.number, cancels=self._cancels)
        elif component == _CALENDAR:
            self._cancels = False
        elif component == _ZONE:
            self._zone, self._zone_name = ZoneDefinition(), None
        elif component in _ZONE_PARTS and self._zone is not None:
            self._zone.begin_part(component)

    def _leave(self, component: str, *, has_end: bool) -> Iterator[EventBlock]:
        if component not in self._stack:
            return
        # What stands inside ends with it, whether its own END is there or not.
        while self._stack:
            left = self._stack.pop()
            if left == _EVENT and self._block is not None:
                if component != _EVENT or not has_end:
                    self._block.problem = _("it does not end: END:VEVENT is missing")
                yield self._block
                self._block = None
            if left == _ZONE and self._zone is not None and self._zone_name is not None:
                self.zones.define(self._zone_name, self._zone)
                self._zone = None
            if left == component:
                return

    def _note(self, component: str, line: ContentLine) -> None:
        if component == _ZONE and line.name == "TZID":
            self._zone_name = line.value
        elif component == _ZONE and line.name == "X-LIC-LOCATION" and self._zone is not None:
            self._zone.location = line.value
        elif component in _ZONE_PARTS and line.name in ZONE_NAMES and self._zone is not None:
            self._zone.add(line.text.decode("ascii", "replace").upper().replace(" ", ""))
        elif component == _CALENDAR and line.name == "METHOD":
            self._cancels = line.value.upper() == "CANCEL"
        elif component == _CALENDAR and line.name in {"NAME", "X-WR-CALNAME"} and self.name is None:
            self.name = line
