"""Whether somebody uses this device, on X11: by alarms on the X server's own idle counter.

Invariant 1: no polling: while nobody is at the device nothing runs at all.
Invariant 2: `WentIdle` carries the instant of the last input, by the server's own count, and not that of noticing it.
Invariant 3: only input counts: a person who watches a film is idle here; what that means is decided elsewhere.
"""

from collections.abc import AsyncGenerator
from contextlib import closing
from datetime import timedelta
from typing import Any, Final

from detector.clock import Clock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import CameBack, Observation, Sense, SensorStarted, WentIdle
from detector.sensors.channel import Channel
from detector.sensors.model import SensorEvent
from detector.sensors.x11_connection import X11Connection, close_display, open_display
from detector.sensors.x11_sync import FALLS, RISES, IdleCounter

# A negative transition begins strictly above its value (X Synchronization Protocol, "Alarms"). A millisecond below, it
# sees the counter fall from exactly `idle_after` as well: an input right after the idle alarm.
RETURN_MARGIN: Final = timedelta(milliseconds=1)


class IdleWatch:
    """One connection to the X server, as long as the sensor is observed. A subclass says how idleness is read."""

    @staticmethod
    def require(display: Any) -> None:
        """Raise `SensorUnavailable` where the X server lacks the extension."""
        raise NotImplementedError

    def __init__(self, clock: Clock, idle_after: timedelta, channel: Channel[Observation]) -> None:
        self._clock = clock
        self._idle_after = idle_after
        self._channel = channel
        self._connection = X11Connection(channel, self._on_event)
        self._idle = False

    def start(self) -> None:
        self._connection.run(self._begin)

    def close(self) -> None:
        self._connection.close()

    def _begin(self) -> None:
        raise NotImplementedError

    def _on_event(self, event: Any) -> None:
        """Take in an event of the X server."""

    def _went_idle(self, length: timedelta) -> None:
        self._idle = True
        now = self._clock.now()
        self._channel.put(WentIdle(at=now, since=now - length))

    def _came_back(self) -> None:
        self._idle = False
        self._channel.put(CameBack(at=self._clock.now()))


class AlarmWatch(IdleWatch):
    """Idleness by two alarms, one for going idle and one for coming back."""

    @staticmethod
    def require(display: Any) -> None:
        IdleCounter(display)

    def _begin(self) -> None:
        self._counter = IdleCounter(self._connection.display)
        self._idle_alarm = self._counter.alarm(self._idle_after, test=RISES)
        self._return_alarm = self._counter.alarm(self._idle_after - RETURN_MARGIN, test=FALLS)
        # Only from here on, with both alarms set, does silence mean that nothing happened.
        length = self._counter.read()
        self._channel.put(SensorStarted(at=self._clock.now(), sense="idle", sensor=X11Idle.name))
        if length >= self._idle_after:
            self._went_idle(length)

    def _on_event(self, event: Any) -> None:
        alarm = self._counter.alarm_of(event)
        if alarm == self._idle_alarm and not self._idle:
            # The event may have waited in the queue, so the counter is read again. If somebody has come back meanwhile,
            # the counter is low, and the event's own value is the larger one.
            self._went_idle(max(self._counter.value_at(event), self._counter.read()))
        elif alarm == self._return_alarm and self._idle:
            self._came_back()


class X11Idle:
    """Idle by alarms on the SYNC extension's IDLETIME. `settings.idle_after` says how long is idle."""

    name = "x11_idle"
    sense: Sense = "idle"
    watch_class: type[IdleWatch] = AlarmWatch

    def __init__(self, clock: Clock, settings: AttentionSettings | None = None) -> None:
        self._clock = clock
        self._idle_after = (settings or AttentionSettings()).idle_after

    async def probe(self) -> None:
        display = open_display()
        try:
            self.watch_class.require(display)
        finally:
            close_display(display)

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        channel: Channel[Observation] = Channel()
        watch = self.watch_class(self._clock, self._idle_after, channel)
        with closing(watch):
            watch.start()
            while True:
                yield await channel.get()
