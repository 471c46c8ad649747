"""What every store promises, kept by the one on disk and by the one in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils  # noqa: F401 - imported here, so that opening a file needs no child

from detector.core.effects import Moment, Use
from detector.core.observations import (
    KINDS,
    Activity,
    Answered,
    Focused,
    Gap,
    GapReason,
    InputCounted,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    SensorStarted,
    Shown,
    WentIdle,
)
from detector.errors import StoreError, UserError
from detector.partner_time.model import PartnerTime
from detector.store.store import Store
from tests.rig.stored_records import BEGAN, EVENING, after_minutes, begins, covered, ends, moment, seen, use

OTHER = "2@20261124T183000Z"
DAY = 24 * 60
DINNER = PartnerTime(
    title="Dinner with Kim",
    begins=datetime(2026, 11, 23, 18, 30),
    lasts=timedelta(minutes=90),
    zone="Europe/Berlin",
    recurrence="FREQ=WEEKLY;BYDAY=MO,WE",
)


def social(at: float) -> Focused:
    return Focused(at=after_minutes(at), activity=Activity(category="social"))


def scrolled(at: float) -> InputCounted:
    return InputCounted(at=after_minutes(at), scrolls=7)


class StoreConformance:
    """Promises of `detector.store.model.Store`; a store's own test class gives the fixture `store`."""

    def test_observations_are_read_whole_and_in_the_order_of_saving(self, store: Store) -> None:
        observed: list[Observation] = [
            SensorStarted(at=after_minutes(0), sense="focus", sensor="x11_focus"),
            Focused(at=after_minutes(1), activity=Activity(category="social", name="Instagram"), full_screen=True),
            Focused(at=after_minutes(1), activity=None),
            InputCounted(at=after_minutes(1), scrolls=3, keys=2, clicks=1),
            WentIdle(at=after_minutes(3), since=after_minutes(2)),
            Gap(at=after_minutes(4), since=after_minutes(3), reason=GapReason.SUSPEND, sense="idle", device="phone"),
            Shown(at=after_minutes(5), nudge=1, by="freedesktop"),
            Answered(at=after_minutes(6), nudge=1, answer="put_away"),
        ]
        store.history.save([begins(), *(seen(observation) for observation in observed)])
        store.history.save([ends()])
        first, *between, last = store.history.observations(EVENING)
        assert first == begins().item
        assert between == observed
        assert last == ends().item

    def test_every_kind_of_observation_can_be_saved(self, store: Store) -> None:
        wanted: dict[str, Any] = {
            "occurrence": EVENING,
            "title": "x",
            "ends": after_minutes(90),
            "sense": "idle",
            "sensor": "x",
            "since": after_minutes(0),
            "reason": GapReason.RESTART,
            "activity": None,
            "nudge": 3,
            "by": "dunst",
            "answer": "needed",
            "digest": "5f3a",
        }
        observed = [
            kind(
                at=after_minutes(number),
                **{
                    name: "ended" if (kind, name) == (PartnerTimeEnded, "reason") else value
                    for name, value in wanted.items()
                    if name in kind.__dataclass_fields__
                },
            )
            for number, kind in enumerate(KINDS.values())
        ]
        store.history.save([begins(), *(seen(observation) for observation in observed)])
        assert list(store.history.observations(EVENING))[1:] == observed

    def test_instants_keep_their_microseconds(self, store: Store) -> None:
        odd = after_minutes(1) + timedelta(microseconds=1)
        store.history.save([begins(), seen(replace(scrolled(1), at=odd))])
        assert [observation.at for observation in store.history.observations(EVENING)][1] == odd

    def test_an_occurrence_is_unfinished_until_its_end_is_saved(self, store: Store) -> None:
        store.history.save([begins()])
        (kept,) = store.history.unfinished()
        assert (kept.id, kept.title, kept.began, kept.ends) == (EVENING, "Dinner", BEGAN, after_minutes(90))
        assert (kept.ended, kept.end_reason) == (None, None)
        store.history.save([ends(at=40, reason="stopped")])
        assert store.history.unfinished() == []
        (kept,) = store.history.occurrences()
        assert (kept.ended, kept.end_reason) == (after_minutes(40), "stopped")

    def test_an_occurrence_that_begins_again_keeps_its_beginning_and_is_under_way(self, store: Store) -> None:
        store.history.save([begins(), ends(at=10)])
        store.history.save([begins(at=20, lasts=100)])
        (kept,) = store.history.unfinished()
        assert (kept.began, kept.ends, kept.ended, kept.end_reason) == (BEGAN, after_minutes(120), None, None)

    def test_the_last_use_coverage_and_moment_of_a_number_win(self, store: Store) -> None:
        store.history.save([begins(), use(1, 5, None), covered(1, 0, 5), moment(1, 6, None, outcome=None)])
        store.history.save([use(1, 5, 9, trusted=False), use(2, 9, None), covered(1, 0, 9), moment(1, 6, 9)])
        assert [kept.use for kept in store.history.uses()] == [use(1, 5, 9, trusted=False).item, use(2, 9, None).item]
        assert [kept.coverage for kept in store.history.coverage()] == [covered(1, 0, 9).item]
        assert store.history.moments() == [moment(1, 6, 9).item]

    def test_a_moment_is_read_with_all_its_evidence_and_its_types(self, store: Store) -> None:
        bare = moment(
            2,
            8,
            None,
            use=None,
            category=None,
            decided="held",
            reason=None,
            evidence=(),
            shown_by=None,
            answer=None,
            answered_at=None,
            outcome=None,
        )
        store.history.save([begins(), moment(1, 6, 7, name="Instagram"), bare])
        first, second = store.history.moments()
        assert first == moment(1, 6, 7, name="Instagram").item
        assert [type(value) for _, value in first.evidence][:5] == [timedelta, int, float, str, bool]
        assert second == bare.item

    def test_numbers_are_each_occurrence_s_own(self, store: Store) -> None:
        store.history.save(
            [begins(), use(1, 5, 6), ends(), begins(OTHER, at=DAY), use(1, DAY + 5, None, occurrence=OTHER)]
        )
        assert [(kept.occurrence, kept.use.number) for kept in store.history.uses()] == [(EVENING, 1), (OTHER, 1)]
        assert len(list(store.history.observations(OTHER))) == 1

    def test_all_of_the_records_are_saved_or_none(self, store: Store) -> None:
        store.history.save([begins()])
        with pytest.raises(StoreError, match="never began"):
            store.history.save([seen(social(1)), use(1, 1, None), seen(social(2), occurrence="9@nowhere")])
        assert len(list(store.history.observations(EVENING))) == 1
        assert store.history.uses() == []

    def test_saving_no_records_changes_nothing(self, store: Store) -> None:
        store.history.save([])
        assert store.history.occurrences() == []
        assert store.history.unfinished() == []
        assert list(store.history.observations("nobody")) == []
        assert store.history.last_moment() is None

    def test_since_and_until_choose_the_occurrences_that_began_between(self, store: Store) -> None:
        for day, occurrence in enumerate(("1@a", "1@b", "1@c")):
            at = day * DAY
            store.history.save(
                [
                    begins(occurrence, at=at),
                    use(1, at + 1, at + 2, occurrence=occurrence),
                    covered(1, at, at + 9, occurrence=occurrence),
                    moment(1, at + 1, at + 2, occurrence=occurrence),
                    ends(occurrence, at=at + 90),
                ]
            )
        since, until = after_minutes(DAY), after_minutes(2 * DAY)
        assert [kept.id for kept in store.history.occurrences(since, until)] == ["1@b"]
        assert [kept.occurrence for kept in store.history.uses(since, until)] == ["1@b"]
        assert [kept.occurrence for kept in store.history.coverage(since, until)] == ["1@b"]
        assert [kept.occurrence for kept in store.history.moments(since, until)] == ["1@b"]
        assert [kept.id for kept in store.history.occurrences(since)] == ["1@b", "1@c"]
        assert [kept.id for kept in store.history.occurrences(None, until)] == ["1@a", "1@b"]

    def test_the_last_moment_is_the_one_decided_last(self, store: Store) -> None:
        store.history.save([begins(), moment(1, 5, 6, decided_at=after_minutes(20)), moment(2, 8, 9)])
        last = store.history.last_moment()
        assert last is not None
        assert last.number == 1

    def test_partner_times_are_numbered_and_read_whole(self, store: Store) -> None:
        once = replace(DINNER, title="Spaziergang 🌧", recurrence=None, zone="UTC")
        assert store.plans.add(DINNER) == replace(DINNER, number=1)
        assert store.plans.add(once) == replace(once, number=2)
        assert store.plans.partner_times() == [replace(DINNER, number=1), replace(once, number=2)]

    def test_a_number_is_never_given_twice(self, store: Store) -> None:
        store.plans.add(DINNER)
        assert store.plans.remove(1)
        assert not store.plans.remove(1)
        assert store.plans.add(DINNER).number == 2
        assert [kept.number for kept in store.plans.partner_times()] == [2]

    def test_a_title_that_is_not_text_is_an_error(self, store: Store) -> None:
        with pytest.raises(UserError, match="no text"):
            store.plans.add(replace(DINNER, title="caf\udce9"))
        assert store.plans.partner_times() == []
        assert store.plans.add(DINNER).number == 1

    def test_the_first_stop_of_an_occurrence_counts(self, store: Store) -> None:
        store.plans.stop(EVENING, after_minutes(30))
        store.plans.stop(EVENING, after_minutes(40))
        assert store.plans.ended_early() == {EVENING: after_minutes(30)}

    def test_removing_a_partner_time_takes_its_stops_with_it_and_no_others(self, store: Store) -> None:
        store.plans.add(DINNER)
        store.plans.stop("1@x", after_minutes(30))
        store.plans.stop("11@x", after_minutes(30))
        store.plans.remove(1)
        assert store.plans.ended_early() == {"11@x": after_minutes(30)}

    def test_a_pause_is_stored_until_it_is_taken_back(self, store: Store) -> None:
        assert store.plans.paused_until() is None
        store.plans.pause_until(after_minutes(30))
        store.plans.pause_until(after_minutes(45))
        assert store.plans.paused_until() == after_minutes(45)
        store.plans.pause_until(None)
        assert store.plans.paused_until() is None

    def test_small_values_are_stored_by_name(self, store: Store) -> None:
        store.state.set("quiet_before", {"on": True, "since": 5})
        assert store.state.get("quiet_before") == {"on": True, "since": 5}
        store.state.set("quiet_before", None)
        assert store.state.get("quiet_before") is None

    def test_pruning_deletes_whole_occurrences_that_were_over_before(self, store: Store) -> None:
        store.history.save([begins(), seen(social(1)), use(1, 1, 2), moment(1, 1, 2), covered(1, 0, 9), ends()])
        store.history.save([begins("1@lost", at=100, lasts=10)])  # never ended, but planned to
        store.history.save([begins(OTHER, at=DAY), use(1, DAY + 1, None, occurrence=OTHER)])
        store.plans.stop(EVENING, after_minutes(80))
        assert store.prune(after_minutes(90)) == 0
        assert store.prune(after_minutes(DAY)) == 2
        assert [kept.id for kept in store.history.occurrences()] == [OTHER]
        assert [kept.occurrence for kept in store.history.uses()] == [OTHER]
        assert store.history.moments() == []
        assert list(store.history.observations(EVENING)) == []
        store.prune(after_minutes(3 * DAY))
        assert store.plans.ended_early() == {}


