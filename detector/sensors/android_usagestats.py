"""What Android kept of the last while, for a link that broke: `dumpsys usagestats` as events, and what they come to.

Rule 1: it is asked only after a break of the link within partner time, and what lies before the break is dropped here.
Rule 2: only the block "Last 24 hour events" of the person's own user counts; sums and other users' blocks do not.
Rule 3: times are the phone's own wall time without a zone; they stay events of the phone's clock here.

Android 10 and later print ACTIVITY_RESUMED, earlier ones MOVE_TO_FOREGROUND; digits are of the phone's language.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from detector.sensors.android_events import Event, Keyguard, Resumed, Screen
from detector.sensors.android_hand import Hand
from detector.sensors.model import SensorEvent

COMMAND: Final = (
    "dumpsys usagestats 2>/dev/null | grep -oE "
    '\'^ *user=[0-9]+|Last 24 hour events|In-memory|time="[^"]*" type=(ACTIVITY_RESUMED|MOVE_TO_FOREGROUND|'
    "SCREEN_INTERACTIVE|SCREEN_NON_INTERACTIVE|KEYGUARD_SHOWN|KEYGUARD_HIDDEN) package=[^ ]+'"
)
"""Filtered on the phone: no class, no notification, no shortcut and no other kind of event leaves it."""

_TIME: Final = re.compile(r'time="(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)" type=([A-Z_]+) package=(\S+)')
_USER: Final = re.compile(r"\s*user=([0-9]+)")
_RESUMED: Final = frozenset({"ACTIVITY_RESUMED", "MOVE_TO_FOREGROUND"})
_SCREEN: Final = {"SCREEN_INTERACTIVE": True, "SCREEN_NON_INTERACTIVE": False}
_KEYGUARD: Final = {"KEYGUARD_SHOWN": True, "KEYGUARD_HIDDEN": False}
_TICK: Final = timedelta(seconds=1)


def zone(told: str) -> timezone:
    """Return the zone of `date +%z`, such as +0530. Anything else is UTC."""
    matched = re.fullmatch(r"([+-])(\d\d):?(\d\d)", told.strip())
    if matched is None or int(matched[2]) > 14:
        return UTC
    ahead = timedelta(hours=int(matched[2]), minutes=int(matched[3]))
    return timezone(-ahead if matched[1] == "-" else ahead)


def read(dump: str, *, user: int, local: timezone) -> list[Event]:
    """Return the events of a user in order, by the phone's clock. What cannot be read is left out."""
    found = list(_events(dump, user, local))
    # The order of the dump decides between events of one second.
    return sorted(found, key=lambda event: event.at)


def missed(
    events: list[Event], hand: Hand, *, since: datetime, until: datetime, ours: Callable[[datetime], datetime]
) -> tuple[list[SensorEvent], Hand]:
    """Return what was missed between `since` and `until`, and the phone as it was left.

    `hand` is the phone as it was when the link broke; it stays as it is. `ours` turns the phone's time into ours. The
    phone tells whole seconds, so an instant may be up to a second early; none is outside of the stretch.
    """
    hand = copy.copy(hand)
    said: list[SensorEvent] = []
    for event in events:
        at = ours(event.at)
        # What was seen live in the second of the break is not told twice: the hand knows it already.
        if since - _TICK < at <= until:
            said += hand.take(event, max(at, since))
    return said, hand


def _events(dump: str, user: int, local: timezone) -> Iterator[Event]:
    is_ours, is_open = True, False
    for line in dump.splitlines():
        if (heading := _USER.match(line)) is not None:
            is_ours, is_open = int(heading[1]) == user, False
        elif "Last 24 hour events" in line:
            is_open = is_ours
        elif "In-memory" in line:
            is_open = False
        elif is_open and (event := _event(line, user, local)) is not None:
            yield event


def _event(line: str, user: int, local: timezone) -> Event | None:
    matched = _TIME.search(line)
    if matched is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(word) for word in matched.groups()[:6])
        at = datetime(year, month, day, hour, minute, second, tzinfo=local).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    kind, package = matched[7], matched[8]
    if kind in _RESUMED:
        return Resumed(at=at, user=user, package=package)
    if kind in _SCREEN:
        return Screen(at=at, is_on=_SCREEN[kind])
    if kind in _KEYGUARD:
        return Keyguard(at=at, is_shown=_KEYGUARD[kind])
    return None
