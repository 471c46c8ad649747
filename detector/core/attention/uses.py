"""A use, and an event on a device, as attention keeps them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from detector.core.observations import Activity

PHONE_IN_HAND: Final = Activity(category="phone")


@dataclass(slots=True, eq=False)
class UseState:
    """A use, open or ended.

    `follows`: it began directly after another one. `opened`: the device reported its opening. `joined_to_app`: a
    phone in the hand directly before or after an app on it, which together are one glance. `latest_end`: if the end is
    not known, the instant by which it was over.
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
