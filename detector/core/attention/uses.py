"""Uses in the making, and the one person who goes from one device to another.

Rule 1: what a person left is looked for on all devices: a hop from the laptop to the phone is one story.
Rule 2: a phone in the hand of which nobody tells what is in front is nothing that one comes from or goes to: between two
apps it is mostly the home screen.
"""

from __future__ import annotations

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
    """A use in the making, and afterwards as attention remembers it.

    `follows`: taken up straight from another. `opened`: the device told of its opening. `is_part`: a phone in the hand
    just before or after an app on it, so no look of its own. `until`: where its end is not known, when it was over at the
    latest.
    """

    number: int
    activity: Activity
    began: datetime
    follows: bool
    came_from: str | None
    ended: datetime | None = None
    trusted: bool = True
    opened: bool = False
    is_part: bool = False
    until: datetime | None = None


@dataclass(slots=True, eq=False)
class CoveredStretch:
    """A stretch in which the device's sensors spoke."""

    number: int
    began: datetime
    ended: datetime


class TimedEvent(NamedTuple):
    """Something that happened to the category at an instant."""

    at: datetime
    category: str


class UsedDevice(Protocol):
    """What the person asks of a device: the use under way, and the one that was left before with a known end."""

    @property
    def open(self) -> UseState | None:
        """The use under way."""

    @property
    def before(self) -> UseState | None:
        """The use that was left last and was more than a phone in the hand."""


@dataclass(slots=True)
class Person:
    """Whose devices these are. `keep`: how far back what they did is asked for."""

    devices: list[UsedDevice] = field(default_factory=list)
    keep: timedelta = MAX_SPAN

    def came_from(self, at: datetime, fleeting: timedelta) -> tuple[bool, str | None]:
        """Return, for a use taken up at `at`, whether it follows straight from another, and the category of that."""
        latest, left = None, None
        for device in self.devices:
            for use in (device.before, device.open):
                ended = None if use is None or use.activity == PHONE_IN_HAND else use.ended or at
                if ended is not None and (left is None or ended > left):
                    latest, left = use, ended
        if latest is None or left is None or at - left > CAME_FROM_WITHIN:
            return False, None
        return at - left < fleeting, latest.activity.category

    def forget(self, at: datetime) -> datetime:
        """Return what lies so far back that no span reaches it, neither from `at` nor from what is under way."""
        under_way = (device.open.began for device in self.devices if device.open is not None)
        return min((at, *under_way)) - self.keep

    def remember(self, instants: deque[TimedEvent], at: datetime, category: str) -> None:
        """Add an instant, and forget those that no span reaches any more."""
        instants.append(TimedEvent(at, category))
        while instants[0].at <= at - self.keep:
            instants.popleft()
