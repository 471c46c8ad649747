"""What a person may request in a day, as rules of a state machine; time itself is added in `test_day_machine.py`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
)

from detector.clock import ManualClock
from detector.control import requests
from detector.partner_time.model import PartnerTime
from detector.store.store import Store
from tests.property import day_laws as laws
from tests.rig.day import Day

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Australia/Lord_Howe",
    "Asia/Tokyo",
)
STARTS = tuple(
    datetime.fromisoformat(at).replace(tzinfo=UTC)
    for at in ("2026-11-23T17:00", "2026-10-24T20:00", "2027-03-27T21:00", "2026-12-31T22:30")
)
REACHED: Counter[str] = Counter()

awhile = st.sampled_from([1, 2, 7, 20, 45, 60, 90, 180, 400, 1500]).map(lambda count: count * MINUTE)
lengths = st.sampled_from([1, 5, 30, 60, 90, 240, 1440]).map(lambda count: count * MINUTE)
ahead = st.sampled_from([-180, -60, -7, -1, 0, 1, 5, 30, 120, 300]).map(lambda count: count * MINUTE)
recurrences = st.sampled_from([None, "FREQ=DAILY", "FREQ=DAILY", "FREQ=WEEKLY", "FREQ=DAILY;INTERVAL=2"])
woken = st.sampled_from([True, True, True, False])
which = st.integers(0, 3)


class DayRequests(RuleBasedStateMachine):
    """A person, a device and its clock, and the daemon on it; `day` is None while it does not run."""

    def make(self) -> Store:
        return Store.in_memory(lambda: self.zone)

    def again(self) -> Store:
        """Return the store as the next process finds it."""
        return self.store

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.zone = ZONES[0]
        self.store = self.make()
        self.clock = ManualClock(STARTS[0])
        self.day: Day | None = None
        self.agreed = True
        self.epoch = 0
        self.epochs: dict[str, int] = {}
        self.taken_place: dict[str, frozenset[str]] = {}

    def run(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(what)

    def happened(self, what: str) -> None:
        event(what)
        REACHED[what] += 1

    @initialize(at=st.sampled_from(STARTS), zone=st.sampled_from(ZONES[:3]))
    def begins(self, at: datetime, zone: str) -> None:
        self.clock.at, self.zone = at, zone
        self.store.plans.add(self.some(5 * MINUTE, 90 * MINUTE, "FREQ=DAILY", floats=True))
        self.start()

    def start(self) -> None:
        self.day = Day(self.store, self.clock)
        self.step()

    def step(self, *, woken_by_command: bool = True) -> None:
        if self.day is not None:
            self.run(self.day.step(woken_by_command=woken_by_command))
            self.agreed = self.agreed or woken_by_command

    def requested(self, woken: bool) -> None:
        self.agreed = False
        if woken:
            self.step()

    @property
    def now(self) -> datetime:
        return self.clock.at

    def one_of(self, number: int) -> PartnerTime | None:
        known = self.store.plans.partner_times()
        return known[number % len(known)] if known else None

    def some(self, begins: timedelta, lasts: timedelta, recurrence: str | None, *, floats: bool) -> PartnerTime:
        local = (self.now + begins).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None, second=0, microsecond=0)
        return PartnerTime(
            title="Dinner", begins=local, lasts=lasts, zone=self.zone, recurrence=recurrence, is_floating=floats
        )

    @rule(begins=ahead, lasts=lengths, recurrence=recurrences, floats=st.booleans(), woken=woken)
    def adds(self, begins: timedelta, lasts: timedelta, recurrence: str | None, floats: bool, woken: bool) -> None:
        if len(self.store.plans.partner_times()) < 4:
            self.store.plans.add(self.some(begins, lasts, recurrence, floats=floats))
            self.happened("add")
            self.requested(woken)

    @rule(
        which=which,
        begins=ahead,
        lasts=lengths,
        shape=st.tuples(recurrences, st.booleans(), st.booleans()),
        woken=woken,
    )
    def edits(
        self, which: int, begins: timedelta, lasts: timedelta, shape: tuple[str | None, bool, bool], woken: bool
    ) -> None:
        recurrence, floats, this = shape
        ours = self.day.reconciler.session if self.day is not None and self.agreed else None
        known = self.one_of(which)
        if this and ours is not None:
            known = next(
                each for each in self.store.plans.partner_times() if each.number == ours.occurrence.partner_time
            )
        if known is None:
            return
        is_under_way = ours is not None and ours.occurrence.partner_time == known.number
        changed = replace(self.some(begins, lasts, recurrence, floats=floats), number=known.number)
        edited = requests.edit(self.store, self.now, changed)
        assert edited is not None
        self.happened("edit while it is under way" if is_under_way else "edit")
        self.requested(woken)
        if is_under_way and ours is not None and self.day is not None:
            assert edited.goes_on is not None
            assert (edited.goes_on.id, edited.goes_on.ends) == (ours.occurrence.id, ours.occurrence.ends)
            assert self.day.reconciler.session is ours, "what is under way goes on as it began"

    @rule(which=which, woken=woken)
    def removes(self, which: int, woken: bool) -> None:
        known = self.one_of(which)
        if known is not None and known.number is not None and known.number % 2:
            self.store.plans.remove(known.number)
            self.happened("remove")
            self.requested(woken)

    @rule(which=which, woken=woken)
    def skips(self, which: int, woken: bool) -> None:
        known = self.one_of(which)
        skipped = requests.skip(self.store, self.now, None if known is None else known.number)
        if skipped is not None:
            self.happened("skip what is under way" if skipped.begins <= self.now else "skip")
            self.note(skipped.id)
            self.requested(woken)

    @rule(woken=woken)
    def takes_back(self, woken: bool) -> None:
        if (back := requests.unskip(self.store, self.now)) is not None:
            self.taken_place.pop(back.id, None)
            self.happened("unskip")
            self.requested(woken)

    @rule(which=which, days=st.sampled_from([None, 1, 2]), woken=woken)
    def cancels(self, which: int, days: int | None, woken: bool) -> None:
        known = self.one_of(which)
        coming = None if known is None else requests.current_or_next(self.store, self.now, known.number)
        if coming is None:
            return
        instead = None if days is None else self.some(timedelta(days=days), HOUR, None, floats=True)
        done, made = requests.cancel(self.store, self.now, coming, instead)
        assert done
        assert (made is None) == (instead is None)
        self.happened("cancel" if made is None else "cancel with a new date")
        self.note(coming.id)
        self.requested(woken)

    @rule(lasts=lengths, woken=woken)
    def begins_now(self, lasts: timedelta, woken: bool) -> None:
        if len(self.store.plans.partner_times()) < 6 and requests.start(self.store, self.now, lasts, "Now") is not None:
            self.happened("now")
            self.requested(woken)

    @rule(by=lengths, woken=woken)
    def extends(self, by: timedelta, woken: bool) -> None:
        if requests.extend(self.store, self.now, by) is not None:
            self.happened("extend")
            self.requested(woken)

    @rule(woken=woken)
    def stops(self, woken: bool) -> None:
        if requests.stop(self.store, self.now):
            self.happened("stop")
            self.requested(woken)

    @rule(lasts=st.sampled_from([1, 20, 90]), woken=woken)
    def pauses(self, lasts: int, woken: bool) -> None:
        self.store.plans.pause_until(self.now + lasts * MINUTE)
        self.happened("pause")
        self.requested(woken)

    @rule(woken=woken)
    def resumes(self, woken: bool) -> None:
        if self.store.plans.paused_until() is not None:
            self.store.plans.pause_until(None)
            self.happened("resume")
            self.requested(woken)

    @rule(zone=st.sampled_from(ZONES), woken=woken)
    def travels(self, zone: str, woken: bool) -> None:
        if zone != self.zone:
            ours = self.day.reconciler.session if self.day is not None and self.agreed else None
            self.zone = zone
            self.happened("journey" if ours is None else "journey while it is under way")
            self.requested(woken)
            assert ours is None or self.day is None or self.day.reconciler.session is ours

    def note(self, name: str) -> None:
        self.taken_place[name] = frozenset(
            kept.id for kept in self.store.history.occurrences() if laws.planned(kept.id) == name
        )
