"""The desktop keeps quiet during partner time: its own Do Not Disturb, and the exact state from before.

Rule 1: a way is imported only when its server is there.
Rule 2: the first that works and lets our nudges through is taken; one that does not let them is, only if the person says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus

    from detector.dnd.model import DndExceptions, DoNotDisturb
    from detector.dnd.settings import DndSettings

REGISTRY: Final[Mapping[str, tuple[str, str]]] = {
    "dunst_levels": ("dunst", "detector.dnd.dunst:DunstLevels"),
    "dunst_rules": ("dunst", "detector.dnd.dunst:DunstRules"),
    "dunst_paused": ("dunst", "detector.dnd.dunst:DunstPaused"),
    "mako": ("mako", "detector.dnd.mako:Mako"),
    "gnome": ("gnome-shell", "detector.dnd.gnome:Gnome"),
    "kde": ("Plasma", "detector.dnd.kde:Kde"),
}
"""By name, in order of preference: the name that the server gives itself, and the class."""


def make(name: str, bus: MessageBus) -> DoNotDisturb:
    """Return the way of this name; nothing is asked yet. Raises `KeyError`."""
    module, _, of = REGISTRY[name][1].partition(":")
    made: DoNotDisturb = getattr(import_module(module), of)(bus)
    return made


def config_lines(server: str, ringing: Sequence[str]) -> tuple[str, str]:
    """Return the file of the person's, and what they write into it so that our nudges get through; '' if nothing."""
    if server not in {"dunst", "mako"}:
        return "", ""
    module = import_module(f"detector.dnd.{server}")
    return module.FILE, module.lines(ringing)


async def choose(bus: MessageBus, settings: DndSettings) -> tuple[DoNotDisturb, DndExceptions]:
    """Return the way to keep this desktop quiet, and what gets through then.

    Raises:
        DndUnavailable: there is none, or none that would let our nudges through; with why, and what to do.
    """
    from detector.dnd.model import DndUnavailable  # noqa: PLC0415 - Rule 1
    from detector.dnd.server import Asked  # noqa: PLC0415 - Rule 1

    served = await Asked(bus).served()
    refused: DndUnavailable | None = None
    for name, (server, _) in REGISTRY.items():
        if server != served.name:
            continue
        way = make(name, bus)
        try:
            await way.probe()
            passing = await way.passing(settings.ringing)
        except DndUnavailable as unavailable:
            refused = unavailable
            continue
        if passing.nudges or settings.even_without_nudges:
            return way, passing
        refused = DndUnavailable(f"{served.name} would hold our nudges back, too", passing.remedy)
    raise refused or DndUnavailable(f"how to keep {served.name} quiet is not known here")
