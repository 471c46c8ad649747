"""What every notifier is.

Invariant 1: one notification at a time, replaced in place, quiet, gone by itself.
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
    """What a notification says: at most 12 words of `title`, one why-line as `body`, and its answers in order.

    `how_to_answer`: the command that answers, for channels in which not every answer can be chosen.
    `urgent`: Do Not Disturb is on, and only what is marked urgent gets through. `expires` zero: it stays until it is
    replaced. `is_start_notice`: it tells that partner time has begun, so every notifier is tried, whatever the settings choose.
    """

    title: str = field(repr=False)
    body: str = field(repr=False)
    answers: tuple[tuple[Answer, str], ...] = ()
    how_to_answer: str = ""
    expires: timedelta = field(default=timedelta(seconds=20))
    urgent: bool = False
    is_start_notice: bool = False


class Notifier(Protocol):
    """One channel to the person. `answers` tells whether answers can come back through it."""

    name: str
    answers: bool
    appeared: Callable[[], None]
    """Called when the channel came to be there; by itself, where it can tell."""

    @property
    def about(self) -> str:
        """What it can do, in one line for `doctor`."""

    async def probe(self) -> None:
        """Return if the channel can be used here and now; raise `NotifyFailed` with why if not."""

    async def show(self, nudge: int, text: NotificationText, answered: Callable[[int, Answer], None]) -> None:
        """Show the text in place of what was shown before; call `answered(nudge, answer)` at most once, later.

        Nudge 0 is the greeting, which has no answers. Raises `NotifyFailed`.
        """

    async def withdraw(self, nudge: int) -> None:
        """Close the notification if it is still this nudge's; never raises."""

    async def close(self) -> None:
        """Close every connection and end every task."""


class NotificationSender(Protocol):
    """Shows a notification by whatever notifier can: a `detector.notifier.chain.NotifierChain`, or what wraps one."""

    async def show(self, nudge: int, text: NotificationText, answered: Callable[[int, Answer], None], /) -> str | None:
        """Show the text and return the name of the notifier that did, or None if none could."""

    async def withdraw(self, nudge: int, /) -> None:
        """Close the notification if it is still shown."""

    async def close(self) -> None:
        """Close every notifier."""


class OneWayNotifier:
    """What channels have in common that only show: nothing comes back, and what is shown goes by itself."""

    answers = False
    appeared: Callable[[], None] = staticmethod(lambda: None)

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
