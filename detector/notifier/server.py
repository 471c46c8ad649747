"""Speak to org.freedesktop.Notifications: who serves it, what it can do, and the words in the form that it can show.

Rule 1: nothing raised here holds a word of what was to be shown.
Rule 2: markup is escaped where the server reads markup, and only there.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from detector.errors import NotifyFailed
from detector.notifier.address import session_bus_address
from detector.notifier.model import NotificationText
from detector.notifier.plain import BODY_LIMIT, escape_markup, one_line

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus
    from dbus_fast.message import Message

HOW_TO_ANSWER: Final = {"dunst": "Middle click to answer."}
"""What the body adds under servers that take answers but draw no buttons, by the server's own name."""

_LOW, _NORMAL, _CRITICAL = 0, 1, 2

NAME: Final = "org.freedesktop.Notifications"
PATH: Final = "/org/freedesktop/Notifications"
DBUS: Final = "org.freedesktop.DBus"
WATCH_SERVER: Final = (
    f"type='signal',sender='{DBUS}',interface='{DBUS}',member='NameOwnerChanged',path='/org/freedesktop/DBus',"
    f"arg0='{NAME}'"
)
LISTEN: Final = f"type='signal',sender='{NAME}',interface='{NAME}',path='{PATH}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Who serves the notifications, and its capabilities as the specification names them."""

    name: str
    version: str
    can: frozenset[str]


async def connect() -> MessageBus:
    """Return a new connection to the session bus. Raises `NotifyFailed`, and what dbus-fast raises."""
    try:
        from dbus_fast.aio import MessageBus  # noqa: PLC0415 - 5 MB that only a person who is nudged needs
    except ImportError:
        raise NotifyFailed("the package dbus-fast is not installed") from None
    return await MessageBus(bus_address=session_bus_address()).connect()


async def still_there(bus: MessageBus) -> bool:
    """Return whether the connection stands, once the loop has taken in what the kernel knows of it.

    Sending into a connection whose end is not yet known leaves a traceback of dbus-fast's in the log.
    """
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await turned.wait()
    return bus.connected


async def ask(bus: MessageBus) -> Server:
    """Return who serves notifications, and what it can do. Raises `NotifyFailed`."""
    name, _, version, *_ = (await call(bus, "GetServerInformation")).body
    can = (await call(bus, "GetCapabilities")).body[0]
    return Server(name=str(name), version=str(version).partition(" ")[0], can=frozenset(can))


async def notify(bus: MessageBus, words: NotificationText, server: Server, *, replaces: int, serial: int) -> None:
    """Hand the words to the server, in place of notification `replaces` (0: a new one). Raises `NotifyFailed`."""
    from dbus_fast import Variant  # noqa: PLC0415 - imported with the bus

    title, body, actions = fitted(words, server)
    hints = {
        "urgency": Variant("y", _urgency(words, server)),
        "suppress-sound": Variant("b", True),
        "transient": Variant("b", True),
        "desktop-entry": Variant("s", "turntoward"),
    }
    milliseconds = max(1, round(words.expires.total_seconds() * 1000))
    said = ["Turntoward", replaces, "", title, body, actions, hints, milliseconds]
    await call(bus, "Notify", "susssasa{sv}i", said, serial=serial)


async def call(
    bus: MessageBus, member: str, signature: str = "", body: list[Any] | None = None, *, serial: int = 0
) -> Message:
    """Call a method of the server and return its reply; whoever calls bounds the wait.

    Raises:
        NotifyFailed: there is no server, or it refused.
        OSError: the connection is gone.
    """
    from dbus_fast.constants import MessageType  # noqa: PLC0415 - imported with the bus
    from dbus_fast.message import Message  # noqa: PLC0415 - imported with the bus

    number = serial or bus.next_serial()
    replied: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

    def heard(message: Message) -> None:
        if message.reply_serial == number and not replied.done():
            replied.set_result(message)

    bus.add_message_handler(heard)
    try:
        # `bus.call` would leave a failure to send to the garbage collector, and that to the log.
        await bus.send(
            Message(
                destination=NAME,
                path=PATH,
                interface=NAME,
                member=member,
                signature=signature,
                body=body or [],
                serial=number,
            )
        )
        reply = await replied
    finally:
        bus.remove_message_handler(heard)
    if reply.message_type is MessageType.ERROR:
        if str(reply.error_name).endswith((".ServiceUnknown", ".NameHasNoOwner")):
            raise NotifyFailed("there is no notification server on the session bus")
        raise NotifyFailed(f"the notification server refused: {reply.error_name}")
    return reply


def tell(bus: MessageBus, to: str, member: str, signature: str, body: list[Any]) -> None:
    """Send a call that wants no reply; what is lost with the connection is noticed where a reply is awaited."""
    from dbus_fast.constants import MessageFlag  # noqa: PLC0415 - imported with the bus
    from dbus_fast.message import Message  # noqa: PLC0415 - imported with the bus

    if not bus.connected:
        return
    message = Message(
        destination=to,
        path=PATH if to == NAME else "/org/freedesktop/DBus",
        interface=to,
        member=member,
        signature=signature,
        body=body,
        flags=MessageFlag.NO_REPLY_EXPECTED | MessageFlag.NO_AUTOSTART,
    )
    with suppress(OSError):
        bus.send(message).add_done_callback(_retrieve)


def fitted(words: NotificationText, server: Server) -> tuple[str, str, list[str]]:
    """Return title, body and actions as this server can show them; the why-line is never lost."""
    title = one_line(words.title) or "Turntoward"
    why = one_line(words.body, BODY_LIMIT)
    actions = (
        [text for key, label in words.answers for text in (key, one_line(label))] if "actions" in server.can else []
    )
    if "body" not in server.can:
        return (f"{title} — {why}" if why else title), "", actions
    body = escape_markup(why) if "body-markup" in server.can else why
    if actions and server.name in HOW_TO_ANSWER:
        body = f"{body}\n{HOW_TO_ANSWER[server.name]}".lstrip("\n")
    return title, body, actions


def _urgency(words: NotificationText, server: Server) -> int:
    """Return low, where the server shows what is low: GNOME, since 41, puts that into its list unseen."""
    if words.urgent:
        return _CRITICAL
    return _NORMAL if server.name == "gnome-shell" else _LOW


def _retrieve(sent: asyncio.Future[Any]) -> None:
    if not sent.cancelled():
        sent.exception()
