"""Build the session of one occurrence with all its parts, when partner time starts.

Invariant 1: a broken rule of the person's own is left out and reported; it never costs the rest.
Invariant 2: where nothing can be sensed the person is told so: silence must not look like a good evening.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from detector.activities.load import load_classifier
from detector.clock import Clock
from detector.config.settings import Settings
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import Activity, Gap, Sense, SensorStarted
from detector.core.pipeline import Pipeline
from detector.daemon.baselines import read_baselines
from detector.daemon.effect_runner import EffectRunner
from detector.daemon.inbox import Inbox
from detector.daemon.notifications_outside_sessions import NotificationsOutsideSessions
from detector.daemon.phone_apps import PhoneApps
from detector.daemon.phone_backfill import PhoneBackfill
from detector.daemon.phone_tracker import PhoneTracker
from detector.daemon.sensor_runner import SensorContext
from detector.daemon.sensor_supervisor import SensorSupervisor
from detector.daemon.session import Session
from detector.daemon.session_sensors import SessionSensors
from detector.daemon.wording import Wording
from detector.devices import Phone
from detector.dnd.controller import DndController
from detector.errors import Problem
from detector.i18n import _
from detector.notifier import make_notifiers
from detector.notifier.chain import NotifierChain
from detector.notifier.model import NotificationText
from detector.partner_time.model import Occurrence
from detector.rulebook.fingerprint import fingerprint
from detector.rulebook.loading import load_rules
from detector.sensors.adb_phone import AdbPhone
from detector.sensors.model import Sensor, SensorEvent, Toplevel
from detector.sensors.settings import SensorSettings
from detector.store import quiet_week
from detector.store.store import Store

if TYPE_CHECKING:
    from detector.dbus import Bus

logger = logging.getLogger("turntoward")


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonParts:
    """What lives as long as the daemon, and every session uses.

    `wake` wakes the loop. `status_changed` is called when a sensor started or was lost, `reconcile` when other parts may have to
    act on what changed.
    """

    store: Store
    clock: Clock
    wake: asyncio.Event
    dnd_controller: DndController
    outside_sessions: NotificationsOutsideSessions
    status_changed: Callable[[], None]
    reconcile: Callable[[], None]


class BuiltSession(NamedTuple):
    """A session, the mistakes in the person's own rules, and the fingerprint of their files."""

    session: Session
    problems: Sequence[Problem]
    rule_files: str


class _PhoneSensorChoice(NamedTuple):
    """The only candidate for sensing a phone by adb, in the form of `SensorChoice`."""

    name: str
    make: Callable[[Clock, AttentionSettings, SensorSettings], Sensor]


