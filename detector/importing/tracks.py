"""Events once their titles are gone: three integers each, in order of time, by device, host and kind.

Rule 1: what the source told twice, or in two pieces, is there once.
Rule 2: they are settled once, when all are there; before that nothing is asked of them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Final

from detector.core.observations import Activity
from detector.sensors.activitywatch_events import BucketKind

NOTHING: Final = -1
"""Stands for an activity where there is none."""


class Track:
    """Events of one kind on one host. Instants are microseconds since the epoch."""

    __slots__ = ("began", "browser", "ended", "pieces", "twice", "what")

    def __init__(self) -> None:
        self.began = array("q")
        self.ended = array("q")
        self.what = array("i")
        self.browser = array("b")
        self.twice = 0
        self.pieces: set[int] = set()
        """Where events may begin that are the rest of others: at each edge of what was asked for at once."""

    def __len__(self) -> int:
        """Return how many events there are."""
        return len(self.began)

    def add(self, began: int, ended: int, what: int, browser: int) -> None:
        """Take in one event, in any order."""
        self.began.append(began)
        self.ended.append(ended)
        self.what.append(what)
        self.browser.append(browser)

    def settle(self) -> None:
        """Bring them in order, once all are there; what was told twice goes, what was told in pieces is put together."""
        order = sorted(range(len(self)), key=lambda at: (self.began[at], self.ended[at], self.what[at]))
        settled = Track()
        for at in order:
            began, ended, what, browser = self.began[at], self.ended[at], self.what[at], self.browser[at]
            if settled.began and settled.what[-1] == what and settled.browser[-1] == browser:
                is_piece = began in self.pieces and settled.ended[-1] >= began
                if is_piece or settled.began[-1] == began:
                    self.twice += not is_piece
                    settled.ended[-1] = max(ended, settled.ended[-1])
                    continue
            settled.add(began, ended, what, browser)
        self.began, self.ended, self.what, self.browser = settled.began, settled.ended, settled.what, settled.browser
        self.pieces.clear()

    def before(self, at: int) -> int:
        """Return the index of the last event that began at `at` or earlier, or -1."""
        return bisect_right(self.began, at) - 1

    def first_from(self, at: int) -> int:
        """Return the index of the first event that began at `at` or later."""
        return bisect_left(self.began, at)


@dataclass(slots=True)
class Host:
    """All that is known of one device by the name that ActivityWatch has for it."""

    device: str
    tracks: dict[BucketKind, Track] = field(default_factory=dict)

    @property
    def reach(self) -> int:
        """The last instant of which anything is told."""
        return max((max(track.ended) for track in self.tracks.values() if len(track)), default=0)


class Tracks:
    """All tracks, and the activities that their numbers stand for."""

    def __init__(self) -> None:
        self.activities: list[Activity] = []
        self.hosts: dict[tuple[str, str], Host] = {}
        self._numbers: dict[Activity, int] = {}

    def number(self, activity: Activity) -> int:
        """Return the activity's number."""
        number = self._numbers.get(activity)
        if number is None:
            number = self._numbers[activity] = len(self.activities)
            self.activities.append(activity)
        return number

    def track(self, device: str, host: str, kind: BucketKind) -> Track:
        """Return the track, made where there is none yet."""
        of_host = self.hosts.get((device, host))
        if of_host is None:
            of_host = self.hosts[device, host] = Host(device)
        track = of_host.tracks.get(kind)
        if track is None:
            track = of_host.tracks[kind] = Track()
        return track

    def settle(self) -> dict[str, int]:
        """Bring everything in order; return how many events were told twice, by device."""
        twice: dict[str, int] = {}
        for (device, _), host in self.hosts.items():
            for track in host.tracks.values():
                track.settle()
                twice[device] = twice.get(device, 0) + track.twice
        self._lend_unlocks()
        return twice

    def _lend_unlocks(self) -> None:
        # Some versions of ActivityWatch for Android call the host of unlocks otherwise than that of apps.
        for (device, _), host in list(self.hosts.items()):
            others = [other for (name, _), other in self.hosts.items() if name == device and "app" in other.tracks]
            if set(host.tracks) == {"unlock"} and len(others) == 1:
                others[0].tracks.setdefault("unlock", host.tracks.pop("unlock"))
