"""mako: a mode of our own, which hides other notifications until it is removed again.

Invariant 1: the person's own modes are left as they are, in their order.
Invariant 2: the configuration that gives our mode a meaning is read, never written: without it nothing is switched.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from detector.dnd.model import DndExceptions, DndUnavailable, as_text
from detector.dnd.server import ServerDnd
from detector.i18n import _
from detector.notifier.safe_text import APP_NAME, DESKTOP_ENTRY

MAKO: Final = "fr.emersion.Mako"
PATH: Final = "/fr/emersion/Mako"
MODE: Final = DESKTOP_ENTRY
FILE: Final = "~/.config/mako/config"
DRAW_DELAY: Final = 0.5
"""Seconds that a notification of ours gets to be drawn: mako before 1.9 crashes if modes change meanwhile (mako#493)."""
REMEDY: Final = _("write the lines below at the end of {file}, then run `makoctl reload`").format(file=FILE)

_Section = tuple[frozenset[tuple[str, str]], dict[str, str]]


def config_lines(ringing: Sequence[str]) -> str:
    # The exceptions come after the rule that hides everything: the last section that fits decides.
    passing = [f"app-name={APP_NAME}", *(f"desktop-entry={app}" for app in ringing)]
    return f"[mode={MODE}]\ninvisible=1\n" + "".join(
        f"[mode={MODE} {criterion}]\ninvisible=0\n" for criterion in passing
    )


class MakoMode(ServerDnd):
    """Our mode beside the person's, over mako's own interface on the bus."""

    name = "mako"

    async def probe(self) -> None:
        await self._modes()
        if not _hides(_sections(await self._config()), frozenset()):
            why = _("mako's settings give the mode `{mode}` no meaning yet").format(mode=MODE)
            raise DndUnavailable(why, REMEDY)

    async def read(self) -> str:
        return as_text({"modes": await self._modes()})

    def state_when_on(self, before: str) -> str:
        modes = json.loads(before)["modes"]
        return before if MODE in modes else as_text({"modes": [*modes, MODE]})

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        await asyncio.sleep(DRAW_DELAY)  # mako does not tell when its surfaces are drawn
        await self._server.call("SetModes", "as", json.loads(state)["modes"], interface=MAKO, path=PATH)

    async def exceptions(self, ringing: Sequence[str]) -> DndExceptions:
        sections = _sections(await self._config())
        # An app may give either name of its own: mako compares both.
        allowed = [
            app for app in ringing if not _hides(sections, frozenset({("desktop-entry", app), ("app-name", app)}))
        ]
        nudges = not _hides(sections, frozenset({("app-name", APP_NAME), ("desktop-entry", DESKTOP_ENTRY)}))
        others_go_to = _("other notifications are hidden; those that have not expired are shown afterwards")
        remedy = None if nudges and len(allowed) == len(ringing) else REMEDY
        return DndExceptions.of(ringing, allowed, nudges=nudges, others_go_to=others_go_to, remedy=remedy)

    async def _modes(self) -> list[str]:
        (modes,) = await self._server.call("ListModes", interface=MAKO, path=PATH)
        return [str(mode) for mode in modes]

    async def _config(self) -> str:
        # Return the text of the configuration file that mako was started with, '' where it cannot be read.
        path = _config_path(await self._server.process_id())
        try:
            return "" if path is None else path.read_text(errors="replace")
        except OSError:
            return ""


def _config_path(pid: int | None) -> Path | None:
    # mako does not tell which file it read. It prefers `--config`, then the first of its default files that exists.
    try:
        arguments = (Path("/proc") / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        arguments = []
    for number, argument in enumerate(arguments):
        if argument in {"-c", "--config"} and number + 1 < len(arguments):
            return Path(arguments[number + 1])
        if argument.startswith("--config="):
            return Path(argument.partition("=")[2])
    home = Path.home()
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return next((path for path in (home / ".mako/config", folder / "mako/config") if path.is_file()), None)


def _sections(text: str) -> list[_Section]:
    # As mako reads it: a section holds until the next one, and criteria are words of `key=value`.
    sections: list[_Section] = []
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            criteria = (word.partition("=") for word in line[1:-1].split())
            sections.append((frozenset((key, value.strip("\"'")) for key, _equals, value in criteria), {}))
        elif sections and "=" in line and not line.startswith("#"):
            key, _equals, value = line.partition("=")
            sections[-1][1][key.strip()] = value.strip()
    return sections


def _hides(sections: Sequence[_Section], known: frozenset[tuple[str, str]]) -> bool:
    # Return whether our mode hides a notification with these criteria: the last section that fits decides, as in mako.
    hidden = False
    for criteria, options in sections:
        if ("mode", MODE) in criteria and criteria - {("mode", MODE)} <= known and "invisible" in options:
            hidden = options["invisible"] in {"1", "true"}
    return hidden
