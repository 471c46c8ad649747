"""A notification server whose behaviour the test chooses: its capabilities, its replies and its signals.

Its signals go to everybody, as GNOME's do; dunst's go only to the program that called.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from dbus_fast.aio import MessageBus
from dbus_fast.constants import MessageType
from dbus_fast.message import Message

from detector.core.observations import Answer

NAME = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """One call of Notify, as the server received it."""

    id: int
    app_name: str
    icon: str
    replaces: int
    title: str
    body: str
    actions: list[str]
    hints: dict[str, Any]
    milliseconds: int


class FakeServer:
    """`can`: its capabilities. `replaces` False: each notification gets an id of its own. `mute`: Notify gets no reply."""

    def __init__(self, bus: MessageBus, *, can: Sequence[str], name: str = "Fake", replaces: bool = True) -> None:
        self._bus = bus
        self.can = list(can)
        self.name = name
        self.replaces = replaces
        self.mute = False
        self.refuse = False
        self.closing_at_once: int | None = None
        self.notified: list[Notified] = []
        self.closed: list[int] = []
        self.capability_calls = 0
        self.arrived = asyncio.Event()
        self._withheld: list[Message] = []
        self._ids = 0
        bus.add_message_handler(self._called)

    def act(self, shown: int, key: str) -> None:
        """Signal that a button was pressed."""
        self._say("ActionInvoked", "us", [shown, key])

    def close(self, shown: int, reason: int) -> None:
        """Say that a notification is gone: 1 expired, 2 dismissed, 3 closed by a call, 4 undefined."""
        self._say("NotificationClosed", "uu", [shown, reason])

    def reply_now(self) -> None:
        """Send the replies that were withheld."""
        for reply in self._withheld:
            self._bus.send(reply)
        self._withheld.clear()

    def _say(self, member: str, signature: str, body: list[Any]) -> None:
        self._bus.send(Message.new_signal(PATH, NAME, member, signature, body))

    def _called(self, message: Message) -> Message | bool | None:
        if message.message_type is not MessageType.METHOD_CALL or message.interface != NAME:
            return None
        if message.member == "GetCapabilities":
            self.capability_calls += 1
            return Message.new_method_return(message, "as", [self.can])
        if message.member == "GetServerInformation":
            return Message.new_method_return(message, "ssss", [self.name, "tests", "1.0 (today)", "1.2"])
        if message.member == "CloseNotification":
            self.closed.append(message.body[0])
            return Message.new_method_return(message)
        return self._notify(message)

    def _notify(self, message: Message) -> Message | bool:
        if self.refuse:
            return Message.new_error(message, "org.example.Error.Refused", f"refused: {message.body[4]}")
        app_name, replaces, icon, title, body, actions, hints, milliseconds = message.body
        if replaces and self.replaces:
            shown = replaces
        else:
            self._ids += 1
            shown = self._ids
        self.notified.append(
            Notified(
                id=shown,
                app_name=app_name,
                icon=icon,
                replaces=replaces,
                title=title,
                body=body,
                actions=actions,
                hints={name: variant.value for name, variant in hints.items()},
                milliseconds=milliseconds,
            )
        )
        self.arrived.set()
        reply = Message.new_method_return(message, "u", [shown])
        if self.mute:
            self._withheld.append(reply)
            return True
        if self.closing_at_once is not None:
            self._bus.send(reply)
            self.close(shown, self.closing_at_once)
            return True
        return reply


@asynccontextmanager
async def fake_server(
    address: str, *, can: Sequence[str] = ("body",), name: str = "Fake", replaces: bool = True
) -> AsyncIterator[FakeServer]:
    """Serve notifications on the bus at this address as long as the block lasts."""
    bus = await MessageBus(bus_address=address).connect()
    try:
        server = FakeServer(bus, can=can, name=name, replaces=replaces)
        await bus.request_name(NAME)
        yield server
    finally:
        bus.disconnect()
        await bus.wait_for_disconnect()


class Answers(list[tuple[int, Answer]]):
    """What was answered, in order; called as the notifier calls."""

    def __call__(self, nudge: int, answer: Answer) -> None:
        self.append((nudge, answer))
