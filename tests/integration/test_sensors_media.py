"""Whether something plays, by players on a real session bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from detector.clock import SystemClock
from detector.core.observations import MediaEnded, MediaStarted, SensorStarted
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors.mpris_media import MprisMedia
from tests.rig.bus import SessionBus
from tests.rig.mpris import WHAT_PLAYS, player
from tests.rig.sensing import Listener
from tests.rig.x11 import until_async

pytestmark = pytest.mark.real

SHORT = timedelta(milliseconds=150)
LONG = timedelta(seconds=20)


@pytest.fixture
async def closing() -> AsyncGenerator[AsyncExitStack, None]:
    async with AsyncExitStack() as stack:
        yield stack


async def begin(closing: AsyncExitStack, end_delay: timedelta = SHORT) -> Listener:
    seen = Listener(MprisMedia(SystemClock(), end_delay=end_delay).observe())
    closing.push_async_callback(seen.close)
    assert isinstance(await seen.next(), SensorStarted)
    return seen


async def test_a_player_that_plays_and_stops_is_seen(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus) as vlc:
        seen = await begin(closing)
        assert isinstance(await seen.next(), MediaEnded)
        for ends in ("Paused", "Stopped"):
            vlc.do("Playing")
            assert isinstance(await seen.next(), MediaStarted)
            vlc.do(ends)
            assert isinstance(await seen.next(), MediaEnded)


async def test_what_plays_already_plays_from_the_start(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus, status="Playing"):
        assert isinstance(await (await begin(closing)).next(), MediaStarted)


async def test_it_ends_when_none_of_several_plays(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus, "vlc") as vlc, player(session_bus, "firefox.instance_1_2", "Playing") as firefox:
        seen = await begin(closing)
        assert isinstance(await seen.next(), MediaStarted)
        vlc.do("Playing")
        await until_async(lambda: len(vlc.calls()) == 1, what="vlc was asked once, at the start")
        firefox.do("Paused")
        assert await seen.is_silent(0.5)


async def test_the_last_of_several_ends_it(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus, "vlc", "Playing") as vlc, player(session_bus, "mpv", "Playing") as mpv:
        seen = await begin(closing)
        assert isinstance(await seen.next(), MediaStarted)
        mpv.kill()
        vlc.do("Paused")
        assert isinstance(await seen.next(), MediaEnded)


async def test_a_player_that_comes_playing_and_crashes_is_seen(
    session_bus: SessionBus, closing: AsyncExitStack
) -> None:
    seen = await begin(closing)
    assert isinstance(await seen.next(), MediaEnded)
    with player(session_bus, status="Playing") as vlc:
        assert isinstance(await seen.next(), MediaStarted)
        vlc.kill()
        assert isinstance(await seen.next(), MediaEnded)


async def test_a_player_that_gives_up_its_name_plays_no_more(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus, status="Playing") as vlc:
        seen = await begin(closing)
        assert isinstance(await seen.next(), MediaStarted)
        vlc.do("release")
        assert isinstance(await seen.next(), MediaEnded)
        vlc.do("Playing")
        assert await seen.is_silent(0.5)


async def test_the_moment_between_two_pieces_is_no_end(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus, status="Playing") as vlc:
        seen = await begin(closing, LONG)
        assert isinstance(await seen.next(), MediaStarted)
        for word in ("Stopped", "Playing", "Paused", "Playing"):
            vlc.do(word)
        assert await seen.is_silent(0.5)


async def test_a_status_that_is_only_said_to_have_changed_is_asked_for(
    session_bus: SessionBus, closing: AsyncExitStack
) -> None:
    with player(session_bus) as vlc:
        seen = await begin(closing)
        assert isinstance(await seen.next(), MediaEnded)
        vlc.do("quietly Playing")
        assert isinstance(await seen.next(), MediaStarted)


async def test_what_plays_is_never_asked_for_and_never_said(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus) as vlc:
        seen = await begin(closing)
        taken = [await seen.next()]
        vlc.do("metadata")
        vlc.do("Playing")
        taken.append(await seen.next())
        vlc.do("quietly Paused")
        taken.append(await seen.next())
        assert await seen.is_silent(0.3)
        asked = vlc.calls()
    assert [type(what) for what in taken] == [MediaEnded, MediaStarted, MediaEnded]
    assert WHAT_PLAYS not in repr(taken)
    assert asked == [["Get", "org.mpris.MediaPlayer2.Player", "PlaybackStatus"]] * 2


@pytest.mark.parametrize("name", ["playerctld", "kdeconnect.mpris_000001", "GSConnect.MyPhoneSpotify"])
async def test_who_speaks_for_another_is_not_heard(session_bus: SessionBus, closing: AsyncExitStack, name: str) -> None:
    with player(session_bus, name, "Playing") as other:
        seen = await begin(closing)
        assert isinstance(await seen.next(), MediaEnded)
        other.do("Playing")
        assert await seen.is_silent(0.3)
        assert other.calls() == []


async def test_a_player_that_hangs_does_not_hold_up_the_others(
    session_bus: SessionBus, closing: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.sensors.bus.TIMEOUT", 0.3)
    with player(session_bus, "hung", "Playing") as hung, player(session_bus, "vlc", "Playing"):
        hung.do("mute")
        assert isinstance(await (await begin(closing)).next(), MediaStarted)


async def test_a_bus_that_goes_away_is_a_loss(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    seen = await begin(closing)
    await seen.next()
    session_bus.kill()
    with pytest.raises(SensorLost):
        await seen.next()


async def test_without_a_bus_it_refuses(no_bus: None) -> None:
    with pytest.raises(SensorUnavailable, match="session bus"):
        await MprisMedia(SystemClock()).probe()


async def test_while_nothing_changes_nobody_is_asked_and_nothing_waits(
    session_bus: SessionBus, closing: AsyncExitStack
) -> None:
    with player(session_bus, status="Playing") as vlc:
        seen = await begin(closing)
        await seen.next()
        assert await seen.is_silent(2)
        assert len(vlc.calls()) == 1
        assert [handle for handle in asyncio.get_running_loop()._scheduled if not handle.cancelled()] == []
