"""What every notifier is.

Rule 1: one notification at a time, replaced in place, quiet, gone by itself.
Rule 2: `show` returns once the notifier's own channel has taken the words, and raises `NotifyFailed` otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from detector.core.observations import Answer

TITLE_WORDS: Final = 12
"""A title has at most so many words; see docs/evidence.md."""

SHOW_TIMEOUT: Final = 10.0
"""Seconds that all notifiers together may take; then what was to be said counts as not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationText:
    """What a notification says: at most 12 words of `title`, one why-line as `body`, and its answers in order.

    `urgent`: the desktop keeps quiet by our own will, and shows nothing now but what is marked urgent.
    """

    title: str = field(repr=False)
    body: str = field(repr=False)
    answers: tuple[tuple[Answer, str], ...] = ()
    expires: timedelta = field(default=timedelta(seconds=20))
    urgent: bool = False


class Notifier(Protocol):
    """One channel to the person. `answers` tells whether answers can come back through it."""

    name: str
    answers: bool

    async def probe(self) -> None:
        """Return if the channel can be used here and now; raise `NotifyFailed` with why if not."""

    async def show(self, nudge: int, words: NotificationText, answered: Callable[[int, Answer], None]) -> None:
        """Show the words in place of what was shown before; call `answered(nudge, answer)` at most once, later.

        Nudge 0 is the greeting, which has no answers. Raises `NotifyFailed`.
        """

    async def withdraw(self, nudge: int) -> None:
        """Take the notification away if it is still this nudge's; never raises."""

    async def close(self) -> None:
        """Let go of every connection and task."""


class NotificationSender(Protocol):
    """The notifiers in their order, the first that can speaks: `detector.notifier.chain.NotifierChain`."""

    async def show(self, nudge: int, words: NotificationText, answered: Callable[[int, Answer], None], /) -> str | None:
        """Show the words and return the name of who spoke, or None if nobody could."""

    async def withdraw(self, nudge: int, /) -> None:
        """Take the notification away if it still stands."""

    async def close(self) -> None:
        """Let go of everything."""
