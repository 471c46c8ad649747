"""Play a recorded evening as if it were live: the same core, the same performing, only the clock is handed in.

Rule 1: every nudge is shown by the real notifiers, so a recorded `Shown` or `NotShown` gives way to what they say now.
Rule 2: what the person answered then is kept: nobody can answer a whole evening within seconds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import datetime

from detector.clock import ManualClock
from detector.core.effects import Effect, Record
from detector.core.observations import Gap, NotShown, Observation, Shown
from detector.daemon.effect_runner import EffectRunner
from detector.daemon.ports import Core

BATCH = 500
"""Records that are kept at once where nothing else is to be done."""


class Player:
    """Plays observations through a core. `results` is where the effect_runner puts what came of a nudge."""

    def __init__(
        self, *, core: Core, effect_runner: EffectRunner, clock: ManualClock, results: list[Observation]
    ) -> None:
        self._core = core
        self._effect_runner = effect_runner
        self._clock = clock
        self._results = results
        self._kept: list[Effect] = []

    async def play(self, observations: Iterable[Observation]) -> AsyncIterator[tuple[datetime, Effect]]:
        """Play them, and yield each effect with its instant, once it is carried out."""
        for seen in observations:
            if isinstance(seen, Shown | NotShown):
                continue
            # A nudge is due at an instant of its own; it is shown there, not when the next thing is observed.
            until = seen.since if isinstance(seen, Gap) else seen.at
            while (due := self._core.deadline) is not None and due <= until:
                async for done in self._carry_out(self._core.advance(due), due):
                    yield done
            now = self._core.now
            lifted = replace(seen, at=now) if now is not None and seen.at < now else seen
            async for done in self._carry_out(self._core.feed(lifted), lifted.at):
                yield done
        self._keep()

    async def _carry_out(self, effects: tuple[Effect, ...], at: datetime) -> AsyncIterator[tuple[datetime, Effect]]:
        self._kept += effects
        if len(self._kept) >= BATCH or any(not isinstance(effect, Record) for effect in effects):
            self._clock.at = at
            self._keep()
            await self._effect_runner.settled()
        for effect in effects:
            yield at, effect
        results = [result for result in self._results if isinstance(result, Shown | NotShown)]
        self._results.clear()
        for result in results:
            async for done in self._carry_out(self._core.feed(result), result.at):
                yield done

    def _keep(self) -> None:
        kept, self._kept = self._kept, []
        self._effect_runner.perform(kept)
