"""A headless sway with a session bus and mako on it: what a person would have seen there, and ways to set modes.

Invariant 1: sway refuses root: it and mako run as an ordinary user, in a folder of their own. The bus is ours, open to that
user: the program refuses the session of another.
Invariant 2: whatever is started here is ended here. Displays and buses are this folder's own, so that tests run side by side.
Invariant 3: mako lists what it hides, too: only a picture of the screen shows what was seen.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.rig.bus import NAME
from tests.rig.processes import end, needs, started, until

NOBODY = 65534

_BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class Mako:
    """One headless sway, a bus that root and the ordinary user share, and mako with the settings in `config`."""

    def __init__(self, stack: ExitStack, settings: str = "") -> None:
        needs("sway", "mako", "makoctl", "jq", "grim", "dbus-daemon", "setpriv")
        self._stack = stack
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tt-way-", dir="/tmp")))
        run = self.folder / "run"
        (self.folder / "home").mkdir()
        run.mkdir(mode=0o700)
        self.config = self.folder / "mako.conf"
        self.config.write_text(settings)
        self.address = f"unix:path={self.folder}/bus"
        (self.folder / "bus.conf").write_text(_BUS_CONFIG.format(address=self.address))
        (self.folder / "sway.conf").write_text("output * bg #000000 solid_color\n")
        self._as = [] if os.getuid() else ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        self.env = {
            "HOME": str(self.folder / "home"),
            "PATH": "/usr/bin:/bin",
            "XDG_RUNTIME_DIR": str(run),
            "LC_ALL": "C.UTF-8",
            "WLR_BACKENDS": "headless",
            "WLR_LIBINPUT_NO_DEVICES": "1",
            "WLR_RENDERER": "pixman",
            "DBUS_SESSION_BUS_ADDRESS": self.address,
        }
        if self._as:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
            self.folder.chmod(0o755)
        self._start("sway", "-c", str(self.folder / "sway.conf"))
        self.env["WAYLAND_DISPLAY"] = until(
            lambda: next((each.name for each in run.glob("wayland-*") if each.suffix != ".lock"), ""), what="sway"
        )
        bus = ["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--nopidfile"]
        stack.enter_context(started(bus, env=self.env))
        until((self.folder / "bus").exists, what="the bus")
        self.start()

    def start(self) -> None:
        """Start mako, and return once it owns the name."""
        self.process = self._start("mako", "-c", str(self.config))
        until(self._owned, what="mako on the bus")

    def stop(self) -> None:
        """End mako, and return once the name is free."""
        end(self.process)
        until(lambda: not self._owned(), what="mako gone from the bus")

    def ctl(self, *arguments: str) -> str:
        """Call makoctl; it must succeed."""
        return self.run("makoctl", *arguments).decode().strip()

    def modes(self) -> list[str]:
        """Return the modes, in their order."""
        return self.ctl("mode").split()

    def run(self, *command: str) -> bytes:
        """Run a program of the ordinary user's to its end; it must succeed."""
        done = subprocess.run([*self._as, *command], env=self.env, capture_output=True, check=False, timeout=30)
        assert done.returncode == 0, f"{command[0]}: {done.stderr.decode()}"
        return done.stdout

    def screen(self) -> bytes:
        """Return a picture of the screen, as numbers."""
        return self.run("grim", "-t", "ppm", "-")

    def is_bare(self) -> bool:
        """Tell whether no notification stands on the screen."""
        return len(set(self.screen().split(b"\n", 3)[3])) == 1

    def _owned(self) -> bool:
        done = subprocess.run(
            [
                *self._as,
                "dbus-send",
                f"--bus={self.address}",
                "--print-reply=literal",
                "--dest=org.freedesktop.DBus",
                "/org/freedesktop/DBus",
                "org.freedesktop.DBus.NameHasOwner",
                f"string:{NAME}",
            ],
            env=self.env,
            capture_output=True,
            check=False,
            timeout=30,
        )
        return b"true" in done.stdout

    def _start(self, *command: str) -> subprocess.Popen[Any]:
        return self._stack.enter_context(started([*self._as, *command], env=self.env))


@contextmanager
def mako_on_sway(settings: str = "") -> Iterator[Mako]:
    """Run sway and mako as long as the block lasts."""
    with ExitStack() as stack:
        yield Mako(stack, settings)
