"""Keep one sensor per sense of a device running while partner time lasts, and say honestly when one is not.

Rule 1: how one sense is kept stands in `runner`; here they begin and end together.
Rule 2: once stopped, nothing of a sensor is left open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

from detector.clock import Clock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import LAPTOP, Sense
from detector.daemon.sensor_runner import Choice, SenseState, SensorRunner
from detector.sensors import DEFAULT_SOURCES, SENSES, UnavailableSensor, candidates, not_for_session, session_type
from detector.sensors.model import SensorEvent
from detector.sensors.settings import SensorSettings


class SensorSupervisor:
    """One sensor per sense of one device. `sink` takes what they see, in the loop's thread, and must not raise.

    `choices` gives the candidates of each sense in order of preference; by default the registry's for this session.
    `wait` waits for a while; tests advance it. `unsensed` is told of each sense for which nobody can speak.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        device: str = LAPTOP,
        sink: Callable[[SensorEvent], None],
        settings: AttentionSettings | None = None,
        sources: SensorSettings = DEFAULT_SOURCES,
        choices: Mapping[Sense, Sequence[Choice]] | None = None,
        wait: Callable[[timedelta], Awaitable[None]] | None = None,
        unsensed: Callable[[Sense], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._device = device
        self._sink = sink
        self._unsensed = unsensed
        self._settings = settings or AttentionSettings()
        self._sources = sources
        self._choices = choices
        self._wait = wait or _wait
        self._runners: dict[Sense, SensorRunner] = {}
        self._task: asyncio.Task[None] | None = None
        self._shown_bugs: set[str] = set()

    async def start(self) -> None:
        """Start one sensor for each sense; returns at once."""
        if self._task is not None:
            return
        self._runners = {sense: self._make_runner(sense, rows) for sense, rows in self._rows().items()}
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop them all; when it returns, no connection, thread or descriptor of theirs is open."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            # The task's own, unless somebody cancels whoever waits here.
            if (current := asyncio.current_task()) is not None and current.cancelling():
                raise
        finally:
            for runner in self._runners.values():
                runner.status, runner.sensor = "stopped", None

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()

    def state(self) -> list[SenseState]:
        """Return how it stands with each sense, for `doctor` and `status`."""
        return [runner.state() for runner in self._runners.values()]

    def speaking(self) -> dict[str, str | None]:
        """Return, for each sense, the sensor that speaks for it now, or None."""
        return {sense: runner.sensor for sense, runner in self._runners.items()}

    def _rows(self) -> Mapping[Sense, tuple[Sequence[Choice], tuple[UnavailableSensor, ...]]]:
        if self._choices is not None:
            return {sense: (choices, ()) for sense, choices in self._choices.items()}
        session = session_type()
        return {sense: (candidates(sense, session), not_for_session(sense, session)) for sense in SENSES}

    def _make_runner(self, sense: Sense, rows: tuple[Sequence[Choice], tuple[UnavailableSensor, ...]]) -> SensorRunner:
        choices, elsewhere = rows
        return SensorRunner(
            sense,
            choices,
            elsewhere,
            device=self._device,
            clock=self._clock,
            sink=self._sink,
            settings=self._settings,
            sources=self._sources,
            wait=self._wait,
            shown_bugs=self._shown_bugs,
            recovered=self._recovered,
            unsensed=self._unsensed,
        )

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for runner in self._runners.values():
                runner.begin(group)

    def _recovered(self, sense: Sense) -> None:
        # After idleness was unknown, what was in front is unknown, too, until it is said anew.
        if sense == "idle" and "focus" in self._runners:
            self._runners["focus"].say_again()


async def _wait(length: timedelta) -> None:
    await asyncio.sleep(length.total_seconds())
