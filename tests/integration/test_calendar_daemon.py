"""The real daemon with a subscribed calendar: it is refreshed, accepted events begin, vanished ones end, a kill does no harm."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from detector.control.lock import running_pid, running_status
from tests.rig.calendar_server import Served, Server, calendar, calendar_server, event
from tests.rig.processes import started, until

COMMAND = Path(sys.executable).parent / "turntoward"
LONG_AGO = 1_000_000
SECRET = "/private-canary/basic.ics?token=canary"
AT_ONCE = """
from datetime import timedelta
from detector.daemon import compose
from detector.daemon import calendar_scheduler
calendar_scheduler.FIRST_WAIT = timedelta(0)
compose.run()
"""
"""The daemon as it is, but that it waits for no five minutes before it asks first."""

pytestmark = pytest.mark.real


def now_until(hours: int, title: str = "Dinner at ours #us", uid: str = "dinner@tests") -> str:
    begins = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    return event(uid, title, f"{begins:%Y%m%dT%H%M%SZ}", f"{begins + timedelta(hours=hours):%Y%m%dT%H%M%SZ}")


LATER = event("walk@tests", "Dinner at ours #us", "20990101T100000Z", "20990101T113000Z")


class Home:
    """One person's home: a daemon without a desktop, and the store beside it."""

    def __init__(self, stack: ExitStack, home: Path) -> None:
        self._stack = stack
        self.log = home / "log"
        self.lock = home / "run/turntoward.lock"
        self.file = home / ".local/share/turntoward/turntoward.sqlite"
        self.env = {"HOME": str(home), "TZ": "UTC", "XDG_RUNTIME_DIR": str(home / "run"), "PATH": os.environ["PATH"]}

    def daemon(self, program: str = AT_ONCE) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = self._stack.enter_context(
                started([sys.executable, "-c", program], env=self.env, stdout=log, stderr=log.fileno())
            )
        until(lambda: self.status().get("started"), what=f"the daemon; its output: {self.log.read_text()}")
        return process

    def run_command(self, *words: str) -> str:
        done = subprocess.run(
            [str(COMMAND), *words], env=self.env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def status(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(running_status(self.lock) or "{}")
        return parsed

    def under_way(self) -> str | None:
        return self.status().get("partner_time")

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as connection:
            return connection.execute(question).fetchall()

    def long_ago(self) -> None:
        """Let it be long ago that calendars were asked, and let the daemon look."""
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute("UPDATE calendars SET tried = ?", (LONG_AGO,))
        if (pid := running_pid(self.lock)) is not None:
            os.kill(pid, signal.SIGHUP)

    def asked_again(self) -> bool:
        return self.rows("SELECT tried FROM calendars") != [(LONG_AGO,)]

    def everything(self) -> list[list[tuple[Any, ...]]]:
        tables = ("proposals", "partner_times")
        kept = [self.rows(f"SELECT * FROM {table} ORDER BY number") for table in tables]  # noqa: S608 - two names of ours
        return [*kept, self.rows("SELECT name, etag, refreshed, why FROM calendars")]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


@pytest.fixture
def person(stack: ExitStack, home: Path) -> Home:
    return Home(stack, home)


@pytest.fixture
def server(stack: ExitStack) -> Server:
    return stack.enter_context(calendar_server(Served(body=calendar(LATER), etag='"one"')))


def subscribed(person: Home, server: Server, *more: str) -> None:
    person.run_command("calendar", "subscribe", server.url(path=SECRET), "--local", "--yes", *more)


def children(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [each for each in psutil.Process(process.pid).children() if "calendar_refresh" in " ".join(each.cmdline())]


def test_a_refresh_starts_accepted_events_and_removes_vanished_ones(person: Home, server: Server) -> None:
    subscribed(person, server, "--accept")
    person.daemon()
    assert person.under_way() is None
    server.served.body, server.served.etag = calendar(LATER, now_until(1)), '"two"'
    person.long_ago()
    until(person.under_way, what="partner time that a calendar brought")
    assert person.under_way() == "Dinner at ours"
    assert person.rows("SELECT etag, why FROM calendars") == [('"two"', None)]
    server.served.body, server.served.etag = calendar(LATER), '"three"'
    person.long_ago()
    until(lambda: person.under_way() is None, what="what vanished from the calendar is over")
    assert person.rows("SELECT end_reason FROM occurrences") == [("removed",)]
    assert person.rows("SELECT count(*) FROM partner_times") == [(1,)]
    assert "canary" not in person.log.read_text().lower()


def test_a_proposal_starts_nothing_before_it_is_accepted(person: Home, server: Server) -> None:
    subscribed(person, server)
    person.daemon()
    server.served.body, server.served.etag = calendar(LATER, now_until(1)), '"two"'
    person.long_ago()
    until(lambda: person.rows("SELECT count(*) FROM proposals") == [(2,)], what="the proposal")
    until(person.asked_again, what="the refresh")
    assert person.under_way() is None
    assert person.rows("SELECT count(*) FROM partner_times") == [(0,)]
    assert "Dinner" not in person.log.read_text()


def test_a_calendar_is_not_fetched_at_the_start_nor_before_it_is_due(person: Home, server: Server) -> None:
    subscribed(person, server)
    person.long_ago()
    daemon = person.daemon("from detector.daemon import compose; compose.run()")
    # What a person says is done after whatever else the daemon had to do by then.
    person.run_command("now", "5min")
    until(person.under_way, what="partner time")
    person.run_command("stop")
    until(lambda: person.under_way() is None, what="the end")
    assert children(daemon) == []
    assert len(server.served.asked) == 1
    assert not person.asked_again()


def test_a_server_that_fails_is_logged_once_and_leaves_everything_as_it_was(person: Home, server: Server) -> None:
    subscribed(person, server, "--accept")
    before = person.everything()
    person.daemon()
    server.served.etag, server.served.status = None, 500
    for _ in range(2):
        person.long_ago()
        until(person.asked_again, what="the refresh")
    assert person.everything()[:2] == before[:2]
    assert person.rows("SELECT why FROM calendars") == [("the server failed (500)",)]
    assert "and the server failed (500); the copy in force is of" in " ".join(person.run_command("status").split())
    until(lambda: "could not be refreshed" in person.log.read_text(), what="the line in the log")
    assert person.log.read_text().count("calendar 1 could not be refreshed: the server failed (500)") == 1
    assert "canary" not in person.log.read_text().lower()


@pytest.mark.parametrize("whom", ["the child", "both"])
def test_a_kill_during_a_refresh_leaves_the_last_good_copy(person: Home, server: Server, whom: str) -> None:
    subscribed(person, server, "--accept")
    before = person.everything()
    daemon = person.daemon()
    server.served.holds = threading.Event()
    server.served.body, server.served.etag = calendar(now_until(1)), '"two"'
    person.long_ago()
    until(lambda: len(server.served.asked) == 2, what="the child asks")
    (child,) = children(daemon)
    if whom == "both":
        daemon.kill()
        daemon.wait(10)
    child.kill()
    server.served.holds.set()
    if whom == "the child":
        until(person.asked_again, what="the daemon notices")
        assert person.everything()[:2] == before[:2]
        assert person.rows("SELECT etag, why IS NULL FROM calendars") == [('"one"', 0)]
        assert daemon.poll() is None
        person.long_ago()
    else:
        assert person.everything() == before
        person.daemon()
    until(person.under_way, what="the refresh after it")


def test_the_daemon_and_its_child_end_in_time_while_a_server_hangs(person: Home, server: Server) -> None:
    subscribed(person, server)
    daemon = person.daemon()
    server.served.etag, server.served.hangs = None, "headers"
    person.long_ago()
    until(lambda: len(server.served.asked) == 2, what="the child asks")
    (child,) = children(daemon)
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(3) == 0
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, what="the child is gone")


def test_the_daemon_itself_opens_no_connection(person: Home, server: Server) -> None:
    subscribed(person, server)
    daemon = person.daemon()
    server.served.holds = threading.Event()
    person.long_ago()
    until(lambda: len(server.served.asked) == 2, what="the child asks")
    assert psutil.Process(daemon.pid).net_connections("inet") == []
    (child,) = children(daemon)
    assert [each.raddr.port for each in child.net_connections("inet")] == [server.port]
    assert "canary" not in " ".join(child.cmdline())
    server.served.holds.set()
    until(person.asked_again, what="the refresh")


def test_the_daemon_never_imports_what_fetches_or_reads_a_calendar() -> None:
    asked = "import detector.daemon.compose, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60)
    found = set(loaded.stdout.split())
    assert "detector.daemon.calendar_scheduler" in found
    strange = {"detector.calendars.connection", "detector.calendars.reading", "icalendar", "http.client"}
    assert found & strange == set()
