"""What an event of ActivityWatch looks like, for each kind of bucket. Whatever else an event holds is passed over.

Rule 1: a title, an address and an app's name are in no repr.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import msgspec

from detector.sensors.activitywatch_buckets import Kind

T = TypeVar("T")


class _Mute(msgspec.Struct):
    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Front(_Mute):
    """What is in front on a desktop."""

    app: str | None = None
    title: str | None = None


class Afk(_Mute):
    """Whether anybody is there: "afk" or "not-afk"."""

    status: str


class Tab(_Mute):
    """The page that a browser shows."""

    title: str | None = None
    url: str | None = None


class App(_Mute):
    """The app in front on an Android phone."""

    package: str | None = None
    app: str | None = None


class Unlock(_Mute):
    """A phone was unlocked."""


class Event(msgspec.Struct, Generic[T]):
    """One event: from `timestamp` on, for `duration` seconds."""

    timestamp: datetime
    content: T = msgspec.field(name="data")
    duration: float = 0.0

    @property
    def began(self) -> datetime:
        """When it began: a time without a zone is UTC, as ActivityWatch itself reads it."""
        return (self.timestamp if self.timestamp.tzinfo else self.timestamp.replace(tzinfo=UTC)).astimezone(UTC)

    @property
    def ended(self) -> datetime:
        """Until when it was told of; raises OverflowError where that cannot be."""
        return self.began + timedelta(seconds=self.duration)


SHAPES: Final[dict[Kind, Any]] = {
    "focus": Event[Front],
    "idle": Event[Afk],
    "tab": Event[Tab],
    "app": Event[App],
    "unlock": Event[Unlock],
}
