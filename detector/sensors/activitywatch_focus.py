"""Which toplevel is in front, as a running ActivityWatch is told: for sessions in which nothing of ours can tell.

Rule 1: while a browser is in front, and tells which page it shows, its word counts for the title.
Rule 2: what is seen is said once: an equal toplevel is not said again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from detector.core.observations import Sense
from detector.sensors.activitywatch_buckets import Kind, browser_of, kind_of
from detector.sensors.activitywatch_events import Event, Front
from detector.sensors.activitywatch_sensor import ActivityWatchSensor, read_events
from detector.sensors.activitywatch_server import ActivityWatchServer
from detector.sensors.model import SensorEvent, Toplevel, ToplevelFocused

TAB_STALE: Final = timedelta(seconds=150)
"""A browser says again once a minute which page it shows."""


class ActivityWatchFocus(ActivityWatchSensor):
    """The toplevel in front, by aw-watcher-window (or what fills such a bucket on Wayland)."""

    name = "activitywatch_focus"
    sense: Sense = "focus"
    kind: Kind = "focus"
    watcher = "aw-watcher-window"

    def _begin(self) -> None:
        self._said: Toplevel | None = None
        self._seen: datetime | None = None

    async def _say(
        self, server: ActivityWatchServer, events: Sequence[Event[Any]], latest: datetime
    ) -> list[SensorEvent]:
        newest = events[-1]
        passed = [] if self._seen is None else [each for each in events[:-1] if each.began > self._seen]
        found: list[SensorEvent] = []
        for event in (*passed, newest):
            page = await self._page(server, event.content) if event is newest else None
            toplevel = Toplevel(app_id=event.content.app or "", title=page or event.content.title or "")
            if toplevel == self._said:
                continue
            latest = max(latest, min(event.began, self._clock.now()))
            self._said = toplevel
            found.append(ToplevelFocused(at=latest, toplevel=toplevel))
        self._seen = newest.began
        return found

    async def _page(self, server: ActivityWatchServer, front: Front) -> str | None:
        browser = browser_of(front.app or "")
        if browser is None:
            return None
        told = await server.buckets()
        for name in sorted(told):
            type_ = told[name].get("type")
            if not isinstance(type_, str) or kind_of(name, type_) != "tab" or browser_of(name) not in {browser, None}:
                continue
            pages = read_events("tab", await server.latest(name))
            if pages and pages[-1].content.title and self._clock.now() - pages[-1].ended <= TAB_STALE:
                return browser.title(pages[-1].content.title)
        return None
