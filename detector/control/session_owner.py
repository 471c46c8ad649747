"""Refuse to run in another user's session: the program senses only the account that it runs under.

Invariant 1: there is no exception, not even root (docs/evidence.md).
"""

import os
from collections.abc import Iterator
from pathlib import Path

from detector.errors import TurntowardError
from detector.i18n import _


class NotSessionOwner(TurntowardError):
    """The session that the environment names belongs to another user."""


def require_session_owner(uid: int | None = None) -> None:
    """Return if every file of the session that the environment names belongs to `uid` (default: the user we run as).

    Raises:
        NotSessionOwner: with the file and its owner.
    """
    own = os.getuid() if uid is None else uid
    for variable, path in _session_files():
        try:
            owner = path.stat().st_uid
        except OSError:
            continue
        # Display managers start the X server as root, so its socket says nothing; XAUTHORITY does.
        if owner != own and not (owner == 0 and variable == "DISPLAY"):
            raise NotSessionOwner(
                _(
                    "This session belongs to another user: {variable} names {path}, which user {owner} owns, "
                    "and turntoward runs as user {own}.\n"
                    "  It senses only the account that it runs under. Start it as the person whose session it is,"
                    " without sudo."
                ).format(variable=variable, path=path, owner=owner, own=own)
            )


def _session_files() -> Iterator[tuple[str, Path]]:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime:
        yield "XDG_RUNTIME_DIR", Path(runtime)
    # A bus on an abstract socket or on TCP has no file whose owner could be compared.
    for part in os.environ.get("DBUS_SESSION_BUS_ADDRESS", "").split(";"):
        kind, _, rest = part.partition(":")
        for pair in rest.split(","):
            key, _, value = pair.partition("=")
            if kind == "unix" and key == "path":
                yield "DBUS_SESSION_BUS_ADDRESS", Path(value)
    authority = os.environ.get("XAUTHORITY", "")
    if authority and os.environ.get("DISPLAY"):
        yield "XAUTHORITY", Path(authority)
    display = os.environ.get("DISPLAY", "")
    if display.startswith(":"):
        yield "DISPLAY", Path("/tmp/.X11-unix") / ("X" + display[1:].partition(".")[0])  # noqa: S108 - X11's own place
    wayland = os.environ.get("WAYLAND_DISPLAY", "")
    if wayland:
        yield "WAYLAND_DISPLAY", Path(runtime, wayland)
