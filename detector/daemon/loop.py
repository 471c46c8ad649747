"""The loop: one task that sleeps until something comes in or the core's deadline, and then does all that is due.

Rule 1: no ticking: it sleeps until the inbox, a request, the core's deadline or the watchdog, whichever comes first.
Rule 2: before anything is decided it asks whether time went on as it should; what was slept through is a gap.
Rule 3: partner time ends at its planned end, however late the loop wakes: nothing beyond it is decided.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from detector.clock import Clock
from detector.control.sd_notify import Systemd
from detector.core.observations import GapReason
from detector.daemon.clock_watch import ClockWatch
from detector.daemon.reconciler import Next, Reconciler
from detector.daemon.session import INSTANT


class Loop:
    """The daemon's one task.

    `wake` is set by whoever has something for it. After every reconciliation comes `afterwards(next)`, for the scheduler
    and for what the daemon says of itself.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        reconciler: Reconciler,
        wake: asyncio.Event,
        afterwards: Callable[[Next], Awaitable[None]],
        systemd: Systemd,
        clock_watch: ClockWatch | None = None,
    ) -> None:
        self._clock = clock
        self._reconciler = reconciler
        self._wake = wake
        self._afterwards = afterwards
        self._systemd = systemd
        self._clock_watch = clock_watch or ClockWatch(clock)
        self._due = True
        self._stopping = False
        self._fed = clock.monotonic()

    def look(self) -> None:
        """Look at the clock and at what was declared as soon as possible; from the loop's own thread."""
        self._due = True
        self._wake.set()

    def stop(self) -> None:
        """Leave the loop as soon as possible."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Run until `stop`; whatever a step raises ends it."""
        while not self._stopping:
            self._wake.clear()
            await self.step()
            await self._sleep()

    async def step(self) -> None:
        """Do all that is due now."""
        missed = await self._look_at_the_clock()
        now = self._clock.now()
        if self._due or (self._reconciler.next.at is not None and self._reconciler.next.at <= now):
            self._due = False
            # The device may have been taken to another zone: what is said from now on is said by the clock on its wall.
            time.tzset()
            await self._reconciler.reconcile(now, missed=missed)
            await self._afterwards(self._reconciler.next)
        if self._reconciler.session is not None:
            await self._reconciler.session.step(now)
        self._feed_watchdog()

    async def _look_at_the_clock(self) -> GapReason:
        broken = self._clock_watch.look()
        if broken is None:
            return GapReason.RESTART
        self._due = True
        if broken.backwards:
            await self._reconciler.end_before_jump(broken.since)
        elif self._reconciler.session is not None:
            # What lies beyond the planned end is no partner time, slept through or not; the gap itself is a part of it.
            session = self._reconciler.session
            ends = self._reconciler.end_as_planned(session, broken.since)
            last = ends - INSTANT
            session.mend(broken.since, min(broken.at, max(broken.since, last)), broken.reason, ends)
            if broken.at <= last:
                await session.sense_anew()
        return broken.reason

    async def _sleep(self) -> None:
        if self._wake.is_set() or self._stopping:
            return
        session = self._reconciler.session
        wanted = [self._reconciler.next.at, session.deadline if session is not None else None]
        instants = [at for at in wanted if at is not None]
        seconds = (min(instants) - self._clock.now()).total_seconds() if instants else None
        if self._systemd.watchdog is not None:
            left = self._fed + self._systemd.watchdog - self._clock.monotonic()
            seconds = left if seconds is None else min(seconds, left)
        try:
            async with asyncio.timeout(None if seconds is None else max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _feed_watchdog(self) -> None:
        # A quarter early, so that a wake-up for another reason spares one for this.
        watchdog, now = self._systemd.watchdog, self._clock.monotonic()
        if watchdog is not None and now - self._fed >= watchdog * 0.75:
            self._fed = now
            self._systemd.alive()
