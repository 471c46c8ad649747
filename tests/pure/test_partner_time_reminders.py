"""Which partner time is announced, and when: never late, never twice, never beside another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.config.settings import Settings
from detector.core.effects import NotifyStart
from detector.daemon.wording import Wording
from detector.partner_time.model import PartnerTime
from detector.partner_time.reminders import PlannedReminder, is_due, next_reminder, suggestion_of
from detector.partner_time.schedule import Plan, Schedule
from detector.partner_time.settings import ReminderSettings

AHEAD = timedelta(minutes=5)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def once(begins: str, minutes: int, number: int = 1) -> PartnerTime:
    return PartnerTime(
        title="Dinner",
        begins=datetime.fromisoformat(f"2026-11-23 {begins}"),
        lasts=timedelta(minutes=minutes),
        zone="UTC",
        number=number,
    )


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-23 {clock}+00:00")


def planned(*declared: PartnerTime, now: datetime = NOON) -> Plan:
    return Schedule(declared).at(now)


def test_the_reminder_is_planned_before_the_start() -> None:
    plan = planned(once("18:30", 90))
    announced = next_reminder(plan, NOON, AHEAD)
    assert announced == PlannedReminder(occurrence=plan.upcoming[0], at=at("18:25"))
    assert next_reminder(plan, NOON, timedelta(minutes=42)) == replace(announced, at=at("17:48"))
    assert next_reminder(plan, NOON, timedelta(0)) is None
    assert next_reminder(planned(), NOON, AHEAD) is None


@pytest.mark.parametrize(("now", "is_said"), [("18:24:59.999999", True), ("18:25", False), ("18:29", False)])
def test_there_is_no_reminder_for_what_was_declared_after_its_instant(now: str, is_said: bool) -> None:
    plan = planned(once("18:30", 90), now=at(now))
    assert (next_reminder(plan, at(now), AHEAD) is not None) == is_said


def test_there_is_no_reminder_while_another_partner_time_is_under_way() -> None:
    one, close, later = once("18:30", 60, 1), once("19:34", 30, 2), once("21:00", 30, 3)
    plan = planned(one, close, later)
    assert next_reminder(plan, at("18:26"), AHEAD) == PlannedReminder(occurrence=plan.upcoming[2], at=at("20:55"))
    under_way = planned(one, close, later, now=at("19:00"))
    assert under_way.current is not None
    assert next_reminder(under_way, at("19:00"), AHEAD) == PlannedReminder(
        occurrence=under_way.upcoming[1], at=at("20:55")
    )
    # It ends at the very instant: nothing is under way any more.
    plan = planned(once("18:30", 60, 1), once("19:35", 30, 2))
    assert next_reminder(plan, at("18:26"), AHEAD) == PlannedReminder(occurrence=plan.upcoming[1], at=at("19:30"))


def test_there_is_no_reminder_in_a_pause() -> None:
    plan = planned(once("18:30", 90))
    assert next_reminder(plan, NOON, AHEAD, at("18:25:00.000001")) is None
    assert next_reminder(plan, NOON, AHEAD, at("18:25")) is not None


@pytest.mark.parametrize(
    ("now", "is_said"), [("18:24:59", False), ("18:25", True), ("18:26", True), ("18:26:00.000001", False)]
)
def test_a_reminder_is_due_for_a_minute(now: str, is_said: bool) -> None:
    plan = planned(once("18:30", 90))
    announced = PlannedReminder(occurrence=plan.upcoming[0], at=at("18:25"))
    assert is_due(announced, plan, at(now)) == is_said


def test_a_reminder_is_not_due_after_the_plan_changed() -> None:
    dinner = once("18:30", 90)
    plan, now = planned(dinner), at("18:25")
    announced = PlannedReminder(occurrence=plan.upcoming[0], at=now)
    assert is_due(announced, plan, now)
    assert not is_due(announced, planned(now=now), now)
    assert not is_due(announced, planned(once("18:40", 90), now=now), now)
    assert not is_due(announced, planned(dinner, once("18:20", 30, 2), now=now), now)
    assert not is_due(announced, planned(dinner, once("18:20", 8, 2), now=now), now)
    assert not is_due(announced, plan, now, paused_until=at("18:26"))
    assert not is_due(PlannedReminder(occurrence=plan.upcoming[0], at=at("18:29:50")), plan, at("18:30"))


numbers = st.integers(1, 12)


@given(number=numbers, step=st.sampled_from([1, 7, 14, 21, 28]), day=st.integers(735_000, 745_000))
def test_every_suggestion_is_offered_on_any_rhythm_of_days(number: int, step: int, day: int) -> None:
    own = [str(each) for each in range(number)]
    offered = [suggestion_of(date.fromordinal(day + step * evening), own) for evening in range(28 * number)]
    assert set(offered) == set(own)


@given(number=st.integers(2, 12), day=st.integers(735_000, 745_000))
def test_a_suggestion_is_seldom_offered_twice_in_a_row(number: int, day: int) -> None:
    own = [str(each) for each in range(number)]
    for step in (1, 7):
        offered = [suggestion_of(date.fromordinal(day + step * evening), own) for evening in range(57)]
        assert sum(one == other for one, other in pairwise(offered)) <= 14


def test_without_suggestions_nothing_is_offered() -> None:
    assert suggestion_of(date(2026, 11, 23), ()) == ""


def test_the_start_notification_offers_the_suggestion_of_the_day_of_the_start() -> None:
    own = ("A walk", "Tea", "What was good today?")
    settings = replace(Settings(), rituals=ReminderSettings(suggestions=own))
    for day in range(6):
        begun = NotifyStart(
            occurrence="1@x", title="Dinner", at=NOON + timedelta(days=day), ends=NOON + timedelta(days=day, hours=1)
        )
        offered = suggestion_of(begun.at.astimezone().date(), own)
        assert Wording(settings, began=begun.at, rules={}).start(begun).body.startswith(f"Dinner. {offered}")
        # What is said in the quiet week comes first.
        assert offered not in Wording(settings, began=begun.at, rules={}, quiet_evening=3).start(begun).body
