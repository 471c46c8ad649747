"""What `doctor` finds out about the desktop keeping quiet: whether it can, and what still gets through.

Rule 1: nothing is switched. Where quiet is not wanted, nothing is asked either.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from detector.dnd import choose, config_lines
from detector.dnd.settings import DndSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DndFindings:
    """`wanted`: some partner time, or the settings, ask for it. `server`: who serves notifications; `way`: how it is kept quiet.

    `why`: why it is not. `nudges`: ours get through. `rings`, `held`: the apps that must ring and do, or cannot. `how`: where
    the rest goes. `remedy`: what to do, and `file` and `lines` what to write where, if anything.
    """

    wanted: bool
    server: str | None = None
    way: str | None = None
    why: str | None = None
    nudges: bool = False
    rings: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    how: str = ""
    remedy: str | None = None
    file: str | None = None
    lines: str | None = None


async def find_dnd(settings: DndSettings, *, declared: bool) -> DndFindings:
    """Return what holds here now; `declared`: some partner time asks for quiet."""
    if not (declared or settings.always):
        return DndFindings(wanted=False)
    from dbus_fast import BusType  # noqa: PLC0415 - only where quiet is wanted
    from dbus_fast.aio import MessageBus  # noqa: PLC0415 - only where quiet is wanted

    from detector.dnd.model import DndUnavailable  # noqa: PLC0415 - only where quiet is wanted
    from detector.dnd.server import Asked  # noqa: PLC0415 - only where quiet is wanted

    try:
        async with asyncio.timeout(5):
            bus = await MessageBus(bus_type=BusType.SESSION).connect()
    except Exception:  # noqa: BLE001 - dbus-fast lets through whatever connecting raises
        return DndFindings(wanted=True, why="there is no session bus", remedy="log in through the desktop")
    server = None
    try:
        server = (await Asked(bus).served()).name
        way, passing = await choose(bus, settings)
    except DndUnavailable as not_here:
        file, lines = _lines(server, settings)
        return DndFindings(wanted=True, server=server, why=not_here.why, remedy=not_here.remedy, file=file, lines=lines)
    finally:
        bus.disconnect()
    file, lines = _lines(server, settings) if passing.remedy else (None, None)
    return DndFindings(
        wanted=True,
        server=server,
        way=way.name,
        nudges=passing.nudges,
        rings=passing.rings,
        held=passing.held,
        how=passing.how,
        remedy=passing.remedy,
        file=file,
        lines=lines,
    )


def _lines(server: str | None, settings: DndSettings) -> tuple[str | None, str | None]:
    file, lines = config_lines(server or "", settings.ringing)
    return file or None, lines or None
