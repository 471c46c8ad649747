"""Desktops with a Do Not Disturb to switch, each with functions that look at and change it without the program.

Invariant 1: dunst and mako are real; GNOME's setting is the real one, of a home of its own; Plasma's server and a dunst with
pause levels (1.10, which Debian 12 has not) are services of ours that do what those are documented to do.
Invariant 2: `state()` tells the exact state by the desktop's own means, `earlier_states` brings about each one worth restoring.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from detector.dnd.dunst import DUNST, NUDGE_RULE, RING_RULE, config_lines
from detector.dnd.mako import config_lines as mako_lines
from tests.rig.bus import NAME, SessionBus, dunst_on, private_bus
from tests.rig.notification_server import FakeServer
from tests.rig.processes import needs, started, until
from tests.rig.wayland import mako_on_sway
from tests.rig.x11 import desktop

RINGING = ("org.signal.Signal",)
PROPERTIES = "org.freedesktop.DBus.Properties"
SCHEMA = ("org.gnome.desktop.notifications", "show-banners")


@dataclass(kw_only=True)
class DndDesktop:
    """A desktop. `dnd_name`: its row in the registry; `hang` makes its server answer no more; `restart` restarts the server."""

    dnd_name: str
    address: str
    state: Callable[[], str]
    earlier_states: Mapping[str, Callable[[], None]]
    change_by_hand: Callable[[], None]
    hang: Callable[[], None] | None = None
    restart: Callable[[], None] | None = None
    is_quiet: Callable[[], bool] = field(default=lambda: True)
    server: Any = None


class Plasma(FakeServer):
    """Plasma's server, as its `Inhibit` is documented: an inhibition ends with the connection of who asked for it."""

    def __init__(self, bus: MessageBus) -> None:
        self.inhibitions: dict[int, str] = {}
        self.own = False
        self.hangs = False
        self._cookies = 0
        super().__init__(bus, can=("body", "actions", "inhibitions"), name="Plasma")

    @property
    def inhibited(self) -> bool:
        return self.own or bool(self.inhibitions)

    def _called(self, message: Message) -> Message | bool | None:
        if message.message_type is MessageType.SIGNAL and message.member == "NameOwnerChanged":
            gone, _, after = message.body
            if not after:
                self.inhibitions = {c: who for c, who in self.inhibitions.items() if who != gone}
            return None
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if self.hangs and message.interface in {NAME, PROPERTIES}:
            return True
        if message.interface == PROPERTIES and message.body[1:2] == ["Inhibited"]:
            return Message.new_method_return(message, "v", [Variant("b", self.inhibited)])
        if message.member == "Inhibit":
            self._cookies += 1
            self.inhibitions[self._cookies] = message.sender or ""
            return Message.new_method_return(message, "u", [self._cookies])
        if message.member == "UnInhibit":
            self.inhibitions.pop(message.body[0], None)
            return Message.new_method_return(message)
        return super()._called(message)


class LeveledDunst(FakeServer):
    """dunst from 1.10 on, as its pause levels are documented; tried once with a real 1.13.2."""

    def __init__(self, bus: MessageBus) -> None:
        self.level = 0
        self.hangs = False
        self.rules = {NUDGE_RULE: False, **{f"{RING_RULE}{app}": False for app in RINGING}}
        super().__init__(bus, can=("body", "actions"), name="dunst")

    def _called(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if self.hangs and message.interface in {NAME, PROPERTIES, DUNST}:
            return True
        if message.interface == PROPERTIES and message.member == "Get":
            known = {"pauseLevel": Variant("u", self.level), "paused": Variant("b", self.level > 0)}
            return Message.new_method_return(message, "v", [known[message.body[1]]])
        if message.interface == PROPERTIES and message.member == "Set":
            value = message.body[2].value
            self.level = value if message.body[1] == "pauseLevel" else 100 * value
            return Message.new_method_return(message)
        if message.member == "RuleEnable":
            name, state = message.body
            if name not in self.rules:
                return Message.new_error(message, "org.freedesktop.DBus.Error.InvalidArgs", "There is no such rule")
            self.rules[name] = not self.rules[name] if state == 2 else bool(state)
            return Message.new_method_return(message)
        return super()._called(message)


@asynccontextmanager
async def _served(kind: type[Plasma | LeveledDunst], address: str) -> AsyncIterator[Any]:
    bus = await MessageBus(bus_address=address).connect()
    try:
        await bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="AddMatch",
                signature="s",
                body=["type='signal',member='NameOwnerChanged'"],
            )
        )
        server = kind(bus)
        await bus.request_name(NAME)
        yield server
    finally:
        bus.disconnect()
        await bus.wait_for_disconnect()


@asynccontextmanager
async def dunst_desktop(name: str, rules: str) -> AsyncIterator[DndDesktop]:
    with desktop(window_manager=False) as display, private_bus() as bus, dunst_on(display, bus, rules=rules) as dunst:

        def holds() -> bool:
            """Tell by what happens to a notification: it is not shown."""
            before = dunst.displayed()
            dunst.notify("x")
            return dunst.displayed() == before

        yield DndDesktop(
            dnd_name=name,
            address=bus.address,
            state=lambda: dunst.ctl("is-paused"),
            server=dunst,
            earlier_states={"as it starts": lambda: None, "paused": dunst.pause}
            if name == "dunst_paused"
            else {"as it starts": lambda: None},
            change_by_hand=lambda: dunst.ctl("set-paused", "toggle") and None,
            hang=lambda: os.kill(dunst.process.pid, signal.SIGSTOP),
            restart=dunst.restart,
            is_quiet=holds,
        )


