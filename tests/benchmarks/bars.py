"""What a bar is, and how a run of the installed program is measured from outside, by /proc."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.rig.bus import Dunst, SessionBus
from tests.rig.processes import started, until
from tests.rig.x11 import Desktop

ROOT = Path(__file__).resolve().parents[2]
TURNTOWARD = ROOT / ".venv/bin/turntoward"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One line of what `make bench` prints. `at_most` False: the figure is to be at least the limit."""

    name: str
    figure: float
    limit: float
    unit: str
    at_most: bool = True
    note: str = ""

    @property
    def is_met(self) -> bool:
        return self.figure <= self.limit if self.at_most else self.figure >= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What /proc says of a process at one instant: seconds of CPU, wake-ups of all threads, MB of PSS."""

    at: float
    cpu: float
    wakes: int
    pss: float


def read(pid: int) -> Reading:
    """Read /proc: CPU time in ticks, voluntary context switches of every thread, proportional set size."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    wakes = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                wakes += int(line.split()[1])
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    pss = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return Reading(at=time.monotonic(), cpu=ticks / os.sysconf("SC_CLK_TCK"), wakes=wakes, pss=pss / 1024)


class Bench:
    """A private desktop with dunst, a home of its own, and the installed program in it."""

    def __init__(self, stack: ExitStack, home: Path) -> None:
        self.home = home
        (home / "run").mkdir(mode=0o700, parents=True)
        self.desktop = Desktop(stack, window_manager=True)
        self.bus = SessionBus(stack)
        self.dunst = Dunst(stack, self.desktop, self.bus)
        self.env = self.desktop.env | self.bus.env | {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run")}
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            self.env.pop(name, None)
        self._stack = stack

    def call(self, *arguments: str) -> str:
        """Run one command of the program to its end."""
        return subprocess.run(
            [str(TURNTOWARD), *arguments], env=self.env, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    @contextmanager
    def daemon(self) -> Iterator[int]:
        """Run the daemon; yields its pid once it says that it is ready."""
        log = (self.home / "daemon.log").open("wb")
        with started([str(TURNTOWARD), "run"], env=self.env, stderr=log.fileno()) as process:
            until(lambda: '"running": true' in self.call("status", "--json"), what="the daemon", within=30)
            yield process.pid

    def age_calendars(self, by: timedelta) -> None:
        """Let every calendar have been asked so much longer ago."""
        kept = self.home / ".local/share/turntoward/turntoward.sqlite"
        with sqlite3.connect(kept) as connection:
            longer = by // timedelta(microseconds=1)
            connection.execute("UPDATE calendars SET tried = tried - ?1, refreshed = refreshed - ?1", (longer,))
        connection.close()

    def config(self, text: str) -> None:
        """Write the configuration."""
        folder = self.home / ".config/turntoward"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(text)


def waiting(seconds: float) -> None:
    """Let the measured program run for that time."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        sys.stderr.write(f"\r  {left:4.0f} s to go ")
        sys.stderr.flush()
        time.sleep(min(1.0, left))
    sys.stderr.write("\r" + " " * 20 + "\r")


@contextmanager
def bench(folder: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(stack, folder)
