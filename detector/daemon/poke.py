"""Tell the running daemon that something it goes by was changed. Cheap: commands call it after every change."""

from __future__ import annotations

import os
import signal

from detector.control.lock import running_pid


def poke() -> bool:
    """Ask the daemon to look at the store again (SIGHUP); return whether there is one to ask."""
    pid = running_pid()
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGHUP)
    except OSError:
        return False
    return True
