"""One event of a calendar as it is meant: when it begins, how long it lasts, what of it recurs and what does not.

Rule 1: only what tells when it is, and its title, is looked at.
Rule 2: what cannot be partner time, shorter than a minute or longer than a day, or more often than daily, is refused here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from detector.calendars.blocks import Block
from detector.calendars.limits import MOST_EXCEPTIONS
from detector.calendars.titles import UNNAMED, clean, without_tag
from detector.calendars.values import NotUnderstood, Value, When, read_length, read_stretch, read_when, take_apart
from detector.partner_time.rrule import split_rrule
from rules.lengths import say_length

SHORTEST: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(hours=24)
_DAY: Final = timedelta(days=1)
_LONGEST_UID: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event, or one instance of it (`stands_for`: the beginning in whose place it is).

    `without`, `also`: as in the file, in whatever zones; `stretches`: of `also`, those with a length of their own.
    """

    line: int
    uid: str
    title: str
    begins: When
    lasts: timedelta
    sequence: int
    is_cancelled: bool
    recurrence: str | None
    without: tuple[When, ...]
    also: tuple[When, ...]
    stretches: tuple[tuple[When, timedelta], ...]
    stands_for: When | None


def read_uid(block: Block) -> str:
    """Return the event's own id; where it has none, one that stays the same as long as the event does."""
    for line in block.named("UID"):
        uid = line.value
        if uid and len(uid) <= _LONGEST_UID and clean(uid) == uid[:80]:
            return uid
    whole = b"\n".join(line.text for line in block.lines if line.name != "SEQUENCE")
    said = next((line.value for line in block.named("UID") if line.value), None)
    return f"~{hashlib.sha256(whole if said is None else said.encode()).hexdigest()[:32]}"


def read_title(block: Block, tag: str) -> str | None:
    """Return the event's title as it is kept, or None where it has none that can be read."""
    for line in block.named("SUMMARY"):
        try:
            text = take_apart(line).text.replace("\n", " ")
        except NotUnderstood:
            return None
        return without_tag(text, tag)
    return None


def read_stands_for(block: Block, known_here: Mapping[str, str]) -> When | None:
    """Return the beginning in whose place this instance is; None of a whole event.

    Raises:
        NotUnderstood: if it cannot be read.
    """
    value = _only(block, "RECURRENCE-ID")
    return None if value is None else _one(value, known_here)


def stands_for_later_ones(block: Block) -> bool:
    """Return whether it is an instance that stands for all later ones, too (RANGE=THISANDFUTURE)."""
    return any(b"RANGE" in line.text.partition(b":")[0].upper() for line in block.named("RECURRENCE-ID"))


def read_event(block: Block, tag: str, known_here: Mapping[str, str]) -> Event:
    """Return the event.

    Raises:
        NotUnderstood: with what is wrong with it.
    """
    if block.flaw is not None:
        raise NotUnderstood(block.flaw)
    start = _only(block, "DTSTART")
    if start is None:
        raise NotUnderstood("it does not say when it begins (DTSTART)")
    begins = _one(start, known_here)
    also, stretches = _also(block, known_here)
    without = tuple(when for line in block.named("EXDATE") for when in read_when(take_apart(line), known_here))
    if len(without) + len(also) > MOST_EXCEPTIONS:
        raise NotUnderstood(f"it has more than {MOST_EXCEPTIONS:,} dates that it leaves out or adds")
    is_cancelled = any(line.value.upper() == "CANCELLED" for line in block.named("STATUS"))
    return Event(
        line=block.line,
        uid=read_uid(block),
        title=read_title(block, tag) or UNNAMED,
        begins=begins,
        lasts=_DAY if is_cancelled else _lasts(block, begins, known_here),
        sequence=_sequence(block),
        is_cancelled=is_cancelled,
        recurrence=_recurrence(block),
        without=without,
        also=also,
        stretches=stretches,
        stands_for=read_stands_for(block, known_here),
    )


def _only(block: Block, name: str) -> Value | None:
    lines = block.named(name)
    if len(lines) > 1:
        raise NotUnderstood(f"{name} stands in it {len(lines)} times")
    return take_apart(lines[0]) if lines else None


def _one(value: Value, known_here: Mapping[str, str]) -> When:
    found = read_when(value, known_here)
    if len(found) != 1:
        raise NotUnderstood(f"{value.name} says no date" if not found else f"{value.name} says several dates")
    return found[0]


def _lasts(block: Block, begins: When, known_here: Mapping[str, str]) -> timedelta:
    end, duration = _only(block, "DTEND"), _only(block, "DURATION")
    if end is not None:
        ends = _one(end, known_here)
        if ends.is_day != begins.is_day:
            raise NotUnderstood("it begins or ends with a whole day, but not both")
        length = (ends.local if begins.zone is None else ends.on_the_wall_of(begins.zone)) - begins.local
        if length < timedelta():
            raise NotUnderstood("it ends before it begins")
    elif duration is not None:
        length = read_length("DURATION", duration.raw)
        if length < timedelta():
            raise NotUnderstood("it ends before it begins")
    else:
        length = _DAY if begins.is_day else timedelta()
    return refuse_length(length)


def refuse_length(length: timedelta) -> timedelta:
    """Return the length if partner time can have it.

    Raises:
        NotUnderstood: if it cannot.
    """
    if length == timedelta():
        raise NotUnderstood("it has no length: it ends when it begins")
    if length < SHORTEST:
        raise NotUnderstood("it lasts less than a minute")
    if length > LONGEST:
        longer = f"{length.days} days" if length.days > 1 else say_length(length)
        raise NotUnderstood(f"it lasts {longer}, and partner time lasts 24 h at most")
    return length


def _also(block: Block, known_here: Mapping[str, str]) -> tuple[tuple[When, ...], tuple[tuple[When, timedelta], ...]]:
    also: list[When] = []
    stretches: list[tuple[When, timedelta]] = []
    for line in block.named("RDATE"):
        value = take_apart(line)
        if "/" not in value.raw:
            also += read_when(value, known_here)
            continue
        for text in value.raw.split(","):
            begins, length = read_stretch(value, text, known_here)
            also.append(begins)
            stretches.append((begins, refuse_length(length)))
    return tuple(also), tuple(stretches)


def _recurrence(block: Block) -> str | None:
    if block.named("EXRULE"):
        raise NotUnderstood("it leaves dates out by a rule (EXRULE), which calendars gave up and which is not read")
    value = _only(block, "RRULE")
    if value is None:
        return None
    recurrence = value.raw.upper().replace(" ", "").strip(";")
    try:
        split_rrule(recurrence)
    except ValueError as wrong:
        raise NotUnderstood(clean_sentence(str(wrong))) from None
    return recurrence


def clean_sentence(sentence: str) -> str:
    """Return a sentence that quotes the calendar, without what steers a terminal, of a length that can be read."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in sentence)
    return plain if len(plain) <= 200 else plain[:199] + "…"


def _sequence(block: Block) -> int:
    text = next((line.value for line in block.named("SEQUENCE")), "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
