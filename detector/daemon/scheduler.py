"""Run jobs at an instant of their own (reminders, daily upkeep, calendars), and reconcile once a minute.

The boundaries of partner time and the core's deadlines are no jobs: the loop itself sleeps until them.

Invariant 1: an exception of a job ends the daemon: `run_heartbeat` raises it.
Invariant 2: timers run on the monotonic clock, which stops while the device sleeps and does not follow a wall clock that is set
(apscheduler#794). The heartbeat makes the loop and the jobs compare with the wall clock, so that nothing is late by
more than a minute.
"""

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

# One wake-up a minute, of the three that the daemon may have outside partner time.
HEARTBEAT: Final = timedelta(seconds=60)

UPKEEP_EVERY: Final = timedelta(hours=24)
# Not at the start, when the desktop is busy; but also on a device that is never on for a whole day.
UPKEEP_FIRST: Final = timedelta(minutes=10)

_UPKEEP: Final = "upkeep"
# A job may be set again, and be due, while its last run still goes on; APScheduler drops runs beyond the maximum.
_MAX_INSTANCES: Final = 100

Action = Callable[[], Awaitable[None] | None]


class Scheduler:
    """Runs jobs in the loop that called `start`, never in a thread.

    `reconcile` is called once a minute and after `upkeep`, which comes daily.
    """

    def __init__(
        self,
        clock: Clock,
        reconcile: Callable[[], None],
        *,
        upkeep: Action | None = None,
        heartbeat: timedelta = HEARTBEAT,
    ) -> None:
        self._clock = clock
        self._reconcile = reconcile
        self._upkeep = upkeep
        self._heartbeat = heartbeat
        self._failure: asyncio.Future[BaseException] | None = None
        self._scheduler: Any = None

    def start(self) -> None:
        # `run_heartbeat` reports failures; APScheduler would log them as well, and every job at level INFO.
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        self._failure = asyncio.get_running_loop().create_future()
        scheduler: Any = AsyncIOScheduler(timezone=UTC)  # type: ignore[no-untyped-call]
        # Given as objects: by name, APScheduler would search all installed packages for plug-ins.
        scheduler.add_executor(AsyncIOExecutor())  # type: ignore[no-untyped-call]
        scheduler.add_listener(self._note_failure, EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES)
        scheduler.start()
        self._scheduler = scheduler
        if self._upkeep is not None:
            self.set_job(_UPKEEP, self._clock.now() + UPKEEP_FIRST, self._run_upkeep)

    def stop(self) -> None:
        """Drop all jobs. May be called twice."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    def set_job(self, name: str, at: datetime | None, action: Action) -> None:
        """Call `action` once at `at`, or at once if that has passed. It replaces the job of this name; None removes it.

        It runs concurrently, however long it takes. Before `start` nothing happens.
        """
        if self._scheduler is None:
            return
        if at is None:
            with suppress(JobLookupError):  # it may just have come
                self._scheduler.remove_job(name)
            return
        self._scheduler.add_job(
            partial(_call, action),
            DateTrigger(run_date=at, timezone=UTC),  # type: ignore[no-untyped-call]
            id=name,
            replace_existing=True,
            misfire_grace_time=None,
            coalesce=True,
            max_instances=_MAX_INSTANCES,
        )

    async def run_heartbeat(self) -> NoReturn:
        """Reconcile once a minute as long as the daemon runs, and raise the first exception of a job."""
        if self._failure is None or self._scheduler is None:
            raise RuntimeError("a scheduler has to be started before its heartbeat")
        while True:
            done, _ = await asyncio.wait([self._failure], timeout=self._heartbeat.total_seconds())
            if done:
                raise self._failure.result()
            self._reconcile()
            if self._scheduler is not None:
                self._scheduler.wakeup()

    async def _run_upkeep(self) -> None:
        self.set_job(_UPKEEP, self._clock.now() + UPKEEP_EVERY, self._run_upkeep)
        if self._upkeep is not None:
            await _call(self._upkeep)
        # The plan covers some weeks; this way a yearly partner time gets into it.
        self._reconcile()

    def _note_failure(self, event: Any) -> None:
        error: BaseException | None = getattr(event, "exception", None)
        if isinstance(error, asyncio.CancelledError):
            return
        if self._failure is not None and not self._failure.done():
            self._failure.set_result(error or RuntimeError(f"the job '{event.job_id}' was dropped"))


async def _call(action: Action) -> None:
    result = action()
    if isawaitable(result):
        await result
