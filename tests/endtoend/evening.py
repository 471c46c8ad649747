"""One evening at a device: a real desktop, a real bus, a real dunst, a home of its own, and the installed program.

Invariant 1: the program is the installed command in a process of its own; commands and answers are those that a person gives.
Invariant 2: nothing of the tests' own environment reaches it.
Invariant 3: quick rules replace the built-in ones as a person's own would: a pack with the same codes.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

from Xlib.display import Display
from Xlib.ext import res

from detector.control.lock import running_pid, running_status
from detector.store.store import Store
from tests.rig.bus import Dunst, SeenNotification, SessionBus, dunst_on, private_bus
from tests.rig.command import run_command
from tests.rig.processes import end, started, terminal_into, until
from tests.rig.x11 import Desktop, Terminal, desktop

COMMAND: Final = Path(sys.executable).parent / "turntoward"
FEED: Final = "Instagram — Mozilla Firefox"
SENSED: Final = {"focus": "x11_focus", "idle": "x11_idle", "input": "pynput_input"}
PAGE: Final = 'notices = "a"\nwhy = "b"\nwrong = "c"\nneeds = "d"\nexample = "e"\n'
QUICK: Final = (
    '[[rule]]\ncode = "F101"\nname = "A feed, scrolled"\n'
    f'when = "category is social and dwell >= 2 s and scrolls(60 s) >= 5"\n{PAGE}'
)
"""The built-in rule's own code and features, with a shorter dwell."""
NO_LIMITS: Final = '[policy]\ncool_down = "0 s"\nrule_cool_down = "0 s"\nbudget = 20\n[attention]\nfleeting = "0 s"\n'


