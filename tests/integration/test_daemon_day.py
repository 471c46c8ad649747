"""Requests about single occurrences: skip, unskip, cancel, replace, edit; all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detector.control import requests
from detector.core.effects import Record
from detector.core.observations import PartnerTimeBegan, PartnerTimeEnded
from detector.partner_time.model import PartnerTime
from detector.store.schedule import read_schedule
from detector.store.store import Store

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONDAY = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
NOW = MONDAY - HOUR
DINNER = PartnerTime(
    title="Dinner",
    begins=datetime.fromisoformat("2026-11-23T18:30"),
    lasts=90 * MINUTE,
    zone="UTC",
    recurrence="FREQ=DAILY",
)


class Zone:
    def __init__(self) -> None:
        self.name = "UTC"

    def __call__(self) -> str:
        return self.name


@pytest.fixture
def zone() -> Zone:
    return Zone()


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path, zone: Zone) -> Iterator[Store]:
    made: Store = (
        Store.in_memory(zone) if request.param == "memory" else Store.open(tmp_path / "kept" / "t.sqlite", zone=zone)
    )
    yield made
    made.close()


def begin(store: Store, name: str, at: datetime, ends: datetime) -> None:
    store.history.save(
        [Record(occurrence=name, item=PartnerTimeBegan(at=at, occurrence=name, title="Dinner", ends=ends))]
    )


def end(store: Store, name: str, at: datetime, reason: str) -> None:
    store.history.save([Record(occurrence=name, item=PartnerTimeEnded(at=at, reason=reason))])  # type: ignore[arg-type]


def coming(store: Store, now: datetime, count: int = 3) -> list[datetime]:
    plan = read_schedule(store, now).at(now)
    return [each.begins for each in [*([plan.current] if plan.current else []), *plan.upcoming][:count]]


def test_skip_skips_the_next_one_and_then_the_one_after(store: Store) -> None:
    number = store.plans.add(DINNER).number
    for day in range(3):
        skipped = requests.skip(store, NOW, number)
        assert skipped is not None
        assert skipped.begins == MONDAY + day * DAY
    assert coming(store, NOW, 1) == [MONDAY + 3 * DAY]
    undone = requests.unskip(store, NOW, number)
    assert undone is not None
    assert undone.begins == MONDAY + 2 * DAY, "what was said in the same instant is taken back from the last on"


def test_unskip_restores_the_last_skipped_one(store: Store) -> None:
    number = store.plans.add(DINNER).number
    store.plans.skip(f"{number}@20261125T183000Z", NOW)
    requests.skip(store, NOW + MINUTE, number)
    undone = requests.unskip(store, NOW + 2 * MINUTE, number)
    assert undone is not None
    assert undone.begins == MONDAY
    assert coming(store, NOW) == [MONDAY, MONDAY + DAY, MONDAY + 3 * DAY]


def test_skip_ends_the_one_under_way_and_unskip_does_not_bring_it_back(store: Store) -> None:
    number = store.plans.add(DINNER).number
    name = f"{number}@20261123T183000Z"
    begin(store, name, MONDAY, MONDAY + 90 * MINUTE)
    skipped = requests.skip(store, MONDAY + 10 * MINUTE, number)
    assert skipped is not None
    assert skipped.id == name
    assert requests.unskip(store, MONDAY + 11 * MINUTE, number) is None
    assert coming(store, MONDAY + 11 * MINUTE, 1) == [MONDAY + DAY]


def test_unskip_brings_back_an_occurrence_that_was_never_started_for_the_rest(store: Store) -> None:
    number = store.plans.add(DINNER).number
    requests.skip(store, NOW, number)
    assert requests.unskip(store, MONDAY + 20 * MINUTE, number) is not None
    assert coming(store, MONDAY + 20 * MINUTE, 1) == [MONDAY]


def test_skip_finds_a_leap_day_years_ahead_and_no_past_occurrence(store: Store) -> None:
    leap = store.plans.add(
        replace(
            DINNER, begins=datetime.fromisoformat("2024-02-29T18:00"), recurrence="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"
        )
    )
    skipped = requests.skip(store, NOW, leap.number)
    assert skipped is not None
    assert skipped.begins == datetime(2028, 2, 29, 18, tzinfo=UTC)
    once = store.plans.add(replace(DINNER, recurrence=None))
    assert requests.skip(store, MONDAY + DAY, once.number) is None
    assert requests.skip(store, NOW, once.number) is not None
    assert requests.skip(store, NOW, once.number) is None, "it is skipped already, and there is no other"


def test_cancel_declares_a_replacement_and_unskip_takes_both_back(store: Store) -> None:
    number = store.plans.add(DINNER).number
    planned = requests.current_or_next(store, NOW, number)
    assert planned is not None
    brunch = replace(DINNER, title="Brunch", begins=datetime.fromisoformat("2026-11-29T11:00"), recurrence=None)
    done, made = requests.cancel(store, NOW, planned, brunch)
    assert done
    assert made is not None
    assert (made.instead_of, made.number) == (planned.id, 2)
    assert [(each.occurrence, each.instead) for each in store.plans.cancelled()] == [(planned.id, 2)]
    assert requests.cancel(store, NOW, planned, brunch) == (False, None), "twice does nothing"
    assert len(store.plans.partner_times()) == 2
    undone = requests.unskip(store, NOW, number)
    assert undone == planned
    assert [known.title for known in store.plans.partner_times()] == ["Dinner"]
    assert store.plans.cancelled() == []


@pytest.mark.parametrize("has_begun", [False, True], ids=["nobody began it", "it was under way"])
def test_a_stopped_occurrence_stays_stopped_when_the_clock_is_set_back(store: Store, has_begun: bool) -> None:
    number = store.plans.add(DINNER).number
    if has_begun:
        begin(store, f"{number}@20261123T183000Z", MONDAY, MONDAY + 90 * MINUTE)
    assert len(requests.stop(store, MONDAY + 20 * MINUTE)) == 1
    assert coming(store, MONDAY + 10 * MINUTE, 1) == [MONDAY + DAY]
    following = requests.current_or_next(store, MONDAY + 10 * MINUTE, number)
    assert following is not None
    assert following.begins == MONDAY + DAY


def test_what_overlaps_a_removed_occurrence_begins_where_that_ended(store: Store) -> None:
    number = store.plans.add(DINNER).number
    assert number is not None
    store.plans.add(replace(DINNER, title="Walk", begins=MONDAY.replace(tzinfo=None) + 10 * MINUTE))
    name = f"{number}@20261123T183000Z"
    begin(store, name, MONDAY, MONDAY + 90 * MINUTE)
    store.plans.remove(number)
    end(store, name, MONDAY + 30 * MINUTE, "removed")
    assert coming(store, MONDAY + 30 * MINUTE, 1) == [MONDAY + 30 * MINUTE]


def test_a_past_occurrence_cannot_be_cancelled(store: Store) -> None:
    number = store.plans.add(DINNER).number
    planned = requests.current_or_next(store, MONDAY, number)
    assert planned is not None
    begin(store, planned.id, MONDAY, planned.ends)
    end(store, planned.id, planned.ends, "ended")
    assert requests.cancel(store, planned.ends, planned, None) == (False, None)
    assert store.plans.cancelled() == []


def test_an_edit_keeps_skips_and_extensions_on_the_same_local_day(store: Store) -> None:
    number = store.plans.add(DINNER).number
    store.plans.skip(f"{number}@20261124T183000Z", NOW)
    tuesday = MONDAY + DAY
    thursday = next(each for each in [requests.current_or_next(store, MONDAY + 3 * DAY, number)] if each)
    requests.cancel(
        store, NOW, thursday, replace(DINNER, recurrence=None, begins=datetime.fromisoformat("2026-12-24T18:00"))
    )
    later = replace(DINNER, number=number, begins=datetime.fromisoformat("2026-11-23T19:15"), title="Supper")
    assert requests.edit(store, NOW, later) == requests.EditResult(goes_on=None, left_out=(), unmatched=())
    assert store.plans.skipped() == {f"{number}@20261124T191500Z", f"{number}@20261126T191500Z"}
    assert [(each.occurrence, each.instead) for each in store.plans.cancelled()] == [(f"{number}@20261126T191500Z", 2)]
    assert store.plans.partner_times()[1].instead_of == f"{number}@20261126T191500Z"
    ahead = coming(store, NOW, 3)
    assert tuesday + 45 * MINUTE not in ahead
    assert ahead == [MONDAY + 45 * MINUTE, MONDAY + 2 * DAY + 45 * MINUTE, MONDAY + 4 * DAY + 45 * MINUTE]


def test_an_edit_returns_the_skips_that_have_no_day_any_more(store: Store) -> None:
    number = store.plans.add(DINNER).number
    store.plans.skip(f"{number}@20261124T183000Z", NOW)
    store.plans.extend(f"{number}@20261125T183000Z", MONDAY + 2 * DAY + 3 * HOUR)
    mondays = replace(DINNER, number=number, recurrence="FREQ=WEEKLY;BYDAY=MO,WE")
    edited = requests.edit(store, NOW, mondays)
    assert edited is not None
    assert [each.begins for each in edited.unmatched] == [MONDAY + DAY]
    assert store.plans.skipped() == frozenset(), "it does not come back with another edit"
    assert store.plans.extended() == {f"{number}@20261125T183000Z": MONDAY + 2 * DAY + 3 * HOUR}


@pytest.mark.parametrize(
    ("begins", "left_out"),
    [("2026-11-23T19:30", 1), ("2026-11-23T18:30", 0), ("2026-11-23T06:00", 0), ("2026-11-23T23:30", 1)],
)
def test_an_edit_leaves_what_is_under_way_as_it_started(store: Store, begins: str, left_out: int) -> None:
    number = store.plans.add(DINNER).number
    name = f"{number}@20261123T183000Z"
    begin(store, name, MONDAY, MONDAY + 90 * MINUTE)
    now = MONDAY + 20 * MINUTE
    edited = requests.edit(
        store, now, replace(DINNER, number=number, begins=datetime.fromisoformat(begins), lasts=2 * HOUR)
    )
    assert edited is not None
    assert edited.goes_on is not None
    assert (edited.goes_on.id, edited.goes_on.begins, edited.goes_on.ends) == (name, MONDAY, MONDAY + 90 * MINUTE)
    assert len(edited.left_out) == left_out
    plan = read_schedule(store, now).at(now)
    assert plan.current is not None
    assert (plan.current.id, plan.boundary) == (name, MONDAY + 90 * MINUTE)
    first = datetime.fromisoformat(begins).replace(tzinfo=UTC) + DAY
    assert plan.upcoming[0].begins == first
    end(store, name, MONDAY + 90 * MINUTE, "ended")
    assert coming(store, MONDAY + 90 * MINUTE, 1) == [first], "and what is left of the new one does not follow on it"


def test_an_edit_leaves_a_stopped_occurrence_stopped(store: Store) -> None:
    number = store.plans.add(DINNER).number
    name = f"{number}@20261123T183000Z"
    begin(store, name, MONDAY, MONDAY + 90 * MINUTE)
    requests.stop(store, MONDAY + 10 * MINUTE)
    end(store, name, MONDAY + 10 * MINUTE, "stopped")
    edited = requests.edit(
        store, MONDAY + 12 * MINUTE, replace(DINNER, number=number, begins=datetime.fromisoformat("2026-11-23T19:30"))
    )
    assert edited is not None
    assert (edited.goes_on, [each.begins for each in edited.left_out]) == (None, [MONDAY + HOUR])
    assert coming(store, MONDAY + 12 * MINUTE, 1) == [MONDAY + DAY + HOUR]


def test_an_edit_of_a_removed_partner_time_changes_nothing(store: Store) -> None:
    assert requests.edit(store, NOW, replace(DINNER, number=7)) is None
    assert store.plans.partner_times() == []


@pytest.mark.parametrize(
    ("there", "now"),
    [
        ("Pacific/Honolulu", datetime(2026, 11, 24, 4, 30, tzinfo=UTC)),
        ("Pacific/Pago_Pago", datetime(2026, 11, 24, 5, 40, tzinfo=UTC)),
        ("Etc/GMT+12", datetime(2026, 11, 24, 7, 59, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(2026, 11, 23, 4, 40, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 23, 23, 40, tzinfo=UTC)),
    ],
)
def test_an_occurrence_is_not_repeated_in_a_zone_where_the_same_evening_comes_later(
    store: Store, zone: Zone, there: str, now: datetime
) -> None:
    number = store.plans.add(replace(DINNER, is_floating=True)).number
    name = f"{number}@20261123T183000"
    zone.name = "Pacific/Kiritimati"
    begin(store, name, datetime(2026, 11, 23, 4, 30, tzinfo=UTC), datetime(2026, 11, 23, 6, 0, tzinfo=UTC))
    assert coming(store, datetime(2026, 11, 23, 4, 40, tzinfo=UTC), 1) == [datetime(2026, 11, 23, 4, 30, tzinfo=UTC)]
    zone.name = there
    if now.hour != 4 or there != "Pacific/Kiritimati":
        end(store, name, datetime(2026, 11, 23, 6, 0, tzinfo=UTC), "ended")
        plan = read_schedule(store, now).at(now)
        assert plan.current is None
        assert all(each.id != name for each in plan.upcoming)
