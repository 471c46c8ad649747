"""The daemon's loop: one task that sleeps until there is something to do, and then does all that is due.

Invariant 1: no polling. It sleeps until an observation, a request, the next boundary, the core's deadline or a heartbeat,
whichever comes first.
Invariant 2: before it decides anything, it checks the clocks; time in which the device slept, or the process was stopped, is
a gap.
Invariant 3: partner time ends at its planned end, however late the loop wakes; nothing is decided after it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from detector.clock import Clock
from detector.control.sd_notify import Systemd
from detector.core.observations import MICROSECOND, GapReason
from detector.daemon.clock_watch import ClockWatch
from detector.daemon.reconciler import Reconciler, Upcoming

# Maximum sleep in partner time, in seconds: a stop of the process is detected within this time, plus the lateness that is
# tolerated, although nothing else is due.
MAX_SLEEP: Final = 30.0


class Loop:
    """Steps whenever `wake` is set or a deadline comes.

    `restore_locks` is called first in each step, `after_reconcile` after each reconciliation.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        reconciler: Reconciler,
        wake: asyncio.Event,
        restore_locks: Callable[[], None],
        after_reconcile: Callable[[Upcoming], Awaitable[None]],
        systemd: Systemd,
        clock_watch: ClockWatch | None = None,
    ) -> None:
        self._clock = clock
        self._reconciler = reconciler
        self._wake = wake
        self._restore_locks = restore_locks
        self._after_reconcile = after_reconcile
        self._systemd = systemd
        self._clock_watch = clock_watch or ClockWatch(clock)
        self._is_due = True
        self._is_stopping = False
        self._watchdog_fed = clock.monotonic()

    def request_reconcile(self) -> None:
        """Reconcile as soon as possible. To be called in the loop's own thread, any number of times."""
        self._is_due = True
        self._wake.set()

    def stop(self) -> None:
        self._is_stopping = True
        self._wake.set()

    def continued(self) -> None:
        """Note that the process was stopped, and goes on now (SIGCONT)."""
        self._clock_watch.was_stopped = True
        self._wake.set()

    async def run(self) -> None:
        """Run until `stop`; an exception of a step ends it."""
        while not self._is_stopping:
            # Cleared before the step: what is set during it makes the loop run once more.
            self._wake.clear()
            await self.step()
            await self._sleep()

    async def step(self) -> None:
        self._restore_locks()
        # Invariant 2: first the clock, because a deadline that a jump or a sleep reached is no evidence.
        missed = await self._check_clock()
        now = self._clock.now()
        wake_at = self._reconciler.upcoming.wake_at
        if self._is_due or (wake_at is not None and wake_at <= now):
            self._is_due = False
            # The device may be in another time zone by now. Times on the screen and partner times without a zone of their own
            # use the local zone.
            time.tzset()
            await self._reconciler.reconcile(now, missed=missed)
            await self._after_reconcile(self._reconciler.upcoming)
        if self._reconciler.session is not None:
            await self._reconciler.session.step(now)
        # Only here, and last: the watchdog must notice a step that hangs or fails.
        self._feed_watchdog()

    async def _check_clock(self) -> GapReason:
        """Turn a sleep or a jump of the clock into a gap; return why a start that was missed was missed."""
        jump = self._clock_watch.check()
        if jump is None:
            # Then a start can only have been missed because no daemon ran.
            return GapReason.RESTART
        self._is_due = True
        session = self._reconciler.session
        if jump.is_backwards:
            await self._reconciler.end_before_jump(jump.since)
        elif session is not None:
            # The gap ends with the last instant of partner time, even if the loop did not run then.
            ends = self._reconciler.end_as_planned(session, jump.since)
            last = ends - MICROSECOND
            session.add_gap(jump.since, min(jump.at, max(jump.since, last)), jump.reason, ends)
            if jump.at <= last:
                await session.restart_sensors()
        return jump.reason

    async def _sleep(self) -> None:
        if self._wake.is_set() or self._is_stopping:
            return
        session = self._reconciler.session
        deadlines = [self._reconciler.upcoming.wake_at, session.deadline if session is not None else None]
        instants = [at for at in deadlines if at is not None]
        seconds = (min(instants) - self._clock.now()).total_seconds() if instants else None
        if session is not None:
            seconds = min(seconds if seconds is not None else MAX_SLEEP, MAX_SLEEP)
        if self._systemd.watchdog is not None:
            left = self._watchdog_fed + self._systemd.watchdog - self._clock.monotonic()
            seconds = left if seconds is None else min(seconds, left)
        self._clock_watch.will_wake(seconds)
        try:
            async with asyncio.timeout(None if seconds is None else max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _feed_watchdog(self) -> None:
        # A quarter early, so that a wake-up for another reason saves one for this.
        interval, now = self._systemd.watchdog, self._clock.monotonic()
        if interval is not None and now - self._watchdog_fed >= interval * 0.75:
            self._watchdog_fed = now
            self._systemd.alive()
