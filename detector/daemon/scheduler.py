"""Know when to look again: at the next boundary, once a day for upkeep, and once a minute in case time did not go on.

Rule 1: every wake-up calls the same idempotent `reconcile`; one that comes late, twice or for nothing does no harm.
Rule 2: `reconcile` never runs twice at once; whoever asks while it runs makes it run once more.
Rule 3: what a job raises reaches the daemon, by `watch`; it is not only logged.
Rule 4: jobs wait on the monotonic clock, which stands still in sleep and knows nothing of a wall clock that is set
(apscheduler#794). The heartbeat makes them look at the wall clock again, so that none is late by more than a minute.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from inspect import isawaitable
from typing import Any, Final, NoReturn

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

from detector.clock import Clock

HEARTBEAT: Final = timedelta(seconds=60)
"""One wake-up a minute, of the three that the daemon may have outside partner time."""

UPKEEP_EVERY: Final = timedelta(hours=24)
UPKEEP_FIRST: Final = timedelta(minutes=10)
"""Not at the start, when the session has enough to do; yet on a device that is never on for a whole day, too."""

_BOUNDARY: Final = "boundary"
_UPKEEP: Final = "upkeep"
# A boundary may come while the wake-up for the one before it still runs; APScheduler drops what is one too many.
_INSTANCES: Final = 100

Action = Callable[[], Awaitable[None] | None]


class Scheduler:
    """Calls `reconcile` when it matters, and `upkeep` daily, in the loop that called `start`; never in a thread."""

    def __init__(
        self, clock: Clock, reconcile: Action, *, upkeep: Action | None = None, heartbeat: timedelta = HEARTBEAT
    ) -> None:
        self._clock = clock
        self._reconcile = reconcile
        self._do_upkeep = upkeep
        self._heartbeat = heartbeat
        self._running = self._again = False
        self._boundary: datetime | None = None
        self._failure: asyncio.Future[BaseException] | None = None
        self._scheduler: Any = None

    @property
    def boundary(self) -> datetime | None:
        """When the next wake-up for a boundary is due; None if there is none, or it has come."""
        return self._boundary

    def start(self) -> None:
        """Begin to wait. Needs a running loop."""
        # Whoever watches says what failed; APScheduler would say it, too, and tell of every job at level INFO.
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        self._failure = asyncio.get_running_loop().create_future()
        scheduler: Any = AsyncIOScheduler(timezone=UTC)  # type: ignore[no-untyped-call]
        # Given as objects: by name, APScheduler would search all installed packages for plug-ins.
        scheduler.add_executor(AsyncIOExecutor())  # type: ignore[no-untyped-call]
        scheduler.add_listener(self._note, EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES)
        scheduler.start()
        self._scheduler = scheduler
        if self._boundary is not None:
            self._wait_for(_BOUNDARY, self._at_boundary, self._boundary)
        if self._do_upkeep is not None:
            self._wait_for(_UPKEEP, self._at_upkeep, self._clock.now() + UPKEEP_FIRST)

    def stop(self) -> None:
        """Wait for nothing more. Twice does no harm."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    def set_boundary(self, at: datetime | None) -> None:
        """Wake at `at`, and no longer at the boundary set before; at once if `at` has passed, never if it is None."""
        if at == self._boundary:
            return
        self._boundary = at
        if self._scheduler is None:
            return
        if at is not None:
            self._wait_for(_BOUNDARY, self._at_boundary, at)
        else:
            with suppress(JobLookupError):  # it may just have come
                self._scheduler.remove_job(_BOUNDARY)

    def set_job(self, name: str, at: datetime | None, action: Action) -> None:
        """Call `action` once at `at`, and no longer when this job was set to before; never if it is None.

        It runs beside everything else, however long it takes. What it raises reaches the daemon as well.
        """
        if at is not None:
            self._wait_for(name, partial(_call, action), at)
        elif self._scheduler is not None:
            with suppress(JobLookupError):
                self._scheduler.remove_job(name)

    async def reconcile(self) -> None:
        """Reconcile now: the one door, for commands, for waking from sleep, and for the scheduler itself.

        If it is running already, return at once; it then runs once more.
        """
        if self._running:
            self._again = True
            return
        self._running = True
        try:
            self._again = True
            while self._again:
                self._again = False
                await _call(self._reconcile)
        finally:
            self._running = False

    async def watch(self) -> NoReturn:
        """Beat once a minute for as long as the daemon lives, and raise what a job raised. For the daemon's TaskGroup."""
        if self._failure is None or self._scheduler is None:
            raise RuntimeError("a scheduler is started before it is watched")
        while True:
            done, _ = await asyncio.wait([self._failure], timeout=self._heartbeat.total_seconds())
            if done:
                raise self._failure.result()
            await self.reconcile()
            if self._scheduler is not None:
                self._scheduler.wakeup()

    async def _at_boundary(self) -> None:
        self._boundary = None
        await self.reconcile()

    async def _at_upkeep(self) -> None:
        self._wait_for(_UPKEEP, self._at_upkeep, self._clock.now() + UPKEEP_EVERY)
        if self._do_upkeep is not None:
            await _call(self._do_upkeep)
        # A plan looks some weeks ahead; a yearly partner time comes into sight this way.
        await self.reconcile()

    def _wait_for(self, name: str, job: Callable[[], Awaitable[None]], at: datetime) -> None:
        if self._scheduler is None:
            return
        self._scheduler.add_job(
            job,
            DateTrigger(run_date=at, timezone=UTC),  # type: ignore[no-untyped-call]
            id=name,
            replace_existing=True,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=_INSTANCES,
        )

    def _note(self, event: Any) -> None:
        error: BaseException | None = getattr(event, "exception", None)
        if isinstance(error, asyncio.CancelledError):
            return
        if self._failure is not None and not self._failure.done():
            self._failure.set_result(error or RuntimeError(f"the job '{event.job_id}' was dropped"))


async def _call(action: Action) -> None:
    result = action()
    if isawaitable(result):
        await result
