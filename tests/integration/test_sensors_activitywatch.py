"""A running ActivityWatch as a sensor: what it says, and that what it does not say is a loss."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from detector.clock import ManualClock
from detector.config.read import parse_settings
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import CameBack, SensorStarted, WentIdle
from detector.errors import SensorLost, SensorUnavailable, UserError
from detector.sensors import activitywatch_server
from detector.sensors.activitywatch_sensor import EVERY, ActivityWatchFocus, ActivityWatchIdle, ActivityWatchSensor
from detector.sensors.model import ToplevelFocused
from detector.sensors.settings import SensorSettings, check_sources
from tests.rig.activitywatch import AwServer, aw_server
from tests.rig.activitywatch_history import CANARY_TITLE, event
from tests.rig.sensing import take, take_next

NOW = datetime(2026, 11, 23, 19, tzinfo=UTC)
QUICK = timedelta(milliseconds=10)
FRONT, AFK, TABS = "aw-watcher-window_desk", "aw-watcher-afk_desk", "aw-watcher-web-firefox"


@pytest.fixture
def server() -> Iterator[AwServer]:
    with aw_server() as running:
        for name, type_ in ((FRONT, "currentwindow"), (AFK, "afkstatus"), (TABS, "web.tab.current")):
            running.bucket(name, type_)
        yield running


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def sensor(
    server: AwServer, clock: ManualClock, kind: type[ActivityWatchSensor] = ActivityWatchFocus
) -> ActivityWatchSensor:
    return kind(clock, AttentionSettings(), SensorSettings(activitywatch=server.url), every=QUICK)


async def until_asked(server: AwServer, more: int = 4) -> None:
    before = len(server.requested())
    while len(await asyncio.to_thread(server.requested)) < before + more:
        pass


async def refused(sensing: ActivityWatchSensor) -> str:
    with pytest.raises(SensorUnavailable) as wrong:
        await sensing.probe()
    assert wrong.value.remedy
    return str(wrong.value)


async def lost(seen: AsyncGenerator[Any, None]) -> str:
    with pytest.raises(SensorLost) as wrong:
        await take(seen, type(None))
    return str(wrong.value)


def front(seconds: float, lasted: float, app: str = "code", title: str = "x") -> dict[str, Any]:
    return event(at(seconds), lasted, app=app, title=title)


async def test_the_toplevel_in_front_and_then_each_change_are_yielded_in_order(
    server: AwServer, clock: ManualClock
) -> None:
    server.put(FRONT, front(-500, 400, "thunderbird"), front(-60, 55, "code", "one"))
    async with aclosing(sensor(server, clock).observe()) as seen:
        assert await take_next(seen) == SensorStarted(at=NOW, sense="focus", sensor="activitywatch_focus")
        first = await take_next(seen)
        assert (first.at, first.toplevel.app_id, first.toplevel.title) == (NOW, "code", "one")
        clock.at = at(10)
        server.put(FRONT, front(2, 3, "xterm", "two"), front(5, 4, "code", "one"))
        found = [await take(seen, ToplevelFocused), await take(seen, ToplevelFocused)]
        assert [(each.at, each.toplevel.app_id) for each in found if each.toplevel] == [
            (at(2), "xterm"),
            (at(5), "code"),
        ]


async def test_an_unchanged_toplevel_is_not_yielded_again(server: AwServer, clock: ManualClock) -> None:
    server.put(FRONT, front(-5, 5))
    async with aclosing(sensor(server, clock).observe()) as seen:
        await take_next(seen)
        await take_next(seen)
        waiting = asyncio.ensure_future(anext(seen))
        clock.at = at(20)
        server.put(FRONT, front(10, 9, "code", "x"))
        await until_asked(server)
        assert not waiting.done()
        server.put(FRONT, front(19.5, 0, "xterm"))
        assert (await waiting).at == at(19.5)


async def test_the_title_is_the_browsers_page_while_the_browser_is_in_front(
    server: AwServer, clock: ManualClock
) -> None:
    server.put(TABS, event(at(-30), 30, title="Cats - YouTube", url="https://x"))
    server.put(FRONT, front(-5, 5, "firefox", "excluded"))
    async with aclosing(sensor(server, clock).observe()) as seen:
        assert (await take(seen, ToplevelFocused)).toplevel.title == "Cats - YouTube — Mozilla Firefox"
        server.put(FRONT, front(-1, 1, "Google-chrome", "Mail - Google Chrome"))
        assert (await take(seen, ToplevelFocused)).toplevel.title == "Mail - Google Chrome"
        clock.at = at(151)
        server.put(FRONT, front(150, 0, "firefox", "excluded"))
        assert (await take(seen, ToplevelFocused)).toplevel.title == "excluded"


@pytest.mark.parametrize("app", ["msedge.exe", "Vivaldi-stable", "Microsoft Edge"])
async def test_the_page_of_a_browser_like_chrome_may_be_in_the_bucket_of_chrome_on_an_unknown_host(
    server: AwServer, clock: ManualClock, app: str
) -> None:
    server.bucket("aw-watcher-web-chrome", "web.tab.current", "unknown")
    server.put("aw-watcher-web-chrome", event(at(-30), 30, title="Cats - YouTube", url="https://x"))
    server.put(FRONT, front(-5, 5, app, "Cats - YouTube and 3 more pages - Work"))
    async with aclosing(sensor(server, clock).observe()) as seen:
        title = (await take(seen, ToplevelFocused)).toplevel.title
        assert title.startswith("Cats - YouTube — ")
        # Chrome runs as well, with another page.
        server.put(FRONT, front(-1, 1, app, "Dogs"))
        assert (await take(seen, ToplevelFocused)).toplevel.title == "Dogs"


async def test_stale_events_are_a_loss(server: AwServer, clock: ManualClock) -> None:
    server.put(FRONT, front(-30, 30))
    async with aclosing(sensor(server, clock).observe()) as seen:
        await take(seen, ToplevelFocused)
        clock.at = at(90)
        waiting = asyncio.ensure_future(anext(seen))
        await until_asked(server)
        assert not waiting.done()
        clock.at = at(90.001)
        with pytest.raises(SensorLost, match="nothing for 90 s"):
            await waiting
    assert "sends ActivityWatch nothing" in await refused(sensor(server, clock))
    assert "nothing for 90 s" in await lost(sensor(server, clock).observe())


async def test_somebody_leaves_and_comes_back(server: AwServer, clock: ManualClock) -> None:
    server.put(AFK, event(at(-100), 100, status="not-afk"))
    async with aclosing(sensor(server, clock, ActivityWatchIdle).observe()) as seen:
        await take_next(seen)
        clock.at = at(200)
        server.put(AFK, event(at(10), 190, status="afk"))
        assert await take_next(seen) == WentIdle(at=at(200), since=at(10))
        clock.at = at(230)
        server.put(AFK, event(at(222), 5, status="not-afk"))
        assert await take_next(seen) == CameBack(at=at(222))


async def test_idle_from_the_start_is_yielded(server: AwServer, clock: ManualClock) -> None:
    server.put(AFK, event(at(-400), 400, status="afk"))
    async with aclosing(sensor(server, clock, ActivityWatchIdle).observe()) as seen:
        assert isinstance(await take_next(seen), SensorStarted)
        assert await take_next(seen) == WentIdle(at=NOW, since=at(-400))


async def test_of_several_computers_buckets_the_newest_is_used(server: AwServer, clock: ManualClock) -> None:
    server.bucket("aw-watcher-window_a-synced", "currentwindow", "other")
    server.bucket("aw-watcher-android-test", "currentwindow", "phone")
    server.put("aw-watcher-window_a-synced", front(-3600, 60, "old"))
    server.put("aw-watcher-android-test", event(at(0), 0, app="WhatsApp", package="com.whatsapp"))
    server.put(FRONT, front(-5, 5, "code"))
    async with aclosing(sensor(server, clock).observe()) as seen:
        assert (await take(seen, ToplevelFocused)).toplevel.app_id == "code"


async def test_malformed_events_are_skipped(server: AwServer, clock: ManualClock) -> None:
    server.put(FRONT, front(-5, 5, "code"))
    server.put(FRONT, event(at(-4), -9, app="a"), event(at(-3), 1, app=7), {**front(-2, 1), "data": None})
    async with aclosing(sensor(server, clock).observe()) as seen:
        assert (await take(seen, ToplevelFocused)).toplevel.app_id == "code"


@pytest.mark.parametrize(
    "odd", [{"status": 302, "location": "http://127.0.0.1/"}, {"status": 500}, {"status": 401}, {"body": "<x>"}]
)
async def test_a_server_that_is_no_aw_server_is_unavailable_or_lost(
    server: AwServer, clock: ManualClock, odd: dict[str, Any]
) -> None:
    server.put(FRONT, front(-5, 5, "code", CANARY_TITLE))
    async with aclosing(sensor(server, clock).observe()) as seen:
        await take(seen, ToplevelFocused)
        server.misbehave(**odd)
        said = await lost(seen)
    assert CANARY_TITLE not in said
    assert "ActivityWatch" in await refused(sensor(server, clock))


async def test_a_server_that_does_not_answer_is_lost(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activitywatch_server, "TIMEOUT", 0.2)
    silent = await asyncio.start_server(lambda *_: asyncio.Event().wait(), "127.0.0.1", 0)  # type: ignore[arg-type, return-value]
    async with silent:
        port = silent.sockets[0].getsockname()[1]
        sources = SensorSettings(activitywatch=f"http://localhost:{port}")
        assert "did not answer" in await refused(ActivityWatchFocus(clock, None, sources))


async def test_without_the_setting_or_with_a_remote_address_nothing_is_requested(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def opened(*_: object, **__: object) -> None:
        raise AssertionError("a connection")

    monkeypatch.setattr("asyncio.open_connection", opened)
    assert "name no ActivityWatch" in await refused(ActivityWatchFocus(clock))
    elsewhere = SensorSettings(activitywatch="http://192.168.1.7:5600")
    assert "may be on another device" in await refused(ActivityWatchIdle(clock, None, elsewhere))


async def test_a_missing_watcher_is_named(clock: ManualClock) -> None:
    with aw_server() as server:
        assert "aw-watcher-afk" in await refused(sensor(server, clock, ActivityWatchIdle))


def test_it_polls_at_most_every_ten_seconds() -> None:
    assert timedelta(seconds=10) <= EVERY


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:5600", "http://localhost:5600/", "http://[::1]:5600", "http://127.0.0.1", "http://127.9.9.9:1"],
)
def test_a_loopback_address_is_accepted(url: str) -> None:
    assert parse_settings(f'[sources]\nactivitywatch = "{url}"', "x").sources.activitywatch == url


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.7:5600",
        "http://127.0.0.1.evil.example:5600",
        "http://localhost.evil.example",
        "https://127.0.0.1:5600",
        "http://127.0.0.1@evil.example",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://127.0.0.999",
        "http://127.0.0.1:5600/api",
        "127.0.0.1:5600",
        "http://0.0.0.0:5600",
        "http://[::]:1",
        "http://127.0.0.1:5600?x",
        "http://2130706433",
    ],
)
def test_a_remote_address_is_a_problem_with_its_place(url: str) -> None:
    with pytest.raises(UserError) as wrong:
        parse_settings(f'[sources]\nactivitywatch = "{url}"', "x")
    (problem,) = wrong.value.problems
    assert (problem.line, problem.column) == (2, 17)
    assert "on this device" in problem.message


@pytest.mark.parametrize("place", ["10.0.0.1:5037", "127.0.0.1", "127.0.0.1:0", "", "phone:5037"])
def test_a_remote_adb_server_is_a_problem(place: str) -> None:
    assert [option for option, _, _ in check_sources(SensorSettings(adb=place))] == ["adb"]
