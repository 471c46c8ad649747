"""A connection to a D-Bus bus, as sensors use it: a few questions, a few signals, and an end that is noticed.

Rule 1: nothing is introspected and nothing is exported: a question costs one message each way, silence none.
Rule 2: no service is started by asking it.
"""

# dbus-fast has annotations nearly everywhere.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Self

from dbus_fast import BusType, Message, MessageFlag, MessageType, Variant
from dbus_fast.aio import MessageBus

from detector.errors import SensorLost, SensorUnavailable
from detector.sensors.channel import Channel

DBUS: Final = "org.freedesktop.DBus"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
PATIENCE: Final = 5.0
"""Seconds within which an answer comes, or the asked one is taken for gone."""


class Refused(Exception):
    """The other side answered with an error. `name` is the error's name on the bus."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


class Bus:
    """One connection. To be closed."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self._watch: asyncio.Future[None] | None = None

    @classmethod
    async def open(cls, kind: BusType) -> Self:
        """Connect. Raises `SensorUnavailable`."""
        name = "system" if kind is BusType.SYSTEM else "session"
        try:
            async with asyncio.timeout(PATIENCE):
                return cls(await MessageBus(bus_type=kind, negotiate_unix_fd=True).connect())
        except Exception as refused:
            # dbus-fast raises whatever it meets: a missing address, a socket, an authentication.
            raise SensorUnavailable(f"there is no D-Bus {name} bus", "log in through the desktop") from refused

    @property
    def is_open(self) -> bool:
        """Whether the connection stands."""
        return self._bus.connected

    async def ask(
        self, service: str, path: str, interface: str, member: str, signature: str = "", *body: Any
    ) -> tuple[list[Any], list[int]]:
        """Call a method; return what it answers, and the descriptors that came with it. Raises `Refused`, `SensorLost`."""
        message = Message(
            destination=service,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
            flags=MessageFlag.NO_AUTOSTART,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                reply = await self._bus.call(message)
        except TimeoutError:
            raise SensorLost(f"{service} does not answer") from None
        except (OSError, EOFError) as gone:
            raise SensorLost("the bus went away") from gone
        if reply is None:
            raise SensorLost("the bus went away")
        if reply.message_type is MessageType.ERROR:
            raise Refused(str(reply.error_name))
        return reply.body, reply.unix_fds

    async def read(self, service: str, path: str, interface: str, name: str) -> Any:
        """Return a property. Raises `Refused`, `SensorLost`."""
        body, _ = await self.ask(service, path, PROPERTIES, "Get", "ss", interface, name)
        return body[0].value if isinstance(body[0], Variant) else body[0]

    async def listen(self, rules: list[str], on_signal: Callable[[Message], None], channel: Channel[Any]) -> None:
        """Call `on_signal` with every signal that a match rule lets in; the end of the bus goes to the channel."""

        def handle(message: Message) -> None:
            if message.message_type is MessageType.SIGNAL:
                try:
                    on_signal(message)
                except Exception as bug:  # noqa: BLE001 - handed to whoever reads the channel
                    channel.fail(bug)

        self._bus.add_message_handler(handle)
        self._watch = asyncio.ensure_future(self._bus.wait_for_disconnect())
        self._watch.add_done_callback(lambda _: channel.lose("the bus went away"))
        for rule in rules:
            await self.ask(DBUS, "/org/freedesktop/DBus", DBUS, "AddMatch", "s", rule)

    async def close(self) -> None:
        """Let go of the connection."""
        if self._bus.connected:
            self._bus.disconnect()
        over = self._watch or asyncio.ensure_future(self._bus.wait_for_disconnect())
        await asyncio.wait([over], timeout=PATIENCE)
        if over.done() and not over.cancelled():
            over.exception()


def signals_of(service: str, path: str, interface: str, **more: str) -> str:
    """Return a match rule for the signals of an object's interface."""
    wanted = {"type": "signal", "sender": service, "path": path, "interface": interface} | more
    return ",".join(f"{name}='{value}'" for name, value in wanted.items())


def owner_of(service: str) -> str:
    """Return a match rule for the coming and going of a service."""
    return signals_of(DBUS, "/org/freedesktop/DBus", DBUS, member="NameOwnerChanged", arg0=service)
