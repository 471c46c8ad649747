"""Notifications outside partner time: when the reminder is shown, what replaces it, and that nothing stays open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detector.clock import ManualClock
from detector.config.settings import Settings
from detector.core.effects import Coverage, Effect, NotifyEnd, Record, StartResult, Use
from detector.core.observations import Activity, Answer, PartnerTimeBegan, PartnerTimeEnded
from detector.daemon.effect_runner import EffectRunner
from detector.daemon.notifications_outside_sessions import NotificationsOutsideSessions
from detector.daemon.reconciler import Upcoming
from detector.daemon.reminder import Reminder
from detector.daemon.wording import Wording
from detector.notifier.model import NotificationText
from detector.partner_time.model import PartnerTime
from detector.partner_time.schedule import OccurrenceOverrides, Schedule
from detector.partner_time.settings import ReminderSettings
from detector.store.store import Store
from tests.rig.moments import nudged_moment

BEGINS = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
ENDS = BEGINS + timedelta(minutes=90)
DUE = BEGINS - timedelta(minutes=5)
DINNER = PartnerTime(title="Dinner", begins=BEGINS.replace(tzinfo=None), lasts=timedelta(minutes=90), zone="UTC")
SECOND = timedelta(seconds=1)


class FakeSender:
    """A notifier that remembers; `hangs` until it is let go of."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.shown: list[str] = []
        self.hangs = hangs

    async def show(self, _nudge: int, words: NotificationText, _answered: Callable[[int, Answer], None]) -> str:
        if self.hangs:
            await asyncio.Event().wait()
        self.shown.append(words.title)
        return "voice"

    async def withdraw(self, nudge: int) -> None: ...

    async def close(self) -> None:
        self.shown.append("closed")


class Day:
    """A store, a plan and a clock set by hand; a second one on the same store is a restart."""

    def __init__(self, path: Path, at: datetime, *, settings: Settings | None = None) -> None:
        self.store = Store.open(path, zone=lambda: "UTC")
        self.clock = ManualClock(at)
        self.settings = settings or Settings()
        self.senders: list[FakeSender] = []
        self.wakes: list[datetime | None] = []
        self.idle = NotificationsOutsideSessions(self._make)
        self.reminder = Reminder(
            store=self.store,
            clock=self.clock,
            outside_sessions=self.idle,
            settings=lambda: self.settings,
            wake_at=self.wakes.append,
        )

    def _make(self) -> FakeSender:
        self.senders.append(FakeSender())
        return self.senders[-1]

    async def look(self, at: datetime, *, paused_until: datetime | None = None) -> list[str]:
        self.clock.at = at
        plan = Schedule(
            self.store.plans.partner_times(),
            OccurrenceOverrides(self.store.plans.ended_early(), self.store.plans.extended()),
        ).at(at)
        await self.reminder.update(Upcoming(plan=plan, paused_until=paused_until))
        for _ in range(5):
            await asyncio.sleep(0)
        return [shown for sender in self.senders for shown in sender.shown]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "turntoward.sqlite"


@pytest.fixture
def day(path: Path) -> Iterator[Day]:
    day = Day(path, DUE - timedelta(hours=1))
    day.store.plans.add(DINNER)
    yield day
    day.store.close()


async def test_the_reminder_is_shown_when_it_is_due_and_not_again(day: Day) -> None:
    assert await day.look(DUE - timedelta(hours=1)) == []
    assert day.wakes == [DUE]
    assert (await day.look(DUE - SECOND), day.senders) == ([], [])
    assert await day.look(DUE) == ["Dinner begins at 18:30"]
    assert await day.look(DUE + SECOND) == ["Dinner begins at 18:30"]
    assert day.idle.is_showing
    await day.idle.close()


async def test_neither_a_restart_nor_a_clock_set_back_repeats_the_reminder(day: Day, path: Path) -> None:
    await day.look(DUE - SECOND)
    await day.look(DUE)
    await day.look(DUE - SECOND)
    assert await day.look(DUE) == ["Dinner begins at 18:30"]
    again = Day(path, DUE - SECOND)
    assert await again.look(DUE - SECOND) == []
    assert await again.look(DUE + SECOND) == []
    again.store.close()
    await day.idle.close()


