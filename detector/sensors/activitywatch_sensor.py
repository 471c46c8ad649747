"""Focus and idleness as a running ActivityWatch reports them: for sessions in which no sensor of ours can run.

Invariant 1: it is asked in partner time only, and only where the person wrote its address into the settings.
Invariant 2: it is asked every ten seconds: ActivityWatch pushes nothing, and its watchers report up to a minute late. So it is
the last choice.
Invariant 3: stale data is a loss, never presence: a watcher that still runs reports at least once a minute.
Invariant 4: while a browser is in front and reports its page, the page's title takes the place of the toplevel's.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from detector.clock import Clock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import CameBack, Sense, SensorStarted, WentIdle
from detector.errors import SensorLost, SensorUnavailable
from detector.i18n import _
from detector.sensors.activitywatch_events import (
    EVENT_TYPES,
    ActivityWatchEvent,
    BucketKind,
    FrontFields,
    browser_for,
    bucket_kind,
    may_stand_in,
)
from detector.sensors.activitywatch_server import ActivityWatchError, ActivityWatchServer
from detector.sensors.channel import wait_briefly
from detector.sensors.model import SensorEvent, Toplevel, ToplevelFocused
from detector.sensors.settings import SensorSettings, check_sources

EVERY: Final = timedelta(seconds=10)
STALE: Final = timedelta(seconds=90)
TAB_STALE: Final = timedelta(seconds=150)
"""A browser reports once a minute which page it shows."""
MAX_EVENTS: Final = 50
"""How many events are read at a time: fewer come in ten seconds."""
_REMEDY: Final = _('write activitywatch = "http://127.0.0.1:5600" below [sources] in the configuration')


class ActivityWatchSensor:
    """One bucket of a running aw-server, asked again and again. A subclass turns its events into sensor events."""

    name = ""
    sense: Sense = "focus"
    kind: BucketKind = "focus"
    watcher = ""

    def __init__(
        self,
        clock: Clock,
        settings: AttentionSettings | None = None,
        sources: SensorSettings | None = None,
        *,
        every: timedelta = EVERY,
    ) -> None:
        self._clock = clock
        self._sources = sources or SensorSettings()
        self._every = every

    async def probe(self) -> None:
        server = self._server()
        try:
            _bucket, events = await self._find_bucket(server)
        except ActivityWatchError as failure:
            why = _("ActivityWatch {problem}").format(problem=failure)
            raise SensorUnavailable(why, _("start ActivityWatch")) from None
        if not self._is_fresh(events):
            why = _("{watcher} sends ActivityWatch nothing").format(watcher=self.watcher)
            raise SensorUnavailable(why, _("start {program}").format(program=self.watcher))

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        server = self._server()
        try:
            bucket, events = await self._find_bucket(server)
            self._start()
            latest = self._clock.now()
            self._require_fresh(events)
            yield SensorStarted(at=latest, sense=self.sense, sensor=self.name)
            while True:
                for event in await self._convert(server, events, latest):
                    latest = max(latest, event.at)
                    yield event
                # `asyncio.sleep` is banned here, as waits should be for events. ActivityWatch has none that could be waited for.
                await wait_briefly(asyncio.Event(), self._every.total_seconds())
                events = read_events(self.kind, await server.latest(bucket, MAX_EVENTS))
                self._require_fresh(events)
        except ActivityWatchError as failure:
            raise SensorLost(_("ActivityWatch {problem}").format(problem=failure)) from None

    def _start(self) -> None:
        """Forget what an earlier run has yielded."""

    async def _convert(
        self, server: ActivityWatchServer, events: Sequence[ActivityWatchEvent[Any]], latest: datetime
    ) -> list[SensorEvent]:
        """Return what is new in the events, the oldest of which is first; nothing of it is before `latest`."""
        raise NotImplementedError

    def _server(self) -> ActivityWatchServer:
        url = self._sources.activitywatch
        if url is None:
            raise SensorUnavailable(_("the settings name no ActivityWatch"), _REMEDY)
        if any(problem[0] == "activitywatch" for problem in check_sources(self._sources)):
            raise SensorUnavailable(_("this ActivityWatch may be on another device"), _REMEDY)
        return ActivityWatchServer(url)

    async def _find_bucket(self, server: ActivityWatchServer) -> tuple[str, list[ActivityWatchEvent[Any]]]:
        # Return the bucket with the newest event, and its events; a synchronised server holds other computers', too.
        candidates = [
            (events[-1].ended, name, events)
            for name in await _buckets_of(server, self.kind)
            if (events := read_events(self.kind, await server.latest(name, MAX_EVENTS)))
        ]
        if not candidates:
            why = _("{watcher} has sent ActivityWatch nothing yet").format(watcher=self.watcher)
            raise SensorUnavailable(why, _("start {program}").format(program=self.watcher))
        _ended, name, events = max(candidates, key=lambda candidate: candidate[:2])
        return name, events

    def _is_fresh(self, events: Sequence[ActivityWatchEvent[Any]]) -> bool:
        return bool(events) and self._clock.now() - events[-1].ended <= STALE

    def _require_fresh(self, events: Sequence[ActivityWatchEvent[Any]]) -> None:
        if not self._is_fresh(events):
            why = _("{watcher} has sent ActivityWatch nothing for {seconds:.0f} s")
            raise SensorLost(why.format(watcher=self.watcher, seconds=STALE.total_seconds()))


class ActivityWatchFocus(ActivityWatchSensor):
    """The toplevel in front, by aw-watcher-window (or what fills such a bucket on Wayland)."""

    name = "activitywatch_focus"
    sense: Sense = "focus"
    kind: BucketKind = "focus"
    watcher = "aw-watcher-window"

    def _start(self) -> None:
        self._last_yielded: Toplevel | None = None
        self._newest: datetime | None = None

    async def _convert(
        self, server: ActivityWatchServer, events: Sequence[ActivityWatchEvent[Any]], latest: datetime
    ) -> list[SensorEvent]:
        newest = events[-1]
        # Toplevels that came and went since the last answer count as well, but not those from before the first answer.
        passed = [] if self._newest is None else [event for event in events[:-1] if event.began > self._newest]
        new: list[SensorEvent] = []
        for event in (*passed, newest):
            page = await self._page_title(server, event.content) if event is newest else None
            toplevel = Toplevel(app_id=event.content.app or "", title=page or event.content.title or "")
            if toplevel == self._last_yielded:
                continue
            latest = max(latest, min(event.began, self._clock.now()))
            self._last_yielded = toplevel
            new.append(ToplevelFocused(at=latest, toplevel=toplevel))
        self._newest = newest.began
        return new

    async def _page_title(self, server: ActivityWatchServer, front: FrontFields) -> str | None:
        # Return the title of the page that the browser in front shows, None where it is no browser or reports none.
        browser = browser_for(front.app or "")
        if browser is None:
            return None
        browsers = {name: browser_for(name) for name in await _buckets_of(server, "tab")}
        has_own = browser in browsers.values()
        for name, other in browsers.items():
            if other not in {browser, None} and (has_own or not may_stand_in(other, browser)):
                continue
            pages = read_events("tab", await server.latest(name))
            title = pages[-1].content.title if pages else None
            if not title or self._clock.now() - pages[-1].ended > TAB_STALE:
                continue
            # What another browser's bucket holds may be of that browser, which runs as well.
            if other in {browser, None} or not front.title or title in front.title:
                return browser.title(title)
        return None


class ActivityWatchIdle(ActivityWatchSensor):
    """Idle by aw-watcher-afk, after as long as its own settings say. It reports since when, and so does `WentIdle`."""

    name = "activitywatch_idle"
    sense: Sense = "idle"
    kind: BucketKind = "idle"
    watcher = "aw-watcher-afk"

    def _start(self) -> None:
        self._idle = False

    async def _convert(
        self, server: ActivityWatchServer, events: Sequence[ActivityWatchEvent[Any]], latest: datetime
    ) -> list[SensorEvent]:
        newest = events[-1]
        now = max(latest, self._clock.now())
        if newest.content.status == "afk" and not self._idle:
            self._idle = True
            return [WentIdle(at=now, since=min(newest.began, now))]
        if newest.content.status == "not-afk" and self._idle:
            self._idle = False
            return [CameBack(at=max(latest, min(newest.began, now)))]
        return []


async def _buckets_of(server: ActivityWatchServer, kind: BucketKind) -> list[str]:
    buckets = await server.buckets()
    types = {name: bucket.get("type") for name, bucket in buckets.items()}
    return [
        name for name, type_ in sorted(types.items()) if isinstance(type_, str) and bucket_kind(name, type_) == kind
    ]


def read_events(kind: BucketKind, events: Sequence[Any]) -> list[ActivityWatchEvent[Any]]:
    """Return the events with the fields of their kind, the oldest first."""
    readable: list[ActivityWatchEvent[Any]] = []
    for sent in events:
        with suppress(msgspec.ValidationError, OverflowError):
            event = msgspec.convert(sent, EVENT_TYPES[kind])
            # An event with a negative duration, or an end after the year 9999, is left out.
            if event.ended >= event.began:
                readable.append(event)
    return sorted(readable, key=lambda event: (event.began, event.ended))
