"""Carry out the effects of the core: store its records, show its notifications, and put the answers into the inbox.

Invariant 1: records are stored, all of a step at once, before anything of that step is shown.
Invariant 2: notifications are shown by a task of their own, in order, one at a time; results come back through the inbox.
Invariant 3: when a notifier fails, its nudge counts as not shown; the daemon goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from detector.clock import Clock
from detector.core.effects import (
    AskHowLong,
    Effect,
    Moment,
    Notify,
    NotifyEnd,
    NotifyNeedOver,
    NotifyStart,
    Record,
    Withdraw,
)
from detector.core.observations import Answer, Answered, NotShown, Observation, Shown
from detector.daemon.phone_apps import UnknownAppOpened
from detector.daemon.wording import Wording
from detector.notifier.model import SHOW_TIMEOUT, NotificationSender, NotificationText
from detector.store.store import Store
from rules.policy import NEEDED_LENGTHS

if TYPE_CHECKING:
    from detector.daemon.phone_tracker import PhoneTracker

# The name under which a nudge is recorded as shown when a phone took it as the answer to its request.
BY_PHONE: Final = "phone"

_Showable: TypeAlias = Notify | NotifyStart | AskHowLong | NotifyNeedOver | Withdraw | NotificationText

logger = logging.getLogger("turntoward")


class EffectRunner:
    """Carries out the effects of one session.

    `put` is called with observations about the notifications. Phones of `phones` that wait for an answer show their own
    nudges. `pop_unknown_apps` returns the unknown apps since the last step; they are counted for `occurrence`. At the end
    `sender` is closed, unless `show_after_end` takes it over.
    """

    def __init__(
        self,
        *,
        store: Store,
        sender: NotificationSender,
        wording: Wording,
        put: Callable[[Observation], None],
        clock: Clock,
        phones: PhoneTracker | None = None,
        occurrence: str = "",
        pop_unknown_apps: Callable[[], Sequence[UnknownAppOpened]] = tuple,
        show_after_end: Callable[[NotificationText], None] | None = None,
    ) -> None:
        self.wording = wording
        self.last_shown_by: str | None = None
        self._store = store
        self._sender = sender
        self._put = put
        self._clock = clock
        self._phones = phones
        self._occurrence = occurrence
        self._pop_unknown_apps = pop_unknown_apps
        self._show_after_end = show_after_end
        self._end: NotifyEnd | None = None
        self._length_known: int | None = None
        self._queue: asyncio.Queue[_Showable] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    def run(self, effects: Sequence[Effect]) -> None:
        """Store the records, then queue what is to be shown, in its order."""
        # A nudge that was shown but not stored could come again after a crash; one that was stored but not shown is only lost.
        records = [effect for effect in effects if isinstance(effect, Record)]
        if records:
            self._store.history.save(records)
        for device, first in self._pop_unknown_apps():
            self._store.history.count_unknown_app(self._occurrence, device, "", names=False, first=first)
        for effect in effects:
            if isinstance(effect, Notify) and self._show_on_phone(effect.moment):
                # The desktop does not show it a second time.
                self._put(Shown(at=self._clock.now(), nudge=effect.moment.number, by=BY_PHONE))
            elif isinstance(effect, NotifyEnd):
                # Shown by `close`: the summary counts what the last step records.
                self._end = effect
            elif not isinstance(effect, Record):
                self._enqueue(effect)

    async def announce(self, start: NotifyStart, *, stays: bool) -> tuple[bool, datetime]:
        """Show that partner time has begun, after what was queued before; return whether a notifier showed it, and when.

        `stays`: nobody is there yet, so it does not disappear by itself.
        """
        await self.wait_until_shown()
        text = self.wording.start(start)
        by = None
        try:
            by = await self._send(
                0, replace(text, is_start_notice=True, expires=timedelta(0) if stays else text.expires)
            )
        except Exception:
            logger.exception("unexpected exception in a notifier")
        return by is not None, self._clock.now()

    def show(self, text: NotificationText) -> None:
        """Queue a notification that is no nudge; it replaces the start notice."""
        self._enqueue(text)

    def answer(self, nudge: int, answers: Sequence[Answer]) -> None:
        """Take answers that did not come through the nudge's notification, and close that notification."""
        for answer in answers:
            self._answered(nudge, answer)
        if answers[-1] in NEEDED_LENGTHS:
            self._length_known = nudge
        self._enqueue(Withdraw(nudge=nudge))

    async def wait_until_shown(self) -> None:
        """Return once everything that was queued so far has been shown, or has failed."""
        await self._queue.join()

    async def close(self) -> None:
        """Show nothing more, except the summary after the end if there is one."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._show_after_end is not None and (text := self._end_text()) is not None:
            self._show_after_end(text)
        else:
            await self._sender.close()

    def _end_text(self) -> NotificationText | None:
        try:
            return None if self._end is None else self.wording.end(self._end, self._store, self._clock.now())
        except Exception:
            # The session is over and stored; a failing summary must not keep the daemon from going on.
            logger.exception("the summary at the end of partner time cannot be shown")
            return None

    def _show_on_phone(self, moment: Moment) -> bool:
        return self._phones is not None and self._phones.show_nudge(moment, self.wording.nudge(moment))

    def _enqueue(self, what: _Showable) -> None:
        self._queue.put_nowait(what)
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="notifications")

    async def _work(self) -> None:
        while True:
            effect = await self._queue.get()
            try:
                await self._carry_out(effect)
            except Exception:
                # A bug of a notifier: the nudge is recorded as undelivered, the next one may succeed.
                logger.exception("unexpected exception in a notifier")
                if isinstance(effect, Notify):
                    self._put(NotShown(at=self._clock.now(), nudge=effect.moment.number))
            finally:
                self._queue.task_done()

    async def _carry_out(self, effect: _Showable) -> None:
        match effect:
            case NotificationText():
                await self._send(0, effect)
            case Notify(moment=moment):
                by = await self._send(moment.number, self.wording.nudge(moment))
                at = self._clock.now()
                self._put(
                    NotShown(at=at, nudge=moment.number) if by is None else Shown(at=at, nudge=moment.number, by=by)
                )
            case NotifyStart():
                await self._send(0, self.wording.start(effect))
            case AskHowLong(moment=moment) if moment.number != self._length_known:
                # This is no nudge: neither `Shown` nor an outcome follows from the question.
                await self._send(moment.number, self.wording.how_long(moment))
            case NotifyNeedOver(moment=moment):
                await self._send(0, self.wording.need_over(moment))
            case Withdraw(nudge=nudge):
                await self._sender.withdraw(nudge)

    async def _send(self, nudge: int, text: NotificationText) -> str | None:
        try:
            async with asyncio.timeout(SHOW_TIMEOUT):
                self.last_shown_by = await self._sender.show(nudge, text, self._answered)
        except TimeoutError:
            logger.warning("no notifier showed the nudge within %g s", SHOW_TIMEOUT)
            self.last_shown_by = None
        return self.last_shown_by

    def _answered(self, nudge: int, answer: Answer) -> None:
        self._put(Answered(at=self._clock.now(), nudge=nudge, answer=answer))
