"""dunst, in three ways: by its pause levels (1.10 and later), by rules of ours in its configuration, or paused.

Invariant 1: rules are looked for, never written: dunst knows them only once the person has put them into its configuration.
Invariant 2: the rules that let our nudges through are on only while we have Do Not Disturb on: under the person's own pause they
are off.
Invariant 3: where the person has paused dunst, nothing is changed.

Sources, and what was tried: docs/dev/decisions/do-not-disturb.md.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from dbus_fast import Variant

from detector.dnd.model import DndExceptions, DndUnavailable, as_text
from detector.dnd.server import DndNotSupported, ServerDnd
from detector.i18n import _
from detector.notifier.safe_text import APP_NAME

DUNST: Final = "org.dunstproject.cmd0"
HOLD_RULE: Final = "turntoward_quiet"
NUDGE_RULE: Final = "turntoward_speaks"
RING_RULE: Final = "turntoward_rings_"
"""Our rules in dunst's configuration; the desktop id of an app that may ring follows on the last."""
LEVEL: Final = 50
"""Our pause level: below dunst's own 60 for what is critical, and never the 100 of `dunstctl set-paused true`."""
FILE: Final = "~/.config/dunst/dunstrc.d/50-turntoward.conf"
REMEDY: Final = _("write the lines below into {file}, then restart dunst (`killall dunst`)").format(file=FILE)
_OFF, _ON, _TOGGLE = 0, 1, 2


def config_lines(ringing: Sequence[str]) -> str:
    """Return what the person puts into `FILE`; every version of dunst reads it."""
    rules = [
        f"[{HOLD_RULE}]\n    enabled = false\n    skip_display = true\n",
        _allow_rule(NUDGE_RULE, f"appname = {APP_NAME}"),
    ]
    rules += [_allow_rule(f"{RING_RULE}{app}", f"desktop_entry = {app}") for app in ringing]
    return "".join(rules)


def _allow_rule(name: str, matches: str) -> str:
    shown = f"    skip_display = false\n    override_pause_level = {LEVEL}\n"
    return f"[{name}]\n    enabled = false\n    {matches}\n{shown}"


class _Dunst(ServerDnd):
    async def _switch_rule(self, name: str, state: int) -> bool:
        """Switch a rule, and return whether there is one."""
        try:
            await self._server.call("RuleEnable", "si", name, state, interface=DUNST)
        except DndNotSupported:
            return False
        return True

    async def _switch_allow_rules(self, ringing: Sequence[str], state: int) -> None:
        for name in (NUDGE_RULE, *(f"{RING_RULE}{app}" for app in ringing)):
            await self._switch_rule(name, state)

    async def _has_rule(self, name: str) -> bool:
        # dunst 1.9 lists no rules: only switching tells. Toggled twice, the rule is as it was.
        return await self._switch_rule(name, _TOGGLE) and await self._switch_rule(name, _TOGGLE)

    async def _require_rules(self) -> None:
        if not await self._has_rule(NUDGE_RULE):
            raise DndUnavailable(_("dunst has no rules yet that would let our nudges through"), REMEDY)

    async def _rule_exceptions(self, ringing: Sequence[str], others_go_to: str) -> DndExceptions:
        allowed = [app for app in ringing if await self._has_rule(f"{RING_RULE}{app}")]
        remedy = REMEDY if len(allowed) < len(ringing) else None
        return DndExceptions.of(ringing, allowed, nudges=True, others_go_to=others_go_to, remedy=remedy)


class DunstLevels(_Dunst):
    """Pause levels: other notifications wait, and are shown afterwards."""

    name = "dunst_levels"
    seen_by_sensor = True

    async def probe(self) -> None:
        await self._server.get(DUNST, "pauseLevel")
        await self._require_rules()

    async def read(self) -> str:
        return as_text({"level": int(await self._server.get(DUNST, "pauseLevel"))})

    def state_when_on(self, before: str) -> str:
        return before if self.is_on_by_others(before) else as_text({"level": LEVEL})

    def is_on_by_others(self, state: str) -> bool:
        return json.loads(state)["level"] not in {0, LEVEL}

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        level = int(json.loads(state)["level"])
        # Our nudges must get through from the first instant to the last, so the rules are switched on before the level is
        # set, and off only after it is gone.
        if level == LEVEL:
            await self._switch_allow_rules(ringing, _ON)
        await self._server.set(DUNST, "pauseLevel", Variant("u", level))
        if level != LEVEL:
            await self._switch_allow_rules(ringing, _OFF)

    async def exceptions(self, ringing: Sequence[str]) -> DndExceptions:
        return await self._rule_exceptions(ringing, _("other notifications wait, and are shown afterwards"))


class DunstRules(_Dunst):
    """Rules: other notifications go into dunst's history unseen. `paused` is not touched, and stays the person's own."""

    name = "dunst_rules"
    can_read = False  # dunst 1.9 does not tell which rules are switched on

    async def probe(self) -> None:
        await self._require_rules()

    async def read(self) -> str:
        return as_text({"rule": False})

    def state_when_on(self, before: str) -> str:
        return as_text({"rule": True})

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        if json.loads(state)["rule"]:
            # The exceptions first, for the same reason as in `DunstLevels`.
            await self._switch_allow_rules(ringing, _ON)
            if not await self._switch_rule(HOLD_RULE, _ON):
                raise DndUnavailable(_("dunst has only some of our rules"), REMEDY)
        else:
            await self._switch_rule(HOLD_RULE, _OFF)
            await self._switch_allow_rules(ringing, _OFF)

    async def exceptions(self, ringing: Sequence[str]) -> DndExceptions:
        others_go_to = _("other notifications go into dunst's history unseen; `dunstctl history-pop` shows them")
        return await self._rule_exceptions(ringing, others_go_to)


class DunstPaused(_Dunst):
    """The plain pause, which holds everything back, our nudges too."""

    name = "dunst_paused"

    async def probe(self) -> None:
        await self._server.get(DUNST, "paused")

    async def read(self) -> str:
        # Both: before 1.10 there is no level, and since then `paused` alone would restore 100 in place of 30.
        state: dict[str, object] = {"paused": bool(await self._server.get(DUNST, "paused"))}
        with suppress(DndNotSupported):
            state["level"] = int(await self._server.get(DUNST, "pauseLevel"))
        return as_text(state)

    def state_when_on(self, before: str) -> str:
        state = json.loads(before)
        if state["paused"]:
            return before
        return as_text({"paused": True, **({"level": 100} if "level" in state else {})})

    def is_on_by_others(self, state: str) -> bool:
        return bool(json.loads(state)["paused"])

    async def write(self, state: str, ringing: Sequence[str]) -> None:
        wanted = json.loads(state)
        if "level" in wanted:
            await self._server.set(DUNST, "pauseLevel", Variant("u", wanted["level"]))
        else:
            await self._server.set(DUNST, "paused", Variant("b", wanted["paused"]))

    async def exceptions(self, ringing: Sequence[str]) -> DndExceptions:
        others_go_to = _("everything waits, our nudges too")
        return DndExceptions.of(ringing, (), nudges=False, others_go_to=others_go_to, remedy=REMEDY)
