"""Put the daemon together: the only place that knows the concrete classes of the other rooms.

Rule 1: what only partner time needs (rules, catalogue, sensors, notifiers) is imported when partner time begins.
Rule 2: the order of starting is the order of refusing: whose session, one instance, the settings, the store.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from detector.clock import Clock, SystemClock
from detector.config.read import read_settings
from detector.config.settings import Settings
from detector.control import requests as wishes
from detector.control.lock import Lock
from detector.control.sd_notify import Systemd
from detector.control.session_owner import refuse_others
from detector.control.status import PhoneState, State
from detector.daemon.calendar_refresher import Refreshing
from detector.daemon.crash_dump import save_last
from detector.daemon.dbus_service import Face
from detector.daemon.free_memory import give_back
from detector.daemon.idle_notifications import Outside, open_notifiers
from detector.daemon.loop import Loop
from detector.daemon.phone_api_switch import Threshold
from detector.daemon.phone_gateway import DaemonPhoneGateway
from detector.daemon.reconciler import Next, Reconciler
from detector.daemon.reminder import HeadsUps
from detector.daemon.scheduler import Planner
from detector.daemon.session import CoreFailed, UnderWay
from detector.devices import needs_phone_api
from detector.dnd.controller import DndController
from detector.errors import EXIT_DONE, Problem, UserError
from detector.partner_time.model import Occurrence
from detector.paths import config_path, rules_dir, state_dir, store_path
from detector.store.store import Store

if TYPE_CHECKING:
    from detector.daemon.phone_tracker import Hearing
    from detector.daemon.session_sensors import Sensing

LEAVING: Final = 1.5
"""Seconds in which the daemon ends, whatever still hangs: what matters is on disk already."""

logger = logging.getLogger("turntoward")


class Daemon:
    """Everything that lives as long as the daemon does."""

    def __init__(self, *, lock: Lock, store: Store, settings: Settings, clock: Clock) -> None:
        self._lock = lock
        self._store = store
        self._settings = settings
        self._clock = clock
        self._systemd = Systemd()
        self._wake = asyncio.Event()
        self._reconciler = Reconciler(store=store, open_one=self._open_one)
        self._loop = Loop(
            clock=clock,
            reconciler=self._reconciler,
            wake=self._wake,
            afterwards=self._afterwards,
            systemd=self._systemd,
        )
        self._planner = Planner(clock, self._loop.look, upkeep=self._upkeep)
        self._face = Face(
            status=self._status, pause=self._pause, resume=self._resume, reconcile=self._loop.look, stop=self._stop
        )
        self._desk = DaemonPhoneGateway(store=store, clock=clock, inside=self._hearing, changed=self._loop.look)
        self._threshold = Threshold(self._desk, clock)
        self._refreshing = Refreshing(
            store=store,
            clock=clock,
            planner=self._planner,
            changed=self._loop.look,
            interval=lambda: self._settings.calendars.refresh,
        )
        self._quieting = DndController(store=store, clock=clock, bus=lambda: self._face.connection)
        self._outside = Outside(lambda: open_notifiers(self._settings, self._face.connection))
        self._heads_up = HeadsUps(
            store=store,
            clock=clock,
            outside=self._outside,
            settings=lambda: self._settings,
            wake=lambda at: self._planner.set_job("heads_up", at, self._loop.look),
        )
        self._started = clock.now()
        self._sensing: Sensing | None = None
        self._rule_files: str | None = None
        self._problems: tuple[str, ...] = ()
        self._said = ""
        self._was_under_way = False

    async def run(self) -> None:
        """Run until a signal says to stop."""
        running = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            running.add_signal_handler(number, self._leave)
        running.add_signal_handler(signal.SIGHUP, self._loop.look)
        await self._face.bus()
        self._planner.start()
        tasks = [
            asyncio.create_task(self._loop.run(), name="loop"),
            asyncio.create_task(self._planner.watch(), name="planner"),
        ]
        try:
            self._systemd.ready()
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            self._systemd.stopping()
            self._planner.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._quieting.close()
            await self._threshold.close()
            await self._reconciler.leave()
            await self._outside.close()
            await self._face.close()

    def _leave(self) -> None:
        # If a sensor's thread, a notifier or the disk hangs, leaving must not: everything decided is kept. A thread, for
        # a signal would wait until the hanging call returns.
        at_last = threading.Timer(LEAVING, os._exit, (EXIT_DONE,))
        at_last.daemon = True
        at_last.start()
        self._loop.stop()

    def _open_one(self, occurrence: Occurrence, kept_as: str) -> UnderWay:
        from detector.daemon.session_factory import open_evening  # noqa: PLC0415 - partner time alone needs what it imports

        self._settings, problems = _settings_now(self._settings)
        evening = open_evening(
            occurrence,
            kept_as,
            settings=self._settings,
            rules_folder=rules_dir(),
            store=self._store,
            bus=self._face.connection,
            clock=self._clock,
            wake=self._wake,
            changed=self._say_soon,
            phones=self._desk.read(),
            put_away=self._desk.put_away_before(occurrence.begins),
            quieting=self._quieting,
            outside=self._outside,
        )
        self._sensing = evening.sensing
        self._rule_files = evening.rule_files
        self._say_what_is_wrong((*problems, *evening.problems))
        return evening.under_way

    def _say_what_is_wrong(self, problems: Sequence[Problem]) -> None:
        before = self._problems
        self._problems = tuple(map(str, problems))
        for problem in self._problems:
            if problem not in before:
                logger.warning("%s", problem)

    async def _afterwards(self, coming: Next) -> None:
        self._planner.set_boundary(coming.at)
        if not self._face.connected:
            await self._face.bus()
        self._quieting.agree(self._wants_dnd(), self._settings.quiet)
        is_under_way = self._reconciler.under_way is not None
        await self._agree_on_phones()
        self._refreshing.agree()
        if self._was_under_way and not is_under_way:
            self._sensing = None
            give_back()
        self._was_under_way = is_under_way
        await self._heads_up.look(coming)
        self._say()

    def _wants_dnd(self) -> str | None:
        """Return the partner time in which the desktop is to be quiet now, None where it is not."""
        session = self._reconciler.under_way
        if session is None or session.paused or not (session.occurrence.quiet or self._settings.quiet.always):
            return None
        return session.occurrence.id

    async def _agree_on_phones(self) -> None:
        known = {phone.name for phone in self._desk.phones()}
        phones = self._desk.read()
        self._desk.forget(*known.difference(phone.name for phone in phones))
        await self._threshold.agree(self._store.phone_api_address(), wanted=needs_phone_api(phones, self._clock.now()))
        if self._sensing is not None:
            await self._sensing.have(phones)

    def _hearing(self) -> Hearing | None:
        return self._sensing.hearing if self._sensing is not None and self._sensing.is_on else None

    def _say_soon(self) -> None:
        asyncio.get_running_loop().call_soon(self._say)

    def _say(self) -> None:
        said = self._status()
        if said != self._said:
            self._said = said
            self._lock.say(said)
            self._systemd.status(self._state().as_line())

    def _status(self) -> str:
        return self._state().as_json()

    def _state(self) -> State:
        current, coming = self._reconciler.under_way, self._reconciler.next
        return State(
            version=version("turntoward"),
            started=self._started,
            partner_time=current.occurrence.title if current else None,
            occurrence=current.kept_as if current else None,
            until=current.occurrence.ends if current else None,
            paused_until=coming.paused_until,
            next_title=coming.upcoming.title if coming.upcoming else None,
            next_begins=coming.upcoming.begins if coming.upcoming else None,
            senses=self._sensing.laptop.speaking() if self._sensing and current else {},
            rule_files=self._rule_files if current else None,
            bus=self._face.connected,
            problems=self._problems,
            door=self._threshold.state,
            phones=self._phones_now(),
        )

    def _phones_now(self) -> tuple[PhoneState, ...]:
        speaking = self._sensing.speaking() if self._sensing is not None else {}
        hearing = self._hearing()
        return tuple(
            PhoneState(
                name=phone.name,
                through_door=phone.token is not None,
                adb=phone.adb,
                speaks=speaking.get(phone.name),
                tested=self._desk.tests.get(phone.name),
                spoke=None if hearing is None else phone.name in hearing.spoke,
            )
            for phone in self._desk.phones()
            if phone.token is not None or phone.adb is not None
        )

    def _upkeep(self) -> None:
        over = self._store.prune(self._clock.now() - self._settings.store.retention)
        if over:
            logger.info("%d partner times are older than you want them kept, and were deleted", over)

    def _pause(self, length: timedelta) -> None:
        self._store.pause_until(self._clock.now() + length)
        self._loop.look()

    def _resume(self) -> None:
        self._store.pause_until(None)
        self._loop.look()

    def _stop(self) -> None:
        wishes.stop(self._store, self._clock.now())
        self._loop.look()


def run(clock: Clock | None = None) -> None:
    """Run the daemon in the foreground until it is told to stop.

    Raises:
        SomebodyElses: if the session is another user's.
        AlreadyRunning: if there is a daemon already.
        UserError: if the settings cannot be read.
        StoreError: if the store cannot be used, now or later.
        CoreFailed: if the core has a bug; its last observations are saved by then.
    """
    refuse_others()
    # Until the loop takes over, a command that pokes must not kill; the first look comes anyway.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Lock() as lock:
        settings = read_settings(config_path())
        store = Store.open(store_path())
        try:
            asyncio.run(_run(lock, store, settings, clock or SystemClock()))
        except CoreFailed as failure:
            logger.critical("the core failed; its last observations: %s", save_last(failure.observations, state_dir()))
            raise
        finally:
            store.close()


async def _run(lock: Lock, store: Store, settings: Settings, clock: Clock) -> None:
    daemon = Daemon(lock=lock, store=store, settings=settings, clock=clock)
    give_back()
    await daemon.run()


def _settings_now(before: Settings) -> tuple[Settings, Sequence[Problem]]:
    """Return the settings as they stand in the file now, or those from before with what is wrong with it."""
    try:
        return read_settings(config_path()), ()
    except UserError as wrong:
        return before, wrong.problems
