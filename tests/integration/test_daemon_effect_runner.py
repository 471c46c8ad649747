"""Effects: records are stored first, then notifications shown; a notifier that fails costs its nudge and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

import detector.daemon.effect_runner as module
from detector.activities.model import Classification
from detector.clock import ManualClock
from detector.config.settings import Settings
from detector.core.effects import AskHowLong, Moment, Notify, NotifyNeedOver, NotifyStart, Record, Withdraw
from detector.core.observations import Answer, Answered, NotShown, Observation, PartnerTimeBegan, Shown
from detector.daemon.effect_runner import EffectRunner
from detector.daemon.phone_apps import PhoneApps
from detector.daemon.wording import Wording
from detector.errors import StoreError
from detector.notifier.model import NotificationText
from detector.sensors.model import AppFocused
from detector.store.history import HistoryStore
from detector.store.store import Store
from tests.rig.moments import nudged_moment

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BEGAN = Record(
    occurrence="1@x", item=PartnerTimeBegan(at=NOON, occurrence="1@x", title="t", ends=NOON + timedelta(hours=1))
)


def moment(number: int) -> Moment:
    return nudged_moment(NOON, number=number)


class FakeSender:
    """A notifier that does what a test wants: `does` is called with the number of every nudge."""

    def __init__(self, does: Callable[[int], None] = lambda _: None, *, hangs: bool = False) -> None:
        self.does = does
        self.hangs = hangs
        self.shown: list[str] = []
        self.answered: Callable[[int, Answer], None] = lambda *_: None

    async def show(self, nudge: int, words: NotificationText, answered: Callable[[int, Answer], None]) -> str | None:
        self.answered = answered
        self.does(nudge)
        if self.hangs:
            await asyncio.Event().wait()
        self.shown.append(f"show {nudge}")
        return "voice"

    async def withdraw(self, nudge: int) -> None:
        self.shown.append(f"withdraw {nudge}")

    async def close(self) -> None:
        self.shown.append("close")


class FailingHistory(HistoryStore):
    def save(self, records: object) -> None:
        raise StoreError("the disk is full")


def effect_runner(sender: FakeSender, put: Callable[[Observation], None], store: Store | None = None) -> EffectRunner:
    return EffectRunner(
        store=store or Store.in_memory(),
        sender=sender,
        wording=Wording(Settings(), began=NOON, rules={}),
        put=put,
        clock=ManualClock(NOON),
    )


async def test_a_nudge_that_cannot_be_stored_is_not_shown() -> None:
    sender, came = FakeSender(), list[Observation]()
    store = Store.in_memory()
    store.history = FailingHistory(store._database)
    one = effect_runner(sender, came.append, store)
    with pytest.raises(StoreError):
        one.run([BEGAN, Notify(moment=moment(1))])
    await one.wait_until_shown()
    await one.close()
    assert sender.shown == ["close"]


async def test_the_record_is_stored_before_the_nudge_is_shown() -> None:
    store = Store.in_memory()
    kept: list[int] = []
    sender = FakeSender(lambda _: kept.append(len(store.history.moments())))
    one = effect_runner(sender, lambda _: None, store)
    one.run([BEGAN, Notify(moment=moment(1)), Record(occurrence="1@x", item=moment(1))])
    await one.wait_until_shown()
    assert kept == [1]


async def test_unknown_apps_are_counted_with_the_step_that_met_them() -> None:
    store = Store.in_memory()
    apps = PhoneApps(lambda _: Classification(category="other", name=None, why="", entry=None))
    one = EffectRunner(
        store=store,
        sender=FakeSender(),
        wording=Wording(Settings(), began=NOON, rules={}),
        put=lambda _: None,
        clock=ManualClock(NOON),
        occurrence="1@x",
        pop_unknown_apps=apps.pop_unknown,
    )
    apps.opened(AppFocused(at=NOON, device="my phone", app="org.nobody.knows", opened=True))
    assert store.history.unknown_apps() == {}, "classifying writes nothing"
    one.run([BEGAN])
    one.run([])
    assert store.history.unknown_apps()["my phone"].opens == 1
    assert store.history.unknown_apps()["my phone"].named == {}
    await one.close()


async def test_notifications_are_shown_in_order() -> None:
    sender = FakeSender()
    one = effect_runner(sender, lambda _: None)
    notify_start = NotifyStart(occurrence="1@x", title="t", at=NOON, ends=NOON)
    one.run([notify_start, Notify(moment=moment(1)), Withdraw(nudge=1), Notify(moment=moment(2))])
    await one.wait_until_shown()
    assert sender.shown == ["show 0", "show 1", "withdraw 1", "show 2"]


async def test_shown_and_answered_come_back_as_observations() -> None:
    sender, came = FakeSender(), list[Observation]()
    one = effect_runner(sender, came.append)
    one.run([Notify(moment=moment(3))])
    await one.wait_until_shown()
    sender.answered(3, "together")
    assert came == [Shown(at=NOON, nudge=3, by="voice"), Answered(at=NOON, nudge=3, answer="together")]


async def test_a_notifier_that_hangs_costs_only_its_nudge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHOW_TIMEOUT", 0.01)
    sender, came = FakeSender(hangs=True), list[Observation]()
    one = effect_runner(sender, came.append)
    one.run([Notify(moment=moment(1))])
    await one.wait_until_shown()
    sender.hangs = False
    one.run([Notify(moment=moment(2))])
    await one.wait_until_shown()
    assert came == [NotShown(at=NOON, nudge=1), Shown(at=NOON, nudge=2, by="voice")]


async def test_a_notifier_with_a_bug_costs_only_its_nudge() -> None:
    def fails_first(nudge: int) -> None:
        if nudge == 1:
            raise ZeroDivisionError

    sender, came = FakeSender(fails_first), list[Observation]()
    one = effect_runner(sender, came.append)
    one.run([Notify(moment=moment(1)), Notify(moment=moment(2))])
    await one.wait_until_shown()
    assert came == [NotShown(at=NOON, nudge=1), Shown(at=NOON, nudge=2, by="voice")]


async def test_ask_how_long_is_not_recorded_as_shown_and_its_answer_comes_back() -> None:
    sender, came = FakeSender(), list[Observation]()
    one = effect_runner(sender, came.append)
    one.run([AskHowLong(moment=moment(4))])
    await one.wait_until_shown()
    assert sender.shown == ["show 4"]
    assert came == []
    sender.answered(4, "needed_5")
    assert came == [Answered(at=NOON, nudge=4, answer="needed_5")]
    await one.close()


async def test_notify_need_over_is_shown_without_answers() -> None:
    sender, came = FakeSender(), list[Observation]()
    one = effect_runner(sender, came.append)
    one.run([NotifyNeedOver(moment=moment(4), at=NOON)])
    await one.wait_until_shown()
    assert sender.shown == ["show 0"]
    assert came == []
    await one.close()


async def test_a_question_that_cannot_be_shown_is_not_recorded() -> None:
    def fails(_: int) -> None:
        raise RuntimeError

    sender, came = FakeSender(fails), list[Observation]()
    one = effect_runner(sender, came.append)
    one.run([AskHowLong(moment=moment(4)), NotifyNeedOver(moment=moment(4), at=NOON)])
    await one.wait_until_shown()
    assert came == []
    await one.close()


async def test_an_answer_from_a_terminal_closes_the_nudge_and_a_length_asks_nothing_more() -> None:
    sender, came = FakeSender(), list[Observation]()
    one = effect_runner(sender, came.append)
    one.run([BEGAN, Notify(moment=moment(1))])
    await one.wait_until_shown()
    one.answer(1, ["needed", "needed_5"])
    one.run([AskHowLong(moment=moment(1))])
    await one.wait_until_shown()
    await one.close()
    assert [each.answer for each in came if isinstance(each, Answered)] == ["needed", "needed_5"]
    assert sender.shown == ["show 1", "withdraw 1", "close"]
