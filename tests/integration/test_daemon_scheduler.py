"""The scheduler on a real event loop and the real APScheduler: no job is lost, and no exception."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from detector.clock import ManualClock, SystemClock
from detector.daemon.scheduler import HEARTBEAT, Scheduler

SOON = timedelta(milliseconds=30)
TIMEOUT = 60
JOB = "a job"


def nothing() -> None:
    """Reconcile nothing."""


@pytest.mark.parametrize("is_coroutine", [True, False])
async def test_a_job_runs_at_its_instant_in_the_thread_of_the_loop(is_coroutine: bool) -> None:
    reached, threads = asyncio.Event(), []

    def job() -> None:
        threads.append(threading.current_thread())
        reached.set()

    async def job_later() -> None:
        job()

    scheduler = Scheduler(SystemClock(), nothing)
    scheduler.start()
    scheduler.set_job(JOB, datetime.now(UTC) + SOON, job_later if is_coroutine else job)
    async with asyncio.timeout(TIMEOUT):
        await reached.wait()
    assert threads == [threading.main_thread()]
    assert scheduler._scheduler.get_jobs() == []
    scheduler.stop()
    scheduler.stop()


async def test_a_job_whose_instant_has_passed_runs_at_once_however_long_ago_it_was() -> None:
    reached = asyncio.Event()
    scheduler = Scheduler(SystemClock(), nothing)
    scheduler.start()
    scheduler.set_job(JOB, datetime.now(UTC) - timedelta(days=400), reached.set)
    async with asyncio.timeout(TIMEOUT):
        await reached.wait()
    scheduler.stop()


async def test_a_job_set_again_replaces_the_earlier_one_and_none_removes_it() -> None:
    calls: list[str] = []
    scheduler = Scheduler(SystemClock(), nothing)
    scheduler.start()
    for hours in (2, 3):
        scheduler.set_job(JOB, datetime.now(UTC) + timedelta(hours=hours), lambda: calls.append("ran"))
    (job,) = scheduler._scheduler.get_jobs()
    assert job.next_run_time > datetime.now(UTC) + timedelta(hours=2, minutes=30)
    scheduler.set_job(JOB, None, nothing)
    scheduler.set_job(JOB, None, nothing)
    assert scheduler._scheduler.get_jobs() == []
    assert calls == []
    scheduler.stop()


async def test_a_stopped_scheduler_takes_no_job() -> None:
    calls: list[str] = []
    scheduler = Scheduler(SystemClock(), nothing)
    scheduler.start()
    scheduler.stop()
    scheduler.set_job(JOB, datetime.now(UTC) - SOON, lambda: calls.append("ran"))
    await _turns()
    assert calls == []


async def test_a_job_set_while_its_last_run_goes_on_is_not_dropped() -> None:
    """The run that goes on counts as an instance; APScheduler would drop the next one of the same name."""
    left, done = 12, asyncio.Event()

    async def job() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            done.set()
        elif left > 0:
            scheduler.set_job(JOB, datetime.now(UTC) - SOON + timedelta(microseconds=left), job)
            for _ in range(5):
                await asyncio.sleep(0)

    scheduler = Scheduler(SystemClock(), nothing)
    scheduler.start()
    scheduler.set_job(JOB, datetime.now(UTC) - SOON, job)
    async with asyncio.timeout(TIMEOUT):
        await done.wait()
    scheduler.stop()


@pytest.mark.parametrize("is_coroutine", [True, False])
async def test_what_a_job_raises_is_raised_by_watch(is_coroutine: bool) -> None:
    def broken() -> None:
        raise LookupError("the store is gone")

    async def broken_later() -> None:
        broken()

    scheduler = Scheduler(SystemClock(), nothing)
    scheduler.start()
    scheduler.set_job(JOB, datetime.now(UTC) - SOON, broken_later if is_coroutine else broken)
    async with asyncio.timeout(TIMEOUT):
        with pytest.raises(LookupError, match="the store is gone"):
            await scheduler.run_heartbeat()
    scheduler.stop()


async def test_the_heartbeat_comes_at_most_twice_a_minute_and_reconciles() -> None:
    assert timedelta(seconds=30) <= HEARTBEAT <= timedelta(seconds=60)
    beats, enough = 0, asyncio.Event()

    def reconcile() -> None:
        nonlocal beats
        beats += 1
        if beats == 3:
            enough.set()

    scheduler = Scheduler(SystemClock(), reconcile, heartbeat=timedelta(milliseconds=5))
    scheduler.start()
    async with asyncio.timeout(TIMEOUT), asyncio.TaskGroup() as group:
        watching = group.create_task(scheduler.run_heartbeat())
        await enough.wait()
        watching.cancel()
    scheduler.stop()


async def test_a_job_that_a_sleep_of_the_device_made_late_runs_at_the_next_heartbeat() -> None:
    """In sleep the monotonic clock stands still: here the wall clock goes on by five hours, and no timer with it."""
    ran = asyncio.Event()
    begins = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    with time_machine.travel(begins, tick=True) as traveller:
        scheduler = Scheduler(SystemClock(), nothing, heartbeat=timedelta(hours=1))
        scheduler.start()
        scheduler.set_job(JOB, begins + timedelta(hours=4), ran.set)
        await _turns()
        traveller.shift(timedelta(hours=5))
        await _turns()
        assert not ran.is_set()
        scheduler._heartbeat = timedelta(milliseconds=5)
        watching = asyncio.ensure_future(scheduler.run_heartbeat())
        async with asyncio.timeout(TIMEOUT):
            await ran.wait()
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        scheduler.stop()


async def test_upkeep_comes_daily_first_some_minutes_after_the_start_and_reconciles() -> None:
    begins = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    clock = ManualClock(datetime.now(UTC) - timedelta(days=2))
    kept, reconciled = asyncio.Event(), asyncio.Event()
    scheduler = Scheduler(clock, reconciled.set, upkeep=kept.set)
    with time_machine.travel(begins, tick=True):
        clock.at = begins
        scheduler.start()
        (job,) = scheduler._scheduler.get_jobs()
        assert timedelta(minutes=1) <= job.next_run_time - begins <= timedelta(hours=1)
        scheduler.stop()
    clock.at = begins - timedelta(days=1)
    with time_machine.travel(begins, tick=True):
        scheduler = Scheduler(clock, reconciled.set, upkeep=lambda: (kept.set(), setattr(clock, "at", begins))[0])
        scheduler.start()
        async with asyncio.timeout(TIMEOUT):
            await kept.wait()
            await reconciled.wait()
        scheduler.stop()


async def _turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
