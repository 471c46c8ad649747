"""Report that something began or ended only once it has stayed so for a while.

Invariant 1: the first state is reported at once, as it may have lasted for long already.
Invariant 2: a change that is taken back before its time is not reported; while nothing changes no timer runs.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from detector.clock import Clock
from detector.core.observations import Observation


class Debouncer:
    """On or off, in turn: `put` is given an observation of the type `on` or `off`. To be closed.

    `after_on` and `after_off`: how long a state has to last before it is reported.
    """

    def __init__(
        self,
        put: Callable[[Observation], None],
        clock: Clock,
        on: Callable[..., Observation],
        off: Callable[..., Observation],
        *,
        after_on: timedelta,
        after_off: timedelta,
    ) -> None:
        self._put = put
        self._clock = clock
        self._on = on
        self._off = off
        self._after_on = after_on
        self._after_off = after_off
        self._reported: bool | None = None
        self._timer: asyncio.TimerHandle | None = None

    def update(self, *, is_on: bool) -> None:
        delay = (self._after_on if is_on else self._after_off).total_seconds()
        if self._reported is None or is_on == self._reported:
            self.close()
            if self._reported is None:
                self._report(is_on=is_on)
        elif not delay:
            self._report(is_on=is_on)
        elif self._timer is None:
            # A timer that runs already is left alone: the state has lasted since that was started.
            self._timer = asyncio.get_running_loop().call_later(delay, lambda: self._report(is_on=is_on))

    def close(self) -> None:
        """Forget a change that has not been reported yet."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _report(self, *, is_on: bool) -> None:
        self._timer = None
        self._reported = is_on
        make = self._on if is_on else self._off
        self._put(make(at=self._clock.now()))
