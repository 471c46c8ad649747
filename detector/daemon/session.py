"""One partner time under way: its core, its door, its sensors, and whoever carries out what the core asks for.

Rule 1: all of it comes into being when partner time begins and is let go of when it ends: outside there is nothing.
Rule 2: what was decided is kept before it is said.
Rule 3: after time broke off for every sense, the sensors start anew: what they knew may be wrong by now.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Literal

from detector.core.effects import Effect, Record
from detector.core.observations import (
    Answered,
    Gap,
    GapReason,
    NotShown,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    PartnerTimeExtended,
    Paused,
    QuietWeekEnded,
    Resumed,
    Shown,
)
from detector.daemon.effect_runner import EffectRunner
from detector.daemon.inbox import Inbox
from detector.daemon.ports import Core, Sensors
from detector.errors import TurntowardError
from detector.notifier.model import NotificationText
from detector.partner_time.model import Occurrence, is_on_call

INSTANT: Final = timedelta(microseconds=1)

REMEMBERED: Final = 100
"""Observations that a failure of the core leaves behind as a recording."""

EndReason = Literal["ended", "stopped", "removed", "clock_jump"]


class CoreFailed(TurntowardError):
    """The core raised: a bug. `observations` are the last ones that it was fed, oldest first."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        self.observations = tuple(observations)
        super().__init__("the core failed; this is a bug in turntoward")


