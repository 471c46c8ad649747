"""The sensor supervisor and its runners, with stand-ins for sensors and a `wait` that only the test lets pass."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from detector.clock import Clock, ManualClock
from detector.core.observations import CameBack, Gap, GapReason, SensorStarted
from detector.daemon.sensor_runner import SensorContext, SensorFactory
from detector.daemon.sensor_supervisor import SensorSupervisor
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors.model import SensorEvent

BEGAN = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
CANARY = "Anna: are you coming? - Messages"


@dataclass
class Script:
    """What a stand-in does at each start: an exception from `probe`, or things to yield, of which exceptions are raised."""

    name: str = "stand_in"
    sense: str = "idle"
    starts: list[Any] = field(default_factory=list)
    opened: int = 0
    closed: int = 0
    feed: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)

    def factory(self, clock: Clock) -> SensorFactory:
        self.clock = clock
        return SensorFactory(self.name, lambda: self)

    async def probe(self) -> None:
        self.now = self.starts.pop(0) if self.starts else []
        if isinstance(self.now, Exception):
            raise self.now

    async def observe(self) -> AsyncIterator[Any]:
        self.opened += 1
        try:
            yield SensorStarted(at=self.clock.now(), sense=self.sense, sensor=self.name)
            for step in self.now:
                if isinstance(step, Exception):
                    raise step
                yield step
            while True:
                step = await self.feed.get()
                if isinstance(step, Exception):
                    raise step
                yield step
        finally:
            self.closed += 1


class Waits:
    """Waits that pass when the test says so; `lengths` are those asked for."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.lengths: list[float] = []
        self._waiting: asyncio.Queue[tuple[timedelta, asyncio.Future[None]]] = asyncio.Queue()

    async def __call__(self, length: timedelta) -> None:
        self.lengths.append(length.total_seconds())
        passed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((length, passed))
        await passed

    async def let_pass(self) -> timedelta:
        async with asyncio.timeout(60):
            length, passed = await self._waiting.get()
        self.clock.at += length
        self.clock.seconds += length.total_seconds()
        passed.set_result(None)
        return length


class Rig:
    def __init__(self, choices: dict[str, list[Script]]) -> None:
        self.clock = ManualClock(at=BEGAN)
        self.waits = Waits(self.clock)
        self.seen: list[SensorEvent] = []
        self.unsensed: list[str] = []
        self.supervisor = SensorSupervisor(
            SensorContext(clock=self.clock, sink=self.seen.append, wait=self.waits),
            factories={sense: [script.factory(self.clock) for script in scripts] for sense, scripts in choices.items()},
            unsensed=self.unsensed.append,
        )

    def kinds(self) -> list[str]:
        return [type(what).__name__ for what in self.seen]

    async def until(self, check: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not check():  # noqa: ASYNC110 - lets the loop turn; what is waited for has no event
                await asyncio.sleep(0)

    def status(self, sense: str = "idle") -> str:
        return next(state.status for state in self.supervisor.state() if state.sense == sense)


@asynccontextmanager
async def running(**choices: list[Script]) -> AsyncIterator[Rig]:
    rig = Rig(choices)
    await rig.supervisor.start()
    try:
        yield rig
    finally:
        await rig.supervisor.stop()


async def test_events_reach_the_sink_in_order() -> None:
    back = CameBack(at=BEGAN)
    async with running(idle=[Script(starts=[[back]])]) as rig:
        await rig.until(lambda: len(rig.seen) == 2)
    assert rig.kinds() == ["SensorStarted", "CameBack"]


async def test_after_an_unavailable_sensor_the_next_runs_and_the_reason_is_kept() -> None:
    first = Script(name="first", starts=[SensorUnavailable("no such extension", "install it")])
    second = Script(name="second")
    async with running(idle=[first, second]) as rig:
        await rig.until(lambda: rig.seen)
        (state,) = rig.supervisor.state()
        assert (state.sensor, state.status) == ("second", "running")
        assert [(refusal.sensor, refusal.why, refusal.remedy) for refusal in state.refusals] == [
            ("first", "no such extension", "install it")
        ]
        assert rig.supervisor.active_sensors() == {"idle": "second"}
    assert first.opened == 0


async def test_unsensed_is_called_once_where_no_sensor_can_run() -> None:
    refusing = [SensorUnavailable("not here"), SensorUnavailable("not here"), [], SensorUnavailable("not here")]
    comes_and_goes = Script(name="comes_and_goes", starts=refusing)
    async with running(idle=[comes_and_goes], focus=[]) as rig:
        await rig.until(lambda: len(rig.waits.lengths) == 1)
        assert sorted(rig.unsensed) == ["focus", "idle"]
        await rig.waits.let_pass()
        await rig.until(lambda: len(rig.waits.lengths) == 2)
        assert sorted(rig.unsensed) == ["focus", "idle"]
        await rig.waits.let_pass()
        await rig.until(lambda: rig.status() == "running")
        assert sorted(rig.unsensed) == ["focus", "idle"]


async def test_a_lost_sensor_is_a_gap_of_its_sense_at_the_instant_of_the_loss() -> None:
    async with running(idle=[Script(starts=[[SensorLost("the X server went away")]])]) as rig:
        await rig.until(lambda: len(rig.seen) == 2)
        gap = rig.seen[1]
        assert gap == Gap(at=BEGAN, since=BEGAN, reason=GapReason.SENSOR_LOST, sense="idle")
        assert rig.supervisor.active_sensors() == {"idle": None}
        assert rig.status() == "lost"


async def test_a_lost_sensor_is_retried_after_1_2_4_up_to_60_seconds() -> None:
    refusals = [SensorUnavailable("gone") for _ in range(8)]
    async with running(idle=[Script(starts=[[SensorLost("gone")], *refusals])]) as rig:
        for _ in range(9):
            await rig.waits.let_pass()
        await rig.until(lambda: len(rig.seen) == 3)
    assert rig.waits.lengths == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert rig.kinds() == ["SensorStarted", "Gap", "SensorStarted"]


async def test_one_log_line_when_lost_and_one_when_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "turntoward.sensors")
    attempts = [
        SensorUnavailable("gone"),
        SensorLost("gone while asked"),
        SensorLost("again"),
        SensorUnavailable("gone"),
    ]
    async with running(idle=[Script(starts=[[SensorLost("the X server went away")], *attempts])]) as rig:
        for _ in range(5):
            await rig.waits.let_pass()
        await rig.until(lambda: len(rig.seen) == 3)
    assert [record.getMessage() for record in caplog.records] == [
        "stand_in is lost: the X server went away; it is tried again",
        "stand_in is back",
    ]


