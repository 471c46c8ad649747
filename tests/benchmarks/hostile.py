"""Damaged input for every reader of what others wrote: no exception but the reader's own, no hang, no growth.

`python -m tests.benchmarks fuzz`. The seed is fixed, so that a finding can be repeated; each is printed with its reader, its
number and its input.
"""

from __future__ import annotations

import asyncio
import io
import json
import random
import resource
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from detector.activities.load import load_classifier
from detector.backtest.timelines import read_timelines
from detector.calendars.reading import read_calendar
from detector.config.read import parse_settings
from detector.config.sample import sample
from detector.errors import TurntowardError
from detector.importing.export_file import read_export
from detector.importing.model import ImportReport
from detector.importing.sanitizer import EventSanitizer
from detector.importing.tracks import EventTracks
from detector.partner_time.parse_dates import parse_length_or_end, parse_since, parse_when
from detector.partner_time.parse_recurrence import parse_recurrence
from detector.partner_time.parse_times import parse_duration, parse_time_of_day, parse_zone
from detector.phone_api.payload import PayloadError, parse_partner_time_request, parse_phone_event
from detector.rulebook.loading import load_rules, parse_rule_file
from detector.sensors import adb_client, android_events, android_usagestats
from detector.store.model import EventFilter
from detector.store.recordings import read_recording
from rules.language import compile_condition
from rules.language.problems import RuleError
from tests.benchmarks.bars import ROOT, Bar

INPUTS: Final = 200_000
MAX_SECONDS: Final = 2.0
MAX_SIZE: Final = 20_000
NOW: Final = datetime(2026, 11, 30, 20, tzinfo=UTC)
BERLIN: Final = ZoneInfo("Europe/Berlin")
ODD: Final = (
    b"\x00", b"\xff", b"\xf7", b"\xc3", b"\xef\xbb\xbf", b"\r", b"\n", b"\t", b'"', b"'", b"\\", b"[", b"{", b"(" * 60, b"-",
    b"9" * 20, b"9" * 5_000, b"-142", b"1e999", b"NaN", b"\xe2\x80\xae", b"\xe2\x80\x8b", b"\xf0\x9f\x92\xa9", b"\xed\xa0\x80",
    "Ä".encode(), "ﬁ".encode(), "٣".encode(), b"0000-00-00", b"2026-02-30", b"99:99", b"%s%n", b"../../", b"$(id)",
)  # fmt: skip
"""What readers trip over: broken UTF-8, long numbers, digits of other scripts, instants that do not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader, texts that it takes, and what it may raise."""

    name: str
    read: Callable[[bytes], object]
    texts: tuple[bytes, ...]
    raises: tuple[type[BaseException], ...] = (TurntowardError,)


CALENDAR: Final = b"""BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nX-WR-CALNAME:Us\r\nBEGIN:VTIMEZONE\r\nTZID:Home\r
BEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r
END:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Dinner #partnertime\r\nDTSTART;TZID=Home:20261204T183000\r
DTEND;TZID=Home:20261204T200000\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,FR;COUNT=20\r\nEXDATE;TZID=Home:20261207T183000\r\nEND:VEVENT\r
BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID;TZID=Home;RANGE=THISANDFUTURE:20261211T183000\r\nSUMMARY:Late #partnertime\r
DTSTART;TZID=Home:20261211T190000\r\nDURATION:PT2H\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\nSTATUS:CANCELLED\r
DTSTART;VALUE=DATE:20261224\r\nRDATE;VALUE=PERIOD:20261225T180000Z/PT1H\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"""
EXPORT: Final = json.dumps(
    {
        "buckets": {
            name: {
                "id": name,
                "type": kind,
                "hostname": host,
                "events": [
                    {"id": 1, "timestamp": "2026-11-20T18:10:00Z", "duration": length, "data": data},
                    {"id": 2, "timestamp": "2026-11-20T18:12:00.050000+00:00", "duration": 0, "data": data},
                ],
            }
            for name, kind, host, length, data in (
                ("aw-watcher-window_a", "currentwindow", "a", 60, {"app": "firefox", "title": "YouTube"}),
                ("aw-watcher-afk_a", "afkstatus", "a", 600.5, {"status": "not-afk"}),
                ("aw-watcher-web-firefox", "web.tab.current", "unknown", 3, {"url": "https://x.org/", "title": "x"}),
                (
                    "aw-watcher-android-test",
                    "currentwindow",
                    "b",
                    0,
                    {"app": "A", "package": "com.a", "classname": "c"},
                ),
            )
        }
    }
).encode()
PAYLOAD: Final = (
    b'{"event": "app_open", "category": "social", "app": "com.instagram.android", "at": "2026-11-30T19:59:11+01:00"}'
)
LINE: Final = (
    b" 1765299049.274  1000   832  5443 I wm_set_resumed_activity: [0,com.example.camera/.CameraLauncher,resume]"
)
DUMP: Final = b"""Last 24 hour events (timeRange="x")\n    time="2026-11-30 19:18:20" type=ACTIVITY_RESUMED package=com.a class=c instanceId=1
    time="2026-11-30 19:19:20" type=ACTIVITY_PAUSED package=com.a class=c\n    time="2026-11-30 19:20:01" type=DEVICE_SHUTDOWN package=android"""
