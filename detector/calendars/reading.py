"""Read a calendar: each chosen event as one partner time.

Invariant 1: of other events only their number is kept or reported.
Invariant 2: an invalid event is named with its problem, and does not affect other events.
Invariant 3: an instance is chosen by its own title, as an event is. An instance that is not chosen or is cancelled does not take
place, whatever its series says; one that is invalid does not either, unless it was accepted before.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from icalendar.parser.property import split_on_unescaped_comma

from detector.calendars.blocks import NAMES, CalendarScanner, EventBlock
from detector.calendars.charset import to_utf8
from detector.calendars.event import changes_later_ones, end_of, read_event, read_recurrence_id, read_title, read_uid
from detector.calendars.limits import MAX_LINES, ReadingBudget
from detector.calendars.lines import content_lines
from detector.calendars.model import EventProblem, ParsedCalendar, ProposedEvent
from detector.calendars.series import EventSeries, to_partner_times
from detector.calendars.values import EventTime, InvalidEvent, UnknownZone, clean_title, has_tag, parse_property
from detector.calendars.zones import CalendarZones
from detector.i18n import _
from detector.store.model import TAG, EventFilter

_CHUNK: Final = 1 << 16
_PROGRESS_INTERVAL: Final = 64
"""Number of events after which progress is reported and the time checked."""


def read_calendar(
    copy: bytes | Iterable[bytes],
    *,
    choice: EventFilter,
    zone: str,
    now: datetime,
    monotonic: Callable[[], float],
    progress: Callable[[str], None] | None = None,
) -> ParsedCalendar:
    """Return what the calendar says. `copy`: all of it, or its chunks, of which no more are taken than are read.

    `zone`: the device's present one, an IANA name, for floating times. `now`: problems of past events come last. `monotonic`: seconds that never move back.
    `progress` is called often with what is being done; it decides what to show. Raises `UserError` if this is no
    calendar, or one that is too large, has too many events or takes too long; nothing of it is to be used.
    """
    budget = ReadingBudget(monotonic, progress)
    scanner = CalendarScanner(CalendarZones(now))
    collector = _EventCollector(choice=choice, zones=scanner.zones)
    # All of it, because what a byte means depends on all the others: docs/dev/decisions/charsets-of-calendars.md.
    content = to_utf8(b"".join(budget.counted([copy] if isinstance(copy, bytes) else copy)))
    chunks = (content[at : at + _CHUNK] for at in range(0, len(content), _CHUNK))
    for block in scanner.blocks(content_lines(chunks, NAMES)):
        collector.add(block)
        if scanner.event_count % _PROGRESS_INTERVAL == 0:
            budget.check_time(_("Reading the calendar: {count} events").format(count=f"{scanner.event_count:,}"))
    # Only now: zones and instances may stand behind the event that needs them.
    collector.add_deferred()
    events: list[ProposedEvent] = []
    for at, (uid, series) in enumerate(collector.series.items()):
        if at % _PROGRESS_INTERVAL == 0 or (series.event is not None and series.event.recurrences):
            budget.check_time(_("Looking at {count} events").format(count=f"{len(collector.series):,}"))
        events += to_partner_times(uid, series, zone, now, collector.problems)
    return ParsedCalendar(
        name=_calendar_name(scanner),
        events=tuple(sorted(events, key=lambda event: event.line)),
        problems=tuple(
            # What is still to come first.
            sorted(collector.problems, key=lambda each: (each.until is not None and each.until < now, each.line))
        ),
        event_count=scanner.event_count,
        chosen_count=collector.chosen_count,
        is_complete=scanner.is_complete,
        cancelled={uid: tuple(starts) for uid, starts in collector.cancelled.items()},
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
    zones: CalendarZones
    series: dict[str, EventSeries] = field(default_factory=dict)
    problems: list[EventProblem] = field(default_factory=list)
    chosen_count: int = 0
    cancelled: dict[str, list[EventTime]] = field(default_factory=dict)
    _deferred: list[EventBlock] = field(default_factory=list)
    _deferred_lines: int = 0

    def add(self, block: EventBlock) -> None:
        if block.cancels:
            self._cancel(block)
        elif not _is_chosen(block, self.choice):
            self._exclude(block)
        else:
            self.chosen_count += 1
            # Some programs write zones after the events that use them. A limited number of lines is kept until the end.
            is_early = self._deferred_lines + len(block.lines) <= MAX_LINES
            try:
                self._add_chosen(block, is_early=is_early)
            except UnknownZone:
                self._deferred.append(block)
                self._deferred_lines += len(block.lines)

    def add_deferred(self) -> None:
        for block in self._deferred:
            self._add_chosen(block, is_early=False)

    def _add_chosen(self, block: EventBlock, *, is_early: bool) -> None:
        uid = read_uid(block)
        series = self.series.setdefault(uid, EventSeries())
        # The tag is taken out of titles, also where events are chosen by something else.
        tag = self.choice.tag or TAG
        try:
            event = read_event(block, tag, self.zones)
        except InvalidEvent as error:
            if is_early and isinstance(error, UnknownZone):
                raise
            self._report(block, str(error))
            self._note_unread(block, series)
            return
        if event.problems:
            self._report(block, _("{problem}; all else of the event counts").format(problem=event.problems[0]))
        # Instances are ordered only when all are known: a file may hold an older version behind a newer one.
        if event.recurrence_id is not None:
            series.instances.append(event)
        elif series.event is None or event.sequence >= series.event.sequence:
            if series.event is not None and event.sequence == series.event.sequence:
                self._report(block, _("it stands in the calendar twice; this one counts"))
            series.event = event

    def _report(self, block: EventBlock, why: str) -> None:
        uid = read_uid(block)
        title = read_title(block, self.choice.tag or TAG) or clean_title(uid)
        self.problems.append(EventProblem(line=block.line, why=why, what=title, uid=uid, until=end_of(block)))

    def _note_unread(self, block: EventBlock, series: EventSeries) -> None:
        if not block.named("RECURRENCE-ID") or changes_later_ones(block):
            series.is_invalid = True
        elif (start := self._recurrence_id(block)) is not None:
            series.unread.append(start)
        else:
            series.is_unsure = True

    def _exclude(self, block: EventBlock) -> None:
        start = self._recurrence_id(block)
        if start is not None:
            series = self.series.setdefault(read_uid(block), EventSeries())
            (series.ended if changes_later_ones(block) else series.excluded).append(start)

    def _cancel(self, block: EventBlock) -> None:
        # Whatever its title: a message that cancels an event often contains only the uid.
        starts, start = self.cancelled.setdefault(read_uid(block), []), self._recurrence_id(block)
        if start is not None:
            starts.append(start)

    def _recurrence_id(self, block: EventBlock) -> EventTime | None:
        if block.problem is not None or not block.named("RECURRENCE-ID"):
            return None
        try:
            return read_recurrence_id(block, self.zones)
        except InvalidEvent:
            return None


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
