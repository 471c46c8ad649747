"""Find the session bus as programs outside a desktop's environment do, too: the variable first, then the usual socket."""

from __future__ import annotations

import os
from pathlib import Path

from detector.errors import NotifyFailed


def session_bus_address() -> str:
    """Return the address of the session bus.

    Raises:
        NotifyFailed: there is none. No bus is ever started from here.
    """
    given = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    if given and given != "disabled:":
        return given
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/") and (socket := Path(runtime) / "bus").is_socket():
        return f"unix:path={socket}"
    raise NotifyFailed("there is no session bus (DBUS_SESSION_BUS_ADDRESS is not set)")
