"""What an app on a phone is, and how often one was opened that the catalogue does not know.

Rule 1: where a category was told, it stands: the person chose it.
Rule 2: of an unknown app only a count is kept; its name goes no further, unless the person chose to keep names.
"""

from __future__ import annotations

from collections.abc import Callable

from detector.activities.model import Classification
from detector.core.observations import Activity
from detector.sensors.model import AppFocused
from detector.store.store import Store


class PhoneApps:
    """What apps are during one partner time; `occurrence` is its id in the store."""

    def __init__(
        self, classify: Callable[[str], Classification], *, store: Store, occurrence: str, keep_names: bool
    ) -> None:
        self._classify = classify
        self._store = store
        self._occurrence = occurrence
        self._keep_names = keep_names
        self._met: set[tuple[str, str]] = set()

    def activity(self, app: AppFocused) -> Activity:
        """Return what the app is."""
        return _as_told(app, self._classify(app.app) if app.app else None)

    def opened(self, app: AppFocused) -> Activity:
        """Return what the app is, and count it where nobody knows.

        Raises:
            StoreError: if it cannot be counted.
        """
        verdict = self._classify(app.app) if app.app else None
        if verdict is not None and verdict.entry is None and app.category is None:
            met = (app.device, app.app)
            self._store.history.count_unknown_app(
                self._occurrence, app.device, app.app, names=self._keep_names, first=met not in self._met
            )
            self._met.add(met)
        return _as_told(app, verdict)


def _as_told(app: AppFocused, verdict: Classification | None) -> Activity:
    if verdict is None:
        return Activity(category=app.category or "other")
    return Activity(category=app.category or verdict.category, name=verdict.name)
