"""A media player on the session bus that records the calls it receives: MPRIS, without a sound.

Invariant 1: it answers whatever it is asked for, so that a sensor that asks for too much is found out, not refused.
Invariant 2: it is a process of its own, controlled by its standard input, one word a line.

Fixture-free: `player(bus)` runs one as long as the block lasts.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dbus_fast import ErrorType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from tests.rig.bus import SessionBus
from tests.rig.processes import ROOT, end, started, until

PREFIX = "org.mpris.MediaPlayer2."
PATH = "/org/mpris/MediaPlayer2"
PLAYER = "org.mpris.MediaPlayer2.Player"
PROPERTIES = "org.freedesktop.DBus.Properties"
WHAT_PLAYS = "A film that is nobody's business"


class Player:
    """Controls the player's process."""

    def __init__(self, process: subprocess.Popen[bytes], bus: SessionBus, name: str) -> None:
        self._process = process
        self._bus = bus
        self._name = PREFIX + name

    def do(self, word: str) -> None:
        """Let it do one thing: `Playing`, `Paused`, `Stopped`, `metadata`, `quietly Paused`, `mute`, `release`."""
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(word.encode() + b"\n")
        stdin.flush()

    def calls(self) -> list[list[str]]:
        """Return every call that it received: the member, then the arguments."""
        self.do("calls")
        stdout = self._process.stdout
        assert stdout is not None
        found: list[list[str]] = json.loads(stdout.readline())
        return found

    def kill(self) -> None:
        """End it as a crash would."""
        end(self._process)
        until(lambda: not self._bus.has_owner(self._name), what="the player gone from the bus")


@contextmanager
def player(bus: SessionBus, name: str = "vlc", status: str = "Stopped") -> Iterator[Player]:
    """Run a player of this name as long as the block lasts."""
    command = [sys.executable, "-m", "tests.rig.mpris", bus.address, PREFIX + name, status]
    with started(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        running = Player(process, bus, name)
        until(lambda: bus.has_owner(PREFIX + name), what="the player on the bus")
        yield running


async def _play(address: str, name: str, status: str) -> None:
    bus = await MessageBus(bus_address=address).connect()
    calls: list[list[str]] = []
    state = {"status": status, "mute": ""}

    def properties() -> dict[str, Variant]:
        metadata = Variant("a{sv}", {"xesam:title": Variant("s", WHAT_PLAYS)})
        return {"PlaybackStatus": Variant("s", state["status"]), "Metadata": metadata}

    def answer(message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL or message.path != PATH:
            return None
        calls.append([message.member, *message.body])
        if state["mute"]:
            return True
        if message.member == "Get" and message.body[1] in properties():
            return Message.new_method_return(message, "v", [properties()[message.body[1]]])
        if message.member == "GetAll":
            return Message.new_method_return(message, "a{sv}", [properties()])
        return Message.new_error(message, ErrorType.UNKNOWN_METHOD, "none of that")

    def changed(some: dict[str, Variant], invalid: list[str]) -> None:
        body = [PLAYER, some, invalid]
        bus.send(Message.new_signal(PATH, PROPERTIES, "PropertiesChanged", "sa{sv}as", body))

    bus.add_message_handler(answer)
    await bus.request_name(name)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().strip():
        match line.split():
            case ["calls"]:
                print(json.dumps(calls), flush=True)
            case ["metadata"]:
                changed({"Metadata": properties()["Metadata"]}, [])
            case ["quietly", word]:
                state["status"] = word
                changed({}, ["PlaybackStatus"])
            case ["mute"]:
                state["mute"] = "yes"
            case ["release"]:
                await bus.release_name(name)
            case [word]:
                state["status"] = word
                # Many players send both along, whatever has changed.
                changed(properties(), [])


if __name__ == "__main__":
    asyncio.run(_play(*sys.argv[1:]))
