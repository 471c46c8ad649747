"""What every sensor promises, tested of each of them with a real source of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from detector.clock import SystemClock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import SensorStarted
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors import REGISTRY, Candidate
from detector.sensors.adb_phone import AdbPhone
from detector.sensors.model import Sensor, SensorEvent
from detector.sensors.pulse_call import PulseCall
from detector.sensors.settings import SensorSettings
from tests.rig.activitywatch import aw_server
from tests.rig.activitywatch_history import event
from tests.rig.adb_server import FakeAdb, FakePhone
from tests.rig.bus import Dunst, SessionBus
from tests.rig.logind import MockLogind
from tests.rig.mpris import player
from tests.rig.sensing import open_descriptors_and_threads, take, take_next
from tests.rig.sound import Sound
from tests.rig.x11 import Desktop

SETTINGS = AttentionSettings(idle_after=timedelta(milliseconds=400))


class NoEvent:
    """A kind of event that no sensor yields."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a sensor reads: `provoke` makes it report something, `end` ends it as a crash would."""

    provoke: Callable[[], object]
    end: Callable[[], object]
    refuses: bool = True


class SensorConformance:
    """The promises of `detector.sensors.model`. A subclass names its sensor and gives it a source."""

    name = ""

    def make(self) -> Sensor:
        return self.row().make(SystemClock(), SETTINGS)

    def row(self) -> Candidate:
        return next(row for row in REGISTRY if row.name == self.name)

    @pytest.fixture
    def source(self) -> Source:
        raise NotImplementedError

    async def test_the_first_event_is_sensor_started_with_its_name(self, source: Source) -> None:
        sensor = self.make()
        await sensor.probe()
        seen = sensor.observe()
        first = await take_next(seen)
        await seen.aclose()
        assert isinstance(first, SensorStarted)
        assert first.sense == sensor.sense
        assert first.sensor in {sensor.name, "as recorded"}

    async def test_it_opens_nothing_before_it_is_iterated(self, source: Source) -> None:
        await self._once()
        before = open_descriptors_and_threads()
        seen = self.make().observe()
        assert open_descriptors_and_threads() == before
        await seen.aclose()

    async def test_probing_leaves_nothing_open(self, source: Source) -> None:
        await self.make().probe()
        before = open_descriptors_and_threads()
        await self.make().probe()
        assert open_descriptors_and_threads() == before

    async def test_closing_leaves_no_descriptor_and_no_thread(self, source: Source) -> None:
        await self._once()
        before = open_descriptors_and_threads()
        seen = self.make().observe()
        await take_next(seen)
        source.provoke()
        await take_next(seen)
        await seen.aclose()
        assert open_descriptors_and_threads() == before

    async def test_cancelling_it_while_it_waits_leaves_nothing_open(self, source: Source) -> None:
        await self._once()
        before = open_descriptors_and_threads()

        async def listen() -> None:
            async for _ in self.make().observe():
                started.set()

        started = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(listen())
            await started.wait()
            listening.cancel()
        assert open_descriptors_and_threads() == before

    async def test_instants_are_aware_utc_and_never_go_back(self, source: Source) -> None:
        seen = self.make().observe()
        taken: list[SensorEvent] = [await take_next(seen)]
        source.provoke()
        taken.append(await take_next(seen))
        await seen.aclose()
        assert all(what.at.utcoffset() == timedelta(0) and what.at.tzinfo is UTC for what in taken)
        assert [what.at for what in taken] == sorted(what.at for what in taken)

    async def test_it_raises_sensor_lost_when_its_source_goes_away(self, source: Source) -> None:
        if not source.refuses:
            return
        await self._once()
        before = open_descriptors_and_threads()
        seen = self.make().observe()
        await take_next(seen)
        source.end()
        with pytest.raises(SensorLost):
            await take(seen, NoEvent)
        assert open_descriptors_and_threads() == before

    async def test_probing_without_a_source_raises_sensor_unavailable_with_a_reason(self, source: Source) -> None:
        if not source.refuses:
            return
        source.end()
        before = open_descriptors_and_threads()
        with pytest.raises(SensorUnavailable) as refused:
            await self.make().probe()
        assert refused.value.why
        assert open_descriptors_and_threads() == before

    async def _once(self) -> None:
        # What a first time imports and opens for good is not the sensor's.
        seen = self.make().observe()
        await take_next(seen)
        await seen.aclose()


