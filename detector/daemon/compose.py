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
from detector.control import requests
from detector.control.lock import Lock
from detector.control.sd_notify import Systemd
from detector.control.session_owner import require_session_owner
from detector.control.status import PhoneState, State
from detector.daemon.calendar_refresher import CalendarRefresher
from detector.daemon.crash_dump import save_crash_dump
from detector.daemon.dbus_service import DBusService
from detector.daemon.free_memory import free_memory
from detector.daemon.idle_notifications import IdleNotifications, open_notifiers
from detector.daemon.loop import Loop
from detector.daemon.phone_api_switch import PhoneApiSwitch
from detector.daemon.phone_gateway import DaemonPhoneGateway
from detector.daemon.reconciler import Next, Reconciler
from detector.daemon.reminder import Reminder
from detector.daemon.scheduler import Scheduler
from detector.daemon.session import CoreFailed, Session
from detector.devices import needs_phone_api
from detector.dnd.controller import DndController
from detector.errors import EXIT_DONE, Problem, UserError
from detector.partner_time.model import Occurrence
from detector.paths import config_path, rules_dir, state_dir, store_path
from detector.store.store import Store

if TYPE_CHECKING:
    from detector.daemon.phone_tracker import PhoneTracker
    from detector.daemon.session_sensors import SessionSensors

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
        self._scheduler = Scheduler(clock, self._loop.look, upkeep=self._upkeep)
        self._dbus_service = DBusService(
            status=self._status, pause=self._pause, resume=self._resume, reconcile=self._loop.look, stop=self._stop
        )
        self._phone_gateway = DaemonPhoneGateway(
            store=store, clock=clock, inside=self._phone_tracker, changed=self._loop.look
        )
        self._phone_api_switch = PhoneApiSwitch(self._phone_gateway, clock)
        self._calendar_refresher = CalendarRefresher(
            store=store,
            clock=clock,
            scheduler=self._scheduler,
            changed=self._loop.look,
            interval=lambda: self._settings.calendars.refresh,
        )
        self._dnd_controller = DndController(store=store, clock=clock, bus=lambda: self._dbus_service.connection)
        self._idle_notifications = IdleNotifications(
            lambda: open_notifiers(self._settings, self._dbus_service.connection)
        )
        self._reminder = Reminder(
            store=store,
            clock=clock,
            idle_notifications=self._idle_notifications,
            settings=lambda: self._settings,
            wake=lambda at: self._scheduler.set_job("heads_up", at, self._loop.look),
        )
        self._started = clock.now()
        self._sensing: SessionSensors | None = None
        self._rule_files: str | None = None
        self._problems: tuple[str, ...] = ()
        self._said = ""
        self._had_session = False

    async def run(self) -> None:
        """Run until a signal says to stop."""
        running = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            running.add_signal_handler(number, self._leave)
        running.add_signal_handler(signal.SIGHUP, self._loop.look)
        await self._dbus_service.bus()
        self._scheduler.start()
        tasks = [
            asyncio.create_task(self._loop.run(), name="loop"),
            asyncio.create_task(self._scheduler.watch(), name="scheduler"),
        ]
        try:
            self._systemd.ready()
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            self._systemd.stopping()
            self._scheduler.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._dnd_controller.close()
            await self._phone_api_switch.close()
            await self._reconciler.leave()
            await self._idle_notifications.close()
            await self._dbus_service.close()

    def _leave(self) -> None:
        # If a sensor's thread, a notifier or the disk hangs, leaving must not: everything decided is kept. A thread, for
        # a signal would wait until the hanging call returns.
        at_last = threading.Timer(LEAVING, os._exit, (EXIT_DONE,))
        at_last.daemon = True
        at_last.start()
        self._loop.stop()

    def _open_one(self, occurrence: Occurrence, kept_as: str) -> Session:
        from detector.daemon.session_factory import open_evening  # noqa: PLC0415 - partner time alone needs what it imports

        self._settings, problems = _settings_now(self._settings)
        evening = open_evening(
            occurrence,
            kept_as,
            settings=self._settings,
            rules_folder=rules_dir(),
            store=self._store,
            bus=self._dbus_service.connection,
            clock=self._clock,
            wake=self._wake,
            changed=self._say_soon,
            phones=self._phone_gateway.read(),
            put_away=self._phone_gateway.put_away_before(occurrence.begins),
            dnd_controller=self._dnd_controller,
            idle_notifications=self._idle_notifications,
        )
        self._sensing = evening.sensing
        self._rule_files = evening.rule_files
        self._say_what_is_wrong((*problems, *evening.problems))
        return evening.session

    def _say_what_is_wrong(self, problems: Sequence[Problem]) -> None:
        before = self._problems
        self._problems = tuple(map(str, problems))
        for problem in self._problems:
            if problem not in before:
                logger.warning("%s", problem)

    async def _afterwards(self, coming: Next) -> None:
        self._scheduler.set_boundary(coming.at)
        if not self._dbus_service.connected:
            await self._dbus_service.bus()
        self._dnd_controller.request(self._wants_dnd(), self._settings.quiet)
        has_session = self._reconciler.session is not None
        await self._update_phones()
        self._calendar_refresher.update()
        if self._had_session and not has_session:
            self._sensing = None
            free_memory()
        self._had_session = has_session
        await self._reminder.look(coming)
        self._say()

    def _wants_dnd(self) -> str | None:
        """Return the partner time in which the desktop is to be quiet now, None where it is not."""
        session = self._reconciler.session
        if session is None or session.paused or not (session.occurrence.quiet or self._settings.quiet.always):
            return None
        return session.occurrence.id

    async def _update_phones(self) -> None:
        known = {phone.name for phone in self._phone_gateway.phones()}
        phones = self._phone_gateway.read()
        self._phone_gateway.forget(*known.difference(phone.name for phone in phones))
        await self._phone_api_switch.update(
            self._store.phones.api_address(), wanted=needs_phone_api(phones, self._clock.now())
        )
        if self._sensing is not None:
            await self._sensing.set_phones(phones)

    def _phone_tracker(self) -> PhoneTracker | None:
        return self._sensing.phone_tracker if self._sensing is not None and self._sensing.is_on else None

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
        current, coming = self._reconciler.session, self._reconciler.next
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
            bus=self._dbus_service.connected,
            problems=self._problems,
            door=self._phone_api_switch.state,
            phones=self._phones_now(),
        )

    def _phones_now(self) -> tuple[PhoneState, ...]:
        speaking = self._sensing.speaking() if self._sensing is not None else {}
        phone_tracker = self._phone_tracker()
        return tuple(
            PhoneState(
                name=phone.name,
                through_door=phone.token is not None,
                adb=phone.adb,
                speaks=speaking.get(phone.name),
                tested=self._phone_gateway.tests.get(phone.name),
                spoke=None if phone_tracker is None else phone.name in phone_tracker.spoke,
            )
            for phone in self._phone_gateway.phones()
            if phone.token is not None or phone.adb is not None
        )

    def _upkeep(self) -> None:
        over = self._store.prune(self._clock.now() - self._settings.store.retention)
        if over:
            logger.info("%d partner times are older than you want them kept, and were deleted", over)

    def _pause(self, length: timedelta) -> None:
        self._store.plans.pause_until(self._clock.now() + length)
        self._loop.look()

    def _resume(self) -> None:
        self._store.plans.pause_until(None)
        self._loop.look()

    def _stop(self) -> None:
        requests.stop(self._store, self._clock.now())
        self._loop.look()


