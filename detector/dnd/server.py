"""The notification server of the session bus, as Do Not Disturb needs it: who it is, its methods and properties.

Invariant 1: no service is started by a call, and each call ends within `TIMEOUT`.
"""

from typing import Any, Final

from dbus_fast import Variant

from detector.dbus import (
    DBUS,
    DBUS_PATH,
    NOTIFICATIONS,
    NOTIFICATIONS_PATH,
    PROPERTIES,
    Bus,
    BusClosed,
    BusTimeout,
    ErrorReply,
)
from detector.dnd.model import DndUnavailable
from detector.i18n import _

TIMEOUT: Final = 2.0
"""Seconds."""


class DndNotSupported(DndUnavailable):
    """The server replied with an error: it is there, and does not do this."""


class NotificationServer:
    """Whoever serves notifications on this bus."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus

    async def call(
        self,
        member: str,
        signature: str = "",
        *body: Any,
        interface: str = NOTIFICATIONS,
        path: str = NOTIFICATIONS_PATH,
    ) -> list[Any]:
        """Call a method and return the reply's body. Raises `DndUnavailable`, and of that `DndNotSupported`."""
        return await self._call(NOTIFICATIONS, path, interface, member, signature, *body)

    async def get(self, interface: str, name: str) -> Any:
        (value,) = await self.call("Get", "ss", interface, name, interface=PROPERTIES)
        return value.value if isinstance(value, Variant) else value

    async def set(self, interface: str, name: str, value: Variant) -> None:
        await self.call("Set", "ssv", interface, name, value, interface=PROPERTIES)

    async def name(self) -> str:
        """Return the name that the server gives itself, such as "dunst". Raises as `unique_name`."""
        # Asked first, for its reason: without a server `GetServerInformation` fails with an error of the bus.
        await self.unique_name()
        return str((await self.call("GetServerInformation"))[0])

    async def unique_name(self) -> str:
        """Return the server's unique name on the bus. Raises `DndUnavailable` where there is no server."""
        try:
            (owner,) = await self._call(DBUS, DBUS_PATH, DBUS, "GetNameOwner", "s", NOTIFICATIONS)
        except DndNotSupported:
            raise DndUnavailable(_("there is no notification server on the session bus")) from None
        return str(owner)

    async def process_id(self) -> int | None:
        try:
            (pid,) = await self._call(DBUS, DBUS_PATH, DBUS, "GetConnectionUnixProcessID", "s", NOTIFICATIONS)
        except DndNotSupported:
            return None
        return int(pid)

    async def instance(self) -> str:
        """Return what tells this server's process from any other, now or after a reboot. Raises as `unique_name`.

        Unique names start over with each bus, so the bus's own id stands beside it.
        """
        # Unique names such as :1.42 start over with each bus.
        (bus_id,) = await self._call(DBUS, DBUS_PATH, DBUS, "GetId")
        return f"{bus_id}/{await self.unique_name()}"

    async def _call(
        self, service: str, path: str, interface: str, member: str, signature: str = "", *body: Any
    ) -> list[Any]:
        try:
            reply = await self.bus.call(service, path, interface, member, signature, *body, time_limit=TIMEOUT)
        except BusTimeout:
            raise DndUnavailable(_("the notification server does not answer")) from None
        except BusClosed as gone:
            raise DndUnavailable(_("the session bus went away")) from gone
        except ErrorReply as refused:
            why = _("the notification server refused {method}: {error}").format(method=member, error=refused.name)
            raise DndNotSupported(why) from None
        answer: list[Any] = reply.body
        return answer


class ServerDnd:
    """What the kinds of Do Not Disturb have in common: see `DoNotDisturb`, which says what each name means."""

    can_read = True
    seen_by_sensor = False
    needs_urgent = False

    def __init__(self, server: NotificationServer) -> None:
        self._server = server

    async def scope(self) -> str:
        return await self._server.instance()

    def is_on_by_others(self, state: str) -> bool:
        return False
