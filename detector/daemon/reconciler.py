"""Make what is under way agree with what was declared: idempotent, so that anybody may ask for it at any time.

Rule 1: asking twice does nothing the second time; asking late does the same as asking in time, with a gap.
Rule 2: what was cut off is closed or gone on with, never forgotten and never begun a second time.
Rule 3: an occurrence that ended as planned, or was stopped, does not come back when the clock is set back.
Rule 4: what was given a later end goes on: it is never ended and begun anew for it, not even by a restart.
Rule 5: what has begun goes on as it began, whatever is declared anew and wherever the device is taken meanwhile.
Rule 6: what is kept of an occurrence is never written over: what begins again is kept under a name of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from detector.core.effects import Record
from detector.core.observations import GapReason, PartnerTimeEnded
from detector.daemon.crash_dump import save_crash_dump
from detector.daemon.session import INSTANT, CoreFailed, EndReason, Session
from detector.partner_time.model import Occurrence
from detector.partner_time.schedule import Plan, Schedule
from detector.partner_time.settings import LATE
from detector.paths import state_dir
from detector.store import quiet_week
from detector.store.model import StoredOccurrence
from detector.store.schedule import planned_id, read_schedule, restarted_id
from detector.store.store import Store

IN_TIME: Final = timedelta(seconds=2)
"""A beginning that is noticed so soon was not missed."""

LONGEST: Final = timedelta(hours=24)

logger = logging.getLogger("turntoward")


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """When to look again, and what for: for the scheduler, and for whoever asks what comes."""

    at: datetime | None = None
    upcoming: Occurrence | None = None
    paused_until: datetime | None = None
    plan: Plan | None = None


@dataclass(frozen=True, slots=True)
class _Planned:
    schedule: Schedule
    at: datetime
    plan: Plan

    def is_fresh(self, now: datetime) -> bool:
        until = self.at + LONGEST if self.plan.boundary is None else min(self.plan.boundary, self.at + LONGEST)
        return self.at <= now < until


class Reconciler:
    """Begins and ends partner time. `open_one(occurrence, kept_as)` makes what a partner time under way needs."""

    def __init__(self, *, store: Store, open_one: Callable[[Occurrence, str], Session]) -> None:
        self._store = store
        self._open_one = open_one
        self._looked_back = False
        self._planned: _Planned | None = None
        self.session: Session | None = None
        self.next = Next()

    async def reconcile(self, now: datetime, *, missed: GapReason = GapReason.RESTART) -> None:
        """Begin, end, pause or go on, as what was declared asks for at `now`.

        `missed` is why a beginning long ago was missed, if it was.

        Raises:
            StoreError: if the store cannot be read or written.
        """
        if not self._looked_back:
            self._looked_back = True
            await self._look_back(self._known_at(now), now)
        known = self._known_at(now)
        plan, stopped = known.plan, known.schedule.exceptions.stopped
        if self.session is not None and (ends := _end_by(plan, self.session)) > self.session.occurrence.ends:
            self.session.extend(ends, now)
            logger.info("partner time goes on longer; it is planned until %s", f"{ends.astimezone():%H:%M}")
        if self.session is not None and not _same(self.session.occurrence, plan.current):
            await self._end(self.session, now, stopped.get(self.session.occurrence.id))
            # What was waiting behind it begins where it ended, and no earlier.
            plan = self._known_at(now).plan
        if self.session is None and plan.current is not None:
            await self._begin(plan.current, now, missed)
        if self.session is not None and self.session.quiet and not quiet_week.is_requested(self._store):
            self.session.end_quiet(now)
        paused_until = await self._apply_pause(now)
        wake = min((at for at in (plan.boundary, paused_until) if at is not None), default=None)
        upcoming = plan.upcoming[0] if plan.upcoming else None
        self.next = Next(at=wake, upcoming=upcoming, paused_until=paused_until, plan=plan)

    def end_as_planned(self, session: Session, at: datetime) -> datetime:
        """Return when it ends by the plan at `at`: later than it knows, where it was extended meanwhile.

        Raises:
            StoreError: if the store cannot be read.
        """
        return _end_by(self._known_at(at).plan, session)

    async def end_before_jump(self, known: datetime) -> None:
        """End what is under way at the last instant known: the clock was set back, and time never moves back inside."""
        if self.session is not None:
            logger.info("the clock was set back; partner time starts anew")
            await self._close(self.session, known, "clock_jump")

    async def leave(self) -> None:
        """Let go of everything; partner time under way stays unfinished in the store."""
        if self.session is not None:
            await self.session.leave()
            self.session = None

    async def _apply_pause(self, now: datetime) -> datetime | None:
        until = self._store.plans.paused_until()
        going_on = until is not None and now < until
        if self.session is not None:
            if going_on:
                await self.session.pause(now)
            else:
                # Who ended it knows; whoever woke the machine later does not want to be told, nor in the last minute.
                in_time = until is not None and now - until <= LATE < self.session.occurrence.ends - now
                await self.session.unpause(now, by_itself=in_time)
        return until if going_on else None

    def _known_at(self, now: datetime) -> _Planned:
        """Return the plan; computed only where something changed, so that the heartbeat costs next to nothing."""
        schedule, known = read_schedule(self._store, now), self._planned
        if known is None or not known.is_fresh(now) or known.schedule != schedule:
            known = self._planned = _Planned(schedule, now, schedule.at(now))
        return known

    async def _begin(self, occurrence: Occurrence, now: datetime, missed: GapReason) -> None:
        known = {kept.id for kept in self._store.history.occurrences()}
        number = next(number for number in count(1) if restarted_id(occurrence.id, number) not in known)
        at = occurrence.begins if number == 1 else now
        self.session = self._open_one(occurrence, restarted_id(occurrence.id, number))
        logger.info("partner time begins; it is planned until %s", f"{occurrence.ends.astimezone():%H:%M}")
        await self.session.begin(at, at if now - at <= IN_TIME else now, missed)

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

    async def _look_back(self, known: _Planned, now: datetime) -> None:
        """Go on with what was cut off if it is still in force, and close the rest."""
        current, exceptions = known.plan.current, known.schedule.exceptions
        for kept in self._store.history.unfinished():
            planned = planned_id(kept.id)
            in_force = current is not None and current.id == planned and current.ends >= kept.ends
            ends = current.ends if in_force and current else max(kept.ends, exceptions.extended.get(planned, kept.ends))
            occurrence = replace(current if in_force and current else _as_planned(kept, planned), ends=kept.ends)
            observations = tuple(self._store.history.observations(kept.id))
            moments = self._store.history.moments(since=kept.began, until=kept.began + INSTANT)
            decided = (moment.decided_at for moment in moments if moment.occurrence == kept.id)
            latest = max(kept.began, kept.started_at or kept.began, *(seen.at for seen in observations[-1:]), *decided)
            session = self._open_one(occurrence, kept.id)
            try:
                if in_force and self.session is None and latest <= now:
                    await session.resume(observations, latest, now, ends)
                    self.session = session
                    logger.info("partner time goes on after a restart")
                else:
                    ended, reason = _how_it_ended(ends, exceptions.stopped.get(planned), now, latest)
                    session.rebuild(observations, latest, max(latest, ended - INSTANT), ends)
                    await self._close(session, max(latest, ended), reason)
            except CoreFailed as failure:
                # Tried again at every start it would fail at every start; what was kept of it stays as it is.
                logger.exception(
                    "a partner time cannot be gone on with: %s", save_crash_dump(failure.observations, state_dir())
                )
                cut = PartnerTimeEnded(at=max(latest, min(now, kept.ends)), reason="removed")
                self._store.history.save([Record(occurrence=kept.id, what=cut)])


def _how_it_ended(
    ends: datetime, stopped: datetime | None, now: datetime, latest: datetime
) -> tuple[datetime, EndReason]:
    if stopped is not None and stopped < ends:
        return stopped, "stopped"
    if ends <= now:
        return ends, "ended"
    return (latest, "clock_jump") if now < latest else (now, "removed")


def _end_by(plan: Plan, session: Session) -> datetime:
    known, current = session.occurrence, plan.current
    return max(known.ends, current.ends) if current is not None and current.id == known.id else known.ends


def _same(one: Occurrence, other: Occurrence | None) -> bool:
    return other is not None and one.id == other.id and one.ends == other.ends


def _as_planned(kept: StoredOccurrence, planned: str) -> Occurrence:
    number = planned.partition("@")[0]
    return Occurrence(
        id=planned,
        partner_time=int(number) if number.isdigit() else 0,
        title=kept.title,
        begins=kept.began,
        ends=kept.ends,
        zone="UTC",
    )
