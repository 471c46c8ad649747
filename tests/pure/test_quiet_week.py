"""The quiet week: what is kept of the wish, which evenings count, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from detector.config.settings import Settings
from detector.core.effects import Coverage, NotifyStart, Record
from detector.core.observations import PartnerTimeBegan, PartnerTimeEnded
from detector.daemon.wording import Wording
from detector.notifier import NotifierSettings
from detector.store import quiet_week
from detector.store.quiet_week import QuietWeek
from detector.store.store import Store

START = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield Store.in_memory()
        return
    with Store.open(tmp_path / "kept.sqlite") as opened:
        yield opened


def live(
    store: Store,
    day: int,
    *,
    known: int = 90,
    quiet: bool = True,
    hour: int = 18,
    over: bool = True,
) -> str:
    """Keep a partner time of 90 min, so many days after the start, of which so many minutes are known."""
    began = START.replace(hour=hour) + timedelta(days=day)
    ends, name = began + timedelta(minutes=90), f"1@{began:%Y%m%dT%H%M%SZ}"
    things = [
        PartnerTimeBegan(at=began, occurrence=name, title="Dinner", ends=ends, quiet=quiet),
        *([Coverage(number=1, device="laptop", began=began, ended=began + timedelta(minutes=known))] if known else []),
        *([PartnerTimeEnded(at=ends)] if over else []),
    ]
    store.history.save([Record(occurrence=name, item=thing) for thing in things])
    return name


def done(store: Store) -> int:
    return len(quiet_week.evenings(store, quiet_week.load(store), UTC))


def test_without_a_start_no_evening_is_quiet(store: Store) -> None:
    assert quiet_week.load(store) == QuietWeek()
    assert quiet_week.current_evening(store) is None
    assert not quiet_week.is_requested(store)
    assert quiet_week.should_offer(store)


def test_it_lasts_for_seven_evenings_and_ends_by_itself(store: Store) -> None:
    quiet_week.start(store, START)
    for day in range(7):
        assert quiet_week.current_evening(store, UTC) == day + 1
        assert not quiet_week.has_just_ended(store, UTC)
        live(store, day)
    assert quiet_week.current_evening(store, UTC) is None
    assert quiet_week.has_just_ended(store, UTC)
    live(store, 8, quiet=False)
    assert not quiet_week.has_just_ended(store, UTC)
    assert done(store) == 7


def test_an_evening_counts_from_20_min_known_on_and_only_once_it_is_over(store: Store) -> None:
    quiet_week.start(store, START)
    live(store, 0, known=19)
    live(store, 1, known=0)
    live(store, 2, known=90, over=False)
    live(store, 3, quiet=False)
    assert done(store) == 0
    live(store, 4, known=20)
    assert done(store) == 1


def test_what_began_on_one_day_is_one_evening_and_counts_together(store: Store) -> None:
    quiet_week.start(store, START)
    live(store, 0, hour=13, known=12)
    live(store, 0, hour=18, known=12)
    (evening,) = quiet_week.evenings(store, quiet_week.load(store), UTC)
    assert [kept.began.hour for kept in evening] == [13, 18]


def test_the_day_is_that_of_the_persons_own_clock(store: Store) -> None:
    quiet_week.start(store, START)
    live(store, 0, hour=20)
    live(store, 0, hour=23)
    week = quiet_week.load(store)
    assert len(quiet_week.evenings(store, week, UTC)) == 1
    assert len(quiet_week.evenings(store, week, BERLIN)) == 2


def test_evenings_of_an_earlier_quiet_week_do_not_count_for_a_new_one(store: Store) -> None:
    quiet_week.start(store, START)
    live(store, 0)
    live(store, 1)
    quiet_week.decline(store, "F101")
    quiet_week.start(store, START + timedelta(days=2))
    live(store, 3)
    assert done(store) == 1
    assert quiet_week.load(store).declined == ()


def test_an_occurrence_planned_before_the_start_counts_if_it_was_quiet(store: Store) -> None:
    quiet_week.start(store, START.replace(hour=18, minute=40))
    live(store, 0)
    assert done(store) == 1


def test_stopping_it_ends_it(store: Store) -> None:
    quiet_week.start(store, START)
    live(store, 0)
    quiet_week.stop(store)
    assert quiet_week.current_evening(store, UTC) is None
    assert not quiet_week.is_requested(store)
    assert not quiet_week.has_just_ended(store, UTC)
    assert quiet_week.load(store).since == START


def test_it_is_offered_once_to_a_new_user(store: Store) -> None:
    quiet_week.save(store, QuietWeek(offered=True))
    assert not quiet_week.should_offer(store)
    quiet_week.save(store, QuietWeek())
    assert quiet_week.should_offer(store)
    live(store, 0, quiet=False)
    assert not quiet_week.should_offer(store)


def test_declined_proposals_are_stored_until_they_are_wanted_after_all(store: Store) -> None:
    quiet_week.start(store, START)
    for code in ("M302", "F101", "F101"):
        quiet_week.decline(store, code)
    assert quiet_week.load(store).declined == ("F101", "M302")
    quiet_week.undecline(store, "M302")
    assert quiet_week.load(store).declined == ("F101",)
    assert quiet_week.load(store).since == START


@pytest.mark.parametrize("kept", ["seven", 7, [], {"since": "today", "declined": "F101"}, {"declined": [1, None]}])
def test_an_invalid_stored_state_counts_as_none(store: Store, kept: object) -> None:
    store.state.set("quiet_week", kept)
    assert quiet_week.load(store) == QuietWeek()


def test_forgetting_everything_ends_the_quiet_week(store: Store) -> None:
    quiet_week.start(store, START)
    live(store, 0)
    store.forget_all(now=START + timedelta(days=1), plans=True)
    assert quiet_week.load(store) == QuietWeek()


def test_forgetting_the_last_minutes_leaves_an_evening_under_way_quiet(store: Store) -> None:
    quiet_week.start(store, START)
    name = live(store, 0, over=False)
    began = START.replace(hour=18)
    store.forget(began - timedelta(hours=1), now=began + timedelta(minutes=30))
    (again,) = list(store.history.observations(name))
    assert isinstance(again, PartnerTimeBegan)
    assert (again.at, again.quiet) == (began + timedelta(minutes=30), True)


def test_forgetting_does_not_make_an_evening_quiet_because_of_its_title(store: Store) -> None:
    began = START.replace(hour=18)
    title = '"quiet":true'
    seen = PartnerTimeBegan(at=began, occurrence="1@a", title=title, ends=began + timedelta(hours=2))
    store.history.save([Record(occurrence="1@a", item=seen)])
    store.forget(began - timedelta(hours=1), now=began + timedelta(minutes=30))
    (again,) = list(store.history.observations("1@a"))
    assert isinstance(again, PartnerTimeBegan)
    assert not again.quiet


@pytest.mark.parametrize("thought", [True, False])
def test_the_start_notification_names_the_quiet_week_and_says_once_that_it_is_over(*, thought: bool) -> None:
    settings = Settings(notifications=NotifierSettings(greeting=thought))
    notify_start = NotifyStart(occurrence="1@a", title="Dinner", at=START, ends=START + timedelta(hours=1))
    assert Wording(settings, began=notify_start.at, rules={}, quiet_evening=3).start(notify_start).body == (
        "Dinner. Quiet week, evening 3 of 7: moments are recorded, and no nudges are shown."
    )
    assert (
        Wording(settings, began=notify_start.at, rules={}, quiet_evening=3)
        .start(notify_start)
        .title.startswith("Partner time until ")
    )
    assert Wording(settings, began=notify_start.at, rules={}, quiet_week_over=True).start(notify_start).body == (
        "Dinner. The quiet week is over: turntoward quiet-week propose suggests settings for you."
    )
    assert Wording(settings, began=notify_start.at, rules={}).start(notify_start).body == (
        "Dinner. There is nothing you need to do now." if thought else "Dinner."
    )
