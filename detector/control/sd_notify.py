"""Say to systemd what it asked to be told: ready, alive, stopping, and one line of status. Silent without systemd.

Rule 1: the watchdog is fed by the loop that feeds the core, and by nothing else: a stuck core must look stuck.
"""

from __future__ import annotations

import os
import socket
from typing import Final

_MICROSECONDS: Final = 1_000_000


class Systemd:
    """The notification socket that systemd named in the environment, or nothing."""

    def __init__(self) -> None:
        # Taken out of the environment, so that no child speaks in the daemon's name.
        self._address = os.environ.pop("NOTIFY_SOCKET", "")
        asked = os.environ.pop("WATCHDOG_USEC", "")
        meant_for = os.environ.pop("WATCHDOG_PID", "")
        mine = not meant_for or meant_for == str(os.getpid())
        self.watchdog: float | None = (
            int(asked) / _MICROSECONDS / 2 if asked.isdigit() and int(asked) and mine else None
        )
        """Seconds between two signs of life: half of what systemd allows; None where it asks for none."""

    def ready(self) -> None:
        """Say that the daemon is up."""
        self._say("READY=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        if self.watchdog is not None:
            self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the daemon is on its way out."""
        self._say("STOPPING=1")

    def status(self, line: str) -> None:
        """Say one line for `systemctl --user status`."""
        self._say("STATUS=" + line.replace("\n", " "))

    def _say(self, line: str) -> None:
        if not self._address.startswith(("/", "@")):
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)
                channel.sendto(line.encode(), address)
        except OSError:
            # systemd is not listening; nothing here depends on it.
            return
