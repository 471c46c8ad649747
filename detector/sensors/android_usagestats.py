"""Fill in a break of the link from what Android kept: parse `dumpsys usagestats`, and replay it.

Invariant 1: it is asked only after a break of the link within partner time; older events, and those over two hours ago, are dropped.
Invariant 2: only the blocks "Last 24 hour events" of the current user and their profiles count; sums and other users' blocks do not.
Invariant 3: times in the dump are the phone's own wall time without a zone; they stay instants of the phone's clock here.

Android 10 and later print ACTIVITY_RESUMED and ACTIVITY_PAUSED with the number of the app's screen (`instanceId`), earlier ones
MOVE_TO_FOREGROUND and MOVE_TO_BACKGROUND without it. ACTIVITY_STOPPED alone is printed of an app that crashed. Digits may be those
of the phone's language.
"""

import copy
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from detector.sensors.android_events import (
    AndroidEvent,
    AppPaused,
    AppResumed,
    KeyguardToggled,
    PhoneShutDown,
    ScreenToggled,
)
from detector.sensors.android_state import PASSED_OVER, AndroidState
from detector.sensors.model import SensorEvent

COMMAND: Final = (
    "dumpsys usagestats 2>/dev/null | grep -oE "
    '\'^ *user=[0-9]+|Last 24 hour events|In-memory|time="[^"]*" type=(ACTIVITY_RESUMED|MOVE_TO_FOREGROUND|'
    "ACTIVITY_PAUSED|MOVE_TO_BACKGROUND|ACTIVITY_STOPPED|SCREEN_INTERACTIVE|SCREEN_NON_INTERACTIVE|KEYGUARD_SHOWN|"
    "KEYGUARD_HIDDEN|DEVICE_SHUTDOWN) package=[^ ]+( class=[^ ]+)?( instanceId=-?[0-9]+)?' | sed -E 's/ class=[^ ]+//'"
)
"""Filtered on the phone: no class, no notification, no shortcut and no other kind of event leaves it."""

_TIME: Final = re.compile(
    r'time="(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)" type=([A-Z_]+) package=(\S+)(?: class=\S+)?(?: instanceId=(\S+))?'
)
_USER: Final = re.compile(r"\s*user=([0-9]{1,6})\b")
_SECOND: Final = timedelta(seconds=1)
MAX_BACKFILL: Final = timedelta(hours=2)


def parse_zone(offset: str) -> timezone:
    """Return the zone of `date +%z`, such as +0530. Anything else is UTC."""
    matched = re.fullmatch(r"([+-])(\d\d):?(\d\d)", offset.strip())
    if matched is None or int(matched[2]) > 14:
        return UTC
    ahead = timedelta(hours=int(matched[2]), minutes=int(matched[3]))
    return timezone(-ahead if matched[1] == "-" else ahead)


def parse_dump(dump: str, *, users: AbstractSet[int], local: timezone) -> list[AndroidEvent]:
    """Return the events of these users in order, by the phone's clock. What cannot be read is left out.

    An app is paused when its screen in front was paused or stopped, and within two seconds no app was resumed, the lock screen
    was not shown and the screen did not go off: each of these decides by itself what becomes of the app in front.
    """
    # A stable sort: the order of the dump decides between events of one second.
    events = sorted(_events(dump, users, local), key=lambda event: event.at)
    return _without_replaced(_of_screen_in_front(events))


def _of_screen_in_front(events: list[AndroidEvent]) -> Iterator[AndroidEvent]:
    # The screen before may be paused after the next one was resumed, and is stopped later still: neither ends the next one.
    front: tuple[int, str, str] | None = None
    for event in events:
        if isinstance(event, AppResumed):
            front = (event.user, event.package, event.instance)
        if not isinstance(event, AppPaused) or (event.user, event.package, event.instance) == front:
            yield event


def _without_replaced(events: Iterator[AndroidEvent]) -> list[AndroidEvent]:
    result: list[AndroidEvent] = []
    replaced_at: datetime | None = None
    for event in reversed(list(events)):
        match event:
            case AppPaused() if replaced_at is not None and replaced_at - event.at < PASSED_OVER:
                continue
            case AppResumed() | PhoneShutDown() | ScreenToggled(is_on=False) | KeyguardToggled(is_shown=True):
                replaced_at = event.at
        result.append(event)
    return result[::-1]


def replay(
    events: list[AndroidEvent],
    state: AndroidState,
    *,
    since: datetime,
    until: datetime,
    convert: Callable[[datetime], datetime],
) -> tuple[list[SensorEvent], AndroidState]:
    """Return what was missed between `since` and `until`, and the phone's state at the end of it.

    `state` is the phone when the link broke; it is not changed. `convert` turns the phone's time into ours. The dump has
    whole seconds, so an instant may be up to a second early; none is outside of the stretch.
    """
    earliest = max(since, until - MAX_BACKFILL)
    state = copy.copy(state)
    missed: list[SensorEvent] = []
    for event in events:
        at = convert(event.at)
        # What was seen live in the second of the break yields nothing again: the state holds it already.
        # What comes after `until` is in the live log already.
        if since - _SECOND < at <= until:
            at = max(at, since)
            new = state.update(event, at)
            missed += new if at >= earliest else []
    return missed, state


def _events(dump: str, users: AbstractSet[int], local: timezone) -> Iterator[AndroidEvent]:
    # Lines above the first heading are of the current user.
    user, is_our_user, is_block = min(users), True, False
    for line in dump.splitlines():
        if (heading := _USER.match(line)) is not None:
            user, is_block = int(heading[1]), False
            is_our_user = user in users
        elif "Last 24 hour events" in line:
            is_block = is_our_user
        elif "In-memory" in line:
            is_block = False
        elif is_block and (event := _event(line, user, local)) is not None:
            yield event


def _event(line: str, user: int, local: timezone) -> AndroidEvent | None:
    matched = _TIME.search(line)
    if matched is None:
        return None
    try:
        year, month, day, hour, minute, second = (int(word) for word in matched.groups()[:6])
        # Years of the Unix epoch, as in the phone's log; further ones could not be converted by its clock.
        if not 1970 <= year < 2286:
            return None
        at = datetime(year, month, day, hour, minute, second, tzinfo=local).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    kind, package, instance = matched[7], matched[8], matched[9] or ""
    match kind:
        case "ACTIVITY_RESUMED" | "MOVE_TO_FOREGROUND":
            return AppResumed(at=at, user=user, package=package, instance=instance)
        case "ACTIVITY_PAUSED" | "MOVE_TO_BACKGROUND" | "ACTIVITY_STOPPED":
            return AppPaused(at=at, user=user, package=package, instance=instance)
        case "SCREEN_INTERACTIVE" | "SCREEN_NON_INTERACTIVE":
            return ScreenToggled(at=at, is_on=kind == "SCREEN_INTERACTIVE")
        case "KEYGUARD_SHOWN" | "KEYGUARD_HIDDEN":
            return KeyguardToggled(at=at, is_shown=kind == "KEYGUARD_SHOWN")
        case "DEVICE_SHUTDOWN":
            return PhoneShutDown(at=at)
        case _:
            return None
