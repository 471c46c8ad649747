"""KDE's Plasma: an inhibition of our own, by `Inhibit`; it ends with our connection, so a crash frees it by itself.

Invariant 1: what others inhibit, and Plasma's own Do Not Disturb, is not touched.
Invariant 2: the settings that decide what gets through are read, never written.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from detector.dbus import NOTIFICATIONS
from detector.dnd.model import DndExceptions, as_text
from detector.dnd.server import NotificationServer, ServerDnd
from detector.i18n import _
from detector.notifier.safe_text import DESKTOP_ENTRY


class PlasmaInhibition(ServerDnd):
    """An inhibition, held as long as this object's connection stands."""

    name = "kde"
    seen_by_sensor = True
    needs_urgent = True

    def __init__(self, server: NotificationServer) -> None:
        super().__init__(server)
        self._cookie: int | None = None

    async def probe(self) -> None:
        await self._server.get(NOTIFICATIONS, "Inhibited")

    async def scope(self) -> str:
        # The inhibition ends with the server, and with our connection to the bus.
        return f"{await self._server.instance()}{self._server.bus.unique_name}"

    async def read(self) -> str:
        inhibited = bool(await self._server.get(NOTIFICATIONS, "Inhibited"))
        if not inhibited:
            self._cookie = None  # when a person switches Do Not Disturb off, Plasma drops every inhibition
        return as_text({"ours": inhibited and self._cookie is not None, "inhibited": inhibited})

    def state_when_on(self, before: str) -> str:
        return before if self.is_on_by_others(before) else as_text({"ours": True, "inhibited": True})

    def is_on_by_others(self, state: str) -> bool:
        # While we inhibit, others' inhibitions cannot be told apart from ours.
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
        all_allowed = allowed.issuperset(ringing)
        nudges = critical or DESKTOP_ENTRY in allowed
        if not all_allowed:
            remedy = _('System Settings, Notifications, Application Settings: "Show in do not disturb mode" for each')
        else:
            remedy = _('System Settings, Notifications: "Show critical notifications" under Do Not Disturb')
        others_go_to = _("other notifications go into Plasma's history")
        # Which of the two switches is missing decides what to advise; with both on there is nothing to do.
        advice = None if nudges and all_allowed else remedy
        return DndExceptions.of(ringing, allowed, nudges=nudges, others_go_to=others_go_to, remedy=advice)


def _allowed() -> tuple[frozenset[str], bool]:
    # Return the apps that plasmanotifyrc lets through, and whether critical notifications get through.
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
