"""Classify the apps on phones, and count how often one was opened that the catalogue does not know.

Invariant 1: a category that the phone itself sent wins: the person chose it.
Invariant 2: of an unknown app only a count is stored. Its name goes no further: the phone may be somebody else's.
Invariant 3: nothing is stored here: the inbox calls this while it takes an event in. `pop_unknown` hands over what is to be.
"""

from collections.abc import Callable
from typing import NamedTuple

from detector.activities.model import Classification
from detector.core.observations import Activity
from detector.sensors.model import AppFocused


class UnknownAppOpened(NamedTuple):
    """An effect: count that an unknown app was opened. `first`: on this device, in this session."""

    device: str
    first: bool


class PhoneApps:
    """Classifies apps during one session."""

    def __init__(self, classify: Callable[[str], Classification]) -> None:
        self._classify = classify
        self._met: set[tuple[str, str]] = set()
        self._unknown: list[UnknownAppOpened] = []

    def activity(self, app: AppFocused) -> Activity:
        return _activity(app, self._classify(app.app) if app.app else None)

    def opened(self, app: AppFocused) -> Activity:
        """Return what the app is, and note where the catalogue does not know it."""
        found = self._classify(app.app) if app.app else None
        if found is not None and found.entry is None and app.category is None:
            key = (app.device, app.app)
            self._unknown.append(UnknownAppOpened(app.device, key not in self._met))
            self._met.add(key)
        return _activity(app, found)

    def pop_unknown(self) -> list[UnknownAppOpened]:
        """Return what is to be counted since the last call."""
        unknown, self._unknown = self._unknown, []
        return unknown


def _activity(app: AppFocused, found: Classification | None) -> Activity:
    if found is None:
        return Activity(category=app.category or "other")
    return Activity(category=app.category or found.category, name=found.name)
