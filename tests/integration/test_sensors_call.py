"""Whether a microphone or a camera is in use, by real sound servers and by the kernel."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from detector.clock import SystemClock
from detector.core.observations import CallEnded, CallStarted, SensorStarted
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors import pulse_call
from detector.sensors.cameras import Cameras
from detector.sensors.pulse_call import PulseCall
from detector.sensors.pulse_server import any_records, find_socket
from tests.rig.processes import needs, until_async
from tests.rig.sensing import Listener
from tests.rig.sound import Sound

pytestmark = pytest.mark.real

SHORT = timedelta(milliseconds=200)
LONG = timedelta(seconds=30)


@pytest.fixture
async def closing() -> AsyncGenerator[AsyncExitStack, None]:
    async with AsyncExitStack() as stack:
        yield stack


async def begin(closing: AsyncExitStack, lasts: timedelta = SHORT) -> Listener:
    seen = Listener(PulseCall(SystemClock(), min_duration=lasts).observe())
    closing.push_async_callback(seen.close)
    assert isinstance(await seen.next(), SensorStarted)
    return seen


async def test_a_microphone_in_use_is_a_call(sound: Sound, closing: AsyncExitStack) -> None:
    seen = await begin(closing)
    assert isinstance(await seen.next(), CallEnded)
    for _ in range(2):
        talk = sound.record()
        assert isinstance(await seen.next(), CallStarted)
        sound.stop(talk)
        assert isinstance(await seen.next(), CallEnded)


async def test_a_call_under_way_is_yielded_at_start(sound: Sound, closing: AsyncExitStack) -> None:
    sound.record()
    assert isinstance(await (await begin(closing, LONG)).next(), CallStarted)


async def test_recording_what_is_played_is_no_call(sound: Sound, closing: AsyncExitStack) -> None:
    seen = await begin(closing)
    assert isinstance(await seen.next(), CallEnded)
    sound.record("speaker.monitor")
    assert await seen.is_silent(1.2)


async def test_a_level_meter_is_no_call(sound: Sound, closing: AsyncExitStack) -> None:
    seen = await begin(closing)
    assert isinstance(await seen.next(), CallEnded)
    sound.record("microphone", "--rate=1000")
    assert await seen.is_silent(1.2)


async def test_a_call_ends_with_the_last_recording_program(sound: Sound, closing: AsyncExitStack) -> None:
    seen = await begin(closing)
    assert isinstance(await seen.next(), CallEnded)
    first, second = sound.record(), sound.record()
    assert isinstance(await seen.next(), CallStarted)
    sound.stop(first)
    assert await seen.is_silent(1.2)
    sound.stop(second)
    assert isinstance(await seen.next(), CallEnded)


async def test_a_short_use_is_no_call(sound: Sound, closing: AsyncExitStack) -> None:
    seen = await begin(closing, timedelta(seconds=3))
    assert isinstance(await seen.next(), CallEnded)
    tried = sound.record()
    assert await seen.is_silent(0.7), "it was looked at meanwhile"
    sound.stop(tried)
    assert await seen.is_silent(3.5)


async def test_a_call_that_changes_its_headset_has_not_ended(sound: Sound, closing: AsyncExitStack) -> None:
    talk = sound.record()
    seen = await begin(closing, timedelta(seconds=3))
    assert isinstance(await seen.next(), CallStarted)
    sound.stop(talk)
    assert await seen.is_silent(0.7), "it was looked at meanwhile"
    sound.record()
    assert await seen.is_silent(3.5)


@pytest.mark.parametrize("sound", ["pulseaudio"], indirect=True)
async def test_a_stream_on_a_suspended_microphone_is_no_call(sound: Sound, closing: AsyncExitStack) -> None:
    sound.record()
    seen = await begin(closing)
    assert isinstance(await seen.next(), CallStarted)
    sound.pactl("suspend-source", "microphone", "1")
    assert isinstance(await seen.next(), CallEnded)


@pytest.mark.parametrize("sound", ["pulseaudio"], indirect=True)
async def test_what_the_server_records_for_itself_is_no_call(sound: Sound, closing: AsyncExitStack) -> None:
    seen = await begin(closing)
    assert isinstance(await seen.next(), CallEnded)
    sound.pactl("load-module", "module-loopback", "source=microphone", "sink=speaker")
    assert await seen.is_silent(1.2)


async def test_a_server_that_goes_away_is_a_loss(sound: Sound, closing: AsyncExitStack) -> None:
    seen = await begin(closing)
    await seen.next()
    sound.kill()
    with pytest.raises(SensorLost):
        await seen.next()
    with pytest.raises(SensorUnavailable):
        await PulseCall(SystemClock()).probe()


async def test_without_changes_no_program_is_started_and_no_timer_runs(
    sound: Sound, closing: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = await begin(closing)
    await seen.next()
    monkeypatch.setattr("subprocess.Popen", None)
    assert await seen.is_silent(2)
    assert [handle for handle in asyncio.get_running_loop()._scheduled if not handle.cancelled()] == []


async def test_without_pactl_the_remedy_says_what_to_install(
    sound: Sound, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SensorUnavailable) as refused:
        await PulseCall(SystemClock()).probe()
    assert "pulseaudio-utils" in (refused.value.remedy or "")


async def test_without_a_sound_server_it_is_unavailable_and_starts_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", None)
    with pytest.raises(SensorUnavailable, match="no sound server") as refused:
        await PulseCall(SystemClock()).probe()
    assert refused.value.remedy


async def test_a_stale_socket_is_no_server(home: Path) -> None:
    needs("pactl")
    (home / "run/pulse").mkdir()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(home / "run/pulse/native"))
    with pytest.raises(SensorUnavailable, match="no sound server answers"):
        await PulseCall(SystemClock()).probe()


def test_a_remote_sound_server_is_not_used() -> None:
    with pytest.raises(SensorUnavailable, match="another device"):
        find_socket({"PULSE_SERVER": "tcp:192.168.178.20:4713", "XDG_RUNTIME_DIR": "/run/user/1000"})


async def test_a_pactl_without_output_is_no_server(
    sound: Sound, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("detector.sensors.pulse_server.TIMEOUT", 0.4)
    (tmp_path / "pactl").write_text(f"#!/bin/sh\nexec {shutil.which('sleep')} 60\n")
    (tmp_path / "pactl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SensorUnavailable, match="no sound server answers"):
        await PulseCall(SystemClock()).probe()


class TestLists:
    """What `pactl` says, read."""

    SOURCES = "0\tspeaker.monitor\tm.c\ts16le 2ch 44100Hz\tRUNNING\n1\tmicrophone\tm.c\ts16le 2ch 44100Hz\tRUNNING\n"

    @pytest.mark.parametrize(
        ("stream", "records"),
        [
            ("5\t1\t9\tprotocol-native.c\ts16le 2ch 44100Hz", True),
            ("5\t1\t9\tprotocol-native.c\ts16le 1ch 8000Hz", True),
            ("5\t1\t9\tprotocol-native.c\tfloat32le 1ch 25Hz", False),
            ("5\t0\t9\tprotocol-native.c\ts16le 2ch 44100Hz", False),
            ("5\t7\t9\tprotocol-native.c\ts16le 2ch 44100Hz", False),
            ("5\t1\t-\tmodule-loopback.c\ts16le 2ch 44100Hz", False),
            ("5\t1", False),
            ("", False),
        ],
    )
    def test_each_stream_line_is_judged(self, stream: str, records: bool) -> None:
        assert any_records(stream, self.SOURCES) is records
        assert any_records(stream, self.SOURCES.replace("RUNNING", "IDLE")) is False


class TestCamera:
    """Files stand in for devices: the kernel tells of both alike."""

    @pytest.fixture
    def dev(self, tmp_path: Path) -> Path:
        (tmp_path / "dev").mkdir()
        (tmp_path / "udev").mkdir()
        return tmp_path / "dev"

    @pytest.fixture
    def seat(self, dev: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        def here(on_change: Callable[[], None]) -> Cameras:
            return Cameras(on_change, dev, dev.parent / "udev")

        monkeypatch.setattr(pulse_call, "Cameras", here)
        return dev

    async def test_an_open_camera_is_a_call(self, sound: Sound, seat: Path, closing: AsyncExitStack) -> None:
        (seat / "video0").touch()
        seen = await begin(closing)
        assert isinstance(await seen.next(), CallEnded)
        for flags in (os.O_RDONLY, os.O_RDWR):
            camera = os.open(seat / "video0", flags)
            assert isinstance(await seen.next(), CallStarted)
            os.close(camera)
            assert isinstance(await seen.next(), CallEnded)

    async def test_a_camera_in_use_at_the_start_and_a_microphone_are_one_call(
        self, sound: Sound, seat: Path, closing: AsyncExitStack
    ) -> None:
        (seat / "video0").touch()
        with (seat / "video0").open() as camera:
            talk = sound.record()
            seen = await begin(closing)
            assert isinstance(await seen.next(), CallStarted)
            sound.stop(talk)
            assert await seen.is_silent(1.2)
            camera.close()
            assert isinstance(await seen.next(), CallEnded)

    async def test_a_camera_that_is_plugged_in_later_is_watched(self, dev: Path) -> None:
        told: list[None] = []
        cameras = Cameras(lambda: told.append(None), dev, dev.parent / "udev")
        cameras.open()
        assert not cameras.in_use()
        (dev / "video3").touch()
        await until_async(lambda: told, what="it came")
        await asyncio.sleep(0.1)
        told.clear()
        with (dev / "video3").open():
            await until_async(lambda: told, what="it was opened")
            assert cameras.in_use()
            told.clear()
        await until_async(lambda: told, what="it was closed")
        assert not cameras.in_use()
        cameras.close()

    async def test_without_a_change_proc_is_not_read_again(self, dev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (dev / "video0").touch()
        cameras = Cameras(lambda: None, dev, dev.parent / "udev")
        cameras.open()
        assert not cameras.in_use()
        monkeypatch.setattr("detector.sensors.cameras._own_processes", None)
        assert not cameras.in_use()
        cameras.close()

    async def test_other_devices_cause_no_wake_up(self, dev: Path) -> None:
        (dev / "null").touch()
        told: list[None] = []
        cameras = Cameras(lambda: told.append(None), dev, dev.parent / "udev")
        cameras.open()
        with (dev / "null").open(), (dev / "video").open("w"):
            (dev / "shm0").touch()
            await asyncio.sleep(0.3)
            assert not told
            assert not cameras.in_use()
        cameras.close()

    @pytest.mark.parametrize(("can", "is_camera"), [(":capture:", True), (":video_output:", False), (":", False)])
    async def test_a_video_device_that_captures_nothing_is_no_camera(
        self, dev: Path, can: str, is_camera: bool
    ) -> None:
        (dev / "video10").touch()
        (dev.parent / "udev" / "c0:0").write_text(f"I:12345\nE:ID_V4L_VERSION=2\nE:ID_V4L_CAPABILITIES={can}\n")
        cameras = Cameras(lambda: None, dev, dev.parent / "udev")
        cameras.open()
        with (dev / "video10").open():
            assert cameras.in_use() is is_camera
        cameras.close()

    async def test_without_inotify_the_microphone_alone_counts(
        self, sound: Sound, seat: Path, closing: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class NoWatch:
            def inotify_init1(self, _flags: int) -> int:
                return -1

        monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: NoWatch())
        (seat / "video0").touch()
        closing.enter_context((seat / "video0").open())
        seen = await begin(closing)
        assert isinstance(await seen.next(), CallEnded)
        sound.record()
        assert isinstance(await seen.next(), CallStarted)
