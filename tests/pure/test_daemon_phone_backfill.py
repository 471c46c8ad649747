"""What a phone recorded while its link was lost is stored for the report, and nothing else follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from detector.clock import ManualClock
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Record
from detector.core.observations import Activity, Focused, LaidDown, Observation, PartnerTimeBegan, PickedUp
from detector.daemon.phone_backfill import PhoneBackfill
from detector.sensors.model import AppFocused
from detector.store.model import FIRST_BACKFILLED
from detector.store.store import Store

BEGAN = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
PHONE = "my phone"


def at(minutes: float) -> datetime:
    return BEGAN + timedelta(minutes=minutes)


@pytest.fixture
def store() -> Store:
    kept = Store.in_memory()
    began = PartnerTimeBegan(at=BEGAN, occurrence="1@x", title="x", ends=at(90))
    kept.history.save([Record(occurrence="1@x", item=began)])
    return kept


def fill(store: Store, *missed: Observation | AppFocused) -> None:
    PhoneBackfill(
        store=store,
        clock=ManualClock(at(40)),
        occurrence="1@x",
        began=BEGAN,
        settings=AttentionSettings(),
        activity=lambda app: Activity(category="social", name=f"the app {app.app}"),
    ).add_missed(missed)


def evening(*, opened: bool = True) -> Sequence[Observation | AppFocused]:
    return (
        PickedUp(at=at(20), device=PHONE),
        AppFocused(at=at(21), device=PHONE, app="a", opened=opened),
        Focused(at=at(24), device=PHONE, activity=None),
        AppFocused(at=at(30), device=PHONE, app="b", opened=opened),
        LaidDown(at=at(33), device=PHONE),
    )


def test_uses_and_coverage_are_stored_and_nothing_is_observed(store: Store) -> None:
    fill(store, *evening())
    uses = [kept.use for kept in store.history.uses()]
    assert [(use.began, use.ended, use.device, use.trusted) for use in uses] == [
        (at(21), at(24), PHONE, True),
        (at(30), at(33), PHONE, True),
    ]
    assert {use.activity for use in uses} == {Activity(category="social")}, "names end here, too"
    (covered,) = (kept.coverage for kept in store.history.coverage())
    assert (covered.began, covered.ended, covered.device) == (at(20), at(40), PHONE)
    assert all(use.number >= FIRST_BACKFILLED for use in uses)
    assert [type(seen).__name__ for seen in store.history.observations("1@x")] == ["PartnerTimeBegan"]
    assert store.history.moments() == []


def test_backfilling_twice_stores_nothing_twice(store: Store) -> None:
    fill(store, *evening())
    once = (store.history.uses(), store.history.coverage())
    fill(store, *evening())
    assert (store.history.uses(), store.history.coverage()) == once


def test_an_app_still_in_front_ends_when_it_is_sensed_live_again(store: Store) -> None:
    fill(store, AppFocused(at=at(21), device=PHONE, app="a", opened=True))
    (kept,) = store.history.uses()
    assert (kept.use.began, kept.use.ended) == (at(21), at(40))


def test_nothing_from_before_this_partner_time_is_filled_in(store: Store) -> None:
    before = AppFocused(at=BEGAN - timedelta(minutes=1), device=PHONE, app="a", opened=True)
    fill(store, before)
    assert store.history.uses() == []
    assert store.history.coverage() == []


def test_without_missed_events_nothing_is_stored(store: Store) -> None:
    fill(store)
    assert store.history.coverage() == []


def test_names_are_never_stored(store: Store) -> None:
    fill(store, *evening())
    assert {kept.use.activity.name for kept in store.history.uses()} == {None}
