"""Events once their titles are gone: four integers each, in order of time, by device, host and kind.

Invariant 1: what the source recorded twice, or in two pieces, is there once.
Invariant 2: nothing is asked of the tracks before `finish` was called, once all events are there.
"""

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Final

from detector.core.observations import Activity
from detector.sensors.activitywatch_events import BucketKind

NOTHING: Final = -1
"""Stands for an activity where there is none."""


class EventTrack:
    """Events of one kind on one host, as arrays: a year has millions. Instants are microseconds since the epoch."""

    __slots__ = ("activity_index", "began", "browser", "duplicates", "ended", "split_points")

    def __init__(self) -> None:
        self.began = array("q")
        self.ended = array("q")
        self.activity_index = array("i")
        self.browser = array("b")
        self.duplicates = 0
        self.split_points: set[int] = set()
        """Where the rest of an event may begin: at each edge of what was requested at once."""

    def __len__(self) -> int:
        return len(self.began)

    def add(self, began: int, ended: int, activity_index: int, browser: int) -> None:
        self.began.append(began)
        self.ended.append(ended)
        self.activity_index.append(activity_index)
        self.browser.append(browser)

    def finish(self) -> None:
        """Sort the events, once all are there; drop duplicates, and join what is in pieces."""
        order = sorted(range(len(self)), key=lambda at: (self.began[at], self.ended[at], self.activity_index[at]))
        done = EventTrack()
        # Watchers send heartbeats: the same activity again, a little longer. aw-server joins them, but not always.
        for at in order:
            began, ended, activity_index, browser = (
                self.began[at],
                self.ended[at],
                self.activity_index[at],
                self.browser[at],
            )
            # Sorted by beginning, so a duplicate or the rest of an event follows directly.
            if done.began and done.activity_index[-1] == activity_index and done.browser[-1] == browser:
                is_piece = began in self.split_points and done.ended[-1] >= began
                if is_piece or done.began[-1] == began:
                    self.duplicates += not is_piece
                    done.ended[-1] = max(ended, done.ended[-1])
                    continue
            done.add(began, ended, activity_index, browser)
        self.began, self.ended, self.activity_index, self.browser = (
            done.began,
            done.ended,
            done.activity_index,
            done.browser,
        )
        self.split_points.clear()

    def last_until(self, at: int) -> int:
        """Return the index of the last event that began at `at` or earlier, or -1."""
        return bisect_right(self.began, at) - 1

    def first_from(self, at: int) -> int:
        """Return the index of the first event that began at `at` or later."""
        return bisect_left(self.began, at)


@dataclass(slots=True)
class SourceHost:
    """All that is known of one device under the name that ActivityWatch has for it."""

    device: str
    tracks: dict[BucketKind, EventTrack] = field(default_factory=dict)

    @property
    def last_instant(self) -> int:
        return max((max(track.ended) for track in self.tracks.values() if len(track)), default=0)


class EventTracks:
    """All tracks, and the activities that their numbers stand for."""

    def __init__(self) -> None:
        self.activities: list[Activity] = []
        self.hosts: dict[tuple[str, str], SourceHost] = {}
        self._numbers: dict[Activity, int] = {}

    def number(self, activity: Activity) -> int:
        number = self._numbers.get(activity)
        if number is None:
            number = self._numbers[activity] = len(self.activities)
            self.activities.append(activity)
        return number

    def track(self, device: str, host: str, kind: BucketKind) -> EventTrack:
        # Not setdefault(), which would make four arrays for every event.
        of_host = self.hosts.get((device, host))
        if of_host is None:
            of_host = self.hosts[device, host] = SourceHost(device)
        track = of_host.tracks.get(kind)
        if track is None:
            track = of_host.tracks[kind] = EventTrack()
        return track

    def finish(self) -> dict[str, int]:
        """Sort everything; return how many events were recorded twice, by device."""
        duplicates: dict[str, int] = {}
        for (device, _host), host in self.hosts.items():
            for track in host.tracks.values():
                track.finish()
                duplicates[device] = duplicates.get(device, 0) + track.duplicates
        self._join_unlocks()
        return duplicates

    def _join_unlocks(self) -> None:
        # Some versions of ActivityWatch for Android have another host for unlocks than for apps.
        for (device, _host), host in list(self.hosts.items()):
            others = [other for (name, _other), other in self.hosts.items() if name == device and "app" in other.tracks]
            if set(host.tracks) == {"unlock"} and len(others) == 1:
                others[0].tracks.setdefault("unlock", host.tracks.pop("unlock"))
