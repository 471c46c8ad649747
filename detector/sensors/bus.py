"""The D-Bus connection of a sensor: whatever fails on it is `SensorUnavailable` or `SensorLost`."""

from collections.abc import Callable, Iterable
from typing import Any, Final, Self

from dbus_fast import BusType, Message

from detector.dbus import Bus, BusClosed, BusTimeout, BusUnavailable
from detector.errors import SensorLost, SensorUnavailable
from detector.i18n import _
from detector.sensors.channel import Channel

TIMEOUT: Final = 5.0
"""Seconds within which a service replies, or counts as gone."""


class SensorBus(Bus):
    """One connection. Its calls raise `ErrorReply` and `SensorLost`."""

    @classmethod
    async def open(cls, bus_type: BusType, *, unix_fds: bool = False) -> Self:
        try:
            return await cls.connect(bus_type, unix_fds=unix_fds)
        except BusUnavailable as failure:
            why = (
                _("there is no D-Bus system bus") if bus_type is BusType.SYSTEM else _("there is no D-Bus session bus")
            )
            raise SensorUnavailable(why, _("log in through the desktop")) from failure

    async def call(
        self, service: str, path: str, interface: str, member: str, signature: str = "", *body: Any, **options: Any
    ) -> Message:
        """Call a method and return its reply. Raises `ErrorReply`, `SensorLost`."""
        try:
            return await super().call(
                service, path, interface, member, signature, *body, **{"time_limit": TIMEOUT} | options
            )
        except BusTimeout:
            raise SensorLost(_("{service} does not answer").format(service=service)) from None
        except BusClosed as gone:
            raise SensorLost(_("the bus went away")) from gone

    async def listen(self, rules: Iterable[str], on_signal: Callable[[Message], None], channel: Channel[Any]) -> None:
        """Call `on_signal` with every signal of these match rules; its bugs, and the end of the bus, go to the channel.

        Raises `ErrorReply`, `SensorLost`.
        """

        def handle(message: Message) -> None:
            try:
                on_signal(message)
            except Exception as bug:  # noqa: BLE001 - raised again where the channel is read
                channel.fail(bug)

        # Before the match rules are set: the bus may go away while it is asked for them.
        self.on_close(lambda: channel.close_as_lost(_("the bus went away")))
        await self.subscribe(rules, handle)
