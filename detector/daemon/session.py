"""One occurrence of partner time while the daemon runs it: its core, its inbox, its sensors and its effect runner.

Invariant 1: all of them are made when partner time starts, and closed when it ends.
Invariant 2: a decision is stored before it is shown.
Invariant 3: after a gap of all senses the sensors are restarted: their state of the desktop may be out of date.
Invariant 4: until the start was shown to a person at this device, nothing is sensed, and only the beginning is stored; see
`StartNotice`.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

import detector.core.observations as obs
from detector.core.effects import Effect, NotifyStart, Record
from detector.daemon.effect_runner import EffectRunner
from detector.daemon.inbox import Inbox
from detector.daemon.start_notice import Sensing, StartNotice
from detector.errors import TurntowardError
from detector.partner_time.model import Occurrence, is_on_call

if TYPE_CHECKING:
    from detector.core.pipeline import Pipeline
    from detector.daemon.session_sensors import SessionSensors
    from rules.policy import NoNudgeReason

# A start that is noticed within this time counts as on time: there is no gap.
START_TOLERANCE: Final = timedelta(seconds=2)
# How long a slow bus or desktop may take to show the start without a gap: coverage begins with the sensors anyway.
NOTICE_TOLERANCE: Final = timedelta(seconds=10)

# How many of the last observations are saved when the core fails.
CRASH_DUMP_LENGTH: Final = 100

logger = logging.getLogger("turntoward")

EndReason = Literal["ended", "stopped", "removed", "clock_jump"]


class CoreFailed(TurntowardError):
    """The core raised: a bug. `observations` are the last ones that it was fed, oldest first."""

    def __init__(self, observations: Sequence[obs.Observation]) -> None:
        self.observations = tuple(observations)
        super().__init__("the core failed; this is a bug in turntoward")


class Session:
    """Runs the occurrence from its start to its end. `stored_id` is its id in the store.

    `in_quiet_week`: moments are stored, and no nudge is shown. `has_screen` False: there is no screen on which the start could
    be shown, so only phones are sensed. `why_not_shown` returns why the last notification could not be shown;
    `status_changed` is called when that, or `sensing`, has changed. `sensing`: how much is sensed now.
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
        has_screen: bool = True,
        why_not_shown: Callable[[], str],
        status_changed: Callable[[], None],
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
        self._why_not_shown = why_not_shown
        self._status_changed = status_changed
        self.notice = StartNotice() if has_screen else None
        self.sensing: Sensing = "nothing" if has_screen else "all"
        self.why_nothing_is_sensed: str | None = None
        self._unsensed_since: datetime | None = None
        self._gap_tolerance = NOTICE_TOLERANCE
        self._last_no_nudge_reason: NoNudgeReason | None = None

    @property
    def deadline(self) -> datetime | None:
        deadlines = [self._core.deadline, self.notice.deadline if self.notice is not None and not self.paused else None]
        return min((at for at in deadlines if at is not None), default=None)

    @property
    def no_nudge_reason(self) -> NoNudgeReason | None:
        """Why no nudge is shown now, whatever is noticed."""
        return self._core.no_nudge_reason()

    async def begin(self, at: datetime, now: datetime, missed: obs.GapReason) -> None:
        """Begin at `at`; the time until `now` was missed for the reason `missed`."""
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
        await self._start_sensing(now)

    async def continue_after_restart(
        self, stored: Sequence[obs.Observation], latest: datetime, now: datetime, ends: datetime
    ) -> None:
        self.rebuild(stored, latest, now, ends)
        await self._start_sensing(now)

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
                if isinstance(effect, Record) and not isinstance(effect.item, obs.Observation)
            ]
        )
        gap = obs.Gap(at=max(now, latest), since=latest, reason=obs.GapReason.RESTART)
        self._feed_all([*self._extend_to(ends, latest), gap])

    def extend(self, ends: datetime, now: datetime) -> None:
        """Go on until `ends`, where that is later than the end so far; nothing else changes."""
        observations = self._take_permitted()
        extended = self._extend_to(ends, now)
        # The core ignores observations after the end that it knows, so the later end is fed before them.
        before = [o for o in observations if not extended or o.at <= extended[0].at]
        self._feed_all([*before, *extended, *observations[len(before) :]])
        if extended and self.notice is not None:
            # What was shown names an earlier end.
            self.notice.show_again()

    async def step(self, now: datetime) -> None:
        """Feed what came in, advance the core if its deadline has come, and run the effects."""
        observations = self._take_permitted()
        self._feed_all(observations)
        if self._core.deadline is not None and self._core.deadline <= now:
            with self._report_core_failure():
                effects = self._core.advance(now)
            self._run_effects(effects)
        self.sensors.release_waiting_phones()
        if self.notice is not None and not self.paused:
            self.notice.advance(now)
            if self.notice.is_due:
                await self._announce(now)
        if (no_nudge_reason := self.no_nudge_reason) != self._last_no_nudge_reason:
            self._last_no_nudge_reason = no_nudge_reason
            self._status_changed()
        if any(isinstance(observation, obs.Gap) and observation.sense is None for observation in observations):
            await self.restart_sensors()

    def add_gap(self, since: datetime, at: datetime, reason: obs.GapReason, ends: datetime) -> None:
        """Feed a gap between the two instants; the sensors have to be restarted after it.

        `ends`: the end of the occurrence, later than the one so far where it was extended meanwhile.
        """
        waiting = self._take_permitted()
        # The reports of sensors during the gap have no reliable order, and they come again when the sensors are restarted.
        # The result of a notification is reported only once.
        before = [o for o in waiting if o.at <= since]
        answers = [o for o in waiting if o.at > since and isinstance(o, obs.Shown | obs.NotShown | obs.Answered)]
        gap = obs.Gap(at=at, since=since, reason=reason)
        self._feed_all([*before, *self._extend_to(ends, since), gap])
        if self.notice is not None:
            self.notice.observe([gap])
        for observation in answers:
            self.inbox.put(observation)

    async def pause(self, now: datetime) -> None:
        if not self.paused:
            self._feed_all([*self._take_permitted(), *self._unsensed_gap(now), obs.Paused(at=now)])
            self.paused = True
            await self._switch_sensors(on=False)

    async def resume(self, now: datetime, *, by_itself: bool = False) -> None:
        """Start the sensors again; `by_itself`: the pause ran out, and a notification is shown."""
        if self.paused:
            self._feed_all([*self.inbox.take(), obs.Resumed(at=now)])
            self.paused = False
            if self.sensing == "nothing" and self.notice is not None:
                self.notice.show_again()
                await self._start_sensing(now)
                return
            await self._switch_sensors(on=True)
            if by_itself:
                self._effect_runner.show(self._effect_runner.wording.resumed(self.occurrence.ends, now))

    def answer(self, nudge: int, answers: Sequence[obs.Answer]) -> None:
        """Take answers to the nudge that did not come through its notification."""
        self._effect_runner.answer(nudge, answers)

    def end_quiet_week(self, now: datetime) -> None:
        """Show nudges from now on."""
        self.in_quiet_week = False
        self._feed_all([*self._take_permitted(), obs.QuietWeekEnded(at=now)])

    async def end(self, at: datetime, reason: EndReason) -> None:
        """End at `at`: feed what came in before, drop what came in after, and close everything."""
        await self._switch_sensors(on=False)
        before = [observation for observation in self._take_permitted() if observation.at < at]
        self._feed_all([*before, *self._unsensed_gap(at), obs.PartnerTimeEnded(at=at, reason=reason)])
        await self._effect_runner.close()

    async def close_unfinished(self) -> None:
        """Close everything, but leave the occurrence without an end in the store: the next start goes on with it."""
        await self._switch_sensors(on=False)
        self._feed_all([*self._take_permitted(), *self._unsensed_gap(self._core.now)])
        await self._effect_runner.close()

    async def restart_sensors(self) -> None:
        """Stop the sensors and start them again, so that each reports the present state."""
        if self._is_sensing:
            await self._switch_sensors(on=False)
            await self._switch_sensors(on=True)

    def _extend_to(self, ends: datetime, at: datetime) -> list[obs.Observation]:
        """Extend the occurrence if the end is a later one; return the observation that the core has to be fed."""
        before = self.occurrence.ends
        if ends <= before:
            return []
        self.occurrence = replace(self.occurrence, ends=ends)
        # Before the end that the core knows: it would ignore a later observation.
        return [obs.PartnerTimeExtended(at=min(at, before - obs.MICROSECOND), ends=ends)]

    async def _switch_sensors(self, *, on: bool) -> None:
        if on != self._is_sensing:
            self._is_sensing = on
            if not on:
                await self.sensors.stop()
            elif self.sensing == "all":
                await self.sensors.start()
            else:
                await self.sensors.start_presence_only(with_phones=self.sensing == "presence")

    async def _start_sensing(self, now: datetime) -> None:
        """Start the sensors that may run now; show the start if it has to be shown."""
        if self.notice is not None:
            self._unsensed_since = now
        if not self.paused:
            await self._switch_sensors(on=True)
            if self.notice is not None:
                self._take_permitted()
                await self._announce(now)

    async def _announce(self, now: datetime) -> None:
        """Show that partner time is under way, and sense as much as the result permits."""
        if self.notice is None:
            return
        ends = self.occurrence.ends
        start = NotifyStart(occurrence=self.stored_id, title=self.occurrence.title, at=now, ends=ends)
        stays = not self.notice.is_anybody_there
        was_shown, at = await self._effect_runner.announce(start, stays=stays)
        self.notice.record_attempt(at, was_shown=was_shown, lasts=ends - self.occurrence.begins)
        why = None if was_shown else self._why_not_shown()
        if why != self.why_nothing_is_sensed:
            self.why_nothing_is_sensed = why
            if why is not None:
                self._gap_tolerance = START_TOLERANCE
                logger.warning("nothing is sensed: that partner time has begun could not be shown (%s)", why)
            else:
                logger.info("that partner time has begun was shown; it is sensed from now on")
            self._status_changed()
        if self.notice.permitted_sensing != self.sensing:
            await self._set_sensing(self.notice.permitted_sensing, at)

    async def _set_sensing(self, sensing: Sensing, at: datetime) -> None:
        if sensing == "nothing":
            self._feed_all([*self._take_permitted(), obs.Gap(at=at, since=at, reason=obs.GapReason.NOT_SHOWN)])
            self._unsensed_since = at
        elif self.sensing == "nothing":
            self._take_permitted()
            self._feed_all(self._unsensed_gap(at))
        self.sensing = sensing
        await self.restart_sensors()
        if self.sensing == "presence":
            # Nobody is there, so nothing is in front, whatever the screen shows.
            self.inbox.put(obs.Focused(at=at, activity=None))
        self._status_changed()

    def _take_permitted(self) -> tuple[obs.Observation, ...]:
        """Return the observations that came in, none if nothing may be sensed; `StartNotice` sees them in any case."""
        observations = self.inbox.take()
        if self.notice is None:
            return observations
        self.notice.observe(observations)
        return () if self.sensing == "nothing" else observations

    def _unsensed_gap(self, at: datetime | None) -> list[obs.Observation]:
        """Return the gap for the time without any sensing, up to `at`."""
        since, self._unsensed_since = self._unsensed_since, None
        if self.sensing != "nothing" or since is None or at is None or at - since <= self._gap_tolerance:
            return []
        until = max(since, min(at, self.occurrence.ends - obs.MICROSECOND))
        return [obs.Gap(at=until, since=since, reason=obs.GapReason.NOT_SHOWN)]

    def _feed_all(self, observations: Sequence[obs.Observation]) -> None:
        effects: list[Effect] = []
        for observation in observations:
            effects += self._feed(observation)
        self._run_effects(effects)

    def _feed(self, observation: obs.Observation) -> tuple[Effect, ...]:
        # A command stores its instant before the loop wakes, and the core may have advanced meanwhile; in the core time
        # never moves back.
        if self._core.now is not None and observation.at < self._core.now:
            observation = replace(observation, at=self._core.now)
        self._recent.append(observation)
        with self._report_core_failure():
            return self._core.feed(observation)

    @contextmanager
    def _report_core_failure(self) -> Iterator[None]:
        try:
            yield
        except Exception as bug:
            raise CoreFailed(self._recent) from bug

    def _run_effects(self, effects: Sequence[Effect]) -> None:
        if self._core.now is not None:
            self.inbox.not_before(self._core.now)
        # `_announce` shows the start: its result decides what is sensed.
        self._effect_runner.run([effect for effect in effects if not isinstance(effect, NotifyStart)])
