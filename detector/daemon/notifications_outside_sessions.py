"""Notifications outside partner time: the reminder before it and the summary after it. There are no others.

Invariant 1: the notifiers are opened for the one notification, and closed when its time on the screen is over.
Invariant 2: there is one notification at a time. A later one replaces it; a session that starts takes the notifiers over, so
that its first notification replaces what is on the screen.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from detector.config.settings import Settings
from detector.core.observations import Answer
from detector.daemon.free_memory import free_memory
from detector.notifier import make_notifiers
from detector.notifier.chain import NotifierChain
from detector.notifier.model import SHOW_TIMEOUT, NotificationSender, NotificationText

if TYPE_CHECKING:
    from detector.dbus import Bus

logger = logging.getLogger("turntoward")


def open_notifiers(settings: Settings, bus: Bus | None) -> NotifierChain:
    """Return the notifiers that the person chose; `bus`: the session bus to share, where there is one."""
    return NotifierChain(make_notifiers(bus=bus), settings.notifications.only)


class NotificationsOutsideSessions:
    """Shows one notification at a time. `open_chain` opens the notifiers when they are needed."""

    def __init__(self, open_chain: Callable[[], NotifierChain]) -> None:
        self._open_chain = open_chain
        self._notifiers: NotifierChain | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_showing(self) -> bool:
        return self._notifiers is not None

    def show(
        self,
        text: NotificationText,
        notifiers: NotifierChain | None = None,
        *,
        wrapped: NotificationSender | None = None,
    ) -> None:
        """Show the text, in a task, and close the notifiers when its time is over.

        `notifiers`: those that are open already, instead of new ones; `wrapped`: what shows the text through them.
        """
        before = self.detach_notifiers()
        self._notifiers = notifiers or before or self._open_chain()
        replaced = before if before is not self._notifiers else None
        showing = self._show(text, self._notifiers, wrapped or self._notifiers, replaced)
        self._task = asyncio.create_task(showing, name="notification outside sessions")

    def detach_notifiers(self) -> NotifierChain | None:
        """Return the open notifiers with what they show, None if there are none; the caller has to close them."""
        notifiers, self._notifiers = self._notifiers, None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        return notifiers

    async def close(self) -> None:
        """Take the notification off the screen and close the notifiers."""
        notifiers = self.detach_notifiers()
        if notifiers is not None:
            await notifiers.close()
            free_memory()

    async def _show(
        self,
        text: NotificationText,
        notifiers: NotifierChain,
        wrapped: NotificationSender,
        replaced: NotifierChain | None,
    ) -> None:
        try:
            if replaced is not None:
                await replaced.close()
            async with asyncio.timeout(SHOW_TIMEOUT):
                await wrapped.show(0, text, _ignore_answer)
        except Exception:
            logger.exception("unexpected exception in a notifier")
        else:
            await asyncio.sleep(text.expires.total_seconds())
        # Another notification, or a session, may have taken the notifiers over meanwhile.
        if self._notifiers is notifiers:
            # `close` would cancel the task that calls it.
            self._task = None
            await self.close()


def _ignore_answer(_nudge: int, _answer: Answer) -> None:
    """These notifications have no buttons."""
