"""A phone beside us by adb: which app comes to its front, its screen and its lock screen, pushed as they happen.

Rule 1: of the event log five tags are read, of a phone's day only what a break of the link within sensing hid; nothing
of it is logged, and no package is in a repr or an exception.
Rule 2: plugging and unplugging is pushed by the adb server: nobody is asked twice, and nothing wakes while nothing
happens.
Rule 3: a phone that goes away is a `Gap` until it is back, and then says first what holds; a server that goes away is
the sensor's loss.
Rule 4: the log is listened to before the phone is asked what holds, so that nothing falls between the two.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from detector.clock import Clock
from detector.core.observations import Gap, GapReason, Sense, SensorStarted
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors import adb_client, android_events, android_present, android_usagestats
from detector.sensors.adb_client import SERVER, Connection, Counted, Gone, NoServer, Refused, listed
from detector.sensors.adb_guidance import NAME, READY, devices, refused
from detector.sensors.android_hand import Hand, Present
from detector.sensors.android_present import PhoneClock
from detector.sensors.model import SensorEvent

SETTLES: Final = 2.0
"""Seconds within which the server tells that a phone is gone, after its log has ended."""
GONE_SERVER: Final = "the adb server went away"


@dataclass(frozen=True, slots=True)
class _Plugged:
    """The server told how it stands with the phone: adb's word for it, None where it is not there."""

    state: str | None


@dataclass(frozen=True, slots=True)
class _Heard:
    """A piece of the event log came; None: it ended. `of` is the connection that it came on."""

    of: Connection
    piece: bytes | None = field(repr=False)