def build_session(
    parts: DaemonParts,
    settings: Settings,
    occurrence: Occurrence,
    stored_id: str,
    *,
    rules_folder: Path,
    bus: Bus | None,
    phones: Sequence[Phone],
    put_away: Sequence[str],
) -> BuiltSession:
    """Return the session of the occurrence, of which `stored_id` is the id in the store. Nothing is opened or started yet.

    `phones`: those that are paired; `put_away`: the names of those that were put away shortly before.
    """
    store, clock, keep_names = parts.store, parts.clock, settings.store.keep_names
    # Taken before the files are read, so that a change in between counts as one that the session does not know.
    rule_files = fingerprint(rules_folder)
    rulebook = load_rules(rules_folder)

    classifier = load_classifier(settings.activities)
    apps = PhoneApps(classifier.classify_phone)

    def classify(toplevel: Toplevel) -> Activity:
        known_as = classifier.classify(toplevel.app_id, toplevel.title, toplevel.program, toplevel.inside)
        return Activity(category=known_as.category, name=known_as.name)

    inbox = Inbox(classify=classify, classify_app=apps.opened, clock=clock, arrived=parts.wake, keep_names=keep_names)

    # Notifiers that still show something are reused, so that the session's first notification replaces it.
    open_notifiers = parts.outside_sessions.detach_notifiers()
    chain = cast("NotifierChain | None", open_notifiers) or NotifierChain(
        make_notifiers(bus=bus), settings.notifications.only
    )
    sender = parts.dnd_controller.mark_urgent(chain, inbox.put)

    def sees_apps(device: str) -> bool:
        return sensors.sees_apps(device)

    tracker = PhoneTracker(put=inbox.put, classify=apps.activity, clock=clock, sees_apps=sees_apps)
    quiet_evening = quiet_week.current_evening(store)
    wording = Wording(
        settings,
        began=occurrence.begins,
        rules={rule.code: rule for rule in rulebook.rules},
        quiet_evening=quiet_evening,
        quiet_week_over=quiet_evening is None and quiet_week.has_just_ended(store),
    )

    def show_after_end(text: NotificationText) -> None:
        # Shown through the wrapper that gets past our own Do Not Disturb, but handed over without it: the next session
        # wraps the notifiers again.
        parts.outside_sessions.show(text, chain, through=sender)

    effect_runner = EffectRunner(
        store=store,
        sender=sender,
        wording=wording,
        put=inbox.put,
        clock=clock,
        phones=tracker,
        occurrence=stored_id,
        pop_unknown_apps=apps.pop_unknown,
        show_after_end=show_after_end,
    )

    def receive(event: SensorEvent) -> None:
        # Do Not Disturb that we switched on ourselves does not mean that the person wants to be left alone.
        if not parts.dnd_controller.is_own_change(event):
            inbox.put(event)
        if isinstance(event, SensorStarted | Gap):
            parts.status_changed()

    def report_unsensed(sense: Sense) -> None:
        if sense != "focus":
            return
        refusals = next((state.refusals for state in laptop.state() if state.sense == sense), ())
        why = "; ".join(f"{refusal.sensor}: {refusal.why}" for refusal in refusals) or "there is no sensor for it"
        logger.warning("what is in front cannot be sensed here (%s); `turntoward doctor` says more", why)
        # The session's own occurrence: it may have been extended since it was built.
        effect_runner.show(wording.nothing_sensed(session.occurrence.ends, clock.now()))

    def why_not_shown() -> str:
        if parts.dnd_controller.holds_back:
            return _("Do Not Disturb is on, and holds it back")
        return "; ".join(f"{name}: {why}" for name, why in chain.failures.items()) or _("no notifier answered in time")

    def notifier_appeared() -> None:
        if session.notice is not None and session.sensing == "nothing":
            session.notice.show_again()
            parts.wake.set()

    context = SensorContext(clock=clock, sink=receive, settings=settings.attention, sources=settings.sources)
    has_screen = settings.notifications.screen
    laptop = SensorSupervisor(context, choices=None if has_screen else {}, unsensed=report_unsensed)
    backfill = PhoneBackfill(
        store=store,
        clock=clock,
        occurrence=stored_id,
        began=occurrence.begins,
        activity=apps.activity,
        settings=settings.attention,
    )

    def supervise_phone(phone: Phone) -> SensorSupervisor:
        def make(clock: Clock, _settings: AttentionSettings, sources: SensorSettings) -> Sensor:
            return AdbPhone(clock, phone.name, phone.adb or "", sources.adb, waits=True, on_missed=backfill.add_missed)

        choice = _PhoneSensorChoice("adb_phone", make)
        return SensorSupervisor(replace(context, device=phone.name), choices={"focus": [choice]})

    sensors = SessionSensors(
        laptop=laptop, phone_tracker=tracker, phones=phones, supervise_phone=supervise_phone, put_away=put_away
    )
    baselines = read_baselines(rulebook.rules, store=store, now=clock.now(), attention=settings.attention)
    session = Session(
        occurrence=occurrence,
        stored_id=stored_id,
        core=Pipeline(rulebook.rules, settings.policy, settings.attention, baselines),
        inbox=inbox,
        sensors=sensors,
        effect_runner=effect_runner,
        in_quiet_week=quiet_evening is not None,
        has_screen=has_screen,
        why_not_shown=why_not_shown,
        status_changed=parts.reconcile,
    )
    chain.call_when_one_appears(notifier_appeared)
    return BuiltSession(session, rulebook.problems, rule_files)
