"""Classify the apps on phones, and count how often one was opened that the catalogue does not know.

Invariant 1: a category that the phone itself sent wins: the person chose it.
Invariant 2: of an unknown app only a count is stored; its name goes no further, unless the person chose to keep names.
"""

from collections.abc import Callable

from detector.activities.model import Classification
from detector.core.observations import Activity
from detector.sensors.model import AppFocused
from detector.store.store import Store


class PhoneApps:
    """Classifies apps during one session; `occurrence` is its id in the store."""

    def __init__(
        self, classify: Callable[[str], Classification], *, store: Store, occurrence: str, keep_names: bool
    ) -> None:
        self._classify = classify
        self._store = store
        self._occurrence = occurrence
        self._keep_names = keep_names
        self._counted: set[tuple[str, str]] = set()

    def activity(self, app: AppFocused) -> Activity:
        return _activity(app, self._classify(app.app) if app.app else None)

    def opened(self, app: AppFocused) -> Activity:
        """Return what the app is, and count it where the catalogue does not know it."""
        found = self._classify(app.app) if app.app else None
        if found is not None and found.entry is None and app.category is None:
            key = (app.device, app.app)
            self._store.history.count_unknown_app(
                self._occurrence, app.device, app.app, names=self._keep_names, first=key not in self._counted
            )
            self._counted.add(key)
        return _activity(app, found)


def _activity(app: AppFocused, found: Classification | None) -> Activity:
    if found is None:
        return Activity(category=app.category or "other")
    return Activity(category=app.category or found.category, name=found.name)
