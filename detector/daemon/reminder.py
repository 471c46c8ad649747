"""Announce partner time before it begins, once and quietly, where the person did not switch it off.

Rule 1: what was said is kept before it is said: no restart says it a second time.
Rule 2: only what this daemon saw coming is announced: nothing fires because it was started, or woke.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from detector.clock import Clock
from detector.config.settings import Settings
from detector.daemon.idle_notifications import IdleNotifications
from detector.partner_time.reminders import PlannedReminder, is_due, is_still_planned, next_reminder
from detector.store.store import Store

if TYPE_CHECKING:
    from detector.daemon.reconciler import Next
    from detector.notifier.model import NotificationText

SAID: Final = "heads_up"
"""Under this name the store keeps which occurrence was announced last."""


class Reminder:
    """Announces one partner time after the other. `wake(at)` has `look` called then; `settings` are those of now."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        idle_notifications: IdleNotifications,
        settings: Callable[[], Settings],
        wake: Callable[[datetime | None], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._idle_notifications = idle_notifications
        self._settings = settings
        self._wake = wake
        self._waiting: PlannedReminder | None = None
        self._stands: PlannedReminder | None = None

    async def look(self, coming: Next) -> None:
        """Announce what is due, take away what does not come after all, and see what is to be announced next.

        Raises:
            StoreError: if it cannot be kept that it was said.
        """
        if coming.plan is None:
            return
        now, plan, paused_until = self._clock.now(), coming.plan, coming.paused_until
        if self._stands is not None and (paused_until is not None or not is_still_planned(self._stands, plan)):
            # Where it has begun, the greeting has taken its place by now.
            self._stands = None
            await self._idle_notifications.close()
        waiting, ahead = self._waiting, self._settings().rituals.heads_up
        if waiting is not None and waiting.at <= now:
            self._waiting = None
            if ahead and is_due(waiting, plan, now, paused_until):
                self._say(waiting)
        self._wait_for(next_reminder(plan, now, ahead, paused_until))

    def _wait_for(self, announced: PlannedReminder | None) -> None:
        before = None if self._waiting is None else self._waiting.at
        self._waiting, at = announced, None if announced is None else announced.at
        if at != before:
            self._wake(at)

    def _say(self, announced: PlannedReminder) -> None:
        if self._store.state.get(SAID) == announced.occurrence.id:
            return
        self._store.state.set(SAID, announced.occurrence.id)
        self._idle_notifications.say(_words(announced, self._settings()))
        self._stands = announced


def _words(announced: PlannedReminder, settings: Settings) -> NotificationText:
    from detector.daemon.wording import local_time  # noqa: PLC0415 - the notifiers' room is not needed before
    from detector.notifier.wording import heads_up_text  # noqa: PLC0415 - the notifiers' room is not needed before

    occurrence = announced.occurrence
    return heads_up_text(
        occurrence.title,
        local_time(occurrence.begins),
        sentence=settings.rituals.heads_up_sentence,
        settings=settings.notifications,
    )
