"""Uses while they go on and afterwards, and the person who goes from one device to another.

Invariant 1: the previous use is looked for on all devices: a hop from the laptop to the phone is one sequence.
Invariant 2: a phone in the hand without a known app neither follows from a use nor leads to one: between two apps it is mostly
the home screen.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

from detector.core.observations import Activity
from rules.features import MAX_SPAN

CAME_FROM_WITHIN: Final = timedelta(seconds=60)
"""How long after a use the next one still follows from it: people slide from a message to a feed (arXiv 2410.11354)."""
PHONE_IN_HAND: Final = Activity(category="phone")


@dataclass(slots=True, eq=False)
class UseState:
    """A use while it goes on, and afterwards.

    `follows`: it began when another one had just been left. `opened`: the device reported its opening. `joined_to_app`: a
    phone in the hand directly before or after an app on it, so no glance of its own. `latest_end`: where the end is not
    known, the instant by which it was over.
    """

    number: int
    activity: Activity
    began: datetime
    follows: bool
    came_from: str | None
    ended: datetime | None = None
    trusted: bool = True
    opened: bool = False
    joined_to_app: bool = False
    latest_end: datetime | None = None


class TimedEvent(NamedTuple):
    """Something that happened at an instant, and the category that it belongs to."""

    at: datetime
    category: str


class UsedDevice(Protocol):
    """What is asked of a device here."""

    @property
    def open_use(self) -> UseState | None:
        """The use that goes on now."""

    @property
    def last_app_use(self) -> UseState | None:
        """The use that was left last, other than a phone in the hand."""


@dataclass(slots=True)
class Person:
    """The one person whose devices these are. `keep`: how far back uses have to be remembered."""

    devices: list[UsedDevice] = field(default_factory=list)
    keep: timedelta = MAX_SPAN

    def came_from(self, at: datetime, fleeting: timedelta) -> tuple[bool, str | None]:
        """Return, for a use that begins at `at`, whether another one had just been left, and the category of that."""
        # An open use elsewhere counts as left now: one person takes up one thing after another.
        latest, left = None, None
        for device in self.devices:
            for use in (device.last_app_use, device.open_use):
                ended = None if use is None or use.activity == PHONE_IN_HAND else use.ended or at
                if ended is not None and (left is None or ended > left):
                    latest, left = use, ended
        if latest is None or left is None or at - left > CAME_FROM_WITHIN:
            return False, None
        return at - left < fleeting, latest.activity.category

    def retain_from(self, at: datetime) -> datetime:
        """Return the instant before which no span reaches, neither from `at` nor from an open use."""
        # From an open use, because a sequence that led to it is looked for before its beginning.
        open_since = (device.open_use.began for device in self.devices if device.open_use is not None)
        return min((at, *open_since)) - self.keep

    def remember(self, events: deque[TimedEvent], at: datetime, category: str) -> None:
        """Add an event, and forget those that no span reaches any more."""
        events.append(TimedEvent(at, category))
        while events[0].at <= at - self.keep:
            events.popleft()
