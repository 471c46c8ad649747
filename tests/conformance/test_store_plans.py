"""What every store promises about plans: what was declared, said of single occurrences, and proposed by calendars."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from detector.core.effects import Record, Started
from detector.errors import UserError
from detector.partner_time.model import Moved, Occurrence, PartnerTime
from detector.partner_time.proposed import Calendar, Choice, Proposal
from detector.store.model import Keeping
from detector.store.plan_model import Cancelled
from detector.store.store import Store
from tests.rig.kept import EVENING, after, begins, ends

DAY = 24 * 60


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute)


DINNER = PartnerTime(
    title="Dinner 🥘",
    begins=at(23, 18, 30),
    lasts=timedelta(minutes=90),
    zone="Europe/Berlin",
    recurrence="FREQ=WEEKLY;BYDAY=MO",
    without=(at(30, 18, 30),),
    also=(at(28, 11),),
    moved=(
        Moved(of=at(23, 18, 30), begins=at(24, 19), lasts=timedelta(hours=2), title="Ä"),
        Moved(of=at(25, 18, 30), begins=at(26, 19), lasts=timedelta(hours=1)),
    ),
    as_rfc=True,
    quiet=True,
    instead_of="7@20261120T173000Z",
    proposal=3,
)
PLAIN = PartnerTime(title="Walk", begins=at(29, 11), lasts=timedelta(hours=1), zone="Europe/Berlin")
PLANNED = Occurrence(
    id="1@20261123T173000Z", partner_time=1, title="Dinner 🥘", begins=after(0), ends=after(90), zone="Europe/Berlin"
)
OURS = Calendar(
    name="Ours",
    place="https://calendar.example/secret.ics",
    choice=Choice(tag=None, category="Us"),
    subscribed=True,
    accepts=True,
    local=True,
    etag='"1"',
    modified="Mon, 23 Nov 2026 10:00:00 GMT",
    refreshed=after(1),
    tried=after(2),
    why="the server did not answer",
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
    def test_all_that_partner_time_may_be_comes_back_as_it_was(self, store: Keeping) -> None:
        assert store.add_partner_time(DINNER) == replace(DINNER, number=1)
        assert store.add_partner_time(PLAIN) == replace(PLAIN, number=2)
        assert store.partner_times() == [replace(DINNER, number=1), replace(PLAIN, number=2)]

    def test_what_floats_is_where_the_device_is_and_nothing_else_is(self, store: Keeping, zone: Zone) -> None:
        store.add_partner_time(replace(PLAIN, floats=True))
        store.add_partner_time(PLAIN)
        zone.name = "Pacific/Apia"
        assert [each.zone for each in store.partner_times()] == ["Pacific/Apia", "Europe/Berlin"]

    def test_a_change_takes_the_place_and_keeps_the_number(self, store: Keeping) -> None:
        for declared in (PLAIN, PLAIN):
            store.add_partner_time(declared)
        assert store.change_partner_time(replace(DINNER, number=1), {})
        assert store.partner_times() == [replace(DINNER, number=1), replace(PLAIN, number=2)]
        assert not store.change_partner_time(replace(DINNER, number=9), {})
        assert len(store.partner_times()) == 2

    def test_what_was_said_of_occurrences_goes_along_with_a_change(self, store: Keeping) -> None:
        store.add_partner_time(PLAIN)
        store.skip_occurrence("1@a", after(1))
        store.stop_occurrence("1@b", after(2))
        store.extend_occurrence("1@b", after(3))
        made = store.cancel_occurrence(replace(PLANNED, id="1@c"), after(4), replace(PLAIN, instead_of="1@c"))
        assert made is not None
        # One's new id is another's old one.
        store.change_partner_time(replace(PLAIN, number=1), {"1@a": "1@b", "1@b": "1@d", "1@c": "1@e"})
        assert store.stopped() == {"1@b": after(1), "1@d": after(2), "1@e": after(4)}
        assert store.extended() == {"1@d": after(3)}
        assert store.skipped() == {"1@b", "1@e"}
        assert [was.occurrence for was in store.cancelled()] == ["1@e"]
        assert [each.instead_of for each in store.partner_times()] == [None, "1@e"]

    def test_what_is_skipped_counts_as_stopped_and_the_first_word_counts(self, store: Keeping) -> None:
        store.skip_occurrence(EVENING, after(5))
        store.skip_occurrence(EVENING, after(9))
        store.stop_occurrence(EVENING, after(3))
        assert (store.stopped(), store.skipped()) == ({EVENING: after(3)}, {EVENING})

    def test_what_was_skipped_or_cancelled_can_be_restored_and_what_was_stopped_cannot(self, store: Keeping) -> None:
        store.skip_occurrence("1@a", after(1))
        store.cancel_occurrence(replace(PLANNED, id="1@b"), after(1), None)
        store.stop_occurrence("1@c", after(1))
        assert [store.restore_occurrence(name) for name in ("1@a", "1@b", "1@c", "1@a")] == [True, True, False, False]
        assert (store.stopped(), store.skipped(), store.cancelled()) == ({"1@c": after(1)}, frozenset(), [])

    def test_what_is_cancelled_knows_what_makes_it_good(self, store: Keeping) -> None:
        store.add_partner_time(DINNER)
        made = store.cancel_occurrence(PLANNED, after(-60), replace(PLAIN, instead_of=PLANNED.id))
        assert made == replace(PLAIN, number=2, instead_of=PLANNED.id)
        known = Cancelled(
            occurrence=PLANNED.id, title="Dinner 🥘", begins=after(0), ends=after(90), at=after(-60), instead=2
        )
        assert store.cancelled() == [known]
        assert store.stopped() == {PLANNED.id: after(-60)}
        store.remove_partner_time(2)
        assert store.cancelled() == [replace(known, instead=None)]
        store.remove_partner_time(1)
        assert (store.cancelled(), store.stopped()) == ([replace(known, instead=None)], {})

    def test_what_is_cancelled_is_chosen_by_its_planned_beginning(self, store: Keeping) -> None:
        for day in (2, 0, 1):
            begins_at = after(day * DAY)
            store.cancel_occurrence(replace(PLANNED, id=f"1@{day}", begins=begins_at), after(0), None)
        assert [was.occurrence for was in store.cancelled()] == ["1@0", "1@1", "1@2"]
        assert [was.occurrence for was in store.cancelled(after(DAY), after(2 * DAY))] == ["1@1"]

    def test_pruning_spares_what_was_said_long_ago_of_what_is_still_to_come(self, store: Keeping) -> None:
        store.add_partner_time(DINNER)
        store.skip_occurrence("1@20270323T173000Z", after(0))
        store.skip_occurrence("1@20270323T183000", after(0))
        store.skip_occurrence("1@20261124T173000Z", after(0))
        store.cancel_occurrence(PLANNED, after(0), None)
        store.prune(after(91 * DAY))
        assert store.skipped() == {"1@20270323T173000Z", "1@20270323T183000"}
        assert store.cancelled() == []

    def test_how_it_started_is_kept_and_gone_with_the_beginning(self, store: Keeping) -> None:
        store.keep_all([begins()])
        assert [kept.started_well for kept in store.occurrences()] == [None]
        store.keep_all([Record(occurrence=EVENING, what=Started(at=after(5), well=True))])
        store.keep_all([ends()])
        assert [kept.started_well for kept in store.occurrences()] == [True]

    @pytest.mark.parametrize(
        ("since", "until", "left"),
        [(1, 3, None), (4, 30, None), (5, 30, True), (40, 60, True)],
        ids=["within the grace", "over its end", "from its end on", "long after"],
    )
    def test_how_it_started_is_not_known_once_a_part_of_the_grace_is_forgotten(
        self, store: Keeping, since: int, until: int, left: bool | None
    ) -> None:
        said = Record(occurrence=EVENING, what=Started(at=after(5), well=True))
        known = (left, after(5) if left else None)
        store.keep_all([begins(), said])
        store.forget(after(since), now=after(until))
        assert [(kept.started_well, kept.started_at) for kept in store.occurrences()] == [known]
        # The daemon still holds it, and may say it again.
        store.keep_all([said])
        assert [(kept.started_well, kept.started_at) for kept in store.occurrences()] == [known]

    def test_how_it_started_can_be_corrected_and_taken_back(self, store: Keeping) -> None:
        store.keep_all([begins()])
        for well in (False, True, None):
            store.keep_all([Record(occurrence=EVENING, what=Started(at=after(5), well=well))])
            at = None if well is None else after(5)
            assert [(kept.started_well, kept.started_at) for kept in store.occurrences()] == [(well, at)]

    def test_a_title_that_is_no_text_changes_nothing(self, store: Keeping) -> None:
        store.add_partner_time(PLAIN)
        with pytest.raises(UserError, match="no text"):
            store.change_partner_time(replace(PLAIN, number=1, title="\udce4"), {})
        with pytest.raises(UserError, match="no text"):
            store.cancel_occurrence(PLANNED, after(0), replace(PLAIN, title="\udce4"))
        assert (store.partner_times(), store.stopped()) == ([replace(PLAIN, number=1)], {})

    def test_all_or_nothing_is_meant(self, store: Keeping) -> None:
        store.add_partner_time(PLAIN)
        with suppress(ZeroDivisionError), store.all_or_nothing():
            store.remove_partner_time(1)
            store.keep_calendar(OURS)
            store.skip_occurrence(EVENING, after(0))
            _ = 1 / 0
        assert (store.partner_times(), store.calendars(), store.stopped()) == ([replace(PLAIN, number=1)], [], {})
        with store.all_or_nothing():
            store.keep_calendar(OURS)
            store.skip_occurrence(EVENING, after(0))
        assert (len(store.calendars()), len(store.stopped())) == (1, 1)


class CalendarsConformance:
    def test_a_calendar_comes_back_as_it_was(self, store: Keeping) -> None:
        kept = store.keep_calendar(OURS)
        assert (kept, store.calendars()) == (replace(OURS, number=1), [replace(OURS, number=1)])
        changed = replace(kept, etag=None, modified=None, refreshed=None, tried=None, why=None, choice=Choice())
        assert store.keep_calendar(changed) == changed
        assert store.calendars() == [changed]

    def test_the_number_of_one_that_was_removed_is_not_given_again(self, store: Keeping) -> None:
        kept = store.keep_calendar(OURS)
        assert [store.remove_calendar(1), store.remove_calendar(1)] == [True, False]
        with pytest.raises(UserError, match="removed meanwhile"):
            store.keep_calendar(kept)
        assert store.keep_calendar(OURS).number == 2

    def test_there_is_one_proposal_for_each_event(self, store: Keeping) -> None:
        store.keep_calendar(OURS)
        first = store.keep_proposal(Proposal(calendar=1, uid="a", partner_time=DINNER))
        other = store.keep_proposal(Proposal(calendar=1, uid="b", partner_time=PLAIN))
        again = store.keep_proposal(Proposal(calendar=1, uid="a", partner_time=PLAIN, decided="declined"))
        assert (first.number, other.number, again.number) == (1, 2, 1)
        assert store.proposals() == [again, other]
        assert (store.proposals(1), store.proposals(2)) == ([again, other], [])
        assert store.remove_proposal(2)
        assert store.keep_proposal(Proposal(calendar=1, uid="b", partner_time=PLAIN)).number == 3

    def test_what_was_accepted_goes_with_its_proposal_and_that_with_its_calendar(self, store: Keeping) -> None:
        store.keep_calendar(OURS)
        for uid in ("a", "b", "c"):
            accepted = store.add_partner_time(PLAIN)
            store.keep_proposal(
                Proposal(calendar=1, uid=uid, partner_time=PLAIN, decided="accepted", accepted_as=accepted.number)
            )
        assert [store.remove_proposal(1), store.remove_proposal(1)] == [True, False]
        assert [each.number for each in store.partner_times()] == [2, 3]
        store.remove_partner_time(2)
        assert [(each.decided, each.accepted_as) for each in store.proposals()] == [("declined", None), ("accepted", 3)]
        store.remove_calendar(1)
        assert (store.proposals(), store.partner_times()) == ([], [])

    def test_all_of_it_is_forgotten_with_the_plans_alone(self, store: Keeping) -> None:
        store.keep_calendar(OURS)
        store.keep_proposal(Proposal(calendar=1, uid="a", partner_time=PLAIN))
        store.cancel_occurrence(PLANNED, after(0), PLAIN)
        store.forget_all(now=after(100))
        assert (len(store.calendars()), len(store.proposals()), len(store.partner_times())) == (1, 1, 1)
        store.forget_all(now=after(100), plans=True)
        assert (store.calendars(), store.proposals(), store.cancelled(), store.stopped()) == ([], [], [], {})


class TestStoreInMemory(PlansConformance, CalendarsConformance):
    @pytest.fixture
    def store(self, zone: Zone) -> Keeping:
        return Store.in_memory(zone)


class TestStoreOnDisk(PlansConformance, CalendarsConformance):
    @pytest.fixture
    def store(self, tmp_path: Path, zone: Zone) -> Iterator[Keeping]:
        with Store.open(tmp_path / "turntoward.sqlite", zone=zone) as store:
            yield store


def test_an_address_is_in_no_repr() -> None:
    assert "secret" not in repr(OURS)
