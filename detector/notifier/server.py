"""Calls to org.freedesktop.Notifications: identify the server and its capabilities, and adapt the text to them.

Invariant 1: no error raised here holds a word of what was to be shown.
Invariant 2: markup is escaped where the server reads markup, and only there.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from dbus_fast import Message, Variant

from detector.dbus import (
    DBUS,
    DBUS_PATH,
    NOTIFICATIONS,
    NOTIFICATIONS_PATH,
    Bus,
    BusClosed,
    BusUnavailable,
    ErrorReply,
    match_owner_changes,
    match_signals,
    session_bus_address,
)
from detector.errors import NotifyFailed
from detector.files import open_regular
from detector.i18n import _
from detector.notifier.model import NotificationText
from detector.notifier.safe_text import (
    APP_NAME,
    BODY_LIMIT,
    DESKTOP_ENTRY,
    ICON,
    escape_markup,
    one_line,
    with_app_name,
)
from detector.paths import config_path

NO_BUTTONS: Final = ("dunst", "mako")
"""The servers that take answers but draw no buttons for them."""
DEFAULT_ACTION: Final = "default"
"""The specification's key of what a click on the notification itself does."""
DUNST_KEYS: Final = ("1", "3", "2")
"""dunst's menu comes in the order of GLib's hash table of the keys: with these ours is kept, the offer to stop first."""
_DUNST_MENU: Final = "/usr/bin/dmenu -p dunst"
"""dunst's own setting for the program that draws its menu. Debian does not install that program with dunst."""

NAMES_THE_APP: Final = ("gnome-shell", "Plasma")
"""The servers that write beside each notification which program it comes from; the others show its title alone."""

PROBE_TIMEOUT: Final = 2.0
"""Seconds until a server that does not answer counts as none."""

_MAX_SETTINGS: Final = 1 << 20
"""Bytes of a file of settings that are read."""
_LOW, _NORMAL, _CRITICAL = 0, 1, 2

