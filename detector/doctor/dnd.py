"""What `doctor` finds out about the desktop's Do Not Disturb: whether it can be switched, and what still gets through.

Invariant 1: nothing is switched. Where no partner time asks for it, no server is asked either.
"""

from dataclasses import dataclass, field

from detector.dbus import Bus, BusUnavailable
from detector.dnd import choose, config_lines
from detector.dnd.model import DndSettings, DndUnavailable
from detector.dnd.server import NotificationServer
from detector.i18n import _


@dataclass(frozen=True, slots=True, kw_only=True)
class DndFindings:
    """What holds for Do Not Disturb here: `wanted` says that some partner time, or the settings, ask for it.

    `server`: who serves notifications; `dnd_name`: how it is switched; `why`: why it cannot be. `nudges`: ours get through.
    `allowed`, `silenced`: the apps that must ring and do, or cannot. `others_go_to`: where the rest goes. `remedy`: what to
    do, and `file` and `lines` what to write where, if anything.
    """

    wanted: bool
    server: str | None = None
    dnd_name: str | None = field(metadata={"json": "way"}, default=None)
    why: str | None = None
    nudges: bool = False
    allowed: tuple[str, ...] = field(metadata={"json": "rings"}, default=())
    silenced: tuple[str, ...] = field(metadata={"json": "held"}, default=())
    others_go_to: str = field(metadata={"json": "how"}, default="")
    remedy: str | None = None
    file: str | None = None
    lines: str | None = None


async def find_dnd(settings: DndSettings, *, declared: bool) -> DndFindings:
    """Return what holds here now; `declared`: some partner time asks for Do Not Disturb."""
    if not (declared or settings.always):
        return DndFindings(wanted=False)
    try:
        bus = await Bus.connect()
    except BusUnavailable:
        return DndFindings(wanted=True, why=_("there is no session bus"), remedy=_("log in through the desktop"))
    try:
        return await _find(bus, settings)
    finally:
        bus.disconnect()


async def _find(bus: Bus, settings: DndSettings) -> DndFindings:
    server, name = NotificationServer(bus), None
    try:
        name = await server.name()
        dnd, exceptions = await choose(server, settings)
    except DndUnavailable as unavailable:
        # Most often these lines are what is missing, so they are shown also where nothing can be switched.
        file, lines = config_lines(name or "", settings.ringing)
        why, remedy = unavailable.why, unavailable.remedy
        return DndFindings(wanted=True, server=name, why=why, remedy=remedy, file=file or None, lines=lines or None)
    file, lines = config_lines(name, settings.ringing) if exceptions.remedy else ("", "")
    return DndFindings(
        wanted=True,
        server=name,
        dnd_name=dnd.name,
        nudges=exceptions.nudges,
        allowed=exceptions.allowed,
        silenced=exceptions.silenced,
        others_go_to=exceptions.others_go_to,
        remedy=exceptions.remedy,
        file=file or None,
        lines=lines or None,
    )
