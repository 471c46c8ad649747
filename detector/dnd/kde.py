"""KDE's Plasma: an inhibition of our own, by `Inhibit`; it ends with our connection, so a crash frees it by itself.

Invariant 1: what others inhibit, and Plasma's own Do Not Disturb, is not touched.
Invariant 2: the settings that decide what gets through are read, never written.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from detector.dnd.model import DESKTOP_ENTRY, DndExceptions, as_text
from detector.dnd.server import NAME, NotificationServer
from detector.i18n import _


class PlasmaInhibition:
    """An inhibition, held as long as this object's connection stands."""

    name = "kde"
    can_read = True
    seen_by_sensor = True
    needs_urgent = True

    def __init__(self, server: NotificationServer) -> None:
        self._server = server
        self._cookie: int | None = None

    async def probe(self) -> None:
        await self._server.get(NAME, "Inhibited")

    async def scope(self) -> str:
        return f"{await self._server.scope()}{self._server.bus.unique_name}"

    async def read(self) -> str:
        inhibited = bool(await self._server.get(NAME, "Inhibited"))
        if not inhibited:
            self._cookie = None  # when a person switches Do Not Disturb off, Plasma drops every inhibition
        return as_text({"ours": inhibited and self._cookie is not None, "inhibited": inhibited})

    def state_when_on(self, before: str) -> str:
        return before if self.is_on_by_others(before) else as_text({"ours": True, "inhibited": True})

    def is_on_by_others(self, state: str) -> bool:
        known = json.loads(state)
        return bool(known["inhibited"] and not known["ours"])

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        if json.loads(state)["ours"]:
            if self._cookie is None:
                (cookie,) = await self._server.call("Inhibit", "ssa{sv}", DESKTOP_ENTRY, "Partner time", {})
                self._cookie = int(cookie)
        elif self._cookie is not None:
            cookie, self._cookie = self._cookie, None
            await self._server.call("UnInhibit", "u", cookie)

    async def exceptions(self, ringing: Sequence[str]) -> DndExceptions:
        allowed, critical = _allowed()
        rings = tuple(app for app in ringing if app in allowed)
        held = tuple(app for app in ringing if app not in allowed)
        nudges = critical or DESKTOP_ENTRY in allowed
        if held:
            remedy = _('System Settings, Notifications, Application Settings: "Show in do not disturb mode" for each')
        else:
            remedy = _('System Settings, Notifications: "Show critical notifications" under Do Not Disturb')
        return DndExceptions(
            nudges=nudges,
            rings=rings,
            held=held,
            how=_("other notifications go into Plasma's history"),
            remedy=None if nudges and not held else remedy,
        )


def _allowed() -> tuple[frozenset[str], bool]:
    """Return the apps that plasmanotifyrc lets through, and whether critical notifications get through."""
    # Plasma's server does not tell its settings on the bus. These are the defaults where the file says nothing.
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    try:
        text = (folder / "plasmanotifyrc").read_text(errors="replace")
    except OSError:
        text = ""
    allowed, critical, group = set(), True, ""
    for line in text.splitlines():
        if line.startswith("["):
            group = line.strip()
        key, _equals, value = line.partition("=")
        if key == "ShowPopupsInDndMode" and value == "true" and group.startswith("[Applications]["):
            allowed.add(group.removeprefix("[Applications][").removesuffix("]"))
        elif key == "CriticalInDndMode" and group == "[Notifications]":
            critical = value != "false"
    return frozenset(allowed), critical
