"""KDE's Plasma: an inhibition of our own, by `Inhibit`; it ends with our connection, so that a crash frees it by itself.

Rule 1: what others inhibit, and Plasma's own Do Not Disturb, is not touched.
Rule 2: the settings that say what gets through are read, never written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from dbus_fast.aio import MessageBus

from detector.dnd.model import ENTRY, DndExceptions, as_text
from detector.dnd.server import NAME, Asked


class Kde:
    """An inhibition, held as long as this object's connection stands."""

    name = "kde"
    servers = ("Plasma",)
    reads = True
    masks = True
    urgent = True

    def __init__(self, bus: MessageBus) -> None:
        self._asked = Asked(bus)
        self._cookie: int | None = None

    async def probe(self) -> None:
        """Return if the server can be inhibited; raise `DndUnavailable` if not."""
        await self._asked.get(NAME, "Inhibited")

    async def place(self) -> str:
        """Return which server it is, and which connection of ours: the inhibition ends with either."""
        return f"{await self._asked.place()}{self._asked.us}"

    async def read(self) -> str:
        """Return whether it is inhibited, and whether we do so."""
        inhibited = bool(await self._asked.get(NAME, "Inhibited"))
        if not inhibited:
            self._cookie = None  # a person's hand ends every inhibition
        return as_text({"ours": inhibited and self._cookie is not None, "inhibited": inhibited})

    def quietened(self, before: str) -> str:
        """Return it inhibited by us, where nobody else does so."""
        return before if self.is_quiet(before) else as_text({"ours": True, "inhibited": True})

    def is_quiet(self, state: str) -> bool:
        """Return whether it is inhibited without us; beside us, nobody else is seen."""
        known = json.loads(state)
        return bool(known["inhibited"] and not known["ours"])

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        """Inhibit, or take our inhibition away; others' are theirs."""
        del ringing
        if json.loads(state)["ours"]:
            if self._cookie is None:
                (cookie,) = await self._asked.call("Inhibit", "ssa{sv}", ENTRY, "Partner time", {})
                self._cookie = int(cookie)
        elif self._cookie is not None:
            cookie, self._cookie = self._cookie, None
            await self._asked.call("UnInhibit", "u", cookie)

    async def passing(self, ringing: Sequence[str]) -> DndExceptions:
        """Return what Plasma's settings let through its Do Not Disturb."""
        allowed, critical = _allowed()
        rings = tuple(app for app in ringing if app in allowed)
        held = tuple(app for app in ringing if app not in allowed)
        nudges = critical or ENTRY in allowed
        to_do = 'System Settings, Notifications: "Show critical notifications" under Do Not Disturb'
        if held:
            to_do = 'System Settings, Notifications, Application Settings: "Show in do not disturb mode" for each'
        return DndExceptions(
            nudges=nudges,
            rings=rings,
            held=held,
            how="other notifications go into Plasma's history",
            remedy=None if nudges and not held else to_do,
        )


def _allowed() -> tuple[frozenset[str], bool]:
    """Return the apps that plasmanotifyrc lets through, and whether what is critical gets through."""
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    try:
        text = (folder / "plasmanotifyrc").read_text(errors="replace")
    except OSError:
        text = ""
    allowed, critical, group = set(), True, ""
    for line in text.splitlines():
        if line.startswith("["):
            group = line.strip()
        key, _, value = line.partition("=")
        if key == "ShowPopupsInDndMode" and value == "true" and group.startswith("[Applications]["):
            allowed.add(group.removeprefix("[Applications][").removesuffix("]"))
        elif key == "CriticalInDndMode" and group == "[Notifications]":
            critical = value != "false"
    return frozenset(allowed), critical
