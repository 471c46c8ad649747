"""Nothing is sensed before the start of partner time was shown to somebody at the device."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import detector.core.observations as obs
from detector.daemon.start_notice import FIRST_RETRY, LONG_ABSENCE, MAX_RETRY, StartNotice

BEGAN = datetime(2026, 11, 23, 4, tzinfo=UTC)
DINNER, ALL_DAY = timedelta(hours=2), timedelta(hours=24)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def shown(lasts: timedelta = DINNER) -> StartNotice:
    """Return a notice that somebody saw at the beginning."""
    notice = StartNotice()
    notice.record_attempt(BEGAN, was_shown=True, lasts=lasts)
    assert notice.permitted_sensing == "all"
    return notice


def test_nothing_is_sensed_until_a_notifier_has_shown_it() -> None:
    notice = StartNotice()
    assert (notice.permitted_sensing, notice.is_due) == ("nothing", True)
    notice.record_attempt(BEGAN, was_shown=False, lasts=DINNER)
    assert (notice.permitted_sensing, notice.is_due) == ("nothing", False)
    notice.show_again()
    notice.record_attempt(BEGAN + minutes(1), was_shown=True, lasts=DINNER)
    assert (notice.permitted_sensing, notice.is_due, notice.deadline) == ("all", False, None)


def test_it_is_tried_again_with_growing_waits() -> None:
    notice, at, waits = StartNotice(), BEGAN, list[timedelta]()
    for _ in range(10):
        notice.record_attempt(at, was_shown=False, lasts=DINNER)
        assert notice.deadline is not None
        notice.advance(notice.deadline - timedelta(milliseconds=1))
        assert not notice.is_due
        notice.advance(notice.deadline)
        assert notice.is_due
        waits.append(notice.deadline - at)
        at = notice.deadline
    assert (waits[0], waits[1], waits[-1]) == (FIRST_RETRY, 2 * FIRST_RETRY, MAX_RETRY)


@pytest.mark.parametrize(
    ("away", "back"),
    [
        (obs.WentIdle(at=BEGAN, since=BEGAN - minutes(9)), obs.CameBack(at=BEGAN + minutes(40))),
        (obs.Locked(at=BEGAN), obs.Unlocked(at=BEGAN + minutes(40))),
    ],
)
def test_while_nobody_is_there_only_presence_is_sensed_and_it_is_shown_on_return(
    away: obs.Observation, back: obs.Observation
) -> None:
    notice = StartNotice()
    notice.observe([away])
    notice.record_attempt(BEGAN, was_shown=True, lasts=DINNER)
    assert (notice.permitted_sensing, notice.is_due) == ("presence", False)
    notice.observe([back])
    assert notice.is_due
    notice.record_attempt(back.at, was_shown=True, lasts=DINNER)
    assert (notice.permitted_sensing, notice.is_due) == ("all", False)


def test_a_sensor_that_starts_again_while_nobody_is_there_is_no_return() -> None:
    notice = StartNotice()
    notice.observe([obs.Locked(at=BEGAN)])
    notice.record_attempt(BEGAN, was_shown=True, lasts=DINNER)
    notice.observe([obs.SensorStarted(at=BEGAN, sense="session", sensor="test"), obs.Locked(at=BEGAN)])
    assert (notice.permitted_sensing, notice.is_due) == ("presence", False)


def test_what_could_not_be_shown_on_return_stops_the_sensing() -> None:
    notice = StartNotice()
    notice.observe([obs.Locked(at=BEGAN)])
    notice.record_attempt(BEGAN, was_shown=True, lasts=DINNER)
    notice.observe([obs.Unlocked(at=BEGAN + minutes(5))])
    notice.record_attempt(BEGAN + minutes(5), was_shown=False, lasts=DINNER)
    assert notice.permitted_sensing == "nothing"
    assert notice.deadline is not None


def test_it_is_shown_again_where_nobody_touched_the_device_since() -> None:
    notice = shown()
    notice.observe([obs.WentIdle(at=BEGAN + minutes(0.5), since=BEGAN - minutes(0.1))])
    assert (notice.permitted_sensing, notice.is_due) == ("all", False)
    notice.observe([obs.CameBack(at=BEGAN + minutes(20))])
    assert notice.is_due


@pytest.mark.parametrize(
    ("lasts", "absence", "is_due"),
    [
        (ALL_DAY, LONG_ABSENCE, True),
        (ALL_DAY, LONG_ABSENCE - timedelta(seconds=1), False),
        (DINNER, LONG_ABSENCE, False),
    ],
)
def test_in_a_long_partner_time_it_is_shown_again_after_a_long_absence(
    lasts: timedelta, absence: timedelta, *, is_due: bool
) -> None:
    notice, left = shown(lasts), BEGAN + minutes(5)
    notice.observe([obs.WentIdle(at=left + minutes(0.5), since=left), obs.Locked(at=left + minutes(1))])
    notice.observe([obs.CameBack(at=left + absence)])
    assert not notice.is_due
    notice.observe([obs.Unlocked(at=left + absence)])
    assert notice.is_due is is_due


def test_sleep_is_an_absence() -> None:
    notice = shown(ALL_DAY)
    asleep = obs.Gap(at=BEGAN + minutes(200), since=BEGAN + minutes(10), reason=obs.GapReason.SUSPEND)
    notice.observe([asleep])
    assert notice.is_due


def test_it_is_tried_again_when_do_not_disturb_is_over() -> None:
    notice = StartNotice()
    notice.observe([obs.QuietBegan(at=BEGAN)])
    notice.record_attempt(BEGAN, was_shown=False, lasts=DINNER)
    notice.observe([obs.QuietEnded(at=BEGAN + minutes(1))])
    assert notice.is_due


def test_phones_say_nothing_about_who_is_at_this_device() -> None:
    notice = shown()
    notice.observe([obs.Locked(at=BEGAN, device="my phone"), obs.WentIdle(at=BEGAN, since=BEGAN, device="my phone")])
    assert notice.is_anybody_there
