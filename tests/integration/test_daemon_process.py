"""The installed daemon as a process: a real X server, a real bus, a real dunst, real signals."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from detector.control.lock import running_pid, running_status
from detector.paths import store_path
from detector.store.store import Store
from tests.rig.bus import Dunst, SessionBus
from tests.rig.processes import started, terminal_into, until
from tests.rig.x11 import Desktop

COMMAND = Path(sys.executable).parent / "turntoward"
CANARY = "Canary Cottage Cheese"
pytestmark = pytest.mark.real


class Program:
    """The installed program in one home: `run` starts the daemon, `run_command` runs any other one."""

    def __init__(self, stack: ExitStack, home: Path, env: dict[str, str]) -> None:
        self._stack = stack
        self.home = home
        self.env = env
        self.log = home / "log"

    def run(self, *arguments: str) -> subprocess.Popen[bytes]:
        # Where no notification server runs, partner time can only be announced in a terminal.
        terminal = self._stack.enter_context(terminal_into(self.log))
        return self._stack.enter_context(
            started([str(COMMAND), "run", *arguments], env=self.env, stdout=terminal, stderr=terminal)
        )

    def daemon(self) -> subprocess.Popen[bytes]:
        process = self.run()
        until(lambda: self.status().get("started"), what=f"the daemon; its output: {self.log.read_text()}")
        return process

    def run_command(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [str(COMMAND), *arguments], env=self.env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def status(self) -> dict[str, Any]:
        """Return what `status` reads, without a process for every look."""
        lock = self.home / "run/turntoward.lock"
        parsed: dict[str, Any] = json.loads(running_status(lock) or "{}")
        return parsed | {"running": running_pid(lock) is not None}

    def senses(self) -> dict[str, str | None]:
        found: dict[str, str | None] = self.status().get("senses", {})
        return found

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        path = self.home / ".local/share/turntoward/turntoward.sqlite"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(question).fetchall()

    def kinds(self) -> list[str]:
        return [kind for (kind,) in self.rows("SELECT kind FROM observations ORDER BY rowid")]


@pytest.fixture
def program(home: Path, x_desktop: Desktop, session_bus: SessionBus) -> Iterator[Program]:
    Store.open(store_path()).close()
    with ExitStack() as stack:
        yield Program(stack, home, {**x_desktop.env, **session_bus.env, "HOME": str(home), "TZ": "UTC"})


def descriptors(process: subprocess.Popen[bytes]) -> int:
    return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


def threads(process: subprocess.Popen[bytes]) -> int:
    return len(list(Path(f"/proc/{process.pid}/task").iterdir()))


def test_outside_partner_time_nothing_of_the_sensors_is_open(program: Program, x_desktop: Desktop) -> None:
    daemon = program.daemon()
    before = (threads(daemon), descriptors(daemon))
    assert before[0] == 1
    program.run_command("now", "5min")
    until(lambda: program.senses().get("input"), what="input is sensed")
    assert (threads(daemon), descriptors(daemon)) > before
    program.run_command("stop")
    until(lambda: program.status().get("partner_time") is None, what="partner time is over")
    assert threads(daemon) == 1
    # The store's write-ahead log may have been opened meanwhile: two files, and no socket more.
    assert descriptors(daemon) <= before[1] + 2
    sockets = [str(link.readlink()) for link in Path(f"/proc/{daemon.pid}/fd").iterdir()]
    # The session bus, and the loop's own pair for signals.
    assert sum(link.startswith("socket:") for link in sockets) == 3
    assert program.rows("SELECT end_reason FROM occurrences") == [("stopped",)]


def test_a_feed_is_nudged_once_and_answered_and_no_title_is_stored(
    program: Program, x_desktop: Desktop, dunst: Dunst
) -> None:
    rules = program.home / ".config/turntoward/rules"
    rules.mkdir(parents=True)
    (rules / "quick.toml").write_text(
        '[[rule]]\ncode = "F101"\nname = "A look"\nwhen = "category is social and dwell >= 2 s"\n'
        'notices = "a"\nwhy = "b"\nwrong = "c"\nneeds = "d"\nexample = "e"\n'
    )
    program.daemon()
    x_desktop.xterm(f"{CANARY} • Instagram — Mozilla Firefox", wm_class="firefox")
    program.run_command("now", "5min")
    until(lambda: program.senses().get("focus"), what="focus is sensed")
    x_desktop.scroll(3)
    until(lambda: program.rows("SELECT 1 FROM moments WHERE shown_by = 'freedesktop'"), what="a nudge")
    dunst.answer("put_away")
    until(lambda: program.rows("SELECT 1 FROM moments WHERE answer = 'put_away'"), what="the answer")
    for path in [*program.home.rglob("*")]:
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path
    kept = program.home / ".local/share/turntoward"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept.iterdir()} == {0o600}


def test_there_is_only_one_daemon(program: Program) -> None:
    first = program.daemon()
    second = program.run()
    assert second.wait(30) == 1
    assert f"already running (process {first.pid})" in program.log.read_text()
    assert first.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_two_seconds_and_partner_time_stays_unfinished(program: Program, number: int) -> None:
    daemon = program.daemon()
    program.run_command("now", "5min")
    until(lambda: program.senses().get("input"), what="input is sensed")
    daemon.send_signal(number)
    assert daemon.wait(2) == 0
    assert program.rows("SELECT ended FROM occurrences") == [(None,)]
    assert program.status()["running"] is False


def test_it_ends_within_two_seconds_even_if_the_x_server_hangs(program: Program, x_desktop: Desktop) -> None:
    daemon = program.daemon()
    program.run_command("now", "5min")
    until(lambda: program.senses().get("input"), what="input is sensed")
    x_desktop.server.send_signal(signal.SIGSTOP)
    try:
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(2) == 0
    finally:
        x_desktop.server.send_signal(signal.SIGCONT)


HANGS = """
import threading
from detector.daemon import compose
async def hangs(self):
    threading.Event().wait()
