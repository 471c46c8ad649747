"""One event of a calendar, parsed: when it begins, how long it lasts, and what of it recurs.

Invariant 1: only the title and the dates and times are read.
Invariant 2: what cannot be partner time is refused here: shorter than a minute, longer than a day, more often than daily.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from detector.calendars.blocks import EventBlock
from detector.calendars.limits import MAX_EXCEPTIONS, MAX_RULES
from detector.calendars.values import (
    EventProperty,
    EventTime,
    InvalidEvent,
    clean_title,
    parse_duration,
    parse_each,
    parse_property,
    parse_times,
    without_tag,
)
from detector.calendars.zones import CalendarZones
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
_MAX_RULE_LENGTH: Final = 3000
_A_DATE: Final = re.compile(r"\s*([0-9]{8})(?![0-9])")
_AN_UNTIL: Final = re.compile(r"UNTIL=([0-9]{8})(?![0-9])", re.IGNORECASE)
_IN_EVERY_MONTH: Final = frozenset(map(str, range(1, 29)))


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
    recurrences: tuple[str, ...]  # it takes place where any of them says so
    excluded: tuple[EventTime, ...]  # EXDATE, in the zones of the file
    extra: tuple[EventTime, ...]  # RDATE, likewise
    periods: tuple[tuple[EventTime, timedelta], ...]  # those of `extra` with a length of their own
    recurrence_id: EventTime | None
    changes_later_ones: bool  # it replaces all later starts, too (RANGE=THISANDFUTURE)
    problems: tuple[str, ...]  # of single dates that were left out or added


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
    """Return the event's title as it is stored, or None if it has no readable one."""
    for line in block.named("SUMMARY"):
        try:
            text = parse_property(line).text.replace("\n", " ")
        except InvalidEvent:
            return None
        return without_tag(text, tag)
    return None


def read_recurrence_id(block: EventBlock, zones: CalendarZones) -> EventTime | None:
    """Return the start that this instance replaces; None of a whole event. Raises `InvalidEvent`."""
    value = _single(block, "RECURRENCE-ID")
    return None if value is None else _single_time(value, zones)


def changes_later_ones(block: EventBlock) -> bool:
    """Return whether it is an instance that replaces all later ones, too (RANGE=THISANDFUTURE)."""
    return any(b"RANGE" in line.text.partition(b":")[0].upper() for line in block.named("RECURRENCE-ID"))


def read_event(block: EventBlock, tag: str, zones: CalendarZones) -> ParsedEvent:
    """Return the event. Raises `InvalidEvent` with what is wrong with it."""
    if block.problem is not None:
        raise InvalidEvent(block.problem)
    start = _single(block, "DTSTART")
    if start is None:
        raise InvalidEvent(_("it does not say when it begins (DTSTART)"))
    begins = _single_time(start, zones)
    problems: list[str] = []
    extra, periods = _extra(block, zones, problems)
    excluded = _each(block, "EXDATE", zones, problems)
    if len(excluded) + len(extra) + len(problems) > MAX_EXCEPTIONS:
        problem = _("it has more than {count} dates that it leaves out or adds")
        raise InvalidEvent(problem.format(count=f"{MAX_EXCEPTIONS:,}"))
    # TENTATIVE takes place like CONFIRMED: the person chose it by its tag.
    is_cancelled = block.cancels or any(line.value.upper() == "CANCELLED" for line in block.named("STATUS"))
    return ParsedEvent(
        line=block.line,
        uid=read_uid(block),
        title=read_title(block, tag) or DEFAULT_TITLE,
        begins=begins,
        # A cancelled instance often has no length any more, and needs none.
        lasts=_DAY if is_cancelled else _length(block, begins, zones),
        sequence=_sequence(block),
        is_cancelled=is_cancelled,
        recurrences=tuple(_recurrences(block, begins)),
        excluded=tuple(at for at, _length in excluded),
        extra=extra,
        periods=periods,
        recurrence_id=read_recurrence_id(block, zones),
        changes_later_ones=changes_later_ones(block),
        problems=tuple(problems),
    )


def _single(block: EventBlock, name: str) -> EventProperty | None:
    lines = block.named(name)
    if len(lines) > 1:
        raise InvalidEvent(_("{name} stands in it {count} times").format(name=name, count=len(lines)))
    return parse_property(lines[0]) if lines else None


def _single_time(value: EventProperty, zones: CalendarZones) -> EventTime:
    times = parse_times(value, zones)
    if not times:
        raise InvalidEvent(_("{name} says no date").format(name=value.name))
    if len(times) > 1:
        raise InvalidEvent(_("{name} says several dates").format(name=value.name))
    return times[0]


def _length(block: EventBlock, begins: EventTime, zones: CalendarZones) -> timedelta:
    end, duration = _single(block, "DTEND"), _single(block, "DURATION")
    if end is not None:
        ends = _single_time(end, zones)
        if ends.is_day != begins.is_day:
            raise InvalidEvent(_("it begins or ends with a whole day, but not both"))
        length = (ends.local if begins.zone is None else ends.local_in(begins.zone)) - begins.local
    elif duration is not None:
        length = parse_duration("DURATION", duration.raw)
    else:
        length = _DAY if begins.is_day else timedelta()  # as RFC 5545, 3.6.1, has it
    if length < timedelta():
        raise InvalidEvent(_("it ends before it begins"))
    if begins.is_day and not length:
        return _DAY  # many programs write the day itself as its end
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


