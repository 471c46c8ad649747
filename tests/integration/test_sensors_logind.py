"""Locks and sleep, by a logind that does what it is told."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from dbus_fast import BusType

from detector.clock import ManualClock
from detector.core.observations import Gap, GapReason, Locked, SensorStarted, Suspended, Unlocked
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors import logind as logind_module
from detector.sensors.bus import SensorBus
from detector.sensors.logind import Logind
from tests.rig.logind import MockLogind
from tests.rig.processes import until
from tests.rig.sensing import take, take_next

pytestmark = pytest.mark.real

BEGAN = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(at=BEGAN)


@pytest_asyncio.fixture
async def seen(logind: MockLogind, clock: ManualClock) -> AsyncIterator[AsyncGenerator[Any, None]]:
    observing = Logind(clock).observe()
    assert isinstance(await take_next(observing), SensorStarted)
    assert isinstance(await take_next(observing), Unlocked)
    yield observing
    await observing.aclose()


async def test_the_locked_hint_is_believed(logind: MockLogind, seen: AsyncGenerator[Any, None]) -> None:
    for _ in range(2):
        logind.hint(True)
        assert isinstance(await take_next(seen), Locked)
        logind.hint(False)
        assert isinstance(await take_next(seen), Unlocked)


async def test_a_lock_request_and_its_hint_are_one_lock(logind: MockLogind, seen: AsyncGenerator[Any, None]) -> None:
    logind.ask_to_lock()
    logind.hint(True)
    assert isinstance(await take_next(seen), Locked)
    logind.ask_to_unlock()
    logind.hint(False)
    assert isinstance(await take_next(seen), Unlocked)
    with pytest.raises(TimeoutError):
        await take_next(seen, within=0.5)


async def test_a_lock_request_without_a_hint_is_undone(
    logind: MockLogind,
    seen: AsyncGenerator[Any, None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logind_module, "HINT_DELAY", timedelta(milliseconds=100))
    logind.ask_to_lock()
    assert isinstance(await take_next(seen), Locked)
    assert isinstance(await take_next(seen), Unlocked)


async def test_a_locked_session_is_yielded_at_start(logind: MockLogind, clock: ManualClock) -> None:
    logind.hint(True)
    observing = Logind(clock).observe()
    await take_next(observing)
    assert isinstance(await take_next(observing), Locked)
    await observing.aclose()


async def test_sleep_is_one_gap_until_waking_up(
    logind: MockLogind,
    seen: AsyncGenerator[Any, None],
    clock: ManualClock,
) -> None:
    for night in range(2):
        evening = clock.at
        logind.sleep(True)
        assert await take_next(seen) == Suspended(at=evening)
        clock.at += timedelta(hours=8)
        logind.sleep(False)
        gap = await take_next(seen)
        assert gap == Gap(at=evening + timedelta(hours=8), since=evening, reason=GapReason.SUSPEND)
        assert gap.sense is None, night


async def test_waking_up_without_sleep_yields_nothing(logind: MockLogind, seen: AsyncGenerator[Any, None]) -> None:
    logind.sleep(False)
    logind.hint(True)
    assert isinstance(await take_next(seen), Locked)


async def test_the_delay_lock_holds_sleep_until_its_instant_is_read(
    logind: MockLogind,
    seen: AsyncGenerator[Any, None],
) -> None:
    until(lambda: "Turntoward" in logind.inhibitors(), what="a delay lock")
    assert "delay" in logind.inhibitors()
    logind.sleep(True)
    await take(seen, Suspended)
    until(lambda: "Turntoward" not in logind.inhibitors(), what="the delay lock let go")
    logind.sleep(False)
    await take(seen, Gap)
    logind.hint(True)
    await take(seen, Locked)
    until(lambda: "Turntoward" in logind.inhibitors(), what="the delay lock again")
    await seen.aclose()
    until(lambda: "Turntoward" not in logind.inhibitors(), what="the delay lock let go for good")


async def test_another_session_is_ignored(logind: MockLogind, seen: AsyncGenerator[Any, None]) -> None:
    logind.call(
        "/org/freedesktop/login1",
        "org.freedesktop.DBus.Mock.AddSession",
        "string:c2",
        "string:seat1",
        f"uint32:{os.getuid() + 1}",
        "string:other",
        "boolean:true",
    )
    logind.call("/org/freedesktop/login1/session/c2", "org.freedesktop.login1.Session.SetLockedHint", "boolean:true")
    logind.sleep(True)
    assert isinstance(await take_next(seen), Suspended)


async def test_logind_that_goes_away_is_a_loss(logind: MockLogind, seen: AsyncGenerator[Any, None]) -> None:
    logind.stop()
    with pytest.raises(SensorLost, match="logind"):
        await take_next(seen)


async def test_without_a_session_of_this_user_it_is_unavailable(
    logind: MockLogind,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bus = await SensorBus.open(BusType.SYSTEM)
    monkeypatch.setattr("os.getuid", lambda: 54321)
    with pytest.raises(SensorUnavailable, match="no session"):
        await logind_module.own_session(bus)
    await bus.close()


async def test_without_a_system_bus_it_is_unavailable(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")
    with pytest.raises(SensorUnavailable, match="system bus"):
        await Logind(clock).probe()
