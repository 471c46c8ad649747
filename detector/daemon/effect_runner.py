"""Carry out what the core asks for: keep what it records, show what it says, and bring the answers back.

Rule 1: records are kept, all of a step at once, before anything of that step is shown.
Rule 2: showing happens beside the loop, in order, one at a time; its results come back through the inbox.
Rule 3: a notifier that fails costs its nudge, never the daemon.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

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
from detector.notifier.model import SHOW_TIMEOUT, NotificationSender, NotificationText
from detector.notifier.wording import how_long_text, need_over_text
from detector.store.store import Store

BY_PHONE: Final = "phone"
"""Who spoke, where the answer to what a phone told carried the nudge."""

_Sayable: TypeAlias = Notify | NotifyStart | AskHowLong | NotifyNeedOver | Withdraw | NotificationText

logger = logging.getLogger("turntoward")


class EffectRunner:
    """Who carries out the effects of one partner time.

    `words` turns a moment into what is said of it, `greeting` does so for a beginning, `how_long` and `over` for what is
    needed for a while. `put` is the inbox's door. `carry` hands the words to the phone that waits for an answer at this
    very instant, and returns whether there was one. `farewell` makes the words of an end, and `outlast` says them, and
    then lets go of the voice, while others go on.
    """

    def __init__(
        self,
        *,
        store: Store,
        voice: NotificationSender,
        words: Callable[[Moment], NotificationText],
        greeting: Callable[[NotifyStart], NotificationText | None],
        put: Callable[[Observation], None],
        clock: Clock,
        carry: Callable[[Moment, NotificationText], bool] = lambda _moment, _words: False,
        how_long: Callable[[Moment], NotificationText] = how_long_text,
        over: Callable[[Moment], NotificationText] = need_over_text,
        farewell: Callable[[NotifyEnd], NotificationText | None] = lambda _: None,
        outlast: Callable[[NotificationText, NotificationSender], None] | None = None,
    ) -> None:
        self._store = store
        self._voice = voice
        self._words = words
        self._greeting = greeting
        self._put = put
        self._clock = clock
        self._carry = carry
        self._how_long = how_long
        self._over = over
        self._farewell = farewell
        self._outlast = outlast
        self._parting: NotifyEnd | None = None
        self._said: asyncio.Queue[_Sayable] = asyncio.Queue()
        self._speaker: asyncio.Task[None] | None = None
        self.last_spoke: str | None = None

    def perform(self, effects: Sequence[Effect]) -> None:
        """Keep the records, then let the rest be said in its order.

        Raises:
            StoreError: if the records cannot be kept; nothing is said then.
        """
        records = [effect for effect in effects if isinstance(effect, Record)]
        if records:
            self._store.history.save(records)
        for effect in effects:
            if isinstance(effect, Notify) and self._carry(effect.moment, self._words(effect.moment)):
                # It stands on the phone: the desktop does not say it a second time.
                self._put(Shown(at=self._clock.now(), nudge=effect.moment.number, by=BY_PHONE))
            elif isinstance(effect, NotifyEnd):
                self._parting = effect
            elif not isinstance(effect, Record):
                self._say_soon(effect)

    def tell(self, words: NotificationText) -> None:
        """Say something that is no nudge, in place of what was said at the beginning."""
        self._say_soon(words)

    async def settled(self) -> None:
        """Return once everything that was to be said so far has been said, or has failed."""
        await self._said.join()

    async def close(self) -> None:
        """Say nothing more, but for the line that outlasts partner time, if there is one."""
        if self._speaker is not None:
            self._speaker.cancel()
            await asyncio.gather(self._speaker, return_exceptions=True)
            self._speaker = None
        words = self._last_words()
        if words is None or self._outlast is None:
            await self._voice.close()
        else:
            self._outlast(words, self._voice)

    def _last_words(self) -> NotificationText | None:
        try:
            return None if self._parting is None else self._farewell(self._parting)
        except Exception:
            logger.exception("what was to be said at the end cannot be said")
            return None

    def _say_soon(self, what: _Sayable) -> None:
        self._said.put_nowait(what)
        if self._speaker is None:
            self._speaker = asyncio.create_task(self._speak(), name="speaker")

    async def _speak(self) -> None:
        while True:
            effect = await self._said.get()
            try:
                await self._say(effect)
            except Exception:
                # A bug of a notifier: the nudge is kept as undelivered, the next one may succeed.
                logger.exception("a notifier failed in a way that it should not")
                if isinstance(effect, Notify):
                    self._put(NotShown(at=self._clock.now(), nudge=effect.moment.number))
            finally:
                self._said.task_done()

    async def _say(self, effect: _Sayable) -> None:
        match effect:
            case NotificationText():
                await self._shown(0, effect)
            case Notify(moment=moment):
                by = await self._shown(moment.number, self._words(moment))
                at = self._clock.now()
                self._put(
                    NotShown(at=at, nudge=moment.number) if by is None else Shown(at=at, nudge=moment.number, by=by)
                )
            case NotifyStart():
                words = self._greeting(effect)
                if words is not None:
                    await self._shown(0, words)
            case AskHowLong(moment=moment):
                # No nudge: what comes of the question is no outcome.
                await self._shown(moment.number, self._how_long(moment))
            case NotifyNeedOver(moment=moment):
                await self._shown(0, self._over(moment))
            case Withdraw(nudge=nudge):
                await self._voice.withdraw(nudge)

    async def _shown(self, nudge: int, words: NotificationText) -> str | None:
        try:
            async with asyncio.timeout(SHOW_TIMEOUT):
                self.last_spoke = await self._voice.show(nudge, words, self._answered)
        except TimeoutError:
            logger.warning("no notifier showed the nudge within %g s", SHOW_TIMEOUT)
            self.last_spoke = None
        return self.last_spoke

    def _answered(self, nudge: int, answer: Answer) -> None:
        self._put(Answered(at=self._clock.now(), nudge=nudge, answer=answer))
