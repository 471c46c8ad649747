"""Events once their titles are gone: four integers each, in order of time, by device, host and kind.

Invariant 1: what the source recorded twice, or in two pieces, is there once.
Invariant 2: tracks are read only after `finish`, which is called once all events are there.
"""

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Final

from detector.core.observations import LAPTOP, Activity
from detector.sensors.activitywatch_events import BROWSERS, BucketKind, may_stand_in

NOTHING: Final = -1
"""Stands for an activity where there is none, such as a phone's launcher."""
OVERLAY: Final = -2
"""Stands for a dialog of the phone's system, which lies over what is in front."""
OTHER_BROWSER: Final = len(BROWSERS) + 1
"""The number of a browser that is not in `BROWSERS`; the others have the numbers from 1 on."""


class EventTrack:
    """Events of one kind on one host, as arrays: a year has millions. Instants are microseconds since the epoch."""

    __slots__ = ("activity_index", "began", "duplicates", "ended", "qualifier", "split_points")

    def __init__(self) -> None:
        self.began = array("q")
        self.ended = array("q")
        self.activity_index = array("i")
        self.qualifier = array("i")
        """Of a toplevel: its browser, negative if its title was enough. Of a phone's app: the number of the screen."""
        self.duplicates = 0
        self.split_points: set[int] = set()
        """Where the rest of an event may begin: at the edges of the requested spans."""

    def __len__(self) -> int:
        return len(self.began)

    def add(self, began: int, ended: int, activity_index: int, qualifier: int) -> None:
        self.began.append(began)
        self.ended.append(ended)
        self.activity_index.append(activity_index)
        self.qualifier.append(qualifier)

    def finish(self) -> None:
        """Sort the events, once all are there; drop duplicates, and join what is in pieces."""
        order = sorted(
            range(len(self)),
            key=lambda at: (self.began[at], self.ended[at], self.activity_index[at], self.qualifier[at]),
        )
        done = EventTrack()
        # Watchers send heartbeats: the same activity again, a little longer. aw-server joins them, but not always.
        for at in order:
            began, ended, activity_index, qualifier = (
                self.began[at],
                self.ended[at],
                self.activity_index[at],
                self.qualifier[at],
            )
            # Sorted by beginning, so a duplicate or the rest of an event follows directly.
            if done.began and done.activity_index[-1] == activity_index and done.qualifier[-1] == qualifier:
                is_piece = began in self.split_points and done.ended[-1] >= began
                if is_piece or done.began[-1] == began:
                    self.duplicates += not is_piece
                    done.ended[-1] = max(ended, done.ended[-1])
                    continue
            done.add(began, ended, activity_index, qualifier)
        self.began, self.ended, self.activity_index, self.qualifier = (
            done.began,
            done.ended,
            done.activity_index,
            done.qualifier,
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
    """The events of one device under the name that ActivityWatch has for it. `tabs`: by their browser."""

    device: str
    tracks: dict[BucketKind, EventTrack] = field(default_factory=dict)
    tabs: dict[int, EventTrack] = field(default_factory=dict)
    app_uses: EventTrack | None = None
    """The uses of a phone; `timeline` computes them from the events of its apps, once for all partner times."""

    @property
    def all_tracks(self) -> list[EventTrack]:
        # The tabs of one bucket may be those of several browsers.
        return [*self.tracks.values(), *{id(track): track for track in self.tabs.values()}.values()]

    @property
    def last_instant(self) -> int:
        return max((max(track.ended) for track in self.all_tracks if len(track)), default=0)


class EventTracks:
    """All tracks, and the activities that their numbers stand for."""

    def __init__(self) -> None:
        self.activities: list[Activity] = []
        self.hosts: dict[tuple[str, str], SourceHost] = {}
        self._tabs: dict[tuple[str, int], EventTrack] = {}
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

    def tab_track(self, host: str, browser: int) -> EventTrack:
        """Return the track of a browser's tabs; `finish` finds out to which host they belong."""
        track = self._tabs.get((host, browser))
        if track is None:
            track = self._tabs[host, browser] = EventTrack()
        return track

    def finish(self) -> dict[str, int]:
        """Sort everything; return how many events were recorded twice, by device."""
        duplicates: dict[str, int] = {}
        for (device, _host), host in self.hosts.items():
            for track in host.tracks.values():
                track.finish()
                duplicates[device] = duplicates.get(device, 0) + track.duplicates
        for (host_name, browser), track in self._tabs.items():
            track.finish()
            duplicates[LAPTOP] = duplicates.get(LAPTOP, 0) + track.duplicates
            self._join_tabs(host_name, browser, track)
        self._join_unlocks()
        return duplicates

    def _join_unlocks(self) -> None:
        # Some versions of ActivityWatch for Android have another host for unlocks than for apps.
        for (device, _host), host in list(self.hosts.items()):
            others = [other for (name, _other), other in self.hosts.items() if name == device and "app" in other.tracks]
            if set(host.tracks) == {"unlock"} and len(others) == 1:
                others[0].tracks.setdefault("unlock", host.tracks.pop("unlock"))

    def _join_tabs(self, host_name: str, browser: int, track: EventTrack) -> None:
        # Most browsers cannot tell on which computer they run: aw-watcher-web writes the host "unknown".
        laptops = {name: host for (device, name), host in self.hosts.items() if device == LAPTOP}
        fronts = [host.tracks["focus"] for host in laptops.values() if "focus" in host.tracks]
        host = laptops.get(host_name)
        if host is None or "focus" not in host.tracks:
            best = max(fronts, key=lambda front: _matches(front, browser, track), default=None)
            host = next(
                (each for each in laptops.values() if best is not None and each.tracks.get("focus") is best), None
            )
        if host is None:
            self.hosts.setdefault((LAPTOP, host_name), SourceHost(LAPTOP)).tabs[browser] = track
            return
        named = {number for _host, number in self._tabs}
        for number in _browsers_of(host.tracks["focus"], browser, named - {browser}):
            host.tabs[number] = track


def _browsers_of(front: EventTrack, browser: int, others: set[int]) -> set[int]:
    """Return the browsers that these tabs may be of: that of the bucket's name, or where it never ran, those like it."""
    in_front = set(map(abs, front.qualifier)) - {0}
    if browser in in_front or not browser:
        return {browser}
    named = BROWSERS[browser - 1]
    return {browser} | {
        number
        for number in in_front - others
        if may_stand_in(named, None if number == OTHER_BROWSER else BROWSERS[number - 1])
    }


def _matches(front: EventTrack, browser: int, tabs: EventTrack) -> int:
    """Return how many of the tabs began while such a browser was in front."""
    browsers = _browsers_of(front, browser, set())
    found = 0
    for began in tabs.began:
        at = front.last_until(began)
        in_front = abs(front.qualifier[at]) if at >= 0 and began < front.ended[at] else 0
        found += in_front != 0 and (in_front in browsers or not browser)
    return found