async def test_after_a_steady_minute_the_back_off_starts_at_1_second_again() -> None:
    script = Script(starts=[[SensorLost("once")], [SensorLost("twice")], []])
    async with running(idle=[script]) as rig:
        await rig.waits.let_pass()
        await rig.waits.let_pass()
        await rig.until(lambda: len(rig.seen) == 5)
        rig.clock.seconds += 61
        script.feed.put_nowait(SensorLost("later"))
        await rig.waits.let_pass()
    assert rig.waits.lengths == [1, 2, 1]


async def test_a_bug_is_logged_once_without_the_words_of_the_exception(caplog: pytest.LogCaptureFixture) -> None:
    script = Script(starts=[[KeyError(CANARY)], [KeyError(CANARY)], []])
    async with running(idle=[script]) as rig:
        await rig.waits.let_pass()
        await rig.waits.let_pass()
        await rig.until(lambda: len(rig.seen) == 5)
        assert CANARY not in repr(rig.supervisor.state())
    logged = "\n".join(caplog.messages)
    assert logged.count("stand_in has a bug") == 1
    assert "test_daemon_sensor_supervisor.py" in logged
    assert "KeyError" in logged
    assert CANARY not in caplog.text


async def test_after_five_bugs_in_ten_minutes_a_sensor_is_disabled_and_others_go_on() -> None:
    buggy = Script(starts=[[RuntimeError("bug")] for _ in range(9)])
    sound = Script(name="sound", sense="focus")
    async with running(idle=[buggy], focus=[sound]) as rig:
        for _ in range(4):
            await rig.waits.let_pass()
        await rig.until(lambda: rig.status() == "disabled")
        sound.feed.put_nowait(CameBack(at=BEGAN))
        await rig.until(lambda: isinstance(rig.seen[-1], CameBack))
        assert rig.status("focus") == "running"
    assert buggy.opened == buggy.closed == 5


async def test_after_a_disabled_sensor_the_next_of_its_sense_runs() -> None:
    buggy = Script(name="buggy", starts=[[RuntimeError("bug")] for _ in range(9)])
    async with running(idle=[buggy, Script(name="second")]) as rig:
        for _ in range(5):
            await rig.waits.let_pass()
        await rig.until(lambda: rig.supervisor.active_sensors() == {"idle": "second"})


async def test_bugs_that_are_far_apart_never_park() -> None:
    script = Script(starts=[[RuntimeError("bug")] for _ in range(7)])
    async with running(idle=[script]) as rig:
        for _ in range(7):
            rig.clock.seconds += 200
            await rig.waits.let_pass()
        await rig.until(lambda: script.opened == 8)
        assert rig.status() == "running"