class Session:
    """Partner time between its beginning and its end. `kept_as` is the occurrence's id in the store.

    `quiet`: it is one of the evenings of the quiet week; nothing is said of what is found. `goes_on` words, for its end,
    that a pause is over.
    """

    def __init__(
        self,
        *,
        occurrence: Occurrence,
        kept_as: str,
        core: Core,
        inbox: Inbox,
        sensors: Sensors,
        effect_runner: EffectRunner,
        quiet: bool = False,
        goes_on: Callable[[datetime], NotificationText] | None = None,
    ) -> None:
        self.occurrence = occurrence
        self.kept_as = kept_as
        self.inbox = inbox
        self.sensors = sensors
        self.paused = False
        self.quiet = quiet
        self._core = core
        self._effect_runner = effect_runner
        self._goes_on = goes_on
        self._recent: deque[Observation] = deque(maxlen=REMEMBERED)
        self._sensing = False

    @property
    def deadline(self) -> datetime | None:
        """When the core next needs to be woken."""
        return self._core.deadline

    async def begin(self, at: datetime, now: datetime, missed: GapReason) -> None:
        """Begin at `at`; where that is long gone, what lies between was missed, for the reason given."""
        title = self.occurrence.title
        began = PartnerTimeBegan(
            at=at,
            occurrence=self.kept_as,
            title=title,
            ends=self.occurrence.ends,
            on_call=is_on_call(title),
            quiet=self.quiet,
        )
        observations: list[Observation] = [began]
        if now > at:
            observations.append(Gap(at=now, since=at, reason=missed))
        self._through(observations)
        await self._sense(wanted=True)

    async def resume(self, kept: Sequence[Observation], latest: datetime, now: datetime, ends: datetime) -> None:
        """Build the core again from what is kept of it; `latest` is the last instant that is known of."""
        self.rebuild(kept, latest, now, ends)
        await self._sense(wanted=not self.paused)

    def rebuild(self, kept: Sequence[Observation], latest: datetime, now: datetime, ends: datetime) -> None:
        """Feed what is kept, saying nothing of it again, and say that nothing is known from `latest` until `now`.

        `ends` is its end, later than the one kept where it was extended meanwhile.
        """
        again: list[Effect] = []
        for observation in kept:
            again += self._feed(observation)
            if isinstance(observation, Paused | Resumed):
                self.paused = isinstance(observation, Paused)
            elif isinstance(observation, PartnerTimeBegan | QuietWeekEnded):
                self.quiet = isinstance(observation, PartnerTimeBegan) and observation.quiet
        self._effect_runner.perform(
            [effect for effect in again if isinstance(effect, Record) and not isinstance(effect.what, Observation)]
        )
        self._through([*self._until(ends, latest), Gap(at=max(now, latest), since=latest, reason=GapReason.RESTART)])

    def extend(self, ends: datetime, now: datetime) -> None:
        """Go on until `ends`, where that is later than the end known before; nothing else changes."""
        taken = self.inbox.take()
        extended = self._until(ends, now)
        # What was observed beyond the end known before comes after it: the core would not hear it otherwise.
        before = [o for o in taken if not extended or o.at <= extended[0].at]
        self._through([*before, *extended, *taken[len(before) :]])

    async def step(self, now: datetime) -> None:
        """Feed what came in, let time go on where that matters, and carry out what follows."""
        taken = self.inbox.take()
        self._through(taken)
        if self._core.deadline is not None and self._core.deadline <= now:
            self._carry_out(self._guarded(lambda: self._core.advance(now)))
        self.sensors.decided()
        if any(isinstance(observation, Gap) and observation.sense is None for observation in taken):
            await self.sense_anew()

    def mend(self, since: datetime, at: datetime, reason: GapReason, ends: datetime) -> None:
        """Say that nothing is known between the two instants; the sensors have to start anew then.

        `ends` is its end, later than the one known before where it was extended meanwhile.
        """
        before = self.inbox.take()
        # What came in while nobody was awake to order it says nothing that the sensors will not say again.
        kept = [o for o in before if o.at <= since or isinstance(o, Shown | NotShown | Answered)]
        known = [o for o in kept if o.at <= since]
        self._through([*known, *self._until(ends, since), Gap(at=at, since=since, reason=reason)])
        for late in kept:
            if late.at > since:
                self.inbox.put(late)

    async def pause(self, now: datetime) -> None:
        """Sense nothing until `unpause`."""
        if not self.paused:
            self._through([*self.inbox.take(), Paused(at=now)])
            self.paused = True
            await self._sense(wanted=False)

    async def unpause(self, now: datetime, *, by_itself: bool = False) -> None:
        """Sense again, and say so where the pause ended by itself."""
        if self.paused:
            self._through([*self.inbox.take(), Resumed(at=now)])
            self.paused = False
            await self._sense(wanted=True)
            if by_itself and self._goes_on is not None:
                self._effect_runner.tell(self._goes_on(self.occurrence.ends))

    def end_quiet(self, now: datetime) -> None:
        """Say from now on what was only kept."""
        self.quiet = False
        self._through([*self.inbox.take(), QuietWeekEnded(at=now)])

    async def end(self, at: datetime, reason: EndReason) -> None:
        """End at `at`: what came in before is fed, what came in after is dropped, and everything is let go of."""
        await self._sense(wanted=False)
        before = [observation for observation in self.inbox.take() if observation.at < at]
        self._through([*before, PartnerTimeEnded(at=at, reason=reason)])
        await self._effect_runner.close()

    async def leave(self) -> None:
        """Let go of everything, and leave the partner time unfinished: the next start goes on with it."""
        await self._sense(wanted=False)
        self._through(self.inbox.take())
        await self._effect_runner.close()

    async def sense_anew(self) -> None:
        """Stop the sensors and start them again, so that each says what holds now."""
        if self._sensing:
            await self._sense(wanted=False)
            await self._sense(wanted=True)

    def _until(self, ends: datetime, at: datetime) -> list[Observation]:
        """Take over a later end; return what the core has to hear of it, before the end that it knows."""
        before = self.occurrence.ends
        if ends <= before:
            return []
        self.occurrence = replace(self.occurrence, ends=ends)
        return [PartnerTimeExtended(at=min(at, before - INSTANT), ends=ends)]

    async def _sense(self, *, wanted: bool) -> None:
        if wanted != self._sensing:
            self._sensing = wanted
            await (self.sensors.start() if wanted else self.sensors.stop())

    def _through(self, observations: Sequence[Observation]) -> None:
        effects: list[Effect] = []
        for observation in observations:
            effects += self._feed(observation)
        self._carry_out(effects)

    def _feed(self, observation: Observation) -> tuple[Effect, ...]:
        # A command's clock and the loop's differ by the time in between; inside, time never moves back.
        if self._core.now is not None and observation.at < self._core.now:
            observation = replace(observation, at=self._core.now)
        self._recent.append(observation)
        return self._guarded(lambda: self._core.feed(observation))

    def _guarded(self, step: Callable[[], tuple[Effect, ...]]) -> tuple[Effect, ...]:
        try:
            return step()
        except Exception as bug:
            raise CoreFailed(self._recent) from bug

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        if self._core.now is not None:
            self.inbox.not_before(self._core.now)
        self._effect_runner.perform(effects)
