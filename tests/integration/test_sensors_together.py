"""All sensors of a real desktop under the supervisor: lost together, back together, and gone without a trace."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from detector.clock import SystemClock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import Gap, InputCounted, Sense, SensorStarted
from detector.daemon.sensor_runner import SensorContext, SensorFactory
from detector.daemon.sensor_supervisor import SensorSupervisor
from detector.sensors import candidates
from detector.sensors.model import ToplevelFocused
from tests.rig.bus import Dunst
from tests.rig.logind import MockLogind
from tests.rig.processes import started, until, until_async
from tests.rig.sensing import open_descriptors_and_threads
from tests.rig.sound import Sound
from tests.rig.x11 import Desktop, desktop

pytestmark = pytest.mark.real

ON_X11 = ("focus", "idle", "input")


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the supervisor's waits pass quickly."""
    monkeypatch.setattr("detector.daemon.sensor_runner.FIRST_WAIT", timedelta(milliseconds=50))
    monkeypatch.setattr("detector.daemon.sensor_runner.MAX_WAIT", timedelta(milliseconds=200))
    return


def factories_of(senses: Iterable[Sense], maximum: int | None = None) -> dict[Sense, list[SensorFactory]]:
    clock, settings = SystemClock(), AttentionSettings()
    return {
        sense: [
            SensorFactory(row.name, partial(row.make, clock, settings)) for row in candidates(sense, "x11")[:maximum]
        ]
        for sense in senses
    }


@asynccontextmanager
async def running(supervisor: SensorSupervisor) -> AsyncIterator[None]:
    await supervisor.start()
    try:
        yield
    finally:
        await supervisor.stop()


async def test_every_sense_of_a_desktop_starts_and_stopping_leaves_nothing_open(
    x_desktop: Desktop, dunst: Dunst, logind: MockLogind, sound: Sound
) -> None:
    seen: list[Any] = []
    supervisor = SensorSupervisor(SensorContext(clock=SystemClock(), sink=seen.append))
    everything = {
        "focus": "x11_focus",
        "idle": "x11_idle",
        "input": "pynput_input",
        "session": "logind",
        "quiet": "desktop_quiet",
        "media": "mpris_media",
        "call": "pulse_call",
    }
    counts = []
    for _ in range(3):
        await supervisor.start()
        await until_async(lambda: supervisor.active_sensors() == everything, what="all senses")
        x_desktop.scroll(2)
        await until_async(lambda: any(isinstance(what, InputCounted) for what in seen), what="the scrolls")
        await supervisor.stop()
        seen.clear()
        counts.append(open_descriptors_and_threads())
    # The first time imports libraries, and what those open for good.
    assert counts[0] == counts[1] == counts[2]


async def test_an_x_server_that_dies_and_returns_is_one_gap_per_sense_and_one_line_each_way(
    brief: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "turntoward.sensors")
    seen: list[Any] = []
    factories = factories_of(ON_X11, maximum=1)
    supervisor = SensorSupervisor(SensorContext(clock=SystemClock(), sink=seen.append), factories=factories)
    with ExitStack() as stack:
        first = stack.enter_context(desktop())
        monkeypatch.setenv("DISPLAY", first.display)
        async with running(supervisor):
            await until_async(lambda: all(supervisor.active_sensors().values()), what="all senses")
            first.kill_server()
            await until_async(lambda: not any(supervisor.active_sensors().values()), what="all lost")
            assert sorted(what.sense for what in seen if isinstance(what, Gap)) == sorted(ON_X11)
            seen.clear()
            await asyncio.sleep(0.5)
            assert seen == []
            second = stack.enter_context(desktop())
            monkeypatch.setenv("DISPLAY", second.display)
            await until_async(lambda: all(supervisor.active_sensors().values()), what="all back")
            second.xterm("after the crash")
            await until_async(
                lambda: any(isinstance(what, ToplevelFocused) and what.toplevel for what in seen),
                what="the new toplevel",
            )
    assert not [what for what in seen if isinstance(what, Gap)]
    assert {what.sense for what in seen if isinstance(what, SensorStarted)} == set(ON_X11)
    lines = [record.getMessage() for record in caplog.records if record.name == "turntoward.sensors"]
    for name in ("x11_focus", "x11_idle", "pynput_input"):
        assert [line for line in lines if line.startswith(f"{name} is lost")] == [
            line for line in lines if line.startswith(name) and "lost" in line
        ]
        assert len([line for line in lines if line.startswith(f"{name} ")]) == 2


@pytest.mark.thorough
async def test_the_benchmark_load_costs_the_sensors_little(x_desktop: Desktop) -> None:
    terminal = x_desktop.xterm("in front", wm_class="firefox")
    # A wheel turned over openbox's bare root switches desktops.
    x_desktop.xdotool("windowmove", str(terminal.window), "0", "0", "windowsize", str(terminal.window), "1270", "780")
    seen: list[Any] = []
    factories = factories_of(ON_X11)
    supervisor = SensorSupervisor(SensorContext(clock=SystemClock(), sink=seen.append), factories=factories)
    async with running(supervisor):
        await until_async(lambda: all(supervisor.active_sensors().values()), what="all senses")
        x_desktop.load(motion=500, scrolls=10, keys=5)
        await until_async(lambda: any(isinstance(what, InputCounted) for what in seen), what="the load")
        seen.clear()
        before = os.times()
        await asyncio.sleep(5)
        after = os.times()
    counted = [what for what in seen if isinstance(what, InputCounted)]
    spent = after.user + after.system - before.user - before.system
    assert sum(what.scrolls for what in counted) >= 30
    # 3.5 % of one core is the bar for the whole daemon; 0.4 % was measured here, and motion decoded is 2 % more.
    assert spent / (after.elapsed - before.elapsed) < 0.02
    assert len(seen) <= 7


def test_the_rig_leaves_no_process_behind() -> None:
    with desktop() as running:
        terminal = running.xterm("left open")
        pids = [running.server.pid, running.window_manager.pid, terminal.process.pid]
    with started(["sleep", "infinity"]) as sleeping:
        pids.append(sleeping.pid)

    def gone(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    until(lambda: all(gone(pid) for pid in pids), what="all of them gone")