@pytest.mark.parametrize("late", [timedelta(seconds=61), timedelta(minutes=3)])
async def test_no_reminder_right_after_the_device_wakes(day: Day, late: timedelta) -> None:
    await day.look(DUE - SECOND)
    assert await day.look(DUE + late) == []
    assert not day.idle.is_showing


async def test_no_reminder_right_after_the_daemon_starts(day: Day) -> None:
    assert await day.look(DUE + SECOND) == []


async def test_no_reminder_of_partner_time_declared_after_its_instant(day: Day) -> None:
    day.store.plans.remove(1)
    await day.look(DUE - SECOND)
    day.store.plans.add(DINNER)
    assert await day.look(DUE + SECOND) == []


async def test_no_reminder_where_it_is_switched_off(path: Path) -> None:
    day = Day(path, DUE, settings=replace(Settings(), rituals=ReminderSettings(heads_up=timedelta(0))))
    day.store.plans.add(DINNER)
    await day.look(DUE - SECOND)
    assert (await day.look(DUE), day.wakes) == ([], [])
    day.store.close()


async def test_the_reminder_uses_the_persons_own_sentence(path: Path) -> None:
    own = ReminderSettings(heads_up_sentence="Kettle on", heads_up=timedelta(minutes=30))
    day = Day(path, DUE, settings=replace(Settings(), rituals=own))
    day.store.plans.add(DINNER)
    at = BEGINS - timedelta(minutes=30)
    await day.look(at - SECOND)
    assert await day.look(at) == ["Kettle on"]
    await day.idle.close()
    day.store.close()


async def test_the_reminder_is_withdrawn_when_the_occurrence_is_skipped(day: Day) -> None:
    await day.look(DUE - SECOND)
    await day.look(DUE)
    day.store.plans.skip("1@20261123T183000Z", DUE + SECOND)
    assert await day.look(DUE + SECOND) == ["Dinner begins at 18:30", "closed"]
    assert not day.idle.is_showing


async def test_the_reminder_is_withdrawn_in_a_pause(day: Day) -> None:
    await day.look(DUE - SECOND)
    await day.look(DUE)
    assert await day.look(DUE + SECOND, paused_until=BEGINS) == ["Dinner begins at 18:30", "closed"]


async def test_a_session_takes_over_the_notifiers_that_show_the_reminder(day: Day) -> None:
    await day.look(DUE - SECOND)
    await day.look(DUE)
    taken = day.idle.detach_notifiers()
    assert taken is day.senders[0]
    # The evening has the notifiers now: nobody else lets go of them.
    assert await day.look(BEGINS) == ["Dinner begins at 18:30"]
    assert not day.idle.is_showing


async def test_the_notifiers_are_closed_when_the_time_of_the_notification_is_over() -> None:
    sender = FakeSender()
    idle = NotificationsOutsideSessions(lambda: sender)
    idle.show(NotificationText(title="one", body="", expires=timedelta(0)))
    await asyncio.sleep(0.01)
    assert not idle.is_showing
    assert sender.shown == ["one", "closed"]


async def test_a_later_notification_replaces_the_earlier_one() -> None:
    first, second = FakeSender(), FakeSender()
    idle = NotificationsOutsideSessions(lambda: first)
    idle.show(NotificationText(title="one", body=""))
    await asyncio.sleep(0.01)
    idle.show(NotificationText(title="two", body=""))
    await asyncio.sleep(0.01)
    assert first.shown == ["one", "two"]
    idle.show(NotificationText(title="three", body=""), second)
    await asyncio.sleep(0.01)
    assert (first.shown, second.shown) == (["one", "two", "closed"], ["three"])
    await idle.close()
    assert second.shown == ["three", "closed"]


