"""The desktop's own Do Not Disturb: switched on during partner time, and put back exactly as it was.

Invariant 1: the module of a notification server is imported only when that server is there.
Invariant 2: the first that works and lets our nudges through is used; one that holds them back, only where the settings say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final

from detector.dnd.model import DndExceptions, DndSettings, DndUnavailable, DoNotDisturb
from detector.i18n import _

if TYPE_CHECKING:
    # What it imports, dbus-fast, would cost every command that reads the settings.
    from detector.dnd.server import NotificationServer

REGISTRY: Final[Mapping[str, tuple[str, str]]] = {
    "dunst_levels": ("dunst", "detector.dnd.dunst:DunstLevels"),
    "dunst_rules": ("dunst", "detector.dnd.dunst:DunstRules"),
    "dunst_paused": ("dunst", "detector.dnd.dunst:DunstPaused"),
    "mako": ("mako", "detector.dnd.mako:MakoMode"),
    "gnome": ("gnome-shell", "detector.dnd.gnome:GnomeBanners"),
    "kde": ("Plasma", "detector.dnd.kde:PlasmaInhibition"),
}
"""By name, in order of preference: the name that the server gives itself, and the class. The names are stored."""


def make(name: str, server: NotificationServer) -> DoNotDisturb:
    """Return the Do Not Disturb of this name; nothing is asked of the server yet. Raises `KeyError`."""
    module, _separator, class_name = REGISTRY[name][1].partition(":")
    made: DoNotDisturb = getattr(import_module(module), class_name)(server)
    return made


def config_lines(server_name: str, ringing: Sequence[str]) -> tuple[str, str]:
    """Return the server's configuration file, and what to write into it so that our nudges get through; '' if nothing."""
    if server_name not in {"dunst", "mako"}:
        return "", ""
    module = import_module(f"detector.dnd.{server_name}")
    return module.FILE, module.config_lines(ringing)


async def choose(server: NotificationServer, settings: DndSettings) -> tuple[DoNotDisturb, DndExceptions]:
    """Return the Do Not Disturb to use with this server, and what still gets through it.

    Raises:
        DndUnavailable: there is none, or none that would let our nudges through; with why, and what to do.
    """
    # Several rows may serve one server: dunst's differ in what its version and configuration allow.
    server_name = await server.name()
    failure: DndUnavailable | None = None
    for name, (wanted_server, _class) in REGISTRY.items():
        if wanted_server != server_name:
            continue
        dnd = make(name, server)
        try:
            await dnd.probe()
            exceptions = await dnd.exceptions(settings.ringing)
        except DndUnavailable as unavailable:
            failure = unavailable
            continue
        if exceptions.nudges or settings.even_without_nudges:
            return dnd, exceptions
        why = _("{server} would hold our nudges back, too").format(server=server_name)
        failure = DndUnavailable(why, exceptions.remedy)
    raise failure or DndUnavailable(_("how to keep {server} quiet is not known here").format(server=server_name))
