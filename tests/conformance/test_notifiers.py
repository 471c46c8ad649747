"""What every notifier must do, whichever channel it speaks through. A new notifier adds one subclass.

The first subclass is a notifier of the tests' own: it shows that the suite asks nothing that only D-Bus can give.
"""

from __future__ import annotations

import asyncio
import gc
import html
import io
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from detector.core.observations import Answer
from detector.errors import NotifyFailed
from detector.notifier import REGISTRY
from detector.notifier.freedesktop import FreedesktopNotifier
from detector.notifier.model import NotificationText, Notifier
from detector.notifier.notify_send import NotifySendNotifier
from detector.notifier.plyer_notifier import PlyerNotifier
from detector.notifier.printing import PrintingNotifier
from tests.rig.bus import Dunst, SessionBus, dunst_on, needs, private_bus
from tests.rig.processes import TIMEOUT
from tests.rig.x11 import desktop

TEXT = NotificationText(
    title="A minute of scrolling",
    body="Social media, 70 s, the second nudge about it since 18:30.",
    answers=(("put_away", "Put it away"), ("together", "This is for both of us"), ("needed", "I need this")),
)
GREETING = NotificationText(title="Partner time until 20:00", body="There is nothing you need to do now.")


@dataclass(frozen=True, slots=True)
class Channel:
    """A notifier, the last thing that a person saw through it, and how to make its channel unusable."""

    notifier: Notifier
    seen: Callable[[], str]
    spoil: Callable[[], None]


def never(nudge: int, answer: Answer) -> None:
    raise AssertionError(f"nudge {nudge} was answered {answer} by nobody")


