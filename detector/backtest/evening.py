"""One kept evening, played again through a set of rules.

Rule 1: only the rules differ: what was observed, the settings and the answers are those of the evening.
Rule 2: an answer belongs to the use that it was given to; where that use is not named before it, nobody was asked.
Rule 3: every nudge reaches the screen at its own instant, unless the one to the same use could not be shown then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Effect, Moment, Notify, Outcome, Record
from detector.core.observations import Answered, Gap, InputCounted, NotShown, Observation, PartnerTimeBegan, Shown
from detector.core.pipeline import Pipeline
from rules.model import FeatureKey, Rule, Value
from rules.policy import PolicySettings

BY: Final = "backtest"
"""What stands in place of the notifier's name: nothing is shown."""
SECOND: Final = timedelta(seconds=1)


class Evening:
    """One evening under one set of rules; `usuals`: what was usual when it began. `moments` are those so far, by number."""

    def __init__(
        self,
        rules: Sequence[Rule],
        policy: PolicySettings,
        attention: AttentionSettings,
        kept: Iterable[Moment] = (),
        usuals: Mapping[FeatureKey, Value] | None = None,
    ) -> None:
        self.moments: dict[int, Moment] = {}
        self._core = Pipeline(rules, policy, attention, usuals)
        said = [moment for moment in kept if moment.decided == "nudged" and moment.use is not None]
        self._asked: Mapping[int, int | None] = {moment.number: moment.use for moment in said}
        self._not_shown = {moment.use for moment in said if moment.outcome is Outcome.UNDELIVERED}
        self._named: dict[int, int] = {}

    def feed(self, seen: Observation) -> None:
        """Take in what was observed then."""
        if isinstance(seen, Shown | NotShown):
            return
        if isinstance(seen, PartnerTimeBegan) and seen.quiet:
            # In the quiet week nothing was said; what the rules would say is what is asked here.
            seen = replace(seen, quiet=False)
        core, now = self._core, self._core.now
        if now is not None:
            if seen.at - now > SECOND or not isinstance(seen, InputCounted):
                self._pass_until(seen.since if isinstance(seen, Gap) and seen.sense is None else seen.at)
            if seen.at < now:
                seen = replace(seen, at=now)
        if isinstance(seen, Answered):
            number = self._named.get(self._asked.get(seen.nudge) or 0)
            if number is None:
                return
            seen = replace(seen, nudge=number)
        self._take(core.feed(seen))

    def _pass_until(self, until: datetime) -> None:
        # A nudge is due at an instant of its own; it is shown there, not when the next thing is observed. Within a
        # second of input nobody tells the difference, and asking at each of them would take a fifth of the time.
        core = self._core
        while (due := core.deadline) is not None and due <= until:
            self._take(core.advance(due))

    def _take(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, Record):
                if isinstance(effect.what, Moment):
                    self.moments[effect.what.number] = effect.what
            elif isinstance(effect, Notify):
                self._show(effect.moment, self._core.now or effect.moment.decided_at)

    def _show(self, moment: Moment, at: datetime) -> None:
        if moment.use is not None:
            self._named[moment.use] = moment.number
        if moment.use in self._not_shown:
            self._take(self._core.feed(NotShown(at=at, nudge=moment.number)))
        else:
            self._take(self._core.feed(Shown(at=at, nudge=moment.number, by=BY)))
