"""Hostile or broken calendars are refused with a sentence, and cost little memory and little time."""

from __future__ import annotations

import random
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from itertools import chain, count, repeat

import pytest

from detector.calendars import blocks, limits
from detector.calendars.blocks import NAMES
from detector.calendars.limits import MAX_BYTES, MAX_EVENTS, MAX_LINE_BYTES, TOO_LARGE, TOO_MANY, TOO_SLOW
from detector.calendars.lines import content_lines
from detector.calendars.reading import read_calendar
from detector.errors import UserError
from detector.store.model import EventFilter
from tests.rig.ics import HERE, NOW, calendar, dinner, event, read, why

ALL = EventFilter(tag=None, everything=True)
LENGTH = ("DTSTART:20261124T183000", "DURATION:PT1H")


class Taken:
    """Pieces of a calendar without end; counts how many bytes of it were asked for."""

    def __init__(self, piece: bytes) -> None:
        self.piece = piece
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        yield b"BEGIN:VCALENDAR\r\n"
        for piece in repeat(self.piece):
            self.size += len(piece)
            yield piece


@pytest.mark.parametrize(
    "piece",
    [
        b"x" * 65536,
        b"\n" * 65536,
        b"\r\n " * 20000,
        b"DESCRIPTION:" + b"y" * 65536,
        b"BEGIN:VEVENT\nEND:VEVENT\n",
        b"BEGIN:VEVENT\nSUMMARY:" + b"#us " * 30000,
        b"BEGIN:VEVENT\n" + b"SUMMARY:#us\n" * 5000,
        b"UID:1\n" * 9000,
        b"BEGIN:VEVENT\nEXDATE:" + b"20261124T183000," * 9000,
        b"\x00" * 65536,
    ],
    ids=["one line", "nothing but ends", "folds", "ignored", "events", "a title", "titles", "loose", "dates", "zeros"],
)
def test_an_endless_calendar_is_refused_after_its_maximum_size(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_BYTES", MAX_BYTES // 10)
    monkeypatch.setattr(blocks, "MAX_EVENTS", MAX_EVENTS // 10)
    taken = Taken(piece)
    with pytest.raises(UserError) as refused:
        read_calendar(taken, choice=ALL, zone=HERE, now=NOW, monotonic=lambda: 0.0)
    assert str(refused.value) in {TOO_LARGE, TOO_MANY}
    assert taken.size <= MAX_BYTES // 10 + 2 * len(piece)


# VmHWM, and not `ru_maxrss`: that remembers how large the process was that started this one.
MEASURE = """
import sys
from datetime import UTC, datetime
from detector.calendars.blocks import NAMES
from detector.calendars.lines import content_lines
from detector.calendars.reading import read_calendar
from detector.errors import UserError
from detector.store.model import EventFilter
piece = eval(sys.argv[1])
def pieces():
    yield b"BEGIN:VCALENDAR\\r\\n"
    while True:
        yield piece
try:
    read_calendar(pieces(), choice=EventFilter(tag=None, everything=True), zone="UTC", now=datetime.now(UTC), monotonic=lambda: 0.0)
except UserError as refused:
    print(int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) // 1024)
"""


@pytest.mark.parametrize(
    "piece",
    [
        "b'BEGIN:VEVENT\\nSUMMARY:' + b'#us ' * 30000",
        "b'BEGIN:VEVENT\\n' + b'SUMMARY:#us\\n' * 5000",
        "b'BEGIN:VEVENT\\nEXDATE:' + b'20261124T183000,' * 9000",
        "b'x' * 65536",
    ],
    ids=["titles", "lines", "dates", "one line"],
)
def test_an_endless_calendar_takes_little_memory(piece: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, piece], capture_output=True, text=True, check=True, timeout=110
    )
    assert 0 < int(done.stdout) < 150


@pytest.mark.parametrize("piece", [b"x" * 65536, b"SUMMARY:" + b"x" * 65536, b"\r\n " + b"x" * 65536])
def test_an_endless_line_takes_no_more_memory_than_the_maximum(piece: bytes) -> None:
    tracemalloc.start()
    try:
        lines = list(content_lines(chain([b"SUMMARY:"], repeat(piece, 150)), NAMES))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert all(line.is_too_long for line in lines)
    assert peak < 3_000_000


def test_one_event_over_the_maximum_is_refused() -> None:
    events = [b"BEGIN:VEVENT\nEND:VEVENT\n"] * MAX_EVENTS
    assert read([b"BEGIN:VCALENDAR\n", *events, b"END:VCALENDAR"]).event_count == MAX_EVENTS
    with pytest.raises(UserError, match="50,000 events"):
        read([b"BEGIN:VCALENDAR\n", *events, events[0], b"END:VCALENDAR"])


def test_a_calendar_that_takes_too_long_is_refused_whole() -> None:
    ticks = count(step=0.1)
    events = [dinner("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", uid=str(number)) for number in range(400)]
    with pytest.raises(UserError) as refused:
        read_calendar(calendar(*events), choice=EventFilter(), zone=HERE, now=NOW, monotonic=lambda: next(ticks))
    assert str(refused.value) == TOO_SLOW


def test_progress_is_reported_during_reading() -> None:
    said: list[str] = []
    events = [dinner(uid=str(number)) for number in range(200)]
    read_calendar(
        calendar(*events), choice=EventFilter(), zone=HERE, now=NOW, monotonic=lambda: 0.0, progress=said.append
    )
    assert "Reading the calendar: 192 events" in said
    assert "Looking at 200 events" in said
    assert not any("us" in words or "Dinner" in words for words in said)


@pytest.mark.parametrize(
    "lines",
    [
        ["EXDATE:" + ",".join(["20261124T183000"] * 1_000_000)],
        ["EXDATE:20261124T183000"] * 200_000,
        ["EXDATE:" + ",".join(["20261124T183000"] * 1000)] * 6,
        ["RDATE:" + ",".join(["20261124T183000"] * 1000)] * 6,
        ["RDATE;VALUE=PERIOD:" + ",".join(["20261124T183000/PT1H"] * 1000)] * 6,
        ["RRULE:FREQ=DAILY;BYMONTHDAY=" + ",".join(["1"] * 100_000)],
        ["RRULE:" + "FREQ=DAILY;" * 1000],
        ["RRULE:FREQ=DAILY;COUNT=99999999999"],
        ["RRULE:FREQ=MINUTELY"],
        ["RRULE:FREQ=YEARLY;BYHOUR=1;BYMINUTE=1,2,3;BYSECOND=1,2,3"],
        ["RRULE:FREQ=WEEKLY;BYDAY=" + "MO," * 50_000 + "MO"],
        ["DTEND:" + "9" * 100_000],
    ],
    ids=[
        "million",
        "lines",
        "exdates",
        "rdates",
        "periods",
        "bymonthday",
        "parts",
        "count",
        "minutely",
        "times",
        "byday",
        "end",
    ],
)
def test_a_recurrence_bomb_is_named_and_other_events_are_read(lines: list[str]) -> None:
    reading = read(calendar(event(*LENGTH, *lines, uid="bomb", summary="Bomb #us"), dinner(uid="2")))
    assert [each.uid for each in reading.events] == ["2"]
    (wrong,) = reading.problems
    assert (wrong.what, wrong.uid) == ("Bomb", "bomb")
    assert len(str(wrong)) < 400


def test_an_endless_event_keeps_no_more_lines_than_the_maximum() -> None:
    reading = read(calendar(event(*LENGTH, *["UID:x"] * 20_000), dinner(uid="2")))
    assert [each.uid for each in reading.events] == ["2"]
    assert why(reading) == [f"it has more than {limits.MAX_LINES:,} lines of dates"]


def test_too_many_changed_instances_are_named() -> None:
    instances = [
        event(
            f"RECURRENCE-ID:2026{month:02}{day:02}T{hour:02}{minute:02}00Z",
            "STATUS:CANCELLED",
            "DTSTART:20261124T183000Z",
        )
        for month in range(1, 13)
        for day in range(1, 29)
        for hour in range(8)
        for minute in (0, 30)
    ]
    reading = read(calendar(dinner("RRULE:FREQ=DAILY"), *instances, dinner(uid="2")))
    assert [each.uid for each in reading.events] == ["2"]
    assert why(reading) == ["it has more than 5,000 instances that were changed"]


def test_a_line_over_the_maximum_length_is_named() -> None:
    huge = "SUMMARY:#us " + "x" * (2 * MAX_LINE_BYTES)
    reading = read(calendar([*event(*LENGTH, summary=None)[:-1], huge, "END:VEVENT"], dinner(uid="2")), ALL)
    assert [each.uid for each in reading.events] == ["1", "2"]
    assert all(len(each.partner_time.title) <= 80 for each in reading.events)
    folded = "DTSTART:2026" + "\r\n 1" * MAX_LINE_BYTES
    assert why(read(calendar(event(folded, "DURATION:PT1H"), dinner(uid="2")))) == [
        "DTSTART is longer than can be read"
    ]
    ignored = "ATTACH;ENCODING=BASE64:" + "A" * 3_000_000
    assert len(read(calendar(dinner(ignored))).events) == 1


@pytest.mark.parametrize("part", ["X", "VCALENDAR", "VALARM", "VTIMEZONE"])
def test_components_nested_too_deeply_are_refused(part: str) -> None:
    with pytest.raises(UserError, match="deep in one another"):
        read([b"BEGIN:VCALENDAR\r\n", *repeat(f"BEGIN:{part}\r\n".encode(), 100_000)])


def test_an_end_without_a_begin_is_ignored() -> None:
    stray = ["END:VEVENT", "END:VALARM", "END:", "END:VTIMEZONE", "BEGIN:", "END:"]
    assert len(read(calendar(stray, dinner(), stray)).events) == 1


def test_an_event_nested_in_an_event_ends_the_outer_one() -> None:
    nested = [
        "BEGIN:VEVENT",
        "UID:out",
        "SUMMARY:Out #us",
        "BEGIN:VALARM",
        *dinner(uid="in"),
        "END:VALARM",
        "END:VEVENT",
    ]
    reading = read(calendar(nested))
    assert [each.uid for each in reading.events] == ["in"]
    assert why(reading) == ["it does not end: END:VEVENT is missing"]


@pytest.mark.parametrize("seed", range(40))
def test_garbage_in_a_calendar_raises_only_user_errors(seed: int) -> None:
    dice = random.Random(seed)
    copy = bytearray(
        calendar(*(dinner("RRULE:FREQ=WEEKLY;COUNT=9", "EXDATE:20261201T183000", uid=str(n)) for n in range(30)))
    )
    for _ in range(dice.randint(1, 400)):
        at = dice.randrange(len(copy))
        kind = dice.randrange(4)
        if kind == 0:
            copy[at] = dice.randrange(256)
        elif kind == 1:
            del copy[at : at + dice.randint(1, 40)]
        elif kind == 2:
            copy[at:at] = dice.randbytes(dice.randint(1, 30))
        else:
            copy[at:at] = copy[max(0, at - 60) : at]
    for choice in (EventFilter(), ALL):
        try:
            reading = read(bytes(copy), choice)
        except UserError:
            continue
        shown = "".join([*map(str, reading.problems), *(each.partner_time.title for each in reading.events)])
        assert shown.isprintable()
        assert reading.event_count >= len(reading.events)


@pytest.mark.parametrize("prefix", [b"", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:#us\r\n"])
def test_binary_garbage_is_no_calendar_or_has_no_events(prefix: bytes) -> None:
    copy = prefix + random.Random(5).randbytes(300_000)
    if prefix:
        reading = read(copy)
        assert (reading.events, reading.is_complete) == ((), False)
    else:
        with pytest.raises(UserError, match="This is no calendar"):
            read(copy)


@pytest.mark.parametrize(
    "line",
    [
        "SUMMARY",
        "SUMMARY;:",
        "SUMMARY;X=:#us",
        'SUMMARY;X=":#us',
        "SUMMARY;=:#us",
        "SUMMARY;\x00=1:#us",
        'SUMMARY;X="a\x01":#us',
    ],
)
def test_an_invalid_line_is_not_a_title(line: str) -> None:
    reading = read(calendar([*event(*LENGTH, summary=None)[:-1], line, "END:VEVENT"]), ALL)
    assert all(each.partner_time.title for each in reading.events)
