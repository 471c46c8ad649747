"""From tracks to observations: what was known of one device in one span, and what is unknown. Pure.

Invariant 1: silence is never presence: where nothing was recorded nothing is known, and a `Gap` says so.
Invariant 2: an event without a length lasts until the next one, at most `MAX_OPEN`; else it is known only that it began.
Invariant 3: of two events that overlap the later one counts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

import detector.core.observations as obs
from detector.importing.phone_uses import KNOWN, MAX_OPEN, MAX_PHONE_SILENCE, app_uses
from detector.importing.tracks import NOTHING, EventTrack, SourceHost
from detector.sensors.activitywatch_events import BucketKind

SENSOR: Final = "activitywatch"
_SECOND: Final = 1_000_000

MAX_MISSED: Final = 15 * _SECOND
"""Maximum hole that counts as polls that a watcher missed: the same activity went on."""
MAX_EMPTY: Final = 300 * _SECOND
"""Maximum time without anything in front while the other watcher reports somebody; after that the watcher was off."""
MAX_IDLE_SILENCE: Final = 300 * _SECOND
"""The watcher of idleness joins what lies less than three minutes apart; after a longer hole it was off."""
MAX_TAB_SILENCE: Final = 120 * _SECOND
"""A browser reports the open tab again once a minute."""
_UNKNOWN: Final = -2
_SILENT: Final = -3
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _WatcherState(NamedTuple):
    """The state that a watcher recorded: the activity's number (for idleness 1 or 0); `silence`: for how long nothing was recorded."""

    activity_index: int
    browser: int = 0
    silence: int = 0


_Change: TypeAlias = tuple[int, BucketKind, _WatcherState]
_AFTER_SILENCE: Final[dict[BucketKind, tuple[int, _WatcherState]]] = {
    "idle": (MAX_IDLE_SILENCE, _WatcherState(_UNKNOWN)),
    "tab": (MAX_TAB_SILENCE, _WatcherState(NOTHING)),
}
"""How long a watcher may be silent, and what holds once it was for longer."""


@dataclass(frozen=True, slots=True)
class KnownState:
    """The state from an instant on: whether it is known, what was in front, and whether nobody was there."""

    at: int
    is_known: bool
    activity_index: int = NOTHING
    is_idle: bool = False


def known_states(host: SourceHost, begins: int, ends: int) -> list[KnownState]:
    """Return what was known of the host's device in `[begins, ends)`, from each change on; the first is at `begins`."""
    changes = _phone_states(host, begins, ends) if "app" in host.tracks else _laptop_states(host, begins, ends)
    found: list[KnownState] = []
    for change in changes:
        at = max(change.at, begins)
        if at >= ends:
            break
        state = KnownState(at, change.is_known, change.activity_index, change.is_idle)
        # Of several changes at one instant the last counts, also for those before the span.
        if found and found[-1].at == at:
            found.pop()
        if not found or replace(found[-1], at=at) != state:
            found.append(state)
    return found


def known_length(states: Iterable[KnownState], ends: int) -> int:
    """Return how long anything was known, in microseconds."""
    total, since = 0, None
    for each in states:
        if since is not None:
            total += each.at - since
        since = each.at if each.is_known else None
    return total + (ends - since if since is not None else 0)


def observations(
    host: SourceHost, states: Iterable[KnownState], begins: int, ends: int, activities: list[obs.Activity]
) -> Iterator[obs.Observation]:
    """Yield what a sensor would have observed; instants never decrease."""
    # The unlocks lie between the changes; both come in order of time.
    unlocks = iter(_unlocks(host, begins, ends))
    unlock = next(unlocks, None)
    writer = _ObservationWriter(host, activities)
    for each in states:
        while unlock is not None and unlock < each.at:
            yield from writer.unlocked(unlock)
            unlock = next(unlocks, None)
        yield from writer.changed(each)
    while unlock is not None:
        yield from writer.unlocked(unlock)
        unlock = next(unlocks, None)


class _ObservationWriter:
    def __init__(self, host: SourceHost, activities: list[obs.Activity]) -> None:
        self._device = host.device
        self._is_phone = "app" in host.tracks
        self._has_idle = "idle" in host.tracks
        self._activities = activities
        self._is_known = self._is_idle = False
        self._activity_index = _UNKNOWN

    def changed(self, now: KnownState) -> Iterator[obs.Observation]:
        at, device = from_microseconds(now.at), self._device
        if not now.is_known:
            if self._is_known:
                yield obs.Gap(at=at, device=device, since=at, reason=obs.GapReason.SILENT, sense="focus")
            self._is_known, self._activity_index = False, _UNKNOWN
            return
        if not self._is_known:
            yield obs.SensorStarted(at=at, device=device, sense="focus", sensor=SENSOR)
            if self._has_idle:
                yield obs.SensorStarted(at=at, device=device, sense="idle", sensor=SENSOR)
        # Idle before in front: what comes to the front while nobody is there is no use.
        if now.is_idle and not self._is_idle:
            yield obs.WentIdle(at=at, device=device, since=at)
        if now.activity_index != self._activity_index:
            yield self._in_front(at, now.activity_index)
        if self._is_idle and not now.is_idle:
            yield obs.CameBack(at=at, device=device)
        self._is_known, self._is_idle, self._activity_index = True, now.is_idle, now.activity_index

    def unlocked(self, at: int) -> Iterator[obs.Observation]:
        # Where nothing is known of the phone, that it was unlocked would make its silence look like presence.
        if self._is_known:
            yield obs.PickedUp(at=from_microseconds(at), device=self._device)

    def _in_front(self, at: datetime, activity_index: int) -> obs.Observation:
        if activity_index == NOTHING and self._is_phone:
            return obs.LaidDown(at=at, device=self._device)
        return obs.Focused(
            at=at, device=self._device, activity=None if activity_index == NOTHING else self._activities[activity_index]
        )


