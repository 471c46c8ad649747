"""One occurrence of partner time while the daemon runs it: its core, its inbox, its sensors and its effect runner.

Invariant 1: all of them are made when partner time starts, and closed when it ends.
Invariant 2: a decision is stored before it is shown.
Invariant 3: after a gap of every sense the sensors are restarted: their picture of the desktop may be out of date.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

import detector.core.observations as obs
from detector.core.effects import Effect, Record
from detector.daemon.effect_runner import EffectRunner
from detector.daemon.inbox import Inbox
from detector.errors import TurntowardError
from detector.partner_time.model import Occurrence, is_on_call

if TYPE_CHECKING:
    from detector.core.pipeline import Pipeline
    from detector.daemon.session_sensors import SessionSensors

# The smallest step of time. An occurrence is half-open: its last instant is a microsecond before its end.
MICROSECOND: Final = timedelta(microseconds=1)

# How many of the last observations are saved when the core fails.
CRASH_DUMP_LENGTH: Final = 100

EndReason = Literal["ended", "stopped", "removed", "clock_jump"]


class CoreFailed(TurntowardError):
    """The core raised: a bug. `observations` are the last ones that it was fed, oldest first."""

    def __init__(self, observations: Sequence[obs.Observation]) -> None:
        self.observations = tuple(observations)
        super().__init__("the core failed; this is a bug in turntoward")


class Session:
    """Runs the occurrence from its start to its end. `stored_id` is its id in the store.

    `in_quiet_week`: moments are stored, and no nudge is shown.
    """

    def __init__(
        self,
        *,
        occurrence: Occurrence,
        stored_id: str,
        core: Pipeline,
        inbox: Inbox,
        sensors: SessionSensors,
        effect_runner: EffectRunner,
        in_quiet_week: bool = False,
    ) -> None:
        self.occurrence = occurrence
        self.stored_id = stored_id
        self.inbox = inbox
        self.sensors = sensors
        self.paused = False
        self.in_quiet_week = in_quiet_week
        self._core = core
        self._effect_runner = effect_runner
        self._recent: deque[obs.Observation] = deque(maxlen=CRASH_DUMP_LENGTH)
        self._is_sensing = False

    @property
    def deadline(self) -> datetime | None:
        return self._core.deadline

    async def begin(self, at: datetime, now: datetime, missed: obs.GapReason) -> None:
        """Begin at `at`; the time from there until `now` was missed, for the reason given."""
        title = self.occurrence.title
        began = obs.PartnerTimeBegan(
            at=at,
            occurrence=self.stored_id,
            title=title,
            ends=self.occurrence.ends,
            on_call=is_on_call(title),
            quiet=self.in_quiet_week,
        )
        observations: list[obs.Observation] = [began]
        if now > at:
            observations.append(obs.Gap(at=now, since=at, reason=missed))
        self._feed_all(observations)
        await self._switch_sensors(on=True)

    async def resume(self, stored: Sequence[obs.Observation], latest: datetime, now: datetime, ends: datetime) -> None:
        self.rebuild(stored, latest, now, ends)
        await self._switch_sensors(on=not self.paused)

    def rebuild(self, stored: Sequence[obs.Observation], latest: datetime, now: datetime, ends: datetime) -> None:
        """Feed the stored observations again without showing anything, then a gap from `latest` until `now`.

        `ends`: the end of the occurrence, later than the stored one where it was extended meanwhile.
        """
        effects: list[Effect] = []
        for observation in stored:
            effects += self._feed(observation)
            if isinstance(observation, obs.Paused | obs.Resumed):
                self.paused = isinstance(observation, obs.Paused)
            elif isinstance(observation, obs.PartnerTimeBegan | obs.QuietWeekEnded):
                self.in_quiet_week = isinstance(observation, obs.PartnerTimeBegan) and observation.quiet
        # Records are idempotent: storing again what follows from the observations changes nothing that is there already.
        self._effect_runner.run(
            [
                effect
                for effect in effects
                if isinstance(effect, Record) and not isinstance(effect.what, obs.Observation)
            ]
        )
        gap = obs.Gap(at=max(now, latest), since=latest, reason=obs.GapReason.RESTART)
        self._feed_all([*self._extend_to(ends, latest), gap])

    def extend(self, ends: datetime, now: datetime) -> None:
        """Go on until `ends`, where that is later than the end so far; nothing else changes."""
        taken = self.inbox.take()
        extended = self._extend_to(ends, now)
        # The core ignores what lies beyond the end that it knows, so the later end goes before that.
        before = [o for o in taken if not extended or o.at <= extended[0].at]
        self._feed_all([*before, *extended, *taken[len(before) :]])

    async def step(self, now: datetime) -> None:
        """Feed what came in, advance the core where its deadline has come, and run the effects."""
        taken = self.inbox.take()
        self._feed_all(taken)
        if self._core.deadline is not None and self._core.deadline <= now:
            self._run_effects(self._guard(lambda: self._core.advance(now)))
        self.sensors.release_waiting_phones()
        if any(isinstance(observation, obs.Gap) and observation.sense is None for observation in taken):
            await self.restart_sensors()

    def add_gap(self, since: datetime, at: datetime, reason: obs.GapReason, ends: datetime) -> None:
        """Feed a gap between the two instants; the sensors have to be restarted after it.

        `ends`: the end of the occurrence, later than the one so far where it was extended meanwhile.
        """
        waiting = self.inbox.take()
        # What sensors reported during the gap is in no reliable order, and they report it again when they are restarted.
        # What became of a notification is reported only once.
        before = [o for o in waiting if o.at <= since]
        answers = [o for o in waiting if o.at > since and isinstance(o, obs.Shown | obs.NotShown | obs.Answered)]
        self._feed_all([*before, *self._extend_to(ends, since), obs.Gap(at=at, since=since, reason=reason)])
        for observation in answers:
            self.inbox.put(observation)

    async def pause(self, now: datetime) -> None:
        if not self.paused:
            self._feed_all([*self.inbox.take(), obs.Paused(at=now)])
            self.paused = True
            await self._switch_sensors(on=False)

    async def unpause(self, now: datetime, *, by_itself: bool = False) -> None:
        """Start the sensors again; `by_itself`: the pause ran out, and a notification says so."""
        if self.paused:
            self._feed_all([*self.inbox.take(), obs.Resumed(at=now)])
            self.paused = False
            await self._switch_sensors(on=True)
            if by_itself:
                self._effect_runner.show(self._effect_runner.wording.resumed(self.occurrence.ends))

    def end_quiet_week(self, now: datetime) -> None:
        """Show nudges from now on."""
        self.in_quiet_week = False
        self._feed_all([*self.inbox.take(), obs.QuietWeekEnded(at=now)])

    async def end(self, at: datetime, reason: EndReason) -> None:
        """End at `at`: feed what came in before, drop what came in after, and close everything."""
        await self._switch_sensors(on=False)
        before = [observation for observation in self.inbox.take() if observation.at < at]
        self._feed_all([*before, obs.PartnerTimeEnded(at=at, reason=reason)])
        await self._effect_runner.close()

    async def close_unfinished(self) -> None:
        """Close everything, but leave the occurrence without an end in the store: the next start goes on with it."""
        await self._switch_sensors(on=False)
        self._feed_all(self.inbox.take())
        await self._effect_runner.close()

    async def restart_sensors(self) -> None:
        """Stop the sensors and start them again, so that each reports the present state."""
        if self._is_sensing:
            await self._switch_sensors(on=False)
            await self._switch_sensors(on=True)

    def _extend_to(self, ends: datetime, at: datetime) -> list[obs.Observation]:
        """Take over the end if it is a later one; return what the core has to be fed for it."""
        before = self.occurrence.ends
        if ends <= before:
            return []
        self.occurrence = replace(self.occurrence, ends=ends)
        # Before the end that the core knows: what comes after that it would ignore.
        return [obs.PartnerTimeExtended(at=min(at, before - MICROSECOND), ends=ends)]

    async def _switch_sensors(self, *, on: bool) -> None:
        if on != self._is_sensing:
            self._is_sensing = on
            await (self.sensors.start() if on else self.sensors.stop())

    def _feed_all(self, observations: Sequence[obs.Observation]) -> None:
        effects: list[Effect] = []
        for observation in observations:
            effects += self._feed(observation)
        self._run_effects(effects)

    def _feed(self, observation: obs.Observation) -> tuple[Effect, ...]:
        # A command stores its instant before the loop wakes, and the core may have gone on meanwhile; there time never
        # moves back.
        if self._core.now is not None and observation.at < self._core.now:
            observation = replace(observation, at=self._core.now)
        self._recent.append(observation)
        return self._guard(lambda: self._core.feed(observation))

    def _guard(self, step: Callable[[], tuple[Effect, ...]]) -> tuple[Effect, ...]:
        try:
            return step()
        except Exception as bug:
            raise CoreFailed(self._recent) from bug

    def _run_effects(self, effects: Sequence[Effect]) -> None:
        if self._core.now is not None:
            self.inbox.not_before(self._core.now)
        self._effect_runner.run(effects)
