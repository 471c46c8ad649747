"""The planner on a real event loop and the real APScheduler: no boundary is lost, and no exception."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from detector.clock import ManualClock, SystemClock
from detector.daemon.scheduler import HEARTBEAT, Scheduler

SOON = timedelta(milliseconds=30)
PATIENCE = 60


async def test_the_planner_reconciles_at_the_boundary_and_in_the_loops_own_thread() -> None:
    reached = asyncio.Event()

    async def reconcile() -> None:
        asyncio.get_running_loop()
        reached.set()

    planner = Scheduler(SystemClock(), reconcile)
    planner.start()
    planner.set_boundary(datetime.now(UTC) + SOON)
    async with asyncio.timeout(PATIENCE):
        await reached.wait()
    assert planner.boundary is None
    planner.stop()
    planner.stop()


async def test_a_boundary_that_has_passed_is_reconciled_at_once_however_long_ago_it_was() -> None:
    reached = asyncio.Event()
    planner = Scheduler(SystemClock(), reached.set)
    planner.start()
    planner.set_boundary(datetime.now(UTC) - timedelta(days=400))
    async with asyncio.timeout(PATIENCE):
        await reached.wait()
    planner.stop()


async def test_a_boundary_set_before_the_start_is_waited_for() -> None:
    reached = asyncio.Event()
    planner = Scheduler(SystemClock(), reached.set)
    planner.set_boundary(datetime.now(UTC) - SOON)
    planner.start()
    async with asyncio.timeout(PATIENCE):
        await reached.wait()
    planner.stop()


async def test_a_later_boundary_takes_the_place_of_the_earlier_and_none_takes_it_away() -> None:
    calls: list[str] = []
    planner = Scheduler(SystemClock(), lambda: calls.append("reconciled"))
    planner.start()
    planner.set_boundary(datetime.now(UTC) + timedelta(hours=2))
    planner.set_boundary(datetime.now(UTC) + timedelta(hours=3))
    assert len(planner._scheduler.get_jobs()) == 1
    planner.set_boundary(None)
    planner.set_boundary(None)
    assert planner._scheduler.get_jobs() == []
    assert calls == []
    planner.stop()


async def test_boundaries_set_while_reconciling_are_not_dropped() -> None:
    """The job that is running counts as an instance; APScheduler would drop the next one of the same name."""
    left, done = 12, asyncio.Event()

    async def reconcile() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            done.set()
        elif left > 0:
            planner.set_boundary(datetime.now(UTC) - SOON + timedelta(microseconds=left))
            for _ in range(5):
                await asyncio.sleep(0)

    planner = Scheduler(SystemClock(), reconcile)
    planner.start()
    planner.set_boundary(datetime.now(UTC) - SOON)
    async with asyncio.timeout(PATIENCE):
        await done.wait()
    planner.stop()


async def test_reconcile_never_runs_twice_at_once_and_runs_once_more_for_whoever_asked_meanwhile() -> None:
    inside, most, runs = 0, 0, 0
    began, go_on = asyncio.Event(), asyncio.Event()

    async def reconcile() -> None:
        nonlocal inside, most, runs
        inside, runs = inside + 1, runs + 1
        most = max(most, inside)
        began.set()
        await go_on.wait()
        inside -= 1

    planner = Scheduler(SystemClock(), reconcile)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(planner.reconcile())
        await began.wait()
        for _ in range(10):
            await planner.reconcile()
        go_on.set()
        await first
    assert (most, runs) == (1, 2)


@pytest.mark.parametrize("is_coroutine", [True, False])
async def test_what_a_job_raises_reaches_whoever_watches(is_coroutine: bool) -> None:
    def broken() -> None:
        raise LookupError("the store is gone")

    async def broken_later() -> None:
        broken()

    planner = Scheduler(SystemClock(), broken_later if is_coroutine else broken)
    planner.start()
    planner.set_boundary(datetime.now(UTC) - SOON)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(LookupError, match="the store is gone"):
            await planner.watch()
    planner.stop()


async def test_the_heartbeat_beats_at_most_twice_a_minute_and_reconciles() -> None:
    assert timedelta(seconds=30) <= HEARTBEAT <= timedelta(seconds=60)
    beats, enough = 0, asyncio.Event()

    def reconcile() -> None:
        nonlocal beats
        beats += 1
        if beats == 3:
            enough.set()

    planner = Scheduler(SystemClock(), reconcile, heartbeat=timedelta(milliseconds=5))
    planner.start()
    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as group:
        watching = group.create_task(planner.watch())
        await enough.wait()
        watching.cancel()
    planner.stop()


async def test_a_boundary_that_a_sleep_made_late_is_noticed_by_the_next_heartbeat() -> None:
    """In sleep the monotonic clock stands still: here the wall clock goes on by five hours, and no timer with it."""
    seen: list[bool] = []
    noticed = asyncio.Event()
    begins = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    with time_machine.travel(begins, tick=True) as traveller:
        clock = SystemClock()
        planner = Scheduler(clock, lambda: seen.append(True), heartbeat=timedelta(hours=1))
        planner._at_boundary = _told(noticed)  # type: ignore[method-assign]
        planner.start()
        planner.set_boundary(begins + timedelta(hours=4))
        await _turns()
        traveller.shift(timedelta(hours=5))
        await _turns()
        assert not noticed.is_set()
        planner._heartbeat = timedelta(milliseconds=5)
        watching = asyncio.ensure_future(planner.watch())
        async with asyncio.timeout(PATIENCE):
            await noticed.wait()
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        planner.stop()


async def test_upkeep_comes_daily_first_some_minutes_after_the_start_and_reconciles() -> None:
    begins = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    clock = ManualClock(datetime.now(UTC) - timedelta(days=2))
    kept, reconciled = asyncio.Event(), asyncio.Event()
    planner = Scheduler(clock, reconciled.set, upkeep=kept.set)
    with time_machine.travel(begins, tick=True):
        clock.at = begins
        planner.start()
        (job,) = planner._scheduler.get_jobs()
        assert timedelta(minutes=1) <= job.next_run_time - begins <= timedelta(hours=1)
        planner.stop()
    clock.at = begins - timedelta(days=1)
    with time_machine.travel(begins, tick=True):
        planner = Scheduler(clock, reconciled.set, upkeep=lambda: (kept.set(), setattr(clock, "at", begins))[0])
        planner.start()
        async with asyncio.timeout(PATIENCE):
            await kept.wait()
            await reconciled.wait()
        planner.stop()


async def _turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def _told(event: asyncio.Event):  # noqa: ANN202 - a stand-in for one method
    async def tell() -> None:
        event.set()

    return tell
