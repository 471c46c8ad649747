"""mako: a mode of our own, which hides what others say until it is taken away again.

Rule 1: modes of the person's own are left as they are, in their order.
Rule 2: the lines that give the mode its meaning are read, never written: without them nothing is switched.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from dbus_fast.aio import MessageBus

from detector.dnd.model import APP_NAME, ENTRY, DndExceptions, DndUnavailable, as_text
from detector.dnd.server import Asked

MAKO: Final = "fr.emersion.Mako"
PATH: Final = "/fr/emersion/Mako"
MODE: Final = ENTRY
FILE: Final = "~/.config/mako/config"
SETTLES: Final = 0.5
"""Seconds that a notification of ours has to be drawn: mako before 1.9 crashes if modes change meanwhile (mako#493)."""
TO_DO: Final = f"write the lines below at the end of {FILE}, then run `makoctl reload`"

_Section = tuple[frozenset[tuple[str, str]], dict[str, str]]


def lines(ringing: Sequence[str]) -> str:
    """Return what the person puts at the end of `FILE`."""
    passing = [f"app-name={APP_NAME}", *(f"desktop-entry={app}" for app in ringing)]
    return f"[mode={MODE}]\ninvisible=1\n" + "".join(f"[mode={MODE} {each}]\ninvisible=0\n" for each in passing)


class Mako:
    """The modes of mako, over its own interface on the bus."""

    name = "mako"
    servers = ("mako",)
    reads = True
    masks = False
    urgent = False

    def __init__(self, bus: MessageBus) -> None:
        self._asked = Asked(bus)

    async def probe(self) -> None:
        """Return if mako has modes, and our mode a meaning; raise `DndUnavailable` if not."""
        await self._modes()
        if not _hides(_sections(await self._config()), frozenset()):
            raise DndUnavailable(f"mako's settings give the mode `{MODE}` no meaning yet", TO_DO)

    async def place(self) -> str:
        """Return which mako it is: its modes end with it."""
        return await self._asked.place()

    async def read(self) -> str:
        """Return the modes, in their order."""
        return as_text({"modes": await self._modes()})

    def quietened(self, before: str) -> str:
        """Return the modes with ours behind them."""
        modes = json.loads(before)["modes"]
        return before if MODE in modes else as_text({"modes": [*modes, MODE]})

    def is_quiet(self, state: str) -> bool:
        """What modes of the person's own do is not known here."""
        del state
        return False

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        """Set the modes."""
        del ringing
        await asyncio.sleep(SETTLES)  # noqa: TID251 - nobody tells when mako's surfaces are drawn
        await self._asked.call("SetModes", "as", json.loads(state)["modes"], interface=MAKO, path=PATH)

    async def passing(self, ringing: Sequence[str]) -> DndExceptions:
        """Return what the lines in mako's settings let through."""
        sections = _sections(await self._config())
        rings = [app for app in ringing if not _hides(sections, frozenset({("desktop-entry", app), ("app-name", app)}))]
        nudges = not _hides(sections, frozenset({("app-name", APP_NAME), ("desktop-entry", ENTRY)}))
        return DndExceptions(
            nudges=nudges,
            rings=tuple(rings),
            held=tuple(app for app in ringing if app not in rings),
            how="other notifications are hidden; those that have not expired are shown afterwards",
            remedy=None if nudges and len(rings) == len(ringing) else TO_DO,
        )

    async def _modes(self) -> list[str]:
        (modes,) = await self._asked.call("ListModes", interface=MAKO, path=PATH)
        return [str(mode) for mode in modes]

    async def _config(self) -> str:
        """Return mako's settings as they stand in the file that it was started with."""
        return "\n".join(_text(path) for path in _files(await self._asked.process()))


def _files(pid: int | None) -> Iterator[Path]:
    try:
        said = (Path("/proc") / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        said = []
    for number, word in enumerate(said):
        if word in {"-c", "--config"} and number + 1 < len(said):
            yield Path(said[number + 1])
            return
        if word.startswith("--config="):
            yield Path(word.partition("=")[2])
            return
    home = Path.home()
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    for path in (home / ".mako/config", folder / "mako/config"):
        if path.is_file():
            yield path
            return


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _sections(text: str) -> list[_Section]:
    sections: list[_Section] = []
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            criteria = (word.partition("=") for word in line[1:-1].split())
            sections.append((frozenset((key, value.strip("\"'")) for key, _, value in criteria), {}))
        elif sections and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            sections[-1][1][key.strip()] = value.strip()
    return sections


def _hides(sections: Sequence[_Section], known: frozenset[tuple[str, str]]) -> bool:
    """Return whether a notification of which this is known is hidden in our mode: the last section that fits decides."""
    hidden = False
    for criteria, options in sections:
        if ("mode", MODE) in criteria and criteria - {("mode", MODE)} <= known and "invisible" in options:
            hidden = options["invisible"] in {"1", "true"}
    return hidden
