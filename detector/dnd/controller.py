"""Switch the desktop's Do Not Disturb on exactly while it is requested, and restore exactly what was before.

Invariant 1: the earlier state is stored before anything is changed: after a kill the next start restores it.
Invariant 2: a state that is neither ours nor the earlier one was changed by hand: it stays, and nothing is set again in that
partner time. A state ends with its scope, such as the server's process.
Invariant 3: a second request does nothing; nothing here raises, and a server that hangs delays no other part.
Invariant 4: where our nudges get through it, our own Do Not Disturb does not reach the core as the person's own.
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
from detector.dnd import REGISTRY, choose, make
from detector.dnd.model import DndSettings, DndUnavailable, DoNotDisturb
from detector.dnd.server import NotificationServer
from detector.errors import StoreError
from detector.i18n import _
from detector.notifier.model import NotificationSender, NotificationText
from detector.store.store import Store

if TYPE_CHECKING:
    from detector.dbus import Bus

KEY: Final = "desktop_quiet"
CLOSE_TIMEOUT: Final = 1.0
"""Seconds in which the earlier state is restored when the daemon ends; after that, the next start does it."""

FIRST_RETRY: Final = 2.0
"""Seconds until the first retry after a failure; the delay is doubled each time."""
MAX_RETRY: Final = 60.0
"""Seconds. From this delay on the daemon's heartbeat retries as often."""

logger = logging.getLogger("turntoward")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedState:
    """Our change of Do Not Disturb for the partner time of this `occurrence`, as it is stored.

    `before` and `when_on` are the states of `dnd_name` in this `scope`. `hides_sensor`: the sensor would report our own change.
    `urgent`: nudges have to be marked urgent. `applied`: the change was made, as far as is known. `changed_by_hand`: the
    person changed it since, or had it on before; nothing of our change is left.
    """

    occurrence: str
    dnd_name: str = ""
    scope: str = ""
    before: str = ""
    when_on: str = ""
    ringing: tuple[str, ...] = ()
    hides_sensor: bool = False
    urgent: bool = False
    applied: bool = False
    changed_by_hand: bool = False


# The keys under which earlier versions stored the fields, which they still do.
_STORED_KEYS: Final = {
    "dnd_name": "way",
    "scope": "place",
    "when_on": "quiet",
    "hides_sensor": "masks",
    "applied": "done",
    "changed_by_hand": "theirs",
}


