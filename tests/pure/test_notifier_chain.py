"""The chain: the first notifier that can speaks, whatever the others do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from detector.core.observations import Answer
from detector.errors import NotifyFailed, UserError
from detector.notifier import REGISTRY, make_notifiers
from detector.notifier.chain import NotifierChain
from detector.notifier.model import NotificationText

TEXT = NotificationText(title="title canary-4711", body="body canary-4711", answers=(("put_away", "Put it away"),))


class Scripted:
    """A notifier that fails as the test says."""

    answers = True
    about = "shows"

    def __init__(self, name: str, failure: Exception | None = None) -> None:
        self.name = name
        self.failure = failure
        self.shown: list[int] = []
        self.withdrawn: list[int] = []
        self.closed = 0
        self.tell: Callable[[int, Answer], None] | None = None

    async def probe(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def show(self, nudge: int, words: NotificationText, answered: Callable[[int, Answer], None]) -> None:
        self.tell = answered
        await self.probe()
        self.shown.append(nudge)

    async def withdraw(self, nudge: int) -> None:
        self.withdrawn.append(nudge)

    async def close(self) -> None:
        self.closed += 1


def ignore(nudge: int, answer: Answer) -> None:
    pass


async def test_the_first_notifier_that_can_shows_it_and_the_others_do_not() -> None:
    first, second = Scripted("first"), Scripted("second")
    assert await NotifierChain([first, second]).show(1, TEXT, ignore) == "first"
    assert (first.shown, second.shown) == ([1], [])


@pytest.mark.parametrize("failure", [NotifyFailed("no"), RuntimeError("a bug with canary-4711"), TimeoutError()])
async def test_whatever_a_notifier_raises_the_next_is_tried(failure: Exception) -> None:
    chain = NotifierChain([Scripted("first", failure), second := Scripted("second")])
    assert await chain.show(1, TEXT, ignore) == "second"
    assert second.shown == [1]
    assert "canary" not in repr(chain.failures)


async def test_if_no_notifier_can_show_returns_none_and_keeps_the_reasons() -> None:
    chain = NotifierChain([Scripted("first", NotifyFailed("no bus")), Scripted("second", NotifyFailed("no program"))])
    assert await chain.show(1, TEXT, ignore) is None
    assert chain.failures == {"first": "no bus", "second": "no program"}
    assert await NotifierChain([]).show(1, TEXT, ignore) is None


async def test_a_notifier_that_works_again_is_used_and_its_failure_forgotten() -> None:
    first = Scripted("first", NotifyFailed("no"))
    chain = NotifierChain([first, Scripted("second")])
    await chain.show(1, TEXT, ignore)
    first.failure = None
    assert await chain.show(2, TEXT, ignore) == "first"
    assert chain.failures == {}


async def test_when_another_notifier_shows_the_earlier_one_withdraws() -> None:
    first = Scripted("first")
    chain = NotifierChain([first, Scripted("second")])
    await chain.show(1, TEXT, ignore)
    first.failure = NotifyFailed("no")
    await chain.show(2, TEXT, ignore)
    assert first.withdrawn == [1]


async def test_a_nudge_is_answered_once_even_if_two_notifiers_had_a_part_in_it() -> None:
    heard: list[tuple[int, Answer]] = []
    first, second = Scripted("first", NotifyFailed("late")), Scripted("second")
    await NotifierChain([first, second]).show(1, TEXT, lambda nudge, answer: heard.append((nudge, answer)))
    assert first.tell is not None
    assert second.tell is not None
    second.tell(1, "together")
    first.tell(1, "dismissed")
    second.tell(1, "needed")
    assert heard == [(1, "together")]


async def test_the_log_has_one_line_for_each_change_and_not_a_word_of_the_nudge(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    first, second = Scripted("first"), Scripted("second")
    chain = NotifierChain([first, second])
    for nudge, failures in enumerate([(None, None)] * 3 + [("no", None)] * 3 + [("no", "no")] * 3 + [(None, None)] * 3):
        first.failure, second.failure = (NotifyFailed(why) if why else None for why in failures)
        await chain.show(nudge, TEXT, ignore)
    assert [record.message for record in caplog.records] == [
        "nudges are shown by first",
        "nudges are shown by second (first: no)",
        "nudges cannot be shown (first: no; second: no)",
        "nudges are shown by first (second: no)",
    ]
    assert "canary" not in caplog.text


async def test_probe_all_probes_each_notifier_and_survives_a_bug() -> None:
    chain = NotifierChain(
        [Scripted("first", NotifyFailed("no bus")), Scripted("second", ValueError("canary")), Scripted("third")]
    )
    first, second, third = await chain.probe_all()
    assert first == ("first", False, "no bus")
    assert second[:2] == ("second", False)
    assert "ValueError" in second[2]
    assert "canary" not in second[2]
    assert third == ("third", True, "shows")


async def test_withdrawing_and_closing_reach_every_notifier() -> None:
    members = [Scripted("first"), Scripted("second")]
    chain = NotifierChain(members)
    await chain.withdraw(4)
    await chain.close()
    assert [(one.withdrawn, one.closed) for one in members] == [([4], 1), ([4], 1)]


async def test_the_registry_makes_all_in_its_order_each_under_its_own_name() -> None:
    assert list(REGISTRY) == ["freedesktop", "notify-send", "plyer", "print"]
    assert [one.name for one in make_notifiers()] == list(REGISTRY)


async def test_only_the_chosen_notifiers_are_made_in_the_chosen_order() -> None:
    assert [one.name for one in make_notifiers(["print", "freedesktop"])] == ["print", "freedesktop"]


async def test_unknown_notifier_names_are_reported_all_at_once_with_the_nearest() -> None:
    with pytest.raises(UserError) as refused:
        make_notifiers(["notify_send", "smoke signals", "print"])
    assert [problem.message for problem in refused.value.problems] == [
        "there is no notifier 'notify_send'",
        "there is no notifier 'smoke signals'",
    ]
    assert refused.value.problems[0].hint == "Did you mean 'notify-send'?"


async def test_settings_choose_who_shows_nudges_and_never_who_announces_partner_time() -> None:
    broken, chosen, other = Scripted("broken", NotifyFailed("no")), Scripted("chosen"), Scripted("other")
    chain = NotifierChain([other, chosen, broken], only=["broken", "chosen"])
    assert await chain.show(1, TEXT, ignore) == "chosen"
    # What was chosen may be a program that shows nothing: it announces only where no other can.
    assert await chain.show(0, replace(TEXT, is_start_notice=True), ignore) == "other"
    other.failure = NotifyFailed("no")
    assert await chain.show(0, replace(TEXT, is_start_notice=True), ignore) == "chosen"
    other.failure = None
    chosen.failure = NotifyFailed("no")
    assert await chain.show(2, TEXT, ignore) is None
    assert await chain.show(0, replace(TEXT, is_start_notice=True), ignore) == "other"
    assert [name for name, _is_usable, _about in await chain.probe_all()] == ["broken", "chosen", "other"]
