"""A single occurrence that a calendar moved, on the daemon without a process: it keeps its id."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from detector.clock import ManualClock
from detector.control import requests
from detector.partner_time.model import Moved, PartnerTime
from detector.store.store import Store
from tests.rig.day import Day

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
TUESDAY = MONDAY + timedelta(days=1)
STANDS_FOR = "1@20261123T173000Z"
DINNER = PartnerTime(
    title="Dinner",
    begins=datetime(2026, 11, 23, 18, 30),
    lasts=90 * MINUTE,
    zone="Europe/Berlin",
    recurrence="FREQ=WEEKLY;BYDAY=MO,TU",
    as_rfc=True,
    moved=(
        Moved(
            original_start=datetime(2026, 11, 23, 18, 30),
            begins=datetime(2026, 11, 24, 21),
            lasts=HOUR,
            title="Late",
        ),
    ),
)
LATE = datetime(2026, 11, 24, 20, tzinfo=UTC)


class Device:
    """A device on which the dinner is declared, half an hour before it would have begun."""

    def __init__(self) -> None:
        self.store = Store.in_memory(lambda: "Europe/Berlin")
        self.store.plans.add(DINNER)
        self.clock = ManualClock(MONDAY - 30 * MINUTE)
        self.day = Day(self.store, self.clock)

    async def until(self, at: datetime) -> None:
        await self.day.step(woken_by_command=True)
        await self.day.advance(at - self.clock.at)
        await self.day.step(woken_by_command=True)

    def kept(self) -> list[tuple[str, str, datetime, str | None]]:
        return [(each.id, each.title, each.began, each.end_reason) for each in self.store.history.occurrences()]


async def test_a_moved_occurrence_takes_place_at_its_new_time_under_its_old_id() -> None:
    device = Device()
    await device.until(LATE + 2 * HOUR)
    assert device.kept() == [
        ("1@20261124T173000Z", "Dinner", TUESDAY, "ended"),
        (STANDS_FOR, "Late", LATE, "ended"),
    ]


@pytest.mark.parametrize("killed", [False, True], ids=["it lives", "killed at once"])
async def test_a_moved_session_goes_on_as_it_started_when_it_is_moved_again(killed: bool) -> None:
    device = Device()
    await device.until(LATE + MINUTE)
    (moved,) = DINNER.moved
    device.store.plans.change(replace(DINNER, number=1, moved=(replace(moved, begins=moved.begins + 3 * HOUR),)), {})
    if killed:
        await device.day.kill()
        device.day = Day(device.store, device.clock)
    await device.until(LATE + 6 * HOUR)
    assert device.kept()[1:] == [(STANDS_FOR, "Late", LATE, "ended")], "nor does it take place a second time"
    assert device.store.history.occurrences()[1].ended == LATE + HOUR


async def test_a_moved_session_that_was_stopped_does_not_come_back() -> None:
    device = Device()
    await device.until(LATE + 10 * MINUTE)
    assert [each.id for each in requests.stop(device.store, device.clock.at)] == [STANDS_FOR]
    await device.until(LATE + 2 * HOUR)
    assert device.kept()[1:] == [(STANDS_FOR, "Late", LATE, "stopped")]


async def test_a_skipped_occurrence_does_not_take_place_at_its_new_time_either() -> None:
    device = Device()
    await device.until(TUESDAY + 2 * HOUR)
    skipped = requests.skip(device.store, device.clock.at, 1)
    assert skipped is not None
    assert (skipped.id, skipped.begins) == (STANDS_FOR, LATE)
    await device.until(LATE + 2 * HOUR)
    assert [name for name, *_ in device.kept()] == ["1@20261124T173000Z"]
