"""Read a calendar: each chosen event as one partner time.

Invariant 1: of other events only their number is kept or reported.
Invariant 2: an invalid event is named with its problem, and does not affect other events.
Invariant 3: an instance is chosen by its own title, as an event is. An instance that is not chosen, is cancelled or invalid does
not take place, whatever its series says.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from icalendar.parser.property import split_on_unescaped_comma

from detector.calendars.blocks import NAMES, CalendarScanner, EventBlock
from detector.calendars.event import changes_later_ones, read_event, read_recurrence_id, read_title, read_uid
from detector.calendars.limits import ReadingBudget
from detector.calendars.lines import content_lines
from detector.calendars.model import EventProblem, ParsedCalendar, ProposedEvent
from detector.calendars.series import EventSeries, to_partner_times
from detector.calendars.values import InvalidEvent, clean_title, has_tag, parse_property
from detector.i18n import _
from detector.store.model import TAG, EventFilter

_PROGRESS_INTERVAL: Final = 64
"""Progress is reported, and the time checked, once in so many events."""


def read_calendar(
    copy: bytes | Iterable[bytes],
    *,
    choice: EventFilter,
    zone: str,
    monotonic: Callable[[], float],
    progress: Callable[[str], None] | None = None,
) -> ParsedCalendar:
    """Return what the calendar says. `copy`: all of it, or its pieces as they come; no more of them is taken than is read.

    `zone`: the device's present one, an IANA name, for floating times. `monotonic`: seconds that never move back.
    `progress` is called often with what is being done; it decides what to show. Raises `UserError` if this is no
    calendar, or one that is too large, has too many events or takes too long; nothing of it is to be used.
    """
    budget = ReadingBudget(monotonic, progress)
    scanner = CalendarScanner()
    collector = _EventCollector(choice=choice, zones=scanner.zones)
    pieces = budget.counted([copy] if isinstance(copy, bytes) else copy)
    for block in scanner.blocks(content_lines(pieces, NAMES)):
        collector.add(block)
        if scanner.event_count % _PROGRESS_INTERVAL == 0:
            budget.check_time(_("Reading the calendar: {count} events").format(count=f"{scanner.event_count:,}"))
    # Only now: zones and instances may stand behind the event that needs them.
    events: list[ProposedEvent] = []
    for at, (uid, series) in enumerate(collector.series.items()):
        if at % _PROGRESS_INTERVAL == 0 or (series.event is not None and series.event.recurrence is not None):
            budget.check_time(_("Looking at {count} events").format(count=f"{len(collector.series):,}"))
        events += to_partner_times(uid, series, zone, collector.problems)
    return ParsedCalendar(
        name=_calendar_name(scanner),
        events=tuple(sorted(events, key=lambda event: event.line)),
        problems=tuple(sorted(collector.problems, key=lambda problem: problem.line)),
        event_count=scanner.event_count,
        chosen_count=collector.chosen_count,
        is_complete=scanner.is_complete,
    )


def _calendar_name(scanner: CalendarScanner) -> str | None:
    if scanner.name is None:
        return None
    try:
        return clean_title(parse_property(scanner.name).text) or None
    except InvalidEvent:
        return None


@dataclass(slots=True)
class _EventCollector:
    """The chosen events with their instances, by uid, and what was wrong."""

    choice: EventFilter
    zones: Mapping[str, str]
    series: dict[str, EventSeries] = field(default_factory=dict)
    problems: list[EventProblem] = field(default_factory=list)
    chosen_count: int = 0

    def add(self, block: EventBlock) -> None:
        if changes_later_ones(block):
            self.series.setdefault(read_uid(block), EventSeries()).split_line = block.line
        if not _is_chosen(block, self.choice):
            self._exclude(block)
            return
        self.chosen_count += 1
        uid = read_uid(block)
        series = self.series.setdefault(uid, EventSeries())
        # The tag is taken out of titles, also where events are chosen by something else.
        tag = self.choice.tag or TAG
        try:
            event = read_event(block, tag, self.zones)
        except InvalidEvent as error:
            title = read_title(block, tag) or clean_title(uid)
            self.problems.append(EventProblem(line=block.line, why=str(error), what=title, uid=uid))
            self._exclude(block)
            if not block.named("RECURRENCE-ID"):
                series.is_invalid = True
            return
        # Instances are ordered only when all are known: a file may hold an older version behind a newer one.
        if event.recurrence_id is not None:
            series.instances.append(event)
        elif series.event is None or event.sequence >= series.event.sequence:
            if series.event is not None and event.sequence == series.event.sequence:
                why = _("it stands in the calendar twice; this one counts")
                self.problems.append(EventProblem(line=event.line, why=why, what=event.title))
            series.event = event

    def _exclude(self, block: EventBlock) -> None:
        if block.problem is not None or not block.named("RECURRENCE-ID"):
            return
        try:
            recurrence_id = read_recurrence_id(block, self.zones)
        except InvalidEvent:
            return
        if recurrence_id is not None:
            self.series.setdefault(read_uid(block), EventSeries()).excluded.append(recurrence_id)


def _is_chosen(block: EventBlock, choice: EventFilter) -> bool:
    if choice.everything:
        return True
    tag = None if choice.category is not None else choice.tag
    wanted = (tag if tag is not None else choice.category or "").casefold()
    for line in block.named("CATEGORIES" if tag is None else "SUMMARY"):
        # Parsing is slow, and most lines do not hold the word at all. A backslash may stand inside it, as an escape.
        if line.is_too_long or wanted not in line.text.decode("utf-8", "replace").replace("\\", "").casefold():
            continue
        try:
            value = parse_property(line)
        except InvalidEvent:
            continue
        if tag is not None and has_tag(value.text, tag):
            return True
        categories = (str(text).strip().casefold() for text in split_on_unescaped_comma(value.raw))
        if tag is None and wanted in categories:
            return True
    return False