class Evening:
    """A person's device. `rules` and `config` stand in the config folder before anything is started, and the store is empty."""

    def __init__(
        self,
        stack: ExitStack,
        home: Path,
        *,
        rules: str = QUICK,
        config: str = "",
        dunstrc: str = "",
        has_menu: bool = True,
        has_store: bool = True,
    ) -> None:
        self._stack = stack
        self.home = home
        for folder in (home / "run", home / "tmp"):
            folder.mkdir(parents=True, mode=0o700)
        self.settings = home / ".config/turntoward"
        (self.settings / "rules").mkdir(parents=True)
        if rules:
            (self.settings / "rules/quick.toml").write_text(rules)
        if config:
            (self.settings / "config.toml").write_text(config)
        if has_store:
            # Empty, and made in this process: the first command would take 0.4 s of CPU to make it in a child.
            Store.open(self.store).close()
        self.desktop: Desktop = stack.enter_context(desktop())
        self.bus: SessionBus = stack.enter_context(private_bus())
        self.dunst: Dunst = stack.enter_context(dunst_on(self.desktop, self.bus, rules=dunstrc, has_menu=has_menu))
        self.log = home.parent / "log"
        self.in_terminal = False
        self.env: dict[str, str] = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home / "run"),
            "TMPDIR": str(home / "tmp"),
            "DISPLAY": self.desktop.display,
            "XDG_SESSION_TYPE": "x11",
            "DBUS_SESSION_BUS_ADDRESS": self.bus.address,
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        }

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start the daemon, or a command that becomes one, and return once it has written its status."""
        process = self.attempt(*command, env=env)
        until(lambda: self.status().get("started"), what=f"the daemon; its output: {self.daemon_output()}")
        return process

    def attempt(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start the daemon without waiting, in a terminal, or with its output into a file; it may refuse."""
        with ExitStack() as stack:
            where = (self._stack if self.in_terminal else stack).enter_context(
                terminal_into(self.log) if self.in_terminal else _file_for(self.log)
            )
            return self._stack.enter_context(
                started(
                    list(command) or [str(COMMAND), "run"],
                    env=self.env | dict(env or {}),
                    stdout=where,
                    stderr=where,
                )
            )

    def run_command(self, *arguments: str, code: int = 0, env: Mapping[str, str] | None = None) -> str:
        """Run a command to its end, and return what it wrote on both of its outputs."""
        done = run_command(*arguments, env=self.env | dict(env or {}), only_env=True)
        assert done.returncode == code, f"turntoward {arguments[0]}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def daemon_output(self) -> str:
        """Return everything that daemons wrote on their outputs."""
        return self.log.read_text() if self.log.exists() else ""

    def status(self) -> dict[str, Any]:
        """Return what `status` reads, without starting a process."""
        status: dict[str, Any] = json.loads(running_status(self.lock) or "{}")
        return status | {"running": running_pid(self.lock) is not None}

    @property
    def lock(self) -> Path:
        """The file in which the daemon writes its status."""
        return self.home / "run/turntoward.lock"

    @property
    def store(self) -> Path:
        """The path of the database."""
        return self.home / ".local/share/turntoward/turntoward.sqlite"

    def senses(self) -> dict[str, str]:
        """Return the sensor of each sense that is sensed now."""
        return {sense: sensor for sense, sensor in self.status().get("senses", {}).items() if sensor}

    def is_sensed(self) -> bool:
        """Tell whether everything of this desktop is sensed."""
        return self.senses().items() >= SENSED.items()

    def begin(self, length: str = "30min") -> None:
        """Let partner time begin, and return once everything is sensed."""
        # A key press: the person is there.
        self.desktop.press("shift")
        self.run_command("now", length)
        until(self.is_sensed, what=f"everything is sensed; its output: {self.daemon_output()}")

    def over(self) -> None:
        """Stop partner time, and return once it is over."""
        self.run_command("stop")
        until(
            lambda: (
                self.status().get("partner_time") is None
                and not self.rows("SELECT id FROM occurrences WHERE ended IS NULL")
            ),
            what="partner time is over",
        )

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Query the store, beside the daemon that writes to it."""
        with closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]

    def observations(self) -> list[tuple[Any, ...]]:
        """Return what was observed, in order, as (number, instant, kind, fields)."""
        kept = self.rows("SELECT id, at, kind, fields FROM observations ORDER BY id")
        return [(row["id"], row["at"], row["kind"], row["fields"]) for row in kept]

    def kinds(self) -> list[str]:
        """Return the kinds of what was observed, in order."""
        return [kind for _, _, kind, _ in self.observations()]

    def moments(self, where: str = "1") -> list[dict[str, Any]]:
        """Return the moments of which `where` is true, in order."""
        return self.rows(f"SELECT * FROM moments WHERE {where} ORDER BY occurrence, number")  # noqa: S608 - our words

    def feed(self, title: str = FEED) -> Terminal:
        """Bring a toplevel to the front that claims to be a browser on a social site."""
        return self.desktop.xterm(title, wm_class="firefox")

    def scroll_until(self, check: Callable[[], Any], *, within: float = 25.0, what: str) -> Any:
        """Scroll, with short rests, until the check holds."""

        def scroll_and_check() -> Any:
            self.desktop.scroll(2)
            return check()

        return until(scroll_and_check, within=within, what=f"{what}; its output: {self.daemon_output()}")

    def scroll_until_nudged(self, times: int = 1) -> dict[str, Any]:
        """Scroll until there have been `times` nudges; return the moment of the last."""
        nudged: list[dict[str, Any]] = self.scroll_until(
            lambda: (shown := self.moments("shown_by IS NOT NULL")) and len(shown) >= times and shown,
            what=f"nudge {times}",
        )
        assert len(nudged) == times
        return nudged[-1]

    def scroll_for(self, seconds: float) -> None:
        """Scroll four times a second from now on, and return at once."""
        self.desktop.start("xdotool", "click", "--repeat", str(round(seconds * 4)), "--delay", "250", "5")

    def read_greeting(self) -> SeenNotification:
        """Close the greeting as a person would, and return it."""
        return self.dunst.shown()

    def answer(self, key: str) -> SeenNotification:
        """Answer the nudge that is shown, and return it."""
        until(lambda: self.dunst.displayed() == 1, what="a notification on the screen")
        before = len(self.dunst.history())
        self.dunst.answer(key)
        until(lambda: len(self.dunst.history()) > before, what="the answered notification is gone")
        return self.dunst.history()[0]

    def kill(self, daemon: subprocess.Popen[bytes]) -> None:
        """End the daemon as a power cut would, as far as the program can tell."""
        os.kill(daemon.pid, signal.SIGKILL)
        daemon.wait(10)

    def lose_the_display(self) -> None:
        """End the X server as a crash would; openbox and dunst go with it."""
        self.desktop.kill_server()
        for process in (self.desktop.window_manager, self.dunst.process):
            end(process)

    def display_again(self) -> None:
        """Start another X server on the same display, with openbox and dunst."""
        number = self.desktop.display
        self.desktop.server = self._stack.enter_context(
            started(["Xvfb", number, "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"])
        )
        until(lambda: b"version number" in self.desktop.run("xdpyinfo"), what="the X server again")
        self.desktop.window_manager = self.desktop.start("openbox", "--sm-disable")
        until(
            lambda: b"window id" in self.desktop.run("xprop", "-root", "_NET_SUPPORTING_WM_CHECK"),
            what="a window manager again",
        )
        self.dunst.start()


@contextmanager
def _file_for(log: Path) -> Iterator[int]:
    with log.open("ab") as file:
        yield file.fileno()


def x_clients(display: str) -> list[int]:
    """Return the process ids of all clients, as the X server itself knows them, without this one."""
    connection = Display(display)
    try:
        specs: Sequence[Mapping[str, int]] = [{"client": 0, "mask": res.LocalClientPIDMask}]
        clients = connection.res_query_client_ids(specs).ids
        return sorted(pid for client in clients for pid in client.value if pid != os.getpid())
    finally:
        connection.close()