async def test_taking_over_cancels_a_notifier_that_hangs() -> None:
    sender = FakeSender(hangs=True)
    idle = NotificationsOutsideSessions(lambda: sender)
    idle.show(NotificationText(title="one", body=""))
    await asyncio.sleep(0)
    assert idle.detach_notifiers() is sender
    await asyncio.sleep(0.01)
    assert (sender.shown, idle.is_showing) == ([], False)
    assert "notification outside sessions" not in {task.get_name() for task in asyncio.all_tasks()}


def whole(*, known: bool = True, started: bool = True) -> list[Effect]:
    """Return what is kept of a dinner with two minutes of a feed in it."""
    feed = Use(
        number=1,
        device="laptop",
        activity=Activity(category="social"),
        began=BEGINS + timedelta(minutes=10),
        ended=BEGINS + timedelta(minutes=12),
    )
    covered = Coverage(number=2, device="laptop", began=BEGINS, ended=ENDS if known else BEGINS + timedelta(minutes=20))
    noticed = nudged_moment(BEGINS + timedelta(minutes=11))
    parts = [
        PartnerTimeBegan(at=BEGINS, occurrence="1@x", title="Dinner", ends=ENDS),
        feed,
        covered,
        noticed,
        *([StartResult(at=BEGINS + timedelta(minutes=5), started_well=True)] if started else []),
        PartnerTimeEnded(at=ENDS),
    ]
    records: list[Effect] = [Record(occurrence="1@x", item=what) for what in parts]
    return [*records, NotifyEnd(occurrence="1@x", title="Dinner", at=ENDS)]


def chosen(ending: bool = True) -> Settings:
    return replace(Settings(), rituals=ReminderSettings(ending=ending))


def wording(settings: Settings, *, quiet: bool = False) -> Wording:
    return Wording(settings, began=BEGINS, rules={}, quiet_evening=1 if quiet else None)


async def notified_at_end(day: Day, *, at: datetime, settings: Settings, quiet: bool = False, **how: bool) -> list[str]:
    day.clock.at = at
    sender = FakeSender()
    effect_runner = EffectRunner(
        store=day.store,
        sender=sender,
        wording=wording(settings, quiet=quiet),
        put=lambda _: None,
        clock=day.clock,
        show_after_end=lambda text: day.idle.show(text, sender),
    )
    effect_runner.run(whole(**how))
    await effect_runner.close()
    await asyncio.sleep(0.01)
    return sender.shown


async def test_the_line_at_the_end_stays_after_the_session_and_is_replaced_by_the_next(day: Day) -> None:
    shown = await notified_at_end(day, at=ENDS + SECOND, settings=chosen())
    assert shown == ["For 1 h 28 min no screen took you away"]
    assert day.idle.is_showing
    sender = day.idle.detach_notifiers()
    assert isinstance(sender, FakeSender)
    assert sender.shown == shown


@pytest.mark.parametrize(
    ("late", "ending", "quiet"),
    [(timedelta(seconds=61), True, False), (SECOND, False, False), (SECOND, True, True)],
    ids=["noticed late", "not chosen", "in the quiet week"],
)
async def test_no_line_at_the_end(day: Day, late: timedelta, ending: bool, quiet: bool) -> None:
    shown = await notified_at_end(day, at=ENDS + late, settings=chosen(ending), quiet=quiet)
    assert (shown, day.idle.is_showing) == (["closed"], False)


async def test_the_line_at_the_end_has_no_number_where_less_than_half_is_known(day: Day) -> None:
    assert await notified_at_end(day, at=ENDS, settings=chosen(), known=False) == ["Partner time is over"]
    words = wording(chosen()).end(NotifyEnd(occurrence="1@x", title="Dinner", at=ENDS), day.store, day.clock.at)
    assert words is not None
    assert words.body == "Dinner. Every screen was put away at the start. Too little was sensed to say more."
    await day.idle.close()


async def test_a_failing_line_at_the_end_costs_nothing(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("detector.report.summarise.summarise", fails)
    assert await notified_at_end(day, at=ENDS, settings=chosen()) == ["closed"]
