"""The uses of one device: taken up, left, and remembered for as long as a span may reach.

Rule 1: a use that is broken off for less than a fleeting moment goes on; what broke it off counts as nothing.
Rule 2: of what was left before something that is not known, nothing is said to come.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from detector.core.attention.settings import AttentionSettings
from detector.core.attention.uses import PHONE_IN_HAND, Person, UseState
from detector.core.observations import Activity
from rules.features import DISTRACTING


class Taken:
    """What is taken up, and what was. `version` grows whenever that changes; `closed` waits to be taken."""

    def __init__(self, settings: AttentionSettings, number: Callable[[], int], person: Person) -> None:
        self.version = 0
        self.open: UseState | None = None
        self.uses: deque[UseState] = deque()
        self.closed: list[UseState] = []
        self.long_ago = timedelta(0)
        self._settings = settings
        self._number = number
        self._person = person
        self._person.devices.append(self)
        self._forgotten = 0

    @property
    def last(self) -> UseState | None:
        """The use that was left last, its end being known; None after anything that is not known."""
        return self.uses[-1] if self.uses and self.uses[-1].number > self._forgotten else None

    @property
    def before(self) -> UseState | None:
        """The use that was left last, looking past a phone in the hand."""
        use = next((use for use in reversed(self.uses) if use.activity != PHONE_IN_HAND), None)
        return use if use is not None and use.number > self._forgotten else None

    def remembered(self) -> Iterator[UseState]:
        """The uses that were left, the last one first, as far back as nothing lies between that is not known."""
        for use in reversed(self.uses):
            if use.number <= self._forgotten:
                return
            yield use

    def _take_up(self, activity: Activity, at: datetime, *, opened: bool) -> None:
        self.version += 1
        last, fleeting = self.last, self._settings.fleeting
        straight = last is not None and last.ended is not None and at - last.ended < fleeting
        if last is not None and straight and not opened and last.activity == activity:
            self.uses.pop()
            last.ended = None
            self.open = last
            return
        follows, came_from = self._person.came_from(at, fleeting)
        follows = follows and activity != PHONE_IN_HAND
        self.open = UseState(self._number(), activity, at, follows, came_from, opened=opened)
        if last is not None and straight:
            last.is_part = last.is_part or last.activity == PHONE_IN_HAND
            self.open.is_part = activity == PHONE_IN_HAND

    def _lose_the_end(self, use: UseState, until: datetime) -> None:
        use.until = until
        self._close(use.began, trusted=False)

    def _close(self, at: datetime, *, trusted: bool = True) -> None:
        use = self.open
        if use is None:
            return
        self.version += 1
        self.open = None
        use.ended = max(at, use.began)
        use.trusted = trusted
        if not trusted:
            self.closed.append(use)
            if use.until is not None:
                self.uses.append(use)
            self._forget()
        elif use.opened or use.ended - use.began >= self._settings.fleeting:
            self.uses.append(use)
            self.closed.append(use)
        if self.uses:
            self._forget_before(self._person.forget(at))

    def _forget_before(self, instant: datetime) -> None:
        while self.uses and (self.uses[0].ended or instant) < instant:
            oldest = self.uses.popleft()
            if oldest.activity.category in DISTRACTING:
                self.long_ago += (oldest.ended or oldest.began) - oldest.began

    def _forget(self) -> None:
        """Nothing is said to come from what was left before something that is not known."""
        if self.uses:
            self._forgotten = self.uses[-1].number
            self.version += 1

    def _cut_back(self, since: datetime) -> None:
        """Idle since then: the uses that ended later ended there."""
        # What changed by itself after the last input (a page that reloads, a film that ends) was nobody's use.
        while self.uses and (self.uses[-1].ended or since) > since:
            use = self.uses[-1]
            use.ended = max(since, use.began)
            self.closed.append(use)
            self.version += 1
            if use.ended - use.began >= self._settings.fleeting:
                break
            self.uses.pop()
