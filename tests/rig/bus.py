"""A private session bus, and dunst on it: the notifications that a person would have seen, and ways to answer them.

Invariant 1: the bus activates nothing: a server that was killed stays away until the test brings it back.
Invariant 2: whatever is started here is ended here; the environment of the tests' own process is only set by the fixtures.
Invariant 3: `shown()` closes what is on the screen, as a person's click would: dunst lists only what has been closed.

Fixtures: `session_bus`, `dunst` (on `x_desktop` if the test asks for that one, too, else on `x_server`). Both set
DBUS_SESSION_BUS_ADDRESS. For e2e and benchmarks without pytest: `private_bus()` and `dunst_on(desktop, bus)`.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from detector.notifier.server import DUNST_KEYS
from tests.rig.processes import end, needs, started, until
from tests.rig.x11 import Desktop

NAME = "org.freedesktop.Notifications"

_BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

NO_MENU = "/usr/bin/dmenu-that-is-not-installed -p dunst:"
# dmenu gets lines such as "#Put it away (A minute of scrolling) [3,put_away]" and says back the chosen one.
_MENU = """#!/bin/sh
wanted=$(cat {wanted} 2>/dev/null)
tee {offered} | grep -F ",$wanted]" | head -n 1
"""

_NUDGE, _LENGTHS = ("put_away", "together", "needed"), ("needed_1", "needed_5", "needed_15")

_DUNSTRC = """[global]
    origin = top-left
    offset = 0x0
    width = 500
    height = 300
    notification_limit = 20
    history_length = 10000
    markup = {markup}
    format = "%s\\n%b"
    dmenu = {menu}
    mouse_left_click = close_current
    mouse_middle_click = do_action, close_current
    mouse_right_click = close_all
# The history does not tell the urgency; the format does.
[urgency_low]
    format = "low|%s\\n%b"
[urgency_normal]
    format = "normal|%s\\n%b"
[urgency_critical]
    format = "critical|%s\\n%b"
"""


class SessionBus:
    """One private session bus at `address`; `env` is what a program needs to find it."""

    def __init__(self, stack: ExitStack) -> None:
        needs("dbus-daemon", "dbus-send")
        self._stack = stack
        # A short path: a socket's name has 107 bytes at most.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tt-bus-", dir="/tmp")))
        self.address = f"unix:path={folder}/bus"
        self.env: dict[str, str] = {"DBUS_SESSION_BUS_ADDRESS": self.address}
        self._config = folder / "bus.conf"
        self._config.write_text(_BUS_CONFIG.format(address=self.address))
        self.start()

    def start(self) -> None:
        """Start the bus, at the same address each time."""
        Path(self.address.partition("=")[2]).unlink(missing_ok=True)
        self.process = self._stack.enter_context(
            started(["dbus-daemon", f"--config-file={self._config}", "--nofork", "--nopidfile"])
        )
        until(lambda: self.ask("org.freedesktop.DBus.GetId").returncode == 0, what="the session bus")

    def kill(self) -> None:
        """End the bus as a crash would."""
        self.process.kill()
        self.process.wait(10)

    def ask(self, method: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call a method of the bus itself."""
        return subprocess.run(
            [
                "dbus-send",
                f"--bus={self.address}",
                "--print-reply=literal",
                "--dest=org.freedesktop.DBus",
                "/org/freedesktop/DBus",
                method,
                *arguments,
            ],
            capture_output=True,
            check=False,
            timeout=30,
            text=True,
        )

    def has_owner(self, name: str) -> bool:
        """Tell whether somebody owns the name."""
        return "true" in self.ask("org.freedesktop.DBus.NameHasOwner", f"string:{name}").stdout


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenNotification:
    """One notification as dunst keeps it in its history; `message` is what stood on the screen, markup included."""

    id: int
    appname: str
    summary: str
    body: str
    message: str
    urgency: str
    timeout_s: float
    raw: Mapping[str, Any]


