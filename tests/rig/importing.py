"""Hands for tests of importing: history through the door, past partner times through the core, into a store."""

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
from detector.importing.bring import Bringing, Deciding
from detector.importing.door import Door
from detector.importing.model import Account, Times
from detector.importing.times import Past, past_times
from detector.importing.tracks import Host, Tracks
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


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def let_in(
    history: History, *, phone: str = "phone", keep_names: bool = False, now: datetime = NOW
) -> tuple[Tracks, Account]:
    """Let the history in, event by event, and settle it."""
    tracks, account = Tracks(), Account()
    door = Door(catalogue(), tracks, account, phone=phone, keep_names=keep_names, now=now)
    for name, bucket in history.buckets.items():
        admitted = door.admit(name, bucket["type"], bucket["hostname"])
        for number, each in enumerate(bucket["events"] if admitted else (), start=1):
            assert admitted is not None
            door.take(admitted, number, msgspec.Raw(json.dumps(each).encode()))
    for device, twice in tracks.settle().items():
        account.tally(device).twice += twice
    return tracks, account


def only_host(history: History, device: str = "laptop") -> tuple[Host, Tracks]:
    tracks, _ = let_in(history)
    (host,) = [host for host in tracks.hosts.values() if host.device == device]
    return host, tracks


def bring(
    store: Store,
    history: History,
    *,
    times: Times = "declared",
    since: datetime | None = None,
    now: datetime = NOW,
    phone: str = "phone",
    keeps: bool = True,
    attention: AttentionSettings | None = None,
) -> Account:
    """Import the history."""
    tracks, account = let_in(history, phone=phone, now=now)
    deciding = Deciding(rules=built_in(), policy=PolicySettings(), attention=attention or AttentionSettings())
    bringing = Bringing(store=store, tracks=tracks, account=account, deciding=deciding, keeps=keeps)
    bringing.bring(asked(store, times, since or now - timedelta(days=90), now))
    return account


def asked(store: Store, times: Times, since: datetime, now: datetime) -> Sequence[Past]:
    return past_times(
        times,
        since=since,
        now=now,
        zone=BERLIN,
        schedule=read_schedule(store, now),
        kept=store.history.occurrences(),
    )


def everything(store: Store) -> dict[str, Any]:
    """Return all that is kept of what was observed and decided."""
    kept = store.history.occurrences()
    return {
        "occurrences": kept,
        "observations": {each.id: list(store.history.observations(each.id)) for each in kept},
        "uses": store.history.uses(),
        "coverage": store.history.coverage(),
        "moments": store.history.moments(),
    }
