"""The inbox drops titles, puts observations in order, and turns what does not fit into a gap."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from detector.clock import ManualClock
from detector.core.observations import (
    Activity,
    Answered,
    Focused,
    Gap,
    GapReason,
    InputCounted,
    Observation,
    SensorStarted,
    WentIdle,
)
from detector.daemon.inbox import Inbox
from detector.sensors.model import AppFocused, Toplevel, ToplevelFocused

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CANARY = "Canary Cottage Cheese"


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def classify(toplevel: Toplevel) -> Activity:
    return Activity(category="social" if "Instagram" in toplevel.title else "other", name="Instagram")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(after(3600))


def make_inbox(clock: ManualClock, *, keep_names: bool = False, max_waiting: int = 5) -> Inbox:
    return Inbox(
        classify=classify,
        classify_app=lambda app: Activity(category=app.category or "other", name=f"the app {app.app}"),
        clock=clock,
        arrived=asyncio.Event(),
        keep_names=keep_names,
        max_waiting=max_waiting,
    )


def seen(at: datetime, title: str = "Instagram", **more: bool) -> ToplevelFocused:
    return ToplevelFocused(at=at, toplevel=Toplevel(app_id="firefox", title=title, **more))


def test_a_title_is_classified_and_dropped(clock: ManualClock) -> None:
    inbox = make_inbox(clock)
    inbox.put(seen(NOON, f"Instagram {CANARY}"))
    assert CANARY not in repr(inbox)
    (focused,) = inbox.take()
    assert focused == Focused(at=NOON, activity=Activity(category="social", name=None))
    assert CANARY not in repr(vars(inbox))


def test_names_are_dropped_unless_keep_names_is_set(clock: ManualClock) -> None:
    inbox = make_inbox(clock, keep_names=True)
    inbox.put(seen(NOON))
    (focused,) = inbox.take()
    assert isinstance(focused, Focused)
    assert focused.activity == Activity(category="social", name="Instagram")


def test_names_are_dropped_from_focused_observations_as_well(clock: ManualClock) -> None:
    inbox = make_inbox(clock)
    inbox.put(Focused(at=NOON, activity=Activity(category="social", name="Instagram")))
    (focused,) = inbox.take()
    assert isinstance(focused, Focused)
    assert focused.activity == Activity(category="social")


def test_the_name_of_a_phones_app_is_dropped_whatever_keep_names_says(clock: ManualClock) -> None:
    inbox = make_inbox(clock, keep_names=True)
    inbox.put(AppFocused(at=NOON, device="my phone", app=CANARY, category="social", opened=True))
    assert CANARY not in repr(vars(inbox))
    assert inbox.take() == (
        Focused(at=NOON, device="my phone", activity=Activity(category="social", name=None), opened=True),
    )


def test_instants_never_decrease_and_never_lie_in_the_future(clock: ManualClock) -> None:
    clock.at = after(10)
    inbox = make_inbox(clock)
    for at in (after(5), after(3), after(500)):
        inbox.put(InputCounted(at=at, clicks=1))
    assert [observation.at for observation in inbox.take()] == [after(5), after(5), after(10)]


def test_no_observation_is_earlier_than_the_core(clock: ManualClock) -> None:
    inbox = make_inbox(clock)
    inbox.not_before(after(30))
    inbox.not_before(after(20))
    inbox.put(InputCounted(at=after(10), keys=1))
    assert [observation.at for observation in inbox.take()] == [after(30)]


def test_the_same_activity_twice_in_a_row_is_dropped_per_device(clock: ManualClock) -> None:
    inbox = make_inbox(clock)
    inbox.put(seen(after(0), "Instagram: one"))
    inbox.put(seen(after(1), "Instagram: another"))
    inbox.put(ToplevelFocused(at=after(2), toplevel=Toplevel(app_id="x", title="Instagram"), device="phone"))
    inbox.put(seen(after(3), "something else"))
    inbox.put(ToplevelFocused(at=after(4), toplevel=None))
    inbox.put(ToplevelFocused(at=after(5), toplevel=None))
    assert [(o.at, o.device) for o in inbox.take()] == [
        (after(0), "laptop"),
        (after(2), "phone"),
        (after(3), "laptop"),
        (after(4), "laptop"),
    ]


def test_a_change_to_full_screen_is_not_dropped(clock: ManualClock) -> None:
    inbox = make_inbox(clock)
    inbox.put(seen(after(0)))
    inbox.put(seen(after(1), full_screen=True))
    assert len(inbox.take()) == 2


@pytest.mark.parametrize(
    "between",
    [
        SensorStarted(at=after(1), sense="focus", sensor="x11_focus"),
        Gap(at=after(1), since=after(1), reason=GapReason.SENSOR_LOST, sense="focus"),
    ],
)
def test_after_a_gap_the_same_activity_is_not_dropped(clock: ManualClock, between: Observation) -> None:
    inbox = make_inbox(clock)
    inbox.put(seen(after(0)))
    inbox.put(between)
    inbox.put(seen(after(2)))
    assert [type(observation) for observation in inbox.take()] == [Focused, type(between), Focused]


def test_a_full_queue_becomes_one_gap_and_answers_always_fit(clock: ManualClock) -> None:
    inbox = make_inbox(clock, max_waiting=3)
    for second in range(10):
        inbox.put(InputCounted(at=after(second), scrolls=1))
    inbox.put(Answered(at=after(10), nudge=1, answer="put_away"))
    taken = inbox.take()
    assert [type(observation) for observation in taken] == [InputCounted] * 3 + [Answered, Gap]
    gap = taken[-1]
    assert isinstance(gap, Gap)
    assert (gap.since, gap.at, gap.reason, gap.sense) == (after(3), after(10), GapReason.OVERFLOW, None)
    assert inbox.take() == ()


def test_after_an_overflow_the_same_activity_is_not_dropped(clock: ManualClock) -> None:
    inbox = make_inbox(clock, max_waiting=2)
    inbox.put(seen(after(0)))
    for second in range(1, 4):
        inbox.put(InputCounted(at=after(second), scrolls=1))
    inbox.take()
    inbox.put(seen(after(5)))
    assert [type(observation) for observation in inbox.take()] == [Focused]


def test_idleness_keeps_its_since(clock: ManualClock) -> None:
    inbox = make_inbox(clock)
    inbox.not_before(after(40))
    inbox.put(WentIdle(at=after(30), since=after(2)))
    assert inbox.take() == (WentIdle(at=after(40), since=after(2)),)
