"""Build what one session needs, when partner time starts.

Invariant 1: a broken rule of the person's own is left out and reported; it never costs the rest.
Invariant 2: where nothing can be sensed the person is told so: silence must not look like a good evening.
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
from detector.daemon.effect_runner import EffectRunner
from detector.daemon.idle_notifications import IdleNotifications
from detector.daemon.inbox import Inbox
from detector.daemon.phone_apps import PhoneApps
from detector.daemon.phone_backfill import PhoneBackfill
from detector.daemon.phone_tracker import PhoneTracker
from detector.daemon.sensor_runner import SensorContext
from detector.daemon.sensor_supervisor import SensorSupervisor
from detector.daemon.session import Session
from detector.daemon.session_sensors import AdbPhoneSensor, SessionSensors
from detector.daemon.usuals import kept_usuals
from detector.daemon.wording import Wording
from detector.devices import Phone
from detector.dnd.controller import DndController
from detector.notifier import make_notifiers
from detector.notifier.chain import NotifierChain
from detector.notifier.model import NotificationText
from detector.partner_time.model import Occurrence
from detector.rulebook.fingerprint import fingerprint
from detector.rulebook.loading import load_rules
from detector.sensors.model import SensorEvent, Toplevel
from detector.store import quiet_week
from detector.store.store import Store

if TYPE_CHECKING:
    from detector.dbus import Bus

logger = logging.getLogger("turntoward")


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonParts:
    """What lives as long as the daemon, and every session uses.

    `wake` wakes the loop. `status_changed` is called when a sensor started or was lost.
    """

    store: Store
    clock: Clock
    wake: asyncio.Event
    dnd_controller: DndController
    idle_notifications: IdleNotifications
    status_changed: Callable[[], None]


class SessionFactory:
    """Builds the session of one occurrence, of which `stored_id` is the id in the store. Nothing is opened or started yet.

    `phones`: those that are paired; `put_away`: the names of those that were put away shortly before. Afterwards
    `problems` are the mistakes in the person's own rules, and `rule_files` is the fingerprint of their files.
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
        phones: Sequence[Phone] = (),
        put_away: Sequence[str] = (),
    ) -> None:
        self._parts = parts
        store, clock, keep_names = parts.store, parts.clock, settings.store.keep_names

        # Taken before the files are read, so that a change in between counts as one that the session does not know.
        self.rule_files = fingerprint(rules_folder)
        rulebook = load_rules(rules_folder)
        self.problems = rulebook.problems

        self._classifier = load_classifier(settings.activities)
        apps = PhoneApps(self._classifier.classify_phone, store=store, occurrence=stored_id, keep_names=keep_names)
        self._inbox = Inbox(
            classify=self._classify, classify_app=apps.opened, clock=clock, arrived=parts.wake, keep_names=keep_names
        )

        # Notifiers that still show something are taken over, so that the first notification replaces it.
        self._chain = parts.idle_notifications.take_over() or NotifierChain(
            make_notifiers(settings.notifications.only, bus=bus)
        )
        self._sender = parts.dnd_controller.mark_urgent(self._chain, self._inbox.put)
        quiet_evening = quiet_week.current_evening(store)
        tracker = PhoneTracker(
            put=self._inbox.put,
            classify=apps.activity,
            clock=clock,
            sees_apps=self._sees_apps,
        )
        self._effect_runner = EffectRunner(
            store=store,
            sender=self._sender,
            wording=Wording(
                settings,
                began=occurrence.begins,
                rules={rule.code: rule for rule in rulebook.rules},
                quiet_evening=quiet_evening,
                quiet_week_over=quiet_evening is None and quiet_week.has_just_ended(store),
            ),
            put=self._inbox.put,
            clock=clock,
            phones=tracker,
            show_after_end=self._show_after_end,
        )

        self._backfill = PhoneBackfill(
            store=store,
            clock=clock,
            occurrence=stored_id,
            began=occurrence.begins,
            activity=apps.activity,
            settings=settings.attention,
            keep_names=keep_names,
        )
        self._sensor_context = SensorContext(
            clock=clock, sink=self._receive, settings=settings.attention, sources=settings.sources
        )
        self._laptop = SensorSupervisor(self._sensor_context, unsensed=self._report_unsensed)
        self.sensors = SessionSensors(
            laptop=self._laptop,
            phone_tracker=tracker,
            phones=phones,
            supervise_phone=self._supervise_phone,
            put_away=put_away,
        )
        usuals = kept_usuals(rulebook.rules, store=store, now=clock.now(), attention=settings.attention)
        self.session = Session(
            occurrence=occurrence,
            stored_id=stored_id,
            core=Pipeline(rulebook.rules, settings.policy, settings.attention, usuals),
            inbox=self._inbox,
            sensors=self.sensors,
            effect_runner=self._effect_runner,
            quiet=quiet_evening is not None,
        )

    def _classify(self, toplevel: Toplevel) -> Activity:
        found = self._classifier.classify(toplevel.app_id, toplevel.title, toplevel.program, toplevel.inside)
        return Activity(category=found.category, name=found.name)

    def _sees_apps(self, device: str) -> bool:
        return self.sensors.sees_apps(device)

    def _receive(self, event: SensorEvent) -> None:
        # Do Not Disturb that we switched on ourselves does not mean that the person wants to be left alone.
        if not self._parts.dnd_controller.is_own_change(event):
            self._inbox.put(event)
        if isinstance(event, SensorStarted | Gap):
            self._parts.status_changed()

    def _report_unsensed(self, sense: Sense) -> None:
        if sense != "focus":
            return
        refusals = next((state.refusals for state in self._laptop.state() if state.sense == sense), ())
        why = "; ".join(f"{each.sensor}: {each.why}" for each in refusals) or "there is no sensor for it"
        logger.warning("what is in front cannot be sensed here (%s); `turntoward doctor` says more", why)
        self._effect_runner.show(self._effect_runner.wording.nothing_sensed(self.session.occurrence.ends))

    def _supervise_phone(self, phone: Phone) -> SensorSupervisor:
        return SensorSupervisor(
            replace(self._sensor_context, device=phone.name),
            choices={"focus": [AdbPhoneSensor(phone=phone, fill=self._backfill.fill)]},
        )

    def _show_after_end(self, text: NotificationText) -> None:
        # Shown through the wrapper that gets past our own Do Not Disturb, but handed over without it: the next session
        # wraps the notifiers again.
        self._parts.idle_notifications.show(text, self._chain, through=self._sender)
