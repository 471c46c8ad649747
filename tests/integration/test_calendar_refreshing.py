"""When calendars are refreshed: seldom, not all at once, not when the device wakes, and less often where it fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
import pytest

from detector.clock import ManualClock
from detector.daemon import calendar_scheduler as refreshing
from detector.daemon.calendar_scheduler import FIRST_WAIT, RETRY, SPREAD, TOO_LONG, CalendarScheduler, ChildResult
from detector.store.model import Calendar
from detector.store.store import Store
from tests.rig.processes import until_async

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOURS = timedelta(hours=6)
OURS = Calendar(name="canary", location="https://calendar.example/canary", subscribed=True, tried=NOW, refreshed=NOW)


@dataclass
class Rig:
    """A refresher whose scheduler, clock and child are the test's. `answers`: what each asking of a calendar comes to."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    store: Store = field(default_factory=Store.in_memory)
    planned: list[datetime | None] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    answers: dict[int, Callable[[Calendar], tuple[Calendar, ChildResult | None]]] = field(default_factory=dict)
    changes: int = 0
    holds: asyncio.Event | None = None

    def begin(self) -> CalendarScheduler:
        return CalendarScheduler(
            store=self.store,
            clock=self.clock,
            scheduler=self,
            interval=lambda: HOURS,
            changed=self._changed,
            refresh=self._ask,
        )

    def set_job(self, name: str, at: datetime | None, action: Any) -> None:
        assert name == "calendars"
        self.planned.append(at)

    def _changed(self) -> None:
        self.changes += 1

    async def _ask(self, number: int) -> ChildResult | None:
        self.asked.append(number)
        if self.holds is not None:
            await self.holds.wait()
        (known,) = [each for each in self.store.calendars.all() if each.number == number]
        kept = replace(known, tried=self.clock.now(), refreshed=self.clock.now(), why=None)
        answer = self.answers.get(number)
        kept, done = (kept, ChildResult()) if answer is None else answer(replace(known, tried=self.clock.now()))
        if done is not None:
            self.store.calendars.save(kept)
        return done

    def go(self, length: timedelta) -> None:
        """Let time go on, awake."""
        self.clock.at += length
        self.clock.seconds += length.total_seconds()

    def sleep(self, length: timedelta) -> None:
        """Let the device sleep: the wall clock goes on, the monotonic one does not."""
        self.clock.at += length


def no_answer(known: Calendar) -> tuple[Calendar, ChildResult]:
    return replace(known, why="the server did not answer within 20 s"), ChildResult()


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_without_a_subscription_no_job_is_planned_and_nothing_fetched(rig: Rig) -> None:
    rig.store.calendars.save(replace(OURS, subscribed=False, location="/home/us/ours.ics"))
    asking = rig.begin()
    for _ in range(3):
        rig.go(timedelta(days=1))
        asking.update()
        asyncio.run(asking.refresh())
    assert set(rig.planned) <= {None}
    assert rig.asked == []


def test_a_refresh_comes_after_the_interval_and_a_spread_that_differs_each_time(rig: Rig) -> None:
    rig.store.calendars.save(OURS)
    asking = rig.begin()
    asking.update()
    seen = set()
    for _ in range(5):
        at = rig.planned[-1]
        assert at is not None
        later = at - rig.clock.now() - HOURS
        assert timedelta() <= later <= HOURS * SPREAD
        seen.add(later)
        rig.go(at - rig.clock.now())
        asyncio.run(asking.refresh())
    assert len(seen) == 5
    assert rig.asked == [1] * 5
    assert rig.changes == 0


def test_updating_again_plans_nothing_again(rig: Rig) -> None:
    rig.store.calendars.save(OURS)
    asking = rig.begin()
    for _ in range(10):
        asking.update()
    assert len(rig.planned) == 1
    rig.store.calendars.remove(1)
    asking.update()
    assert rig.planned[1:] == [None]


def test_a_calendar_overdue_at_the_start_is_refreshed_minutes_later(rig: Rig) -> None:
    rig.store.calendars.save(replace(OURS, tried=NOW - timedelta(days=9)))
    asking = rig.begin()
    asking.update()
    assert rig.planned == [NOW + FIRST_WAIT]
    asyncio.run(asking.refresh())
    assert rig.asked == []
    rig.go(FIRST_WAIT)
    asyncio.run(asking.refresh())
    assert rig.asked == [1]


def test_nothing_is_fetched_right_after_the_device_wakes(rig: Rig) -> None:
    rig.store.calendars.save(OURS)
    asking = rig.begin()
    asking.update()
    rig.go(timedelta(hours=1))
    asking.update()
    rig.sleep(timedelta(hours=12))
    asyncio.run(asking.refresh())
    assert rig.asked == []
    assert rig.planned[-1] == rig.clock.now() + FIRST_WAIT
    rig.go(FIRST_WAIT)
    asyncio.run(asking.refresh())
    assert rig.asked == [1]


def test_a_clock_set_back_does_not_delay_a_refresh(rig: Rig) -> None:
    rig.store.calendars.save(replace(OURS, tried=NOW + timedelta(days=300)))
    asking = rig.begin()
    asking.update()
    assert rig.planned == [NOW + FIRST_WAIT]


