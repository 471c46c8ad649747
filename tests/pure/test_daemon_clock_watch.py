"""Sleep and jumps of the clock are detected, and told apart."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from detector.clock import ManualClock
from detector.core.observations import GapReason
from detector.daemon.clock_watch import ClockJump, ClockWatch, seconds_waited

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Device:
    """A device whose three clocks are set by hand."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOON)
        self.slept = self.waited = 0.0
        self.watch = ClockWatch(self.clock, lambda: self.slept, lambda: self.waited)

    def passes(self, *, wall: float, awake: float, asleep: float = 0.0) -> ClockJump | None:
        self.clock.at += timedelta(seconds=wall)
        self.clock.seconds += awake
        self.slept += asleep
        return self.watch.check()


@pytest.mark.parametrize("off", [0.0, 1.9, -1.9])
def test_steady_time_is_no_jump(off: float) -> None:
    assert Device().passes(wall=60 + off, awake=60) is None


def test_slow_correction_by_ntp_is_never_a_jump() -> None:
    device = Device()
    assert not any(device.passes(wall=60.03, awake=60) for _ in range(1000))


def test_sleep_is_a_suspend() -> None:
    assert Device().passes(wall=3605, awake=5, asleep=3600) == ClockJump(
        since=NOON, at=NOON + timedelta(seconds=3605), reason=GapReason.SUSPEND
    )


def test_a_clock_set_forward_is_a_jump() -> None:
    jump = Device().passes(wall=3605, awake=5)
    assert jump is not None
    assert (jump.reason, jump.is_backwards) == (GapReason.CLOCK_JUMP, False)


def test_a_clock_set_back_is_a_backwards_jump() -> None:
    jump = Device().passes(wall=-3595, awake=5)
    assert jump is not None
    assert (jump.reason, jump.is_backwards) == (GapReason.CLOCK_JUMP, True)


def test_a_clock_that_stood_still_is_no_backwards_jump() -> None:
    jump = Device().passes(wall=0, awake=5)
    assert jump is not None
    assert not jump.is_backwards


def test_a_jump_is_reported_once() -> None:
    device = Device()
    assert device.passes(wall=100, awake=1) is not None
    assert device.passes(wall=1, awake=1) is None


@pytest.mark.parametrize(
    ("planned", "passed", "is_stopped"), [(30, 39.9, False), (30, 40.1, True), (0, 9.9, False), (-5, 10.1, True)]
)
def test_a_process_that_wakes_much_later_than_it_meant_to_was_stopped(
    planned: float, passed: float, is_stopped: bool
) -> None:
    device = Device()
    device.watch.will_wake(planned)
    jump = device.passes(wall=passed, awake=passed)
    ends = NOON + timedelta(seconds=passed)
    assert jump == (ClockJump(since=NOON, at=ends, reason=GapReason.RESTART) if is_stopped else None)


def test_a_process_that_waits_for_a_core_was_not_stopped() -> None:
    # A busy machine must not make unknown what was sensed.
    device = Device()
    device.waited = 1000.0
    device.watch.will_wake(30)
    device.waited += 55
    assert device.passes(wall=90, awake=90) is None
    device.watch.will_wake(30)
    device.waited += 5
    assert device.passes(wall=90, awake=90) is not None


def test_without_a_planned_wake_up_nothing_is_late() -> None:
    device = Device()
    device.watch.will_wake(None)
    assert device.passes(wall=3600, awake=3600) is None
    device.watch.will_wake(1)
    assert device.passes(wall=3700, awake=100, asleep=3600) is not None
    assert device.passes(wall=60, awake=60) is None, "what was planned before a sleep counts no more"


def test_this_system_says_how_long_a_thread_waited_for_a_core() -> None:
    assert seconds_waited() >= 0.0
    assert seconds_waited() < time.monotonic()


def test_a_process_that_is_told_to_go_on_was_stopped_since_nobody_knows_when() -> None:
    device = Device()
    device.watch.will_wake(30)
    device.watch.was_stopped = True
    gap = device.passes(wall=5, awake=5)
    assert gap == ClockJump(since=NOON, at=NOON + timedelta(seconds=5), reason=GapReason.RESTART)
    assert device.passes(wall=5, awake=5) is None
    device.watch.was_stopped = True
    assert device.passes(wall=1, awake=1) is None, "not worth a gap"
