"""Pauses that end, journeys and edits during a session, on the daemon without a process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detector.clock import ManualClock
from detector.partner_time.model import PartnerTime
from detector.store.store import Store
from tests.rig.day import GOES_ON, Day

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
BEGINS = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
ENDS = BEGINS + 90 * MINUTE


class Device:
    """A device that travels, with dinner from 18:30 to 20:00 by whatever clock is on the wall."""

    def __init__(self) -> None:
        self.zone = "Europe/Berlin"
        self.store = Store.in_memory(lambda: self.zone)
        self.store.plans.add(
            PartnerTime(
                title="Dinner",
                begins=BEGINS.replace(tzinfo=None, hour=18),
                lasts=90 * MINUTE,
                zone=self.zone,
                recurrence="FREQ=DAILY",
                is_floating=True,
            )
        )
        self.clock = ManualClock(BEGINS)
        self.day = Day(self.store, self.clock)

    def said(self) -> list[datetime]:
        return [at for at, title in self.day.said if title == GOES_ON]

    async def until(self, at: datetime) -> None:
        await self.day.advance(at - self.clock.at)
        await self.day.step(woken_by_command=True)

    async def sleep_until(self, at: datetime) -> None:
        self.day.slept += (at - self.clock.at).total_seconds()
        self.clock.at = at
        await self.day.step(woken_by_command=True)


@pytest.mark.parametrize(
    ("until", "woken", "said"),
    [
        (BEGINS + 20 * MINUTE, None, True),
        (ENDS - 61 * SECOND, None, True),
        (ENDS - 60 * SECOND, None, False),
        (ENDS, None, False),
        (BEGINS + 20 * MINUTE, BEGINS + 21 * MINUTE, True),
        (BEGINS + 20 * MINUTE, BEGINS + 21 * MINUTE + SECOND, False),
    ],
    ids=["on time", "before the last minute", "the last minute", "at the end", "60 s late", "61 s late"],
)
async def test_a_pause_that_ends_by_itself_is_notified_once_and_in_time(
    until: datetime, woken: datetime | None, said: bool
) -> None:
    device = Device()
    await device.until(BEGINS + MINUTE)
    device.store.plans.pause_until(until)
    await device.until(BEGINS + 2 * MINUTE)
    if woken is not None:
        await device.sleep_until(woken)
    await device.until(ENDS + MINUTE)
    assert device.said() == ([woken or until] if said else [])


async def test_a_pause_ended_by_a_command_is_not_notified() -> None:
    device = Device()
    await device.until(BEGINS + MINUTE)
    device.store.plans.pause_until(BEGINS + 20 * MINUTE)
    await device.until(BEGINS + 2 * MINUTE)
    device.store.plans.pause_until(None)
    await device.until(BEGINS + 40 * MINUTE)
    assert device.said() == []


@pytest.mark.parametrize("killed", [False, True], ids=["it lives", "killed at once"])
@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_a_change_of_zone_affects_only_the_next_occurrence(zone: str, killed: bool) -> None:
    device = Device()
    await device.until(BEGINS + MINUTE)
    device.zone = zone
    if killed:
        await device.day.kill()
        device.day = Day(device.store, device.clock)
    await device.until(ENDS - SECOND)
    under_way = device.day.reconciler.session
    assert under_way is not None
    assert (under_way.stored_id, under_way.occurrence.ends) == ("1@20261123T183000", ENDS)
    for _ in range(60):
        await device.until(device.clock.at + 60 * MINUTE)
    kept = device.store.history.occurrences()
    assert [each.id for each in kept][:2] == ["1@20261123T183000", "1@20261124T183000"]
    assert (kept[0].began, kept[0].ended, kept[0].end_reason) == (BEGINS, ENDS, "ended")
    assert len({each.id for each in kept}) == len(kept) == len({each.id.partition("~")[0] for each in kept})


async def test_what_overlaps_a_removed_one_begins_where_that_ends() -> None:
    device = Device()
    walk = PartnerTime(title="Walk", begins=BEGINS.replace(tzinfo=None) + 10 * MINUTE, lasts=90 * MINUTE, zone="UTC")
    device.store.plans.add(walk)
    await device.until(BEGINS + 30 * MINUTE)
    device.store.plans.remove(1)
    await device.until(BEGINS + 31 * MINUTE)
    kept = device.store.history.occurrences()
    assert [(each.title, each.began, each.end_reason) for each in kept] == [
        ("Dinner", BEGINS, "removed"),
        ("Walk", BEGINS + 31 * MINUTE, None),
    ]
    await device.until(BEGINS + 110 * MINUTE)
    assert device.store.history.occurrences()[1].ended == BEGINS + 100 * MINUTE
