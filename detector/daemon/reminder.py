"""Show a reminder before partner time begins, once, unless the person switched it off.

Invariant 1: the store records the reminder before it is shown, so that no restart shows it again.
Invariant 2: only reminders that this daemon waited for are shown: none appears because it was started, or the device woke.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from detector.clock import Clock
from detector.config.settings import Settings
from detector.daemon.notifications_outside_sessions import NotificationsOutsideSessions
from detector.daemon.wording import local_time
from detector.notifier.model import NotificationText
from detector.notifier.texts import heads_up_text
from detector.partner_time.reminders import PlannedReminder, is_due, is_still_planned, next_reminder
from detector.store.store import Store

if TYPE_CHECKING:
    from detector.daemon.reconciler import Upcoming

# The key in the store of the occurrence with the last reminder.
KEY: Final = "heads_up"


class Reminder:
    """Shows the reminders, one at a time. `settings` returns the current ones; `wake_at(at)` makes the daemon call `update` then."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        outside_sessions: NotificationsOutsideSessions,
        settings: Callable[[], Settings],
        wake_at: Callable[[datetime | None], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._outside_sessions = outside_sessions
        self._settings = settings
        self._wake_at = wake_at
        self._waiting: PlannedReminder | None = None
        self._shown: PlannedReminder | None = None

    async def update(self, upcoming: Upcoming) -> None:
        """Show the reminder that is due, withdraw that of an occurrence that does not take place, and wait for the next."""
        if upcoming.plan is None:
            return
        now, plan, paused_until = self._clock.now(), upcoming.plan, upcoming.paused_until
        if self._shown is not None and (paused_until is not None or not is_still_planned(self._shown, plan)):
            # If it has begun, the session has taken the notifiers over by now, and `close` finds none.
            self._shown = None
            await self._outside_sessions.close()
        waiting, ahead = self._waiting, self._settings().rituals.heads_up
        if waiting is not None and waiting.at <= now:
            self._waiting = None
            if ahead and is_due(waiting, plan, now, paused_until):
                self._show(waiting)
        self._wait_for(next_reminder(plan, now, ahead, paused_until))

    def _wait_for(self, reminder: PlannedReminder | None) -> None:
        before = None if self._waiting is None else self._waiting.at
        self._waiting, at = reminder, None if reminder is None else reminder.at
        # Setting a job wakes the scheduler, and this is called once a minute.
        if at != before:
            self._wake_at(at)

    def _show(self, reminder: PlannedReminder) -> None:
        if self._store.state.get(KEY) == reminder.occurrence.id:
            return
        self._store.state.set(KEY, reminder.occurrence.id)
        self._outside_sessions.show(_text(reminder, self._settings()))
        self._shown = reminder


def _text(reminder: PlannedReminder, settings: Settings) -> NotificationText:
    return heads_up_text(
        reminder.occurrence.title,
        local_time(reminder.occurrence.begins),
        sentence=settings.rituals.heads_up_sentence,
        settings=settings.notifications,
    )
