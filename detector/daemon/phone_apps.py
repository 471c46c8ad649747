"""Classify the apps on phones, and count how often one was opened that the catalogue does not know.

Invariant 1: a category that the phone itself sent wins: the person chose it.
Invariant 2: of an unknown app only a count is stored, never its name: the phone may be somebody else's.
Invariant 3: nothing is stored here, because the inbox calls this for each event. `pop_unknown` returns what has to be stored.
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
        self._opened_before: set[tuple[str, str]] = set()
        self._unknown: list[UnknownAppOpened] = []

    def activity(self, app: AppFocused) -> Activity:
        return _activity(app, self._classify(app.app) if app.app else None)

    def opened(self, app: AppFocused) -> Activity:
        """Classify the app, and note if the catalogue does not know it."""
        classification = self._classify(app.app) if app.app else None
        if classification is not None and classification.entry is None and app.category is None:
            key = (app.device, app.app)
            self._unknown.append(UnknownAppOpened(app.device, key not in self._opened_before))
            self._opened_before.add(key)
        return _activity(app, classification)

    def pop_unknown(self) -> list[UnknownAppOpened]:
        """Return the unknown apps that were opened since the last call."""
        unknown, self._unknown = self._unknown, []
        return unknown


def _activity(app: AppFocused, classification: Classification | None) -> Activity:
    if classification is None:
        return Activity(category=app.category or "other")
    return Activity(category=app.category or classification.category, name=classification.name)
