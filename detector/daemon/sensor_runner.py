"""Run one sense of one device: start its first sensor that can run, restart it after a loss, disable it after many bugs.

Invariant 1: where a sensor cannot run, the next one is tried; the reason is remembered.
Invariant 2: the loss of a sensor is recorded as a `Gap`, and it is tried again after 1, 2, 4 … 60 seconds: one log line when it
is lost, one when it is back, none in between.
Invariant 3: a sensor with a bug counts as lost; its traceback is logged once, without the text of the exception, which may
hold a title. After five bugs in ten minutes it is disabled until the sensors are started again. The others go on.
"""

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from detector.clock import Clock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import LAPTOP, Gap, GapReason, Sense, SensorStarted
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors import DEFAULT_SOURCES, SensorRefusal
from detector.sensors.model import Sensor, SensorEvent
from detector.sensors.settings import SensorSettings

FIRST_WAIT: Final = timedelta(seconds=1)
MAX_WAIT: Final = timedelta(seconds=60)
# After a sensor ran without a loss for this time, the waits begin with one second again.
STABLE_AFTER: Final = timedelta(seconds=60)
# How often it is tried again where no sensor could start at all: a bus or a window manager may come up late.
RETRY_UNAVAILABLE: Final = timedelta(minutes=5)
MAX_BUGS: Final = 5
BUGS_WITHIN: Final = timedelta(minutes=10)

Status: TypeAlias = Literal["waiting", "running", "lost", "unavailable", "disabled", "stopped"]
_Outcome: TypeAlias = Literal["lost", "unavailable", "ended"]

logger = logging.getLogger("turntoward.sensors")


