"""A private system bus with python-dbusmock's logind on it: lock, unlock and sleep without a seat.

Invariant 1: dbusmock belongs to the system's own Python (`python3-dbusmock`), so it runs as a program of its own.
Invariant 2: the environment of the tests' own process is only set by the fixture, `logind`: DBUS_SYSTEM_BUS_ADDRESS.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.rig.bus import SessionBus
from tests.rig.processes import end, started, until

PYTHON = "/usr/bin/python3"
SERVICE = "org.freedesktop.login1"
MANAGER = "/org/freedesktop/login1"
MOCK = "org.freedesktop.DBus.Mock"


class MockLogind:
    """A logind with one session, `c1`, of this user."""

    def __init__(self, stack: ExitStack) -> None:
        if not Path(PYTHON).exists() or subprocess.run([PYTHON, "-c", "import dbusmock"], check=False).returncode:
            pytest.skip("missing: python3-dbusmock")
        self.bus = SessionBus(stack)
        self._stack = stack
        self._env = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": self.bus.address}
        self.session = f"{MANAGER}/session/c1"
        self.start()

    def start(self) -> None:
        """Start it, and let the session begin."""
        self.process = self._stack.enter_context(
            started([PYTHON, "-m", "dbusmock", "--system", "--template", "logind"], env=self._env)
        )
        until(lambda: self.bus.has_owner(SERVICE), what="logind on the bus")
        user = str(os.getuid())
        self.call(
            MANAGER, f"{MOCK}.AddSession", "string:c1", "string:seat0", f"uint32:{user}", "string:me", "boolean:true"
        )

    def stop(self) -> None:
        """End it."""
        end(self.process)

    def call(self, path: str, method: str, *arguments: str) -> str:
        """Call a method, which must succeed, and return its output."""
        done = subprocess.run(
            ["dbus-send", f"--bus={self.bus.address}", "--print-reply", f"--dest={SERVICE}", path, method, *arguments],
            capture_output=True,
            check=False,
            timeout=30,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask_to_lock(self) -> None:
        """Emit `Lock`, as `loginctl lock-session` does; no locker follows."""
        self.call(self.session, "org.freedesktop.login1.Session.Lock")

    def ask_to_unlock(self) -> None:
        """Emit `Unlock`."""
        self.call(self.session, "org.freedesktop.login1.Session.Unlock")

    def hint(self, locked: bool) -> None:
        """Set `LockedHint`, as a screen locker does."""
        self.call(self.session, "org.freedesktop.login1.Session.SetLockedHint", f"boolean:{str(locked).lower()}")

    def sleep(self, about_to: bool) -> None:
        """Emit `PrepareForSleep`."""
        subprocess.run(
            [PYTHON, "-c", _EMIT, self.bus.address, str(int(about_to))], check=True, capture_output=True, timeout=30
        )

    def inhibitors(self) -> str:
        """Return who holds a lock that delays sleep."""
        return self.call(MANAGER, "org.freedesktop.login1.Manager.ListInhibitors")


_EMIT = f"""
import dbus, sys
bus = dbus.bus.BusConnection(sys.argv[1])
mock = dbus.Interface(bus.get_object("{SERVICE}", "{MANAGER}"), "{MOCK}")
mock.EmitSignal("{SERVICE}.Manager", "PrepareForSleep", "b", [bool(int(sys.argv[2]))])
"""


@contextmanager
def mock_logind() -> Iterator[MockLogind]:
    """Run a logind as long as the block lasts."""
    with ExitStack() as stack:
        yield MockLogind(stack)


@pytest.fixture(name="logind")
def logind_fixture(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockLogind]:
    """Run a logind for one test."""
    with mock_logind() as running:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", running.bus.address)
        monkeypatch.delenv("XDG_SESSION_ID", raising=False)
        yield running
