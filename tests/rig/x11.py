"""A private X server, with or without a window manager, and what uses it: xdotool, xterm, bare toplevels.

Invariant 1: every server takes a free display number and reports when it is ready (`-displayfd`): tests run side by side.
Invariant 2: `DISPLAY` of the tests' own process is only set by the fixtures, through monkeypatch.

Fixtures: `x_server` (bare), `x_desktop` (with openbox). Both set DISPLAY and XDG_SESSION_TYPE, and yield a `Desktop`.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from Xlib import X
from Xlib.display import Display

from tests.rig.processes import ROOT, end, needs, started, until


class Desktop:
    """One private X server, and what can be done on it. `display` is its name, `env` the environment of its programs."""

    def __init__(self, stack: ExitStack, *, window_manager: bool, screen: str = "1280x800x24") -> None:
        needs("Xvfb", *(["openbox", "xprop"] if window_manager else []))
        self._stack = stack
        self.server, number = self._start_server(screen)
        self.display = f":{number}"
        kept = {name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"}
        self.env: dict[str, str] = kept | {"DISPLAY": self.display, "XDG_SESSION_TYPE": "x11", "LC_ALL": "C.UTF-8"}
        if window_manager:
            self.window_manager = self.start("openbox", "--sm-disable")
            until(
                lambda: b"window id" in self.run("xprop", "-root", "_NET_SUPPORTING_WM_CHECK"), what="a window manager"
            )

    def _start_server(self, screen: str) -> tuple[subprocess.Popen[bytes], str]:
        for _ in range(5):
            # Left to themselves, servers that start and end side by side all want :0, and unlink each other's sockets.
            number = str(random.randrange(100, 30_000))
            read, write = os.pipe()
            command = ["Xvfb", f":{number}", "-displayfd", str(write), "-screen", "0", screen, "-nolisten", "tcp"]
            server = self._stack.enter_context(started([*command, "-noreset"], pass_fds=(write,)))
            os.close(write)
            with os.fdopen(read, "rb") as report:
                if report.readline().strip() == number.encode():
                    return server, number
            end(server)
        raise AssertionError("Xvfb did not start")

    def start(self, *command: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start a program on this display; it ends with the desktop, or earlier by `end(process)`."""
        return self._stack.enter_context(started(command, env=self.env, **options))

    def run(self, *command: str) -> bytes:
        """Run a program on this display to its end and return its output."""
        return subprocess.run(command, env=self.env, capture_output=True, check=False, timeout=30).stdout

    def xdotool(self, *arguments: str) -> str:
        """Let xdotool do something; it must succeed."""
        needs("xdotool")
        done = subprocess.run(
            ["xdotool", *arguments], env=self.env, capture_output=True, check=False, timeout=30, text=True
        )
        assert done.returncode == 0, f"xdotool {arguments[0]}: {done.stderr}"
        return done.stdout.strip()

    def scroll(self, times: int = 1, *, down: bool = True) -> None:
        """Turn the wheel where the pointer stands; a turn is a press of button 5 (down) or 4 (up)."""
        self.xdotool("click", "--repeat", str(times), "--delay", "15", "5" if down else "4")

    def click(self, times: int = 1) -> None:
        """Press the left button where the pointer stands."""
        self.xdotool("click", "--repeat", str(times), "--delay", "15", "1")

    def press(self, *keys: str) -> None:
        """Press keys by name."""
        self.xdotool("key", "--delay", "15", *keys)

    def move(self, x: int = 5, y: int = 5) -> None:
        """Move the pointer by so many pixels."""
        self.xdotool("mousemove_relative", "--", str(x), str(y))

    def xterm(self, title: str = "a terminal", *, wm_class: str = "XTerm", command: Sequence[str] = ()) -> Terminal:
        """Open an xterm that claims to be `wm_class`, and return once it is the active toplevel."""
        needs("xterm", "xdotool")
        inner = list(command) or ["sleep", "infinity"]
        process = self.start("xterm", "-class", wm_class, "-T", title, "-e", *inner)
        window = until(lambda: self._window_of(process.pid), what="xterm's toplevel")
        until(lambda: self.active() == window, what="xterm in front")
        return Terminal(self, process, window)

    def _window_of(self, pid: int) -> int:
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--pid", str(pid)],
            env=self.env,
            capture_output=True,
            check=False,
            timeout=30,
            text=True,
        ).stdout.split()
        return int(found[0]) if found else 0

    def active(self) -> int:
        """Return the id of the active toplevel, 0 where nothing is in front."""
        output = self.run("xprop", "-root", "_NET_ACTIVE_WINDOW").decode()
        return int(output.rsplit(maxsplit=1)[-1], 16) if "window id" in output else 0

    def kill_server(self) -> None:
        """End the X server as a crash would: without a warning."""
        self.server.kill()
        self.server.wait(10)

    def load(self, *, motion: int = 500, scrolls: int = 10, keys: int = 5) -> subprocess.Popen[bytes]:
        """Start the load of the bars: so many motions, scrolls and key presses a second, until it is ended."""
        return self.start(
            sys.executable,
            str(ROOT / "tests/rig/load.py"),
            "--motion",
            str(motion),
            "--scrolls",
            str(scrolls),
            "--keys",
            str(keys),
        )