class SensorFactory(NamedTuple):
    """How to make a sensor. `make` opens nothing, and raises `SensorUnavailable` where a library is missing."""

    name: str
    make: Callable[[], Sensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class SenseState:
    """The state of one sense: which sensor is active, if any, and why the others cannot run."""

    sense: Sense
    sensor: str | None
    status: Status
    refusals: tuple[SensorRefusal, ...]


async def _sleep(length: timedelta) -> None:
    await asyncio.sleep(length.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorContext:
    """What all sensors of one device share.

    `sink` is called with what they observe, in the loop's thread, and must not raise; in a session it is
    `SessionBuilder._receive`. `wait` waits for a duration; tests replace it.
    """

    clock: Clock
    sink: Callable[[SensorEvent], None]
    device: str = LAPTOP
    settings: AttentionSettings = field(default_factory=AttentionSettings)
    sources: SensorSettings = DEFAULT_SOURCES
    wait: Callable[[timedelta], Awaitable[None]] = _sleep


class SensorRunner:
    """Runs one sense of one device.

    `elsewhere`: the sensors that are not for a session of this type. `shown_bugs`: the sensors with a traceback in the log.
    `recovered` is called when a lost sensor is back, `unsensed` when no sensor can run. `ready` is set once a sensor has
    reported its state, or none can run.
    """

    def __init__(
        self,
        context: SensorContext,
        sense: Sense,
        factories: Sequence[SensorFactory],
        elsewhere: tuple[SensorRefusal, ...],
        *,
        shown_bugs: set[str],
        recovered: Callable[[Sense], None],
        unsensed: Callable[[Sense], None],
    ) -> None:
        self.status: Status = "waiting"
        self.sensor: str | None = None
        self._context = context
        self._sense = sense
        self._factories = factories
        self._elsewhere = elsewhere
        self._shown_bugs = shown_bugs
        self._recovered = recovered
        self._unsensed = unsensed
        self._unavailable: dict[str, SensorRefusal] = {}
        self._bugs: dict[str, deque[float]] = {}
        self._disabled: set[str] = set()
        self._is_lost = False
        self._next_wait = FIRST_WAIT
        self._group: asyncio.TaskGroup | None = None
        self._task: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()

    @property
    def has_sensors(self) -> bool:
        return bool(self._factories)

    def state(self) -> SenseState:
        refusals = (*self._elsewhere, *self._unavailable.values())
        return SenseState(sense=self._sense, sensor=self.sensor, status=self.status, refusals=refusals)

    def start(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._task = group.create_task(self._run(), name=f"sense {self._sense}")

    def restart(self) -> None:
        """Restart a sensor that runs, so that it reports the present state."""
        if self.status == "running" and self._group is not None and self._task is not None:
            self._task.cancel()
            self._task = self._group.create_task(self._run(after=self._task), name=f"sense {self._sense}")

    async def _run(self, after: asyncio.Task[None] | None = None) -> None:
        if after is not None:
            # The old sensor first closes its connections: two of them would report everything twice.
            await asyncio.wait([after])
            self.status = "waiting"
        while True:
            began = self._context.clock.monotonic()
            outcome = await self._run_first_available()
            self.sensor = None
            self.ready.set()
            if outcome == "ended":
                self.status = "stopped"
                return
            if outcome == "lost" and self._context.clock.monotonic() - began >= STABLE_AFTER.total_seconds():
                self._next_wait = FIRST_WAIT
            if self._is_lost:
                # Once lost, it is retried with growing waits, also while its server is not even there to connect to.
                wait, self._next_wait = self._next_wait, min(self._next_wait * 2, MAX_WAIT)
            else:
                all_disabled = len(self._disabled) == len(self._factories)
                before, self.status = self.status, "disabled" if all_disabled and self._disabled else "unavailable"
                if before != self.status:
                    self._unsensed(self._sense)
                if all_disabled:
                    return
                wait = RETRY_UNAVAILABLE
            await self._context.wait(wait)

    async def _run_first_available(self) -> _Outcome:
        for factory in self._factories:
            if factory.name in self._disabled:
                continue
            try:
                sensor = factory.make()
                await sensor.probe()
                async with aclosing(sensor.observe()) as events:
                    await self._forward(factory.name, events)
            except SensorUnavailable as unavailable:
                if self.status == "running":
                    self._lose(f"{factory.name} is lost: {unavailable}; it is tried again")
                    return "lost"
                self._unavailable[factory.name] = SensorRefusal(factory.name, unavailable.why, unavailable.remedy)
            except SensorLost as lost:
                self._lose(f"{factory.name} is lost: {lost}; it is tried again")
                return "lost"
            except Exception as bug:  # noqa: BLE001 - Invariant 3
                self._handle_bug(factory.name, bug)
                return "lost"
            else:
                return "ended"
        return "unavailable"

    async def _forward(self, name: str, events: AsyncGenerator[SensorEvent, None]) -> None:
        async for event in events:
            is_back = False
            if isinstance(event, SensorStarted):
                self.status, self.sensor = "running", name
                self._unavailable.pop(name, None)
                is_back, self._is_lost = self._is_lost, False
            self._context.sink(event)
            # With the next event, or after it: it reports the state in which the sensor has started.
            asyncio.get_running_loop().call_soon(self.ready.set)
            if is_back:
                logger.info("%s is back", name)
                self._recovered(self._sense)

    def _lose(self, line: str) -> None:
        context = self._context
        if self.status == "running":
            now = context.clock.now()
            context.sink(Gap(at=now, device=context.device, since=now, reason=GapReason.SENSOR_LOST, sense=self._sense))
        self.status = "lost"
        if not self._is_lost:
            self._is_lost = True
            logger.warning("%s", line)

    def _handle_bug(self, name: str, bug: Exception) -> None:
        if name not in self._shown_bugs:
            self._shown_bugs.add(name)
            # Of the exception only its type: its text could hold a title.
            where = "".join(traceback.format_tb(bug.__traceback__))
            logger.error("%s has a bug:\n%s%s", name, where, type(bug).__name__)
        now = self._context.clock.monotonic()
        times = self._bugs.setdefault(name, deque(maxlen=MAX_BUGS))
        times.append(now)
        self._unavailable[name] = SensorRefusal(
            sensor=name, why=f"it failed: {type(bug).__name__}, a bug in turntoward"
        )
        self._lose(f"{name} is lost; it is tried again")
        if len(times) == MAX_BUGS and now - times[0] <= BUGS_WITHIN.total_seconds():
            self._disabled.add(name)
            logger.error("%s failed %d times within %s; it is disabled", name, MAX_BUGS, BUGS_WITHIN)
            if len(self._disabled) == len(self._factories):
                self._is_lost = False
