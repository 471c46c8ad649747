"""GNOME: the setting behind its own Do Not Disturb, `show-banners`, exactly as it stood: true, false, or not set at all.

Rule 1: it outlives a crash and a reboot, so that what we set is ours until it is something else.
Rule 2: the programs that come with the desktop change it (`gsettings`, `dconf`), each with two seconds to do it in.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Sequence
from typing import Final

from dbus_fast.aio import MessageBus

from detector.dnd.model import DndExceptions, DndUnavailable, as_text
from detector.dnd.server import PATIENCE

SCHEMA: Final = "org.gnome.desktop.notifications"
KEY: Final = "show-banners"
DCONF: Final = "/org/gnome/desktop/notifications/show-banners"


class Gnome:
    """The setting `show-banners`. Only what is marked urgent gets through while it is off."""

    name = "gnome"
    servers = ("gnome-shell",)
    reads = True
    masks = False
    urgent = True

    def __init__(self, bus: MessageBus) -> None:
        del bus  # dconf finds its own way

    async def probe(self) -> None:
        """Return if the setting can be read and may be changed; raise `DndUnavailable` if not."""
        if await _run("gsettings", "writable", SCHEMA, KEY) != "true":
            raise DndUnavailable("GNOME's setting for Do Not Disturb may not be changed here")

    async def place(self) -> str:
        """Return nothing: the setting is the person's, wherever the session goes."""
        return ""

    async def read(self) -> str:
        """Return the setting: "true", "false", or None where it is not set, as far as `dconf` is there to tell."""
        if shutil.which("dconf") is not None:
            return as_text({KEY: await _run("dconf", "read", DCONF) or None})
        return as_text({KEY: await _run("gsettings", "get", SCHEMA, KEY)})

    def quietened(self, before: str) -> str:
        """Return the setting as switched off."""
        del before
        return as_text({KEY: "false"})

    def is_quiet(self, state: str) -> bool:
        """Return whether banners are off."""
        return bool(json.loads(state)[KEY] == "false")

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        """Set it, or take it away where it was not set."""
        del ringing
        value = json.loads(state)[KEY]
        if value is None:
            await _run("gsettings", "reset", SCHEMA, KEY)
        else:
            await _run("gsettings", "set", SCHEMA, KEY, value)

    async def passing(self, ringing: Sequence[str]) -> DndExceptions:
        """Return that our nudges do, being marked urgent, and that GNOME has no exceptions for single apps."""
        return DndExceptions(
            nudges=True,
            held=tuple(ringing),
            how="other notifications go into the list under the clock; what an app itself marks as urgent is still shown",
            remedy="GNOME lets no single app through its Do Not Disturb; keep such a partner time without --quiet"
            if ringing
            else None,
        )


async def _run(*command: str) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        raise DndUnavailable(f"the program {command[0]} is not there", f"install {command[0]}") from None
    try:
        async with asyncio.timeout(PATIENCE):
            said, _ = await process.communicate()
    except TimeoutError:
        raise DndUnavailable(f"{command[0]} does not answer") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise DndUnavailable(f"{command[0]} {command[1]} refused: there may be no such setting")
    return said.decode().strip()
