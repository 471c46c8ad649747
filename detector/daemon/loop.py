"""The daemon's loop: one task that sleeps until there is something to do, and then does all that is due.

Invariant 1: no polling. It sleeps until an observation, a request, the next boundary, the core's deadline or a heartbeat,
whichever comes first.
Invariant 2: before anything is decided it checks whether time went on as it should; time that was slept through, or in which
the process was stopped, is a gap.
Invariant 3: partner time ends at its planned end, however late the loop wakes: nothing after it is decided.
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

# In partner time it wakes so often at least, in seconds: a process that was stopped for as long, and for what counts as late
# on top, is found out, although nothing else was due.
HEARTBEAT: Final = 30.0


class Loop:
    """Steps whenever `wake` is set or a deadline comes. `after_reconcile` is called after each reconciliation."""

    def __init__(
        self,
        *,
        clock: Clock,
        reconciler: Reconciler,
        wake: asyncio.Event,
        after_reconcile: Callable[[Upcoming], Awaitable[None]],
        systemd: Systemd,
        clock_watch: ClockWatch | None = None,
    ) -> None:
        self._clock = clock
        self._reconciler = reconciler
        self._wake = wake
        self._after_reconcile = after_reconcile
        self._systemd = systemd
        self._clock_watch = clock_watch or ClockWatch(clock)
        self._is_due = True
        self._is_stopping = False
        self._watchdog_fed = clock.monotonic()

    def request_reconcile(self) -> None:
        """Reconcile as soon as possible. To be called in the loop's own thread; often does no harm."""
        self._is_due = True
        self._wake.set()

    def stop(self) -> None:
        self._is_stopping = True
        self._wake.set()

    def continued(self) -> None:
        """Take note that the process was stopped, and may run again since just now (SIGCONT)."""
        self._clock_watch.was_stopped = True
        self._wake.set()

    async def run(self) -> None:
        """Run until `stop`; whatever a step raises ends it."""
        while not self._is_stopping:
            # Cleared before the step: what is set during it makes the loop run once more.
            self._wake.clear()
            await self.step()
            await self._sleep()

    async def step(self) -> None:
        # Invariant 2: first the clock, for a deadline that a jump or a sleep reached is no evidence.
        missed = await self._check_clock()
        now = self._clock.now()
        wake_at = self._reconciler.upcoming.wake_at
        if self._is_due or (wake_at is not None and wake_at <= now):
            self._is_due = False
            # The device may be in another time zone by now: times that are shown, and partner times without a zone of
            # their own, go by the clock on its wall.
            time.tzset()
            await self._reconciler.reconcile(now, missed=missed)
            await self._after_reconcile(self._reconciler.upcoming)
        if self._reconciler.session is not None:
            await self._reconciler.session.step(now)
        # Only here, and last: a step that hangs, or fails, must starve the watchdog.
        self._feed_watchdog()

    async def _check_clock(self) -> GapReason:
        """Turn a sleep or a jump of the clock into a gap; return why a start that was missed was missed."""
        found = self._clock_watch.check()
        if found is None:
            # Then a start can only have been missed because no daemon ran.
            return GapReason.RESTART
        self._is_due = True
        session = self._reconciler.session
        if found.is_backwards:
            await self._reconciler.end_before_jump(found.since)
        elif session is not None:
            # The gap belongs to partner time up to its last instant, even if nobody was awake to end it then.
            ends = self._reconciler.end_as_planned(session, found.since)
            last = ends - MICROSECOND
            session.add_gap(found.since, min(found.at, max(found.since, last)), found.reason, ends)
            if found.at <= last:
                await session.restart_sensors()
        return found.reason

    async def _sleep(self) -> None:
        if self._wake.is_set() or self._is_stopping:
            return
        session = self._reconciler.session
        wanted = [self._reconciler.upcoming.wake_at, session.deadline if session is not None else None]
        instants = [at for at in wanted if at is not None]
        seconds = (min(instants) - self._clock.now()).total_seconds() if instants else None
        if session is not None:
            seconds = min(seconds if seconds is not None else HEARTBEAT, HEARTBEAT)
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
