"""Say that something began or ended once it has stayed so for a while.

Rule 1: what holds at the start is said at once: nobody knows since when it did.
Rule 2: a turn that is taken back before its time was none; nothing ticks while nothing turns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from detector.clock import Clock
from detector.core.observations import Observation


class Settled:
    """On or off, in turn. `put` takes what is said, with the instant at which it is. To be closed.

    `after_on` and `after_off`: how long it has to have been so before it is said.
    """

    def __init__(
        self,
        put: Callable[[Observation], None],
        clock: Clock,
        on: Callable[[datetime], Observation],
        off: Callable[[datetime], Observation],
        *,
        after_on: timedelta,
        after_off: timedelta,
    ) -> None:
        self._put = put
        self._clock = clock
        self._say = {True: on, False: off}
        self._after = {True: after_on, False: after_off}
        self._said: bool | None = None
        self._timer: asyncio.TimerHandle | None = None

    def turn(self, *, is_on: bool) -> None:
        """Take in how it is now."""
        if self._said is None or is_on == self._said:
            self.close()
            if self._said is None:
                self._settle(is_on=is_on)
        elif not self._after[is_on]:
            self._settle(is_on=is_on)
        elif self._timer is None:
            after = self._after[is_on].total_seconds()
            self._timer = asyncio.get_running_loop().call_later(after, lambda: self._settle(is_on=is_on))

    def close(self) -> None:
        """Forget a turn that has not settled yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _settle(self, *, is_on: bool) -> None:
        self._timer = None
        self._said = is_on
        self._put(self._say[is_on](self._clock.now()))
