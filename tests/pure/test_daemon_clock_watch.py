"""Sleep and jumps of the clock are detected, and told apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detector.clock import ManualClock
from detector.core.observations import GapReason
from detector.daemon.clock_watch import ClockJump, ClockWatch

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Device:
    """A device whose three clocks are set by hand."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOON)
        self.slept = 0.0
        self.watch = ClockWatch(self.clock, lambda: self.slept)

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
