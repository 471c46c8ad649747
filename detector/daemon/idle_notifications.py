"""What is said outside partner time: the heads-up before it, and one line after it. Nothing else ever is.

Rule 1: the notifiers are opened for the one thing that is said, and let go of once it has stood for its time.
Rule 2: one thing stands at a time; what comes later takes its place, and partner time that begins takes the notifiers over,
so that its greeting does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from detector.config.settings import Settings
from detector.core.observations import Answer
from detector.daemon.free_memory import free_memory
from detector.notifier.model import SHOW_TIMEOUT, NotificationSender, NotificationText

if TYPE_CHECKING:
    from detector.dbus import Bus

logger = logging.getLogger("turntoward")


def open_notifiers(settings: Settings, bus: Bus | None) -> NotificationSender:
    """Return the notifiers that the person chose; `bus`: the session bus to share, where there is one."""
    from detector.notifier import make_notifiers  # noqa: PLC0415 - Rule 1
    from detector.notifier.chain import NotifierChain  # noqa: PLC0415 - Rule 1

    return NotifierChain(make_notifiers(settings.notifications.only, bus=bus))


class IdleNotifications:
    """Says one thing at a time. `make` makes the notifiers when they are needed."""

    def __init__(self, make: Callable[[], NotificationSender]) -> None:
        self._make = make
        self._voice: NotificationSender | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def stands(self) -> bool:
        """Whether something that was said stands."""
        return self._voice is not None

    def say(
        self,
        words: NotificationText,
        voice: NotificationSender | None = None,
        *,
        through: NotificationSender | None = None,
    ) -> None:
        """Say it, beside the loop, and let go of the notifiers when it has stood.

        `voice`: notifiers that are open by now; `through`: what to speak through to them.
        """
        before = self.take()
        self._voice = voice or before or self._make()
        others = before if before is not self._voice else None
        standing = self._stand(words, self._voice, through or self._voice, others)
        self._task = asyncio.create_task(standing, name="idle notification")

    def take(self) -> NotificationSender | None:
        """Hand over the notifiers with what stands, if anything does: whoever takes them lets go of them."""
        voice, self._voice = self._voice, None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        return voice

    async def close(self) -> None:
        """Take away what stands."""
        voice = self.take()
        if voice is not None:
            await voice.close()
            free_memory()

    async def _stand(
        self,
        words: NotificationText,
        voice: NotificationSender,
        through: NotificationSender,
        others: NotificationSender | None,
    ) -> None:
        try:
            if others is not None:
                await others.close()
            async with asyncio.timeout(SHOW_TIMEOUT):
                await through.show(0, words, _heard_by_nobody)
        except Exception:
            logger.exception("a notifier failed in a way that it should not")
        else:
            await asyncio.sleep(words.expires.total_seconds())
        if self._voice is voice:
            self._task = None
            await self.close()


def _heard_by_nobody(_nudge: int, _answer: Answer) -> None:
    """Nothing is asked, so nothing is answered."""
