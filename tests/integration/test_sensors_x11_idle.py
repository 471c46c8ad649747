"""Idleness on a real X server, told by alarms, or asked for where there are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest

from detector.clock import SystemClock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import CameBack, SensorStarted, WentIdle
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors import x11_idle_screensaver, x11_sync
from detector.sensors.x11_idle import X11Idle
from detector.sensors.x11_idle_screensaver import X11IdleScreensaver
from tests.rig.sensing import now, take, take_next
from tests.rig.x11 import Desktop

pytestmark = pytest.mark.real

IDLE_AFTER = timedelta(milliseconds=500)
TOLERANCE = timedelta(milliseconds=200)
"""What a busy machine may be late by; idleness is noticed at least 500 ms after the last input, so the two stay apart."""
SETTINGS = AttentionSettings(idle_after=IDLE_AFTER)
BOTH = pytest.mark.parametrize("kind", [X11Idle, X11IdleScreensaver])


@pytest.fixture(autouse=True)
def _quick_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(x11_idle_screensaver, "RETURN_INTERVAL", timedelta(milliseconds=200))


@BOTH
async def test_idle_and_back_again_and_again(x_server: Desktop, kind: type[X11Idle]) -> None:
    seen = kind(SystemClock(), SETTINGS).observe()
    await take(seen, WentIdle)
    for act in (x_server.move, x_server.scroll, lambda: x_server.press("a")):
        before = now()
        act()
        after = now()
        assert isinstance(await take_next(seen), CameBack)
        went = await take_next(seen)
        assert isinstance(went, WentIdle)
        assert before - TOLERANCE <= went.since <= after + TOLERANCE
        assert went.at - went.since >= IDLE_AFTER
    await seen.aclose()


@BOTH
async def test_idle_carries_the_instant_of_the_last_input(x_server: Desktop, kind: type[X11Idle]) -> None:
    seen = kind(SystemClock(), SETTINGS).observe()
    await take(seen, SensorStarted)
    before = now()
    x_server.move()
    after = now()
    went = await take(seen, WentIdle)
    while went.since < before:
        went = await take(seen, WentIdle)
    assert before - TOLERANCE <= went.since <= after + TOLERANCE
    assert went.at >= went.since + IDLE_AFTER
    await seen.aclose()


@BOTH
async def test_a_device_idle_already_is_yielded_at_start(x_server: Desktop, kind: type[X11Idle]) -> None:
    x_server.move()
    moved = now()
    first = kind(SystemClock(), SETTINGS).observe()
    await take(first, WentIdle)
    await first.aclose()
    seen = kind(SystemClock(), SETTINGS).observe()
    assert isinstance(await take_next(seen), SensorStarted)
    went = await take_next(seen)
    assert isinstance(went, WentIdle)
    # The server counts whole milliseconds, and its answer travels: the time of the last input, not of the sensor's start.
    assert went.since - moved < SETTINGS.idle_after / 5
    x_server.move()
    assert isinstance(await take_next(seen), CameBack)
    await seen.aclose()


async def test_nothing_is_sent_while_nothing_happens(x_server: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = X11Idle(SystemClock(), SETTINGS).observe()
    await take(seen, WentIdle)
    loop = asyncio.get_running_loop()
    turns = 0
    select = loop._selector.select

    def counted(timeout: float | None = None) -> Any:
        nonlocal turns
        turns += 1
        return select(timeout)

    monkeypatch.setattr(loop._selector, "select", counted)
    with pytest.raises(TimeoutError):
        await take_next(seen, within=1.0)
    # One to begin waiting, one for the end of the second.
    assert turns <= 4
    await seen.aclose()


async def test_without_the_extension_it_is_unavailable_with_the_reason(
    x_server: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(x11_sync, "EXTENSION", "NO-SUCH-EXTENSION")
    with pytest.raises(SensorUnavailable, match="SYNC"):
        await X11Idle(SystemClock(), SETTINGS).probe()
    monkeypatch.setattr(x11_idle_screensaver, "EXTENSION", "NO-SUCH-EXTENSION")
    with pytest.raises(SensorUnavailable, match="SCREEN-SAVER"):
        await X11IdleScreensaver(SystemClock(), SETTINGS).probe()


async def test_without_the_idle_counter_it_is_unavailable_with_the_reason(
    x_server: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(x11_sync, "COUNTER", b"NO-SUCH-COUNTER")
    with pytest.raises(SensorUnavailable, match="idle"):
        await X11Idle(SystemClock(), SETTINGS).probe()


def test_the_list_of_counters_is_parsed_with_its_padding() -> None:
    listed = b"".join(
        (
            (1).to_bytes(4, "little"),
            bytes(8),
            (10).to_bytes(2, "little"),
            b"SERVERTIME",
            (2).to_bytes(4, "little"),
            bytes(8),
            (8).to_bytes(2, "little"),
            b"IDLETIME",
            bytes(2),
            (3).to_bytes(4, "little"),
            bytes(8),
            (1).to_bytes(2, "little"),
            b"X",
            bytes(1),
        )
    )
    assert x11_sync._counters(listed, 3) == {b"SERVERTIME": 1, b"IDLETIME": 2, b"X": 3}


@BOTH
async def test_the_end_of_the_x_server_is_a_loss(x_server: Desktop, kind: type[X11Idle]) -> None:
    seen: AsyncGenerator[Any, None] = kind(SystemClock(), SETTINGS).observe()
    await take(seen, WentIdle)
    x_server.kill_server()
    with pytest.raises(SensorLost):
        await take(seen, WentIdle)