class Terminal:
    """An xterm on a desktop: its process, and the id of its toplevel."""

    def __init__(self, desktop: Desktop, process: subprocess.Popen[bytes], window: int) -> None:
        self._desktop = desktop
        self.process = process
        self.window = window

    def activate(self) -> None:
        """Bring it to the front, and return once it is there."""
        self._desktop.xdotool("windowactivate", "--sync", str(self.window))

    def rename(self, title: str) -> None:
        """Give it another title."""
        self._desktop.xdotool("set_window", "--name", title, str(self.window))

    def close(self) -> None:
        """End it."""
        end(self.process)


@contextmanager
def desktop(*, window_manager: bool = True) -> Iterator[Desktop]:
    """Run a private X server as long as the block lasts: for a test that needs a second one, and outside pytest."""
    with ExitStack() as stack:
        yield Desktop(stack, window_manager=window_manager)


def _use(running: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", running.display)
    monkeypatch.setenv("XDG_SESSION_TYPE", "x11")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)


@pytest.fixture
def x_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """Run a bare X server for one test."""
    with desktop(window_manager=False) as running:
        _use(running, monkeypatch)
        yield running


@pytest.fixture
def x_desktop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desktop]:
    """Run an X server with openbox for one test."""
    with desktop() as running:
        _use(running, monkeypatch)
        yield running


class BareWindowManager:
    """A client that says which toplevel is active as a window manager would, and makes toplevels of any kind."""

    def __init__(self, desktop: Desktop) -> None:
        self.display = Display(desktop.display)
        self.root = self.display.screen().root

    def toplevel(self, **properties: bytes | int) -> Any:
        """Make a toplevel with these properties, such as `WM_CLASS=b"a\\0b\\0"`, `_NET_WM_PID=1`."""
        window = self.root.create_window(0, 0, 100, 100, 0, X.CopyFromParent)
        for name, value in properties.items():
            self.change(window, name, value)
        window.map()
        self.display.sync()
        return window

    def change(self, window: Any, name: str, value: bytes | int, kind: str = "") -> None:
        """Change a property: bytes are text, a number is a cardinal or, named so by `kind`, an atom or a window."""
        atom = self.display.intern_atom(name)
        if isinstance(value, bytes):
            window.change_property(atom, self.display.intern_atom(kind or "UTF8_STRING"), 8, b"")
            # A request holds 256 KiB at most.
            for start in range(0, len(value), 100_000):
                part = value[start : start + 100_000]
                window.change_property(
                    atom, self.display.intern_atom(kind or "UTF8_STRING"), 8, part, mode=X.PropModeAppend
                )
        else:
            window.change_property(atom, self.display.intern_atom(kind or "CARDINAL"), 32, [value])
        self.display.sync()

    def activate(self, window: Any) -> None:
        """Say that this toplevel is active; None or an id will do, too."""
        number = window if isinstance(window, int) else 0 if window is None else window.id
        self.change(self.root, "_NET_ACTIVE_WINDOW", number, "WINDOW")

    def close(self) -> None:
        """Leave; the toplevels go with it."""
        with suppress(Exception):
            self.display.close()


@pytest.fixture
def bare_wm(x_server: Desktop) -> Iterator[BareWindowManager]:
    """Be the window manager of a bare X server for one test."""
    manager = BareWindowManager(x_server)
    yield manager
    manager.close()
