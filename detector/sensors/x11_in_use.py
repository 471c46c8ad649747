"""Do something again and again on X11, but only while somebody uses the device: without input it costs nothing.

Rule 1: with input, at most once in `every`; without, one last time, and then an alarm of the X server waits for us.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from detector.sensors.x11_connection import Connection
from detector.sensors.x11_sync import FALLS, IdleCounter

EVERY: Final = timedelta(seconds=5)


class WhileInUse:
    """Call `act` at most once in `every`, after there was input; between `begin` and `end`."""

    def __init__(
        self, connection: Connection, counter: IdleCounter, act: Callable[[], None], every: timedelta = EVERY
    ) -> None:
        self._connection = connection
        self._counter = counter
        self._act = act
        self._every = every
        self._timer: asyncio.TimerHandle | None = None
        self._alarm: int | None = None
        self._wanted = False

    def begin(self) -> None:
        """Start, or go on."""
        if not self._wanted:
            self._wanted = True
            self._wait()

    def end(self) -> None:
        """Stop. Safe at any time; the alarm is taken back where the connection still stands."""
        self._wanted = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._disarm()

    def on_event(self, event: Any) -> None:
        """Be told of an event of the connection."""
        if self._alarm is not None and self._counter.alarm_of(event) == self._alarm:
            self._disarm()
            self._wait()

    def _wait(self) -> None:
        if self._timer is not None:
            return
        # What the input does is seen only after it is done: first the input, then the wait, then the look.
        self._timer = asyncio.get_running_loop().call_later(
            self._every.total_seconds(), self._connection.run, self._due
        )

    def _due(self) -> None:
        self._timer = None
        # Armed before it is asked, so that no input falls between the two.
        self._alarm = self._counter.alarm(self._every / 2, test=FALLS)
        if self._counter.read() < self._every:
            self._disarm()
            self._act()
            if self._wanted:
                self._wait()

    def _disarm(self) -> None:
        if self._alarm is not None and self._connection.is_open:
            self._counter.forget(self._alarm)
        self._alarm = None
