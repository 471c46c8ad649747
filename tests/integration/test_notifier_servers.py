"""The freedesktop notifier on servers of other kinds than dunst: other capabilities, other manners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from dbus_fast.aio import MessageBus
from dbus_fast.message import Message

from detector.core.observations import Answer
from detector.errors import NotifyFailed
from detector.notifier.freedesktop import FreedesktopNotifier
from detector.notifier.model import NotificationText
from detector.notifier.safe_text import ICON
from tests.rig.bus import SessionBus
from tests.rig.notification_server import NAME, PATH, Answers, FakeServer, fake_server
from tests.rig.processes import TIMEOUT, until_async

pytestmark = pytest.mark.real

TEXT = NotificationText(
    title="A minute of scrolling",
    body="Tom & <Jerry>, 70 s.",
    answers=(("put_away", "Put it away"), ("together", "This is for both of us"), ("needed", "I need this")),
)
BUTTONS = ["put_away", "Put it away", "together", "This is for both of us", "needed", "I need this"]
EVERYTHING = ("actions", "body", "body-markup", "persistence")


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
async def notifier() -> AsyncIterator[FreedesktopNotifier]:
    made = FreedesktopNotifier(timeout=TIMEOUT, overdue=3600)
    yield made
    await made.close()


def serving(bus: SessionBus, *can: str, **nature: Any) -> AbstractAsyncContextManager[FakeServer]:
    return fake_server(bus.address, can=can, **nature)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def heard(notifier: FreedesktopNotifier) -> None:
    """Return once what the server has said so far is heard: the reply to a question comes behind it."""
    notifier._server = None
    await notifier.probe()
    handled = asyncio.Event()
    asyncio.get_running_loop().call_soon(handled.set)
    await handled.wait()


async def test_a_server_with_everything_gets_buttons_and_escaped_markup(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    async with serving(session_bus, *EVERYTHING) as server:
        await notifier.show(1, TEXT, answers)
        (said,) = server.notified
        assert (said.app_name, said.title, said.replaces) == ("Turntoward", "Turntoward: A minute of scrolling", 0)
        assert said.body == "Tom &amp; &lt;Jerry&gt;, 70 s."
        assert said.actions == BUTTONS
        assert said.milliseconds == 20_000
        assert said.icon == ICON.as_uri()
        assert said.hints == {"urgency": 0, "suppress-sound": True, "transient": True, "desktop-entry": "turntoward"}


@pytest.mark.parametrize("name", ["gnome-shell", "Plasma"])
async def test_where_the_desktop_names_the_program_itself_the_title_does_not(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers, name: str
) -> None:
    async with serving(session_bus, *EVERYTHING, name=name) as server:
        await notifier.show(1, TEXT, answers)
        (said,) = server.notified
        assert (said.title, said.app_name) == ("A minute of scrolling", "Turntoward")


async def test_without_markup_the_body_goes_as_it_is(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    async with serving(session_bus, "actions", "body") as server:
        await notifier.show(1, TEXT, answers)
        assert server.notified[0].body == "Tom & <Jerry>, 70 s."


async def test_without_actions_no_buttons_are_sent_and_none_are_promised(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    async with serving(session_bus, "body", name="dunst") as server:
        await notifier.show(1, TEXT, answers)
        assert server.notified[0].actions == []
        assert "answer" not in server.notified[0].body
        server.close(1, 2)
        await heard(notifier)
        assert answers == [(1, "dismissed")], "a dismissal comes back even so"


async def test_a_server_without_bodies_gets_the_why_line_in_the_title(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    async with serving(session_bus, "actions") as server:
        await notifier.show(1, TEXT, answers)
        assert server.notified[0].title == "Turntoward: A minute of scrolling — Tom & <Jerry>, 70 s."
        assert server.notified[0].body == ""


async def test_only_a_server_without_buttons_is_told_how_to_answer(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    async with serving(session_bus, "actions", "body", name="gnome-shell") as server:
        await notifier.show(1, TEXT, answers)
        await notifier.show(0, replace(TEXT, answers=()), answers)
        assert all("answer" not in said.body for said in server.notified)
    async with serving(session_bus, "actions", "body", name="dunst") as server:
        await notifier.show(2, TEXT, answers)
        await notifier.show(0, replace(TEXT, answers=()), answers)
        assert ["Middle click" in said.body for said in server.notified] == [True, False]
    command = replace(TEXT, how_to_answer="In a terminal: turntoward answer away.")
    async with serving(session_bus, "actions", "body", name="mako") as server:
        await notifier.show(3, command, answers)
        assert server.notified[0].body.endswith("\nIn a terminal: turntoward answer away.")
    async with serving(session_bus, "body") as server:
        await notifier.show(4, command, answers)
        assert server.notified[0].body.endswith("\nIn a terminal: turntoward answer away.")


async def test_capabilities_are_read_once_for_each_server(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    async with serving(session_bus, *EVERYTHING) as server:
        for nudge in (1, 2, 3):
            await notifier.show(nudge, TEXT, answers)
        assert server.capability_calls == 1
    async with serving(session_bus, "body") as server:
        await notifier.show(4, TEXT, answers)
        assert server.capability_calls == 1
        assert (server.notified[0].actions, server.notified[0].replaces) == ([], 0)


@pytest.mark.parametrize(("reason", "answer"), [(1, "expired"), (2, "dismissed"), (3, "expired"), (4, "expired")])
async def test_each_reason_for_closing_has_its_answer(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers, reason: int, answer: Answer
) -> None:
    async with serving(session_bus, *EVERYTHING) as server:
        await notifier.show(5, TEXT, answers)
        server.close(1, reason)
        server.close(1, 2)
        await heard(notifier)
        assert answers == [(5, answer)]


async def test_an_answer_closes_the_notification_and_later_signals_are_ignored(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    async with serving(session_bus, *EVERYTHING) as server:
        await notifier.show(5, TEXT, answers)
        server.act(1, "together")
        server.act(1, "needed")
        server.close(1, 2)
        await heard(notifier)
        assert answers == [(5, "together")]
        assert server.closed == [1]


@pytest.mark.parametrize("key", ["default", "", "Put it away", "dismissed", "expired"])
async def test_an_unknown_action_key_is_ignored(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers, key: str
) -> None:
    async with serving(session_bus, *EVERYTHING) as server:
        await notifier.show(5, TEXT, answers)
        server.act(1, key)
        await heard(notifier)
        assert answers == []
        server.act(1, "needed")
        await heard(notifier)
        assert answers == [(5, "needed")]


async def test_signals_about_other_ids_and_from_other_programs_are_ignored(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    async with serving(session_bus, *EVERYTHING) as server:
        await notifier.show(5, TEXT, answers)
        server.close(2, 2)
        server.act(99, "needed")
        stranger = await MessageBus(bus_address=session_bus.address).connect()
        assert notifier._bus is not None
        await stranger.send(
            Message(
                message_type=Message.new_signal(PATH, NAME, "ActionInvoked").message_type,
                path=PATH,
                interface=NAME,
                member="ActionInvoked",
                signature="us",
                body=[1, "needed"],
                destination=notifier._bus.unique_name,
            )
        )
        await stranger.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="GetId",
            )
        )
        await heard(notifier)
        stranger.disconnect()
        assert answers == []


async def test_a_close_signal_right_after_the_reply_is_handled(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    async with serving(session_bus, *EVERYTHING) as server:
        server.closing_at_once = 2
        await notifier.show(5, TEXT, answers)
        await heard(notifier)
        assert answers == [(5, "dismissed")]


async def test_a_signal_about_the_replaced_nudge_does_not_answer_the_new_one(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    async with serving(session_bus, *EVERYTHING) as server:
        await notifier.show(5, TEXT, answers)
        server.mute = True
        showing = asyncio.ensure_future(notifier.show(6, TEXT, answers))
        await until_async(lambda: len(server.notified) == 2, what="the second call of Notify")
        # The click fell before the server took in the second: same id, but it is the first that was answered.
        server.act(1, "needed")
        server.reply_now()
        await showing
        await heard(notifier)
        assert answers == [(5, "needed")]
        assert server.closed == [], "the second stands in the same place"


async def test_under_a_server_that_cannot_replace_the_earlier_notification_is_closed(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    async with serving(session_bus, *EVERYTHING, replaces=False) as server:
        await notifier.show(5, TEXT, answers)
        await notifier.show(6, TEXT, answers)
        await heard(notifier)
        assert [said.replaces for said in server.notified] == [0, 1]
        assert server.closed == [1]
        server.close(1, 3)
        server.close(2, 2)
        await heard(notifier)
        assert answers == [(6, "dismissed")]


async def test_under_a_server_without_expiry_the_notifier_closes_the_notification(
    session_bus: SessionBus, answers: Answers
) -> None:
    notifier = FreedesktopNotifier(timeout=TIMEOUT, overdue=0.05)
    async with serving(session_bus, *EVERYTHING) as server:
        await notifier.show(5, replace(TEXT, expires=timedelta(milliseconds=50)), answers)
        await until_async(lambda: answers, what="the expiry")
        await heard(notifier)
        assert answers == [(5, "expired")]
        assert server.closed == [1]
        await notifier.close()


async def test_an_error_reply_names_the_error_and_not_the_text(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    async with serving(session_bus, *EVERYTHING) as server:
        server.refuse = True
        with pytest.raises(NotifyFailed, match=r"refused: org\.example\.Error\.Refused") as refused:
            await notifier.show(5, replace(TEXT, body="canary-4711"), answers)
        assert "canary" not in str(refused.value)
        server.refuse = False
        await notifier.show(6, TEXT, answers)
        server.close(1, 2)
        await heard(notifier)
        assert answers == [(6, "dismissed")]


async def test_a_reply_after_the_timeout_is_closed_at_once(session_bus: SessionBus, answers: Answers) -> None:
    notifier = FreedesktopNotifier(timeout=0.2)
    async with serving(session_bus, *EVERYTHING) as server:
        server.mute = True
        with pytest.raises(NotifyFailed, match="did not answer within"):
            await notifier.show(5, TEXT, answers)
        assert len(server.notified) == 1
        server.reply_now()
        await heard(notifier)
        await until_async(lambda: server.closed, what="the late one closed")
        server.act(1, "needed")
        await heard(notifier)
        assert answers == []
        await notifier.close()


async def test_signals_are_subscribed_to_only_while_a_notification_is_shown(
    session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    async with serving(session_bus, *EVERYTHING) as server:
        await notifier.show(5, TEXT, answers)
        server.close(1, 2)
        await heard(notifier)
        assert answers == [(5, "dismissed")]
        woken: list[str] = []
        assert notifier._bus is not None
        notifier._bus.add_handler(lambda message: woken.append(message.member))
        for other in range(50):
            server.close(other, 1)
            server.act(other, "default")
        await heard(notifier)
        assert not {"NotificationClosed", "ActionInvoked"} & set(woken)
        await notifier.show(6, TEXT, answers)
        server.close(77, 1)
        await heard(notifier)
        assert "NotificationClosed" in woken, "while one stands, the server is heard"


async def test_closing_leaves_no_descriptor_and_no_task(session_bus: SessionBus, answers: Answers) -> None:
    async with serving(session_bus, *EVERYTHING) as server:
        before, tasks = descriptors(), asyncio.all_tasks()
        notifier = FreedesktopNotifier(timeout=TIMEOUT)
        await notifier.show(5, TEXT, answers)
        assert descriptors() > before
        await notifier.close()
        await notifier.close()
        await until_async(lambda: server.closed, what="the standing one closed")
        assert descriptors() == before
        assert asyncio.all_tasks() == tasks


async def test_about_names_the_server_and_whether_it_can_be_answered(
    session_bus: SessionBus, notifier: FreedesktopNotifier
) -> None:
    async with serving(session_bus, "body", name="Quiet"):
        await notifier.probe()
        assert notifier.about == "shows through Quiet 1.0, and can be answered with `turntoward answer` only"
    async with serving(session_bus, *EVERYTHING, name="Rich"):
        await notifier.probe()
        assert notifier.about == "shows through Rich 1.0, and can be answered"
