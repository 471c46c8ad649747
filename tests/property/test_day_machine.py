"""Whatever is declared, wished, slept through, set, travelled or killed, in any order: the laws of the day hold.

The store, the wishes, the reconciler, the loop and the core are the real ones; see `tests/rig/day.py` for what is not.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from detector.clock import ManualClock
from detector.daemon import wishes
from detector.partner_time.model import PartnerTime
from detector.store.memory import MemoryStore
from detector.store.model import Keeping
from detector.store.store import Store
from tests.property import day_laws as laws
from tests.rig.day import GOES_ON, GREETING, NUDGE, Day

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
BEGINNINGS = tuple(
    datetime.fromisoformat(at).replace(tzinfo=UTC)
    for at in ("2026-11-23T17:00", "2026-10-24T20:00", "2027-03-27T21:00", "2026-12-31T22:30")
)
REACHED: Counter[str] = Counter()

awhile = st.sampled_from([1, 2, 7, 20, 45, 60, 90, 180, 400, 1500]).map(lambda count: count * MINUTE)
lengths = st.sampled_from([1, 5, 30, 60, 90, 240, 1440]).map(lambda count: count * MINUTE)
ahead = st.sampled_from([-180, -60, -7, -1, 0, 1, 5, 30, 120, 300]).map(lambda count: count * MINUTE)
recurrences = st.sampled_from([None, "FREQ=DAILY", "FREQ=DAILY", "FREQ=WEEKLY", "FREQ=DAILY;INTERVAL=2"])
poked = st.sampled_from([True, True, True, False])
which = st.integers(0, 3)


class TheDay(RuleBasedStateMachine):
    """A person, a device and its clock, and the daemon on it; `day` is None while it does not run."""

    def make(self) -> Keeping:
        return MemoryStore(lambda: self.zone)

    def again(self) -> Keeping:
        """Return the store as the next process finds it."""
        return self.store

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.zone = ZONES[0]
        self.store = self.make()
        self.clock = ManualClock(BEGINNINGS[0])
        self.day: Day | None = None
        self.agreed = True
        self.epoch = 0
        self.epochs: dict[str, int] = {}
        self.taken_place: dict[str, frozenset[str]] = {}
        self.woke: datetime | None = None

    def run(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(what)

    def teardown(self) -> None:
        self.replaying_gives_the_same()
        self.store.close()
        self.runner.close()

    def happened(self, what: str) -> None:
        event(what)
        REACHED[what] += 1

    @initialize(at=st.sampled_from(BEGINNINGS), zone=st.sampled_from(ZONES[:3]))
    def begins(self, at: datetime, zone: str) -> None:
        self.clock.at, self.zone = at, zone
        self.store.add_partner_time(self.some(5 * MINUTE, 90 * MINUTE, "FREQ=DAILY", floats=True))
        self.start()

    def start(self) -> None:
        self.day = Day(self.store, self.clock)
        self.step()

    def step(self, *, look: bool = True) -> None:
        if self.day is not None:
            self.run(self.day.step(look=look))
            self.agreed = self.agreed or look

    def wished(self, poked: bool) -> None:
        self.agreed = False
        if poked:
            self.step()

    @property
    def now(self) -> datetime:
        return self.clock.at

    def one_of(self, number: int) -> PartnerTime | None:
        known = self.store.partner_times()
        return known[number % len(known)] if known else None

    def some(self, begins: timedelta, lasts: timedelta, recurrence: str | None, *, floats: bool) -> PartnerTime:
        local = (self.now + begins).astimezone(ZoneInfo(self.zone)).replace(tzinfo=None, second=0, microsecond=0)
        return PartnerTime(
            title="Dinner", begins=local, lasts=lasts, zone=self.zone, recurrence=recurrence, floats=floats
        )

    @rule(begins=ahead, lasts=lengths, recurrence=recurrences, floats=st.booleans(), poked=poked)
    def adds(self, begins: timedelta, lasts: timedelta, recurrence: str | None, floats: bool, poked: bool) -> None:
        if len(self.store.partner_times()) < 4:
            self.store.add_partner_time(self.some(begins, lasts, recurrence, floats=floats))
            self.happened("add")
            self.wished(poked)

    @rule(which=which, begins=ahead, lasts=lengths, shape=st.tuples(recurrences, st.booleans()), poked=poked)
    def edits(
        self, which: int, begins: timedelta, lasts: timedelta, shape: tuple[str | None, bool], poked: bool
    ) -> None:
        recurrence, floats = shape
        if (known := self.one_of(which)) is None:
            return
        ours = self.day.reconciler.under_way if self.day is not None and self.agreed else None
        is_under_way = ours is not None and ours.occurrence.partner_time == known.number
        changed = replace(self.some(begins, lasts, recurrence, floats=floats), number=known.number)
        edited = wishes.edit(self.store, self.now, changed)
        assert edited is not None
        self.happened("edit while it is under way" if is_under_way else "edit")
        self.wished(poked)
        if is_under_way and ours is not None and self.day is not None:
            assert edited.goes_on is not None
            assert (edited.goes_on.id, edited.goes_on.ends) == (ours.occurrence.id, ours.occurrence.ends)
            assert self.day.reconciler.under_way is ours, "what is under way goes on as it began"

    @rule(which=which, poked=poked)
    def removes(self, which: int, poked: bool) -> None:
        known = self.one_of(which)
        if known is not None and known.number is not None and known.number % 2:
            self.store.remove_partner_time(known.number)
            self.happened("remove")
            self.wished(poked)

    @rule(which=which, poked=poked)
    def skips(self, which: int, poked: bool) -> None:
        known = self.one_of(which)
        skipped = wishes.skip(self.store, self.now, None if known is None else known.number)
        if skipped is not None:
            self.happened("skip what is under way" if skipped.begins <= self.now else "skip")
            self.note(skipped.id)
            self.wished(poked)

    @rule(poked=poked)
    def takes_back(self, poked: bool) -> None:
        if (back := wishes.unskip(self.store, self.now)) is not None:
            self.taken_place.pop(back.id, None)
            self.happened("unskip")
            self.wished(poked)

    @rule(which=which, days=st.sampled_from([None, 1, 2]), poked=poked)
    def cancels(self, which: int, days: int | None, poked: bool) -> None:
        known = self.one_of(which)
        coming = None if known is None else wishes.next_of(self.store, self.now, known.number)
        if coming is None:
            return
        instead = None if days is None else self.some(timedelta(days=days), HOUR, None, floats=True)
        done, made = wishes.cancel(self.store, self.now, coming, instead)
        assert done
        assert (made is None) == (instead is None)
        self.happened("cancel" if made is None else "cancel with a new date")
        self.note(coming.id)
        self.wished(poked)

    @rule(lasts=lengths, poked=poked)
    def begins_now(self, lasts: timedelta, poked: bool) -> None:
        if len(self.store.partner_times()) < 6 and wishes.start(self.store, self.now, lasts, "Now") is not None:
            self.happened("now")
            self.wished(poked)

    @rule(by=lengths, poked=poked)
    def extends(self, by: timedelta, poked: bool) -> None:
        if wishes.extend(self.store, self.now, by) is not None:
            self.happened("extend")
            self.wished(poked)

    @rule(poked=poked)
    def stops(self, poked: bool) -> None:
        if wishes.stop(self.store, self.now):
            self.happened("stop")
            self.wished(poked)

    @rule(lasts=st.sampled_from([1, 20, 90]), poked=poked)
    def pauses(self, lasts: int, poked: bool) -> None:
        self.store.pause_until(self.now + lasts * MINUTE)
        self.happened("pause")
        self.wished(poked)

    @rule(poked=poked)
    def resumes(self, poked: bool) -> None:
        if self.store.paused_until() is not None:
            self.store.pause_until(None)
            self.happened("resume")
            self.wished(poked)

    @rule(zone=st.sampled_from(ZONES), poked=poked)
    def travels(self, zone: str, poked: bool) -> None:
        if zone != self.zone:
            ours = self.day.reconciler.under_way if self.day is not None and self.agreed else None
            self.zone = zone
            self.happened("journey" if ours is None else "journey while it is under way")
            self.wished(poked)
            assert ours is None or self.day is None or self.day.reconciler.under_way is ours

    @rule(category=st.sampled_from(["social", "social", "work", "other"]), by=st.integers(1, 120))
    def looks_at(self, category: str, by: int) -> None:
        if self.day is not None:
            self.day.see(category)
            self.passes(timedelta(seconds=by))

    @rule(by=awhile)
    def waits(self, by: timedelta) -> None:
        self.passes(by)

    def passes(self, by: timedelta) -> None:
        if self.day is None:
            self.clock.at += by
            self.clock.seconds += by.total_seconds()
            return
        if not self.agreed:
            # The signal was missed: within a minute the heartbeat looks.
            self.run(self.day.advance(min(by, 50 * timedelta(seconds=1))))
            self.step()
        before = len(self.day.said)
        for _ in range(1 if by <= 2 * HOUR else 3):
            self.run(self.day.advance(by / (1 if by <= 2 * HOUR else 3)))
            self.step()
        for _, title in self.day.said[before:]:
            self.happened(title)

    @rule(by=awhile, poked=poked)
    def sleeps(self, by: timedelta, poked: bool) -> None:
        self.clock.at += by
        if self.day is None:
            return
        self.day.slept += by.total_seconds()
        before = len(self.day.said)
        self.step(look=poked)
        fired = [title for _, title in self.day.said[before:]]
        until = self.store.paused_until()
        in_time = {GOES_ON} if until is not None and self.now - until <= MINUTE else set()
        assert set(fired) <= {GREETING, *in_time}, "nothing fires the moment the machine wakes"
        self.happened("suspend")

    @rule(by=awhile, back=st.booleans(), poked=poked)
    def sets_the_clock(self, by: timedelta, back: bool, poked: bool) -> None:
        self.clock.at += -by if back else by
        self.epoch += back
        self.happened("clock set back" if back else "clock set forward")
        self.step(look=poked)

    @precondition(lambda self: self.day is not None)
    @rule(down=st.sampled_from([timedelta(0), MINUTE, 30 * MINUTE, 3 * HOUR, None]))
    def is_killed(self, down: timedelta | None) -> None:
        assert self.day is not None
        under_way = self.day.reconciler.under_way
        self.happened("kill" if under_way is None else "kill while it is under way")
        self.run(self.day.kill())
        self.day, self.store = None, self.again()
        if down is not None:
            self.passes(down)
            self.is_started()

    @precondition(lambda self: self.day is None)
    @rule()
    def is_restarted(self) -> None:
        self.is_started()

    def is_started(self) -> None:
        cut_off = bool(self.store.unfinished())
        self.start()
        self.agreed = True
        goes_on = self.day is not None and self.day.reconciler.under_way is not None
        self.happened("restart that goes on" if cut_off and goes_on else "restart")

    def note(self, name: str) -> None:
        self.taken_place[name] = frozenset(
            kept.id for kept in self.store.occurrences() if laws.planned(kept.id) == name
        )

    @invariant()
    def extra_wake_ups_change_nothing(self) -> None:
        if self.day is not None and self.agreed:
            before = self.everything()
            for _ in range(2):
                self.step()
            assert self.everything() == before

    def everything(self) -> tuple[Any, ...]:
        kept = self.store.occurrences()
        said = len(self.day.said) if self.day is not None else 0
        return kept, [sum(1 for _ in self.store.observations(each.id)) for each in kept], self.store.moments(), said

    @invariant()
    def one_at_most_is_under_way_and_nothing_is_sensed_outside(self) -> None:
        if self.day is not None:
            ours = self.day.reconciler.under_way
            assert [kept.id for kept in self.store.unfinished()] == ([] if ours is None else [ours.kept_as])
            allowed = 0 if ours is None or ours.paused else 1
            assert sum(sensors.running for sensors in self.day.sensors) == allowed

    @invariant()
    def what_is_kept_keeps_the_laws(self) -> None:
        for kept in self.store.occurrences():
            if kept.id not in self.epochs:
                self.epochs[kept.id] = self.epoch
                self.happened("begins" if "~" not in kept.id else "begins anew")
        laws.of_each(self.store)
        laws.of_all(self.store, self.epochs)
        laws.of_exceptions(self.store, self.taken_place)

    @invariant()
    def what_was_promised_takes_place_and_nothing_else(self) -> None:
        if self.day is not None and self.agreed:
            ours = self.day.reconciler.under_way
            promised = laws.promised(self.store, self.now)
            assert (ours is None) == (not promised), promised
            assert ours is None or ours.occurrence.id in promised

    def replaying_gives_the_same(self) -> None:
        for kept in self.store.occurrences():
            if kept.ended is not None:
                laws.replays(self.store, kept)


class TheDayOnDisk(TheDay):
    """The same, with a file that the next process opens anew."""

    def make(self) -> Keeping:
        self.folder = tempfile.TemporaryDirectory()
        return self.again()

    def again(self) -> Keeping:
        # The one that was killed never closed it.
        return Store.open(Path(self.folder.name) / "kept" / "t.sqlite", zone=lambda: self.zone)

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


OFTEN = {
    "add": 60, "edit": 100, "edit while it is under way": 25, "remove": 25, "skip": 80, "skip what is under way": 15,
    "unskip": 30, "cancel": 30, "cancel with a new date": 50, "now": 50, "extend": 30, "stop": 30, "pause": 80,
    "resume": 20, "journey": 50, "journey while it is under way": 8, "suspend": 80, "clock set back": 60,
    "clock set forward": 60, "kill": 80, "kill while it is under way": 25, "restart": 80, "restart that goes on": 15,
    "begins": 120, "begins anew": 5, NUDGE: 5, GREETING: 25, GOES_ON: 2,
}  # fmt: skip

# To make a failure small takes minutes: add `Phase.shrink` for it.
quick = settings(
    derandomize=True, database=None, deadline=None, stateful_step_count=40, print_blob=False,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate],
)  # fmt: skip


def test_a_day_keeps_its_laws_whatever_happens_in_it() -> None:
    REACHED.clear()
    run_state_machine_as_test(TheDay, settings=settings(quick, max_examples=150))
    seldom = {what: REACHED[what] for what, count in OFTEN.items() if REACHED[what] < count}
    assert not seldom, "a law over what is not reached says nothing"


def test_it_does_so_on_disk() -> None:
    REACHED.clear()
    run_state_machine_as_test(TheDayOnDisk, settings=settings(quick, max_examples=8))
    assert REACHED["kill while it is under way"]
