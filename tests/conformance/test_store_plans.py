"""What every store promises about plans: what was declared, said of single occurrences, and proposed by calendars."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from detector.core.effects import Record, StartResult
from detector.errors import UserError
from detector.partner_time.model import Moved, Occurrence, PartnerTime
from detector.store.model import Calendar, CalendarProblem, CancelledOccurrence, EventFilter, Proposal
from detector.store.store import Store
from tests.rig.stored_records import EVENING, after_minutes, begins, ends

DAY = 24 * 60


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute)


DINNER = PartnerTime(
    title="Dinner 🥘",
    begins=at(23, 18, 30),
    lasts=timedelta(minutes=90),
    zone="Europe/Berlin",
    recurrence="FREQ=WEEKLY;BYDAY=MO",
    excluded=(at(30, 18, 30),),
    additional=(at(28, 11),),
    moved=(
        Moved(original_start=at(23, 18, 30), begins=at(24, 19), lasts=timedelta(hours=2), title="Ä"),
        Moved(original_start=at(25, 18, 30), begins=at(26, 19), lasts=timedelta(hours=1)),
    ),
    as_rfc=True,
    do_not_disturb=True,
    instead_of="7@20261120T173000Z",
    proposal=3,
)
PLAIN = PartnerTime(title="Walk", begins=at(29, 11), lasts=timedelta(hours=1), zone="Europe/Berlin")
PLANNED = Occurrence(
    id="1@20261123T173000Z",
    partner_time=1,
    title="Dinner 🥘",
    begins=after_minutes(0),
    ends=after_minutes(90),
    zone="Europe/Berlin",
)
OURS = Calendar(
    name="Ours",
    location="https://calendar.example/secret.ics",
    choice=EventFilter(tag=None, category="Us"),
    subscribed=True,
    auto_accepts=True,
    local=True,
    etag='"1"',
    modified="Mon, 23 Nov 2026 10:00:00 GMT",
    refreshed=after_minutes(1),
    tried=after_minutes(2),
    why="the server did not answer",
    problems=(
        CalendarProblem(text="line 3, Tee 🍵: it ends before it begins"),
        CalendarProblem(text="line 9: soon", until=after_minutes(9)),
    ),
)


class Zone:
    def __init__(self) -> None:
        self.name = "Europe/Berlin"

    def __call__(self) -> str:
        return self.name


@pytest.fixture
def zone() -> Zone:
    return Zone()


class PlansConformance:
    def test_partner_times_of_every_form_are_read_as_saved(self, store: Store) -> None:
        assert store.plans.add(DINNER) == replace(DINNER, number=1)
        assert store.plans.add(PLAIN) == replace(PLAIN, number=2)
        assert store.plans.partner_times() == [replace(DINNER, number=1), replace(PLAIN, number=2)]

    def test_only_floating_partner_times_are_in_the_zone_of_the_device(self, store: Store, zone: Zone) -> None:
        store.plans.add(replace(PLAIN, is_floating=True))
        store.plans.add(PLAIN)
        zone.name = "Pacific/Apia"
        assert [each.zone for each in store.plans.partner_times()] == ["Pacific/Apia", "Europe/Berlin"]

    def test_a_change_replaces_a_partner_time_and_keeps_its_number(self, store: Store) -> None:
        for declared in (PLAIN, PLAIN):
            store.plans.add(declared)
        assert store.plans.change(replace(DINNER, number=1), {})
        assert store.plans.partner_times() == [replace(DINNER, number=1), replace(PLAIN, number=2)]
        assert not store.plans.change(replace(DINNER, number=9), {})
        assert len(store.plans.partner_times()) == 2

    def test_a_change_moves_exceptions_to_the_new_ids_of_occurrences(self, store: Store) -> None:
        store.plans.add(PLAIN)
        store.plans.skip("1@a", after_minutes(1))
        store.plans.stop("1@b", after_minutes(2))
        store.plans.extend("1@b", after_minutes(3))
        made = store.plans.cancel(replace(PLANNED, id="1@c"), after_minutes(4), replace(PLAIN, instead_of="1@c"))
        assert made is not None
        # One's new id is another's old one.
        store.plans.change(replace(PLAIN, number=1), {"1@a": "1@b", "1@b": "1@d", "1@c": "1@e"})
        assert store.plans.ended_early() == {"1@b": after_minutes(1), "1@d": after_minutes(2), "1@e": after_minutes(4)}
        assert store.plans.extended() == {"1@d": after_minutes(3)}
        assert store.plans.skipped() == {"1@b", "1@e"}
        assert [was.occurrence for was in store.plans.cancelled()] == ["1@e"]
        assert [each.instead_of for each in store.plans.partner_times()] == [None, "1@e"]

    def test_a_skipped_occurrence_counts_as_stopped_at_the_first_time(self, store: Store) -> None:
        store.plans.skip(EVENING, after_minutes(5))
        store.plans.skip(EVENING, after_minutes(9))
        store.plans.stop(EVENING, after_minutes(3))
        assert (store.plans.ended_early(), store.plans.skipped()) == ({EVENING: after_minutes(3)}, {EVENING})

    def test_skipped_and_cancelled_occurrences_can_be_restored_and_stopped_ones_cannot(self, store: Store) -> None:
        store.plans.skip("1@a", after_minutes(1))
        store.plans.cancel(replace(PLANNED, id="1@b"), after_minutes(1), None)
        store.plans.stop("1@c", after_minutes(1))
        assert [store.plans.unskip(name) for name in ("1@a", "1@b", "1@c", "1@a")] == [True, True, False, False]
        assert (store.plans.ended_early(), store.plans.skipped(), store.plans.cancelled()) == (
            {"1@c": after_minutes(1)},
            frozenset(),
            [],
        )

    def test_a_cancelled_occurrence_has_the_number_of_what_makes_up_for_it(self, store: Store) -> None:
        store.plans.add(DINNER)
        made = store.plans.cancel(PLANNED, after_minutes(-60), replace(PLAIN, instead_of=PLANNED.id))
        assert made == replace(PLAIN, number=2, instead_of=PLANNED.id)
        known = CancelledOccurrence(
            occurrence=PLANNED.id,
            title="Dinner 🥘",
            begins=after_minutes(0),
            ends=after_minutes(90),
            at=after_minutes(-60),
            instead=2,
        )
        assert store.plans.cancelled() == [known]
        assert store.plans.ended_early() == {PLANNED.id: after_minutes(-60)}
        store.plans.remove(2)
        assert store.plans.cancelled() == [replace(known, instead=None)]
        store.plans.remove(1)
        assert (store.plans.cancelled(), store.plans.ended_early()) == ([replace(known, instead=None)], {})

    def test_cancelled_occurrences_are_chosen_by_their_planned_beginning(self, store: Store) -> None:
        for day in (2, 0, 1):
            begins_at = after_minutes(day * DAY)
            store.plans.cancel(replace(PLANNED, id=f"1@{day}", begins=begins_at), after_minutes(0), None)
        assert [was.occurrence for was in store.plans.cancelled()] == ["1@0", "1@1", "1@2"]
        assert [was.occurrence for was in store.plans.cancelled(after_minutes(DAY), after_minutes(2 * DAY))] == ["1@1"]

    def test_pruning_leaves_old_exceptions_of_future_occurrences(self, store: Store) -> None:
        store.plans.add(DINNER)
        store.plans.skip("1@20270323T173000Z", after_minutes(0))
        store.plans.skip("1@20270323T183000", after_minutes(0))
        store.plans.skip("1@20261124T173000Z", after_minutes(0))
        store.plans.cancel(PLANNED, after_minutes(0), None)
        store.prune(after_minutes(91 * DAY))
        assert store.plans.skipped() == {"1@20270323T173000Z", "1@20270323T183000"}
        assert store.plans.cancelled() == []

    def test_how_an_occurrence_started_is_stored_and_forgotten_with_its_beginning(self, store: Store) -> None:
        store.history.save([begins()])
        assert [kept.started_well for kept in store.history.occurrences()] == [None]
        store.history.save([Record(occurrence=EVENING, item=StartResult(at=after_minutes(5), started_well=True))])
        store.history.save([ends()])
        assert [kept.started_well for kept in store.history.occurrences()] == [True]

    @pytest.mark.parametrize(
        ("since", "until", "left"),
        [(1, 3, None), (4, 30, None), (5, 30, True), (40, 60, True)],
        ids=["within the grace", "over its end", "from its end on", "long after"],
    )
    def test_how_an_occurrence_started_is_unknown_once_a_part_of_the_grace_is_forgotten(
        self, store: Store, since: int, until: int, left: bool | None
    ) -> None:
        said = Record(occurrence=EVENING, item=StartResult(at=after_minutes(5), started_well=True))
        known = (left, after_minutes(5) if left else None)
        store.history.save([begins(), said])
        store.forget(after_minutes(since), now=after_minutes(until))
        assert [(kept.started_well, kept.start_checked_at) for kept in store.history.occurrences()] == [known]
        # The daemon still holds it, and may say it again.
        store.history.save([said])
        assert [(kept.started_well, kept.start_checked_at) for kept in store.history.occurrences()] == [known]

    def test_how_an_occurrence_started_can_be_corrected_and_deleted(self, store: Store) -> None:
        store.history.save([begins()])
        for well in (False, True, None):
            store.history.save([Record(occurrence=EVENING, item=StartResult(at=after_minutes(5), started_well=well))])
            at = None if well is None else after_minutes(5)
            assert [(kept.started_well, kept.start_checked_at) for kept in store.history.occurrences()] == [(well, at)]

    def test_a_title_that_is_not_text_changes_nothing(self, store: Store) -> None:
        store.plans.add(PLAIN)
        with pytest.raises(UserError, match="no text"):
            store.plans.change(replace(PLAIN, number=1, title="\udce4"), {})
        with pytest.raises(UserError, match="no text"):
            store.plans.cancel(PLANNED, after_minutes(0), replace(PLAIN, title="\udce4"))
        assert (store.plans.partner_times(), store.plans.ended_early()) == ([replace(PLAIN, number=1)], {})

    def test_a_transaction_saves_all_changes_or_none(self, store: Store) -> None:
        store.plans.add(PLAIN)
        with suppress(ZeroDivisionError), store.transaction():
            store.plans.remove(1)
            store.calendars.save(OURS)
            store.plans.skip(EVENING, after_minutes(0))
            _ = 1 / 0
        assert (store.plans.partner_times(), store.calendars.all(), store.plans.ended_early()) == (
            [replace(PLAIN, number=1)],
            [],
            {},
        )
        with store.transaction():
            store.calendars.save(OURS)
            store.plans.skip(EVENING, after_minutes(0))
        assert (len(store.calendars.all()), len(store.plans.ended_early())) == (1, 1)


class CalendarsConformance:
    def test_a_calendar_is_read_as_saved(self, store: Store) -> None:
        kept = store.calendars.save(OURS)
        assert (kept, store.calendars.all()) == (replace(OURS, number=1), [replace(OURS, number=1)])
        changed = replace(kept, etag=None, modified=None, refreshed=None, tried=None, why=None, choice=EventFilter())
        assert store.calendars.save(changed) == changed
        assert store.calendars.all() == [changed]

    def test_the_number_of_a_removed_calendar_is_not_given_again(self, store: Store) -> None:
        kept = store.calendars.save(OURS)
        assert [store.calendars.remove(1), store.calendars.remove(1)] == [True, False]
        with pytest.raises(UserError, match="removed meanwhile"):
            store.calendars.save(kept)
        assert store.calendars.save(OURS).number == 2

    def test_there_is_one_proposal_for_each_event(self, store: Store) -> None:
        store.calendars.save(OURS)
        first = store.calendars.save_proposal(Proposal(calendar=1, uid="a", partner_time=DINNER))
        other = store.calendars.save_proposal(Proposal(calendar=1, uid="b", partner_time=PLAIN))
        again = store.calendars.save_proposal(Proposal(calendar=1, uid="a", partner_time=PLAIN, decided="declined"))
        assert (first.number, other.number, again.number) == (1, 2, 1)
        assert store.calendars.proposals() == [again, other]
        assert (store.calendars.proposals(1), store.calendars.proposals(2)) == ([again, other], [])
        assert store.calendars.remove_proposal(2)
        assert store.calendars.save_proposal(Proposal(calendar=1, uid="b", partner_time=PLAIN)).number == 3

    def test_removing_a_calendar_removes_proposals_and_accepted_partner_times(self, store: Store) -> None:
        store.calendars.save(OURS)
        for uid in ("a", "b", "c"):
            accepted = store.plans.add(PLAIN)
            store.calendars.save_proposal(
                Proposal(calendar=1, uid=uid, partner_time=PLAIN, decided="accepted", accepted_as=accepted.number)
            )
        assert [store.calendars.remove_proposal(1), store.calendars.remove_proposal(1)] == [True, False]
        assert [each.number for each in store.plans.partner_times()] == [2, 3]
        store.plans.remove(2)
        assert [(each.decided, each.accepted_as) for each in store.calendars.proposals()] == [
            ("declined", None),
            ("accepted", 3),
        ]
        store.calendars.remove(1)
        assert (store.calendars.proposals(), store.plans.partner_times()) == ([], [])

    def test_calendars_and_proposals_are_deleted_only_with_plans(self, store: Store) -> None:
        store.calendars.save(OURS)
        store.calendars.save_proposal(Proposal(calendar=1, uid="a", partner_time=PLAIN))
        store.plans.cancel(PLANNED, after_minutes(0), PLAIN)
        store.forget_all(now=after_minutes(100))
        assert (len(store.calendars.all()), len(store.calendars.proposals()), len(store.plans.partner_times())) == (
            1,
            1,
            1,
        )
        store.forget_all(now=after_minutes(100), plans=True)
        assert (
            store.calendars.all(),
            store.calendars.proposals(),
            store.plans.cancelled(),
            store.plans.ended_early(),
        ) == (
            [],
            [],
            [],
            {},
        )


class TestStoreInMemory(PlansConformance, CalendarsConformance):
    @pytest.fixture
    def store(self, zone: Zone) -> Store:
        return Store.in_memory(zone)


class TestStoreOnDisk(PlansConformance, CalendarsConformance):
    @pytest.fixture
    def store(self, tmp_path: Path, zone: Zone) -> Iterator[Store]:
        with Store.open(tmp_path / "turntoward.sqlite", zone=zone) as store:
            yield store


def test_the_repr_of_a_calendar_hides_its_address() -> None:
    assert "secret" not in repr(OURS)
