"""From settled tracks to observations: what was known of one device in one stretch, and what is not known. Pure.

Rule 1: silence is never presence: where nothing was recorded nothing is known, and a `Gap` says so.
Rule 2: an event without a length lasts until the next one, at most `OPEN`; else it is known only that it began.
Rule 3: of two events that overlap the later one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from detector.core.observations import (
    Activity,
    CameBack,
    Focused,
    Gap,
    GapReason,
    LaidDown,
    Observation,
    PickedUp,
    SensorStarted,
    WentIdle,
)
from detector.importing.tracks import NOTHING, Host, Track

SENSOR: Final = "activitywatch"
_SECOND: Final = 1_000_000

OPEN: Final = 600 * _SECOND
"""As for a phone's live word: what gives no other sign for so long is unknown from its last sign on."""
MISSED: Final = 15 * _SECOND
"""A hole so short is a poll or two that a watcher missed: what was in front went on."""
EMPTY: Final = 300 * _SECOND
"""So long nothing may be in front while the other watcher says that somebody is there; then the watcher was off."""
PULSE: Final = 300 * _SECOND
"""The watcher of idleness joins what lies less than three minutes apart; a hole longer than this is the watcher's end."""
TAB: Final = 120 * _SECOND
"""A browser says again once a minute which tab is open."""
ASLEEP: Final = 12 * 3600 * _SECOND
"""Android itself writes down what is opened, and ActivityWatch reads it up later: silence between two of its events is
a phone that lies there, but not for longer than this."""

_UNKNOWN: Final = -2
_HOLE: Final = -3
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Front(NamedTuple):
    what: int
    browser: int = 0
    hole: int = 0
    """How long the hole is, in all."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was known from an instant on: whether anything, what was in front, and whether nobody was there."""

    at: int
    is_known: bool
    what: int = NOTHING
    is_idle: bool = False


def known(host: Host, begins: int, ends: int) -> list[Known]:
    """Return what was known of the host's device in `[begins, ends)`, from each change on; the first is at `begins`."""
    changes = _phone(host, begins, ends) if "app" in host.tracks else _laptop(host, begins, ends)
    found: list[Known] = []
    for change in changes:
        at = max(change.at, begins)
        if at >= ends:
            break
        lifted = Known(at, change.is_known, change.what, change.is_idle)
        if found and found[-1].at == at:
            found.pop()
        if not found or (found[-1].is_known, found[-1].what, found[-1].is_idle) != (
            lifted.is_known,
            lifted.what,
            lifted.is_idle,
        ):
            found.append(lifted)
    return found


def known_for(stretches: Iterable[Known], ends: int) -> int:
    """Return how long anything was known, in microseconds."""
    total, since = 0, None
    for each in stretches:
        if since is not None:
            total += each.at - since
        since = each.at if each.is_known else None
    return total + (ends - since if since is not None else 0)


def observations(
    host: Host, stretches: Iterable[Known], begins: int, ends: int, activities: list[Activity]
) -> Iterator[Observation]:
    """Yield what a sensor would have said; instants never decrease."""
    unlocks = iter(_unlocks(host, begins, ends))
    unlock = next(unlocks, None)
    said = _Saying(host, activities)
    for each in stretches:
        while unlock is not None and unlock < each.at:
            yield from said.picked_up(unlock)
            unlock = next(unlocks, None)
        yield from said.say(each)
    while unlock is not None:
        yield from said.picked_up(unlock)
        unlock = next(unlocks, None)


class _Saying:
    def __init__(self, host: Host, activities: list[Activity]) -> None:
        self._device = host.device
        self._is_phone = "app" in host.tracks
        self._tells_idle = "idle" in host.tracks
        self._activities = activities
        self._is_known = self._is_idle = False
        self._what = _UNKNOWN

    def say(self, now: Known) -> Iterator[Observation]:
        at, device = as_instant(now.at), self._device
        if not now.is_known:
            if self._is_known:
                yield Gap(at=at, device=device, since=at, reason=GapReason.SILENT, sense="focus")
            self._is_known, self._what = False, _UNKNOWN
            return
        if not self._is_known:
            yield SensorStarted(at=at, device=device, sense="focus", sensor=SENSOR)
            if self._tells_idle:
                yield SensorStarted(at=at, device=device, sense="idle", sensor=SENSOR)
        if now.is_idle and not self._is_idle:
            yield WentIdle(at=at, device=device, since=at)
        if now.what != self._what:
            yield self._in_front(at, now.what)
        if self._is_idle and not now.is_idle:
            yield CameBack(at=at, device=device)
        self._is_known, self._is_idle, self._what = True, now.is_idle, now.what

    def picked_up(self, at: int) -> Iterator[Observation]:
        # Where nothing is known of the phone, that it was unlocked would make its silence look like presence.
        if self._is_known:
            yield PickedUp(at=as_instant(at), device=self._device)

    def _in_front(self, at: datetime, what: int) -> Observation:
        if what == NOTHING and self._is_phone:
            return LaidDown(at=at, device=self._device)
        return Focused(at=at, device=self._device, activity=None if what == NOTHING else self._activities[what])


