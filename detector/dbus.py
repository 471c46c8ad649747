"""Connect to D-Bus, call methods with a timeout, and receive signals.

Invariant 1: every call ends, with a reply or with a `BusError`; a service that hangs costs its timeout and no more.
Invariant 2: nothing is introspected: a call is one message each way, and while nothing is called nothing is sent.
Invariant 3: a call starts no service unless the caller asks for that.
"""

# dbus-fast has annotations nearly everywhere.
# mypy: disallow-untyped-calls=False

import asyncio
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

from dbus_fast import BusType, Message, MessageFlag, MessageType, NameFlag, RequestNameReply, Variant
from dbus_fast.aio import MessageBus

DBUS: Final = "org.freedesktop.DBus"
DBUS_PATH: Final = "/org/freedesktop/DBus"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"
NOTIFICATIONS: Final = "org.freedesktop.Notifications"
NOTIFICATIONS_PATH: Final = "/org/freedesktop/Notifications"
"""The desktop's notification server: its name on the bus, which is its interface as well, and its object."""
DAEMON: Final = "org.turntoward.Daemon"
"""Our own name on the session bus."""

CONNECT_TIMEOUT: Final = 5.0
CALL_TIMEOUT: Final = 5.0
CLOSE_TIMEOUT: Final = 5.0
"""Seconds."""

MessageHandler: TypeAlias = Callable[[Message], Message | bool | None]
"""Is given every message in the order of arrival; what it returns is dbus-fast's: a reply, or whether it was handled."""


class BusError(Exception):
    """Something on D-Bus did not work. Its text names services and errors, never the arguments of a call."""


class BusUnavailable(BusError):
    """There is no such bus, or it does not take the connection."""


class BusClosed(BusError):
    """The connection has ended."""


class BusTimeout(BusError):
    """The service did not reply in time."""


