"""Whatever is declared, requested, slept through, set, travelled or killed, in any order: the laws of the day hold.

The store, the requests, the reconciler, the loop and the core are the real ones; see `tests/rig/day.py` for what is not.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from detector.store.store import Store
from tests.property import day_laws as laws
from tests.property.day_requests import HOUR, MINUTE, REACHED, DayRequests, awhile, woken
from tests.rig.day import GOES_ON, GREETING, NUDGE
from tests.rig.examples import PROFILE, examples

SECOND = timedelta(seconds=1)


class DayMachine(DayRequests):
    """What time does to it, and the laws."""

    def teardown(self) -> None:
        self.replaying_gives_the_same()
        self.store.close()
        self.runner.close()

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
            self.run(self.day.advance(min(by, 50 * SECOND)))
            self.step()
        before = len(self.day.said)
        for _ in range(1 if by <= 2 * HOUR else 3):
            self.run(self.day.advance(by / (1 if by <= 2 * HOUR else 3)))
            self.step()
        for _, title in self.day.said[before:]:
            self.happened(title)

    @rule(by=awhile, woken=woken)
    def sleeps(self, by: timedelta, woken: bool) -> None:
        self.clock.at += by
        if self.day is None:
            return
        self.day.slept += by.total_seconds()
        before = len(self.day.said)
        self.step(woken_by_command=woken)
        fired = [title for _, title in self.day.said[before:]]
        until = self.store.plans.paused_until()
        in_time = {GOES_ON} if until is not None and self.now - until <= MINUTE else set()
        assert set(fired) <= {GREETING, *in_time}, "nothing fires the moment the machine wakes"
        self.happened("suspend")

    @rule(by=awhile, back=st.booleans(), woken=woken)
    def sets_the_clock(self, by: timedelta, back: bool, woken: bool) -> None:
        self.clock.at += -by if back else by
        self.epoch += back
        self.happened("clock set back" if back else "clock set forward")
        self.step(woken_by_command=woken)

    @precondition(lambda self: self.day is not None)
    @rule(down=st.sampled_from([timedelta(0), MINUTE, 30 * MINUTE, 3 * HOUR, None]))
    def is_killed(self, down: timedelta | None) -> None:
        assert self.day is not None
        under_way = self.day.reconciler.session
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
        cut_off = bool(self.store.history.unfinished())
        self.start()
        self.agreed = True
        goes_on = self.day is not None and self.day.reconciler.session is not None
        self.happened("restart that goes on" if cut_off and goes_on else "restart")

    @invariant()
    def extra_wake_ups_change_nothing(self) -> None:
        if self.day is not None and self.agreed:
            before = self.everything()
            for _ in range(2):
                self.step()
            assert self.everything() == before

    def everything(self) -> tuple[Any, ...]:
        kept = self.store.history.occurrences()
        said = len(self.day.said) if self.day is not None else 0
        return (
            kept,
            [sum(1 for _ in self.store.history.observations(each.id)) for each in kept],
            self.store.history.moments(),
            said,
        )

    @invariant()
    def one_at_most_is_under_way_and_nothing_is_sensed_outside(self) -> None:
        if self.day is not None:
            ours = self.day.reconciler.session
            assert [kept.id for kept in self.store.history.unfinished()] == ([] if ours is None else [ours.stored_id])
            allowed = 0 if ours is None or ours.paused else 1
            assert sum(sensors.running for sensors in self.day.sensors) == allowed

    @invariant()
    def what_is_kept_keeps_the_laws(self) -> None:
        for kept in self.store.history.occurrences():
            if kept.id not in self.epochs:
                self.epochs[kept.id] = self.epoch
                self.happened("begins" if "~" not in kept.id else "begins again")
        laws.check_each_occurrence(self.store)
        laws.check_all_occurrences(self.store, self.epochs)
        laws.check_exceptions(self.store, self.taken_place)

    @invariant()
    def what_was_promised_takes_place_and_nothing_else(self) -> None:
        if self.day is not None and self.agreed:
            ours = self.day.reconciler.session
            promised = laws.planned_now(self.store, self.now)
            assert (ours is None) == (not promised), promised
            assert ours is None or ours.occurrence.id in promised

    def replaying_gives_the_same(self) -> None:
        for kept in self.store.history.occurrences():
            if kept.ended is not None:
                laws.replays(self.store, kept)


class DayMachineOnDisk(DayMachine):
    """The same, with a file that the next process opens."""

    def make(self) -> Store:
        self.folder = tempfile.TemporaryDirectory()
        return self.again()

    def again(self) -> Store:
        # The one that was killed never closed it.
        return Store.open(Path(self.folder.name) / "kept" / "t.sqlite", zone=lambda: self.zone)

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


OFTEN = dict.fromkeys(
    [
        "add",
        "edit",
        "edit while it is under way",
        "remove",
        "skip",
        "skip what is under way",
        "unskip",
        "cancel",
        "cancel with a new date",
        "now",
        "extend",
        "stop",
        "pause",
        "resume",
        "journey",
        "suspend",
        "clock set back",
        "clock set forward",
        "kill",
        "kill while it is under way",
        "restart",
        "begins",
        GREETING,
    ],
    10,
) | dict.fromkeys(["restart that goes on", "journey while it is under way", "begins again", NUDGE, GOES_ON], 2)

# To make a failure small takes minutes: add `Phase.shrink` for it.
quick = settings(
    derandomize=PROFILE != "search",
    stateful_step_count=40,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


def test_the_laws_of_the_day_hold_whatever_happens() -> None:
    REACHED.clear()
    run_state_machine_as_test(DayMachine, settings=settings(quick, max_examples=examples(200)))
    # What is rare is only reached where all examples are tried.
    expected = OFTEN if PROFILE != "test" else {}
    seldom = {what: REACHED[what] for what, count in expected.items() if REACHED[what] < count}
    assert not seldom, "a law over what is not reached says nothing"


def test_the_laws_of_the_day_hold_on_disk() -> None:
    REACHED.clear()
    run_state_machine_as_test(DayMachineOnDisk, settings=settings(quick, max_examples=examples(8)))
    assert REACHED["kill while it is under way"]
