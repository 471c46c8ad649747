"""Whose session this is: the program senses only the account that it runs under.

Rule 1: it refuses to run for a session that belongs to somebody else, root or not (docs/evidence.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from detector.errors import TurntowardError


class NotSessionOwner(TurntowardError):
    """The session that the environment names belongs to another user."""


def require_session_owner(uid: int | None = None) -> None:
    """Return if everything that the environment names of the session belongs to `uid` (default: the user we run as).

    Raises:
        NotSessionOwner: with what belongs to whom.
    """
    mine = os.getuid() if uid is None else uid
    for what, path in _named_by_the_environment():
        try:
            owner = path.stat().st_uid
        except OSError:
            continue
        # A display server that root started for the person is common; the person's own file is what tells.
        if owner != mine and not (owner == 0 and what == "DISPLAY"):
            raise NotSessionOwner(
                f"This session belongs to another user: {what} names {path}, which user {owner} owns, "
                f"and turntoward runs as user {mine}.\n"
                "  It senses only the account that it runs under. Start it as the person whose session it is,"
                " without sudo."
            )


def _named_by_the_environment() -> Iterator[tuple[str, Path]]:
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime:
        yield "XDG_RUNTIME_DIR", Path(runtime)
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
