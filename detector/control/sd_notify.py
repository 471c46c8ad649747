"""Notify systemd that the daemon is ready, alive or stopping, and of its status (sd_notify). Without systemd do nothing.

Invariant 1: the watchdog is fed by the loop that feeds the core, and by nothing else: the watchdog must notice a stuck core.
"""

import os
import socket
from typing import Final

_MICROSECONDS: Final = 1_000_000


class Systemd:
    """The notification socket that systemd named in the environment, or nothing."""

    def __init__(self) -> None:
        # Taken out of the environment, so that no child process notifies in the daemon's name.
        self._address = os.environ.pop("NOTIFY_SOCKET", "")
        timeout = os.environ.pop("WATCHDOG_USEC", "")
        pid = os.environ.pop("WATCHDOG_PID", "")
        is_ours = not pid or pid == str(os.getpid())
        self.watchdog: float | None = (
            int(timeout) / _MICROSECONDS / 2 if timeout.isdigit() and int(timeout) and is_ours else None
        )
        """Seconds after which the watchdog is to be fed: half of its timeout, as sd_watchdog_enabled(3) recommends; None: no watchdog."""

    def ready(self) -> None:
        self._notify("READY=1")

    def alive(self) -> None:
        if self.watchdog is not None:
            self._notify("WATCHDOG=1")

    def stopping(self) -> None:
        self._notify("STOPPING=1")

    def status(self, line: str) -> None:
        """Set the line that `systemctl --user status` shows."""
        self._notify("STATUS=" + line.replace("\n", " "))

    def _notify(self, line: str) -> None:
        if not self._address.startswith(("/", "@")):
            return
        # "@" stands for the zero byte of an address in the abstract namespace.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                # The loop must never wait for systemd.
                channel.setblocking(False)
                channel.sendto(line.encode(), address)
        except OSError:
            # No process listens, or the socket is full; the daemon does not depend on it.
            return
