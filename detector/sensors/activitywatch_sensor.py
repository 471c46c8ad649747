"""What both sensors of a running ActivityWatch share: asking its server, and telling when it has fallen silent.

Rule 1: it is asked in partner time alone, and only where the person wrote its address into the settings.
Rule 2: it is asked every ten seconds: ActivityWatch pushes nothing, its watchers hand in what they saw up to a minute
later, and a look shorter than a glance needs no better. So it is the last choice, for where nothing pushes.
Rule 3: what is stale is a loss, never presence: a watcher that still runs says something at least once a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from detector.clock import Clock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import Sense, SensorStarted
from detector.errors import SensorLost, SensorUnavailable
from detector.sensors.activitywatch_buckets import Kind, kind_of
from detector.sensors.activitywatch_events import SHAPES, Event
from detector.sensors.activitywatch_server import ActivityWatchServer, NotAsked
from detector.sensors.model import SensorEvent
from detector.sensors.settings import SensorSettings, check_sources

EVERY: Final = timedelta(seconds=10)
STALE: Final = timedelta(seconds=90)
AT_ONCE: Final = 50
"""Events that are looked at between two questions: more do not fit into a minute of anybody's."""
_REMEDY: Final = 'write activitywatch = "http://127.0.0.1:5600" below [sources] in the configuration'


class ActivityWatchSensor:
    """One bucket of a running aw-server, asked again and again. A subclass says what its events mean."""

    name = ""
    sense: Sense = "focus"
    kind: Kind = "focus"
    watcher = ""

    def __init__(
        self,
        clock: Clock,
        settings: AttentionSettings | None = None,
        sources: SensorSettings | None = None,
        *,
        every: timedelta = EVERY,
    ) -> None:
        del settings
        self._clock = clock
        self._sources = sources or SensorSettings()
        self._every = every

    async def probe(self) -> None:
        """Return if an aw-server is to be asked, is there, and hears from its watcher; else `SensorUnavailable`."""
        server = self._server()
        try:
            _, events = await self._bucket(server)
        except NotAsked as failure:
            raise SensorUnavailable(f"ActivityWatch {failure}", "start ActivityWatch") from None
        if not self._is_fresh(events):
            raise SensorUnavailable(f"{self.watcher} tells ActivityWatch nothing", f"start {self.watcher}")

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        """Yield what the events say, `SensorStarted` first."""
        server = self._server()
        try:
            bucket, events = await self._bucket(server)
            self._begin()
            latest = self._clock.now()
            self._require_fresh(events)
            yield SensorStarted(at=latest, sense=self.sense, sensor=self.name)
            while True:
                for what in await self._say(server, events, latest):
                    latest = max(latest, what.at)
                    yield what
                await _rest(self._every)
                events = self._read(await server.latest(bucket, AT_ONCE))
                self._require_fresh(events)
        except NotAsked as failure:
            raise SensorLost(f"ActivityWatch {failure}") from None

    def _begin(self) -> None:
        """Know nothing of what was said before."""

    async def _say(
        self, server: ActivityWatchServer, events: Sequence[Event[Any]], latest: datetime
    ) -> list[SensorEvent]:
        """Return what is new in the events, the oldest of which is first, none of it before `latest`."""
        raise NotImplementedError

    def _server(self) -> ActivityWatchServer:
        url = self._sources.activitywatch
        if url is None:
            raise SensorUnavailable("ActivityWatch is not to be asked", _REMEDY)
        if any(option == "activitywatch" for option, _, _ in check_sources(self._sources)):
            raise SensorUnavailable("this ActivityWatch may not be on this device", _REMEDY)
        return ActivityWatchServer(url)

    async def _bucket(self, server: ActivityWatchServer) -> tuple[str, list[Event[Any]]]:
        """Return the bucket that heard last, for there may be some of other computers, and its events."""
        told = await server.buckets()
        found = []
        for name in sorted(told):
            type_ = told[name].get("type")
            if isinstance(type_, str) and kind_of(name, type_) == self.kind:
                events = self._read(await server.latest(name, AT_ONCE))
                if events:
                    found.append((events[-1].ended, name, events))
        if not found:
            raise SensorUnavailable(f"{self.watcher} has told ActivityWatch nothing yet", f"start {self.watcher}")
        _, name, events = max(found, key=lambda each: each[:2])
        return name, events

    def _read(self, events: Sequence[Any]) -> list[Event[Any]]:
        return read_events(self.kind, events)

    def _is_fresh(self, events: Sequence[Event[Any]]) -> bool:
        return bool(events) and self._clock.now() - events[-1].ended <= STALE

    def _require_fresh(self, events: Sequence[Event[Any]]) -> None:
        if not self._is_fresh(events):
            raise SensorLost(f"{self.watcher} has told ActivityWatch nothing for {STALE.total_seconds():.0f} s")


def read_events(kind: Kind, events: Sequence[Any]) -> list[Event[Any]]:
    """Return those of the events that are what they should be, the oldest first."""
    found: list[Event[Any]] = []
    for each in events:
        with suppress(msgspec.ValidationError, OverflowError):
            event = msgspec.convert(each, SHAPES[kind])
            if event.ended >= event.began:
                found.append(event)
    return sorted(found, key=lambda event: (event.began, event.ended))


async def _rest(length: timedelta) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(length.total_seconds()):
            await asyncio.Event().wait()
