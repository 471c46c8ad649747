"""The protocol of notifiers, and the text that they show.

Invariant 1: one notification at a time; it is silent, replaced in place, and disappears by itself.
Invariant 2: `show` returns once the notifier's own channel has taken the text, and raises `NotifyFailed` otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, NoReturn, Protocol

from detector.core.observations import Answer
from detector.errors import NotifyFailed
from detector.i18n import _

MAX_TITLE_WORDS: Final = 12
"""See docs/evidence.md."""

SHOW_TIMEOUT: Final = 10.0
"""Seconds that all notifiers together may take; after that a notification counts as not shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationText:
    """The text of a notification: at most 12 words of `title`, one why-line as `body`, and its answers in order.

    `how_to_answer`: the command that answers; channels in which not every answer can be chosen show it.
    `urgent`: Do Not Disturb is on, and only urgent notifications get through. `expires` zero: it stays until it is
    replaced. `is_start_notice`: it notifies that partner time has begun, so every notifier is tried, whatever the settings choose.
    """

    title: str = field(repr=False)
    body: str = field(repr=False)
    answers: tuple[tuple[Answer, str], ...] = ()
    how_to_answer: str = ""
    expires: timedelta = field(default=timedelta(seconds=20))
    urgent: bool = False
    is_start_notice: bool = False


class Notifier(Protocol):
    """One channel to the person. `answers`: whether answers can come back through it."""

    name: str
    answers: bool

    @property
    def about(self) -> str:
        """What it can do, in one line for `doctor`."""

    async def probe(self) -> None:
        """Return if the channel can be used here and now; raise `NotifyFailed` with why if not."""

    async def show(self, nudge: int, text: NotificationText, answered: Callable[[int, Answer], None]) -> None:
        """Show the text in place of what was shown before; call `answered(nudge, answer)` at most once, later.

        Nudge 0 is a notification without answers, such as the start notice. Raises `NotifyFailed`.
        """

    def call_when_available(self, available: Callable[[], None]) -> None:
        """Call `available` whenever the channel becomes available, where it can detect that."""

    async def withdraw(self, nudge: int) -> None:
        """Close the notification if it is still this nudge's; never raises."""

    async def close(self) -> None:
        """Close every connection and end every task."""


class NotificationSender(Protocol):
    """Shows a notification through any notifier that can: a `detector.notifier.chain.NotifierChain`, or its wrapper."""

    async def show(self, nudge: int, text: NotificationText, answered: Callable[[int, Answer], None], /) -> str | None:
        """Show the text and return the name of the notifier that did, or None if none could."""

    async def withdraw(self, nudge: int, /) -> None:
        """Close the notification if it is still shown."""

    async def close(self) -> None:
        """Close every notifier."""


class OneWayNotifier:
    """Base of the channels that only show: no answer comes back, and a notification disappears by itself."""

    answers = False

    def call_when_available(self, available: Callable[[], None]) -> None:
        """Do nothing: the channel does not report when it becomes available."""

    async def withdraw(self, nudge: int) -> None:
        """Do nothing: the channel cannot take back what it shows."""

    async def close(self) -> None:
        """Do nothing: no process and no thread outlives `show`."""


class MissingNotifier(OneWayNotifier):
    """Stands for a notifier whose library is not installed: it fails, and the next one is tried."""

    about = ""

    def __init__(self, name: str, library: str) -> None:
        self.name = name
        self._library = library

    async def probe(self) -> NoReturn:
        raise NotifyFailed(_("the library {library} is not installed").format(library=self._library))

    async def show(self, nudge: int, text: NotificationText, answered: Callable[[int, Answer], None]) -> NoReturn:
        await self.probe()
