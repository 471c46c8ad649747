"""A real daemon in partner time, killed by SIGKILL again and again: what is lost, broken or stored twice.

`python -m tests.benchmarks kills [COUNT]`. Presses of the wheel and events of a phone are sent at a steady pace, and compared
with what is stored. A third of the kills hits the start, a third partner time, and a third the n-th write to the store's log
(by strace). The seed is fixed; instants still differ by what the machine does.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final

from Xlib import X
from Xlib.display import Display
from Xlib.ext import xtest

from tests.benchmarks.bars import Bar
from tests.endtoend.evening import COMMAND, NO_LIMITS, PAGE, Evening
from tests.endtoend.test_phone import pair
from tests.rig.phone import HttpPhone, free_port
from tests.rig.processes import needs, until

KILLS: Final = 500
SEED: Final = 20261130
KILLS_PER_PARTNER_TIME: Final = 25
MAX_LOST: Final = 1.0
MAX_SECONDS: Final = 1_200.0
MAX_WRITES: Final = 300
PRESS_EVERY: Final = 0.05
PHONE_EVERY: Final = 0.06
CATEGORIES: Final = (
    "video", "social", "messaging", "mail", "browsing", "news", "shopping", "games", "work", "reading", "music",
)  # fmt: skip
"""What the phone opens, in turn: a hole or a repetition of less than a round shows."""
RULES: Final = (
    '[[rule]]\ncode = "F101"\nname = "A feed, scrolled"\n'
    f'when = "category is social and dwell >= 1 s and scrolls(60 s) >= 5"\n{PAGE}'
    f'[[rule]]\ncode = "G202"\nname = "An opening"\nwhen = "category is social and all.opens(10 min) >= 1"\n{PAGE}'
)
CONFIG: Final = f'{NO_LIMITS}[notifications]\nexpires = "5 s"\n'
DUPLICATES: Final = {
    "observations": "SELECT 1 FROM observations GROUP BY occurrence, at, device, kind, fields HAVING COUNT(*) > 1",
    "nudges shown": "SELECT 1 FROM observations WHERE kind = 'Shown'"
    " GROUP BY occurrence, json_extract(fields, '$.nudge') HAVING COUNT(*) > 1",
    "moments": "SELECT 1 FROM moments GROUP BY occurrence, device, use, rule HAVING COUNT(*) > 1",
    "uses": "SELECT 1 FROM uses GROUP BY occurrence, device, began, ended, category HAVING COUNT(*) > 1",
    "beginnings": "SELECT 1 FROM observations WHERE kind = 'PartnerTimeBegan' GROUP BY occurrence HAVING COUNT(*) > 1",
}
"""One row for each thing that is stored more than once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An event of the phone: when it was sent, in microseconds, its category, and whether the daemon answered."""

    at: int
    category: str
    is_answered: bool


class Feeder:
    """Presses the wheel and sends events of a phone, each in a thread of its own, until it is closed."""

    def __init__(self, display: str, phone: HttpPhone) -> None:
        self.presses: list[int] = []
        self.events: list[Sent] = []
        self.is_phone_on = threading.Event()
        self._display = display
        self._phone = phone
        self._closing = threading.Event()
        self._threads = [threading.Thread(target=target) for target in (self._press, self._send)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()

    def _press(self) -> None:
        display = Display(self._display)
        while not self._closing.wait(PRESS_EVERY):
            at = now()
            xtest.fake_input(display, X.ButtonPress, 5)
            xtest.fake_input(display, X.ButtonRelease, 5)
            display.sync()
            self.presses.append(at)
        display.close()

    def _send(self) -> None:
        number = 0
        while not self._closing.wait(PHONE_EVERY):
            if not self.is_phone_on.is_set():
                continue
            category, at = CATEGORIES[number % len(CATEGORIES)], now()
            number += 1
            instant = datetime.fromtimestamp(at / 1e6, UTC).isoformat()
            try:
                status, _ = self._phone.tell("app_open", category=category, at=instant)
            except (OSError, HTTPException):
                status = 0
            # Refused with 429 or 503 means that the daemon did not take it.
            if status in (0, 200, 204):
                self.events.append(Sent(at=at, category=category, is_answered=status != 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An observation as it is stored."""

    at: int
    device: str
    kind: str
    fields: dict[str, Any]


