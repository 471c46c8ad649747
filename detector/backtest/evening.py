"""Replay one stored evening through a set of rules.

Invariant 1: only the rules differ; the observations, the settings and the answers are those of the evening.
Invariant 2: an answer belongs to the use that the nudge was about. It is dropped if these rules gave no nudge about that use
    before the answer.
Invariant 3: every nudge is shown at its own instant, unless the original nudge about the same use could not be shown.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Effect, Moment, Notify, Outcome, Record
from detector.core.observations import Answered, Gap, InputCounted, NotShown, Observation, PartnerTimeBegan, Shown
from detector.core.pipeline import Pipeline
from rules.model import FeatureKey, Rule, Value
from rules.policy import PolicySettings

# In place of a notifier's name, because nothing is shown.
NOTIFIER: Final = "backtest"
SECOND: Final = timedelta(seconds=1)


class EveningReplay:
    """One evening with one set of rules. `moments`: those so far, by number.

    `recorded_moments`: the original ones; `baselines`: the usual values when it began.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        policy: PolicySettings,
        attention: AttentionSettings,
        recorded_moments: Iterable[Moment] = (),
        baselines: Mapping[FeatureKey, Value] | None = None,
    ) -> None:
        self.moments: dict[int, Moment] = {}
        self._core = Pipeline(rules, policy, attention, baselines)
        nudged = [moment for moment in recorded_moments if moment.decided == "nudged" and moment.use is not None]
        self._use_of_recorded_nudge = {moment.number: moment.use for moment in nudged if moment.use is not None}
        self._not_shown = {moment.use for moment in nudged if moment.outcome is Outcome.UNDELIVERED}
        self._nudge_of_use: dict[int, int] = {}

    def feed(self, observation: Observation) -> None:
        """Feed the core an observation; its own nudges are shown in between."""
        # These belong to the original nudges; the nudges of these rules get their own.
        if isinstance(observation, Shown | NotShown):
            return
        if isinstance(observation, PartnerTimeBegan) and observation.quiet:
            # In the quiet week every nudge was suppressed; a backtest shows those that the rules would have caused.
            observation = replace(observation, quiet=False)
        core, now = self._core, self._core.now
        if now is not None:
            if observation.at - now > SECOND or not isinstance(observation, InputCounted):
                self._advance_to(
                    observation.since if isinstance(observation, Gap) and observation.sense is None else observation.at
                )
            # Showing a nudge in between may have moved the core past the observation.
            if observation.at < now:
                observation = replace(observation, at=now)
        if isinstance(observation, Answered):
            use = self._use_of_recorded_nudge.get(observation.nudge)
            if use is None or use not in self._nudge_of_use:
                return
            observation = replace(observation, nudge=self._nudge_of_use[use])
        self._carry_out(core.feed(observation))

    def play(self, observations: Iterable[Observation]) -> Collection[Moment]:
        for observation in observations:
            self.feed(observation)
        return self.moments.values()

    def _advance_to(self, until: datetime) -> None:
        # A nudge must be shown at its own instant, not at the next observation. For input, which comes every second, `feed`
        # does not call this: reading the deadline takes a fifth of the time.
        core = self._core
        while (due := core.deadline) is not None and due <= until:
            self._carry_out(core.advance(due))

    def _carry_out(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, Record) and isinstance(effect.item, Moment):
                self.moments[effect.item.number] = effect.item
            elif isinstance(effect, Notify):
                moment, at = effect.moment, self._core.now or effect.moment.decided_at
                if moment.use is not None:
                    self._nudge_of_use[moment.use] = moment.number
                shown = Shown(at=at, nudge=moment.number, by=NOTIFIER)
                failed = NotShown(at=at, nudge=moment.number)
                # This observation may have effects, such as the outcome of the nudge before.
                self._carry_out(self._core.feed(failed if moment.use in self._not_shown else shown))
