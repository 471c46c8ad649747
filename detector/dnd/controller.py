"""Keep the desktop quiet exactly while it is wanted, and bring back exactly what was before.

Rule 1: what was before is kept in the store before anything is changed: a killed daemon's next start brings it back.
Rule 2: where the state is neither what we set nor what was before, the person's hand was there: theirs wins, and nothing is
set again in that partner time. A state that lived in a server that is gone is nobody's.
Rule 3: asking twice does nothing the second time; nothing here raises, and nobody waits for a server that hangs.
Rule 4: what we set does not reach the core as the person's Do Not Disturb, where our nudges get through it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from detector.clock import Clock
from detector.core.observations import Answer, Observation, QuietBegan
from detector.dnd.model import DndUnavailable
from detector.dnd.settings import DndSettings
from detector.errors import StoreError
from detector.notifier.model import NotificationSender, NotificationText
from detector.store.store import Store

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus

    from detector.dnd.model import DoNotDisturb

KEY: Final = "desktop_quiet"
LEAVING: Final = 1.0
"""Seconds in which the earlier state is brought back when the daemon leaves; after that, the next start does."""

SOON: Final = 2.0
"""Seconds after which it is tried again, then twice as long, until the daemon's heartbeat is as soon."""
HEARTBEAT: Final = 60.0