def now() -> int:
    """Return the instant in microseconds, as the store counts it."""
    return time.time_ns() // 1_000


def kills(folder: Path, count: int = KILLS) -> Iterator[Bar]:
    """Kill the daemon `count` times, and look at the store after each."""
    needs("strace")
    chance = random.Random(SEED)
    with ExitStack() as stack:
        run, start = _Run(stack, folder), time.monotonic()
        for number in range(count):
            if number % KILLS_PER_PARTNER_TIME == 0:
                run.begin_partner_time()
            run.kill(number, chance)
    took = time.monotonic() - start
    kinds = ", ".join(f"{amount} in {kind}" for kind, amount in sorted(run.kinds.items()))
    yield Bar(name="kills: input lost, longest", figure=run.lost["input"], limit=MAX_LOST, unit="s", note=kinds)
    note = f"{run.sent} sent; {run.answered_lost} answered, as the answer does not wait for the store"
    yield Bar(name="kills: phone's events lost, longest", figure=run.lost["phone"], limit=MAX_LOST, unit="s", note=note)
    note = f"{run.half_written} kills left half a transaction"
    yield Bar(name="kills: store corrupt or changed", figure=run.corrupt, limit=0, unit="", note=note)
    yield Bar(name="kills: stored twice", figure=run.duplicates, limit=0, unit="")
    note = f"{run.compared} of {count} while everything was sensed"
    yield Bar(name=f"kills: time for {KILLS}", figure=took * KILLS / count, limit=MAX_SECONDS, unit="s", note=note)


