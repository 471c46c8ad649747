"""A film for two: media that plays over the whole screen, and that is not touched.

Invariant 1: a film begins where idleness would begin. A pause does not end it; another or a smaller toplevel does.
Invariant 2: during a film a touch shorter than a glance is part of it, and counts as something for both.
Why: docs/dev/decisions/a-film-is-for-two.md.
"""

from dataclasses import dataclass
from typing import Final

from detector.core.observations import Activity
from rules.features import UNKNOWN

FILM_CATEGORIES: Final = frozenset({"video", "together", "other", UNKNOWN})
"""What may show a film: also `other`, a player that no entry names, and unknown, a site that no entry names."""
FILM_ACTIVITY: Final = Activity(category="together")


@dataclass(slots=True)
class Film:
    """Whether media plays on a device (None: not known), and whether a film for two is on."""

    playing: bool | None = None
    is_on: bool = False

    def update(self, activity: Activity | None, *, full_screen: bool, untouched: bool) -> bool:
        """Begin the film if one is in front; return whether one is on."""
        shows_film = activity is not None and activity.category in FILM_CATEGORIES and full_screen
        # A pause of the media does not end it, so `playing` matters only for the beginning.
        self.is_on = self.is_on or bool(self.playing and shows_film and untouched)
        return self.is_on

    def end(self) -> bool:
        was_on, self.is_on = self.is_on, False
        return was_on

    def forget(self) -> None:
        self.playing, self.is_on = None, False