class ForgettingConformance:
    """Promises about forgetting."""

    def test_forgetting_during_partner_time_cuts_uses_drops_moments_and_leaves_a_gap(self, store: Store) -> None:
        store.history.save(
            [
                begins(),
                seen(social(5)),
                use(1, 5, 8),
                moment(1, 6, 8),
                use(2, 10, None),
                covered(1, 0, 20),
                moment(2, 14, None),
                seen(social(20)),
                use(3, 20, 22),
                moment(3, 21, 22),
                seen(scrolled(29)),
            ]
        )
        forgotten = store.forget(after_minutes(15), now=after_minutes(30))
        assert (forgotten.observations, forgotten.uses, forgotten.moments, forgotten.coverage) == (2, 2, 2, 1)
        assert forgotten.occurrences == 0
        assert [kept.use for kept in store.history.uses()] == [use(1, 5, 8).item, use(2, 10, 15, trusted=False).item]
        assert [kept.coverage for kept in store.history.coverage()] == [covered(1, 0, 15).item]
        assert store.history.moments() == [moment(1, 6, 8).item]
        gap = Gap(at=after_minutes(30), since=after_minutes(15), reason=GapReason.RESTART)
        assert list(store.history.observations(EVENING)) == [begins().item, social(5), gap]
        assert [kept.id for kept in store.history.unfinished()] == [EVENING]

    def test_an_occurrence_under_way_whose_beginning_is_forgotten_begins_again(self, store: Store) -> None:
        store.history.save([begins(), seen(social(5)), use(1, 5, None)])
        store.forget(after_minutes(-10), now=after_minutes(6))
        (kept,) = store.history.unfinished()
        assert (kept.began, kept.ends) == (after_minutes(6), after_minutes(90))
        again = PartnerTimeBegan(at=after_minutes(6), occurrence=EVENING, title="Dinner", ends=after_minutes(90))
        assert list(store.history.observations(EVENING)) == [again]
        assert store.history.uses() == []

    def test_an_occurrence_wholly_in_the_forgotten_interval_is_deleted(self, store: Store) -> None:
        store.history.save([begins(), use(1, 5, 6), ends()])
        assert store.forget(after_minutes(0), now=after_minutes(95)).occurrences == 1
        assert store.history.occurrences() == []
        assert list(store.history.observations(EVENING)) == []

    def test_an_occurrence_that_ended_in_the_forgotten_interval_ends_where_that_begins(self, store: Store) -> None:
        store.history.save([begins(), seen(social(5)), use(1, 5, 85), ends(at=85, reason="stopped")])
        store.forget(after_minutes(80), now=after_minutes(95))
        (kept,) = store.history.occurrences()
        assert (kept.began, kept.ended, kept.end_reason) == (BEGAN, after_minutes(80), "ended")
        assert list(store.history.observations(EVENING))[-1] == PartnerTimeEnded(at=after_minutes(80))
        assert [kept.use for kept in store.history.uses()] == [use(1, 5, 80, trusted=False).item]

    def test_forgetting_leaves_what_is_older_unchanged(self, store: Store) -> None:
        store.history.save([begins(), seen(social(5)), use(1, 5, None), moment(1, 6, None), ends()])
        before = (
            store.history.occurrences(),
            store.history.uses(),
            store.history.moments(),
            list(store.history.observations(EVENING)),
        )
        assert not any(
            getattr(store.forget(after_minutes(91), now=after_minutes(95)), part)
            for part in ("observations", "uses", "moments")
        )
        assert (
            store.history.occurrences(),
            store.history.uses(),
            store.history.moments(),
            list(store.history.observations(EVENING)),
        ) == before

    def test_forgotten_records_that_the_daemon_saves_later_are_left_out(self, store: Store) -> None:
        store.history.save([begins(), use(1, 5, None), use(2, 16, None), moment(1, 20, None)])
        store.forget(after_minutes(15), now=after_minutes(30))
        store.history.save(
            [
                seen(scrolled(29)),
                seen(scrolled(30)),
                use(1, 5, 40),
                use(2, 16, 35),
                use(3, 20, 25),
                moment(1, 20, 40),
                covered(1, 0, 40),
                covered(2, 16, 40),
                moment(2, 31, 40),
            ]
        )
        assert [kept.use for kept in store.history.uses()] == [use(1, 5, 15, trusted=False).item, use(2, 30, 35).item]
        assert [kept.coverage for kept in store.history.coverage()] == [covered(1, 0, 15).item, covered(2, 30, 40).item]
        assert [kept.number for kept in store.history.moments()] == [2]
        assert [observation.at for observation in store.history.observations(EVENING)] == [
            BEGAN,
            after_minutes(30),
            after_minutes(30),
        ]

    def test_several_forgotten_intervals_each_stay_forgotten(self, store: Store) -> None:
        store.history.save([begins()])
        store.forget(after_minutes(5), now=after_minutes(6))
        store.forget(after_minutes(15), now=after_minutes(16))
        store.history.save([seen(scrolled(5.5)), seen(scrolled(10)), seen(scrolled(15.5)), seen(scrolled(17))])
        kept = [
            observation for observation in store.history.observations(EVENING) if isinstance(observation, InputCounted)
        ]
        assert kept == [scrolled(10), scrolled(17)]

    def test_forgotten_intervals_do_not_affect_the_next_occurrence(self, store: Store) -> None:
        store.history.save([begins(), use(1, 5, None)])
        store.forget(after_minutes(0), now=after_minutes(30))
        store.history.save([ends(at=40), begins(OTHER, at=50)])
        store.history.save([seen(scrolled(10), occurrence=OTHER)])
        assert scrolled(10) in list(store.history.observations(OTHER))

    def test_an_occurrence_that_begins_after_forgetting_is_saved_though_it_was_planned_before(
        self, store: Store
    ) -> None:
        store.history.save([begins(), seen(social(1)), ends(at=5)])
        store.forget_all(now=after_minutes(10), plans=True)
        late = Gap(at=after_minutes(12), since=after_minutes(8), reason=GapReason.RESTART)
        store.history.save([begins(OTHER, at=8), seen(late, OTHER), seen(social(13), OTHER)])
        (kept,) = store.history.occurrences()
        assert (kept.id, kept.began, kept.ended) == (OTHER, after_minutes(10), None)
        assert [type(found).__name__ for found in store.history.observations(OTHER)] == [
            "PartnerTimeBegan",
            "Gap",
            "Focused",
        ]

    def test_late_records_of_a_forgotten_occurrence_are_left_out(self, store: Store) -> None:
        store.history.save([begins(), moment(1, 85, None), ends()])
        store.forget(after_minutes(0), now=after_minutes(95))
        store.history.save([moment(1, 85, 96)])
        assert store.history.moments() == []
        assert store.history.occurrences() == []

    def test_forgetting_all_leaves_the_plans(self, store: Store) -> None:
        store.plans.add(DINNER)
        store.history.save([begins("0@old", at=-DAY), ends("0@old", at=-DAY + 90), begins(), use(1, 5, None)])
        forgotten = store.forget_all(now=after_minutes(30))
        assert (forgotten.occurrences, forgotten.uses, forgotten.partner_times) == (1, 1, 0)
        assert store.history.uses() == []
        assert [kept.began for kept in store.history.occurrences()] == [after_minutes(30)]
        assert len(store.plans.partner_times()) == 1

    def test_forgetting_all_with_plans_leaves_nothing(self, store: Store) -> None:
        store.plans.add(DINNER)
        store.plans.stop("1@x", after_minutes(5))
        store.plans.pause_until(after_minutes(60))
        store.state.set("quiet_before", value=True)
        store.history.save([begins(), use(1, 5, None), moment(1, 6, None), covered(1, 0, 9)])
        forgotten = store.forget_all(now=after_minutes(30), plans=True)
        assert (forgotten.occurrences, forgotten.partner_times) == (1, 1)
        store.history.save([use(1, 5, 31), ends(at=31)])  # the daemon learns of it a moment later
        assert store.plans.partner_times() == []
        assert store.plans.ended_early() == {}
        assert store.plans.paused_until() is None
        assert store.state.get("quiet_before") is None
        assert store.history.occurrences() == []
        assert store.history.uses() == []
        assert store.history.coverage() == []
        assert store.history.moments() == []


