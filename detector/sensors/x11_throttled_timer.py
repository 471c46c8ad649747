"""Repeat an action on X11 while somebody uses the device: without input it costs nothing.

Invariant 1: with input, at most once in `every`; without, one last time, and then an alarm of the X server wakes us.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from detector.sensors.x11_connection import X11Connection
from detector.sensors.x11_sync import FALLS, IdleCounter

EVERY: Final = timedelta(seconds=5)


class InputThrottledTimer:
    """Call `action` at most once in `every`, after there was input, between `start` and `stop`."""

    def __init__(
        self, connection: X11Connection, counter: IdleCounter, action: Callable[[], None], every: timedelta = EVERY
    ) -> None:
        self._connection = connection
        self._counter = counter
        self._action = action
        self._every = every
        self._timer: asyncio.TimerHandle | None = None
        self._alarm: int | None = None
        self._is_running = False

    def start(self) -> None:
        if not self._is_running:
            self._is_running = True
            self._wait()

    def stop(self) -> None:
        """Stop. Safe at any time; the alarm is removed if the connection is still open."""
        self._is_running = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._disarm()

    def on_event(self, event: Any) -> None:
        if self._alarm is not None and self._counter.alarm_of(event) == self._alarm:
            self._disarm()
            self._wait()

    def _wait(self) -> None:
        if self._timer is not None:
            return
        # What an input brings about is there only after it: first the input, then the wait, then the action.
        self._timer = asyncio.get_running_loop().call_later(
            self._every.total_seconds(), self._connection.run, self._due
        )

    def _due(self) -> None:
        self._timer = None
        # The alarm is set before the counter is read, so that no input falls between the two.
        # It goes off when the counter falls, which only an input can bring about.
        self._alarm = self._counter.alarm(self._every / 2, test=FALLS)
        if self._counter.read() < self._every:
            self._disarm()
            self._action()
            if self._is_running:
                self._wait()

    def _disarm(self) -> None:
        if self._alarm is not None and self._connection.is_open:
            self._counter.remove(self._alarm)
        self._alarm = None
