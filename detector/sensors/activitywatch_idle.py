"""Whether somebody uses this device, as a running ActivityWatch is told.

Rule 1: its watcher notices after three minutes that nobody is there, and says since when; so does `WentIdle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from detector.core.observations import CameBack, Sense, WentIdle
from detector.sensors.activitywatch_buckets import Kind
from detector.sensors.activitywatch_events import Event
from detector.sensors.activitywatch_sensor import ActivityWatchSensor
from detector.sensors.activitywatch_server import ActivityWatchServer
from detector.sensors.model import SensorEvent


class ActivityWatchIdle(ActivityWatchSensor):
    """Idle by aw-watcher-afk, whose own settings say how long is idle."""

    name = "activitywatch_idle"
    sense: Sense = "idle"
    kind: Kind = "idle"
    watcher = "aw-watcher-afk"

    def _begin(self) -> None:
        self._idle = False

    async def _say(
        self, server: ActivityWatchServer, events: Sequence[Event[Any]], latest: datetime
    ) -> list[SensorEvent]:
        del server
        newest = events[-1]
        now = max(latest, self._clock.now())
        if newest.content.status == "afk" and not self._idle:
            self._idle = True
            return [WentIdle(at=now, since=min(newest.began, now))]
        if newest.content.status == "not-afk" and self._idle:
            self._idle = False
            return [CameBack(at=max(latest, min(newest.began, now)))]
        return []
