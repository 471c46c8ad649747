"""The bar of calendars: 5,000 events imported, in how long, in how much memory, and whether progress is said in time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.benchmarks.bars import TURNTOWARD, Bar

EVENTS = 5_000
MEASURE = """
import resource, subprocess, sys, time
began = time.monotonic()
running = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
said = running.stderr.read(1)
first = time.monotonic() - began if said else -1.0
rest = running.stderr.read()
assert running.wait() == 0, rest
print(time.monotonic() - began, first, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""
"""Run by a small process: a child's peak begins at what its parent has."""


def importing(folder: Path) -> Iterator[Bar]:
    """Import a year of a busy calendar through the installed program: of every event, and of one in a hundred."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "busy.ics"
    file.write_bytes(_busy(EVENTS))
    for name, choice in (("every event", ["--all"]), ("by the tag", []), ("accepted", ["--all", "--accept", "--yes"])):
        home = folder / name
        (home / "run").mkdir(mode=0o700, parents=True)
        env = {**os.environ, "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "TZ": "Europe/Berlin"}
        for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            env.pop(variable, None)
        command = [str(TURNTOWARD), "calendar", "import", str(file), *choice]
        measured = subprocess.run(
            [sys.executable, "-c", MEASURE, *command], env=env, check=True, capture_output=True, text=True
        )
        spent, first, peak = map(float, measured.stdout.split())
        note = f"{EVENTS:,} events, {file.stat().st_size / 1e6:.1f} MB"
        yield Bar(name=f"calendar import, {name}", figure=spent, limit=3, unit="s", note=note)
        if spent > 1.5:
            said = f"first said after {first:.2f} s" if first >= 0 else "nothing was said"
            yield Bar(
                name=f"calendar import, {name}: progress",
                figure=first if first >= 0 else spent,
                limit=1.5,
                unit="s",
                note=said,
            )
        yield Bar(name=f"calendar import, {name}: peak memory", figure=peak, limit=150, unit="MB")


def _busy(events: int) -> bytes:
    """Return a calendar as Google's export one: one of four recurs, all of it lies ahead."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "X-WR-CALNAME:Busy"]
    first = datetime.now(UTC).replace(hour=17, minute=30, second=0, microsecond=0) + timedelta(days=1)
    for number in range(events):
        day = f"{first + timedelta(days=number % 365):%Y%m%d}"
        lines += [
            "BEGIN:VEVENT",
            f"DTSTART;TZID=Europe/Berlin:{day}T183000",
            f"DTEND;TZID=Europe/Berlin:{day}T200000",
            "DTSTAMP:20261101T101010Z",
            f"UID:{number:05}@busy.example",
            "CREATED:20260101T000000Z",
            "DESCRIPTION:Bring the thing\\, and what we said about the long line that is",
            "  folded here",
            "LAST-MODIFIED:20261010T101010Z",
            "LOCATION:Some Street 12\\, 10115 Berlin",
            "SEQUENCE:1",
            "STATUS:CONFIRMED",
            f"SUMMARY:Event {number}{' #us' if number % 100 == 0 else ''}",
            "TRANSP:OPAQUE",
            "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED;CN=me@x.example:mailto:me@x.example",
        ]
        if number % 4 == 0:
            lines += ["RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR", f"EXDATE;TZID=Europe/Berlin:{day}T183000"]
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-P0DT0H30M0S", "END:VALARM", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()
