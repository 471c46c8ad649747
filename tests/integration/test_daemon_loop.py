"""The loop runs its steps one after the other, and once more if a step requests it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from detector.clock import SystemClock
from detector.control.sd_notify import Systemd
from detector.core.observations import GapReason
from detector.daemon.loop import Loop
from detector.daemon.reconciler import Reconciler, Upcoming
from detector.store.store import Store

TIMEOUT = 60
SOON = timedelta(milliseconds=30)


class Counting(Reconciler):
    """A reconciler that counts, and takes a while. `during` is called in the middle of each reconciliation."""

    def __init__(self, store: Store) -> None:
        super().__init__(store=store, open_session=lambda _occurrence, _stored_id: None)  # type: ignore[arg-type, return-value]
        self.runs = self.inside = self.most = 0
        self.during: Any = lambda: None

    async def reconcile(self, now: datetime, *, missed: GapReason = GapReason.RESTART) -> None:
        self.runs, self.inside = self.runs + 1, self.inside + 1
        self.most = max(self.most, self.inside)
        self.during()
        await asyncio.sleep(0)
        self.inside -= 1


def loop_with(tmp_path: Path) -> tuple[Loop, Counting, list[Upcoming]]:
    after: list[Upcoming] = []

    async def after_reconcile(upcoming: Upcoming) -> None:
        after.append(upcoming)

    reconciler = Counting(Store.open(tmp_path / "store" / "turntoward.sqlite"))
    loop = Loop(
        clock=SystemClock(),
        reconciler=reconciler,
        wake=asyncio.Event(),
        restore_locks=lambda: None,
        after_reconcile=after_reconcile,
        systemd=Systemd(),
    )
    return loop, reconciler, after


async def test_requests_during_a_reconciliation_make_it_run_once_more_and_never_twice_at_once(tmp_path: Path) -> None:
    loop, reconciler, after = loop_with(tmp_path)

    def during() -> None:
        if reconciler.runs == 1:
            for _ in range(10):
                loop.request_reconcile()
        else:
            loop.stop()

    reconciler.during = during
    async with asyncio.timeout(TIMEOUT):
        await loop.run()
    assert (reconciler.runs, reconciler.most, len(after)) == (2, 1, 2)


async def test_the_loop_wakes_at_the_next_boundary_by_itself(tmp_path: Path) -> None:
    loop, reconciler, _ = loop_with(tmp_path)
    clock = SystemClock()

    def during() -> None:
        if reconciler.runs == 1:
            reconciler.upcoming = Upcoming(wake_at=clock.now() + SOON)
        else:
            loop.stop()

    reconciler.during = during
    async with asyncio.timeout(TIMEOUT):
        await loop.run()
    assert reconciler.runs == 2
    assert reconciler.upcoming.wake_at is not None
    assert clock.now() >= reconciler.upcoming.wake_at


async def test_a_boundary_that_has_passed_is_reconciled_at_once_however_long_ago_it_was(tmp_path: Path) -> None:
    loop, reconciler, _ = loop_with(tmp_path)

    def during() -> None:
        if reconciler.runs == 1:
            reconciler.upcoming = Upcoming(wake_at=SystemClock().now() - timedelta(days=400))
        else:
            loop.stop()

    reconciler.during = during
    async with asyncio.timeout(TIMEOUT):
        await loop.run()
    assert reconciler.runs == 2