def run(clock: Clock | None = None) -> None:
    """Run the daemon in the foreground until it is told to stop.

    Raises:
        NotSessionOwner: if the session is another user's.
        AlreadyRunning: if there is a daemon already.
        UserError: if the settings cannot be read.
        StoreError: if the store cannot be used, now or later.
        CoreFailed: if the core has a bug; its last observations are saved by then.
    """
    require_session_owner()
    # Until the loop takes over, a command that pokes must not kill; the first look comes anyway.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Lock() as lock:
        settings = read_settings(config_path())
        store = Store.open(store_path())
        try:
            asyncio.run(_run(lock, store, settings, clock or SystemClock()))
        except CoreFailed as failure:
            logger.critical(
                "the core failed; its last observations: %s", save_crash_dump(failure.observations, state_dir())
            )
            raise
        finally:
            store.close()


async def _run(lock: Lock, store: Store, settings: Settings, clock: Clock) -> None:
    daemon = Daemon(lock=lock, store=store, settings=settings, clock=clock)
    free_memory()
    await daemon.run()


def _settings_now(before: Settings) -> tuple[Settings, Sequence[Problem]]:
    """Return the settings as they stand in the file now, or those from before with what is wrong with it."""
    try:
        return read_settings(config_path()), ()
    except UserError as wrong:
        return before, wrong.problems
