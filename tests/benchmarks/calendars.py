"""The bars of calendars: 5,000 events imported, in how long, in how much memory, and whether progress is said in time.

And `list` of 5,000 accepted ones: in how long, and whether each costs as much as each of 1,000.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

from detector.partner_time.model import PartnerTime
from detector.store.store import Store
from tests.benchmarks.bars import TURNTOWARD, Bar
from tests.benchmarks.calendar_files import file_bars

EVENTS = 5_000
FEWER = 1_000
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


def calendar_bars(folder: Path) -> Iterator[Bar]:
    """Measure the import of a busy calendar; where `FOLDER` names one, the calendars in it instead."""
    files = os.environ.get("FOLDER")
    return file_bars(Path(files)) if files else chain(importing(folder), listing(folder))


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


def listing(folder: Path) -> Iterator[Bar]:
    """List many accepted partner times: beyond any size of a cache each costs as much as each of a few."""
    folder.mkdir(parents=True, exist_ok=True)
    spent = {}
    for count in (0, FEWER, EVENTS):
        home = folder / f"{count} accepted"
        with Store.open(home / "data/turntoward/turntoward.sqlite") as store, store.transaction():
            for number in range(count):
                store.plans.add(_accepted(number))
        env = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "TZ": "Europe/Berlin"}
        spent[count] = min(_seconds([str(TURNTOWARD), "list"], env) for _round in range(3))
    note = f"{FEWER:,} in {spent[FEWER]:.2f} s, none in {spent[0]:.2f} s"
    yield Bar(name="list of 5,000 accepted", figure=spent[EVENTS], limit=3, unit="s", note=note)
    each = (spent[EVENTS] - spent[0]) / EVENTS, (spent[FEWER] - spent[0]) / FEWER
    yield Bar(name="list: one of 5,000 against one of 1,000", figure=each[0] / each[1], limit=1.5, unit="x")


def _seconds(command: list[str], env: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _accepted(number: int) -> PartnerTime:
    first = datetime.now(UTC).replace(hour=17, minute=30, second=0, microsecond=0, tzinfo=None)
    return PartnerTime(
        title=f"Dinner {number}",
        begins=first + timedelta(days=1 + number % 365),
        lasts=timedelta(minutes=90),
        zone="Europe/Berlin",
        recurrence="FREQ=WEEKLY;BYDAY=MO,WE,FR" if number % 4 == 0 else None,
        as_rfc=True,
    )


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
