"""The daemon's face on the session bus: `org.turntoward.Daemon1`, for commands, panels and scripts of the same person.

Rule 1: whoever sits at the device can see, pause and stop at once; nobody else is on this bus.
Rule 2: no bus, or one that went away, is no failure: it is tried again with the next heartbeat.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from dbus_fast import Message, MessageType

from detector.dbus import CONNECT_TIMEOUT, Bus

NAME: Final = "org.turntoward.Daemon"
PATH: Final = "/org/turntoward/Daemon"
INTERFACE: Final = "org.turntoward.Daemon1"
LONGEST_PAUSE: Final = timedelta(hours=24)

CLOSE_TIMEOUT: Final = 0.2
"""Seconds."""
_INTROSPECTION: Final = f"""<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
<node name="{PATH}">
  <interface name="{INTERFACE}">
    <method name="Status"><arg name="json" type="s" direction="out"/></method>
    <method name="Pause"><arg name="seconds" type="u" direction="in"/></method>
    <method name="Resume"/>
    <method name="Reconcile"/>
    <method name="Stop"/>
  </interface>
</node>
"""

logger = logging.getLogger("turntoward")


class DBusService:
    """The connection to the session bus, shared with the notifier, and the methods on it.

    `status` returns JSON; `pause`, `resume`, `reconcile` and `stop` change what holds and return nothing.
    """

    def __init__(
        self,
        *,
        status: Callable[[], str],
        pause: Callable[[timedelta], None],
        resume: Callable[[], None],
        reconcile: Callable[[], None],
        stop: Callable[[], None],
    ) -> None:
        self._status = status
        self._pause = pause
        self._plain: Mapping[str, Callable[[], None]] = {"Resume": resume, "Reconcile": reconcile, "Stop": stop}
        self._bus: Bus | None = None
        self._was_there: bool | None = None
        self._connecting = asyncio.Lock()

    @property
    def connected(self) -> bool:
        """Whether the bus is there."""
        return self._bus is not None and self._bus.is_connected

    @property
    def connection(self) -> Bus | None:
        """The connection as it stands, to be shared; None where there is no bus."""
        return self._bus if self.connected else None

    async def bus(self) -> Bus | None:
        """Return the connection to the session bus, made now if there is none; None where there is no bus."""
        async with self._connecting:
            if not self.connected:
                self._bus = await self._connect()
                self._say_changes()
            return self._bus

    async def close(self) -> None:
        """Let go of the name and the connection."""
        if self._bus is not None:
            await self._bus.close(timeout=CLOSE_TIMEOUT)
        self._bus = None

    async def _connect(self) -> Bus | None:
        bus = None
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                bus = await Bus.connect()
                bus.add_handler(self._answer)
                await bus.request_name(NAME)
        except Exception as absent:  # noqa: BLE001 - the library lets through whatever connecting raises
            logger.debug("no session bus: %s", type(absent.__cause__ or absent).__name__)
            if bus is not None:
                bus.disconnect()
            return None
        return bus

    def _say_changes(self) -> None:
        there = self._bus is not None
        if there and self._was_there is False:
            logger.info("the session bus is there")
        elif not there and self._was_there is not False:
            logger.warning("no session bus; notifications take another way, `status` still works")
        self._was_there = there

    def _answer(self, call: Message) -> Message | None:
        if call.message_type is not MessageType.METHOD_CALL or call.path != PATH:
            return None
        if call.interface == "org.freedesktop.DBus.Introspectable" and call.member == "Introspect":
            return Message.new_method_return(call, "s", [_INTROSPECTION])
        if call.interface not in (INTERFACE, None):
            return None
        wanted = (call.member, call.signature)
        if wanted == ("Status", ""):
            return Message.new_method_return(call, "s", [self._status()])
        if wanted == ("Pause", "u"):
            return self._paused(call)
        change = self._plain.get(call.member or "") if not call.signature else None
        if change is not None:
            change()
            return Message.new_method_return(call)
        return None

    def _paused(self, call: Message) -> Message:
        arguments: list[Any] = call.body
        length = timedelta(seconds=arguments[0])
        if not timedelta(0) < length <= LONGEST_PAUSE:
            return Message.new_error(
                call, INTERFACE + ".Error.Length", "A pause lasts from 1 second to 24 hours; say how many seconds."
            )
        self._pause(length)
        return Message.new_method_return(call)