class TestStoreInMemory(StoreConformance, ForgettingConformance):
    @pytest.fixture
    def store(self) -> Store:
        return Store.in_memory()


class TestStoreOnDisk(StoreConformance, ForgettingConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with Store.open(tmp_path / "turntoward.sqlite") as store:
            yield store

    def test_everything_is_stored_after_closing_and_opening(self, tmp_path: Path) -> None:
        path = tmp_path / "kept.sqlite"
        with Store.open(path) as store:
            store.plans.add(DINNER)
            store.plans.pause_until(after_minutes(60))
            store.history.save([begins(), seen(social(5)), use(1, 5, None), covered(1, 0, 9), moment(1, 6, None)])
        with Store.open(path, read_only=True) as store:
            assert list(store.history.observations(EVENING)) == [begins().item, social(5)]
            assert isinstance(store.history.uses()[0].use, Use)
            assert isinstance(store.history.last_moment(), Moment)
            assert store.plans.partner_times() == [replace(DINNER, number=1)]
            assert store.plans.paused_until() == after_minutes(60).astimezone(UTC)

    def test_more_observations_than_one_read_takes_come_in_order(self, tmp_path: Path) -> None:
        with Store.open(tmp_path / "kept.sqlite") as store:
            observed = [scrolled(number / 60) for number in range(2500)]
            store.history.save([begins(), *(seen(observation) for observation in observed)])
            assert list(store.history.observations(EVENING))[1:] == observed