class NotifierConformance:
    """The suite. A subclass gives the fixture `channel`."""

    async def test_its_name_is_its_key_in_the_registry(self, channel: Channel) -> None:
        assert channel.notifier.name in {*REGISTRY, "fake"}
        assert isinstance(channel.notifier.answers, bool)

    async def test_probing_a_usable_notifier_raises_nothing(self, channel: Channel) -> None:
        await channel.notifier.probe()

    async def test_title_and_why_line_are_shown(self, channel: Channel) -> None:
        await channel.notifier.show(1, TEXT, never)
        seen = channel.seen()
        assert TEXT.title in seen
        assert TEXT.body in seen

    async def test_show_works_without_a_probe_and_again_after_one(self, channel: Channel) -> None:
        await channel.notifier.show(1, GREETING, never)
        await channel.notifier.probe()
        await channel.notifier.show(2, TEXT, never)
        assert TEXT.title in channel.seen()

    async def test_the_greeting_is_shown_and_never_answered(self, channel: Channel) -> None:
        await channel.notifier.show(0, GREETING, never)
        assert GREETING.body in channel.seen()

    @pytest.mark.parametrize(
        "title",
        [
            "-title",
            "--help",
            "-u critical",
            "two\nlines",
            "a <b>tag</b> & more",
            "half \ud83d pair",
            "nul\x00l",
            "\x1b[31mred",
            "👩‍❤️‍👨",
            "back\\nslash \\x41",
            "'; ls $HOME `id`",
            "ü" * 1024,
            " ",
            "",
        ],
        ids=[
            "dash",
            "option",
            "kind",
            "newline",
            "markup",
            "surrogate",
            "nul",
            "escape",
            "emoji",
            "backslash",
            "shell",
            "1KB",
            "blank",
            "empty",
        ],
    )
    async def test_any_text_is_shown_literally(self, channel: Channel, title: str) -> None:
        await channel.notifier.show(1, NotificationText(title=title, body=f"{title} and the end"), never)
        seen = channel.seen()
        # Of the longest body a channel may show the beginning only.
        assert "and the end" in seen or len(title) > 1000
        assert "\x1b" not in seen
        assert "\x00" not in seen

    async def test_two_concurrent_shows_both_succeed(self, channel: Channel) -> None:
        await asyncio.gather(channel.notifier.show(1, GREETING, never), channel.notifier.show(2, TEXT, never))
        seen = channel.seen()
        assert TEXT.title in seen or GREETING.title in seen

    async def test_withdrawing_an_unknown_nudge_raises_nothing(self, channel: Channel) -> None:
        await channel.notifier.withdraw(4)
        await channel.notifier.show(1, TEXT, never)
        await channel.notifier.withdraw(4)
        await channel.notifier.withdraw(1)
        await channel.notifier.withdraw(1)

    async def test_an_unusable_channel_fails_with_its_reason_and_without_the_text(self, channel: Channel) -> None:
        channel.spoil()
        with pytest.raises(NotifyFailed, match=r"\w{3}"):
            await channel.notifier.probe()
        with pytest.raises(NotifyFailed, match=r"\w{3}") as failed:
            await channel.notifier.show(1, NotificationText(title="canary-4711", body="canary-4712"), never)
        assert "canary" not in str(failed.value)
        await channel.notifier.withdraw(1)
        await channel.notifier.close()

    async def test_no_text_of_a_notification_is_logged(
        self, channel: Channel, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        await channel.notifier.show(1, NotificationText(title="canary-4711", body="canary-4712"), never)
        assert "canary-4712" in channel.seen()
        await channel.notifier.close()
        gc.collect()
        assert "canary" not in caplog.text

    async def test_closing_leaves_no_task_no_thread_and_no_child(self, channel: Channel) -> None:
        tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
        children = _children()
        await channel.notifier.show(1, TEXT, never)
        await channel.notifier.close()
        await channel.notifier.close()
        assert asyncio.all_tasks() == tasks
        for thread in set(threading.enumerate()) - threads:
            thread.join(10)
            assert not thread.is_alive()
        assert _children() == children


class TestFake(NotifierConformance):
    """A notifier that only remembers."""

    class Fake:
        name = "fake"
        answers = False
        about = "does nothing"

        def __init__(self) -> None:
            self.seen: list[str] = []
            self.broken = False

        async def probe(self) -> None:
            if self.broken:
                raise NotifyFailed("broken on purpose")

        async def show(self, nudge: int, words: NotificationText, answered: Callable[[int, Answer], None]) -> None:
            await self.probe()
            self.seen.append(f"{words.title} {words.body}".replace("\x1b", "").replace("\x00", ""))

        async def withdraw(self, nudge: int) -> None:
            pass

        async def close(self) -> None:
            pass

    @pytest.fixture
    def channel(self) -> Channel:
        fake = self.Fake()
        return Channel(fake, lambda: fake.seen[-1], lambda: setattr(fake, "broken", True))


def last_printed(stream: io.StringIO) -> str:
    """Return what was printed last, its lines joined again."""
    return " ".join(stream.getvalue().rpartition("Turntoward")[2].split())


class TerminalText(io.StringIO):
    """What a terminal was given to show."""

    def isatty(self) -> bool:
        return True


class TestPrinting(NotifierConformance):
    """Standard error, or any stream, where it is a terminal."""

    @pytest.fixture
    def stream(self) -> io.StringIO:
        return TerminalText()

    @pytest.fixture
    def channel(self, stream: io.StringIO) -> Channel:
        return Channel(PrintingNotifier(stream), lambda: last_printed(stream), stream.close)

    async def test_the_line_says_that_it_is_only_printed(self, channel: Channel, stream: io.StringIO) -> None:
        await channel.notifier.show(1, TEXT, never)
        assert stream.getvalue() == (
            "Turntoward (only printed): A minute of scrolling — Social media, 70 s, the\n  second nudge about it since 18:30.\n"
        )
        assert "only prints" in PrintingNotifier.about

    async def test_without_a_stream_it_prints_to_standard_error(
        self, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stderr", stream)
        await PrintingNotifier().show(1, TEXT, never)
        assert "A minute of scrolling" in stream.getvalue()

    async def test_without_standard_error_it_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stderr", None)
        with pytest.raises(NotifyFailed, match="no output"):
            await PrintingNotifier().show(1, TEXT, never)

    async def test_it_refuses_to_print_where_nobody_would_see_it(self, tmp_path: Path) -> None:
        with (tmp_path / "stream").open("w") as stream:
            with pytest.raises(NotifyFailed, match="no terminal"):
                await PrintingNotifier(stream).probe()
            with pytest.raises(NotifyFailed, match="no terminal"):
                await PrintingNotifier(stream).show(1, TEXT, never)
        assert (tmp_path / "stream").read_text() == ""

    async def test_an_encoding_error_of_the_stream_fails_without_the_text(self) -> None:
        class AsciiTerminal(io.TextIOWrapper):
            def isatty(self) -> bool:
                return True

        stream = AsciiTerminal(io.BytesIO(), encoding="ascii")
        with pytest.raises(NotifyFailed) as failed:
            await PrintingNotifier(stream).show(1, NotificationText(title="ä canary", body=""), never)
        assert "canary" not in str(failed.value)


@pytest.mark.real
class TestFreedesktop(NotifierConformance):
    """The real one, on a real dunst."""

    @pytest.fixture
    async def channel(self, dunst: Dunst) -> AsyncIterator[Channel]:
        notifier = FreedesktopNotifier(timeout=TIMEOUT, overdue=3600)
        yield Channel(notifier, lambda: _message(dunst), dunst.stop)
        await notifier.close()


@pytest.mark.real
class TestNotifySend(NotifierConformance):
    """The program notify-send, on a real dunst."""

    @pytest.fixture
    def channel(self, dunst: Dunst, monkeypatch: pytest.MonkeyPatch) -> Channel:
        needs("notify-send")
        return Channel(
            NotifySendNotifier(timeout=TIMEOUT),
            lambda: _message(dunst),
            lambda: monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS"),
        )

    async def test_its_probe_asks_for_a_server(self, channel: Channel, dunst: Dunst) -> None:
        await channel.notifier.probe()
        dunst.stop()
        with pytest.raises(NotifyFailed, match="no notification server"):
            await channel.notifier.probe()

    async def test_it_is_low_urgency_and_expires(self, channel: Channel, dunst: Dunst) -> None:
        await channel.notifier.show(1, TEXT, never)
        seen = dunst.shown()
        assert (seen.appname, seen.urgency, seen.timeout_s) == ("Turntoward", "low", 20)

    async def test_a_second_nudge_replaces_the_first_in_place(self, channel: Channel, dunst: Dunst) -> None:
        await channel.notifier.show(1, GREETING, never)
        await channel.notifier.show(2, TEXT, never)
        assert (dunst.displayed(), dunst.waiting()) == (1, 0)
        assert dunst.shown().summary == f"Turntoward: {TEXT.title}"

    async def test_markup_and_escapes_are_shown_literally(self, channel: Channel, dunst: Dunst) -> None:
        await channel.notifier.show(1, NotificationText(title="a", body=r"<b>tags</b> & \n \x41 &amp;"), never)
        assert dunst.shown().message == "Turntoward: a\n‹b›tags‹/b› ＆ ∖n ∖x41 ＆amp;"

    async def test_without_a_server_it_fails(self, channel: Channel, dunst: Dunst) -> None:
        dunst.stop()
        with pytest.raises(NotifyFailed, match="could not reach"):
            await channel.notifier.show(1, TEXT, never)

    async def test_without_the_program_it_fails(self, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(NotifyFailed, match="not installed"):
            await channel.notifier.show(1, TEXT, never)

    async def test_a_program_of_that_name_announces_nothing_without_a_server(
        self, session_bus: SessionBus, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        _program(tmp_path, "exit 0")
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        with pytest.raises(NotifyFailed, match="no notification server"):
            await NotifySendNotifier().show(0, replace(GREETING, is_start_notice=True), never)

    async def test_a_notify_send_that_hangs_is_killed(
        self, session_bus: SessionBus, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        _program(tmp_path, 'case "$1" in --help) ;; *) exec sleep 1000 ;; esac')
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        children = _children()
        with pytest.raises(NotifyFailed, match="did not end within"):
            await NotifySendNotifier(timeout=0.5).show(1, TEXT, never)
        assert _children() == children

    async def test_an_old_notify_send_is_not_asked_to_replace(
        self, session_bus: SessionBus, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        said = tmp_path / "said"
        _program(tmp_path, f'echo "$@" >> {said}')
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        notifier = NotifySendNotifier(timeout=TIMEOUT)
        await notifier.show(1, TEXT, never)
        await notifier.show(2, TEXT, never)
        assert "--replace-id" not in said.read_text()
        assert "--print-id" not in said.read_text()
        assert said.read_text().count("-- Turntoward: A minute of scrolling Social media") == 2


@pytest.fixture(scope="class")
def shared_dunst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dunst]:
    folder = _dbus_python(tmp_path_factory.mktemp("dbus-python"))
    with pytest.MonkeyPatch.context() as patch, private_bus() as bus, desktop(window_manager=False) as screen:
        patch.syspath_prepend(str(folder))
        patch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        with dunst_on(screen, bus) as dunst:
            yield dunst


@pytest.mark.real
class TestPlyer(NotifierConformance):
    """plyer over dbus-python, the only way on Linux on which it says that it failed; on a real dunst.

    libdbus keeps one connection to the session bus for as long as the process lives, so all tests here share one bus.
    """

    @pytest.fixture
    def channel(self, shared_dunst: Dunst, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
        notifier = PlyerNotifier(timeout=TIMEOUT)
        yield Channel(notifier, lambda: _message(shared_dunst), lambda: monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS"))
        shared_dunst.ctl("close-all")

    async def test_it_is_low_urgency_and_expires(self, channel: Channel, shared_dunst: Dunst) -> None:
        await channel.notifier.show(1, TEXT, never)
        seen = shared_dunst.shown()
        assert (seen.appname, seen.urgency, seen.timeout_s) == ("Turntoward", "low", 20)

    async def test_under_a_server_that_replaces_by_name_one_is_shown_at_a_time(
        self, channel: Channel, shared_dunst: Dunst
    ) -> None:
        await channel.notifier.show(1, GREETING, never)
        await channel.notifier.show(2, TEXT, never)
        assert (shared_dunst.displayed(), shared_dunst.waiting()) == (1, 0)

    async def test_without_a_server_it_fails(self, channel: Channel, shared_dunst: Dunst) -> None:
        shared_dunst.stop()
        with pytest.raises(NotifyFailed, match="plyer failed: DBusException"):
            await channel.notifier.show(1, TEXT, never)
        shared_dunst.start()

    async def test_no_argument_begins_like_an_option(self, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
        said: list[str] = []
        monkeypatch.setattr("detector.notifier.plyer_notifier._notify", lambda *words: said.extend(words[:2]))
        await PlyerNotifier(timeout=TIMEOUT).show(1, NotificationText(title="--help", body="-u critical"), never)
        assert [text.startswith("-") for text in said] == [False, False]
        assert (said[0], said[1][1:]) == ("Turntoward: --help", "-u critical")

    async def test_a_plyer_that_hangs_is_left_behind(self, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
        let_go = threading.Event()
        monkeypatch.setattr("detector.notifier.plyer_notifier._notify", lambda *_: let_go.wait(30))
        with pytest.raises(NotifyFailed, match="did not return within"):
            await PlyerNotifier(timeout=0.1).show(1, TEXT, never)
        let_go.set()


async def test_on_linux_plyer_is_refused_where_it_would_fail_silently(
    session_bus: SessionBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.notifier.plyer_notifier.find_spec", lambda name: None if name == "dbus" else name)
    with pytest.raises(NotifyFailed, match="without dbus-python"):
        await PlyerNotifier().probe()
    monkeypatch.setattr("detector.notifier.plyer_notifier.find_spec", lambda _: None)
    with pytest.raises(NotifyFailed, match="plyer is not installed"):
        await PlyerNotifier().probe()


def _message(dunst: Dunst) -> str:
    """Return what stood on the screen, as it read."""
    return html.unescape(dunst.shown().message)


def _program(folder: Path, script: str) -> None:
    program = folder / "notify-send"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def _dbus_python(folder: Path) -> Path:
    """Make the system's dbus-python importable, and nothing else of the system's."""
    if "dbus" in sys.modules:
        return folder
    system = Path("/usr/lib/python3/dist-packages")
    found: list[Any] = list(system.glob(f"_dbus_bindings.cpython-{sys.version_info[0]}{sys.version_info[1]}-*.so"))
    if not found:
        pytest.skip("missing: python3-dbus for this Python")
    for part in (*found, system / "dbus"):
        (folder / part.name).symlink_to(part)
    return folder
