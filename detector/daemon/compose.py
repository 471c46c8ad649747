"""Compose the daemon and run it; `session_factory` does the same for one session.

Invariant 1: rules, catalogue, sensors and notifiers, which only partner time needs, are imported when the first session starts.
Invariant 2: a start is refused in this order: another user's session, a second instance, the settings, the store.
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
from detector.control.lock import AlreadyRunning, Lock
from detector.control.sd_notify import Systemd
from detector.control.session_owner import require_session_owner
from detector.control.status import DaemonStatus, PhoneStatus
from detector.daemon.calendar_scheduler import CalendarScheduler
from detector.daemon.crash_dump import save_crash_dump
from detector.daemon.dbus_service import DBusService
from detector.daemon.free_memory import free_memory
from detector.daemon.loop import Loop
from detector.daemon.notifications_outside_sessions import NotificationsOutsideSessions, open_notifiers
from detector.daemon.phone_api_switch import PhoneApiSwitch
from detector.daemon.phone_gateway import DaemonPhoneGateway
from detector.daemon.reconciler import Reconciler, Upcoming
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

# Maximum duration of the shutdown, whatever hangs: all decisions are stored already.
MAX_SHUTDOWN_SECONDS: Final = 1.5

logger = logging.getLogger("turntoward")


def run(clock: Clock | None = None) -> None:
    """Run the daemon in the foreground until a signal stops it.

    Raises:
        NotSessionOwner: if the session is another user's.
        AlreadyRunning: if there is a daemon already, or if another one has taken this one's place.
        UserError: if the settings cannot be read.
        StoreError: if the store cannot be used, now or later.
        CoreFailed: if the core has a bug; its last observations are saved by then.
    """
    require_session_owner()
    # A command may wake the daemon as soon as it holds the lock, and SIGHUP would kill it before the loop handles the
    # signal. Nothing is missed: the loop's first step reads the store anyway.
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


class Daemon:
    """The parts that live as long as the daemon. Its public methods are those that the session bus offers."""

    def __init__(self, *, lock: Lock, store: Store, settings: Settings, clock: Clock) -> None:
        self._lock = lock
        self._store = store
        self._settings = settings
        self._clock = clock
        self._started = clock.now()
        self._systemd = Systemd()

        # The loop and what drives it.
        self._wake = asyncio.Event()
        self._reconciler = Reconciler(store=store, open_session=self._open_session)
        self._loop = Loop(
            clock=clock,
            reconciler=self._reconciler,
            wake=self._wake,
            restore_locks=lock.restore,
            after_reconcile=self._after_reconcile,
            systemd=self._systemd,
        )
        self._scheduler = Scheduler(clock, self.reconcile, upkeep=self._upkeep)

        # Parts that also act outside of sessions; each is updated after every reconciliation.
        self._dbus_service = DBusService(self)
        self._dnd_controller = DndController(store=store, clock=clock, bus=lambda: self._dbus_service.connection)
        self._phone_gateway = DaemonPhoneGateway(
            store=store, clock=clock, tracker=self._phone_tracker, changed=self.reconcile
        )
        self._phone_api_switch = PhoneApiSwitch(self._phone_gateway, clock)
        self._calendar_scheduler = CalendarScheduler(
            store=store,
            clock=clock,
            scheduler=self._scheduler,
            changed=self.reconcile,
            interval=lambda: self._settings.calendars.refresh,
        )
        self._outside_sessions = NotificationsOutsideSessions(
            lambda: open_notifiers(self._settings, self._dbus_service.connection)
        )
        self._reminder = Reminder(
            store=store,
            clock=clock,
            outside_sessions=self._outside_sessions,
            settings=lambda: self._settings,
            wake_at=lambda at: self._scheduler.set_job("heads_up", at, self.reconcile),
        )

        # The session's parts, and what was last published.
        self._had_session = False
        self._sensors: SessionSensors | None = None
        self._rule_files: str | None = None
        self._problems: tuple[str, ...] = ()
        self._published = ""

    async def run(self) -> None:
        """Run until a signal stops it."""
        running = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            running.add_signal_handler(number, self._shut_down)
        running.add_signal_handler(signal.SIGHUP, self.reconcile)
        running.add_signal_handler(signal.SIGCONT, self._loop.continued)
        await self._dbus_service.connect()
        self._scheduler.start()
        tasks = [
            asyncio.create_task(self._loop.run(), name="loop"),
            asyncio.create_task(self._scheduler.run_heartbeat(), name="scheduler"),
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
            # Do Not Disturb first: only the desktop's state outlives the process. The bus last: the controller and the
            # notifiers use it.
            await self._dnd_controller.close()
            await self._phone_api_switch.close()
            await self._reconciler.close()
            await self._outside_sessions.close()
            await self._dbus_service.close()

    def _shut_down(self) -> None:
        # The process must end even where a sensor's thread, a notifier or the disk hangs. A thread ends it: a second signal
        # would wait until the call that hangs returns.
        deadline = threading.Timer(MAX_SHUTDOWN_SECONDS, os._exit, (EXIT_DONE,))
        deadline.daemon = True
        deadline.start()
        self._loop.stop()

    # Called by the session bus and other parts of the daemon.

    def status(self) -> str:
        return self._status().as_json()

    def pause(self, length: timedelta) -> None:
        self._store.plans.pause_until(self._clock.now() + length)
        self.reconcile()

    def resume(self) -> None:
        self._store.plans.pause_until(None)
        self.reconcile()

    def stop_partner_time(self) -> None:
        requests.stop(self._store, self._clock.now())
        self.reconcile()

    def reconcile(self) -> None:
        """Read the store again as soon as possible, and act on what changed."""
        self._loop.request_reconcile()

    # Sessions.

    def _open_session(self, occurrence: Occurrence, stored_id: str) -> Session:
        from detector.daemon.session_factory import DaemonParts, SessionBuilder  # noqa: PLC0415 - Invariant 1

        self._settings, problems = _reload_settings(self._settings)
        built = SessionBuilder(
            DaemonParts(
                store=self._store,
                clock=self._clock,
                wake=self._wake,
                dnd_controller=self._dnd_controller,
                outside_sessions=self._outside_sessions,
                status_changed=self._publish_soon,
                reconcile=self.reconcile,
            ),
            self._settings,
            occurrence,
            stored_id,
            rules_folder=rules_dir(),
            bus=self._dbus_service.connection,
            phones=self._phone_gateway.reload_phones(),
            put_away=self._phone_gateway.pop_early_put_aways(occurrence.begins),
        )
        self._sensors = built.session.sensors
        self._rule_files = built.rule_files
        self._set_problems((*problems, *built.problems))
        return built.session

    def _set_problems(self, problems: Sequence[Problem]) -> None:
        before = self._problems
        self._problems = tuple(map(str, problems))
        for problem in self._problems:
            if problem not in before:
                logger.warning("%s", problem)

    async def _after_reconcile(self, upcoming: Upcoming) -> None:
        session = self._reconciler.session
        if session is not None and (requested := requests.take_answers(self._store, session.stored_id)):
            session.answer(*requested)
        if not self._dbus_service.connected:
            await self._dbus_service.connect()
        self._dnd_controller.request(self._wants_dnd(), self._settings.quiet)
        has_session = self._reconciler.session is not None
        await self._update_phones()
        self._calendar_scheduler.update()
        if self._had_session and not has_session:
            self._sensors = None
            free_memory()
        self._had_session = has_session
        await self._reminder.update(upcoming)
        self._publish_status()

    def _wants_dnd(self) -> str | None:
        """Return the id of the occurrence for which Do Not Disturb has to be on now, or None."""
        session = self._reconciler.session
        if session is None or session.paused or not (session.occurrence.do_not_disturb or self._settings.quiet.always):
            return None
        if self._settings.quiet.even_without_nudges and session.notice is not None:
            # It holds back our own notifications as well, so the start notice has its whole time before it is switched on.
            shown_at = session.notice.shown_at if session.sensing == "all" else None
            until = None if shown_at is None else shown_at + self._settings.notifications.expires
            if until is None or self._clock.now() < until:
                self._scheduler.set_job("dnd", until, self.reconcile)
                return None
        return session.occurrence.id

    async def _update_phones(self) -> None:
        before = {phone.name for phone in self._phone_gateway.phones()}
        phones = self._phone_gateway.reload_phones()
        self._phone_gateway.forget(*before.difference(phone.name for phone in phones))
        is_needed = needs_phone_api(phones, self._clock.now())
        await self._phone_api_switch.update(self._store.phones.api_address(), is_needed=is_needed)
        if self._sensors is not None:
            await self._sensors.set_phones(phones)

    def _phone_tracker(self) -> PhoneTracker | None:
        return self._sensors.phone_tracker if self._sensors is not None and self._sensors.is_on else None

    def _upkeep(self) -> None:
        deleted = self._store.prune(self._clock.now() - self._settings.store.retention)
        if deleted:
            logger.info("%d partner times are older than you want them kept, and were deleted", deleted)

    # The status.

    def _publish_soon(self) -> None:
        # Sensors report in the middle of a step; by the next turn of the event loop all of it is consistent.
        asyncio.get_running_loop().call_soon(self._publish_status)

    def _publish_status(self) -> None:
        status = self._status()
        as_json = status.as_json()
        if as_json != self._published:
            self._published = as_json
            try:
                self._lock.publish(as_json)
            except AlreadyRunning:
                # The next step of the loop meets it as well, and ends the daemon.
                self.reconcile()
            self._systemd.status(status.as_line())

    def _status(self) -> DaemonStatus:
        session, upcoming = self._reconciler.session, self._reconciler.upcoming
        is_sensed = session is not None and session.sensing != "nothing"
        quiet = session.no_nudge_reason if session else None
        return DaemonStatus(
            version=version("turntoward"),
            started=self._started,
            partner_time=session.occurrence.title if session else None,
            occurrence=session.stored_id if session else None,
            until=session.occurrence.ends if session else None,
            paused_until=upcoming.paused_until,
            next_title=upcoming.occurrence.title if upcoming.occurrence else None,
            next_begins=upcoming.occurrence.begins if upcoming.occurrence else None,
            senses=self._sensors.laptop.active_sensors() if self._sensors and session and is_sensed else {},
            sensing=session.sensing if session else None,
            why_nothing=session.why_nothing_is_sensed if session else None,
            quiet_reason=quiet.reason if quiet else None,
            quiet_until=quiet.until if quiet else None,
            has_screen=self._settings.notifications.screen,
            bus=self._dbus_service.connected,
            problems=self._problems,
            rule_files=self._rule_files if session else None,
            phone_api=self._phone_api_switch.state,
            phones=self._phone_statuses(),
        )

    def _phone_statuses(self) -> tuple[PhoneStatus, ...]:
        adb_sensors = self._sensors.active_phone_sensors() if self._sensors is not None else {}
        tracker = self._phone_tracker()
        return tuple(
            PhoneStatus(
                name=phone.name,
                uses_phone_api=phone.token is not None,
                adb=phone.adb,
                speaks=adb_sensors.get(phone.name),
                tested=self._phone_gateway.tested_at.get(phone.name),
                spoke=None if tracker is None else phone.name in tracker.heard_from,
            )
            for phone in self._phone_gateway.phones()
            if phone.is_paired
        )


def _reload_settings(before: Settings) -> tuple[Settings, Sequence[Problem]]:
    # A mistake in the file must not stop partner time: the earlier settings stay in force.
    try:
        return read_settings(config_path()), ()
    except UserError as wrong:
        return before, wrong.problems
