"""Play a recorded session as if it were live: the same core and the same effect runner, but with the recording's clock.

Invariant 1: every nudge is shown by the real notifiers, so what they report takes the place of a recorded `Shown` or `NotShown`.
Invariant 2: recorded answers stay: nobody can answer the nudges of a whole evening within seconds.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import datetime

from detector.clock import ManualClock
from detector.core.effects import Effect, Record
from detector.core.observations import Gap, NotShown, Observation, Shown
from detector.core.pipeline import Pipeline
from detector.daemon.effect_runner import EffectRunner

# Records that are stored at once where nothing has to be shown.
BATCH_SIZE = 500


class ReplayRunner:
    """Plays observations through a core. `results` is where the effect runner puts what became of a nudge."""

    def __init__(
        self, *, core: Pipeline, effect_runner: EffectRunner, clock: ManualClock, results: list[Observation]
    ) -> None:
        self._core = core
        self._effect_runner = effect_runner
        self._clock = clock
        self._results = results
        self._pending: list[Effect] = []

    async def play(self, observations: Iterable[Observation]) -> AsyncIterator[tuple[datetime, Effect]]:
        """Play them, and yield each effect with its instant, once it has been carried out."""
        for observation in observations:
            if isinstance(observation, Shown | NotShown):
                continue
            # A nudge is due at an instant of its own; it is shown there, not when the next thing is observed.
            until = observation.since if isinstance(observation, Gap) else observation.at
            while (deadline := self._core.deadline) is not None and deadline <= until:
                async for done in self._carry_out(self._core.advance(deadline), deadline):
                    yield done
            now = self._core.now
            # What the notifiers report now may be later than it was then; in the core time never moves back.
            in_order = replace(observation, at=now) if now is not None and observation.at < now else observation
            async for done in self._carry_out(self._core.feed(in_order), in_order.at):
                yield done
        self._run_pending()

    async def _carry_out(self, effects: tuple[Effect, ...], at: datetime) -> AsyncIterator[tuple[datetime, Effect]]:
        self._pending += effects
        if len(self._pending) >= BATCH_SIZE or any(not isinstance(effect, Record) for effect in effects):
            self._clock.at = at
            self._run_pending()
            await self._effect_runner.wait_until_shown()
        for effect in effects:
            yield at, effect
        results = [result for result in self._results if isinstance(result, Shown | NotShown)]
        self._results.clear()
        for result in results:
            async for done in self._carry_out(self._core.feed(result), result.at):
                yield done

    def _run_pending(self) -> None:
        pending, self._pending = self._pending, []
        self._effect_runner.run(pending)
