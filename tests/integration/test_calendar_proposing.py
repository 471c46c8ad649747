"""What a new copy of a calendar changes, in every store: proposals wait, what vanished is taken back at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detector.calendars.model import EventProblem, ParsedCalendar, ProposedEvent
from detector.calendars.proposing import ProposalChanges, accept, apply_copy, decline
from detector.partner_time.model import Moved, PartnerTime
from detector.partner_time.occurrences import occurrences
from detector.partner_time.schedule import OccurrenceOverrides, Schedule
from detector.store.model import Calendar, Proposal
from detector.store.store import Store

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DINNER = PartnerTime(
    title="Dinner",
    begins=datetime(2026, 11, 24, 18, 30),
    lasts=HOUR,
    zone="Europe/Berlin",
    recurrence="FREQ=WEEKLY;BYDAY=TU",
    as_rfc=True,
)
LATER = replace(DINNER, begins=datetime(2026, 11, 24, 19, 30))
WALK = PartnerTime(title="Walk", begins=datetime(2026, 11, 28, 11), lasts=HOUR, zone="Europe/Berlin", as_rfc=True)


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield Store.in_memory(lambda: "Europe/Berlin")
    else:
        with Store.open(tmp_path / "store.db", zone=lambda: "Europe/Berlin") as opened:
            yield opened


@pytest.fixture
def calendar(store: Store) -> Calendar:
    return store.calendars.save(Calendar(name="Ours", location="/ours.ics"))


def reading(*partner_times: PartnerTime, problems: tuple[str, ...] = (), is_complete: bool = True) -> ParsedCalendar:
    """Return a copy with these events; the uid is the title."""
    return ParsedCalendar(
        name=None,
        event_count=len(partner_times),
        chosen_count=len(partner_times),
        is_complete=is_complete,
        events=tuple(ProposedEvent(uid=each.title, partner_time=each, line=1) for each in partner_times),
        problems=tuple(EventProblem(line=1, why="x", uid=uid) for uid in problems),
    )


def planned(store: Store) -> list[str]:
    plan = Schedule(
        store.plans.partner_times(), OccurrenceOverrides(store.plans.ended_early(), store.plans.extended())
    ).at(NOW)
    return [f"{each.title} {each.begins:%d %H:%M}" for each in plan.upcoming[:1]]


def titles(proposals: tuple[Proposal, ...]) -> list[str]:
    return [each.partner_time.title for each in proposals]


def accepted(store: Store, calendar: Calendar, *partner_times: PartnerTime) -> None:
    apply_copy(store, calendar, reading(*partner_times), NOW)
    accept(store, store.calendars.proposals(), NOW)


def test_a_new_proposal_waits_and_is_not_planned(store: Store, calendar: Calendar) -> None:
    changes = apply_copy(store, calendar, reading(DINNER, WALK), NOW)
    assert (titles(changes.waiting), changes.accepted, changes.gone) == (["Dinner", "Walk"], (), ())
    assert [each.decided for each in store.calendars.proposals()] == ["open", "open"]
    assert (store.plans.partner_times(), planned(store)) == ([], [])


def test_an_accepted_proposal_is_declared_and_planned(store: Store, calendar: Calendar) -> None:
    apply_copy(store, calendar, reading(DINNER, WALK), NOW)
    (first, _) = store.calendars.proposals()
    (kept,) = accept(store, [first], NOW)
    (declared,) = store.plans.partner_times()
    assert (kept.decided, kept.accepted_as, declared.proposal) == ("accepted", declared.number, first.number)
    assert replace(declared, number=None, proposal=None) == DINNER
    assert planned(store) == ["Dinner 24 17:30"]


def test_the_same_copy_again_changes_nothing(store: Store, calendar: Calendar) -> None:
    accepted(store, calendar, DINNER)
    apply_copy(store, calendar, reading(DINNER, WALK), NOW)
    decline(store, [each for each in store.calendars.proposals() if each.uid == "Walk"])
    before = (store.calendars.proposals(), store.plans.partner_times())
    changes = apply_copy(store, calendar, reading(DINNER, WALK), NOW)
    assert not changes
    assert (store.calendars.proposals(), store.plans.partner_times()) == before


def test_a_changed_proposal_waits_again_and_the_accepted_version_holds(store: Store, calendar: Calendar) -> None:
    accepted(store, calendar, DINNER)
    changes = apply_copy(store, calendar, reading(LATER), NOW)
    assert titles(changes.waiting) == ["Dinner"]
    (proposal,) = store.calendars.proposals()
    assert (proposal.decided, proposal.partner_time, planned(store)) == ("open", LATER, ["Dinner 24 17:30"])
    (number,) = [each.number for each in store.plans.partner_times()]
    accept(store, [proposal], NOW)
    assert planned(store) == ["Dinner 24 18:30"]
    assert [each.number for each in store.plans.partner_times()] == [number]


def test_a_skip_moves_with_its_occurrence(store: Store, calendar: Calendar) -> None:
    accepted(store, calendar, DINNER)
    (declared,) = store.plans.partner_times()
    store.plans.change(replace(declared, do_not_disturb=True), {})
    first, second = occurrences(declared, NOW, NOW + timedelta(days=9))
    store.plans.skip(first.id, NOW)
    apply_copy(store, calendar, reading(LATER), NOW)
    accept(store, store.calendars.proposals(), NOW)
    (moved,) = store.plans.partner_times()
    assert moved.do_not_disturb
    assert store.plans.skipped() == {occurrences(moved, NOW, NOW + timedelta(days=9))[0].id}
    assert planned(store) == [f"Dinner {second.begins + HOUR:%d %H:%M}"]


def test_a_changed_proposal_adds_no_second_occurrence_today(store: Store, calendar: Calendar) -> None:
    accepted(store, calendar, DINNER)
    during = datetime(2026, 11, 24, 18, tzinfo=UTC)
    apply_copy(store, calendar, reading(LATER), during)
    accept(store, store.calendars.proposals(), during)
    plan = Schedule(
        store.plans.partner_times(), OccurrenceOverrides(store.plans.ended_early(), store.plans.extended())
    ).at(during)
    assert [f"{each.begins:%d %H:%M}" for each in plan.upcoming[:1]] == ["01 18:30"]


@pytest.mark.parametrize("decided", ["open", "accepted", "declined"])
def test_a_vanished_event_is_taken_back_at_once(store: Store, calendar: Calendar, decided: str) -> None:
    apply_copy(store, calendar, reading(DINNER, WALK), NOW)
    if decided == "accepted":
        accept(store, store.calendars.proposals(), NOW)
    elif decided == "declined":
        decline(store, store.calendars.proposals())
    changes = apply_copy(store, calendar, reading(WALK), NOW)
    assert titles(changes.gone) == ["Dinner"]
    assert [each.uid for each in store.calendars.proposals()] == ["Walk"]
    assert [each.title for each in store.plans.partner_times()] == (["Walk"] if decided == "accepted" else [])


def test_unreadable_or_truncated_events_are_not_taken_back(store: Store, calendar: Calendar) -> None:
    accepted(store, calendar, DINNER, WALK)
    assert not apply_copy(store, calendar, reading(problems=("Dinner", "Walk")), NOW)
    assert not apply_copy(store, calendar, reading(is_complete=False), NOW)
    assert [each.title for each in store.plans.partner_times()] == ["Dinner", "Walk"]


def test_a_single_instance_is_not_taken_back_when_unreadable(store: Store, calendar: Calendar) -> None:
    alone = ParsedCalendar(
        name=None,
        event_count=1,
        chosen_count=1,
        problems=(),
        events=(ProposedEvent(uid="tea 20261128T110000", partner_time=WALK, line=1),),
    )
    apply_copy(store, calendar, alone, NOW)
    assert not apply_copy(store, calendar, reading(problems=("tea",)), NOW)
    assert titles(apply_copy(store, calendar, reading(problems=("coffee",)), NOW).gone) == ["Walk"]


def test_a_calendar_takes_back_only_its_own_proposals(store: Store, calendar: Calendar) -> None:
    accepted(store, calendar, DINNER)
    other = store.calendars.save(Calendar(name="Other", location="/other.ics"))
    assert titles(apply_copy(store, other, reading(DINNER), NOW).waiting) == ["Dinner"]
    assert not apply_copy(store, other, reading(DINNER), NOW)
    assert titles(apply_copy(store, other, reading(), NOW).gone) == ["Dinner"]
    assert planned(store) == ["Dinner 24 17:30"]


def test_a_declined_proposal_stays_declined_unless_its_event_changed(store: Store, calendar: Calendar) -> None:
    accepted(store, calendar, DINNER)
    (kept,) = decline(store, store.calendars.proposals())
    assert (kept.decided, kept.accepted_as, store.plans.partner_times()) == ("declined", None, [])
    assert not apply_copy(store, replace(calendar, auto_accepts=True), reading(DINNER), NOW)
    assert titles(apply_copy(store, replace(calendar, auto_accepts=True), reading(LATER), NOW).waiting) == ["Dinner"]
    # It waits on: nobody said yes to it.
    assert not apply_copy(store, replace(calendar, auto_accepts=True), reading(LATER), NOW)
    assert store.plans.partner_times() == []


def test_an_accepting_calendar_declares_what_is_like_what_was_accepted_at_once(
    store: Store, calendar: Calendar
) -> None:
    calendar = replace(calendar, auto_accepts=True)
    assert titles(apply_copy(store, calendar, reading(DINNER, WALK), NOW, is_confirmed=True).accepted) == [
        "Dinner",
        "Walk",
    ]
    again = replace(WALK, begins=WALK.begins + timedelta(days=7))
    changes = apply_copy(store, calendar, as_uids({"Dinner": LATER, "Walk": WALK, "Walk 2": again}), NOW)
    assert (titles(changes.accepted), changes.waiting) == (["Dinner", "Walk"], ())
    assert planned(store) == ["Dinner 24 18:30"]
    assert len(store.plans.partner_times()) == 3


def as_uids(events: dict[str, PartnerTime]) -> ParsedCalendar:
    """Return a copy with these events by uid."""
    return ParsedCalendar(
        name=None,
        events=tuple(ProposedEvent(uid=uid, partner_time=each, line=1) for uid, each in events.items()),
        problems=(),
        event_count=len(events),
        chosen_count=len(events),
    )


SIX_HOURS = timedelta(hours=6)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, DINNER),
        (None, replace(WALK, title="Other words")),
        (None, replace(WALK, lasts=SIX_HOURS + HOUR)),
        (None, replace(WALK, additional=(WALK.begins + timedelta(days=1),))),
        (WALK, replace(WALK, title="Other words")),
        (WALK, replace(WALK, lasts=timedelta(days=1))),
        (WALK, replace(WALK, recurrence="FREQ=DAILY")),
        (WALK, replace(WALK, additional=(WALK.begins + timedelta(days=1),))),
        (DINNER, replace(DINNER, recurrence="FREQ=DAILY")),
        (replace(DINNER, recurrence="FREQ=WEEKLY;COUNT=2"), DINNER),
        (
            DINNER,
            replace(
                DINNER, moved=(Moved(original_start=DINNER.begins, begins=DINNER.begins, lasts=HOUR, title="Other"),)
            ),
        ),
        (
            DINNER,
            replace(DINNER, moved=(Moved(original_start=DINNER.begins, begins=DINNER.begins, lasts=SIX_HOURS + HOUR),)),
        ),
    ],
    ids=[
        "a series",
        "a title",
        "over 6 h",
        "several dates",
        "changed title",
        "now a day",
        "now a series",
        "now more dates",
        "now every day",
        "now without an end",
        "title of one time",
        "length of one time",
    ],
)
def test_an_accepting_calendar_asks_about_a_new_series_a_new_title_and_more_than_six_hours(
    store: Store, calendar: Calendar, before: PartnerTime | None, after: PartnerTime
) -> None:
    calendar = replace(calendar, auto_accepts=True)
    known = {"walk": WALK} | ({} if before is None else {"it": before})
    apply_copy(store, calendar, as_uids(known), NOW, is_confirmed=True)
    declared = store.plans.partner_times()
    changes = apply_copy(store, calendar, as_uids({**known, "it": after}), NOW)
    assert (titles(changes.waiting), changes.accepted) == ([after.title], ())
    # It waits on when the same comes again, and what was accepted before holds.
    assert not apply_copy(store, calendar, as_uids({**known, "it": after}), NOW)
    assert store.plans.partner_times() == declared


def test_a_series_that_ends_sooner_is_taken_back_at_once_from_there_on(store: Store, calendar: Calendar) -> None:
    accepted(store, calendar, DINNER)
    for end in ("UNTIL=20261208T235959", "COUNT=2"):
        sooner = replace(DINNER, recurrence=f"{DINNER.recurrence};{end}")
        changes = apply_copy(store, calendar, reading(sooner), NOW)
        assert (titles(changes.shortened), changes.waiting) == (["Dinner"], ())
        assert [each.recurrence for each in store.plans.partner_times()] == [sooner.recurrence]


@pytest.mark.parametrize("is_unsure", [False, True])
def test_exceptions_that_cannot_be_read_any_more_stay_as_they_were_accepted(
    store: Store, calendar: Calendar, is_unsure: bool
) -> None:
    first, second = DINNER.begins, DINNER.begins + timedelta(days=7)
    with_exceptions = replace(
        DINNER, excluded=(first,), moved=(Moved(original_start=second, begins=second + HOUR, lasts=HOUR),)
    )
    accepted(store, calendar, with_exceptions)
    left_out = DINNER if is_unsure else replace(DINNER, excluded=(first, second))
    unread = () if is_unsure else (first, second)
    copy = ParsedCalendar(
        name=None,
        events=(ProposedEvent(uid="Dinner", partner_time=left_out, line=1, unread=unread, is_unsure=is_unsure),),
        problems=(),
        event_count=1,
        chosen_count=1,
    )
    assert not apply_copy(store, calendar, copy, NOW)
    (declared,) = store.plans.partner_times()
    assert (declared.excluded, declared.moved) == (with_exceptions.excluded, with_exceptions.moved)


def test_an_unreadable_instance_of_an_accepted_series_takes_place_as_accepted(store: Store, calendar: Calendar) -> None:
    accepted(store, calendar, DINNER)
    start = DINNER.begins + timedelta(days=7)
    event_ = ProposedEvent(uid="Dinner", partner_time=replace(DINNER, excluded=(start,)), line=1, unread=(start,))
    copy = ParsedCalendar(name=None, events=(event_,), problems=(), event_count=1, chosen_count=1)
    assert not apply_copy(store, calendar, copy, NOW)
    assert [each.excluded for each in store.plans.partner_times()] == [()]


def test_proposals_from_before_always_go_on_waiting(store: Store, calendar: Calendar) -> None:
    apply_copy(store, calendar, reading(DINNER), NOW)
    assert apply_copy(store, replace(calendar, auto_accepts=True), reading(DINNER), NOW) == ProposalChanges()
    assert [each.decided for each in store.calendars.proposals()] == ["open"]


def test_a_past_event_is_neither_proposed_nor_kept(store: Store, calendar: Calendar) -> None:
    past = replace(WALK, title="Past", begins=datetime(2026, 11, 22, 11))
    ended = replace(
        DINNER, title="Ended", begins=datetime(2026, 9, 1, 18), recurrence="FREQ=WEEKLY;UNTIL=20261117T180000Z"
    )
    counted = replace(DINNER, title="Counted", begins=datetime(2026, 9, 1, 18), recurrence="FREQ=WEEKLY;COUNT=3")
    again = replace(
        past, title="Again", moved=(Moved(original_start=past.begins, begins=datetime(2026, 12, 1, 11), lasts=HOUR),)
    )
    beside = replace(past, title="Beside", additional=(datetime(2026, 12, 1, 11),))
    last = replace(DINNER, title="Last", begins=datetime(2026, 11, 10, 18), recurrence="FREQ=WEEKLY;COUNT=3")
    changes = apply_copy(store, calendar, reading(past, ended, counted, again, beside, last), NOW)
    assert (titles(changes.waiting), changes.over) == (["Again", "Beside", "Last"], 3)
    accept(store, store.calendars.proposals(), NOW)
    gone = apply_copy(
        store, calendar, reading(past, ended, counted, again, beside, last), NOW + timedelta(days=30)
    ).gone
    assert (titles(gone), store.plans.partner_times()) == (["Again", "Beside", "Last"], [])


def test_an_event_under_way_is_not_over(store: Store, calendar: Calendar) -> None:
    now = datetime(2026, 11, 28, 10, 59, tzinfo=UTC)
    assert titles(apply_copy(store, calendar, reading(WALK), now).waiting) == ["Walk"]
    assert titles(apply_copy(store, calendar, reading(WALK), now + timedelta(minutes=1)).gone) == ["Walk"]


def test_a_cancelled_occurrence_is_taken_back_at_once(store: Store, calendar: Calendar) -> None:
    accepted(store, calendar, DINNER)
    changes = apply_copy(store, calendar, reading(replace(DINNER, excluded=(DINNER.begins,))), NOW)
    assert (titles(changes.shortened), changes.waiting) == (["Dinner"], ())
    assert planned(store) == ["Dinner 01 17:30"]
    # That it takes place after all is a change to be asked about.
    assert titles(apply_copy(store, calendar, reading(DINNER), NOW).waiting) == ["Dinner"]
    assert planned(store) == ["Dinner 01 17:30"]


def test_changes_in_the_past_are_not_proposed(store: Store, calendar: Calendar) -> None:
    since = replace(DINNER, begins=datetime(2026, 9, 1, 18, 30))
    accepted(store, calendar, since)
    past = replace(
        since,
        excluded=(datetime(2026, 9, 8, 18, 30),),
        moved=(Moved(original_start=datetime(2026, 9, 15, 18, 30), begins=datetime(2026, 9, 16, 18), lasts=HOUR),),
    )
    assert not apply_copy(store, calendar, reading(past), NOW)
    assert [each.decided for each in store.calendars.proposals()] == ["accepted"]


def test_another_device_zone_does_not_change_floating_events(store: Store, calendar: Calendar) -> None:
    floats = replace(DINNER, is_floating=True)
    accepted(store, calendar, floats)
    assert not apply_copy(store, calendar, reading(replace(floats, zone="Asia/Tokyo")), NOW)


def test_a_copy_is_applied_completely_or_not_at_all(
    store: Store, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted(store, calendar, DINNER)
    before = (store.calendars.proposals(), store.plans.partner_times())

    def fails(number: int) -> bool:
        raise OSError(number)

    monkeypatch.setattr(type(store.calendars), "remove_proposal", lambda _self, number: fails(number))
    with pytest.raises(OSError, match="1"):
        apply_copy(store, replace(calendar, auto_accepts=True), reading(WALK), NOW)
    assert (store.calendars.proposals(), store.plans.partner_times()) == before


def test_a_calendar_without_a_number_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="has a number"):
        apply_copy(store, Calendar(name="x", location="/x"), reading(DINNER), NOW)
