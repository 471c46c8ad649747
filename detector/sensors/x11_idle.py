"""Whether somebody uses this device, on X11: told by the X server itself, with alarms on its idle counter.

Rule 1: no polling: nobody at the device costs nothing at all.
Rule 2: `WentIdle` carries the last input, by the server's own count, and not the instant at which it was noticed.
Rule 3: this is idleness of input alone: whoever watches a film is idle here, and what that means is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import closing
from datetime import timedelta
from typing import Any, Final, Protocol

from detector.clock import Clock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import CameBack, Observation, Sense, SensorStarted, WentIdle
from detector.sensors.channel import Channel
from detector.sensors.model import SensorEvent
from detector.sensors.x11_connection import Connection, close_display, open_display
from detector.sensors.x11_sync import FALLS, RISES, IdleCounter

A_LITTLE: Final = timedelta(milliseconds=1)


class Watch(Protocol):
    """Looks after one connection to the X server while the sensor is observed."""

    def begin(self) -> None:
        """Open nothing more; say `SensorStarted`, then the present state."""

    def close(self) -> None:
        """Let go of the connection."""


class X11Idle:
    """Idle by alarms on the SYNC extension's IDLETIME. `settings.idle_after` says how long is idle."""

    name = "x11_idle"
    sense: Sense = "idle"

    def __init__(self, clock: Clock, settings: AttentionSettings | None = None) -> None:
        self._clock = clock
        self._idle_after = (settings or AttentionSettings()).idle_after

    async def probe(self) -> None:
        """Return if the X server can tell; raise `SensorUnavailable` if not."""
        display = open_display()
        try:
            self._require(display)
        finally:
            close_display(display)

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        """Yield `WentIdle` and `CameBack` in turn."""
        channel: Channel[Observation] = Channel()
        watch = self._watch(channel)
        with closing(watch):
            watch.begin()
            while True:
                yield await channel.take()

    def _require(self, display: Any) -> None:
        IdleCounter(display)

    def _watch(self, channel: Channel[Observation]) -> Watch:
        return _Watch(self._clock, self._idle_after, channel)


class _Watch:
    def __init__(self, clock: Clock, idle_after: timedelta, channel: Channel[Observation]) -> None:
        self._clock = clock
        self._idle_after = idle_after
        self._channel = channel
        self._connection = Connection(channel, self._on_event)
        self._idle = False

    def begin(self) -> None:
        self._connection.run(self._arm)

    def _arm(self) -> None:
        self._counter = IdleCounter(self._connection.display)
        self._left = self._counter.alarm(self._idle_after, test=RISES)
        self._back = self._counter.alarm(self._idle_after - A_LITTLE, test=FALLS)
        # Only once both stand is silence known to mean that nothing happened.
        length = self._counter.read()
        self._channel.put(SensorStarted(at=self._clock.now(), sense="idle", sensor=X11Idle.name))
        if length >= self._idle_after:
            self._went_idle(length)

    def _on_event(self, event: Any) -> None:
        alarm = self._counter.alarm_of(event)
        if alarm == self._left and not self._idle:
            # The event may have waited; the counter is asked again. If somebody came back meanwhile, it tells of that.
            self._went_idle(max(self._counter.stood_at(event), self._counter.read()))
        elif alarm == self._back and self._idle:
            self._idle = False
            self._channel.put(CameBack(at=self._clock.now()))

    def _went_idle(self, length: timedelta) -> None:
        self._idle = True
        now = self._clock.now()
        self._channel.put(WentIdle(at=now, since=now - length))

    def close(self) -> None:
        self._connection.close()