class AdbPhone:
    """One phone. `device`: what the person calls it; `serial`: what adb calls it; `server`: on this device only.

    `waits` True: where only the phone is missing, `probe` does not refuse, and `observe` waits until it is there; so
    plugging it in during partner time is noticed at once. `on_missed` is given what a break of the link hid, in the
    past and in order, once the phone is back.
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
        """Return if the phone can be sensed now; raise `SensorUnavailable` with what to do if not."""
        states = {device.serial: device.state for device in await devices(self._server)}
        refusal = refused(self._serial, states.get(self._serial))
        if refusal is not None and not self._waits:
            raise SensorUnavailable(refusal.why, refusal.remedy)

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        """Yield what comes to the front, and the phone taken up and laid down; a `Gap` while it is away.

        Raises `SensorLost` when the adb server goes away, or a phone that is there does not answer.
        """
        news: asyncio.Queue[_Plugged | _Heard | SensorLost] = asyncio.Queue()
        try:
            tracker = await adb_client.track(self._server)
        except (NoServer, Refused, Gone) as refused:
            raise SensorLost(GONE_SERVER) from refused
        try:
            tracker.listen(_tracking(self._serial, news), lambda: news.put_nowait(SensorLost(GONE_SERVER)))
            before: _Broke | None = None
            while True:
                await _until(news, lambda state: state == READY)
                session = _Session(self._clock, self._device, self._serial, self._server, news)
                try:
                    for saying in await session.begin(before, self._on_missed):
                        yield saying
                    while (said := await session.next()) is not None:
                        for saying in said:
                            yield saying
                except (Gone, Refused) as broken:
                    await session.close()
                    await _expect_away(news, broken)
                finally:
                    await session.close()
                if session.hand is not None:
                    before = _Broke(at=self._clock.now(), hand=session.hand)
                    yield Gap(
                        at=before.at,
                        since=before.at,
                        reason=GapReason.SENSOR_LOST,
                        sense=self.sense,
                        device=self._device,
                    )
        finally:
            await tracker.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Broke:
    """The link broke at `at`, and left the phone like this."""

    at: datetime
    hand: Hand


class _Session:
    """The event log of a phone, from when it is there until it goes away."""

    def __init__(
        self,
        clock: Clock,
        device: str,
        serial: str,
        server: str,
        news: asyncio.Queue[_Plugged | _Heard | SensorLost],
    ) -> None:
        self.hand: Hand | None = None
        self._clock = clock
        self._device = device
        self._serial = serial
        self._server = server
        self._news = news
        self._log: Connection | None = None
        self._lines = android_events.Lines()
        self._its_clock: PhoneClock | None = None
        self._began = self._latest = clock.now()

    async def begin(
        self, before: _Broke | None, on_missed: Callable[[Sequence[SensorEvent]], None] | None
    ) -> list[SensorEvent]:
        """Listen, then ask what holds; return it. Raises `Gone`, `Refused`, `SensorLost`."""
        try:
            asked = self._clock.now()
            told = await adb_client.run(self._serial, android_present.CLOCK_COMMAND, self._server)
            self._its_clock = PhoneClock(told, asked=asked, answered=self._clock.now())
            self._log = log = await adb_client.shell(self._serial, android_events.COMMAND, self._server)
            self._began = self._clock.now()
            facts = android_present.read(await adb_client.run(self._serial, android_present.COMMAND, self._server))
            present = facts.present
            if before is not None:
                dump = await adb_client.run(self._serial, android_usagestats.COMMAND, self._server)
                events = android_usagestats.read(dump, user=facts.user, local=facts.local)
                missed, left = android_usagestats.missed(
                    events, before.hand, since=before.at, until=self._began, ours=self._its_clock.ours
                )
                present = _filled(present, left.present)
                if on_missed is not None:
                    on_missed(missed)
        except NoServer as gone:
            raise SensorLost(GONE_SERVER) from gone
        self.hand = Hand(self._device, user=facts.user, home=facts.home, tells_keyguard=facts.tells_keyguard)
        log.listen(
            lambda piece: self._news.put_nowait(_Heard(log, piece)), lambda: self._news.put_nowait(_Heard(log, None))
        )
        self._latest = now = self._clock.now()
        started = SensorStarted(at=now, device=self._device, sense="focus", sensor=NAME)
        return [started, *self.hand.begin(present, now)]

    async def next(self) -> list[SensorEvent] | None:
        """Return what was told next; None: the phone went away. Raises `Gone`, `SensorLost`."""
        match await self._news.get():
            case _Heard(of=of, piece=piece) if of is self._log:
                if piece is None:
                    raise Gone
                return [saying for line in self._lines.feed(piece) for saying in self._read(line)]
            case _Plugged(state=state) if state != READY:
                return None
            case SensorLost() as lost:
                raise lost
        return []

    def _read(self, line: str) -> list[SensorEvent]:
        event = android_events.read(line)
        if event is None or self.hand is None or self._its_clock is None:
            return []
        at = self._its_clock.live(event.at, self._clock.now())
        # The log begins with a line from before; what it told was asked for since.
        if at < self._began - self._its_clock.error:
            return []
        self._latest = max(self._latest, at)
        return self.hand.take(event, self._latest)

    async def close(self) -> None:
        if self._log is not None:
            log, self._log = self._log, None
            await log.close()


def _tracking(serial: str, news: asyncio.Queue[_Plugged | _Heard | SensorLost]) -> Callable[[bytes], None]:
    lists = Counted()

    def hear(piece: bytes) -> None:
        try:
            for text in lists.feed(piece):
                states = [device.state for device in listed(text) if device.serial == serial]
                news.put_nowait(_Plugged(states[0] if states else None))
        except NoServer:
            news.put_nowait(SensorLost(GONE_SERVER))

    return hear


async def _until(news: asyncio.Queue[_Plugged | _Heard | SensorLost], is_met: Callable[[str | None], bool]) -> None:
    """Wait until the server tells such a state. Raises `SensorLost`."""
    while True:
        match await news.get():
            case _Plugged(state=state) if is_met(state):
                return
            case SensorLost() as lost:
                raise lost


async def _expect_away(news: asyncio.Queue[_Plugged | _Heard | SensorLost], broken: Exception) -> None:
    """Wait for the server to tell that the phone is gone. Raises `SensorLost` where it is there, and does not answer."""
    try:
        async with asyncio.timeout(SETTLES):
            await _until(news, lambda state: state != READY)
    except TimeoutError:
        raise SensorLost("the phone is connected, but does not answer") from broken


def _filled(present: Present, left: Present) -> Present:
    """Return what the phone says, and where it does not say, as the break left it."""
    front = present if present.package is not None else left
    return Present(
        is_on=left.is_on if present.is_on is None else present.is_on,
        is_locked=left.is_locked if present.is_locked is None else present.is_locked,
        user=front.user,
        package=front.package,
    )
