"""Read a calendar: of its events those that were chosen, each as one partner time.

Rule 1: of an event that was not chosen nothing is kept and nothing said but that there was one.
Rule 2: an event that is not understood is named with what is wrong, and costs no other event anything.
Rule 3: an instance is chosen by its own title, as an event is; one that is not chosen, is cancelled or is not understood does
not take place, whatever its series says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from detector.calendars.assembling import Together, assemble
from detector.calendars.blocks import KINDS, Block, Scan
from detector.calendars.event import read_event, read_stands_for, read_title, read_uid, stands_for_later_ones
from detector.calendars.limits import Budget
from detector.calendars.lines import content_lines
from detector.calendars.model import ReadEvent, Reading, Wrong
from detector.calendars.titles import clean, has_tag
from detector.calendars.values import NotUnderstood, take_apart
from detector.partner_time.proposals import TAG, EventFilter

_OFTEN: Final = 64


def read_calendar(
    copy: bytes | Iterable[bytes],
    *,
    choice: EventFilter,
    zone: str,
    monotonic: Callable[[], float],
    progress: Callable[[str], None] | None = None,
) -> Reading:
    """Return what the calendar says. `copy`: all of it, or its pieces as they come; no more of them is taken than is read.

    `zone`: the device's present one, an IANA name, for what goes by whichever clock is near. `monotonic`: seconds that never
    move back. `progress` is told often what is being done; it decides what to show.

    Raises:
        UserError: if this is no calendar, or one that is too large, has too many events or takes too long; nothing of it
            is to be used.
    """
    budget = Budget(monotonic, progress)
    scan = Scan()
    gathered = _Gathered(choice=choice, zones=scan.zones)
    pieces = budget.chunks([copy] if isinstance(copy, bytes) else copy)
    for block in scan.blocks(content_lines(pieces, KINDS)):
        gathered.take(block)
        if scan.seen % _OFTEN == 0:
            budget.go_on(f"Reading the calendar: {scan.seen:,} events")
    events: list[ReadEvent] = []
    for at, (uid, together) in enumerate(gathered.together.items()):
        if at % _OFTEN == 0 or (together.whole is not None and together.whole.recurrence is not None):
            budget.go_on(f"Looking at {len(gathered.together):,} events")
        events += assemble(uid, together, zone, gathered.wrong)
    return Reading(
        name=_named(scan),
        events=tuple(sorted(events, key=lambda event: event.line)),
        wrong=tuple(sorted(gathered.wrong, key=lambda wrong: wrong.line)),
        seen=scan.seen,
        chosen=gathered.chosen,
        whole=scan.whole,
    )


def _named(scan: Scan) -> str | None:
    if scan.name is None:
        return None
    try:
        return clean(take_apart(scan.name).text) or None
    except NotUnderstood:
        return None


@dataclass(slots=True)
class _Gathered:
    """The chosen events with their instances, by uid, and what was wrong."""

    choice: EventFilter
    zones: Mapping[str, str]
    together: dict[str, Together] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)
    chosen: int = 0

    @property
    def tag(self) -> str | None:
        """The tag by which events are chosen, if they are chosen by one."""
        return None if self.choice.everything or self.choice.category is not None else self.choice.tag

    @property
    def word(self) -> str:
        """What is taken out of titles: the tag, also where events are chosen by something else."""
        return self.choice.tag or TAG

    def take(self, block: Block) -> None:
        if stands_for_later_ones(block):
            self.together.setdefault(read_uid(block), Together()).split = block.line
        if not _is_chosen(block, self.choice, self.tag):
            self._leave_out(block)
            return
        self.chosen += 1
        uid = read_uid(block)
        together = self.together.setdefault(uid, Together())
        try:
            event = read_event(block, self.word, self.zones)
        except NotUnderstood as wrong:
            title = read_title(block, self.word)
            self.wrong.append(Wrong(line=block.line, why=str(wrong), what=title or clean(uid), uid=uid))
            self._leave_out(block)
            if not block.named("RECURRENCE-ID"):
                together.is_wrong = True
            return
        if event.stands_for is not None:
            together.instances.append(event)
        elif together.whole is None or event.sequence >= together.whole.sequence:
            if together.whole is not None and event.sequence == together.whole.sequence:
                self.wrong.append(
                    Wrong(line=event.line, why="it stands in the calendar twice; this one counts", what=event.title)
                )
            together.whole = event

    def _leave_out(self, block: Block) -> None:
        """Remember, where it is an instance, for which beginning it stands: that one does not take place."""
        if block.flaw is not None or not block.named("RECURRENCE-ID"):
            return
        try:
            stands_for = read_stands_for(block, self.zones)
        except NotUnderstood:
            return
        if stands_for is not None:
            self.together.setdefault(read_uid(block), Together()).left_out.append(stands_for)


def _is_chosen(block: Block, choice: EventFilter, tag: str | None) -> bool:
    if choice.everything:
        return True
    name = "CATEGORIES" if tag is None else "SUMMARY"
    wanted = (tag if tag is not None else choice.category or "").casefold()
    for line in block.named(name):
        # Most lines need no more than this look.
        if line.is_too_long or wanted not in line.text.decode("utf-8", "replace").replace("\\", "").casefold():
            continue
        try:
            value = take_apart(line)
        except NotUnderstood:
            continue
        if tag is not None and has_tag(value.text, tag):
            return True
        if tag is None and wanted in (text.strip().casefold() for text in _listed(value.raw)):
            return True
    return False


def _listed(raw: str) -> list[str]:
    from icalendar.parser.property import split_on_unescaped_comma  # noqa: PLC0415 - only where a calendar is read

    return [str(text) for text in split_on_unescaped_comma(raw)]