logger = logging.getLogger("turntoward")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of what we changed. `occurrence` names the partner time, `way` who changed it, `place` where it lives.

    `done`: it was changed, as far as is known. `theirs`: the person's hand was there since; nothing of ours stands.
    """

    occurrence: str
    way: str = ""
    place: str = ""
    before: str = ""
    quiet: str = ""
    ringing: tuple[str, ...] = ()
    masks: bool = False
    urgent: bool = False
    done: bool = False
    theirs: bool = False


class DndController:
    """Switches the desktop's Do Not Disturb. `bus` returns the session bus as it stands, None where there is none."""

    def __init__(self, *, store: Store, clock: Clock, bus: Callable[[], MessageBus | None]) -> None:
        self._store = store
        self._clock = clock
        self._bus = bus
        self._kept = _kept(store.state.get(KEY))
        self._wanted: str | None = None
        self._settings = DndSettings()
        self._way: DoNotDisturb | None = None
        self._way_on: MessageBus | None = None
        self._worker: asyncio.Task[None] | None = None
        self._again = False
        self._said: str | None = None
        self._wait = SOON
        self._retry: asyncio.TimerHandle | None = None
        self._hear: Callable[[Observation], None] = lambda _: None

    @property
    def is_ours(self) -> bool:
        """Whether the desktop is quiet because we made it so."""
        return self._kept is not None and not self._kept.theirs

    def agree(self, occurrence: str | None, settings: DndSettings) -> None:
        """Let the desktop be quiet for this partner time, or as it was before. Returns at once."""
        self._wanted, self._settings = occurrence, settings
        if self._worker is not None and not self._worker.done():
            self._again = True
        elif occurrence is not None or self.is_ours:
            self._worker = asyncio.create_task(self._work(), name="quieting")

    async def settled(self) -> None:
        """Return once what was asked for so far has been done, or cannot be done now."""
        while self._worker is not None and not self._worker.done():
            await asyncio.wait([self._worker])

    async def close(self) -> None:
        """Bring back what was before; where a server hangs, leave that to the next start."""
        self.agree(None, self._settings)
        try:
            async with asyncio.timeout(LEAVING):
                await self.settled()
        except TimeoutError:
            logger.warning("the desktop's quiet could not be ended in time; the next start does so")
        if self._worker is not None:
            self._worker.cancel()
        if self._retry is not None:
            self._retry.cancel()

    def masks(self, what: object) -> bool:
        """Return whether this is only what we ourselves did, and no business of the core's."""
        return isinstance(what, QuietBegan) and self._kept is not None and not self._kept.theirs and self._kept.masks

    def through(self, voice: NotificationSender, hear: Callable[[Observation], None]) -> NotificationSender:
        """Return the voice as it gets through our own quiet; `hear` is told where the person's takes its place."""
        self._hear = hear
        return _Through(voice, lambda: self.is_ours and self._kept is not None and self._kept.urgent)

    async def _work(self) -> None:
        self._again = True
        while self._again:
            self._again = False
            try:
                await self._once()
                self._wait = SOON
            except Exception as wrong:  # noqa: BLE001 - Rule 3: a desktop that is not quiet costs no partner time
                self._say(str(wrong) if isinstance(wrong, StoreError) else _told(wrong))
                self._try_again()

    def _try_again(self) -> None:
        if self._wait < HEARTBEAT:
            again = asyncio.get_running_loop().call_later
            self._retry = again(self._wait, lambda: self.agree(self._wanted, self._settings))
            self._wait *= 2

    async def _once(self) -> None:
        kept = self._kept
        if kept is not None and not kept.theirs:
            kept = await self._look(kept)
        if self._wanted is None or (kept is not None and kept.occurrence == self._wanted):
            return
        await self._quieten(self._wanted)

    async def _look(self, kept: Kept) -> Kept | None:
        """Look after what was changed; return what is kept of it now."""
        way = await self._way_of(kept.way)
        if await way.place() != kept.place:
            self._keep(None)
            with suppress(DndUnavailable):
                self._tell_theirs(way, await way.read(), was=kept)
            return None
        now = await way.read() if way.reads else (kept.quiet if kept.done else kept.before)
        if now == kept.quiet:
            if self._wanted is not None:
                still = replace(kept, occurrence=self._wanted, done=True)
                if still != kept:
                    self._keep(still)
                return still
            await way.write(kept.before, kept.ringing)
            self._keep(None)
            logger.info("the desktop is as it was before")
            return None
        if not kept.done and now == kept.before:
            # Cut off between the note and the change: nothing was changed, or nobody can tell.
            await way.write(kept.before, kept.ringing)
            self._keep(None)
            return None
        theirs = Kept(occurrence=kept.occurrence, theirs=True)
        self._keep(theirs)
        logger.info("Do Not Disturb was changed by hand; it stays so")
        self._tell_theirs(way, now, was=kept)
        return theirs

    async def _quieten(self, occurrence: str) -> None:
        from detector.dnd import choose  # noqa: PLC0415 - only partner time that wants quiet needs it

        bus = self._bus()
        if bus is None:
            raise DndUnavailable("there is no session bus")
        way, passing = await choose(bus, self._settings)
        self._way, self._way_on = way, bus
        before = await way.read()
        quiet = way.quietened(before)
        if quiet == before:
            self._keep(Kept(occurrence=occurrence, theirs=True))
            logger.info("the desktop is quiet already, and stays as it is")
            return
        kept = Kept(
            occurrence=occurrence,
            way=way.name,
            place=await way.place(),
            before=before,
            quiet=quiet,
            ringing=self._settings.ringing,
            masks=way.masks and passing.nudges,
            urgent=way.urgent,
        )
        self._keep(kept)
        await way.write(quiet, kept.ringing)
        self._keep(replace(kept, done=True))
        self._said = None
        logger.info("the desktop keeps quiet (%s)", way.name)

    async def _way_of(self, name: str) -> DoNotDisturb:
        from detector.dnd import make  # noqa: PLC0415 - only what was changed needs it

        bus = self._bus()
        if bus is None:
            raise DndUnavailable("there is no session bus")
        if self._way is None or self._way.name != name or self._way_on is not bus:
            self._way, self._way_on = make(name, bus), bus
        return self._way

    def _tell_theirs(self, way: DoNotDisturb, now: str, *, was: Kept) -> None:
        if was.masks and way.is_quiet(now):
            self._hear(QuietBegan(at=self._clock.now()))

    def _keep(self, kept: Kept | None) -> None:
        self._store.state.set(KEY, None if kept is None else asdict(kept))
        self._kept = kept

    def _say(self, why: str) -> None:
        if why != self._said:
            self._said = why
            what = "does not keep quiet" if self._wanted else "is not yet as it was before"
            logger.warning("the desktop %s: %s; `turntoward doctor` says more", what, why)


class _Through:
    """A voice whose words are marked urgent while `urgent` says so."""

    def __init__(self, voice: NotificationSender, urgent: Callable[[], bool]) -> None:
        self._voice = voice
        self._urgent = urgent

    async def show(self, nudge: int, words: NotificationText, answered: Callable[[int, Answer], None], /) -> str | None:
        """Show the words."""
        return await self._voice.show(nudge, replace(words, urgent=True) if self._urgent() else words, answered)

    async def withdraw(self, nudge: int, /) -> None:
        """Take the notification away."""
        await self._voice.withdraw(nudge)

    async def close(self) -> None:
        """Let go of everything."""
        await self._voice.close()


def _kept(recalled: Any) -> Kept | None:
    """Return what a daemon before kept; what cannot be read is nothing."""
    try:
        return None if recalled is None else Kept(**{**recalled, "ringing": tuple(recalled["ringing"])})
    except (TypeError, KeyError):
        return None


def _told(wrong: Exception) -> str:
    return wrong.why if isinstance(wrong, DndUnavailable) else f"a bug in the program: {type(wrong).__name__}"
