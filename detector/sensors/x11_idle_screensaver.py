"""Whether somebody uses this device, on an X11 server without idle alarms: MIT-SCREEN-SAVER, asked when it matters.

Rule 1: while somebody is there, it is asked once per `idle_after`, at the earliest instant at which idleness is possible.
Rule 2: while nobody is there, it is asked every ten seconds, for nothing tells of a return: `CameBack` may be that late,
and says no more than that the device is in use again at `at`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, Final

from detector.clock import Clock
from detector.core.observations import CameBack, Observation, SensorStarted, WentIdle
from detector.errors import SensorUnavailable
from detector.sensors.channel import Channel
from detector.sensors.x11_connection import Connection
from detector.sensors.x11_idle import Watch, X11Idle

EXTENSION: Final = "MIT-SCREEN-SAVER"
LOOK_FOR_RETURN: Final = timedelta(seconds=10)
A_LITTLE: Final = timedelta(milliseconds=20)


class X11IdleScreensaver(X11Idle):
    """Idle by asking MIT-SCREEN-SAVER. `settings.idle_after` says how long is idle."""

    name = "x11_idle_screensaver"

    def _require(self, display: Any) -> None:
        _check(display)

    def _watch(self, channel: Channel[Observation]) -> Watch:
        return _Watch(self._clock, self._idle_after, channel)


def _check(display: Any) -> None:
    if not display.has_extension(EXTENSION):
        raise SensorUnavailable("the X server has no MIT-SCREEN-SAVER extension")


class _Watch:
    def __init__(self, clock: Clock, idle_after: timedelta, channel: Channel[Observation]) -> None:
        self._clock = clock
        self._idle_after = idle_after
        self._channel = channel
        self._connection = Connection(channel, lambda _: None)
        self._timer: asyncio.TimerHandle | None = None
        self._idle = False

    def begin(self) -> None:
        self._connection.run(self._start)

    def _start(self) -> None:
        _check(self._connection.display)
        self._channel.put(SensorStarted(at=self._clock.now(), sense="idle", sensor=X11IdleScreensaver.name))
        self._look()

    def _look(self) -> None:
        length = timedelta(milliseconds=self._connection.display.screen().root.screensaver_query_info().idle)
        now = self._clock.now()
        if length >= self._idle_after and not self._idle:
            self._idle = True
            self._channel.put(WentIdle(at=now, since=now - length))
        elif length < self._idle_after and self._idle:
            self._idle = False
            self._channel.put(CameBack(at=now))
        rest = LOOK_FOR_RETURN if self._idle else self._idle_after - length + A_LITTLE
        self._timer = asyncio.get_running_loop().call_later(rest.total_seconds(), self._connection.run, self._look)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._connection.close()
