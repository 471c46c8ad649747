"""Keep one sense: the first of its sensors that can run, again after a loss, parked after too many bugs.

Rule 1: what cannot run here gives way to the next candidate of its sense, and is remembered with its reason.
Rule 2: a sensor that is lost becomes a `Gap`, and is tried again after 1, 2, 4 … 60 seconds: one line when it is lost,
one when it is back, none in between.
Rule 3: a sensor with a bug is as lost; its traceback is logged once, without what the exception says, for that may be a
title. After five bugs in ten minutes it is parked until sensing starts anew. The others live on.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, Protocol, TypeAlias

from detector.clock import Clock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import Gap, GapReason, Sense, SensorStarted
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors import UnavailableSensor
from detector.sensors.model import Sensor, SensorEvent
from detector.sensors.settings import SensorSettings

FIRST_WAIT: Final = timedelta(seconds=1)
LONGEST_WAIT: Final = timedelta(seconds=60)
STEADY: Final = timedelta(seconds=60)
"""A sensor that ran so long is taken for sound: the next loss is waited for from one second again."""
ASK_AGAIN: Final = timedelta(minutes=5)
"""Where nothing could run from the start, it is tried again so often: a bus or a window manager may come up late."""
BUGS: Final = 5
BUGS_WITHIN: Final = timedelta(minutes=10)

Status: TypeAlias = Literal["waiting", "running", "lost", "unavailable", "parked", "stopped"]

logger = logging.getLogger("turntoward.sensors")


class Choice(Protocol):
    """What can become a sensor: a row of the registry, or a stand-in."""

    @property
    def name(self) -> str:
        """The sensor's name."""

    def make(self, clock: Clock, settings: AttentionSettings, sources: SensorSettings) -> Sensor:
        """Make the sensor; nothing is opened. Raises `SensorUnavailable`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenseState:
    """How it stands with one sense: which sensor speaks for it, if any, and why the others cannot."""

    sense: Sense
    sensor: str | None
    status: Status
    refusals: tuple[UnavailableSensor, ...]


class SensorRunner:
    """Keeps one sense of one device. `sink` takes what is seen; `wait` waits for a while; tests advance it."""

    def __init__(
        self,
        sense: Sense,
        choices: Sequence[Choice],
        elsewhere: tuple[UnavailableSensor, ...],
        *,
        device: str,
        clock: Clock,
        sink: Callable[[SensorEvent], None],
        settings: AttentionSettings,
        sources: SensorSettings,
        wait: Callable[[timedelta], Awaitable[None]],
        shown_bugs: set[str],
        recovered: Callable[[Sense], None],
        unsensed: Callable[[Sense], None],
    ) -> None:
        self.status: Status = "waiting"
        self.sensor: str | None = None
        self._sense = sense
        self._device = device
        self._choices = choices
        self._elsewhere = elsewhere
        self._clock = clock
        self._sink = sink
        self._settings = settings
        self._sources = sources
        self._wait = wait
        self._shown_bugs = shown_bugs
        self._recovered = recovered
        self._unsensed = unsensed
        self._refused: dict[str, UnavailableSensor] = {}
        self._bugs: dict[str, deque[float]] = {}
        self._parked: set[str] = set()
        self._lost = False
        self._next_wait = FIRST_WAIT
        self._group: asyncio.TaskGroup | None = None
        self._task: asyncio.Task[None] | None = None

    def state(self) -> SenseState:
        """Return how it stands."""
        refusals = (*self._elsewhere, *self._refused.values())
        return SenseState(sense=self._sense, sensor=self.sensor, status=self.status, refusals=refusals)

    def begin(self, group: asyncio.TaskGroup) -> None:
        """Begin to keep it, as a task of the group."""
        self._group = group
        self._task = group.create_task(self._keep(), name=f"sense {self._sense}")

    def say_again(self) -> None:
        """Start a sensor that runs anew, so that it says what holds now."""
        if self.status == "running" and self._group is not None and self._task is not None:
            self._task.cancel()
            self._task = self._group.create_task(self._keep(after=self._task), name=f"sense {self._sense}")

    async def _keep(self, after: asyncio.Task[None] | None = None) -> None:
        if after is not None:
            await asyncio.wait([after])
            self.status = "waiting"
        while True:
            began = self._clock.monotonic()
            lost, ended = await self._run_first()
            self.sensor = None
            if ended:
                self.status = "stopped"
                return
            if lost and self._clock.monotonic() - began >= STEADY.total_seconds():
                self._next_wait = FIRST_WAIT
            if self._lost:
                rest, self._next_wait = self._next_wait, min(self._next_wait * 2, LONGEST_WAIT)
            else:
                is_over = len(self._parked) == len(self._choices)
                before, self.status = self.status, "parked" if is_over and self._parked else "unavailable"
                if before != self.status:
                    self._unsensed(self._sense)
                if is_over:
                    return
                rest = ASK_AGAIN
            await self._wait(rest)

    async def _run_first(self) -> tuple[bool, bool]:
        """Run the first candidate that can; return whether it was lost, and whether it ended of itself."""
        for choice in self._choices:
            if choice.name in self._parked:
                continue
            try:
                sensor = choice.make(self._clock, self._settings, self._sources)
                await sensor.probe()
                async with aclosing(sensor.observe()) as seen:
                    await self._listen(choice.name, seen)
            except SensorUnavailable as refused:
                if self.status == "running":
                    self._lose(f"{choice.name} is lost: {refused}; it is tried again")
                    return True, False
                self._refused[choice.name] = UnavailableSensor(
                    sensor=choice.name, why=refused.why, remedy=refused.remedy
                )
            except SensorLost as lost:
                self._lose(f"{choice.name} is lost: {lost}; it is tried again")
                return True, False
            except Exception as bug:  # noqa: BLE001 - Rule 3
                self._met_bug(choice.name, bug)
                return True, False
            else:
                return False, True
        return False, False

    async def _listen(self, name: str, seen: AsyncGenerator[SensorEvent, None]) -> None:
        async for what in seen:
            back = False
            if isinstance(what, SensorStarted):
                self.status, self.sensor = "running", name
                self._refused.pop(name, None)
                back, self._lost = self._lost, False
            self._sink(what)
            if back:
                logger.info("%s is back", name)
                self._recovered(self._sense)

    def _lose(self, line: str) -> None:
        if self.status == "running":
            now = self._clock.now()
            self._sink(Gap(at=now, device=self._device, since=now, reason=GapReason.SENSOR_LOST, sense=self._sense))
        self.status = "lost"
        if not self._lost:
            self._lost = True
            logger.warning("%s", line)

    def _met_bug(self, name: str, bug: Exception) -> None:
        if name not in self._shown_bugs:
            self._shown_bugs.add(name)
            # Of the exception only its kind: its words could hold a title.
            where = "".join(traceback.format_tb(bug.__traceback__))
            logger.error("%s has a bug:\n%s%s", name, where, type(bug).__name__)
        now = self._clock.monotonic()
        met = self._bugs.setdefault(name, deque(maxlen=BUGS))
        met.append(now)
        self._refused[name] = UnavailableSensor(
            sensor=name, why=f"it failed: {type(bug).__name__}, a bug in turntoward"
        )
        self._lose(f"{name} is lost; it is tried again")
        if len(met) == BUGS and now - met[0] <= BUGS_WITHIN.total_seconds():
            self._parked.add(name)
            logger.error("%s failed %d times within %s; it is parked", name, BUGS, BUGS_WITHIN)
            if len(self._parked) == len(self._choices):
                self._lost = False
