"""Make the running session agree with the plan; idempotent, so that it may be called at any time.

Invariant 1: calling it twice does nothing the second time; calling it late does the same as calling it in time, with a gap.
Invariant 2: a session that was cut off is closed or resumed, never forgotten and never started a second time.
Invariant 3: an occurrence that ended as planned, or was stopped, does not come back when the clock is set back.
Invariant 4: an extended occurrence goes on: an extension does not end it and start it again, not even after a restart.
Invariant 5: an occurrence that has started does not change when another is declared, or the device changes its time zone.
Invariant 6: what is stored of an occurrence is never overwritten: a second start is stored under an id of its own.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from detector.core.effects import Record
from detector.core.observations import MICROSECOND, GapReason, PartnerTimeEnded
from detector.daemon.crash_dump import save_crash_dump
from detector.daemon.session import START_TOLERANCE, CoreFailed, EndReason, Session
from detector.partner_time.model import Occurrence
from detector.partner_time.schedule import Plan, Schedule
from detector.partner_time.settings import MAX_LATENESS
from detector.paths import state_dir
from detector.store import quiet_week
from detector.store.schedule import as_planned, planned_id, read_schedule, restarted_id
from detector.store.store import Store

# A plan reaches some weeks ahead; made again once a day it always reaches far enough.
MAX_PLAN_AGE: Final = timedelta(hours=24)

logger = logging.getLogger("turntoward")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """When to reconcile again, the next occurrence, the end of a pause, and the plan that they come from."""

    wake_at: datetime | None = None
    occurrence: Occurrence | None = None
    paused_until: datetime | None = None
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class _CachedPlan:
    schedule: Schedule
    at: datetime
    plan: Plan

    def is_fresh(self, now: datetime) -> bool:
        until = (
            self.at + MAX_PLAN_AGE if self.plan.boundary is None else min(self.plan.boundary, self.at + MAX_PLAN_AGE)
        )
        return self.at <= now < until


class Reconciler:
    """Starts and ends sessions. `open_session(occurrence, stored_id)` makes one; `stored_id` is its id in the store."""

    def __init__(self, *, store: Store, open_session: Callable[[Occurrence, str], Session]) -> None:
        self._store = store
        self._open_session = open_session
        self._has_looked_back = False
        self._cached: _CachedPlan | None = None
        self.session: Session | None = None
        self.upcoming = Upcoming()

    async def reconcile(self, now: datetime, *, missed: GapReason = GapReason.RESTART) -> None:
        """Start, end, pause or resume a session, as it is declared at `now`.

        `missed`: why a start was missed, if it lies in the past.
        """
        if not self._has_looked_back:
            self._has_looked_back = True
            await self._look_back(self._plan_at(now), now)
        cached = self._plan_at(now)
        plan, stopped = cached.plan, cached.schedule.exceptions.ended_early
        # The order matters: extended before ended (Invariant 4), ended before the next one is started.
        if self.session is not None and (ends := _latest_end(plan, self.session)) > self.session.occurrence.ends:
            self.session.extend(ends, now)
            logger.info("partner time goes on longer; it is planned until %s", f"{ends.astimezone():%H:%M}")
        if self.session is not None and not _has_same_id_and_end(self.session.occurrence, plan.current):
            await self._end(self.session, now, stopped.get(self.session.occurrence.id))
            # An occurrence that overlaps with the ended one starts where that ended, and the plan has to know the end.
            plan = self._plan_at(now).plan
        if self.session is None and plan.current is not None:
            await self._begin(plan.current, now, missed)
        if self.session is not None and self.session.in_quiet_week and not quiet_week.is_requested(self._store):
            self.session.end_quiet_week(now)
        paused_until = await self._apply_pause(now)
        self.upcoming = Upcoming(
            wake_at=min((at for at in (plan.boundary, paused_until) if at is not None), default=None),
            occurrence=plan.upcoming[0] if plan.upcoming else None,
            paused_until=paused_until,
            plan=plan,
        )

    def end_as_planned(self, session: Session, at: datetime) -> datetime:
        """Return when the session ends by the plan at `at`; later than its own end if it was extended meanwhile."""
        return _latest_end(self._plan_at(at).plan, session)

    async def end_before_jump(self, last_known: datetime) -> None:
        """End the session at this instant: the clock was set back after it, and in the core time never moves back."""
        if self.session is not None:
            logger.info("the clock was set back; partner time starts again")
            await self._close(self.session, last_known, "clock_jump")

    async def close(self) -> None:
        """Close everything; a running session stays unfinished in the store, so that the next start resumes it."""
        if self.session is not None:
            await self.session.close_unfinished()
            self.session = None

    async def _apply_pause(self, now: datetime) -> datetime | None:
        until = self._store.plans.paused_until()
        is_paused = until is not None and now < until
        if self.session is not None:
            if is_paused:
                await self.session.pause(now)
            else:
                # After `resume` (`until` is None then) the person knows that the pause is over. There is no notification
                # either where the end is noticed late, or in the last minute.
                in_time = until is not None and now - until <= MAX_LATENESS < self.session.occurrence.ends - now
                await self.session.resume(now, by_itself=in_time)
        return until if is_paused else None

    def _plan_at(self, now: datetime) -> _CachedPlan:
        # Recurrences are computed only after a change, so that the heartbeat is cheap.
        schedule, cached = read_schedule(self._store, now), self._cached
        if cached is None or not cached.is_fresh(now) or cached.schedule != schedule:
            cached = self._cached = _CachedPlan(schedule, now, schedule.at(now))
        return cached

    async def _begin(self, occurrence: Occurrence, now: datetime, missed: GapReason) -> None:
        used = {stored.id for stored in self._store.history.occurrences()}
        number = next(number for number in count(1) if restarted_id(occurrence.id, number) not in used)
        # A second start begins now: the time before it belongs to the first.
        at = occurrence.begins if number == 1 else now
        self.session = self._open_session(occurrence, restarted_id(occurrence.id, number))
        logger.info("partner time begins; it is planned until %s", f"{occurrence.ends.astimezone():%H:%M}")
        await self.session.begin(at, at if now - at <= START_TOLERANCE else now, missed)

    async def _end(self, session: Session, now: datetime, stopped_at: datetime | None) -> None:
        ends = session.occurrence.ends
        if stopped_at is not None and stopped_at < ends:
            await self._close(session, min(stopped_at, now), "stopped")
        elif ends <= now:
            await self._close(session, ends, "ended")
        else:
            await self._close(session, now, "removed")

    async def _close(self, session: Session, at: datetime, reason: EndReason) -> None:
        self.session = None
        await session.end(at, reason)
        logger.info("partner time is over (%s)", reason)

    async def _look_back(self, cached: _CachedPlan, now: datetime) -> None:
        """Resume the session that was cut off, if its occurrence still goes on, and close all others."""
        current, exceptions = cached.plan.current, cached.schedule.exceptions
        for stored in self._store.history.unfinished():
            planned = planned_id(stored.id)
            resumed = current if current and current.id == planned and current.ends >= stored.ends else None
            if resumed is not None:
                ends, occurrence = resumed.ends, resumed
            else:
                ends = max(stored.ends, exceptions.extended.get(planned, stored.ends))
                occurrence = as_planned(stored, stored.began)
            # With the stored end first: a later end is fed as an extension, as without a restart.
            occurrence = replace(occurrence, ends=stored.ends)
            observations = tuple(self._store.history.observations(stored.id))
            decided = (moment.decided_at for moment in self._store.history.moments_of(stored))
            # A decision may be later than the last observation; before it, time would move back in the core.
            latest = max(
                stored.began,
                stored.start_checked_at or stored.began,
                *(seen.at for seen in observations[-1:]),
                *decided,
            )
            session = self._open_session(occurrence, stored.id)
            try:
                if resumed is not None and self.session is None and latest <= now:
                    await session.continue_after_restart(observations, latest, now, ends)
                    self.session = session
                    logger.info("partner time goes on after a restart")
                else:
                    ended, reason = _how_it_ended(ends, exceptions.ended_early.get(planned), now, latest)
                    session.rebuild(observations, latest, max(latest, ended - MICROSECOND), ends)
                    await self._close(session, max(latest, ended), reason)
            except CoreFailed as failure:
                # It would fail again at every start, so it gets an end; what is stored of it stays.
                logger.exception(
                    "a partner time cannot be resumed: %s", save_crash_dump(failure.observations, state_dir())
                )
                cut = PartnerTimeEnded(at=max(latest, min(now, stored.ends)), reason="removed")
                self._store.history.save([Record(occurrence=stored.id, item=cut)])


def _how_it_ended(
    ends: datetime, stopped: datetime | None, now: datetime, latest: datetime
) -> tuple[datetime, EndReason]:
    if stopped is not None and stopped < ends:
        return stopped, "stopped"
    if ends <= now:
        return ends, "ended"
    return (latest, "clock_jump") if now < latest else (now, "removed")


def _latest_end(plan: Plan, session: Session) -> datetime:
    running, current = session.occurrence, plan.current
    return max(running.ends, current.ends) if current is not None and current.id == running.id else running.ends


def _has_same_id_and_end(one: Occurrence, other: Occurrence | None) -> bool:
    return other is not None and one.id == other.id and one.ends == other.ends