PACK: Final = b"""[[rule]]\ncode = "X101"\nname = "Mine"\nwhen = "category is social and dwell >= 60 s"\nuntil = "dwell < 3 s for 9 s"
title = "A feed"\nwhy = "{dwell} of it"\n"""
WORDS: Final = (
    b"friday 19:00 to 20:30", b"tomorrow 8pm", b"every other friday", b"90 minutes", b"1h30", b"till midnight", b"in 3 days",
    b"mon, wed and fri", b"2026-12-24", b"24.12. 18 uhr", b"first of the month", b"Europe/Berlin", b"yesterday", b"30d", b"7.30 pm",
)  # fmt: skip


@cache
def readers() -> tuple[Reader, ...]:
    """Return every reader of what others wrote."""
    classifier = load_classifier()
    recording = b"".join(
        (ROOT / "tests/written_by_0_1_0/rules_changed.jsonl").read_bytes().splitlines(keepends=True)[:40]
    )

    def calendar(content: bytes) -> object:
        return read_calendar(
            content,
            choice=EventFilter(tag=None, everything=True),
            zone="Europe/Berlin",
            now=NOW,
            monotonic=time.monotonic,
        )

    def export(content: bytes) -> object:
        path = Path(f"/dev/shm/turntoward-fuzz-{id(classifier)}.json")
        path.write_bytes(content)
        try:
            tracks, report = EventTracks(), ImportReport()
            sanitizer = EventSanitizer(classifier, tracks, report, phone="phone", now=NOW)
            read_export(path, sanitizer, report, lambda *_: None)
            return tracks.finish()
        finally:
            path.unlink()

    def adb(content: bytes) -> object:
        async def answer() -> str:
            connection = adb_client.AdbConnection()
            for at in range(0, len(content), adb_client.CHUNK_SIZE):
                chunk = content[at : at + adb_client.CHUNK_SIZE]
                connection.get_buffer(-1)[: len(chunk)] = chunk
                connection.buffer_updated(len(chunk))
            connection.connection_lost(None)
            await connection.ask("host:version")
            return await connection.read_text()

        return asyncio.run(answer())

    def adb_lines(content: bytes) -> object:
        splitter = android_events.LineSplitter()
        lines = [*splitter.feed(content), *splitter.feed(b"\n")]
        return [android_events.parse_line(line) for line in lines]

    def words(content: bytes) -> None:
        text = content.decode(errors="replace")
        for parse in (
            lambda: parse_when(text, argument="--on", now=NOW, zone=BERLIN),
            lambda: parse_since(text, NOW, BERLIN),
            lambda: parse_duration(text, argument="--for"),
            lambda: parse_time_of_day(text, argument="--from"),
            lambda: parse_zone(text),
            lambda: parse_length_or_end(text, argument="--for", now=NOW, zone=BERLIN),
            lambda: parse_recurrence(text, argument="--every"),
        ):
            try:
                parse()
            except TurntowardError:
                continue

    def text(read: Callable[[str], object]) -> Callable[[bytes], object]:
        return lambda content: read(content.decode(errors="replace"))

    return (
        Reader(name="calendar", read=calendar, texts=(CALENDAR,)),
        Reader(name="ActivityWatch export", read=export, texts=(EXPORT,)),
        Reader(
            name="phone event", read=lambda body: parse_phone_event(body, NOW), texts=(PAYLOAD,), raises=(PayloadError,)
        ),
        Reader(
            name="phone request",
            read=parse_partner_time_request,
            texts=(b'{"do": "start", "minutes": 90}',),
            raises=(PayloadError,),
        ),
        Reader(
            name="adb answer",
            read=adb,
            texts=(b"OKAY0004abcd", b"FAIL000dno device here"),
            raises=(adb_client.NoAdbServer, adb_client.AdbError, adb_client.AdbDisconnected),
        ),
        Reader(name="adb lines", read=adb_lines, texts=(LINE, LINE + b"\n" + LINE.replace(b"wm_set", b"am_set"))),
        Reader(
            name="usagestats",
            read=text(lambda dump: android_usagestats.parse_dump(dump, users={0}, local=UTC)),
            texts=(DUMP,),
        ),
        Reader(
            name="settings", read=text(lambda toml: parse_settings(toml, "config.toml")), texts=(sample().encode(),)
        ),
        Reader(name="rules", read=text(lambda toml: parse_rule_file(toml, Path("own.toml"))), texts=(PACK,)),
        Reader(
            name="condition",
            read=text(compile_condition),
            texts=tuple(rule.condition.text.encode() for rule in load_rules(None).rules),
            raises=(RuleError,),
        ),
        Reader(name="words", read=words, texts=WORDS),
        Reader(
            name="recording", read=lambda content: list(read_recording(io.BytesIO(content), "r")), texts=(recording,)
        ),
        Reader(
            name="timeline",
            read=text(lambda timeline: read_timelines(timeline, "t")),
            texts=tuple(path.read_bytes() for path in sorted((ROOT / "tests/timelines").glob("F10*.txt"))),
        ),
        Reader(
            name="title",
            read=text(lambda title: classifier.classify("firefox", title, "firefox", None)),
            texts=(b"YouTube - Anna - Microsoft\xe2\x80\x8b Edge", "(3) Instagram — Mozilla Firefox".encode()),
        ),
    )


