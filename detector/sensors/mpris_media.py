"""Whether a film or music plays on this device, by what media players report on the session bus (MPRIS).

Invariant 1: one property is read, `PlaybackStatus`. Metadata is not read, also where a player sends it along.
Invariant 2: no polling: players signal a change, and the bus their coming and going.
Invariant 3: what only relays another player's status, or that of a player on another device, is ignored.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from dbus_fast import BusType, Message

from detector.clock import Clock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import MediaEnded, MediaStarted, Observation, Sense, SensorStarted
from detector.dbus import DBUS, DBUS_PATH, PROPERTIES, ErrorReply, match_signals
from detector.errors import SensorLost
from detector.sensors.bus import SensorBus
from detector.sensors.channel import Channel
from detector.sensors.debounce import Debouncer
from detector.sensors.model import ClockSensor, SensorEvent

PREFIX: Final = "org.mpris.MediaPlayer2."
PATH: Final = "/org/mpris/MediaPlayer2"
PLAYER: Final = "org.mpris.MediaPlayer2.Player"
STATUS: Final = "PlaybackStatus"
RELAYS: Final = ("playerctld", "kdeconnect", "GSConnect")
"""playerctld repeats another player's status; KDE Connect and GSConnect report what a phone plays."""
END_DELAY: Final = timedelta(seconds=2)
"""Between two pieces of music many players stop for a moment: that is no end."""

_MATCH_RULES: Final = (
    f"type='signal',path='{PATH}',interface='{PROPERTIES}',member='PropertiesChanged',arg0='{PLAYER}'",
    match_signals(DBUS, DBUS_PATH, DBUS, member="NameOwnerChanged", arg0namespace=PREFIX.rstrip(".")),
)


@dataclass(frozen=True, slots=True)
class _QueryPlayer:
    """Put into the channel where this player has to be asked for its status."""

    owner: str


class MprisMedia(ClockSensor):
    """Whether any media player plays, on the session bus."""

    name = "mpris_media"
    sense: Sense = "media"

    def __init__(
        self, clock: Clock, settings: AttentionSettings | None = None, *, end_delay: timedelta = END_DELAY
    ) -> None:
        super().__init__(clock, settings)
        self._end_delay = end_delay

    async def probe(self) -> None:
        async with await SensorBus.open(BusType.SESSION):
            pass  # players may come later

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        channel: Channel[Observation | _QueryPlayer] = Channel()
        bus = await SensorBus.open(BusType.SESSION)
        delays = {"after_on": timedelta(0), "after_off": self._end_delay}
        debouncer = Debouncer(channel.put, self._clock, MediaStarted, MediaEnded, **delays)
        players = _Players(bus, channel, debouncer)
        try:
            await bus.listen(_MATCH_RULES, players.on_signal, channel)
            await players.find()
            channel.put(SensorStarted(at=self._clock.now(), sense="media", sensor=self.name))
            players.start_reporting()
            while True:
                item = await channel.get()
                if isinstance(item, _QueryPlayer):
                    await players.query(item.owner)
                else:
                    yield item
        finally:
            debouncer.close()
            await bus.close()


class _Players:
    """The players on the bus, by the unique names of their connections, and which of them play."""

    def __init__(self, bus: SensorBus, channel: Channel[Observation | _QueryPlayer], debouncer: Debouncer) -> None:
        self._bus = bus
        self._channel = channel
        self._debouncer = debouncer
        self._owners: dict[str, str] = {}
        self._playing: set[str] = set()
        self._is_reporting = False

    async def find(self) -> None:
        (names,) = (await self._bus.call(DBUS, DBUS_PATH, DBUS, "ListNames")).body
        for name in filter(_is_player, names):
            try:
                (owner,) = (await self._bus.call(DBUS, DBUS_PATH, DBUS, "GetNameOwner", "s", name)).body
            except ErrorReply:
                continue  # it has gone meanwhile
            self._owners[name] = owner
            await self.query(owner)

    def start_reporting(self) -> None:
        """Report whether anything plays, now and at each change. Until `SensorStarted` nothing may be yielded."""
        self._is_reporting = True
        self._debouncer.update(is_on=bool(self._playing))

    async def query(self, owner: str) -> None:
        """Query the status of one player; one that does not answer counts as not playing."""
        try:
            status = await self._bus.get_property(owner, PATH, PLAYER, STATUS)
        except ErrorReply:
            status = None
        except SensorLost:
            if not self._bus.is_connected:
                raise
            status = None  # it hangs; the other players are still sensed
        self._set(owner, status)

    def on_signal(self, message: Message) -> None:
        if message.member == "NameOwnerChanged":
            name, _old_owner, owner = message.body
            if _is_player(name):
                self._came_or_went(name, owner)
            return
        # Signals carry the sender's unique name. A relay has no entry, as its MPRIS name was ignored.
        if message.sender not in self._owners.values():
            return
        # The signal may also carry Metadata, which names what plays: only the status is read.
        _interface, changed, invalidated = message.body
        if STATUS in changed:
            self._set(message.sender, changed[STATUS].value)
        elif STATUS in invalidated:
            self._channel.put(_QueryPlayer(message.sender))

    def _came_or_went(self, name: str, owner: str) -> None:
        # One connection may own several player names: it has gone with the last of them.
        before = self._owners.pop(name, None)
        if owner:
            self._owners[name] = owner
            self._channel.put(_QueryPlayer(owner))
        if before is not None and before not in self._owners.values():
            self._set(before, None)

    def _set(self, owner: str, status: object) -> None:
        if status == "Playing" and owner in self._owners.values():
            self._playing.add(owner)
        else:
            self._playing.discard(owner)
        if self._is_reporting:
            self._debouncer.update(is_on=bool(self._playing))


def _is_player(name: str) -> bool:
    return name.startswith(PREFIX) and not name.removeprefix(PREFIX).startswith(RELAYS)