def _each(
    block: EventBlock, name: str, zones: CalendarZones, problems: list[str]
) -> list[tuple[EventTime, timedelta | None]]:
    return [found for line in block.named(name) for found in parse_each(parse_property(line), zones, problems)]


def _extra(
    block: EventBlock, zones: CalendarZones, problems: list[str]
) -> tuple[tuple[EventTime, ...], tuple[tuple[EventTime, timedelta], ...]]:
    extra: list[EventTime] = []
    periods: list[tuple[EventTime, timedelta]] = []
    for at, length in _each(block, "RDATE", zones, problems):
        if length is not None:
            try:
                periods.append((at, _checked_length(length)))
            except InvalidEvent as error:
                problems.append(str(error))
                continue
        extra.append(at)
    return tuple(extra), tuple(periods)


def _recurrences(block: EventBlock, begins: EventTime) -> Iterator[str]:
    if block.named("EXRULE"):
        raise InvalidEvent(_("it leaves dates out by a rule (EXRULE), which is obsolete and is not read"))
    if len(block.named("RRULE")) > MAX_RULES:
        raise InvalidEvent(_("{name} stands in it {count} times").format(name="RRULE", count=len(block.named("RRULE"))))
    for recurrence in dict.fromkeys(_plain(parse_property(line).raw, begins) for line in block.named("RRULE")):
        try:
            split_rrule(recurrence)
        except ValueError as error:
            raise InvalidEvent(_safe(str(error))) from None
        yield recurrence


def _plain(recurrence: str, begins: EventTime) -> str:
    """Return the recurrence without the parts that change nothing, and with SKIP (RFC 7529) as days of the month."""
    # Some programs write lower case, blanks and a semicolon at the end.
    recurrence = recurrence.upper().replace(" ", "").strip(";")
    if len(recurrence) > _MAX_RULE_LENGTH:
        return recurrence  # it is refused for that
    at, skip, kept = begins.as_written, "OMIT", []
    same = {"BYHOUR": at.hour, "BYMINUTE": at.minute, "BYSECOND": at.second}
    for part in recurrence.split(";"):
        name, _equals, value = part.partition("=")
        if name == "SKIP":
            skip = value
        elif name == "UNTIL" and begins.is_day and re.fullmatch("[0-9]{8}T[0-9]{6}Z?", value):
            kept.append(f"UNTIL={value[:8]}")  # a date is that of the value's own clock
        elif name in same and (begins.is_day or (value.isascii() and value.isdigit() and int(value[:4]) == same[name])):
            continue
        elif not name.startswith("X-") and part != "RSCALE=GREGORIAN":
            kept.append(part)
    return ";".join(_with_skip(kept, skip, at.day, at.month))


def _with_skip(parts: list[str], skip: str, day: int, month: int) -> list[str]:
    """Return the recurrence's parts with SKIP (RFC 7529): where a month does not have the day, BACKWARD takes its last one."""
    values = dict(part.partition("=")[::2] for part in parts)
    if skip == "OMIT" or values.get("FREQ") not in {"MONTHLY", "YEARLY"}:
        return parts
    others = values.keys() & {"BYDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"}
    days = values.get("BYMONTHDAY", "" if others else str(day))
    if all(each.lstrip("-") in _IN_EVERY_MONTH for each in filter(None, days.split(","))):
        return parts
    if skip != "BACKWARD" or others or days not in {"29", "30", "31"}:
        return [*parts, f"SKIP={skip}"]  # it is refused for that
    rest = [part for part in parts if not part.startswith("BYMONTHDAY=")]
    if values["FREQ"] == "YEARLY" and "BYMONTH" not in values:
        rest.append(f"BYMONTH={month}")
    return [*rest, f"BYMONTHDAY={','.join(map(str, range(28, int(days) + 1)))}", "BYSETPOS=-1"]


def end_of(block: EventBlock) -> datetime | None:
    """Return an instant after which an event that could not be read is certainly past; None if that is not known."""
    days = [
        match[1]
        for name in ("DTSTART", "DTEND", "RECURRENCE-ID")
        for line in block.named(name)
        if (match := _A_DATE.match(line.value))
    ]
    rules = [line.value for line in block.named("RRULE")]
    if rules or block.named("RDATE"):
        days = [match[1] for rule in rules if (match := _AN_UNTIL.search(rule))] if len(rules) == 1 else []
    try:
        return max(datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC) for day in days) + 3 * _DAY
    except (ValueError, OverflowError):
        return None


def _safe(sentence: str) -> str:
    safe = printable(sentence, "?")
    return safe if len(safe) <= _MAX_SENTENCE_LENGTH else safe[: _MAX_SENTENCE_LENGTH - 1] + "…"


def _sequence(block: EventBlock) -> int:
    text = next((line.value for line in block.named("SEQUENCE")), "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_SEQUENCE_DIGITS else 0