def damaged(text: bytes, others: tuple[bytes, ...], chance: random.Random) -> bytes:
    """Return the text with one to six pieces changed, put in, left out, doubled or taken from another text."""
    content = bytearray(text)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(content) + 1)
        end = min(len(content), at + chance.choice((1, 1, 2, 8, 40)))
        match chance.randrange(6):
            case 0:
                content[at:end] = chance.randbytes(end - at)
            case 1:
                content[at:at] = chance.choice(ODD)
            case 2:
                del content[at:end]
            case 3:
                content[at:at] = content[at:end] * chance.choice((1, 2, 50))
            case 4:
                content[at:end] = chance.choice(ODD)
            case _:
                other = chance.choice(others)
                start = chance.randrange(len(other))
                content[at:end] = other[start : start + chance.choice((1, 8, 40))]
    return bytes(content[:MAX_SIZE])


def fuzz(inputs: int = INPUTS) -> Iterator[Bar]:
    """Give every reader its share of damaged input."""
    every = readers()
    everything = tuple(text for reader in every for text in reader.texts)
    share = -(-inputs // len(every))
    bugs: dict[str, str] = {}
    count = 0
    slowest, slowest_name, before = 0.0, "", _peak()
    for reader in every:
        chance = random.Random(f"{reader.name} 2026")
        for number in range(share):
            content = damaged(chance.choice(reader.texts), everything, chance)
            start = time.process_time()
            try:
                reader.read(content)
            except reader.raises:
                pass
            except Exception as bug:  # noqa: BLE001 - what is looked for
                count += 1
                place = traceback.extract_tb(bug.__traceback__)[-1]
                where = f"{reader.name}: {type(bug).__name__} at {place.filename}:{place.lineno}"
                bugs.setdefault(where, f"{where}, input {number}: {content[:2_000]!r}")
            if (took := time.process_time() - start) > slowest:
                slowest, slowest_name = took, reader.name
    for bug_text in bugs.values():
        sys.stderr.write(f"  {bug_text}\n")
    note = f"{share * len(every):,} inputs, {len(every)} readers"
    yield Bar(name="fuzz: exceptions that are no answer", figure=count, limit=0, unit="", note=note)
    yield Bar(name="fuzz: the slowest input, CPU", figure=slowest, limit=MAX_SECONDS, unit="s", note=slowest_name)
    yield Bar(name="fuzz: memory beyond the start", figure=_peak() - before, limit=150, unit="MB")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
