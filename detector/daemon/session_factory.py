"""Build the session of one occurrence with all its parts, when partner time starts.

Invariant 1: a broken rule of the person's own is left out and reported; all other rules are used.
Invariant 2: where nothing can be sensed, a notification says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from detector.activities.load import load_classifier
from detector.clock import Clock
from detector.config.settings import Settings
from detector.core.observations import Activity, Gap, Sense, SensorStarted
from detector.core.pipeline import Pipeline
from detector.daemon.baselines import read_baselines
from detector.daemon.effect_runner import EffectRunner
from detector.daemon.inbox import Inbox
from detector.daemon.notifications_outside_sessions import NotificationsOutsideSessions, open_notifiers
from detector.daemon.phone_apps import PhoneApps
from detector.daemon.phone_backfill import PhoneBackfill
from detector.daemon.phone_tracker import PhoneTracker
from detector.daemon.sensor_runner import SensorContext, SensorFactory
from detector.daemon.sensor_supervisor import SensorSupervisor
from detector.daemon.session import Session
from detector.daemon.session_sensors import SessionSensors
from detector.daemon.wording import Wording
from detector.devices import Phone
from detector.dnd.controller import DndController, UrgentSender
from detector.i18n import _
from detector.notifier.model import NotificationText
from detector.partner_time.model import Occurrence
from detector.rulebook.fingerprint import fingerprint
from detector.rulebook.loading import load_rules
from detector.sensors.adb_phone import AdbPhone
from detector.sensors.model import SensorEvent, Toplevel
from detector.store import quiet_week
from detector.store.store import Store

if TYPE_CHECKING:
    from detector.dbus import Bus

logger = logging.getLogger("turntoward")


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonParts:
    """The parts that live as long as the daemon, and that every session uses.

    `wake` wakes the loop. `status_changed` is called when a sensor has started or was lost, `reconcile` when other parts may
    have to act on a change.
    """

    store: Store
    clock: Clock
    wake: asyncio.Event
    dnd_controller: DndController
    outside_sessions: NotificationsOutsideSessions
    status_changed: Callable[[], None]
    reconcile: Callable[[], None]


class SessionBuilder:
    """Builds one session. Nothing is opened or started yet.

    `stored_id` is the id of the occurrence in the store. `phones`: those that are paired; `put_away`: the names of those that
    were put away shortly before. `session`: the result; `problems`: the mistakes in the person's own rules; `rule_files`: the
    fingerprint of the files of the rules.
    """

    def __init__(
        self,
        parts: DaemonParts,
        settings: Settings,
        occurrence: Occurrence,
        stored_id: str,
        *,
        rules_folder: Path,
        bus: Bus | None,
        phones: Sequence[Phone],
        put_away: Sequence[str],
    ) -> None:
        store, clock = parts.store, parts.clock
        self._parts = parts
        self._settings = settings
        # Computed before the files are read, so that a change in between counts as one that the session does not know.
        self.rule_files = fingerprint(rules_folder)
        rulebook = load_rules(rules_folder)
        self.problems = rulebook.problems

        self._classifier = load_classifier(settings.activities)
        apps = PhoneApps(self._classifier.classify_phone)
        self._inbox = Inbox(
            classify=self._classify,
            classify_app=apps.opened,
            clock=clock,
            arrived=parts.wake,
            keep_names=settings.store.keep_names,
        )

        # Notifiers that still show something are reused, so that the session's first notification replaces it.
        self._notifiers = parts.outside_sessions.detach_notifiers() or open_notifiers(settings, bus)
        self._urgent_sender = UrgentSender(self._notifiers, parts.dnd_controller)
        parts.dnd_controller.attach(self._inbox.put)
        self._tracker = PhoneTracker(
            put=self._inbox.put,
            classify=apps.activity,
            clock=clock,
            sees_apps=self._sees_apps,
        )
        quiet_evening = quiet_week.current_evening(store)
        self._wording = Wording(
            settings,
            began=occurrence.begins,
            rules={rule.code: rule for rule in rulebook.rules},
            quiet_evening=quiet_evening,
            quiet_week_over=quiet_evening is None and quiet_week.has_just_ended(store),
        )
        self._effect_runner = EffectRunner(
            store=store,
            sender=self._urgent_sender,
            wording=self._wording,
            put=self._inbox.put,
            clock=clock,
            phones=self._tracker,
            occurrence=stored_id,
            pop_unknown_apps=apps.pop_unknown,
            show_after_end=self._show_after_end,
        )
        self._backfill = PhoneBackfill(
            store=store,
            clock=clock,
            occurrence=stored_id,
            began=occurrence.begins,
            activity=apps.activity,
            settings=settings.attention,
        )
        has_screen = settings.notifications.screen
        self._context = SensorContext(
            clock=clock, sink=self._receive, settings=settings.attention, sources=settings.sources
        )
        self._laptop = SensorSupervisor(
            self._context, factories=None if has_screen else {}, unsensed=self._report_unsensed
        )
        self._sensors = SessionSensors(
            laptop=self._laptop,
            phone_tracker=self._tracker,
            phones=phones,
            supervise_phone=self._supervise_phone,
            put_away=put_away,
        )
        baselines = read_baselines(rulebook.rules, store=store, now=clock.now(), attention=settings.attention)
        self.session = Session(
            occurrence=occurrence,
            stored_id=stored_id,
            core=Pipeline(rulebook.rules, settings.policy, settings.attention, baselines),
            inbox=self._inbox,
            sensors=self._sensors,
            effect_runner=self._effect_runner,
            in_quiet_week=quiet_evening is not None,
            has_screen=has_screen,
            why_not_shown=self._why_not_shown,
            status_changed=parts.reconcile,
        )
        self._notifiers.call_when_available(self._notifier_available)

    def _classify(self, toplevel: Toplevel) -> Activity:
        return self._classifier.classify(toplevel.app_id, toplevel.title, toplevel.program, toplevel.inside).activity()

    def _sees_apps(self, device: str) -> bool:
        return self._sensors.sees_apps(device)

    def _receive(self, event: SensorEvent) -> None:
        # Do Not Disturb that we switched on ourselves does not mean that the person wants to be left alone.
        if not self._parts.dnd_controller.is_own_change(event):
            self._inbox.put(event)
        if isinstance(event, SensorStarted | Gap):
            self._parts.status_changed()

    def _supervise_phone(self, phone: Phone) -> SensorSupervisor:
        def make() -> AdbPhone:
            return AdbPhone(
                self._parts.clock,
                phone.name,
                phone.adb or "",
                self._settings.sources.adb,
                waits=True,
                on_missed=self._backfill.add_missed,
            )

        factory = SensorFactory("adb_phone", make)
        return SensorSupervisor(replace(self._context, device=phone.name), factories={"focus": [factory]})

    def _report_unsensed(self, sense: Sense) -> None:
        if sense != "focus":
            return
        refusals = next((state.refusals for state in self._laptop.state() if state.sense == sense), ())
        why = "; ".join(f"{refusal.sensor}: {refusal.why}" for refusal in refusals) or "there is no sensor for it"
        logger.warning("what is in front cannot be sensed here (%s); `turntoward doctor` explains why", why)
        # The session's own occurrence: it may have been extended since it was built.
        ends = self.session.occurrence.ends
        self._effect_runner.show(self._wording.nothing_sensed(ends, self._parts.clock.now()))

    def _show_after_end(self, text: NotificationText) -> None:
        # Handed over without the wrapper that gets past our own Do Not Disturb: the next session wraps the notifiers again.
        self._parts.outside_sessions.show(text, self._notifiers, wrapped=self._urgent_sender)

    def _why_not_shown(self) -> str:
        if self._parts.dnd_controller.holds_back:
            return _("Do Not Disturb is on, and holds it back")
        failures = self._notifiers.failures.items()
        return "; ".join(f"{name}: {why}" for name, why in failures) or _("no notifier answered in time")

    def _notifier_available(self) -> None:
        if self.session.notice is not None and self.session.sensing == "nothing":
            self.session.notice.show_again()
            self._parts.wake.set()
