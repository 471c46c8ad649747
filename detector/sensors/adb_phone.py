"""A phone connected by adb: which app comes to its front, its screen and its lock screen, pushed as they happen.

Invariant 1: six tags of the event log are read, and of a phone's day only what a break of the link within partner time hid;
nothing of it is logged, and no package is in a repr or an exception.
Invariant 2: plugging and unplugging is pushed by the adb server: nothing polls, and nothing wakes while nothing happens.
Invariant 3: a phone that goes away is a `Gap` until it is back, and then its present state comes first; a server that goes away
is the sensor's loss.
Invariant 4: the log is listened to before the phone is asked for its present state, so that nothing falls between the two.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from detector.clock import Clock
from detector.core.observations import Gap, GapReason, Sense, SensorStarted
from detector.errors import SensorLost, SensorUnavailable
from detector.i18n import _
from detector.sensors import adb_client, android_events, android_query, android_usagestats
from detector.sensors.adb_client import SERVER, AdbConnection, AdbDisconnected, AdbError, NoAdbServer
from detector.sensors.adb_guidance import NAME, READY, connected_phones, why_unavailable
from detector.sensors.android_query import PhoneClock
from detector.sensors.android_state import AndroidSnapshot, AndroidState
from detector.sensors.channel import Channel
from detector.sensors.model import SensorEvent

UNPLUG_DELAY: Final = 2.0
"""Seconds within which the server reports that a phone is gone, after its log has ended."""
SERVER_GONE: Final = _("the adb server went away")


@dataclass(frozen=True, slots=True)
class _AdbState:
    """The server reported the phone's state, in adb's own word; None: it is not connected."""

    state: str | None


@dataclass(frozen=True, slots=True)
class _LogChunk:
    """A chunk of the event log arrived; None: the log ended. `log` is the connection that it came on."""

    log: AdbConnection
    chunk: bytes | None = field(repr=False)


_Messages: TypeAlias = Channel[_AdbState | _LogChunk]


class AdbPhone:
    """One phone. `device`: what the person calls it; `serial`: what adb calls it; `server`: on this device only.

    `waits` True: where only the phone is missing, `probe` raises nothing, and `observe` waits until it is there; so
    plugging it in during partner time is noticed at once. `on_missed` is called with the events that a break of the link
    hid, in order, once the phone is back.
    """

    name = NAME
    sense: Sense = "focus"

    def __init__(
        self,
        clock: Clock,
        device: str,
        serial: str,
        server: str = SERVER,
        *,
        waits: bool = False,
        on_missed: Callable[[Sequence[SensorEvent]], None] | None = None,
    ) -> None:
        self._clock = clock
        self._device = device
        self._serial = serial
        self._server = server
        self._waits = waits
        self._on_missed = on_missed

    async def probe(self) -> None:
        states = {device.serial: device.state for device in await connected_phones(self._server)}
        unavailable = why_unavailable(self._serial, states.get(self._serial))
        if unavailable is not None and not self._waits:
            raise SensorUnavailable(unavailable.why, unavailable.remedy)

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        messages: _Messages = Channel()
        try:
            tracker = await adb_client.track_devices(self._server)
        except (NoAdbServer, AdbError, AdbDisconnected) as failure:
            raise SensorLost(SERVER_GONE) from failure
        try:
            tracker.listen(_track(self._serial, messages), lambda: messages.close_as_lost(SERVER_GONE))
            link_break: _LinkBreak | None = None
            while True:
                # The server sends the list at once, so a phone that is there already is found without waiting.
                await _wait_for_state(messages, lambda state: state == READY)
                log = _PhoneLog(self._clock, self._device, self._serial, self._server, messages)
                try:
                    for event in await log.start(link_break, self._on_missed):
                        yield event
                    while (events := await log.next()) is not None:
                        for event in events:
                            yield event
                except (AdbDisconnected, AdbError) as failure:
                    # The log of an unplugged phone ends a moment before the server reports the unplugging.
                    await log.close()
                    await _expect_unplugged(messages, failure)
                finally:
                    await log.close()
                if log.state is not None:
                    at = self._clock.now()
                    link_break = _LinkBreak(at=at, state=log.state)
                    yield Gap(at=at, since=at, reason=GapReason.SENSOR_LOST, sense=self.sense, device=self._device)
        finally:
            await tracker.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _LinkBreak:
    """The link broke at `at`, with the phone in this state."""

    at: datetime
    state: AndroidState


class _PhoneLog:
    """The event log of a phone, from when it is connected until it goes away."""

    def __init__(self, clock: Clock, device: str, serial: str, server: str, messages: _Messages) -> None:
        self.state: AndroidState | None = None
        self._clock = clock
        self._device = device
        self._serial = serial
        self._server = server
        self._messages = messages
        self._log: AdbConnection | None = None
        self._lines = android_events.LineSplitter()
        self._phone_clock: PhoneClock | None = None
        self._began = self._latest = clock.now()

    async def start(
        self, link_break: _LinkBreak | None, on_missed: Callable[[Sequence[SensorEvent]], None] | None
    ) -> list[SensorEvent]:
        """Listen, then ask for the present state; return it. Raises `AdbDisconnected`, `AdbError`, `SensorLost`."""
        try:
            asked = self._clock.now()
            answer = await adb_client.run(self._serial, android_query.CLOCK_COMMAND, self._server)
            self._phone_clock = PhoneClock(answer, asked=asked, answered=self._clock.now())
            # Invariant 4: the log first.
            self._log = log = await adb_client.shell(self._serial, android_events.COMMAND, self._server)
            self._began = self._clock.now()
            answer = await adb_client.run(self._serial, android_query.COMMAND, self._server)
            phone = android_query.parse_phone_state(answer)
            snapshot = phone.snapshot
            if link_break is not None:
                dump = await adb_client.run(self._serial, android_usagestats.COMMAND, self._server)
                events = android_usagestats.parse_dump(dump, users=phone.users, local=phone.local)
                missed, state = android_usagestats.replay(
                    events, link_break.state, since=link_break.at, until=self._began, convert=self._phone_clock.convert
                )
                snapshot = _filled(snapshot, state.snapshot)
                if on_missed is not None:
                    on_missed(missed)
        except NoAdbServer as failure:
            raise SensorLost(SERVER_GONE) from failure
        self.state = AndroidState(self._device, users=phone.users, home=phone.home, logs_keyguard=phone.logs_keyguard)
        log.listen(
            lambda chunk: self._messages.put(_LogChunk(log, chunk)),
            lambda: self._messages.put(_LogChunk(log, None)),
        )
        self._latest = now = self._clock.now()
        started = SensorStarted(at=now, device=self._device, sense="focus", sensor=NAME)
        return [started, *self.state.start(snapshot, now)]

    async def next(self) -> list[SensorEvent] | None:
        """Return what happened next; None: the phone went away. Raises `AdbDisconnected`, `SensorLost`."""
        match await self._messages.get():
            case _LogChunk(log=log, chunk=chunk) if log is self._log:
                if chunk is None:
                    raise AdbDisconnected
                return [event for line in self._lines.feed(chunk) for event in self._on_line(line)]
            case _AdbState(state=state) if state != READY:
                return None
        return []

    def _on_line(self, line: str) -> list[SensorEvent]:
        event = android_events.parse_line(line)
        if event is None or self.state is None or self._phone_clock is None:
            return []
        at = self._phone_clock.convert_live(event.at, self._clock.now())
        # logcat begins with a line from before; the state that followed from it was asked for since.
        if at < self._began - self._phone_clock.error:
            return []
        # The phone's clock may step back a little; instants of ours never do.
        self._latest = max(self._latest, at)
        return self.state.update(event, self._latest)

    async def close(self) -> None:
        if self._log is not None:
            log, self._log = self._log, None
            await log.close()


def _track(serial: str, messages: _Messages) -> Callable[[bytes], None]:
    splitter = adb_client.TextSplitter()

    def on_bytes(chunk: bytes) -> None:
        try:
            for text in splitter.feed(chunk):
                states = [device.state for device in adb_client.parse_devices(text) if device.serial == serial]
                messages.put(_AdbState(states[0] if states else None))
        except NoAdbServer:
            messages.close_as_lost(SERVER_GONE)

    return on_bytes


async def _wait_for_state(messages: _Messages, is_wanted: Callable[[str | None], bool]) -> None:
    """Wait until the server reports such a state. Raises `SensorLost`."""
    while True:
        message = await messages.get()
        if isinstance(message, _AdbState) and is_wanted(message.state):
            return


async def _expect_unplugged(messages: _Messages, failure: Exception) -> None:
    # Wait for the server to report that the phone is gone; raise `SensorLost` where it is there and does not answer.
    try:
        async with asyncio.timeout(UNPLUG_DELAY):
            await _wait_for_state(messages, lambda state: state != READY)
    except TimeoutError:
        raise SensorLost(_("the phone is connected, but does not answer")) from failure


def _filled(snapshot: AndroidSnapshot, replayed: AndroidSnapshot) -> AndroidSnapshot:
    # Return what the phone answered, and what it did not answer from the replay of what was missed.
    front = snapshot if snapshot.package is not None else replayed
    return AndroidSnapshot(
        is_on=replayed.is_on if snapshot.is_on is None else snapshot.is_on,
        is_locked=replayed.is_locked if snapshot.is_locked is None else snapshot.is_locked,
        user=front.user,
        package=front.package,
    )
