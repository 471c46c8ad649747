"""Notifications outside partner time: the heads-up before it and the line after it. There are no others.

Invariant 1: the notifiers are opened for the one notification, and closed once it has been on the screen for its time.
Invariant 2: there is one at a time. A later one takes its place; a session that starts takes the notifiers over, so that its
first notification replaces what is on the screen.
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


def open_notifiers(settings: Settings, bus: Bus | None) -> NotificationSender:
    """Return the notifiers that the person chose; `bus`: the session bus to share, where there is one."""
    return NotifierChain(make_notifiers(bus=bus), settings.notifications.only)


class NotificationsOutsideSessions:
    """Shows one notification at a time. `open_sender` opens the notifiers when they are needed."""

    def __init__(self, open_sender: Callable[[], NotificationSender]) -> None:
        self._open_sender = open_sender
        self._sender: NotificationSender | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def is_showing(self) -> bool:
        return self._sender is not None

    def show(
        self,
        text: NotificationText,
        sender: NotificationSender | None = None,
        *,
        through: NotificationSender | None = None,
    ) -> None:
        """Show the text, in a task, and close the notifiers when its time is over.

        `sender`: notifiers that are open already, instead of new ones. `through`: what wraps them, to show the text with.
        """
        before = self.detach_notifiers()
        self._sender = sender or before or self._open_sender()
        others = before if before is not self._sender else None
        showing = self._show(text, self._sender, through or self._sender, others)
        self._task = asyncio.create_task(showing, name="idle notification")

    def detach_notifiers(self) -> NotificationSender | None:
        """Return the open notifiers with what they show, None if there are none; the caller has to close them."""
        sender, self._sender = self._sender, None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        return sender

    async def close(self) -> None:
        """Take the notification off the screen and close the notifiers."""
        sender = self.detach_notifiers()
        if sender is not None:
            await sender.close()
            free_memory()

    async def _show(
        self,
        text: NotificationText,
        sender: NotificationSender,
        through: NotificationSender,
        others: NotificationSender | None,
    ) -> None:
        try:
            if others is not None:
                await others.close()
            async with asyncio.timeout(SHOW_TIMEOUT):
                await through.show(0, text, _ignore_answer)
        except Exception:
            logger.exception("a notifier failed in a way that it should not")
        else:
            await asyncio.sleep(text.expires.total_seconds())
        # Another notification, or a session, may have taken the notifiers over meanwhile.
        if self._sender is sender:
            # `close` cancels the task, and this is it.
            self._task = None
            await self.close()


def _ignore_answer(_nudge: int, _answer: Answer) -> None:
    """These notifications have no buttons."""
