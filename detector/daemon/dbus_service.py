"""The daemon's service on the session bus, `org.turntoward.Daemon1`: for panels and scripts of the same person.

Invariant 1: the person at the device can see the status, pause and stop at once; nobody else is on this bus.
Invariant 2: without a bus, or when it goes away, the daemon goes on and tries again with the next heartbeat.
Invariant 3: there is one daemon in a session: a daemon that finds another on the bus ends, whatever its folders are.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final, Protocol

from dbus_fast import Message, MessageType

from detector.control.lock import RunningDaemon, already_running
from detector.control.requests import MAX_PAUSE
from detector.dbus import CONNECT_TIMEOUT, DAEMON, Bus
from detector.i18n import _

PATH: Final = "/org/turntoward/Daemon"
INTERFACE: Final = "org.turntoward.Daemon1"

# Seconds: the daemon is on its way out.
CLOSE_TIMEOUT: Final = 0.2

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


class DaemonCommands(Protocol):
    """The methods of the daemon that the bus may call: `detector.daemon.compose.Daemon`."""

    def status(self) -> str:
        """Return the status as JSON."""

    def pause(self, length: timedelta) -> None:
        """Pause for this duration from now on."""

    def resume(self) -> None:
        """End a pause."""

    def reconcile(self) -> None:
        """Read the store again."""

    def stop_partner_time(self) -> None:
        """Stop partner time that is under way."""


class DBusService:
    """The connection to the session bus, which the notifiers share, and the methods of the daemon on it."""

    def __init__(self, daemon: DaemonCommands) -> None:
        self._daemon = daemon
        self._changes: Mapping[str, Callable[[], None]] = {
            "Resume": daemon.resume,
            "Reconcile": daemon.reconcile,
            "Stop": daemon.stop_partner_time,
        }
        self._bus: Bus | None = None
        self._was_there: bool | None = None
        self._connecting = asyncio.Lock()

    @property
    def connected(self) -> bool:
        return self._bus is not None and self._bus.is_connected

    @property
    def connection(self) -> Bus | None:
        """The present connection, to be shared; None where there is no bus."""
        return self._bus if self.connected else None

    async def connect(self) -> None:
        """Connect to the session bus, where there is one and it is not connected yet.

        Raises:
            AlreadyRunning: if another daemon is on it, whose store and runtime folder are others than ours.
        """
        async with self._connecting:
            if not self.connected:
                self._bus = await self._connect()
                self._log_changes()

    async def close(self) -> None:
        """Give up the name and disconnect."""
        if self._bus is not None:
            await self._bus.close(time_limit=CLOSE_TIMEOUT)
        self._bus = None

    async def _connect(self) -> Bus | None:
        bus = None
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                bus = await Bus.connect()
                # Before the name: a program that sees the name may call at once.
                bus.add_handler(self._answer)
                other = await bus.request_name(DAEMON)
        except Exception as absent:  # noqa: BLE001 - the library lets through whatever requesting a name raises
            logger.debug("no session bus: %s", type(absent.__cause__ or absent).__name__)
            if bus is not None:
                bus.disconnect()
            return None
        # Our own connection from before may not be gone yet.
        if other is not None and other != os.getpid():
            await bus.close(time_limit=CLOSE_TIMEOUT)
            raise already_running(RunningDaemon(pid=other))
        return bus

    def _log_changes(self) -> None:
        is_there = self._bus is not None
        if is_there and self._was_there is False:
            logger.info("the session bus is there")
        elif not is_there and self._was_there is not False:
            logger.warning("no session bus; notifications take another way, `status` still works")
        self._was_there = is_there

    def _answer(self, call: Message) -> Message | None:
        # None lets dbus-fast answer that there is no such method.
        if call.message_type is not MessageType.METHOD_CALL or call.path != PATH:
            return None
        if call.interface == "org.freedesktop.DBus.Introspectable" and call.member == "Introspect":
            return Message.new_method_return(call, "s", [_INTROSPECTION])
        # D-Bus allows a call that names no interface.
        if call.interface not in (INTERFACE, None):
            return None
        method = (call.member, call.signature)
        if method == ("Status", ""):
            return Message.new_method_return(call, "s", [self._daemon.status()])
        if method == ("Pause", "u"):
            return self._pause(call)
        change = self._changes.get(call.member or "") if not call.signature else None
        if change is not None:
            change()
            return Message.new_method_return(call)
        return None

    def _pause(self, call: Message) -> Message:
        arguments: list[Any] = call.body
        length = timedelta(seconds=arguments[0])
        if not timedelta(0) < length <= MAX_PAUSE:
            return Message.new_error(
                call, INTERFACE + ".Error.Length", _("A pause lasts from 1 second to 24 hours; say how many seconds.")
            )
        self._daemon.pause(length)
        return Message.new_method_return(call)
