"""One event of a calendar, parsed: when it begins, how long it lasts, and what of it recurs.

Invariant 1: only its title and what tells when it takes place is read.
Invariant 2: what cannot be partner time is refused here: shorter than a minute, longer than a day, more often than daily.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from detector.calendars.blocks import EventBlock
from detector.calendars.limits import MAX_EXCEPTIONS
from detector.calendars.values import (
    EventProperty,
    EventTime,
    InvalidEvent,
    clean_title,
    parse_duration,
    parse_period,
    parse_property,
    parse_times,
    without_tag,
)
from detector.errors import printable
from detector.i18n import _
from detector.partner_time.model import DEFAULT_TITLE
from detector.partner_time.occurrences import MAX_LENGTH, MIN_LENGTH
from detector.partner_time.rrule import split_rrule
from rules.lengths import format_length

_DAY: Final = timedelta(days=1)
_MAX_UID_LENGTH: Final = 200
_MAX_SENTENCE_LENGTH: Final = 200
_MAX_SEQUENCE_DIGITS: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEvent:
    """An event, or one changed instance of it (`recurrence_id`: the start that it replaces)."""

    line: int
    uid: str
    title: str
    begins: EventTime
    lasts: timedelta
    sequence: int
    is_cancelled: bool
    recurrence: str | None
    excluded: tuple[EventTime, ...]  # EXDATE, in the zones of the file
    extra: tuple[EventTime, ...]  # RDATE, likewise
    periods: tuple[tuple[EventTime, timedelta], ...]  # those of `extra` with a length of their own
    recurrence_id: EventTime | None


def read_uid(block: EventBlock) -> str:
    """Return the event's own id; where it has none, one that stays the same as long as the event does."""
    # A uid is a key in the store and part of messages: one that is too long or cannot be shown is replaced by its digest.
    for line in block.named("UID"):
        uid = line.value
        if uid and len(uid) <= _MAX_UID_LENGTH and clean_title(uid) == uid[:80]:
            return uid
    # SEQUENCE counts the changes of an event: it alone makes no other event.
    whole = b"\n".join(line.text for line in block.lines if line.name != "SEQUENCE")
    unusable = next((line.value for line in block.named("UID") if line.value), None)
    return f"~{hashlib.sha256(whole if unusable is None else unusable.encode()).hexdigest()[:32]}"


def read_title(block: EventBlock, tag: str) -> str | None:
    """Return the event's title as it is stored, or None where it has none that can be read."""
    for line in block.named("SUMMARY"):
        try:
            text = parse_property(line).text.replace("\n", " ")
        except InvalidEvent:
            return None
        return without_tag(text, tag)
    return None


def read_recurrence_id(block: EventBlock, calendar_zones: Mapping[str, str]) -> EventTime | None:
    """Return the start that this instance replaces; None of a whole event. Raises `InvalidEvent`."""
    value = _single(block, "RECURRENCE-ID")
    return None if value is None else _single_time(value, calendar_zones)


def changes_later_ones(block: EventBlock) -> bool:
    """Return whether it is an instance that replaces all later ones, too (RANGE=THISANDFUTURE)."""
    return any(b"RANGE" in line.text.partition(b":")[0].upper() for line in block.named("RECURRENCE-ID"))


def read_event(block: EventBlock, tag: str, calendar_zones: Mapping[str, str]) -> ParsedEvent:
    """Return the event. Raises `InvalidEvent` with what is wrong with it."""
    if block.problem is not None:
        raise InvalidEvent(block.problem)
    start = _single(block, "DTSTART")
    if start is None:
        raise InvalidEvent(_("it does not say when it begins (DTSTART)"))
    begins = _single_time(start, calendar_zones)
    extra, periods = _extra(block, calendar_zones)
    excluded = tuple(at for line in block.named("EXDATE") for at in parse_times(parse_property(line), calendar_zones))
    if len(excluded) + len(extra) > MAX_EXCEPTIONS:
        problem = _("it has more than {count} dates that it leaves out or adds")
        raise InvalidEvent(problem.format(count=f"{MAX_EXCEPTIONS:,}"))
    # TENTATIVE takes place like CONFIRMED: the person chose it by its tag.
    is_cancelled = any(line.value.upper() == "CANCELLED" for line in block.named("STATUS"))
    return ParsedEvent(
        line=block.line,
        uid=read_uid(block),
        title=read_title(block, tag) or DEFAULT_TITLE,
        begins=begins,
        # A cancelled instance often has no length any more, and needs none.
        lasts=_DAY if is_cancelled else _length(block, begins, calendar_zones),
        sequence=_sequence(block),
        is_cancelled=is_cancelled,
        recurrence=_recurrence(block),
        excluded=excluded,
        extra=extra,
        periods=periods,
        recurrence_id=read_recurrence_id(block, calendar_zones),
    )


