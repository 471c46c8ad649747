"""Questions to the session bus, each with an end: who serves notifications, and what stands there.

Rule 1: no service is started by asking it.
"""

# dbus-fast has annotations nearly everywhere.
# mypy: disallow-untyped-calls=False

from __future__ import annotations

import asyncio
from typing import Any, Final

from dbus_fast import Message, MessageFlag, MessageType, Variant
from dbus_fast.aio import MessageBus

from detector.dnd.model import DndUnavailable, Served

DBUS: Final = "org.freedesktop.DBus"
DBUS_PATH: Final = "/org/freedesktop/DBus"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
NAME: Final = "org.freedesktop.Notifications"
PATH: Final = "/org/freedesktop/Notifications"
PATIENCE: Final = 2.0
"""Seconds within which an answer comes."""


class Refused(DndUnavailable):
    """The other side answered with an error: it is there, and does not do this."""


class Asked:
    """The notification server on this bus."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus

    @property
    def us(self) -> str:
        """Our own unique name on the bus."""
        return str(self._bus.unique_name)

    async def call(
        self, member: str, signature: str = "", *body: Any, interface: str = NAME, path: str = PATH
    ) -> list[Any]:
        """Call a method of the server. Raises `DndUnavailable`, of it `Refused`."""
        return await self._ask(NAME, path, interface, member, signature, *body)

    async def get(self, interface: str, name: str) -> Any:
        """Return a property of the server's. Raises as `call`."""
        (value,) = await self.call("Get", "ss", interface, name, interface=PROPERTIES)
        return value.value if isinstance(value, Variant) else value

    async def set(self, interface: str, name: str, value: Variant) -> None:
        """Set a property of the server's. Raises as `call`."""
        await self.call("Set", "ssv", interface, name, value, interface=PROPERTIES)

    async def owner(self) -> str:
        """Return the server's unique name. Raises `DndUnavailable` where there is none."""
        try:
            (owner,) = await self._ask(DBUS, DBUS_PATH, DBUS, "GetNameOwner", "s", NAME)
        except Refused:
            raise DndUnavailable("there is no notification server on the session bus") from None
        return str(owner)

    async def process(self) -> int | None:
        """Return the server's process, None where the bus does not tell. Raises as `owner`."""
        try:
            (pid,) = await self._ask(DBUS, DBUS_PATH, DBUS, "GetConnectionUnixProcessID", "s", NAME)
        except Refused:
            return None
        return int(pid)

    async def place(self) -> str:
        """Return what tells this server's process from any other, now or after a reboot. Raises as `owner`."""
        (bus_id,) = await self._ask(DBUS, DBUS_PATH, DBUS, "GetId")
        return f"{bus_id}/{await self.owner()}"

    async def served(self) -> Served:
        """Return who serves notifications. Raises as `owner`."""
        owner = await self.owner()
        name, _, version, *_ = await self.call("GetServerInformation")
        return Served(name=str(name), version=str(version), owner=owner)

    async def _ask(
        self, service: str, path: str, interface: str, member: str, signature: str = "", *body: Any
    ) -> list[Any]:
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
            raise DndUnavailable("the notification server does not answer") from None
        except (OSError, EOFError) as gone:
            raise DndUnavailable("the session bus went away") from gone
        if reply is None:
            raise DndUnavailable("the session bus went away")
        if reply.message_type is MessageType.ERROR:
            raise Refused(f"the notification server refused {member}: {reply.error_name}")
        answered: list[Any] = reply.body
        return answered
