"""Whether the desktop's own Do Not Disturb is on, by a property of the notification server.

Supported: dunst (`paused`), and servers with the property `Inhibited` (KDE). With others the sensor is unavailable.

Invariant 1: no polling: the server signals a change, and the bus its end.
"""

from collections.abc import AsyncGenerator
from typing import Final

from dbus_fast import BusType, Message

from detector.core.observations import Observation, QuietBegan, QuietEnded, Sense, SensorStarted
from detector.dbus import NOTIFICATIONS, NOTIFICATIONS_PATH, PROPERTIES, ErrorReply, match_owner_changes, match_signals
from detector.errors import SensorLost, SensorUnavailable
from detector.i18n import _
from detector.sensors.bus import SensorBus
from detector.sensors.channel import Channel
from detector.sensors.model import ClockSensor, SensorEvent

KNOWN_PROPERTIES: Final = (("org.dunstproject.cmd0", "paused"), (NOTIFICATIONS, "Inhibited"))
"""Interface and property, in the order in which they are tried."""


class DesktopQuiet(ClockSensor):
    """Do Not Disturb by a property of the notification server, on the session bus."""

    name = "desktop_quiet"
    sense: Sense = "quiet"

    async def probe(self) -> None:
        async with await SensorBus.open(BusType.SESSION) as bus:
            await _find_property(bus)

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        channel: Channel[Observation] = Channel()
        is_on: bool | None = None

        def update(*, now_on: bool) -> None:
            nonlocal is_on
            if now_on != is_on:
                is_on = now_on
                at = self._clock.now()
                channel.put(QuietBegan(at=at) if now_on else QuietEnded(at=at))

        def on_signal(message: Message) -> None:
            if message.member == "NameOwnerChanged" and message.body[0] == NOTIFICATIONS:
                channel.close_as_lost(_("the notification server went away"))
            elif message.member == "PropertiesChanged" and message.body[0] == interface and name in message.body[1]:
                update(now_on=bool(message.body[1][name].value))

        async with await SensorBus.open(BusType.SESSION) as bus:
            interface, name = await _find_property(bus)
            rules = [match_signals(NOTIFICATIONS, NOTIFICATIONS_PATH, PROPERTIES), match_owner_changes(NOTIFICATIONS)]
            await bus.listen(rules, on_signal, channel)
            now_on = bool(await bus.get_property(NOTIFICATIONS, NOTIFICATIONS_PATH, interface, name))
            # A signal that came meanwhile is at least as new. It must not be yielded before `SensorStarted`, which resets the
            # sense.
            latest, is_on = now_on if is_on is None else is_on, None
            channel.put(SensorStarted(at=self._clock.now(), sense="quiet", sensor=self.name))
            update(now_on=latest)
            while True:
                yield await channel.get()


async def _find_property(bus: SensorBus) -> tuple[str, str]:
    for interface, name in KNOWN_PROPERTIES:
        try:
            await bus.get_property(NOTIFICATIONS, NOTIFICATIONS_PATH, interface, name)
        except ErrorReply:
            continue
        except SensorLost as silent:
            raise SensorUnavailable(_("the notification server does not answer")) from silent
        return interface, name
    raise SensorUnavailable(
        _("the notification server does not report whether Do Not Disturb is on"), _("dunst and KDE's server do")
    )
