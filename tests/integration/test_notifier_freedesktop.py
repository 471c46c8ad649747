"""The freedesktop notifier on a real dunst: what the person saw, and what came back."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from detector.core.observations import Answer
from detector.dbus import Bus
from detector.errors import NotifyFailed
from detector.notifier.chain import NotifierChain
from detector.notifier.freedesktop import FreedesktopNotifier
from detector.notifier.model import NotificationText
from tests.rig.bus import Dunst, SessionBus, dunst_on
from tests.rig.notification_server import Answers
from tests.rig.processes import TIMEOUT, until_async
from tests.rig.x11 import Desktop

pytestmark = pytest.mark.real

ANSWERS: tuple[tuple[Answer, str], ...] = (
    ("put_away", "Put it away"),
    ("together", "This is for both of us"),
    ("needed", "I need this"),
)
TEXT = NotificationText(
    title="A minute of scrolling", body="Social media, 70 s, the second nudge about it since 18:30.", answers=ANSWERS
)
CANARY = "canary-4711"


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
async def notifier() -> AsyncIterator[FreedesktopNotifier]:
    # Nothing here may be saved by our own clearing up: what dunst does must be enough.
    made = FreedesktopNotifier(timeout=TIMEOUT, overdue=3600)
    yield made
    await made.close()


async def test_dunst_shows_title_why_line_and_how_to_answer(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    await notifier.show(1, TEXT, answers)
    seen = dunst.shown()
    assert seen.appname == "Turntoward"
    assert seen.summary == "Turntoward: A minute of scrolling"
    assert seen.body == "Social media, 70 s, the second nudge about it since 18:30.\nMiddle click to answer."
    assert seen.urgency == "low"
    assert seen.timeout_s == 20


async def test_a_second_nudge_replaces_the_first_in_place(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    await notifier.show(1, TEXT, answers)
    await notifier.show(2, replace(TEXT, title="From app to app"), answers)
    assert (dunst.displayed(), dunst.waiting()) == (1, 0)
    assert dunst.shown().summary == "Turntoward: From app to app"
    await until_async(lambda: answers, what="the dismissal")
    assert answers == [(2, "dismissed")]
    assert len(dunst.history()) == 1


async def test_two_concurrent_shows_leave_one_notification_on_the_screen(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    await asyncio.gather(
        notifier.show(1, TEXT, answers), notifier.show(2, replace(TEXT, title="From app to app"), answers)
    )
    assert (dunst.displayed(), dunst.waiting()) == (1, 0)
    assert dunst.shown().summary == "Turntoward: From app to app"


@pytest.mark.parametrize("answer", [answer for answer, _ in ANSWERS])
async def test_each_answer_comes_back_once_and_closes_the_notification(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers, answer: Answer
) -> None:
    await notifier.show(7, TEXT, answers)
    dunst.answer(answer)
    await until_async(lambda: answers, what="the answer")
    await until_async(lambda: dunst.displayed() == 0, what="an empty screen")
    labels = [line.partition(" (")[0].lstrip("#") for line in dunst.offered()]
    assert labels == [label for _, label in ANSWERS]
    await _nothing_more(dunst, notifier)
    assert answers == [(7, answer)]


async def test_a_middle_click_answers_and_is_not_also_a_dismissal(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    await notifier.show(7, TEXT, answers)
    dunst.middle_click("together")
    await until_async(lambda: answers, what="the answer")
    await _nothing_more(dunst, notifier)
    assert answers == [(7, "together")]


async def test_without_a_menu_program_a_middle_click_puts_away_and_the_command_is_named(
    x_server: Desktop, session_bus: SessionBus, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    with dunst_on(x_server, session_bus, has_menu=False) as dunst:
        await notifier.probe()
        assert "a middle click answers" in notifier.about
        assert "`turntoward answer` gives the other answers" in notifier.about
        how = "In a terminal: turntoward answer away, both or need."
        await notifier.show(7, replace(TEXT, how_to_answer=how), answers)
        dunst.middle_click()
        await until_async(lambda: answers, what="the answer")
        assert answers == [(7, "put_away")]
        await until_async(lambda: dunst.displayed() == 0, what="an empty screen")
        assert dunst.history()[0].body.endswith(f"\nMiddle click: Put it away. {how}")


async def test_a_menu_left_without_a_choice_answers_nothing(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    await notifier.show(7, TEXT, answers)
    dunst.answer("")
    await until_async(dunst.offered, what="the menu")
    dunst.dismiss()
    await until_async(lambda: answers, what="the dismissal")
    assert answers == [(7, "dismissed")]


async def test_closing_by_click_is_a_dismissal(dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers) -> None:
    await notifier.show(7, TEXT, answers)
    dunst.dismiss()
    await until_async(lambda: answers, what="the dismissal")
    assert answers == [(7, "dismissed")]


async def test_an_untouched_notification_expires(dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers) -> None:
    await notifier.show(7, replace(TEXT, expires=timedelta(seconds=1)), answers)
    await until_async(lambda: answers, what="the expiry")
    assert answers == [(7, "expired")]
    assert dunst.displayed() == 0


async def test_a_withdrawn_notification_is_closed_without_an_answer(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    await notifier.show(7, TEXT, answers)
    await notifier.withdraw(6)
    assert dunst.displayed() == 1
    await notifier.withdraw(7)
    await until_async(lambda: dunst.displayed() == 0, what="an empty screen")
    await _nothing_more(dunst, notifier)
    assert answers == []


async def test_the_greeting_never_yields_an_answer(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    await notifier.show(0, NotificationText(title="Partner time until 20:00", body="Nothing is asked of you."), answers)
    assert dunst.shown().body == "Nothing is asked of you."
    await _nothing_more(dunst, notifier)
    assert answers == []


async def test_closing_the_notifier_closes_its_notification(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    await notifier.show(7, TEXT, answers)
    await notifier.close()
    await until_async(lambda: dunst.displayed() == 0, what="an empty screen")
    assert answers == []


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("<b>bold</b> & <i>co</i>", "<b>bold</b> & <i>co</i>"),
        ("-u critical", "-u critical"),
        ("--help", "--help"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("a bell\x07, a null\x00, an escape\x1b[31m", "a bell, a null, an escape[31m"),
        ("half a pair \ud83d of surrogates", "half a pair of surrogates"),
        ("turned \u202eround", "turned round"),
        ("👩‍❤️‍👨 kiss", "👩‍❤️‍👨 kiss"),
        ("%s %b %d $HOME `id`", "%s %b %d $HOME `id`"),
        ("ä" * 1024, "ä" * 199 + "…"),
        ("", "Turntoward"),
    ],
    ids=["markup", "dash", "option", "newline", "control", "surrogate", "bidi", "emoji", "format", "1KB", "empty"],
)
async def test_a_title_arrives_unchanged(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers, given: str, seen: str
) -> None:
    await notifier.show(1, replace(TEXT, title=given), answers)
    seen = seen if not given else f"Turntoward: {seen}"
    shown = dunst.shown()
    assert shown.summary == seen
    assert shown.message.startswith(seen.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("<b>bold</b> & <i>co</i>", "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;i&gt;co&lt;/i&gt;"),
        ("a <broken", "a &lt;broken"),
        ("&amp;", "&amp;amp;"),
        ("two\nlines", "two lines"),
        ("-t 0", "-t 0"),
        ("👩‍❤️‍👨 kiss", "👩‍❤️‍👨 kiss"),
        ("x" * 1024, "x" * 999 + "…"),
    ],
    ids=["markup", "broken markup", "entity", "newline", "dash", "emoji", "1KB"],
)
async def test_a_why_line_is_never_interpreted_as_markup(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers, given: str, seen: str
) -> None:
    await notifier.show(1, NotificationText(title="A title", body=given), answers)
    # The message is what dunst hands to its renderer, so `&lt;` there is `<` on the screen.
    assert dunst.shown().message == f"Turntoward: A title\n{seen}"


async def test_after_the_server_has_restarted_the_next_nudge_is_shown_and_answered(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    await notifier.show(1, TEXT, answers)
    await asyncio.to_thread(dunst.restart)
    await notifier.show(2, replace(TEXT, title="From app to app"), answers)
    assert dunst.displayed() == 1
    dunst.answer("needed")
    await until_async(lambda: answers, what="the answer")
    assert answers == [(2, "needed")]


async def test_an_id_of_an_earlier_server_is_not_our_nudge(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    await notifier.show(1, TEXT, answers)
    ours = _id_of(notifier)
    await asyncio.to_thread(dunst.restart)
    # Another program gets the id that was ours; its dismissal is its own affair.
    last = 0
    while last < ours:
        last = int(_another_program(dunst, "-p"))
        if last < ours:
            dunst.dismiss()
    assert last == ours
    dunst.dismiss()
    await _nothing_more(dunst, notifier)
    assert answers == []


async def test_another_programs_notification_is_ignored(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    await notifier.show(1, TEXT, answers)
    # An urgent one stands above ours, and dunstctl closes the upper one.
    _another_program(dunst, "-u", "critical")
    assert dunst.displayed() == 2
    assert dunst.shown().appname == "notify-send"
    await _nothing_more(dunst, notifier)
    assert answers == []
    dunst.dismiss()
    await until_async(lambda: answers, what="the dismissal of ours")
    assert answers == [(1, "dismissed")]


async def test_without_a_server_it_fails_and_says_so(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    await notifier.probe()
    dunst.stop()
    with pytest.raises(NotifyFailed, match="no notification server"):
        await notifier.show(1, TEXT, answers)
    dunst.start()
    await notifier.show(1, TEXT, answers)
    assert dunst.displayed() == 1


async def test_a_server_that_hangs_times_out_and_what_it_shows_late_is_closed(dunst: Dunst, answers: Answers) -> None:
    notifier = FreedesktopNotifier(timeout=0.3)
    await notifier.probe()
    dunst.process.send_signal(signal.SIGSTOP)
    with pytest.raises(NotifyFailed, match="did not answer within"):
        await notifier.show(1, TEXT, answers)
    dunst.process.send_signal(signal.SIGCONT)
    await until_async(lambda: len(dunst.history()) == 1 and dunst.displayed() == 0, what="the late one gone")
    assert answers == []
    await notifier.show(2, TEXT, answers)
    assert dunst.displayed() == 1
    await notifier.close()


async def test_a_lost_bus_fails_and_is_used_again_once_it_is_back(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    await notifier.show(1, TEXT, answers)
    dunst.bus.kill()
    with pytest.raises(NotifyFailed):
        await notifier.show(2, TEXT, answers)
    await notifier.withdraw(1)
    dunst.bus.start()
    dunst.start()
    await notifier.show(3, TEXT, answers)
    dunst.dismiss()
    await until_async(lambda: answers, what="the dismissal")
    assert answers == [(3, "dismissed")]
    # A connection that died under our hands must not leave a traceback behind for the log.
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_under_do_not_disturb_the_server_returns_an_id_and_shows_nothing(
    dunst: Dunst, notifier: FreedesktopNotifier, answers: Answers
) -> None:
    dunst.pause()
    await notifier.show(1, TEXT, answers)
    assert (dunst.displayed(), dunst.waiting()) == (0, 1)
    await notifier.withdraw(1)
    await until_async(lambda: dunst.waiting() == 0, what="nothing kept back")


async def test_a_notification_held_back_past_its_expiry_is_closed(dunst: Dunst, answers: Answers) -> None:
    notifier = FreedesktopNotifier(timeout=TIMEOUT, overdue=0.1)
    dunst.pause()
    await notifier.show(1, replace(TEXT, expires=timedelta(milliseconds=100)), answers)
    await until_async(lambda: answers, what="the expiry")
    await until_async(lambda: dunst.waiting() == 0, what="nothing kept back")
    assert answers == [(1, "expired")]
    await notifier.close()


async def test_a_shared_bus_is_used_and_left_open(dunst: Dunst, answers: Answers) -> None:
    bus = await Bus.connect(address=dunst.bus.address)
    notifier = FreedesktopNotifier(bus, timeout=TIMEOUT)
    await notifier.show(1, TEXT, answers)
    assert notifier._bus is bus
    dunst.dismiss()
    await until_async(lambda: answers, what="the dismissal")
    await notifier.close()
    assert bus.is_connected
    assert not bus._connection._user_message_handlers
    bus.disconnect()


async def test_without_the_variable_the_bus_socket_in_the_runtime_folder_is_found(
    session_bus: SessionBus, monkeypatch: pytest.MonkeyPatch, home: object
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", session_bus.address.removeprefix("unix:path=").removesuffix("/bus"))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    with pytest.raises(NotifyFailed, match="no notification server"):
        await FreedesktopNotifier().probe()


@pytest.mark.usefixtures("no_bus")
async def test_without_a_bus_it_fails_and_says_so() -> None:
    with pytest.raises(NotifyFailed, match="no session bus"):
        await FreedesktopNotifier().probe()


async def test_no_text_of_a_notification_reaches_a_log_or_an_exception(
    dunst: Dunst, answers: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    words = replace(TEXT, title=f"title {CANARY}", body=f"body {CANARY}")
    notifier = FreedesktopNotifier(timeout=TIMEOUT, overdue=3600)
    chain = NotifierChain([notifier])
    assert await chain.show(1, words, answers) == "freedesktop"
    assert CANARY in dunst.shown().message, "the canary was on the screen"
    dunst.stop()
    assert await chain.show(2, words, answers) is None
    dunst.bus.kill()
    assert await chain.show(3, words, answers) is None
    await chain.close()
    said = caplog.text + repr(words) + repr(chain.failures)
    assert "freedesktop" in said
    assert CANARY not in said


def _id_of(notifier: FreedesktopNotifier) -> int:
    assert notifier._shown is not None
    return notifier._shown.id


def _another_program(dunst: Dunst, *options: str) -> str:
    said = ["notify-send", *options, "another program"]
    return subprocess.run(said, env=dunst.env, capture_output=True, check=True, text=True).stdout


async def _nothing_more(dunst: Dunst, notifier: FreedesktopNotifier) -> None:
    """Return once everything that dunst has said so far has been heard: what it says next comes through the same pipe."""
    await asyncio.to_thread(dunst.displayed)
    notifier._server = None
    await notifier.probe()
    handled = asyncio.Event()
    asyncio.get_running_loop().call_soon(handled.set)
    await handled.wait()
