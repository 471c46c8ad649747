"""dunst, in three ways: by its pause levels (1.10 and later), by rules of ours in its settings, or paused.

Rule 1: rules are looked for, never written: dunst knows them only once the person has put them into its settings.
Rule 2: what lets our nudges through is switched on only while it is quiet by us: under the person's own pause it is off.
Rule 3: where the person has paused dunst, nothing is changed.

Sources, and what was tried: docs/decisions/quiet-desktop.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from dbus_fast import Variant
from dbus_fast.aio import MessageBus

from detector.dnd.model import APP_NAME, DndExceptions, DndUnavailable, as_text
from detector.dnd.server import Asked, Refused

DUNST: Final = "org.dunstproject.cmd0"
HOLDS: Final = "turntoward_quiet"
SPEAKS: Final = "turntoward_speaks"
RINGS: Final = "turntoward_rings_"
LEVEL: Final = 50
"""Ours; below dunst's own 60 for what is critical, and never the 100 of `dunstctl set-paused true`."""
FILE: Final = "~/.config/dunst/dunstrc.d/50-turntoward.conf"
TO_DO: Final = f"write the lines below into {FILE}, then restart dunst (`killall dunst`)"
_OFF, _ON, _OTHER = 0, 1, 2


def lines(ringing: Sequence[str]) -> str:
    """Return what the person puts into `FILE`; it holds for every version of dunst."""
    rules = [
        f"[{HOLDS}]\n    enabled = false\n    skip_display = true\n",
        _passes(SPEAKS, f"appname = {APP_NAME}"),
    ]
    rules += [_passes(f"{RINGS}{app}", f"desktop_entry = {app}") for app in ringing]
    return "".join(rules)


def _passes(rule: str, whose: str) -> str:
    shown = f"    skip_display = false\n    override_pause_level = {LEVEL}\n"
    return f"[{rule}]\n    enabled = false\n    {whose}\n{shown}"


class _Dunst:
    servers = ("dunst",)
    reads = True
    masks = False
    urgent = False

    def __init__(self, bus: MessageBus) -> None:
        self._asked = Asked(bus)

    async def place(self) -> str:
        return await self._asked.place()

    async def _rule(self, name: str, state: int) -> bool:
        """Switch a rule, and return whether there is one."""
        try:
            await self._asked.call("RuleEnable", "si", name, state, interface=DUNST)
        except Refused:
            return False
        return True

    async def _let_through(self, ringing: Sequence[str], state: int) -> None:
        for name in (SPEAKS, *(f"{RINGS}{app}" for app in ringing)):
            await self._rule(name, state)

    async def _knows(self, name: str) -> bool:
        """Return whether there is such a rule. Only switching tells, so it is switched twice, and is as it was."""
        return await self._rule(name, _OTHER) and await self._rule(name, _OTHER)

    async def _has_rules(self) -> None:
        if not await self._knows(SPEAKS):
            raise DndUnavailable("dunst has no rules yet that would let our nudges through", TO_DO)

    async def _passing(self, ringing: Sequence[str], how: str) -> DndExceptions:
        rings = [app for app in ringing if await self._knows(f"{RINGS}{app}")]
        held = [app for app in ringing if app not in rings]
        return DndExceptions(nudges=True, rings=tuple(rings), held=tuple(held), how=how, remedy=TO_DO if held else None)


class DunstLevels(_Dunst):
    """Pause levels: what others say waits, and is shown afterwards."""

    name = "dunst_levels"
    masks = True

    async def probe(self) -> None:
        """Return if there are pause levels, and rules of ours; raise `DndUnavailable` if not."""
        await self._asked.get(DUNST, "pauseLevel")
        await self._has_rules()

    async def read(self) -> str:
        """Return the pause level."""
        return as_text({"level": int(await self._asked.get(DUNST, "pauseLevel"))})

    def quietened(self, before: str) -> str:
        """Return our level, where there was none."""
        return before if self.is_quiet(before) else as_text({"level": LEVEL})

    def is_quiet(self, state: str) -> bool:
        """Return whether there is a pause level that is not ours."""
        return json.loads(state)["level"] not in {0, LEVEL}

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        """Set the pause level; what lets ours through goes with it."""
        level = int(json.loads(state)["level"])
        if level == LEVEL:
            await self._let_through(ringing, _ON)
        await self._asked.set(DUNST, "pauseLevel", Variant("u", level))
        if level != LEVEL:
            await self._let_through(ringing, _OFF)

    async def passing(self, ringing: Sequence[str]) -> DndExceptions:
        """Return what our rules let through."""
        return await self._passing(ringing, "other notifications wait, and are shown afterwards")


class DunstRules(_Dunst):
    """Rules: what others say goes into dunst's history unseen. `paused` is not touched, and stays the person's own."""

    name = "dunst_rules"
    reads = False  # dunst 1.9 does not tell which rules are switched on

    async def probe(self) -> None:
        """Return if dunst knows rules of ours; raise `DndUnavailable` if not."""
        await self._has_rules()

    async def read(self) -> str:
        """Return what holds where nothing of ours is known to stand."""
        return as_text({"rule": False})

    def quietened(self, before: str) -> str:
        """Return the rule as switched on."""
        del before
        return as_text({"rule": True})

    def is_quiet(self, state: str) -> bool:
        """Nobody else uses our rule."""
        del state
        return False

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        """Switch our rules on or off."""
        if json.loads(state)["rule"]:
            await self._let_through(ringing, _ON)
            if not await self._rule(HOLDS, _ON):
                raise DndUnavailable("dunst has only some of our rules", TO_DO)
        else:
            await self._rule(HOLDS, _OFF)
            await self._let_through(ringing, _OFF)

    async def passing(self, ringing: Sequence[str]) -> DndExceptions:
        """Return what our rules let through."""
        how = "other notifications go into dunst's history unseen; `dunstctl history-pop` shows them"
        return await self._passing(ringing, how)


class DunstPaused(_Dunst):
    """The plain pause, which holds everything back, our nudges too."""

    name = "dunst_paused"

    async def probe(self) -> None:
        """Return if dunst tells whether it is paused; raise `DndUnavailable` if not."""
        await self._asked.get(DUNST, "paused")

    async def read(self) -> str:
        """Return whether it is paused, and how far where it has levels."""
        state: dict[str, object] = {"paused": bool(await self._asked.get(DUNST, "paused"))}
        with suppress(Refused):
            state["level"] = int(await self._asked.get(DUNST, "pauseLevel"))
        return as_text(state)

    def quietened(self, before: str) -> str:
        """Return it paused as far as `dunstctl set-paused true` does."""
        state = json.loads(before)
        if state["paused"]:
            return before
        return as_text({"paused": True, **({"level": 100} if "level" in state else {})})

    def is_quiet(self, state: str) -> bool:
        """Return whether it is paused."""
        return bool(json.loads(state)["paused"])

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        """Pause it, or let it go on."""
        del ringing
        wanted = json.loads(state)
        if "level" in wanted:
            await self._asked.set(DUNST, "pauseLevel", Variant("u", wanted["level"]))
        else:
            await self._asked.set(DUNST, "paused", Variant("b", wanted["paused"]))

    async def passing(self, ringing: Sequence[str]) -> DndExceptions:
        """Return that nothing gets through."""
        return DndExceptions(nudges=False, held=tuple(ringing), how="everything waits, our nudges too", remedy=TO_DO)