compose.Reconciler.close = hangs
compose.run()
"""


def test_it_ends_even_if_something_of_its_own_hangs(program: Program) -> None:
    with started([sys.executable, "-c", HANGS], env=program.env) as daemon:
        until(lambda: program.status().get("started"), what="the daemon")
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(3) == 0


def test_a_signal_to_wake_before_the_loop_runs_does_not_kill(program: Program) -> None:
    # From the first instant at which a command can see the daemon, the signal that wakes it must be harmless.
    daemon = program.run()
    path = program.home / "run/turntoward.lock"
    while (pid := running_pid(path)) is None:
        assert daemon.poll() is None
    os.kill(pid, signal.SIGHUP)
    until(lambda: program.status().get("started"), what="the daemon")
    assert daemon.poll() is None


def test_a_kill_in_partner_time_loses_nothing_and_the_next_start_goes_on(program: Program, x_desktop: Desktop) -> None:
    daemon = program.daemon()
    program.run_command("now", "5min")
    until(lambda: program.senses().get("focus"), what="focus is sensed")
    x_desktop.xterm("Instagram — Mozilla Firefox", wm_class="firefox")
    until(lambda: "Focused" in program.kinds(), what="a focus is kept")
    before = program.kinds()
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.wait(10)
    program.daemon()
    until(lambda: program.senses().get("focus"), what="focus is sensed again")
    after = program.kinds()
    assert after[: len(before)] == before
    assert after[len(before)] == "Gap"
    assert program.rows("SELECT count(*) FROM occurrences") == [(1,)]


def test_the_daemon_survives_the_death_of_the_x_server(program: Program, x_desktop: Desktop) -> None:
    daemon = program.daemon()
    program.run_command("now", "5min")
    until(lambda: program.senses().get("focus"), what="focus is sensed")
    x_desktop.kill_server()
    until(lambda: program.senses().get("focus") is None, what="the loss is said")
    # The log is copied from the terminal by another process, and the gap is stored by the next step of the loop.
    until(lambda: "x11_focus is lost" in program.log.read_text(), what="the loss is in the log")
    until(lambda: "Gap" in program.kinds(), what="the loss is stored")
    assert daemon.poll() is None
    assert program.log.read_text().count("x11_focus is lost") == 1


def test_the_daemon_reconnects_to_a_restarted_bus(program: Program, session_bus: SessionBus) -> None:
    daemon = program.daemon()
    until(lambda: session_bus.has_owner("org.turntoward.Daemon"), what="the name on the bus")
    session_bus.kill()
    program.run_command("now", "5min")
    until(lambda: program.status().get("partner_time"), what="partner time without a bus")
    assert daemon.poll() is None
    session_bus.start()
    program.run_command("stop")
    until(lambda: session_bus.has_owner("org.turntoward.Daemon"), what="the name on the bus again")


def call(session_bus: SessionBus, method: str, *arguments: str) -> str:
    asked = subprocess.run(
        [
            "dbus-send",
            f"--bus={session_bus.address}",
            "--print-reply=literal",
            "--dest=org.turntoward.Daemon",
            "/org/turntoward/Daemon",
            method,
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return asked.stdout.strip() or asked.stderr.strip()


def test_the_dbus_service_reports_status_pauses_resumes_and_stops(program: Program, session_bus: SessionBus) -> None:
    program.daemon()
    interface = "org.turntoward.Daemon1."
    program.run_command("now", "5min")
    until(lambda: program.senses().get("focus"), what="focus is sensed")
    assert json.loads(call(session_bus, interface + "Status"))["partner_time"] == "Partner time"
    call(session_bus, interface + "Pause", "uint32:600")
    until(lambda: program.status().get("paused_until"), what="the pause")
    until(lambda: not any(program.senses().values()), what="nothing is sensed")
    call(session_bus, interface + "Resume")
    until(lambda: program.senses().get("focus"), what="focus is sensed again")
    assert "A pause lasts" in call(session_bus, interface + "Pause", "uint32:0")
    call(session_bus, interface + "Stop")
    until(lambda: program.status().get("partner_time") is None, what="the stop")
    assert 'name="Pause"' in call(session_bus, "org.freedesktop.DBus.Introspectable.Introspect")
    assert "could not be found" in call(session_bus, interface + "Nothing")


def test_without_x_and_without_a_bus_it_runs_and_logs_that(program: Program) -> None:
    program.env = {
        name: value
        for name, value in program.env.items()
        if name not in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_SESSION_TYPE")
    }
    daemon = program.daemon()
    program.run_command("now", "5min")
    until(lambda: "SensorStarted" in program.kinds() or program.status().get("partner_time"), what="partner time")
    assert program.senses().get("focus") is None
    daemon.send_signal(signal.SIGTERM)
    assert daemon.wait(2) == 0


def test_a_broken_configuration_is_refused_before_anything_starts(program: Program) -> None:
    config = program.home / ".config/turntoward/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[policy]\ncool_dwn = '1 min'\n")
    assert program.run().wait(30) == 2
    assert "cool_dwn" in program.log.read_text()
    assert "Traceback" not in program.log.read_text()


@pytest.fixture
def somebody_elses(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    if os.getuid() != 0:
        pytest.skip("root alone can give a file away")
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    values = {
        "XDG_RUNTIME_DIR": str(folder),
        "DBUS_SESSION_BUS_ADDRESS": f"unix:path={folder}",
        "XAUTHORITY": str(folder),
    }
    return lambda name: {name: values[name]}


@pytest.mark.parametrize("name", ["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "XAUTHORITY"])
def test_it_refuses_to_run_for_another_users_session(
    program: Program, somebody_elses: Callable[[str], dict[str, str]], name: str
) -> None:
    program.env |= somebody_elses(name)
    assert program.run().wait(30) == 1
    assert f"belongs to another user: {name}" in program.log.read_text()


STOPPED = "from detector.daemon import compose; compose.run()"
FROZEN = """
from datetime import timedelta
from detector.daemon import clock_watch, compose, loop
loop.MAX_SLEEP, clock_watch.MAX_LATENESS = 1.0, timedelta(seconds=2)
loop.Loop.continued = lambda self: None
compose.run()
"""


@pytest.mark.parametrize("script", [STOPPED, FROZEN], ids=["told to go on", "not told, as out of a frozen cgroup"])
def test_a_stopped_process_is_a_gap(program: Program, x_desktop: Desktop, dunst: Dunst, script: str) -> None:
    with (
        program.log.open("ab") as log,
        started([sys.executable, "-c", script], env=program.env, stdout=log, stderr=log.fileno()) as daemon,
    ):
        until(lambda: program.status().get("started"), what="the daemon")
        program.run_command("now", "5min")
        until(lambda: program.senses().get("input"), what="input is sensed")
        until(lambda: "Focused" in program.kinds(), what="what is in front is known")

        def gap() -> tuple[float, float] | None:
            rows = program.rows("SELECT at, fields FROM observations WHERE kind = 'Gap'")
            found = [(json.loads(fields), at / 1e6) for at, fields in rows]
            return next(
                ((known["since"] / 1e6, at) for known, at in found if known["reason"] == "restart" and at >= continued),
                None,
            )

        # Without SIGCONT's handler, a stop is noticed only while the loop sleeps; where it did not, it is stopped once more.
        for _ in range(5):
            stopped = time.time()
            daemon.send_signal(signal.SIGSTOP)
            # Long enough whatever else the machine does: a stopped process waits for no core.
            until(lambda began=stopped: time.time() > began + 6, what="the stop")
            x_desktop.scroll(3)
            continued = time.time()
            daemon.send_signal(signal.SIGCONT)
            with suppress(AssertionError):
                since, at = until(lambda: gap() or (), within=10, what="the gap")
                break
        else:
            pytest.fail("no stop was noticed")
        assert since <= stopped
        assert at >= continued
        until(lambda: program.senses().get("focus"), what="it senses again")
        until(lambda: program.kinds()[-1] != "Gap", what="what is in front is reported again")