OWNER_CHANGES: Final = match_owner_changes(NOTIFICATIONS)
SIGNALS: Final = match_signals(NOTIFICATIONS, NOTIFICATIONS_PATH, NOTIFICATIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The notification server, and its capabilities as the specification names them.

    `has_menu`: the program that a server without buttons needs for its menu of answers is there.
    """

    name: str
    version: str
    capabilities: frozenset[str]
    has_menu: bool = False

    @property
    def answers_by_click(self) -> bool:
        """Return whether a middle click gives the first answer: dunst has no menu in which to choose one."""
        return self.name == "dunst" and not self.has_menu


def require_session_bus() -> str:
    """Return the address of the session bus. Raises `NotifyFailed` where there is none."""
    address = session_bus_address()
    if address is None:
        raise NotifyFailed(_("there is no session bus (DBUS_SESSION_BUS_ADDRESS is not set)"))
    return address


async def get_server(bus: Bus) -> Server:
    """Return the server and its capabilities. Raises as `call`."""
    name, _vendor, version, *_spec = (await call(bus, "GetServerInformation")).body
    capabilities = (await call(bus, "GetCapabilities")).body[0]
    has_menu = name == "dunst" and await _dunst_has_menu(bus)
    return Server(
        name=str(name),
        version=str(version).partition(" ")[0],
        capabilities=frozenset(capabilities),
        has_menu=has_menu,
    )


async def _dunst_has_menu(bus: Bus) -> bool:
    # dunst does not tell its settings, so they are read where it reads them.
    pid = None
    with suppress(ErrorReply):
        reply = await bus.call(DBUS, DBUS_PATH, DBUS, "GetConnectionUnixProcessID", "s", NOTIFICATIONS)
        pid = int(reply.body[0])
    command = _DUNST_MENU
    for file in _dunst_settings(pid):
        with suppress(OSError), open_regular(file) as opened:
            text = opened.read(_MAX_SETTINGS).decode("utf-8", "replace")
            command = (re.findall(r"^\s*dmenu\s*=(.*)$", text, re.MULTILINE) or [command])[-1]
    program = re.sub("^~", str(Path.home()), command.strip().strip("\"'").split(" ")[0])
    return bool(program) and shutil.which(program) is not None


def _dunst_settings(pid: int | None) -> Sequence[Path]:
    """Return the files with the settings of the dunst with this process id, the most important one last."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        for option, value in pairwise(words):
            if option.lstrip("-") in {"conf", "config"}:
                return [Path(value)]
    system = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    folders = [folder / "dunst" for folder in (config_path().parents[1], *map(Path, system.split(":")))]
    # Of the files of that name dunst reads only the most important one; of those in the folders beside them, all.
    main = [folder / "dunstrc" for folder in folders if (folder / "dunstrc").exists()]
    beside = [file for folder in reversed(folders) for file in sorted(folder.glob("dunstrc.d/*.conf"))]
    return [*main[:1], *beside]


async def notify(bus: Bus, text: NotificationText, server: Server, *, replaces: int, serial: int) -> None:
    """Hand the text to the server, in place of notification `replaces` (0: a new one). Raises as `call`."""
    title, body, actions = fit_to_server(text, server)
    # `transient`: it does not stay in the desktop's list of notifications after its time.
    hints = {
        "urgency": Variant("y", _urgency(text, server)),
        "suppress-sound": Variant("b", True),
        "transient": Variant("b", True),
        "desktop-entry": Variant("s", DESKTOP_ENTRY),
    }
    arguments = [APP_NAME, replaces, ICON.as_uri(), title, body, actions, hints, expire_milliseconds(text)]
    await call(bus, "Notify", "susssasa{sv}i", *arguments, serial=serial)


def expire_milliseconds(text: NotificationText) -> int:
    """Return the specification's expiry: 0 for what stays, which nothing that is to go may come to."""
    return max(1, round(text.expires.total_seconds() * 1000)) if text.expires else 0


async def require_server() -> None:
    """Raise `NotifyFailed` where no notification server is on the session bus, or none that answers."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT), await Bus.connect(address=require_session_bus()) as bus:
            await get_server(bus)
    except TimeoutError:
        why = _("the notification server did not answer within {seconds:g} s").format(seconds=PROBE_TIMEOUT)
        raise NotifyFailed(why) from None
    except (BusClosed, BusUnavailable, ValueError) as failure:
        error = type(failure.__cause__ or failure).__name__
        raise NotifyFailed(_("the session bus cannot be reached: {error}").format(error=error)) from None


async def call(bus: Bus, member: str, signature: str = "", *body: Any, serial: int = 0) -> Message:
    """Call a method of the server and return its reply, however long that takes: the caller bounds the wait.

    Raises:
        NotifyFailed: there is no server, or it refused.
        BusClosed: the connection has ended.
    """
    try:
        # Many desktops leave it to the bus to start their notification server with the first call.
        return await bus.call(
            NOTIFICATIONS,
            NOTIFICATIONS_PATH,
            NOTIFICATIONS,
            member,
            signature,
            *body,
            serial=serial,
            start_service=True,
            time_limit=None,
        )
    except ErrorReply as refused:
        if refused.name.endswith((".ServiceUnknown", ".NameHasNoOwner")):
            raise NotifyFailed(_("there is no notification server on the session bus")) from None
        raise NotifyFailed(_("the notification server refused: {error}").format(error=refused.name)) from None


def fit_to_server(text: NotificationText, server: Server) -> tuple[str, str, list[str]]:
    """Return title, body and actions as this server can show them; the why-line is never lost."""
    title = one_line(text.title)
    title = title or APP_NAME if server.name in NAMES_THE_APP else with_app_name(title)
    why = one_line(text.body, BODY_LIMIT)
    actions: list[str] = []
    if "actions" in server.capabilities:
        labels = [one_line(label) for _key, label in text.answers]
        actions = [part for pair in zip(action_keys(text, server), labels, strict=False) for part in pair]
    if "body" not in server.capabilities:
        return (f"{title} — {why}" if why else title), "", actions
    body = escape_markup(why) if "body-markup" in server.capabilities else why
    if not text.answers or (actions and server.name not in NO_BUTTONS):
        return title, body, actions
    how = text.how_to_answer
    if actions and server.has_menu:
        how = _("Middle click to answer.")
    elif actions and server.answers_by_click:
        how = f"{_('Middle click: {answer}.').format(answer=actions[1])} {how}"
    return title, f"{body}\n{how}".strip("\n"), actions


def action_keys(text: NotificationText, server: Server) -> Sequence[str]:
    """Return the keys under which the server is given the text's answers, in their order; where it takes fewer, the first."""
    if server.answers_by_click:
        return (DEFAULT_ACTION,)  # dunst gives it without a menu
    return DUNST_KEYS if server.name == "dunst" else [key for key, _label in text.answers]


def _urgency(text: NotificationText, server: Server) -> int:
    if text.urgent:
        return _CRITICAL
    # GNOME, since 41, puts low urgency into its list without a banner (docs/dev/decisions/do-not-disturb.md).
    return _NORMAL if server.name == "gnome-shell" else _LOW