def test_a_failing_calendar_is_retried_with_growing_waits(rig: Rig) -> None:
    rig.store.calendars.save(replace(OURS, tried=NOW - timedelta(days=1)))
    rig.answers[1] = no_answer
    asking = rig.begin()
    rig.go(FIRST_WAIT)
    waits = []
    for _ in range(8):
        asyncio.run(asking.refresh())
        at = rig.planned[-1]
        assert at is not None
        waits.append(at - rig.clock.now())
        rig.go(waits[-1])
    for number, wait in enumerate(waits):
        least = min(HOURS, RETRY * 2**number)
        assert least <= wait <= least * (1 + SPREAD)
    assert waits[-1] >= HOURS
    rig.answers.clear()
    asyncio.run(asking.refresh())
    assert rig.planned[-1] is not None
    assert rig.planned[-1] - rig.clock.now() >= HOURS
    rig.answers[1] = no_answer
    rig.go(HOURS * 2)
    asyncio.run(asking.refresh())
    assert rig.planned[-1] is not None
    assert rig.planned[-1] - rig.clock.now() <= RETRY * (1 + SPREAD), "after a success it starts from the beginning"


def test_a_servers_retry_after_is_respected(rig: Rig) -> None:
    rig.store.calendars.save(replace(OURS, tried=NOW - timedelta(days=1)))
    rig.answers[1] = lambda known: (no_answer(known)[0], ChildResult(wait=timedelta(hours=20)))
    asking = rig.begin()
    rig.go(FIRST_WAIT)
    asyncio.run(asking.refresh())
    assert rig.planned[-1] is not None
    assert rig.planned[-1] - rig.clock.now() >= timedelta(hours=20)


def test_each_calendar_has_its_own_schedule_and_changed_is_called_once(rig: Rig) -> None:
    rig.store.calendars.save(replace(OURS, tried=NOW - timedelta(days=1)))
    rig.store.calendars.save(replace(OURS, name="theirs", tried=NOW - timedelta(days=1)))
    rig.store.calendars.save(replace(OURS, name="not yet"))
    rig.answers[1] = no_answer
    rig.answers[2] = lambda known: (replace(known, why=None), ChildResult(changed=True))
    asking = rig.begin()
    rig.go(FIRST_WAIT)
    asyncio.run(asking.refresh())
    assert rig.asked == [1, 2]
    assert rig.changes == 1


def test_a_killed_child_is_stored_as_a_failure_and_nothing_else_changes(rig: Rig) -> None:
    rig.store.calendars.save(replace(OURS, tried=NOW - timedelta(days=1), etag='"one"', auto_accepts=True))
    rig.answers[1] = lambda known: (known, None)
    asking = rig.begin()
    rig.go(FIRST_WAIT)
    asyncio.run(asking.refresh())
    assert rig.store.calendars.all() == [
        replace(OURS, number=1, tried=rig.clock.now(), etag='"one"', auto_accepts=True, why=TOO_LONG)
    ]


def test_a_failure_and_a_recovery_are_one_log_line_each_without_name_or_address(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.store.calendars.save(replace(OURS, tried=NOW - timedelta(days=1)))
    rig.answers[1] = no_answer
    asking = rig.begin()
    with caplog.at_level(logging.INFO, "turntoward"):
        for _ in range(4):
            rig.go(HOURS * 2)
            asyncio.run(asking.refresh())
        rig.answers.clear()
        for _ in range(4):
            rig.go(HOURS * 2)
            asyncio.run(asking.refresh())
    assert [record.getMessage() for record in caplog.records] == [
        "calendar 1 could not be refreshed: the server did not answer within 20 s",
        "calendar 1 is refreshed again",
    ]


async def test_no_second_refresh_starts_during_one_and_a_calendar_may_be_removed_meanwhile(rig: Rig) -> None:
    rig.store.calendars.save(replace(OURS, tried=NOW - timedelta(days=1)))
    rig.holds = asyncio.Event()
    asking = rig.begin()
    rig.go(FIRST_WAIT)
    first = asyncio.ensure_future(asking.refresh())
    await asyncio.sleep(0)
    await asking.refresh()
    asking.update()
    assert rig.asked == [1]
    assert rig.planned == []
    rig.holds.set()
    await first
    assert len(rig.planned) == 1


async def test_a_child_with_invalid_output_counts_as_failed(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    said = {"nonsense": "print('{}')", "dies": "import sys; sys.exit(1)", "hangs": "import time; time.sleep(60)"}
    for name, program in said.items():
        stand_in = tmp_path / name
        stand_in.write_text(f'#!/bin/sh\necho $$ > {tmp_path}/pid\nexec {refreshing.sys.executable} -c "{program}"\n')
        stand_in.chmod(0o700)
        with monkeypatch.context() as patch:
            patch.setattr(refreshing.sys, "executable", str(stand_in))
            patch.setattr(refreshing, "CHILD_TIMEOUT", 2.0 if name == "hangs" else 60.0)
            assert await refreshing.refresh_in_child(1) is None
        child = int((tmp_path / "pid").read_text())
        await until_async(lambda pid=child: not psutil.pid_exists(pid), what="the child is gone")
    with monkeypatch.context() as patch:
        patch.setattr(refreshing.sys, "executable", str(tmp_path / "not there"))
        assert await refreshing.refresh_in_child(1) is None


async def test_the_real_child_reports_no_change_for_a_removed_calendar() -> None:
    assert await refreshing.refresh_in_child(7) == ChildResult()
