"""Whether the session is locked and whether the device sleeps, by systemd-logind.

Invariant 1: `LockedHint` is the fact; the signals `Lock` and `Unlock` are requests, believed at once and checked later: a screen
locker that sets no hint would otherwise leave the session locked until its end. Idleness is sensed meanwhile.
Invariant 2: the instant before sleep is read before sleep: logind waits for us only while we hold a delay lock.
Invariant 3: sleep is one `Gap` from that instant to waking up.
"""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from dbus_fast import BusType, Message

from detector.clock import Clock
from detector.core.observations import Gap, GapReason, Locked, Observation, Sense, SensorStarted, Suspended, Unlocked
from detector.dbus import PROPERTIES, ErrorReply, match_owner_changes, match_signals
from detector.errors import SensorLost, SensorUnavailable
from detector.i18n import _
from detector.sensors.bus import SensorBus
from detector.sensors.channel import Channel
from detector.sensors.model import ClockSensor, SensorEvent

SERVICE: Final = "org.freedesktop.login1"
MANAGER_PATH: Final = "/org/freedesktop/login1"
MANAGER: Final = "org.freedesktop.login1.Manager"
SESSION: Final = "org.freedesktop.login1.Session"
USER: Final = "org.freedesktop.login1.User"
HINT_DELAY: Final = timedelta(seconds=10)
"""After `Lock`, a locker that sets the hint has set it by then."""


class DelayLockRequest:
    """Put into the channel where the delay lock has to be taken again."""


class Logind(ClockSensor):
    """Lock, unlock, sleep and waking up by systemd-logind, on the system bus."""

    name = "logind"
    sense: Sense = "session"

    async def probe(self) -> None:
        async with await SensorBus.open(BusType.SYSTEM) as bus:
            await own_session(bus)

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        channel: Channel[Observation | DelayLockRequest] = Channel()
        bus = await SensorBus.open(BusType.SYSTEM, unix_fds=True)
        watch = _LogindWatch(self._clock, channel, bus)
        try:
            await watch.start()
            while True:
                item = await channel.get()
                if isinstance(item, DelayLockRequest):
                    await watch.take_delay_lock()
                else:
                    yield item
        finally:
            watch.close()
            await bus.close()


class _LogindWatch:
    def __init__(self, clock: Clock, channel: Channel[Observation | DelayLockRequest], bus: SensorBus) -> None:
        self._clock = clock
        self._channel = channel
        self._bus = bus
        self._path = ""
        self._locked: bool | None = None
        self._hinted = False
        self._asleep_since: datetime | None = None
        self._delay_lock: int | None = None
        self._check: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        self._path = await own_session(self._bus)
        rules = [
            match_signals(SERVICE, self._path, SESSION),
            match_signals(SERVICE, self._path, PROPERTIES, arg0=SESSION),
            match_signals(SERVICE, MANAGER_PATH, MANAGER, member="PrepareForSleep"),
            match_owner_changes(SERVICE),
        ]
        await self._bus.listen(rules, self._on_signal, self._channel)
        await self.take_delay_lock()
        try:
            self._hinted = bool(await self._bus.get_property(SERVICE, self._path, SESSION, "LockedHint"))
        except ErrorReply as refused:
            raise SensorUnavailable(_("logind does not report whether the session is locked")) from refused
        self._channel.put(SensorStarted(at=self._clock.now(), sense="session", sensor=Logind.name))
        self._set_locked(locked=self._hinted)

    async def take_delay_lock(self) -> None:
        """Take the delay lock; where that is refused, the instant before sleep may be read late."""
        with suppress(ErrorReply):
            arguments = ("sleep", "Turntoward", "record when the device sleeps", "delay")
            reply = await self._bus.call(SERVICE, MANAGER_PATH, MANAGER, "Inhibit", "ssss", *arguments)
            # The new lock first, the old one after it: in between there is no instant without one.
            self._release_delay_lock()
            self._delay_lock = reply.unix_fds[0] if reply.unix_fds else None

    def _on_signal(self, message: Message) -> None:
        match message.member:
            case "PrepareForSleep":
                self._on_sleep(about_to=bool(message.body[0]))
            case "Lock" if message.path == self._path:
                self._set_locked(locked=True)
                self._check_hint_later()
            case "Unlock" if message.path == self._path:
                self._set_locked(locked=False)
            case "PropertiesChanged" if message.path == self._path and "LockedHint" in message.body[1]:
                self._hinted = bool(message.body[1]["LockedHint"].value)
                self._set_locked(locked=self._hinted)
            case "NameOwnerChanged" if message.body[0] == SERVICE:
                self._channel.close_as_lost(_("logind went away"))

    def _on_sleep(self, *, about_to: bool) -> None:
        now = self._clock.now()
        if about_to:
            self._asleep_since = now
            # The instant is in the channel; closing the descriptor is what lets logind suspend.
            self._channel.put(Suspended(at=now))
            self._release_delay_lock()
        elif self._asleep_since is not None:
            since, self._asleep_since = self._asleep_since, None
            self._channel.put(Gap(at=now, since=min(since, now), reason=GapReason.SUSPEND))
            # The lock was released for this sleep. Taking the next one is a call, and a signal handler cannot wait for a reply.
            self._channel.put(DelayLockRequest())

    def _set_locked(self, *, locked: bool) -> None:
        self._cancel_check()
        if locked != self._locked:
            self._locked = locked
            now = self._clock.now()
            self._channel.put(Locked(at=now) if locked else Unlocked(at=now))

    def _check_hint_later(self) -> None:
        # A locker that had set the hint already only repeats itself: there is nothing to check.
        if not self._hinted:
            loop = asyncio.get_running_loop()
            self._check = loop.call_later(HINT_DELAY.total_seconds(), lambda: self._set_locked(locked=self._hinted))

    def _cancel_check(self) -> None:
        if self._check is not None:
            self._check.cancel()
            self._check = None

    def _release_delay_lock(self) -> None:
        if self._delay_lock is not None:
            os.close(self._delay_lock)
            self._delay_lock = None

    def close(self) -> None:
        self._cancel_check()
        self._release_delay_lock()


async def own_session(bus: SensorBus) -> str:
    """Return the path of the session that this program senses. Raises `SensorUnavailable`.

    By the id in the environment where there is one; a systemd user service is in no session, and senses the user's graphical one.
    """
    session_id = os.environ.get("XDG_SESSION_ID", "")
    try:
        with suppress(ErrorReply):
            if session_id:
                (path,) = (await bus.call(SERVICE, MANAGER_PATH, MANAGER, "GetSession", "s", session_id)).body
                await bus.get_property(SERVICE, path, SESSION, "LockedHint")
                return str(path)
        with suppress(ErrorReply):
            (user,) = (await bus.call(SERVICE, MANAGER_PATH, MANAGER, "GetUser", "u", os.getuid())).body
            name, path = await bus.get_property(SERVICE, user, USER, "Display")
            if name:
                return str(path)
        (sessions,) = (await bus.call(SERVICE, MANAGER_PATH, MANAGER, "ListSessions")).body
    except (ErrorReply, SensorLost) as refused:
        raise SensorUnavailable(_("systemd-logind does not answer"), _("it comes with systemd")) from refused
    # One at a seat (a local screen) before a remote one.
    own = sorted((not seat, path) for _id, user, _name, seat, path in sessions if user == os.getuid())
    if not own:
        raise SensorUnavailable(_("systemd-logind knows no session of yours"), _("log in through a display manager"))
    return str(own[0][1])
