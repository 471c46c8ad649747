"""The bars of calendars that others wrote: `make bench calendars FOLDER=…`, over a folder of .ics files outside the tree.

Each event is read as if it were chosen, and expanded from its file's first event on: by us, and by recurring-ical-events.
Nothing of the files is printed but their names, numbers, and the reasons for which events were refused.
"""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from detector.calendars.charset import to_utf8
from detector.calendars.model import ParsedCalendar
from detector.calendars.reading import read_calendar
from detector.calendars.zones import CalendarZones, FoundZone
from detector.errors import UserError
from detector.partner_time.occurrences import occurrences
from detector.store.model import EventFilter
from tests.benchmarks.bars import Bar
from tests.oracle.oracle_process import run

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
WATCHED = timedelta(days=3 * 366)
Instances = set[tuple[str, str]]


@dataclass
class File:
    """One file: what we read of it, and what it is compared in."""

    path: Path
    text: str
    reading: ParsedCalendar
    after: datetime
    before: datetime
    theirs: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    @cached_property
    def blocks(self) -> list[str]:
        """The events as they stand in it, each unfolded."""
        unfolded = re.sub(r"\r?\n[ \t]", "", self.text).replace("\r\n", "\n")
        return re.findall(r"^BEGIN:VEVENT$.*?^END:VEVENT", unfolded, re.MULTILINE | re.DOTALL)

    @cached_property
    def ours(self) -> dict[str, set[tuple[str, str]]]:
        found: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for event in self.reading.events:
            proposed = occurrences(replace(event.partner_time, number=1), self.after, self.before)
            # What comes of one event bears its uid, and sometimes a start behind it.
            uid = re.sub(r" [0-9]{8}T[0-9]{6}$", "", event.uid)
            found[uid] |= {(each.begins.isoformat(), each.ends.isoformat()) for each in proposed}
        return found


def file_bars(folder: Path) -> Iterator[Bar]:
    """Read every file in the folder, and compare what we make of it."""
    paths = sorted(path for path in folder.rglob("*.ics") if "zoneinfo" not in str(path))
    files, refused_whole = [], Counter[str]()
    for path in paths:
        try:
            files.append(_read(path))
        except UserError as refused:
            refused_whole[_reason(str(refused))] += 1
    events = sum(file.reading.event_count for file in files)
    yield Bar(name="files", figure=len(files), limit=1, unit="", at_most=False, note=f"{events:,} events")
    for reason, count in refused_whole.most_common():
        print(f"  refused whole, {count}: {reason}")
    reasons = Counter(_reason(problem.why) for file in files for problem in file.reading.problems)
    for reason, count in reasons.most_common():
        print(f"  {count}: {reason}")
    zones = [
        (file, problem) for file in files for problem in file.reading.problems if _is_of_defined_zone(file, problem.why)
    ]
    for file, problem in zones:
        print(f"  {file.path.name}, line {problem.line}: {problem.why}")
    yield Bar(name="refused for a zone defined in the file", figure=len(zones), limit=0, unit="")
    yield from _compared(files)


def _compared(files: list[File]) -> Iterator[Bar]:
    answers = run([(file.text, file.after, file.before) for file in files], "--events")
    alike, reasons, unexplained = 0, Counter[str](), 0
    for file, answer in zip(files, answers, strict=True):
        if isinstance(answer, str):
            reasons[f"recurring-ical-events reads none of the file: {answer.partition(':')[0]}"] += 1
            continue
        for uid, begins, ends in answer:
            file.theirs.setdefault(uid, set()).add((begins, ends))
        without_uid = set().union(*(found for uid, found in file.theirs.items() if uid not in file.ours))
        for uid, own in file.ours.items():
            other = file.theirs.get(uid, set())
            if uid.startswith("~"):
                # It has none, or one that is replaced by its digest.
                other = own & without_uid
            if own == other:
                alike += 1
                continue
            reason = difference(file, uid, own, other)
            if reason is None:
                unexplained += 1
                print(
                    f"  {file.path.name}, {uid}: only ours {sorted(own - other)[:3]}, only theirs {sorted(other - own)[:3]}"
                )
            else:
                reasons[reason] += 1
    for reason, count in reasons.most_common():
        print(f"  {count}: {WHY.get(reason, reason)}")
    yield Bar(
        name="expanded otherwise, without a reason", figure=unexplained, limit=0, unit="", note=f"{alike:,} alike"
    )


