"""GNOME: the setting behind its own Do Not Disturb, `show-banners`, exactly as it stood: true, false, or not set at all.

Invariant 1: the setting outlives a crash and a reboot, so what we set is ours until it is something else.
Invariant 2: the desktop's own programs change it (`gsettings`, `dconf`); each has two seconds.
"""

import asyncio
import json
import shutil
from collections.abc import Sequence
from typing import Final

from detector.dnd.model import DndExceptions, DndUnavailable, as_text
from detector.dnd.server import TIMEOUT, ServerDnd
from detector.i18n import _

SCHEMA: Final = "org.gnome.desktop.notifications"
KEY: Final = "show-banners"
DCONF_PATH: Final = "/org/gnome/desktop/notifications/show-banners"


class GnomeBanners(ServerDnd):
    """The setting `show-banners`. While it is off, GNOME shows only what is marked urgent."""

    name = "gnome"
    needs_urgent = True

    async def probe(self) -> None:
        if await _run("gsettings", "writable", SCHEMA, KEY) != "true":
            raise DndUnavailable(_("GNOME's setting for Do Not Disturb may not be changed here"))

    async def scope(self) -> str:
        return ""

    async def read(self) -> str:
        # gsettings shows a default as if it had been set; only dconf tells the two apart.
        if shutil.which("dconf") is not None:
            return as_text({KEY: await _run("dconf", "read", DCONF_PATH) or None})
        return as_text({KEY: await _run("gsettings", "get", SCHEMA, KEY)})

    def state_when_on(self, before: str) -> str:
        return as_text({KEY: "false"})

    def is_on_by_others(self, state: str) -> bool:
        return bool(json.loads(state)[KEY] == "false")

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        value = json.loads(state)[KEY]
        if value is None:
            await _run("gsettings", "reset", SCHEMA, KEY)
        else:
            await _run("gsettings", "set", SCHEMA, KEY, value)

    async def exceptions(self, ringing: Sequence[str]) -> DndExceptions:
        others_go_to = _(
            "other notifications go into the list under the clock; what an app itself marks as urgent is still shown"
        )
        remedy = _("GNOME lets no single app through its Do Not Disturb; keep such a partner time without --quiet")
        return DndExceptions.of(ringing, (), nudges=True, others_go_to=others_go_to, remedy=remedy if ringing else None)


async def _run(*command: str) -> str:
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        why = _("the program {program} is not there").format(program=command[0])
        raise DndUnavailable(why, _("install {program}").format(program=command[0])) from None
    try:
        async with asyncio.timeout(TIMEOUT):
            output, _nothing = await process.communicate()
    except TimeoutError:
        raise DndUnavailable(_("{program} does not answer").format(program=command[0])) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        command_text = f"{command[0]} {command[1]}"
        raise DndUnavailable(_("{command} refused: there may be no such setting").format(command=command_text))
    return output.decode().strip()