class _Run:
    """One evening with its daemons, and what the kills did.

    `lost`: the longest, in seconds, by source: of the wheel's presses from the first to the last that no count holds, of the
    phone's events from the first until the kill.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.kinds: Counter[str] = Counter()
        self.lost = {"input": 0.0, "phone": 0.0}
        self.answered_lost = self.corrupt = self.duplicates = self.half_written = self.compared = self.sent = 0
        self._evening = Evening(stack, folder, rules=RULES, config=CONFIG)
        first = self._evening.run()
        phone = pair(self._evening, stack, free_port())
        self._evening.kill(first)
        self._evening.feed()
        self._feeder = Feeder(self._evening.desktop.display, phone)
        stack.callback(self._feeder.close)
        self._stored: list[Row] = []
        self._partner_times = 0
        self._life = ""

    def begin_partner_time(self) -> None:
        """End the partner time before, if there is one, and begin another; then kill the daemon."""
        daemon = self._evening.run()
        if self._partner_times:
            self._evening.over()
        self._evening.run_command("now", "4h")
        self._partner_times += 1
        until(self._evening.is_sensed, what=f"everything is sensed; its output: {self._evening.daemon_output()}")
        self._evening.kill(daemon)
        self._stored = observations(self._copy_store())

    def kill(self, number: int, chance: random.Random) -> None:
        """Start the daemon, kill it at an instant of chance, and compare the store with what was sent."""
        kind = chance.choice(("start", "partner time", "write"))
        self.kinds[kind] += 1
        self._life = f"kill {number} ({kind})"
        self._feeder.presses.clear()
        self._feeder.events.clear()
        process = self._start(kind, chance)
        if kind == "start":
            end = time.monotonic() + chance.uniform(0.0, 1.0)
        else:
            until(
                lambda: process.poll() is not None or self._evening.is_sensed(),
                what=f"everything is sensed; its output: {self._evening.daemon_output()}",
            )
            self._feeder.is_phone_on.set()
            end = time.monotonic() + (2.0 if kind == "write" else chance.uniform(0.0, 1.6))
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.002)
        killed = now()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        self._feeder.is_phone_on.clear()
        process.wait(10)
        until(lambda: not self._evening.status()["running"], what="the daemon is gone")
        self._examine(killed)

    def _start(self, kind: str, chance: random.Random) -> subprocess.Popen[bytes]:
        if kind != "write":
            return self._evening.attempt()
        log = f"{self._evening.store}-wal"
        inject = f"inject=pwrite64:signal=KILL:when={chance.randint(1, MAX_WRITES)}"
        return self._evening.attempt(
            *("strace", "-f", "-qq", "-o", "/dev/null", "-P", log, "-e", "trace=pwrite64", "-e", inject),
            *(str(COMMAND), "run"),
        )

    def _examine(self, killed: int) -> None:
        self.half_written += has_half_a_transaction(Path(f"{self._evening.store}-wal"))
        store = self._copy_store()
        with closing(sqlite3.connect(store)) as connection:
            is_sound = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            has_orphans = connection.execute("PRAGMA foreign_key_check").fetchall() != []
            twice = [name for name, question in DUPLICATES.items() if connection.execute(question).fetchone()]
            sessions = connection.execute("SELECT COUNT(*), SUM(ended IS NULL) FROM occurrences").fetchone()
        before, self._stored = self._stored, observations(store)
        if not is_sound or has_orphans or self._stored[: len(before)] != before:
            self.corrupt += 1
            self._report("the store is corrupt, or what was stored has changed")
        if twice or sessions != (self._partner_times, 1):
            self.duplicates += 1
            self._report(f"stored twice: {twice}; {sessions} sessions of {self._partner_times}")
        added = self._stored[len(before) :]
        started = next(
            (row.at for row in added if row.kind == "SensorStarted" and row.fields["sense"] == "input"), None
        )
        if started is not None:
            self.compared += 1
            self._compare_input(added, started, killed)
            self._compare_phone(added, killed)

    def _copy_store(self) -> Path:
        """Copy the store with its log, so that the daemon, and nobody before it, finds what the kill left."""
        store, copy = self._evening.store, self._evening.home.parent / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for path in store.parent.glob(f"{store.name}*"):
            shutil.copy(path, copy / path.name)
        return copy / store.name

    def _compare_input(self, added: Sequence[Row], started: int, killed: int) -> None:
        counted = sum(row.fields["scrolls"] for row in added if row.kind == "InputCounted")
        sent = [at for at in self._feeder.presses if started <= at < killed]
        # The sensor may count presses from just before it reports its start.
        if counted > sum(started - 500_000 <= at < killed for at in self._feeder.presses):
            self.duplicates += 1
            self._report(f"{counted} presses are stored, and {len(sent)} were sent")
        if lost := sent[counted:]:
            self._note_loss("input", (lost[-1] - lost[0]) / 1e6)

    def _compare_phone(self, added: Sequence[Row], killed: int) -> None:
        opened = [row for row in added if row.device == "my phone" and row.kind == "Focused"]
        lost, place = [], 0
        for event in self._feeder.events:
            # An event may be stored with a later instant than it was sent with, and never in another order.
            row = opened[place] if place < len(opened) else None
            if row is not None and row.fields["activity"]["category"] == event.category and row.at >= event.at:
                place += 1
            else:
                lost.append(event)
        self.sent += len(self._feeder.events)
        if place < len(opened):
            self.duplicates += 1
            self._report(f"stored without being sent, or twice: {opened[place:]}")
        self.answered_lost += sum(event.is_answered for event in lost)
        if before_kill := [event.at for event in lost if event.at < killed]:
            self._note_loss("phone", (killed - before_kill[0]) / 1e6)

    def _note_loss(self, source: str, seconds: float) -> None:
        self.lost[source] = max(self.lost[source], seconds)
        if seconds > MAX_LOST:
            self._report(f"{seconds:.2f} s of {source} lost")

    def _report(self, what: str) -> None:
        sys.stderr.write(f"  {self._life}: {what}\n")


def observations(store: Path) -> list[Row]:
    """Return every observation, in order."""
    with closing(sqlite3.connect(store)) as connection:
        rows = connection.execute("SELECT at, device, kind, fields FROM observations ORDER BY id").fetchall()
    return [Row(at=at, device=device, kind=kind, fields=json.loads(fields)) for at, device, kind, fields in rows]


def has_half_a_transaction(log: Path) -> bool:
    """Tell whether the last transaction of SQLite's write-ahead log was not finished (https://sqlite.org/fileformat2.html)."""
    content = log.read_bytes() if log.exists() else b""
    if len(content) <= 32:
        return False
    (page_size,) = struct.unpack_from(">I", content, 8)
    salts, is_committed = content[16:24], True
    for place in range(32, len(content) - 15, 24 + page_size):
        # Frames with other salts are left from before the log began again.
        if content[place + 8 : place + 16] != salts:
            break
        is_committed = content[place + 4 : place + 8] != bytes(4)
    return not is_committed