WHY = {
    "left out": "recurring-ical-events leaves out an event of which it cannot read something",
    "X-WR-TIMEZONE": "X-WR-TIMEZONE, which is no part of RFC 5545, gives floating times a zone there and recurs by it",
    "whole day": "a whole day without a length is one day here, and has none there",
    "day with a zone": "a day to which a zone is added (TZID with VALUE=DATE) is a day here, and hours of that zone there",
    "known name": "a name that is known everywhere means that here, and what the file defines there",
    "UTC with a zone": "a time in UTC to which a zone is added is in UTC here, and local there",
    "zone": "a zone that is named by its offset or by a number is floating there",
    "UNTIL": "an UNTIL without a zone is local here, and UTC there",
    "EXDATE": "an instance that is changed counts here, also where an EXDATE leaves its start out",
    "unread": "an instance that cannot be read does not take place here",
    "first": "the first start counts here, also where the rule does not name its day",
}


def difference(file: File, uid: str, own: Instances, other: Instances) -> str | None:
    """Return the listed reason for which the two differ, or None: the name of one in `WHY`."""
    blocks = [
        block
        for block in file.blocks
        if uid.startswith("~") or re.search(rf"^UID[^:]*:\s*{re.escape(uid)}", block, re.MULTILINE)
    ]
    event = "\n".join(blocks)
    zone = re.search(r"^X-WR-TIMEZONE[^:]*:\s*(\S+)", file.text, re.MULTILINE)
    is_local = re.search(r"^DTSTART[^:\n]*TZID", event, re.MULTILINE) is None
    tried = {
        "left out": not other and uid not in file.theirs,
        "zone": re.search(r'TZID="?(\(?(UTC|GMT)[^"]*| *[0-9]+)"?:', event) is not None,
        "X-WR-TIMEZONE": zone is not None and is_local,
        "whole day": own != other
        and {begin for begin, _end in own} == {begin for begin, _end in other}
        and all(begin == end for begin, end in other - own),
        "day with a zone": re.search(r"^DTSTART;[^:\n]*TZID=[^:\n]*:[0-9]{8}$", event, re.MULTILINE) is not None,
        "known name": any(
            FoundZone(name=each.partner_time.zone) == CalendarZones(file.after).find(name)
            for each in file.reading.events
            if each.uid == uid
            for name in re.findall(r'^DTSTART;[^:\n]*TZID="?([^":;\n]*)', event, re.MULTILINE)
            if re.search(rf"^TZID:{re.escape(name)}", file.text, re.MULTILINE)
        ),
        "UTC with a zone": re.search(r"^DT(START|END);[^:\n]*TZID=[^:\n]*:[0-9]{8}T[0-9]{6}Z", event, re.MULTILINE)
        is not None,
        "UNTIL": other < own and re.search(r"UNTIL=[0-9]{8}T[0-9]{6}(?!Z|[0-9])", event) is not None,
        "EXDATE": other < own and "EXDATE" in event and "RECURRENCE-ID" in event,
        "unread": any(problem.uid == uid for problem in file.reading.problems) and own < other,
        "first": "COUNT=" in event and own < other and len(other - own) == 1,
    }
    return next((name for name, holds in tried.items() if holds), None)


def _read(path: Path) -> File:
    content = to_utf8(path.read_bytes())
    reading = _reading(content, LONG_AGO)
    begins = [event.partner_time.begins.replace(tzinfo=UTC) for event in reading.events]
    first = min(begins, default=LONG_AGO)
    last = min(max(begins, default=first), first + WATCHED)
    # Zones are compared from the year of the first event on.
    return File(
        path=path,
        text=content.decode("utf-8", "replace"),
        reading=_reading(content, first),
        after=first - timedelta(days=2),
        before=last + timedelta(days=400),
    )


def _reading(content: bytes, now: datetime) -> ParsedCalendar:
    choice = EventFilter(tag=None, everything=True)
    return read_calendar(content, choice=choice, zone="UTC", now=now, monotonic=time.monotonic)


def _reason(why: str) -> str:
    return re.sub(r"[0-9][0-9,:]*", "N", re.sub(r"'.*'", "'…'", why))


def _is_of_defined_zone(file: File, why: str) -> bool:
    match = re.search(r"there is no zone '(.*)'", why)
    return match is not None and re.search(rf"^TZID[^:]*:\s*{re.escape(match[1])}", file.text, re.MULTILINE) is not None
