"""What is in front, on a real X server: with openbox, and with a window manager that misbehaves on purpose."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from detector.clock import SystemClock
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors import x11_focus
from detector.sensors.model import Toplevel, ToplevelFocused
from detector.sensors.x11_focus import X11Focus
from detector.sensors.x11_throttled_timer import InputThrottledTimer
from tests.rig.processes import end, needs, until
from tests.rig.sensing import drain, take
from tests.rig.x11 import BareWindowManager, Desktop

pytestmark = pytest.mark.real


@pytest_asyncio.fixture
async def focus(request: pytest.FixtureRequest) -> AsyncIterator[AsyncGenerator[Any, None]]:
    where = "x_desktop" if "x_desktop" in request.fixturenames else "x_server"
    request.getfixturevalue(where)
    seen = X11Focus(SystemClock()).observe()
    await take(seen, ToplevelFocused)
    yield seen
    await seen.aclose()


async def front(seen: AsyncGenerator[Any, None], check: Callable[[Toplevel], object] = bool) -> Toplevel:
    """Return the first toplevel seen that passes the check."""
    async with asyncio.timeout(60):
        while True:
            toplevel = (await take(seen, ToplevelFocused)).toplevel
            if toplevel is not None and check(toplevel):
                return toplevel


async def test_a_toplevel_is_yielded_with_class_title_and_program(
    x_desktop: Desktop, focus: AsyncGenerator[Any, None]
) -> None:
    x_desktop.xterm("Instagram — Mozilla Firefox", wm_class="firefox")
    seen = await front(focus, lambda toplevel: "Mozilla" in toplevel.title)
    assert (seen.app_id, seen.title, seen.program) == ("firefox", "Instagram — Mozilla Firefox", "xterm")
    assert seen.inside is None
    assert not seen.full_screen


async def test_switching_between_toplevels_yields_no_empty_desktop(
    x_desktop: Desktop, focus: AsyncGenerator[Any, None]
) -> None:
    first, second = x_desktop.xterm("first"), x_desktop.xterm("second")
    await front(focus, lambda toplevel: toplevel.title == "second")
    for terminal, title in ((first, "first"), (second, "second"), (first, "first")):
        terminal.activate()
        assert (await take(focus, ToplevelFocused)).toplevel.title == title
    assert await drain(focus) == []


async def test_the_toplevel_in_front_at_start_is_yielded(x_desktop: Desktop) -> None:
    x_desktop.xterm("long open")
    seen = X11Focus(SystemClock()).observe()
    assert (await take(seen, ToplevelFocused)).toplevel.title == "long open"
    await seen.aclose()


@pytest.mark.parametrize("how", ["close", "minimise"])
async def test_an_empty_desktop_is_nothing_in_front(
    x_desktop: Desktop, focus: AsyncGenerator[Any, None], how: str
) -> None:
    terminal = x_desktop.xterm("the only one")
    await front(focus)
    if how == "close":
        terminal.close()
    else:
        x_desktop.xdotool("windowminimize", str(terminal.window))
    assert (await take(focus, ToplevelFocused)).toplevel is None


async def test_a_new_title_is_yielded_once(x_desktop: Desktop, focus: AsyncGenerator[Any, None]) -> None:
    terminal = x_desktop.xterm("one", wm_class="Player")
    await front(focus)
    terminal.rename("two")
    assert (await front(focus)).title == "two"
    terminal.rename("two")
    assert await drain(focus) == []


async def test_full_screen_is_yielded_when_it_begins_and_ends(
    bare_wm: BareWindowManager, focus: AsyncGenerator[Any, None]
) -> None:
    window = bare_wm.toplevel(WM_NAME=b"a film")
    bare_wm.activate(window)
    assert not (await front(focus)).full_screen
    for state, expected in (("_NET_WM_STATE_FULLSCREEN", True), ("_NET_WM_STATE_ABOVE", False)):
        bare_wm.change(window, "_NET_WM_STATE", bare_wm.display.intern_atom(state), "ATOM")
        assert (await front(focus)).full_screen is expected


async def test_the_program_inside_a_terminal_is_followed_while_somebody_types(
    x_desktop: Desktop, focus: AsyncGenerator[Any, None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InputThrottledTimer.__init__, "__defaults__", (timedelta(milliseconds=300),))
    x_desktop.xterm("shell", command=["sh"])
    assert (await front(focus)).inside in {"sh", "dash"}
    x_desktop.xdotool("type", "sleep 1000\n")
    assert (await front(focus, lambda toplevel: toplevel.inside == "sleep")).app_id == "XTerm"
    x_desktop.press("ctrl+c")
    assert await front(focus, lambda toplevel: toplevel.inside in {"sh", "dash"})


async def test_the_program_inside_tmux_is_found(
    x_desktop: Desktop, focus: AsyncGenerator[Any, None], monkeypatch: pytest.MonkeyPatch
) -> None:
    needs("tmux")
    monkeypatch.setattr(InputThrottledTimer.__init__, "__defaults__", (timedelta(milliseconds=300),))
    socket = f"tt-{os.getpid()}"
    x_desktop.xterm("mux", command=["tmux", "-L", socket, "-f", "/dev/null", "new-session", "sleep", "1000"])
    x_desktop.press("Shift_L")
    try:
        assert await front(focus, lambda toplevel: toplevel.inside == "sleep")
    finally:
        x_desktop.run("tmux", "-L", socket, "kill-server")


async def test_an_idle_terminal_is_not_polled(
    x_desktop: Desktop, focus: AsyncGenerator[Any, None], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    inside = x11_focus.terminal_foreground_name
    monkeypatch.setattr(x11_focus, "terminal_foreground_name", lambda pid: asked.append(pid) or inside(pid))
    monkeypatch.setattr(InputThrottledTimer.__init__, "__defaults__", (timedelta(milliseconds=100),))
    x_desktop.xterm("shell", command=["sh"])
    await drain(focus, quiet=0.5)
    before = len(asked)
    seen = X11Focus(SystemClock()).observe()
    await take(seen, ToplevelFocused)
    # Ten times as long as the shortest time between two looks.
    with pytest.raises(TimeoutError):
        await take(seen, ToplevelFocused, within=1.0)
    assert len(asked) - before <= 2
    await seen.aclose()


async def test_a_short_time_without_an_active_toplevel_is_no_empty_desktop(
    bare_wm: BareWindowManager, focus: AsyncGenerator[Any, None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(x11_focus, "EMPTY_DELAY", timedelta(seconds=1))
    first, second = (bare_wm.toplevel(WM_NAME=name) for name in (b"first", b"second"))
    bare_wm.activate(first)
    assert (await front(focus)).title == "first"
    waiting = asyncio.ensure_future(take(focus, ToplevelFocused))
    bare_wm.activate(None)
    # Long enough for the moment to be noticed, and far shorter than the grace.
    await asyncio.sleep(0.1)
    bare_wm.activate(second)
    assert (await waiting).toplevel.title == "second"
    bare_wm.activate(None)
    assert (await take(focus, ToplevelFocused)).toplevel is None


async def test_a_toplevel_that_vanishes_while_it_is_read_is_ignored(
    bare_wm: BareWindowManager, focus: AsyncGenerator[Any, None], capfd: pytest.CaptureFixture[str]
) -> None:
    waiting = asyncio.ensure_future(front(focus, lambda toplevel: toplevel.title == "kept"))
    for number in range(60):
        window = bare_wm.toplevel(WM_NAME=b"gone at once")
        bare_wm.activate(window)
        # Sometimes before it is asked, sometimes while it is, sometimes after.
        await asyncio.sleep(0.001 * (number % 4))
        window.destroy()
        bare_wm.activate(0x7FFFFFF if number % 2 else window)
        await asyncio.sleep(0.005)
    kept = bare_wm.toplevel(WM_NAME=b"kept")
    bare_wm.activate(kept)
    assert (await waiting).app_id == ""
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        (b"", ""),
        (b"tab\there\nline\x00nul\x1b[31mred\x07", "tab here line nul [31mred"),
        (b"<b>markup</b> & <script>", "<b>markup</b> & <script>"),
        ("Grüße — ☕".encode(), "Grüße — ☕"),
        ("Grüße".encode("latin-1"), "Grüße"),
        (b"\xff\xfe\xfa", "ÿþú"),
        ("a\u2028b\x85c".encode(), "a b c"),
        (b"\x1b%G\xe2\x80\x94\x1b%@ compound", "— compound"),
    ],
)
async def test_any_title_is_decoded(
    bare_wm: BareWindowManager, focus: AsyncGenerator[Any, None], title: bytes, expected: str
) -> None:
    bare_wm.activate(bare_wm.toplevel(_NET_WM_NAME=title, WM_CLASS=b"one\0Two\0"))
    seen = await front(focus)
    assert (seen.app_id, seen.title) == ("Two", expected)


async def test_a_title_of_a_megabyte_is_cut(bare_wm: BareWindowManager, focus: AsyncGenerator[Any, None]) -> None:
    bare_wm.activate(bare_wm.toplevel(_NET_WM_NAME="é".encode() * 500_000))
    seen = await front(focus)
    assert seen.title == "é" * 2048


async def test_properties_of_the_wrong_type_count_as_absent(
    bare_wm: BareWindowManager, focus: AsyncGenerator[Any, None]
) -> None:
    window = bare_wm.toplevel(
        _NET_WM_NAME=7, WM_CLASS=7, _NET_WM_PID=b"no number", _NET_WM_STATE=b"no atoms", WM_CLIENT_MACHINE=3
    )
    bare_wm.activate(window)
    assert await front(focus) == Toplevel(app_id="")


@pytest.mark.parametrize(
    ("properties", "believed"),
    [
        ({"WM_CLIENT_MACHINE": os.uname().nodename.encode()}, True),
        ({}, True),
        ({"WM_CLIENT_MACHINE": b"another-machine"}, False),
    ],
)
async def test_a_pid_of_another_machine_is_not_believed(
    bare_wm: BareWindowManager, focus: AsyncGenerator[Any, None], properties: dict[str, bytes], believed: bool
) -> None:
    bare_wm.activate(bare_wm.toplevel(_NET_WM_PID=os.getpid(), **properties))
    assert ((await front(focus)).program is not None) == believed


async def test_a_pid_without_a_process_is_no_program(
    bare_wm: BareWindowManager, focus: AsyncGenerator[Any, None]
) -> None:
    bare_wm.activate(bare_wm.toplevel(_NET_WM_PID=2**31 - 1))
    assert (await front(focus)).program is None


async def test_endless_title_changes_are_throttled_and_the_last_title_is_yielded(
    bare_wm: BareWindowManager, focus: AsyncGenerator[Any, None]
) -> None:
    window = bare_wm.toplevel(WM_NAME=b"start")
    bare_wm.activate(window)
    await front(focus)
    began = time.monotonic()
    for number in range(3000):
        bare_wm.change(window, "WM_NAME", f"spinner {number}".encode())
        if number % 20 == 0:
            await asyncio.sleep(0)
    took = time.monotonic() - began
    seen = await drain(focus)
    assert seen[-1].toplevel.title == "spinner 2999"
    assert len(seen) <= took / x11_focus.TITLE_INTERVAL.total_seconds() + 3


async def test_the_desktops_own_toplevel_is_nothing_in_front(
    bare_wm: BareWindowManager, focus: AsyncGenerator[Any, None]
) -> None:
    bare_wm.activate(bare_wm.toplevel(WM_NAME=b"an application"))
    await front(focus)
    desktop = bare_wm.toplevel(WM_NAME=b"Desktop")
    kind = bare_wm.display.intern_atom("_NET_WM_WINDOW_TYPE_DESKTOP")
    bare_wm.change(desktop, "_NET_WM_WINDOW_TYPE", kind, "ATOM")
    bare_wm.activate(desktop)
    assert (await take(focus, ToplevelFocused)).toplevel is None
    bare_wm.change(desktop, "WM_CLASS", b"pcmanfm\0Pcmanfm\0")
    assert await drain(focus) == []


async def test_a_title_is_in_no_repr_and_no_log(
    bare_wm: BareWindowManager, focus: AsyncGenerator[Any, None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bare_wm.activate(bare_wm.toplevel(WM_NAME=b"canary 7f3a"))
    seen = await take(focus, ToplevelFocused)
    assert seen.toplevel.title == "canary 7f3a"
    assert "canary" not in repr(seen) + caplog.text


async def test_without_a_window_manager_it_is_unavailable_with_a_remedy(x_server: Desktop) -> None:
    with pytest.raises(SensorUnavailable, match="window manager") as refused:
        await X11Focus(SystemClock()).probe()
    assert refused.value.remedy


async def test_a_window_manager_that_restarts_is_no_loss(x_desktop: Desktop, focus: AsyncGenerator[Any, None]) -> None:
    x_desktop.xterm("before")
    await front(focus)
    end(x_desktop.window_manager)
    # What the old one left behind would pass for the new one.
    x_desktop.run("xprop", "-root", "-remove", "_NET_SUPPORTING_WM_CHECK")
    x_desktop.start("openbox", "--sm-disable")
    until(lambda: b"window id" in x_desktop.run("xprop", "-root", "_NET_SUPPORTING_WM_CHECK"))
    x_desktop.xterm("after")
    assert await front(focus, lambda toplevel: toplevel.title == "after")


@pytest.mark.parametrize("waited_for", [True, False])
async def test_the_end_of_the_x_server_is_a_loss_without_an_endless_loop(
    x_desktop: Desktop, focus: AsyncGenerator[Any, None], waited_for: bool
) -> None:
    x_desktop.kill_server()
    if waited_for:
        with pytest.raises(SensorLost, match="X server"):
            await take(focus, Toplevel)
    before = time.process_time()
    # The known fault of others takes a whole core here: half a second of it, in half a second.
    await asyncio.sleep(0.5)
    assert time.process_time() - before < 0.1
    if not waited_for:
        with pytest.raises(SensorLost, match="X server"):
            await take(focus, Toplevel)