def _single(block: EventBlock, name: str) -> EventProperty | None:
    lines = block.named(name)
    if len(lines) > 1:
        raise InvalidEvent(_("{name} stands in it {count} times").format(name=name, count=len(lines)))
    return parse_property(lines[0]) if lines else None


def _single_time(value: EventProperty, calendar_zones: Mapping[str, str]) -> EventTime:
    times = parse_times(value, calendar_zones)
    if not times:
        raise InvalidEvent(_("{name} says no date").format(name=value.name))
    if len(times) > 1:
        raise InvalidEvent(_("{name} says several dates").format(name=value.name))
    return times[0]


def _length(block: EventBlock, begins: EventTime, calendar_zones: Mapping[str, str]) -> timedelta:
    end, duration = _single(block, "DTEND"), _single(block, "DURATION")
    if end is not None:
        ends = _single_time(end, calendar_zones)
        if ends.is_day != begins.is_day:
            raise InvalidEvent(_("it begins or ends with a whole day, but not both"))
        length = (ends.local if begins.zone is None else ends.local_in(begins.zone)) - begins.local
    elif duration is not None:
        length = parse_duration("DURATION", duration.raw)
    else:
        length = _DAY if begins.is_day else timedelta()  # as RFC 5545, 3.6.1, has it
    if length < timedelta():
        raise InvalidEvent(_("it ends before it begins"))
    return _checked_length(length)


def _checked_length(length: timedelta) -> timedelta:
    if length == timedelta():
        raise InvalidEvent(_("it has no length: it ends when it begins"))
    if length < MIN_LENGTH:
        raise InvalidEvent(_("it lasts less than a minute"))
    if length > MAX_LENGTH:
        words = _("{count} days").format(count=length.days) if length.days > 1 else format_length(length)
        raise InvalidEvent(_("it lasts {length}, and partner time lasts 24 h at most").format(length=words))
    return length


def _extra(
    block: EventBlock, calendar_zones: Mapping[str, str]
) -> tuple[tuple[EventTime, ...], tuple[tuple[EventTime, timedelta], ...]]:
    extra: list[EventTime] = []
    periods: list[tuple[EventTime, timedelta]] = []
    for line in block.named("RDATE"):
        value = parse_property(line)
        if "/" not in value.raw:
            extra += parse_times(value, calendar_zones)
            continue
        for text in value.raw.split(","):
            begins, length = parse_period(value, text, calendar_zones)
            extra.append(begins)
            periods.append((begins, _checked_length(length)))
    return tuple(extra), tuple(periods)


def _recurrence(block: EventBlock) -> str | None:
    if block.named("EXRULE"):
        raise InvalidEvent(_("it leaves dates out by a rule (EXRULE), which calendars gave up and which is not read"))
    value = _single(block, "RRULE")
    if value is None:
        return None
    # Some programs write lower case, blanks and a semicolon at the end.
    recurrence = value.raw.upper().replace(" ", "").strip(";")
    try:
        split_rrule(recurrence)
    except ValueError as error:
        raise InvalidEvent(_safe(str(error))) from None
    return recurrence


def _safe(sentence: str) -> str:
    safe = printable(sentence, "?")
    return safe if len(safe) <= _MAX_SENTENCE_LENGTH else safe[: _MAX_SENTENCE_LENGTH - 1] + "…"


def _sequence(block: EventBlock) -> int:
    text = next((line.value for line in block.named("SEQUENCE")), "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_SEQUENCE_DIGITS else 0