def from_microseconds(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def to_microseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _unlocks(host: SourceHost, begins: int, ends: int) -> Iterable[int]:
    track = host.tracks.get("unlock")
    return track.began[track.first_from(begins) : track.first_from(ends)] if track else ()


def _phone_states(host: SourceHost, begins: int, ends: int) -> Iterator[KnownState]:
    yield KnownState(begins, is_known=False)
    if host.app_uses is None:
        host.app_uses = app_uses(host.tracks["app"])
    track = host.app_uses
    for at in _events(track, begins, ends):
        began, ended, following = _event_times(track, at)
        yield KnownState(began, is_known=track.qualifier[at] == KNOWN, activity_index=track.activity_index[at])
        if following is None or following - ended > MAX_PHONE_SILENCE:
            yield KnownState(ended, is_known=False)
        elif following > ended:
            yield KnownState(ended, is_known=True)


def _laptop_states(host: SourceHost, begins: int, ends: int) -> Iterator[KnownState]:
    yield KnownState(begins, is_known=False)
    focus, idle, tabs = _WatcherState(_SILENT), _WatcherState(_UNKNOWN), dict[int, _WatcherState]()
    changes = _focus_changes(host.tracks.get("focus", EventTrack()), begins, ends)
    if has_idle := "idle" in host.tracks:
        changes += _changes("idle", host.tracks["idle"], begins, ends)
    for browser, track in host.tabs.items():
        changes += _changes("tab", track, begins, ends, browser)
    # Stable: of changes of one watcher at one instant, the later event comes last and counts (invariant 3).
    for at, kind, new in sorted(changes, key=itemgetter(0)):
        if kind == "focus":
            focus = new
        elif kind == "idle":
            idle = new
        else:
            tabs[new.browser] = new
        # A tab is in front only while its own browser is; 0 is a browser that the watcher of tabs does not name.
        tab = tabs.get(focus.browser, tabs.get(0)) if focus.browser > 0 else None
        page = NOTHING if tab is None else tab.activity_index
        yield _combined(at, focus, idle.activity_index if has_idle else None, page)


def _combined(at: int, focus: _WatcherState, idle: int | None, page: int) -> KnownState:
    if _UNKNOWN in {idle, focus.activity_index}:
        return KnownState(at, is_known=False)
    if focus.activity_index == _SILENT:
        # The watcher of toplevels writes nothing for an empty desktop, and nothing while it is off: the watcher of
        # idleness shows which of the two it was.
        nobody = idle == 1
        is_empty = idle == 0 and 0 < focus.silence <= MAX_EMPTY
        return KnownState(at, is_known=nobody or is_empty, is_idle=nobody)
    return KnownState(at, is_known=True, activity_index=page if page >= 0 else focus.activity_index, is_idle=idle == 1)


def _focus_changes(track: EventTrack, begins: int, ends: int) -> list[_Change]:
    found: list[_Change] = []
    for at in _events(track, begins, ends):
        began, ended, following = _event_times(track, at)
        state = _WatcherState(track.activity_index[at], track.qualifier[at])
        if ended == began:
            is_closed = following is not None and following - began <= MAX_OPEN
            found.append((began, "focus", state if is_closed else _WatcherState(_UNKNOWN)))
            continue
        found.append((began, "focus", state))
        hole = None if following is None else following - ended
        if hole is None or hole > MAX_MISSED:
            found.append((ended, "focus", _WatcherState(_SILENT, silence=hole or 0)))
    return found


def _changes(kind: BucketKind, track: EventTrack, begins: int, ends: int, browser: int = 0) -> list[_Change]:
    max_hole, afterwards = _AFTER_SILENCE[kind]
    found: list[_Change] = []
    for at in _events(track, begins, ends):
        began, ended, following = _event_times(track, at)
        found.append((began, kind, _WatcherState(track.activity_index[at], browser)))
        if following is None or following - ended > max_hole:
            found.append((ended, kind, afterwards._replace(browser=browser)))
    return found


def _events(track: EventTrack, begins: int, ends: int) -> range:
    # With the last event before the span: it may reach into it, or the silence after it may.
    return range(max(0, track.last_until(begins)), track.first_from(ends))


def _event_times(track: EventTrack, at: int) -> tuple[int, int, int | None]:
    following = track.began[at + 1] if at + 1 < len(track) else None
    # Invariant 3: the next event cuts this one.
    ended = track.ended[at] if following is None else min(track.ended[at], following)
    return track.began[at], ended, following