class DndController:
    """Switches the desktop's Do Not Disturb. `bus` returns the present session bus, None where there is none.

    `holds_back`: Do Not Disturb would have held back the last start notice.
    """

    def __init__(self, *, store: Store, clock: Clock, bus: Callable[[], Bus | None]) -> None:
        self._store = store
        self._clock = clock
        self._bus = bus
        self._saved = _saved_state(store.state.get(KEY))
        self._requested: str | None = None
        self._settings = DndSettings()
        self._dnd: DoNotDisturb | None = None
        self._dnd_bus: Bus | None = None
        self._worker: asyncio.Task[None] | None = None
        self._has_new_request = False
        self._logged: str | None = None
        self._delay = FIRST_RETRY
        self._retry: asyncio.TimerHandle | None = None
        self._put: Callable[[Observation], None] = lambda _observation: None
        self.holds_back = False

    @property
    def _own_change(self) -> SavedState | None:
        return None if self._saved is None or self._saved.changed_by_hand else self._saved

    @property
    def is_on_by_us(self) -> bool:
        return self._own_change is not None

    def request(self, occurrence: str | None, settings: DndSettings) -> None:
        """Switch Do Not Disturb on for this partner time, or restore the earlier state if None. Returns at once."""
        self._requested, self._settings = occurrence, settings
        if self._worker is not None and not self._worker.done():
            self._has_new_request = True
        elif occurrence is not None or self.is_on_by_us:
            self._worker = asyncio.create_task(self._work(), name="dnd")

    async def wait_until_done(self) -> None:
        """Return once the requests so far have been carried out, or have failed for now."""
        while self._worker is not None and not self._worker.done():
            await asyncio.wait([self._worker])

    async def close(self) -> None:
        """Restore the earlier state; if a server hangs, the next start does it."""
        self.request(None, self._settings)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self.wait_until_done()
        except TimeoutError:
            logger.warning("the desktop's quiet could not be ended in time; the next start does so")
        if self._worker is not None:
            self._worker.cancel()
        if self._retry is not None:
            self._retry.cancel()

    def is_own_change(self, what: object) -> bool:
        """Return whether a sensor reports only our own change, which the core must not get."""
        return isinstance(what, QuietBegan) and self._own_change is not None and self._own_change.hides_sensor

    @property
    def needs_urgent(self) -> bool:
        """Return whether a text has to be marked urgent to get through our own Do Not Disturb."""
        return self._own_change is not None and self._own_change.urgent

    def attach(self, put: Callable[[Observation], None]) -> None:
        """Call `put` with `QuietBegan` when the person's own Do Not Disturb takes the place of ours."""
        self._put = put

    async def passes_others(self) -> bool | None:
        """Return whether somebody else's Do Not Disturb is on and lets urgent notifications through; None: it holds all back."""
        passes: bool | None = False
        with suppress(DndUnavailable):
            server = NotificationServer(self._require_bus())
            name = await server.name()
            for kind in (kind for kind, (wanted, _class) in REGISTRY.items() if wanted == name):
                # KDE's inhibition is known as ours only to the object that asked for it.
                is_used = self._dnd is not None and self._dnd.name == kind
                dnd = await self._dnd_named(kind) if is_used else make(kind, server)
                # A version of the server may lack what this kind reads; the next kind reads something else.
                with suppress(DndUnavailable):
                    state = await dnd.read()
                    if not dnd.can_read:
                        continue
                    if dnd.is_on_by_others(state):
                        passes = True if dnd.needs_urgent and (await dnd.exceptions(())).nudges else None
                    break
        self.holds_back = passes is None
        return passes

    async def _work(self) -> None:
        # A request that comes meanwhile does not start a second worker: this one carries it out next.
        self._has_new_request = True
        while self._has_new_request:
            self._has_new_request = False
            try:
                await self._reconcile()
                self._delay = FIRST_RETRY
            except Exception as failure:  # noqa: BLE001 - Invariant 3: partner time goes on without Do Not Disturb
                self._log_once(_reason(failure))
                self._retry_later()

    def _retry_later(self) -> None:
        if self._delay < MAX_RETRY:
            call_later = asyncio.get_running_loop().call_later
            self._retry = call_later(self._delay, lambda: self.request(self._requested, self._settings))
            self._delay *= 2

    async def _reconcile(self) -> None:
        saved = self._saved
        if saved is not None and not saved.changed_by_hand:
            saved = await self._check(saved)
        if self._requested is None or (saved is not None and saved.occurrence == self._requested):
            return
        await self._switch_on(self._requested)

    async def _check(self, saved: SavedState) -> SavedState | None:
        # Compare the desktop with what was saved, restore it where it is no longer requested; return what is saved now.
        # By the name that was stored: after an update of the server another kind may be the preferred one.
        dnd = await self._dnd_named(saved.dnd_name)
        if await dnd.scope() != saved.scope:
            self._save(None)
            with suppress(DndUnavailable):
                self._report_dnd_of_others(dnd, await dnd.read(), saved)
            return None
        now = await dnd.read() if dnd.can_read else (saved.when_on if saved.applied else saved.before)
        if now == saved.when_on:
            if self._requested is not None:
                # The next partner time takes over the change, with what was before the first.
                continued = replace(saved, occurrence=self._requested, applied=True)
                if continued != saved:
                    self._save(continued)
                return continued
            await dnd.write(saved.before, saved.ringing)
            self._save(None)
            logger.info("the desktop is as it was before")
            return None
        if not saved.applied and now == saved.before:
            # Killed between saving and changing: nothing was changed, or (dunst's rules) nobody can tell.
            await dnd.write(saved.before, saved.ringing)
            self._save(None)
            return None
        changed = SavedState(occurrence=saved.occurrence, changed_by_hand=True)
        self._save(changed)
        logger.info("Do Not Disturb was changed by hand; it stays so")
        self._report_dnd_of_others(dnd, now, saved)
        return changed

    async def _switch_on(self, occurrence: str) -> None:
        bus = self._require_bus()
        dnd, exceptions = await choose(NotificationServer(bus), self._settings)
        self._dnd, self._dnd_bus = dnd, bus
        before = await dnd.read()
        when_on = dnd.state_when_on(before)
        # The person has switched it on already: nothing is restored later.
        if when_on == before:
            self._save(SavedState(occurrence=occurrence, changed_by_hand=True))
            logger.info("the desktop is quiet already, and stays as it is")
            return
        saved = SavedState(
            occurrence=occurrence,
            dnd_name=dnd.name,
            scope=await dnd.scope(),
            before=before,
            when_on=when_on,
            ringing=self._settings.ringing,
            hides_sensor=dnd.seen_by_sensor and exceptions.nudges,
            urgent=dnd.needs_urgent,
        )
        # Invariant 1: saved before the change, and marked as done after it.
        self._save(saved)
        await dnd.write(when_on, saved.ringing)
        self._save(replace(saved, applied=True))
        self._logged = None
        logger.info("the desktop keeps quiet (%s)", dnd.name)

    async def _dnd_named(self, name: str) -> DoNotDisturb:
        bus = self._require_bus()
        # One object for one connection: Plasma's inhibition is known only to the object that asked for it.
        if self._dnd is None or self._dnd.name != name or self._dnd_bus is not bus:
            self._dnd, self._dnd_bus = make(name, NotificationServer(bus)), bus
        return self._dnd

    def _require_bus(self) -> Bus:
        bus = self._bus()
        if bus is None:
            raise DndUnavailable(_("there is no session bus"))
        return bus

    def _report_dnd_of_others(self, dnd: DoNotDisturb, now: str, saved: SavedState) -> None:
        # The sensor's own `QuietBegan` was held back as a change of ours, and no other will come.
        if saved.hides_sensor and dnd.is_on_by_others(now):
            self._put(QuietBegan(at=self._clock.now()))

    def _save(self, saved: SavedState | None) -> None:
        fields = None if saved is None else asdict(saved)
        self._store.state.set(KEY, fields and {_STORED_KEYS.get(name, name): value for name, value in fields.items()})
        self._saved = saved

    def _log_once(self, why: str) -> None:
        if why != self._logged:
            self._logged = why
            what = "does not keep quiet" if self._requested else "is not yet as it was before"
            logger.warning("the desktop %s: %s; `turntoward doctor` says more", what, why)