def as_instant(at: int) -> datetime:
    """Return the instant of so many microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=at)


def as_integer(at: datetime) -> int:
    """Return the microseconds since the epoch."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def _unlocks(host: Host, begins: int, ends: int) -> Iterable[int]:
    track = host.tracks.get("unlock")
    return track.began[track.first_from(begins) : track.first_from(ends)] if track else ()


def _phone(host: Host, begins: int, ends: int) -> Iterator[Known]:
    yield Known(begins, is_known=False)
    track = host.tracks["app"]
    for at in _events(track, begins, ends):
        began, ended, following = _edges(track, at)
        if ended == began:
            is_closed = following is not None and following - began <= OPEN
            yield Known(began, is_known=is_closed, what=track.what[at] if is_closed else NOTHING)
            continue
        yield Known(began, is_known=True, what=track.what[at])
        if following is None or following - ended > ASLEEP:
            yield Known(ended, is_known=False)
        elif following > ended:
            yield Known(ended, is_known=True)


def _laptop(host: Host, begins: int, ends: int) -> Iterator[Known]:
    yield Known(begins, is_known=False)
    fronts = _fronts(host.tracks.get("focus", Track()), begins, ends)
    idles = _idles(host.tracks["idle"], begins, ends) if "idle" in host.tracks else None
    tabs = _tabs(host.tracks["tab"], begins, ends) if "tab" in host.tracks else []
    front, idle, tab = _Front(_HOLE), _UNKNOWN, _Front(NOTHING)
    for at, change in sorted(
        [(at, found) for changes in (fronts, idles or [], tabs) for at, found in changes], key=lambda pair: pair[0]
    ):
        front, idle, tab = change(front, idle, tab)
        yield _together(at, front, None if idles is None else idle, tab)


def _together(at: int, front: _Front, idle: int | None, tab: _Front) -> Known:
    if _UNKNOWN in {idle, front.what}:
        return Known(at, is_known=False)
    if front.what == _HOLE:
        nobody = idle == 1
        is_empty = idle == 0 and 0 < front.hole <= EMPTY
        return Known(at, is_known=nobody or is_empty, is_idle=nobody)
    is_page = front.browser and tab.what >= 0 and tab.browser in {0, front.browser}
    return Known(at, is_known=True, what=tab.what if is_page else front.what, is_idle=idle == 1)


_Change = Callable[[_Front, int, _Front], tuple[_Front, int, _Front]]


def _fronts(track: Track, begins: int, ends: int) -> list[tuple[int, _Change]]:
    found: list[tuple[int, _Change]] = []
    for at in _events(track, begins, ends):
        began, ended, following = _edges(track, at)
        seen = _Front(track.what[at], track.browser[at])
        if ended == began:
            is_closed = following is not None and following - began <= OPEN
            found.append((began, _front(seen if is_closed else _Front(_UNKNOWN))))
            continue
        found.append((began, _front(seen)))
        hole = None if following is None else following - ended
        if hole is None or hole > MISSED:
            found.append((ended, _front(_Front(_HOLE, hole=hole or 0))))
    return found


def _idles(track: Track, begins: int, ends: int) -> list[tuple[int, _Change]]:
    found: list[tuple[int, _Change]] = []
    for at in _events(track, begins, ends):
        began, ended, following = _edges(track, at)
        found.append((began, _idle(track.what[at])))
        if following is None or following - ended > PULSE:
            found.append((ended, _idle(_UNKNOWN)))
    return found


def _tabs(track: Track, begins: int, ends: int) -> list[tuple[int, _Change]]:
    found: list[tuple[int, _Change]] = []
    for at in _events(track, begins, ends):
        began, ended, following = _edges(track, at)
        found.append((began, _tab(_Front(track.what[at], track.browser[at]))))
        if following is None or following - ended > TAB:
            found.append((ended, _tab(_Front(NOTHING))))
    return found


def _front(seen: _Front) -> _Change:
    return lambda _front, idle, tab: (seen, idle, tab)


def _idle(seen: int) -> _Change:
    return lambda front, _idle, tab: (front, seen, tab)


def _tab(seen: _Front) -> _Change:
    return lambda front, idle, _tab: (front, idle, seen)


def _events(track: Track, begins: int, ends: int) -> range:
    # The last one before it may reach into it, or its silence may.
    return range(max(0, track.before(begins)), track.first_from(ends))


def _edges(track: Track, at: int) -> tuple[int, int, int | None]:
    """Return when the event began and ended, and when the next one began."""
    following = track.began[at + 1] if at + 1 < len(track) else None
    ended = track.ended[at] if following is None else min(track.ended[at], following)
    return track.began[at], ended, following
