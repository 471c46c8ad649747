"""Everything that one partner time needs, made when it begins and let go of when it ends.

Rule 1: a broken rule of the person's own is left out and said; it never costs the rest.
Rule 2: where nothing can be sensed the person is told so: silence must not look like a good evening.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from detector.activities.load import load_classifier
from detector.activities.model import Classification
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
from detector.daemon.sensor_supervisor import SensorSupervisor
from detector.daemon.session import Session
from detector.daemon.session_sensors import AdbPhoneSensor, SessionSensors
from detector.daemon.summary_line import farewell_from
from detector.daemon.usuals import kept_usuals
from detector.daemon.wording import greet_with, local_time, speak_of
from detector.devices import Phone
from detector.dnd.controller import DndController
from detector.errors import Problem
from detector.notifier import make_notifiers
from detector.notifier.chain import NotifierChain
from detector.notifier.wording import how_long_text, need_over_text, nothing_sensed_text, resumed_text
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
class Evening:
    """One partner time under way, and what others ask of it. `problems`: rules of the person's own that were left out.

    `rule_files`: the fingerprint of the rule files that its rules come from.
    """

    session: Session
    sensing: SessionSensors
    problems: Sequence[Problem]
    rule_files: str


def open_evening(
    occurrence: Occurrence,
    kept_as: str,
    *,
    settings: Settings,
    rules_folder: Path,
    store: Store,
    bus: Bus | None,
    clock: Clock,
    wake: asyncio.Event,
    changed: Callable[[], None],
    phones: Sequence[Phone] = (),
    put_away: Sequence[str] = (),
    dnd_controller: DndController,
    idle_notifications: IdleNotifications,
) -> Evening:
    """Put together what the partner time needs; nothing is opened or begun yet.

    `changed` is called when a sense began or stopped to be sensed. `phones`: those that are paired; `put_away`: the names
    of those that were put away shortly before.
    """
    # Taken before the files are read: what changes in between is said to have changed, rather than missed.
    rule_files = fingerprint(rules_folder)
    in_force = load_rules(rules_folder)
    quiet = quiet_week.current_evening(store)
    classifier = load_classifier(settings.activities)
    apps = PhoneApps(classifier.classify_phone, store=store, occurrence=kept_as, keep_names=settings.store.keep_names)
    inbox = Inbox(
        classify_with(classifier.classify),
        classify_app=apps.opened,
        clock=clock,
        arrived=wake,
        keep_names=settings.store.keep_names,
    )
    # Where something stands that was said before, the greeting takes its place.
    chain = idle_notifications.take() or NotifierChain(make_notifiers(settings.notifications.only, bus=bus))

    def sees_apps(device: str) -> bool:
        return sensing.sees_apps(device)

    phone_tracker = PhoneTracker(put=inbox.put, classify=apps.activity, clock=clock, sees_apps=sees_apps)
    effect_runner = EffectRunner(
        store=store,
        voice=dnd_controller.mark_urgent(chain, inbox.put),
        words=speak_of(occurrence.begins, {rule.code: rule for rule in in_force.rules}, settings),
        greeting=greet_with(settings, quiet, over=quiet is None and quiet_week.has_just_ended(store)),
        put=inbox.put,
        clock=clock,
        carry=phone_tracker.carry,
        how_long=lambda moment: how_long_text(moment, settings=settings.notifications),
        over=lambda moment: need_over_text(moment, settings=settings.notifications),
        farewell=farewell_from(store, clock, settings, quiet=quiet is not None),
        outlast=lambda words, voice: idle_notifications.say(words, chain, through=voice),
    )

    def take_in(what: SensorEvent) -> None:
        if not dnd_controller.is_own_change(what):
            inbox.put(what)
        if isinstance(what, SensorStarted | Gap):
            changed()

    def say_what_is_not_sensed(sense: Sense) -> None:
        if sense == "focus":
            refused = next((state.refusals for state in laptop.state() if state.sense == sense), ())
            why = "; ".join(f"{refusal.sensor}: {refusal.why}" for refusal in refused) or "there is no sensor for it"
            logger.warning("what is in front cannot be sensed here (%s); `turntoward doctor` says more", why)
            effect_runner.tell(
                nothing_sensed_text(local_time(session.occurrence.ends), settings=settings.notifications)
            )

    filling = PhoneBackfill(
        store=store,
        clock=clock,
        occurrence=kept_as,
        began=occurrence.begins,
        activity=apps.activity,
        settings=settings.attention,
        keep_names=settings.store.keep_names,
    )

    def for_phone(phone: Phone) -> SensorSupervisor:
        return SensorSupervisor(
            clock=clock,
            device=phone.name,
            settings=settings.attention,
            sources=settings.sources,
            sink=take_in,
            choices={"focus": [AdbPhoneSensor(phone=phone, fill=filling.fill)]},
        )

    laptop = SensorSupervisor(
        clock=clock,
        settings=settings.attention,
        sources=settings.sources,
        sink=take_in,
        unsensed=say_what_is_not_sensed,
    )
    sensing = SessionSensors(
        laptop=laptop, phone_tracker=phone_tracker, phones=phones, for_phone=for_phone, put_away=put_away
    )
    usuals = kept_usuals(in_force.rules, store=store, now=clock.now(), attention=settings.attention)
    core = Pipeline(in_force.rules, settings.policy, settings.attention, usuals)
    session = Session(
        occurrence=occurrence,
        kept_as=kept_as,
        core=core,
        inbox=inbox,
        sensors=sensing,
        effect_runner=effect_runner,
        quiet=quiet is not None,
        goes_on=lambda ends: resumed_text(local_time(ends), settings=settings.notifications),
    )
    return Evening(
        session=session,
        sensing=sensing,
        problems=in_force.problems,
        rule_files=rule_files,
    )


def classify_with(
    classify: Callable[[str, str, str | None, str | None], Classification],
) -> Callable[[Toplevel], Activity]:
    """Return what turns a toplevel into an activity."""

    def activity(toplevel: Toplevel) -> Activity:
        verdict = classify(toplevel.app_id, toplevel.title, toplevel.program, toplevel.inside)
        return Activity(category=verdict.category, name=verdict.name)

    return activity
