"""Counts of input on a real X server: how many, never which."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from detector.clock import SystemClock
from detector.core.observations import InputCounted, SensorStarted
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors import pynput_input
from detector.sensors.pynput_input import InputCounters, PynputInput, make_listeners
from tests.rig.processes import until_async
from tests.rig.sensing import take, take_next
from tests.rig.x11 import Desktop

pytestmark = pytest.mark.real


@pytest.fixture(params=["lean", "stock"])
def listener(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run with our own listener, and with pynput's own, as where its insides changed."""
    if request.param == "stock":
        monkeypatch.setattr(pynput_input, "REQUIRED_HOOKS", ("no_such_attribute",))
    return str(request.param)


@pytest_asyncio.fixture
async def seen(x_server: Desktop, listener: str) -> AsyncIterator[AsyncGenerator[Any, None]]:
    counting = PynputInput(SystemClock()).observe()
    await take(counting, SensorStarted)
    yield counting
    await counting.aclose()


async def test_scrolls_keys_and_clicks_are_counted(x_server: Desktop, seen: AsyncGenerator[Any, None]) -> None:
    x_server.scroll(7)
    x_server.scroll(2, down=False)
    x_server.press("a", "Return", "Page_Down", "F5")
    x_server.click(3)
    total = [0, 0, 0]
    while total != [9, 4, 3]:
        counted = await take(seen, InputCounted)
        total = [total[0] + counted.scrolls, total[1] + counted.keys, total[2] + counted.clicks]
        assert total[0] <= 9
        assert total[1] <= 4
        assert total[2] <= 3


async def test_mouse_motion_alone_is_not_counted(x_server: Desktop, seen: AsyncGenerator[Any, None]) -> None:
    for _ in range(5):
        x_server.move()
    with pytest.raises(TimeoutError):
        await take_next(seen, within=1.5)


async def test_a_second_without_input_yields_nothing(x_server: Desktop, seen: AsyncGenerator[Any, None]) -> None:
    x_server.scroll(1)
    first = await take(seen, InputCounted)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting := asyncio.ensure_future(anext(seen))), 1.5)
    x_server.scroll(1)
    second = await asyncio.wait_for(waiting, 60)
    assert (first.scrolls, second.scrolls) == (1, 1)


async def test_counts_hold_no_key(
    x_server: Desktop, seen: AsyncGenerator[Any, None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    x_server.press("q", "q", "q")
    counted = await take(seen, InputCounted)
    assert "q" not in repr((counted.scrolls, counted.keys, counted.clicks)) + caplog.text


async def test_mouse_motion_is_not_decoded(x_server: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[int] = []
    (listener,) = make_listeners(InputCounters(lambda: None), ready=lambda: None, ended=lambda: None)
    handle = type(listener)._handle_message

    def spying(self: Any, display: Any, event: Any, injected: Any) -> None:
        decoded.append(event.type)
        handle(self, display, event, injected)

    monkeypatch.setattr(type(listener), "_handle_message", spying)
    listener.start()
    listener.wait()
    for _ in range(20):
        x_server.move()
    x_server.press("a")
    x_server.click()
    await until_async(lambda: 4 in decoded, what="a press of a button")
    pynput_input._shut_down(listener)
    threading.Thread.join(listener, 5)
    assert not listener.is_alive()
    # Key press, key release, button press; 6 is motion.
    assert set(decoded) == {2, 3, 4}


async def test_one_listener_is_enough_where_pynput_has_the_hooks(x_server: Desktop, listener: str) -> None:
    made = make_listeners(InputCounters(lambda: None), ready=lambda: None, ended=lambda: None)
    assert len(made) == (1 if listener == "lean" else 2)


async def test_the_end_of_the_x_server_is_a_loss_and_nothing_hangs(
    x_server: Desktop, seen: AsyncGenerator[Any, None], capfd: pytest.CaptureFixture[str]
) -> None:
    before = threading.active_count()
    x_server.kill_server()
    with pytest.raises(SensorLost, match="thread ended"):
        await take(seen, SensorStarted)
    assert threading.active_count() < before
    assert capfd.readouterr().err == ""


async def test_without_the_record_extension_it_refuses(x_server: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("Xlib.display.Display.has_extension", lambda _self, _name: False)
    with pytest.raises(SensorUnavailable, match="RECORD"):
        await PynputInput(SystemClock()).probe()


def test_a_press_during_a_read_is_never_missed() -> None:
    woken = []
    counters = InputCounters(lambda: woken.append(counters.keys))
    for _ in range(3):
        counters.keys += 1
        counters.wake()
    assert woken == [1]
    assert counters.read() == (0, 3, 0)
    counters.keys += 1
    counters.wake()
    assert woken == [1, 4]
    assert counters.read() == (0, 4, 0)