@asynccontextmanager
async def mako_desktop() -> AsyncIterator[DndDesktop]:
    with mako_on_sway(mako_lines(RINGING)) as mako:

        def restart() -> None:
            mako.stop()
            mako.start()

        yield DndDesktop(
            dnd_name="mako",
            address=mako.address,
            state=lambda: mako.ctl("mode"),
            server=mako,
            earlier_states={
                "as it starts": lambda: None,
                "modes of one's own": lambda: mako.ctl("mode", "-s", "night", "work") and None,
                "no mode at all": lambda: mako.ctl("mode", "-r", "default") and None,
            },
            change_by_hand=lambda: mako.ctl("mode", "-s", "night") and None,
            hang=lambda: os.kill(mako.process.pid, signal.SIGSTOP),
            restart=restart,
            is_quiet=lambda: "turntoward" in mako.modes(),
        )


@asynccontextmanager
async def gnome_desktop(home: Path) -> AsyncIterator[DndDesktop]:
    needs("gsettings", "dconf")
    writer = shutil.which("dconf-service", path="/usr/libexec:/usr/lib/dconf:/usr/lib/x86_64-linux-gnu/dconf") or ""
    needs(writer or "dconf-service")
    async with AsyncExitStack() as stack:
        bus = stack.enter_context(private_bus())
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"],
            "DBUS_SESSION_BUS_ADDRESS": bus.address,
            "LC_ALL": "C.UTF-8",
        }
        stack.enter_context(started([writer], env=env))
        until(lambda: bus.has_owner("ca.desrt.dconf"), what="dconf's service")
        shell = await stack.enter_async_context(_named("gnome-shell", bus))

        def run(*command: str) -> str:
            done = subprocess.run(command, env=env, capture_output=True, check=True, timeout=30, text=True)
            return done.stdout.strip()

        def hang() -> None:
            """Let the programs that change the setting answer no more."""
            folder = home / "hanging"
            folder.mkdir()
            for name in ("gsettings", "dconf"):
                (folder / name).write_text("#!/bin/sh\nexec sleep 60\n")
                (folder / name).chmod(0o755)
            stack.callback(os.environ.__setitem__, "PATH", os.environ["PATH"])
            os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"

        def state() -> str:
            return run("dconf", "read", "/org/gnome/desktop/notifications/show-banners")

        yield DndDesktop(
            dnd_name="gnome",
            address=bus.address,
            state=state,
            server=shell,
            earlier_states={
                "never set": lambda: None,
                "banners on": lambda: run("gsettings", "set", *SCHEMA, "true") and None,
                "banners off": lambda: run("gsettings", "set", *SCHEMA, "false") and None,
            },
            change_by_hand=lambda: run("gsettings", "set", *SCHEMA, "true") and None,
            is_quiet=lambda: state() == "false",
            hang=hang,
        )


@asynccontextmanager
async def _named(name: str, bus: SessionBus) -> AsyncIterator[FakeServer]:
    own = await MessageBus(bus_address=bus.address).connect()
    try:
        server = FakeServer(own, can=("body", "actions"), name=name)
        await own.request_name(NAME)
        yield server
    finally:
        own.disconnect()
        await own.wait_for_disconnect()


@asynccontextmanager
async def kde_desktop() -> AsyncIterator[DndDesktop]:
    with private_bus() as bus:
        async with _served(Plasma, bus.address) as plasma:
            yield DndDesktop(
                dnd_name="kde",
                address=bus.address,
                server=plasma,
                is_quiet=lambda: plasma.inhibited,
                state=lambda: f"{plasma.own} {sorted(plasma.inhibitions.values())}",
                earlier_states={
                    "as it starts": lambda: None,
                    "Do Not Disturb of its own": lambda: setattr(plasma, "own", True),
                    "inhibited by another": lambda: plasma.inhibitions.update({77: ":1.777"}),
                },
                change_by_hand=plasma.inhibitions.clear,
                hang=lambda: setattr(plasma, "hangs", True),
            )


@asynccontextmanager
async def levels_desktop() -> AsyncIterator[DndDesktop]:
    with private_bus() as bus:
        async with _served(LeveledDunst, bus.address) as dunst:
            yield DndDesktop(
                dnd_name="dunst_levels",
                address=bus.address,
                server=dunst,
                is_quiet=lambda: dunst.level > 0,
                state=lambda: f"{dunst.level} {sorted(dunst.rules.items())}",
                earlier_states={
                    "not paused": lambda: None,
                    "a level of one's own": lambda: setattr(dunst, "level", 30),
                    "paused": lambda: setattr(dunst, "level", 100),
                },
                change_by_hand=lambda: setattr(dunst, "level", 100),
                hang=lambda: setattr(dunst, "hangs", True),
            )


def dnd_desktops(home: Path) -> dict[str, Callable[[], AbstractAsyncContextManager[DndDesktop]]]:
    """Return a desktop for every row of the registry, by name; `home` is the person's."""
    return {
        "dunst_levels": levels_desktop,
        "dunst_rules": lambda: dunst_desktop("dunst_rules", config_lines(RINGING)),
        "dunst_paused": lambda: dunst_desktop("dunst_paused", ""),
        "mako": mako_desktop,
        "gnome": lambda: gnome_desktop(home),
        "kde": kde_desktop,
    }