class UrgentSender:
    """A sender that marks its texts urgent where only that gets them through our own Do Not Disturb.

    A start notice is marked also where that gets it through the person's own Do Not Disturb: it is shown in any case.
    """

    def __init__(self, sender: NotificationSender, controller: DndController) -> None:
        self._sender = sender
        self._controller = controller

    async def show(self, nudge: int, text: NotificationText, answered: Callable[[int, Answer], None], /) -> str | None:
        is_urgent = self._controller.needs_urgent
        if text.is_start_notice:
            passes = await self._controller.passes_others()
            if passes is None:
                return None
            is_urgent = is_urgent or passes
        return await self._sender.show(nudge, replace(text, urgent=True) if is_urgent else text, answered)

    async def withdraw(self, nudge: int, /) -> None:
        await self._sender.withdraw(nudge)

    async def close(self) -> None:
        await self._sender.close()


def _saved_state(stored: Any) -> SavedState | None:
    # Return the state that an earlier daemon saved, None if it cannot be read.
    names = {key: name for name, key in _STORED_KEYS.items()}
    try:
        fields = {names.get(key, key): value for key, value in (stored or {}).items()}
        return SavedState(**fields | {"ringing": tuple(fields["ringing"])}) if fields else None
    except (AttributeError, TypeError, KeyError):
        return None


def _reason(failure: Exception) -> str:
    if isinstance(failure, StoreError):
        return str(failure)
    return failure.why if isinstance(failure, DndUnavailable) else f"a bug in the program: {type(failure).__name__}"
