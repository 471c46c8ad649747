"""Helpers for tests of importing: history through the sanitizer, past partner times through the core, into a store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from detector.activities.classifier import Classifier
from detector.activities.load import load_classifier
from detector.core.attention.settings import AttentionSettings
from detector.importing.importer import DecisionSettings, HistoryImporter
from detector.importing.model import ImportReport, TimesOption
from detector.importing.past_times import PastTime, past_times
from detector.importing.sanitizer import EventSanitizer
from detector.importing.tracks import EventTracks, SourceHost
from detector.rulebook.loading import load_rules
from detector.store.schedule import read_schedule
from detector.store.store import Store
from rules.model import Rule
from rules.policy import PolicySettings
from tests.rig.activitywatch_history import History, utc

BERLIN = ZoneInfo("Europe/Berlin")
BEGAN = utc(2026, 11, 20, 18)
"""When the evening of these tests begins, which is long over."""
NOW = utc(2026, 11, 23, 9)


@cache
def catalogue() -> Classifier:
    return load_classifier()


@cache
def built_in() -> tuple[Rule, ...]:
    return tuple(load_rules(None).rules)


def after_seconds(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def sanitize_history(
    history: History, *, phone: str = "phone", now: datetime = NOW
) -> tuple[EventTracks, ImportReport]:
    """Let the history in, event by event, and settle it."""
    tracks, report = EventTracks(), ImportReport()
    sanitizer = EventSanitizer(catalogue(), tracks, report, phone=phone, now=now)
    for name, bucket in history.buckets.items():
        admitted = sanitizer.accept_bucket(name, bucket["type"], bucket["hostname"])
        for number, each in enumerate(bucket["events"] if admitted else (), start=1):
            assert admitted is not None
            sanitizer.add(admitted, number, msgspec.Raw(json.dumps(each).encode()))
    for device, twice in tracks.finish().items():
        report.counts(device).duplicate += twice
    return tracks, report


def only_host(history: History, device: str = "laptop") -> tuple[SourceHost, EventTracks]:
    tracks, _ = sanitize_history(history)
    (host,) = [host for host in tracks.hosts.values() if host.device == device]
    return host, tracks


def import_history(
    store: Store,
    history: History,
    *,
    times: TimesOption = "declared",
    since: datetime | None = None,
    now: datetime = NOW,
    phone: str = "phone",
    keeps: bool = True,
    takes_incomplete: bool = False,
    attention: AttentionSettings | None = None,
) -> ImportReport:
    """Import the history."""
    tracks, report = sanitize_history(history, phone=phone, now=now)
    decisions = DecisionSettings(rules=built_in(), policy=PolicySettings(), attention=attention or AttentionSettings())
    importer = HistoryImporter(
        store=store,
        tracks=tracks,
        report=report,
        settings=decisions,
        saves=keeps,
        takes_incomplete=takes_incomplete,
    )
    begins = since or now - timedelta(days=90)
    importer.run(wanted_past_times(store, times, begins, now), begins)
    return report


def wanted_past_times(store: Store, times: TimesOption, since: datetime, now: datetime) -> Sequence[PastTime]:
    return past_times(
        times,
        since=since,
        now=now,
        zone=BERLIN,
        schedule=read_schedule(store, now),
        stored=store.history.occurrences(),
    )


def stored_history(store: Store) -> dict[str, Any]:
    """Return all that is kept of what was observed and decided."""
    kept = store.history.occurrences()
    return {
        "occurrences": kept,
        "observations": {each.id: list(store.history.observations(each.id)) for each in kept},
        "uses": store.history.uses(),
        "coverage": store.history.coverage(),
        "moments": store.history.moments(),
    }
