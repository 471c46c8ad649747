"""From what aw-android records of Android's events to what was in front of a phone. Pure.

Android records RESUMED and PAUSED for each screen of an app. aw-android makes one event of the two where nothing lies between them;
where the next app is RESUMED before this one is PAUSED, each of them is an event without a length.

Invariant 1: uses do not overlap. A use without a reported end lasts until the next one, and is unknown if that is too long.
Invariant 2: a dialog of the system's belongs to what it lies over; pieces of one app with less than `SAME_USE` between are one.
"""

from typing import Final

from detector.importing.tracks import NOTHING, OVERLAY, EventTrack

_SECOND: Final = 1_000_000
MAX_OPEN: Final = 600 * _SECOND
"""As for a phone's live events: an app that is only known to have been opened is unknown after so long."""
MAX_PHONE_SILENCE: Final = 12 * 3600 * _SECOND
"""Android itself records what is opened, and ActivityWatch reads it later: silence between two of its events is a phone
that nobody uses, but not for longer than this."""
SAME_USE: Final = _SECOND
_HANDOVER: Final = 2 * _SECOND
"""How long after one app came to the front Android may record PAUSED for the other."""
_AT_ONCE: Final = _SECOND // 2
_MAX_MERGED: Final = _SECOND
"""aw-android makes a RESUMED one with the event before it if that is no older."""

KNOWN: Final = 0
UNKNOWN: Final = 1


def app_uses(events: EventTrack) -> EventTrack:
    """Return what was in front from when to when; the qualifier says whether that is `KNOWN` or `UNKNOWN`."""
    return _joined(_Pairing(events).run())


class _Pairing:
    def __init__(self, events: EventTrack) -> None:
        self._events = events
        self._found = EventTrack()
        # The screen in front, or None, and since when; and the screens that have no PAUSED yet.
        self._front: int | None = None
        self._since = self._changed = 0
        self._activity = NOTHING
        self._resumed: set[int] = set()
        self._last: int | None = None
        self._latest_use: dict[int, int] = {}

    def run(self) -> EventTrack:
        events = self._events
        for at in range(len(events)):
            began, ended, screen = events.began[at], events.ended[at], events.qualifier[at]
            if ended > began and not (screen in self._resumed and ended - began <= _MAX_MERGED):
                following = events.began[at + 1] if at + 1 < len(events) else ended
                self._resume(began, screen, events.activity_index[at])
                self._pause(max(began, min(ended, following)))
                self._resumed.discard(screen)
            elif ended == began and self._is_pause(at):
                self._on_pause(began, screen)
            else:
                self._resume(began, screen, events.activity_index[at])
                self._resumed.add(screen)
        if self._front is not None:
            self._close(self._since, is_end_known=False)
        return self._found

    def _is_pause(self, at: int) -> bool:
        began, screen = self._events.began[at], self._events.qualifier[at]
        if screen == self._front:
            # Directly after its own RESUMED it would have been made one event with it.
            return self._events.qualifier[at - 1] != screen
        if began - self._changed > _HANDOVER:
            return False
        if screen in self._resumed:
            return True
        # A RESUMED may be hidden at the end of an event. Of two screens one alone stays: who comes now, or who came just before.
        return (
            self._front is not None
            and screen == self._last
            and began - self._since <= _AT_ONCE
            and not self._is_left_soon(at, self._front)
        )

    def _is_left_soon(self, at: int, screen: int) -> bool:
        began = self._events.began[at]
        for later in range(at + 1, len(self._events)):
            if self._events.began[later] - began > _HANDOVER:
                return False
            if self._events.qualifier[later] == screen:
                return True
        return False

    def _on_pause(self, at: int, screen: int) -> None:
        self._resumed.discard(screen)
        if screen == self._front:
            self._pause(at)
            return
        use = self._latest_use.get(screen)
        if use is not None:
            # It was left when the next one came, and is reported only now.
            self._found.qualifier[use] = KNOWN
            if screen == self._last and self._front is not None:
                self._found.ended[use] = self._since

    def _resume(self, at: int, screen: int, activity: int) -> None:
        if screen == self._front:
            return
        if self._front is not None:
            self._close(at, is_end_known=False)
        self._front, self._since, self._changed, self._activity = screen, at, at, activity

    def _pause(self, at: int) -> None:
        self._close(at, is_end_known=True)
        self._front, self._changed = None, at

    def _close(self, at: int, *, is_end_known: bool) -> None:
        if self._front is None:
            return
        self._latest_use[self._front] = len(self._found)
        self._found.add(self._since, at, self._activity, KNOWN if is_end_known else UNKNOWN)
        self._last = self._front


def _joined(pieces: EventTrack) -> EventTrack:
    joined = EventTrack()
    for began, ended, activity_index, end in zip(
        pieces.began, pieces.ended, pieces.activity_index, pieces.qualifier, strict=True
    ):
        # Where nothing is in front, nothing can have lasted too long.
        max_length = MAX_PHONE_SILENCE if activity_index == NOTHING else MAX_OPEN
        is_known = ended > began and (end == KNOWN or ended - began <= max_length)
        is_near = len(joined) > 0 and began - joined.ended[-1] < SAME_USE and joined.qualifier[-1] == KNOWN
        before = joined.activity_index[-1] if is_near else NOTHING
        what = before if activity_index == OVERLAY else activity_index
        if is_known and is_near and what == before:
            joined.ended[-1] = ended
        else:
            joined.add(began, ended, what if is_known else NOTHING, KNOWN if is_known else UNKNOWN)
    return joined