class Dunst:
    """One dunst on a private bus and display, with a dunstrc of our own."""

    def __init__(
        self,
        stack: ExitStack,
        desktop: Desktop,
        bus: SessionBus,
        *,
        markup: str = "full",
        rules: str = "",
        has_menu: bool = True,
    ) -> None:
        needs("dunst", "dunstctl")
        self._stack = stack
        self.desktop = desktop
        self.bus = bus
        self.env = desktop.env | bus.env
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tt-dunst-", dir="/tmp")))
        self._wanted, self._offered = folder / "wanted", folder / "offered"
        menu = folder / "dmenu"
        menu.write_text(_MENU.format(wanted=shlex.quote(str(self._wanted)), offered=shlex.quote(str(self._offered))))
        menu.chmod(0o755)
        self._dunstrc = folder / "dunstrc"
        self._dunstrc.write_text(_DUNSTRC.format(markup=markup, menu=menu if has_menu else NO_MENU) + rules)
        self.start()

    def start(self) -> None:
        """Start dunst, and return once it owns the name."""
        self.process = self._stack.enter_context(started(["dunst", "-conf", str(self._dunstrc)], env=self.env))
        until(lambda: self.bus.has_owner(NAME), what="dunst on the bus")

    def stop(self) -> None:
        """End dunst, and return once the name is free."""
        end(self.process)
        until(lambda: not self.bus.has_owner(NAME), what="dunst gone from the bus")

    def restart(self) -> None:
        """End dunst and start it again: its ids start over."""
        self.stop()
        self.start()

    def ctl(self, *arguments: str) -> str:
        """Call dunstctl; it must succeed."""
        done = subprocess.run(
            ["dunstctl", *arguments], env=self.env, capture_output=True, check=False, timeout=30, text=True
        )
        assert done.returncode == 0, f"dunstctl {arguments[0]}: {done.stderr}"
        return done.stdout.strip()

    def displayed(self) -> int:
        """Return how many notifications stand on the screen."""
        return int(self.ctl("count", "displayed"))

    def waiting(self) -> int:
        """Return how many notifications wait: dunst is paused, or the screen is full."""
        return int(self.ctl("count", "waiting"))

    def history(self) -> list[SeenNotification]:
        """Return what was shown and has been closed, newest first."""
        kept = json.loads(self.ctl("history"))["data"][0]
        seen = []
        for one in kept:
            urgency, _, message = one["message"]["data"].partition("|")
            seen.append(
                SeenNotification(
                    id=one["id"]["data"],
                    appname=one["appname"]["data"],
                    summary=one["summary"]["data"],
                    body=one["body"]["data"],
                    message=message,
                    urgency=urgency,
                    timeout_s=one["timeout"]["data"] / 1e6,
                    raw=one,
                )
            )
        return seen

    def shown(self) -> SeenNotification:
        """Dismiss what stands on the screen and return it."""
        until(lambda: self.displayed() > 0, what="a notification on the screen")
        before = int(self.ctl("count", "history"))
        self.dismiss()
        until(lambda: int(self.ctl("count", "history")) > before, what="the notification in the history")
        return self.history()[0]

    def dismiss(self) -> None:
        """Close the notification as a person's click on it would."""
        self.ctl("close")

    def answer(self, key: str) -> None:
        """Open the menu and choose the answer of this key, such as `put_away`; '' leaves the menu without choosing."""
        self._choose(key)
        self.ctl("context")

    def middle_click(self, key: str = "") -> None:
        """Press the middle button on the notification, and choose the answer of this key in the menu that may open."""
        self._choose(key)
        until(
            lambda: self.desktop.run("xdotool", "search", "--onlyvisible", "--class", "Dunst"), what="dunst's toplevel"
        )
        self.desktop.xdotool("mousemove", "60", "15", "click", "2")

    def offered(self) -> list[str]:
        """Return the lines of the menu that was opened last."""
        return self._offered.read_text().splitlines() if self._offered.exists() else []

    def pause(self, paused: bool = True) -> None:
        """Switch dunst's Do Not Disturb on or off."""
        self.ctl("set-paused", "true" if paused else "false")

    def notify(self, text: str, *, app: str = "other", entry: str = "") -> None:
        """Say something as another program would; it does not expire."""
        hint = ["-h", f"string:desktop-entry:{entry}"] if entry else []
        subprocess.run(["notify-send", "-a", app, "-t", "0", *hint, text], env=self.env, check=True, timeout=30)

    def screenshot(self, to: Path) -> None:
        """Keep a picture of the screen."""
        needs("import")
        self.desktop.run("import", "-window", "root", str(to))

    def _choose(self, key: str) -> None:
        self._offered.unlink(missing_ok=True)
        place = next((keys.index(key) for keys in (_NUDGE, _LENGTHS) if key in keys), None)
        self._wanted.write_text("nothing of the kind" if place is None else DUNST_KEYS[place])


@contextmanager
def private_bus() -> Iterator[SessionBus]:
    """Run a private session bus as long as the block lasts."""
    with ExitStack() as stack:
        yield SessionBus(stack)


@contextmanager
def dunst_on(
    desktop: Desktop, bus: SessionBus, *, markup: str = "full", rules: str = "", has_menu: bool = True
) -> Iterator[Dunst]:
    """Run dunst on this display and bus as long as the block lasts; `rules` end its settings.

    `has_menu` False: its menu program is not installed, as on Debian.
    """
    with ExitStack() as stack:
        yield Dunst(stack, desktop, bus, markup=markup, rules=rules, has_menu=has_menu)


@pytest.fixture
def session_bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionBus]:
    """Run a private session bus for one test."""
    with private_bus() as bus:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        yield bus


@pytest.fixture
def no_bus(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Let no session bus be found."""
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    assert os.environ["XDG_RUNTIME_DIR"].startswith(str(home)), "no runtime folder in which a bus may stand"


@pytest.fixture
def dunst(request: pytest.FixtureRequest, session_bus: SessionBus) -> Iterator[Dunst]:
    """Run dunst for one test, on the display that the test has."""
    where = "x_desktop" if "x_desktop" in request.fixturenames else "x_server"
    with dunst_on(request.getfixturevalue(where), session_bus) as running:
        yield running