class ErrorReply(BusError):
    """The service, or the bus in its place, replied with an error. `name` is the error's name on the bus."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


class Bus:
    """One connection to a bus. To be closed, or used in `async with`."""

    def __init__(self, connection: MessageBus) -> None:
        self._connection = connection
        self._pending: set[asyncio.Future[Message]] = set()
        self._on_close: list[Callable[[], None]] = []
        # Waiting again for each call would not do: cancelling such a wait cancels the future that dbus-fast shares.
        self._end = asyncio.ensure_future(connection.wait_for_disconnect())
        self._end.add_done_callback(self._ended)

    @classmethod
    async def connect(
        cls,
        bus_type: BusType = BusType.SESSION,
        *,
        address: str | None = None,
        unix_fds: bool = False,
        time_limit: float = CONNECT_TIMEOUT,
    ) -> Self:
        """Connect. `unix_fds`: replies may carry file descriptors. Raises `BusUnavailable`."""
        try:
            async with asyncio.timeout(time_limit):
                connection = MessageBus(bus_address=address, bus_type=bus_type, negotiate_unix_fd=unix_fds)
                return cls(await connection.connect())
        except Exception as failure:
            # dbus-fast raises whatever it meets: a malformed address, a socket's error, an authentication's.
            raise BusUnavailable(type(failure).__name__) from failure

    @property
    def unique_name(self) -> str:
        return str(self._connection.unique_name)

    @property
    def is_connected(self) -> bool:
        return self._connection.connected

    async def check_connected(self) -> bool:
        """Return whether the connection stands, once the loop has taken in what the kernel knows of it.

        A message that is sent into a connection whose end is not known yet leaves a traceback of dbus-fast's in the log.
        """
        turned = asyncio.Event()
        asyncio.get_running_loop().call_soon(turned.set)
        await turned.wait()
        return self.is_connected

    async def call(
        self,
        service: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *body: Any,
        serial: int = 0,
        start_service: bool = False,
        time_limit: float | None = CALL_TIMEOUT,
    ) -> Message:
        """Call a method and return its reply.

        `serial`: a number from `next_serial`, for a caller whose own handler waits for the reply as well. `time_limit`: seconds;
        None where the caller bounds several calls together.

        Raises:
            BusClosed, BusTimeout: no reply.
            ErrorReply: the reply is an error.
        """
        # dbus-fast would add a writer for a descriptor that is closed, and may be somebody else's by now.
        if not self.is_connected:
            raise BusClosed(service)
        number = serial or self.next_serial()
        replied: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        def take_reply(message: Message) -> None:
            if message.reply_serial == number and not replied.done():
                replied.set_result(message)

        # `MessageBus.call` drops the future that tells whether sending failed; its error would be logged, with a
        # traceback, when it is garbage-collected. So the message is sent and its reply picked out here.
        self._connection.add_message_handler(take_reply)
        self._pending.add(replied)
        try:
            async with asyncio.timeout(time_limit):
                await self._connection.send(
                    Message(
                        destination=service,
                        path=path,
                        interface=interface,
                        member=member,
                        signature=signature,
                        body=list(body),
                        serial=number,
                        flags=MessageFlag.NONE if start_service else MessageFlag.NO_AUTOSTART,
                    )
                )
                reply = await replied
        except TimeoutError:
            raise BusTimeout(service) from None
        except (OSError, EOFError) as gone:
            raise BusClosed(service) from gone
        finally:
            self._pending.discard(replied)
            self._connection.remove_message_handler(take_reply)
        if reply.message_type is MessageType.ERROR:
            raise ErrorReply(str(reply.error_name))
        return reply

    async def get_property(self, service: str, path: str, interface: str, name: str) -> Any:
        (value,) = (await self.call(service, path, PROPERTIES, "Get", "ss", interface, name)).body
        return value.value if isinstance(value, Variant) else value

    def send(self, service: str, path: str, interface: str, member: str, signature: str = "", *body: Any) -> None:
        """Send a call that wants no reply. Without a connection it is dropped: its end is noticed by what awaits a reply."""
        if not self.is_connected:
            return
        message = Message(
            destination=service,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
            flags=MessageFlag.NO_REPLY_EXPECTED | MessageFlag.NO_AUTOSTART,
        )
        with suppress(OSError):
            self._connection.send(message).add_done_callback(_retrieve_exception)

    def send_match(self, rule: str, *, add: bool) -> None:
        """Add or remove a match rule without waiting for the bus; it takes effect before whatever is sent next."""
        self.send(DBUS, DBUS_PATH, DBUS, "AddMatch" if add else "RemoveMatch", "s", rule)

    async def subscribe(self, rules: Iterable[str], on_signal: Callable[[Message], None]) -> None:
        """Call `on_signal` with every signal that arrives, having asked the bus for those of these match rules.

        Returns once none of them can be missed. Raises as `call` does.
        """

        def handle(message: Message) -> None:
            if message.message_type is MessageType.SIGNAL:
                on_signal(message)

        # The handler first: a signal may come right after the match rule is set.
        self._connection.add_message_handler(handle)
        for rule in rules:
            await self.call(DBUS, DBUS_PATH, DBUS, "AddMatch", "s", rule)

    def add_handler(self, handler: MessageHandler) -> None:
        """Hand every message to the handler, before those that were added later."""
        self._connection.add_message_handler(handler)

    def remove_handler(self, handler: MessageHandler) -> None:
        self._connection.remove_message_handler(handler)

    def on_close(self, callback: Callable[[], None]) -> None:
        """Call this once, when the connection has ended, whoever ended it."""
        self._on_close.append(callback)

    def next_serial(self) -> int:
        return int(self._connection.next_serial())

    async def request_name(self, name: str) -> int | None:
        """Own the name on the bus, if nobody does; else return the process that does. Raises what dbus-fast raises."""
        reply = await self._connection.request_name(name, NameFlag.DO_NOT_QUEUE)
        return await self.process_of(name) if reply is RequestNameReply.EXISTS else None

    async def process_of(self, name: str) -> int | None:
        """Return the id of the process that owns the name; None where nobody does. Raises as `call`."""
        try:
            reply = await self.call(DBUS, DBUS_PATH, DBUS, "GetConnectionUnixProcessID", "s", name)
        except ErrorReply:
            return None
        return int(reply.body[0])

    def disconnect(self) -> None:
        if self.is_connected:
            self._connection.disconnect()

    async def close(self, time_limit: float = CLOSE_TIMEOUT) -> None:
        """End the connection, and wait until it has ended."""
        self.disconnect()
        await asyncio.wait([self._end], timeout=time_limit)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    def _ended(self, end: asyncio.Future[None]) -> None:
        _retrieve_exception(end)
        for replied in self._pending:
            if not replied.done():
                replied.set_exception(BusClosed())
        for callback in self._on_close:
            callback()


def match_signals(service: str, path: str, interface: str, **more: str) -> str:
    wanted = {"type": "signal", "sender": service, "path": path, "interface": interface} | more
    return ",".join(f"{key}='{value}'" for key, value in wanted.items())


def match_owner_changes(service: str) -> str:
    """Return a match rule for the coming and going of a service."""
    return match_signals(DBUS, DBUS_PATH, DBUS, member="NameOwnerChanged", arg0=service)


def session_bus_address() -> str | None:
    """Return the address of the session bus, None where there is none; no bus is started for it.

    Programs outside a desktop's environment (cron, ssh) lack the variable; there systemd's usual socket is found.
    """
    given = os.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    if given and given != "disabled:":
        return given
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/") and (socket := Path(runtime) / "bus").is_socket():
        return f"unix:path={socket}"
    return None


def _retrieve_exception(future: asyncio.Future[Any]) -> None:
    # An exception that nobody retrieves is logged when the future is garbage-collected.
    if not future.cancelled():
        future.exception()