async def test_where_no_sensor_is_available_it_is_retried_in_five_minutes_without_a_gap() -> None:
    script = Script(starts=[SensorUnavailable("no bus yet"), []])
    async with running(idle=[script]) as rig:
        await rig.until(lambda: rig.waits.lengths)
        assert rig.status() == "unavailable"
        assert await rig.waits.let_pass() == timedelta(minutes=5)
        await rig.until(lambda: rig.seen)
    assert rig.kinds() == ["SensorStarted"]


async def test_a_sense_without_candidates_costs_nothing() -> None:
    async with running(idle=[]) as rig:
        await rig.until(lambda: rig.status() == "unavailable")
    assert rig.waits.lengths == []


async def test_when_the_idle_sensor_is_back_the_focus_sensor_is_restarted() -> None:
    idle = Script(starts=[[SensorLost("gone")], []])
    focus = Script(name="focus", sense="focus")
    async with running(idle=[idle], focus=[focus]) as rig:
        await rig.waits.let_pass()
        await rig.until(lambda: focus.opened == 2)
        assert focus.closed == 1
        await rig.until(lambda: rig.status("focus") == "running")
    assert [what.sense for what in rig.seen if isinstance(what, SensorStarted)].count("focus") == 2
    assert [what.sense for what in rig.seen if isinstance(what, Gap)] == ["idle"]


async def test_stop_closes_every_sensor_also_while_waiting_to_retry() -> None:
    scripts = [Script(), Script(starts=[[SensorLost("gone")]], sense="focus")]
    async with running(idle=[scripts[0]], focus=[scripts[1]]) as rig:
        await rig.until(lambda: rig.waits.lengths)
    assert [script.opened for script in scripts] == [script.closed for script in scripts] == [1, 1]
    assert {state.status for state in rig.supervisor.state()} == {"stopped"}


async def test_start_after_stop_works_and_stop_twice_is_harmless() -> None:
    script = Script()
    rig = Rig({"idle": [script]})
    for _ in range(2):
        await rig.supervisor.start()
        await rig.supervisor.start()
        await rig.until(lambda: rig.status() == "running")
        await rig.supervisor.stop()
        await rig.supervisor.stop()
    assert script.opened == script.closed == 2


async def test_stop_right_after_start_opens_nothing() -> None:
    script = Script()
    rig = Rig({"idle": [script]})
    await rig.supervisor.start()
    await rig.supervisor.stop()
    assert script.opened == 0


async def test_a_disabled_sensor_runs_again_after_a_restart() -> None:
    script = Script(starts=[[RuntimeError("bug")] for _ in range(5)])
    rig = Rig({"idle": [script]})
    await rig.supervisor.start()
    for _ in range(4):
        await rig.waits.let_pass()
    await rig.until(lambda: rig.status() == "disabled")
    await rig.supervisor.stop()
    await rig.supervisor.start()
    await rig.until(lambda: rig.status() == "running")
    await rig.supervisor.stop()


async def test_a_sensor_that_ends_by_itself_is_not_lost() -> None:
    class Recording(Script):
        async def observe(self) -> AsyncIterator[Any]:
            yield SensorStarted(at=BEGAN, sense="idle", sensor="recording")

    async with running(idle=[Recording()]) as rig:
        await rig.until(lambda: rig.status() == "stopped")
    assert rig.kinds() == ["SensorStarted"]


async def test_a_sense_that_this_session_cannot_have_is_not_listed() -> None:
    rig = Rig({"idle": [Script(starts=[[]])], "input": []})
    await rig.supervisor.start()
    await rig.until(lambda: rig.status() == "running" and rig.status("input") == "unavailable")
    assert rig.supervisor.active_sensors() == {"idle": "stand_in"}
    await rig.supervisor.stop()


async def test_of_the_senses_only_the_wanted_ones_start_and_are_waited_for() -> None:
    rig = Rig({"idle": [Script(starts=[[]])], "session": [Script(name="other", starts=[SensorUnavailable("no")])]})
    await rig.supervisor.start(["idle"])
    async with asyncio.timeout(10):
        await rig.supervisor.wait_until_ready(9)
    assert rig.supervisor.active_sensors() == {"idle": "stand_in"}
    await rig.supervisor.stop()
    await rig.supervisor.start(["session"])
    await rig.supervisor.wait_until_ready(9)
    assert rig.status("session") == "unavailable"
    await rig.supervisor.stop()
