"""Desktops to be kept quiet, each with a hand for it that knows nothing of the program: see `STAGES`.

Rule 1: dunst and mako are real; GNOME's setting is the real one, of a home of its own; Plasma's server and a dunst with
pause levels (1.10, which Debian 12 has not) are services of ours that do what those are documented to do.
Rule 2: `look()` tells the exact state by the desktop's own means, `earlier` brings about each state worth coming back to.
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

from detector.dnd.dunst import DUNST, RINGS, SPEAKS, lines
from detector.dnd.mako import lines as mako_lines
from tests.rig.bus import NAME, SessionBus, dunst_on, private_bus
from tests.rig.notification_server import FakeServer
from tests.rig.wayland import mako_on_sway
from tests.rig.x11 import desktop, needs, started, until

RINGING = ("org.signal.Signal",)
PROPERTIES = "org.freedesktop.DBus.Properties"
SCHEMA = ("org.gnome.desktop.notifications", "show-banners")


@dataclass(kw_only=True)
class Stage:
    """A desktop. `way` keeps it quiet; `hang` lets its server answer no more; `again` ends and starts the server."""

    way: str
    address: str
    look: Callable[[], str]
    earlier: Mapping[str, Callable[[], None]]
    by_hand: Callable[[], None]
    hang: Callable[[], None] | None = None
    again: Callable[[], None] | None = None
    is_quiet: Callable[[], bool] = field(default=lambda: True)
    server: Any = None


class Plasma(FakeServer):
    """Plasma's server, as its `Inhibit` is documented: an inhibition ends with the connection of who asked for it."""

    def __init__(self, bus: MessageBus) -> None:
        self.inhibitions: dict[int, str] = {}
        self.own = False
        self.deaf = False
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
        if self.deaf and message.interface in {NAME, PROPERTIES}:
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
        self.deaf = False
        self.rules = {SPEAKS: False, **{f"{RINGS}{app}": False for app in RINGING}}
        super().__init__(bus, can=("body", "actions"), name="dunst")

    def _called(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if self.deaf and message.interface in {NAME, PROPERTIES, DUNST}:
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
async def dunst_stage(way: str, rules: str) -> AsyncIterator[Stage]:
    with desktop(window_manager=False) as display, private_bus() as bus, dunst_on(display, bus, rules=rules) as dunst:

        def holds() -> bool:
            """Tell by what happens to a notification: it is not shown."""
            before = dunst.displayed()
            dunst.notify("x")
            return dunst.displayed() == before

        yield Stage(
            way=way,
            address=bus.address,
            look=lambda: dunst.ctl("is-paused"),
            server=dunst,
            earlier={"as it starts": lambda: None, "paused": dunst.pause}
            if way == "dunst_paused"
            else {"as it starts": lambda: None},
            by_hand=lambda: dunst.ctl("set-paused", "toggle") and None,
            hang=lambda: os.kill(dunst.process.pid, signal.SIGSTOP),
            again=dunst.restart,
            is_quiet=holds,
        )


@asynccontextmanager
async def mako_stage() -> AsyncIterator[Stage]:
    with mako_on_sway(mako_lines(RINGING)) as mako:

        def again() -> None:
            mako.stop()
            mako.start()

        yield Stage(
            way="mako",
            address=mako.address,
            look=lambda: mako.ctl("mode"),
            server=mako,
            earlier={
                "as it starts": lambda: None,
                "modes of one's own": lambda: mako.ctl("mode", "-s", "night", "work") and None,
                "no mode at all": lambda: mako.ctl("mode", "-r", "default") and None,
            },
            by_hand=lambda: mako.ctl("mode", "-s", "night") and None,
            hang=lambda: os.kill(mako.process.pid, signal.SIGSTOP),
            again=again,
            is_quiet=lambda: "turntoward" in mako.modes(),
        )


@asynccontextmanager
async def gnome_stage(home: Path) -> AsyncIterator[Stage]:
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

        def look() -> str:
            return run("dconf", "read", "/org/gnome/desktop/notifications/show-banners")

        yield Stage(
            way="gnome",
            address=bus.address,
            look=look,
            server=shell,
            earlier={
                "never set": lambda: None,
                "banners on": lambda: run("gsettings", "set", *SCHEMA, "true") and None,
                "banners off": lambda: run("gsettings", "set", *SCHEMA, "false") and None,
            },
            by_hand=lambda: run("gsettings", "set", *SCHEMA, "true") and None,
            is_quiet=lambda: look() == "false",
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
async def kde_stage() -> AsyncIterator[Stage]:
    with private_bus() as bus:
        async with _served(Plasma, bus.address) as plasma:
            yield Stage(
                way="kde",
                address=bus.address,
                server=plasma,
                is_quiet=lambda: plasma.inhibited,
                look=lambda: f"{plasma.own} {sorted(plasma.inhibitions.values())}",
                earlier={
                    "as it starts": lambda: None,
                    "Do Not Disturb of its own": lambda: setattr(plasma, "own", True),
                    "inhibited by another": lambda: plasma.inhibitions.update({77: ":1.777"}),
                },
                by_hand=plasma.inhibitions.clear,
                hang=lambda: setattr(plasma, "deaf", True),
            )


@asynccontextmanager
async def levels_stage() -> AsyncIterator[Stage]:
    with private_bus() as bus:
        async with _served(LeveledDunst, bus.address) as dunst:
            yield Stage(
                way="dunst_levels",
                address=bus.address,
                server=dunst,
                is_quiet=lambda: dunst.level > 0,
                look=lambda: f"{dunst.level} {sorted(dunst.rules.items())}",
                earlier={
                    "not paused": lambda: None,
                    "a level of one's own": lambda: setattr(dunst, "level", 30),
                    "paused": lambda: setattr(dunst, "level", 100),
                },
                by_hand=lambda: setattr(dunst, "level", 100),
                hang=lambda: setattr(dunst, "deaf", True),
            )


def stages(home: Path) -> dict[str, Callable[[], AbstractAsyncContextManager[Stage]]]:
    """Return every desktop that there is a way for, by its way; `home` is the person's."""
    return {
        "dunst_levels": levels_stage,
        "dunst_rules": lambda: dunst_stage("dunst_rules", lines(RINGING)),
        "dunst_paused": lambda: dunst_stage("dunst_paused", ""),
        "mako": mako_stage,
        "gnome": lambda: gnome_stage(home),
        "kde": kde_stage,
    }
