"""Run one sensor per sense of a device while a session lasts, and report which senses have none.

Invariant 1: all of them start and stop together; see `sensor_runner` for how one of them is run.
Invariant 2: once stopped, nothing of a sensor is left open.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial

from detector.core.observations import Sense
from detector.daemon.sensor_runner import SenseState, SensorContext, SensorFactory, SensorRunner
from detector.sensors import SENSES, SensorRefusal, candidates, not_for_session, session_type


class SensorSupervisor:
    """Runs one sensor per sense of the context's device.

    `factories`: the sensors of each sense in order of preference; by default those of the registry for a session of this
    type. `unsensed` is called with each sense for which no sensor can run.
    """

    def __init__(
        self,
        context: SensorContext,
        *,
        factories: Mapping[Sense, Sequence[SensorFactory]] | None = None,
        unsensed: Callable[[Sense], None] = lambda _: None,
    ) -> None:
        self._context = context
        self._factories = factories
        self._unsensed = unsensed
        self._runners: dict[Sense, SensorRunner] = {}
        self._task: asyncio.Task[None] | None = None
        self._shown_bugs: set[str] = set()

    async def start(self, only: Collection[Sense] | None = None) -> None:
        """Start the sensors, of all senses or of these."""
        if self._task is not None:
            return
        self._runners = {
            sense: SensorRunner(
                self._context,
                sense,
                factories,
                elsewhere,
                shown_bugs=self._shown_bugs,
                recovered=self._recovered,
                unsensed=self._unsensed,
            )
            for sense, (factories, elsewhere) in self._rows().items()
            if only is None or sense in only
        }
        self._task = asyncio.create_task(self._run())

    async def wait_until_ready(self, time_limit: float) -> None:
        """Return once each sense has a sensor that reported its state, or has none; or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(time_limit):
                for runner in self._runners.values():
                    await runner.ready.wait()

    async def stop(self) -> None:
        """Stop them all; when it returns, no connection, thread or descriptor of theirs is open."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            # This is the task's own cancellation, unless the caller is being cancelled as well.
            if (current := asyncio.current_task()) is not None and current.cancelling():
                raise
        finally:
            for runner in self._runners.values():
                runner.status, runner.sensor = "stopped", None

    def state(self) -> list[SenseState]:
        return [runner.state() for runner in self._runners.values()]

    def active_sensors(self) -> dict[str, str | None]:
        """Return, for each sense that a session of this type can have, the sensor that runs now, or None."""
        return {sense: runner.sensor for sense, runner in self._runners.items() if runner.has_sensors}

    def _rows(self) -> Mapping[Sense, tuple[Sequence[SensorFactory], tuple[SensorRefusal, ...]]]:
        if self._factories is not None:
            return {sense: (factories, ()) for sense, factories in self._factories.items()}
        session, context = session_type(), self._context
        return {
            sense: (
                [
                    SensorFactory(row.name, partial(row.make, context.clock, context.settings, context.sources))
                    for row in candidates(sense, session)
                ],
                not_for_session(sense, session),
            )
            for sense in SENSES
        }

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for runner in self._runners.values():
                runner.start(group)

    def _recovered(self, sense: Sense) -> None:
        # The gap of a lost idle sensor makes what is in front unknown as well, until the focus sensor reports it again.
        if sense == "idle" and "focus" in self._runners:
            self._runners["focus"].restart()
