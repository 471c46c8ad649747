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
from tests.rig.processes import until_async
from tests.rig.sensing import Listener

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


async def test_a_player_that_plays_and_stops(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus) as vlc:
        seen = await begin(closing)
        assert isinstance(await seen.next(), MediaEnded)
        for ends in ("Paused", "Stopped"):
            vlc.do("Playing")
            assert isinstance(await seen.next(), MediaStarted)
            vlc.do(ends)
            assert isinstance(await seen.next(), MediaEnded)


async def test_a_player_playing_already_is_yielded_at_start(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus, status="Playing"):
        assert isinstance(await (await begin(closing)).next(), MediaStarted)


async def test_media_end_when_none_of_several_players_plays(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus, "vlc") as vlc, player(session_bus, "firefox.instance_1_2", "Playing") as firefox:
        seen = await begin(closing)
        assert isinstance(await seen.next(), MediaStarted)
        vlc.do("Playing")
        await until_async(lambda: len(vlc.calls()) == 1, what="vlc was asked once, at the start")
        firefox.do("Paused")
        assert await seen.is_silent(0.5)


async def test_media_end_with_the_last_player(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus, "vlc", "Playing") as vlc, player(session_bus, "mpv", "Playing") as mpv:
        seen = await begin(closing)
        assert isinstance(await seen.next(), MediaStarted)
        mpv.kill()
        vlc.do("Paused")
        assert isinstance(await seen.next(), MediaEnded)


async def test_a_player_that_appears_playing_and_crashes(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    seen = await begin(closing)
    assert isinstance(await seen.next(), MediaEnded)
    with player(session_bus, status="Playing") as vlc:
        assert isinstance(await seen.next(), MediaStarted)
        vlc.kill()
        assert isinstance(await seen.next(), MediaEnded)


async def test_a_player_that_releases_its_name_has_stopped(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus, status="Playing") as vlc:
        seen = await begin(closing)
        assert isinstance(await seen.next(), MediaStarted)
        vlc.do("release")
        assert isinstance(await seen.next(), MediaEnded)
        vlc.do("Playing")
        assert await seen.is_silent(0.5)


async def test_a_short_stop_between_two_pieces_is_no_end(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus, status="Playing") as vlc:
        seen = await begin(closing, LONG)
        assert isinstance(await seen.next(), MediaStarted)
        for word in ("Stopped", "Playing", "Paused", "Playing"):
            vlc.do(word)
        assert await seen.is_silent(0.5)


async def test_an_invalidated_status_is_read(session_bus: SessionBus, closing: AsyncExitStack) -> None:
    with player(session_bus) as vlc:
        seen = await begin(closing)
        assert isinstance(await seen.next(), MediaEnded)
        vlc.do("quietly Playing")
        assert isinstance(await seen.next(), MediaStarted)


async def test_the_metadata_is_never_read_and_never_yielded(session_bus: SessionBus, closing: AsyncExitStack) -> None:
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
async def test_players_that_relay_another_are_ignored(
    session_bus: SessionBus, closing: AsyncExitStack, name: str
) -> None:
    with player(session_bus, name, "Playing") as other:
        seen = await begin(closing)
        assert isinstance(await seen.next(), MediaEnded)
        other.do("Playing")
        assert await seen.is_silent(0.3)
        assert other.calls() == []


async def test_a_player_that_hangs_does_not_delay_the_others(
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


async def test_without_changes_nothing_is_called_and_no_timer_runs(
    session_bus: SessionBus, closing: AsyncExitStack
) -> None:
    with player(session_bus, status="Playing") as vlc:
        seen = await begin(closing)
        await seen.next()
        assert await seen.is_silent(2)
        assert len(vlc.calls()) == 1
        assert [handle for handle in asyncio.get_running_loop()._scheduled if not handle.cancelled()] == []