class TestX11Focus(SensorConformance):
    name = "x11_focus"

    @pytest.fixture
    def source(self, x_desktop: Desktop) -> Source:
        return Source(provoke=lambda: x_desktop.xterm("something"), end=x_desktop.kill_server)


class TestX11Idle(SensorConformance):
    name = "x11_idle"

    @pytest.fixture
    def source(self, x_server: Desktop) -> Source:
        return Source(provoke=x_server.move, end=x_server.kill_server)


class TestX11IdleScreensaver(SensorConformance):
    name = "x11_idle_screensaver"

    @pytest.fixture
    def source(self, x_server: Desktop) -> Source:
        return Source(provoke=x_server.move, end=x_server.kill_server)


class TestPynputInput(SensorConformance):
    name = "pynput_input"

    @pytest.fixture
    def source(self, x_server: Desktop) -> Source:
        return Source(provoke=x_server.scroll, end=x_server.kill_server)


class TestLogind(SensorConformance):
    name = "logind"

    @pytest.fixture
    def source(self, logind: MockLogind) -> Source:
        return Source(provoke=lambda: logind.hint(True), end=logind.bus.kill)


class TestDesktopQuiet(SensorConformance):
    name = "desktop_quiet"

    @pytest.fixture
    def source(self, dunst: Dunst) -> Source:
        return Source(provoke=dunst.pause, end=dunst.stop)


class TestMprisMedia(SensorConformance):
    name = "mpris_media"

    @pytest.fixture
    def source(self, session_bus: SessionBus) -> Iterator[Source]:
        with player(session_bus) as vlc:
            yield Source(provoke=lambda: vlc.do("Playing"), end=session_bus.kill)


class TestPulseCall(SensorConformance):
    name = "pulse_call"

    def make(self) -> Sensor:
        return PulseCall(SystemClock(), SETTINGS, min_duration=timedelta(milliseconds=100))

    @pytest.fixture
    def source(self, sound: Sound) -> Source:
        return Source(provoke=sound.record, end=sound.kill)


class ActivityWatchConformance(SensorConformance):
    """Asked so often that a test need not wait."""

    url = ""

    def make(self) -> Sensor:
        row, sources = self.row(), SensorSettings(activitywatch=self.url)
        made: Sensor = row.load()(SystemClock(), SETTINGS, sources, every=timedelta(milliseconds=20))
        return made


class TestActivityWatchFocus(ActivityWatchConformance):
    name = "activitywatch_focus"

    @pytest.fixture
    def source(self) -> Iterator[Source]:
        with aw_server() as server:
            self.url = server.url
            server.bucket("aw-watcher-window_desk", "currentwindow")
            put = partial(server.put, "aw-watcher-window_desk")
            put(event(datetime.now(UTC) - timedelta(seconds=2), 1, app="code", title="x"))
            yield Source(provoke=lambda: put(event(datetime.now(UTC), 0, app="xterm", title="y")), end=server.end)


class TestActivityWatchIdle(ActivityWatchConformance):
    name = "activitywatch_idle"

    @pytest.fixture
    def source(self) -> Iterator[Source]:
        with aw_server() as server:
            self.url = server.url
            server.bucket("aw-watcher-afk_desk", "afkstatus")
            put = partial(server.put, "aw-watcher-afk_desk")
            put(event(datetime.now(UTC) - timedelta(seconds=2), 1, status="not-afk"))
            yield Source(provoke=lambda: put(event(datetime.now(UTC), 0, status="afk")), end=server.end)


class TestAdbPhone(SensorConformance):
    name = "adb_phone"
    phone: FakePhone
    server = ""

    def make(self) -> Sensor:
        return AdbPhone(SystemClock(), "my phone", self.phone.serial, self.server)

    @pytest.fixture
    def source(self, adb: FakeAdb) -> Source:
        self.phone, self.server = adb.phone(), adb.server
        return Source(provoke=lambda: self.phone.opens("com.example.app"), end=adb.kill)


def test_every_sensor_of_the_registry_has_a_conformance_suite() -> None:
    held_to = {kind.name for kind in SensorConformance.__subclasses__()}
    held_to |= {kind.name for kind in ActivityWatchConformance.__subclasses__()}
    assert {row.name for row in REGISTRY} <= held_to
