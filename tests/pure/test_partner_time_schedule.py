"""Which occurrence is in force: by example."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from detector.partner_time.model import PartnerTime
from detector.partner_time.occurrences import _block
from detector.partner_time.schedule import OccurrenceOverrides, Plan, Schedule, latest_end

HOUR = timedelta(hours=1)


def at(clock: str, day: int = 23) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def once(number: int, begins: str, ends: str) -> PartnerTime:
    beginning = at(begins)
    return PartnerTime(
        title=f"t{number}",
        begins=beginning.replace(tzinfo=None),
        lasts=at(ends) - beginning,
        zone="UTC",
        number=number,
    )


def said(plan: Plan) -> str:
    parts = [*([plan.current] if plan.current else []), *plan.upcoming]
    words = [f"{part.title} {part.begins:%H:%M}-{part.ends:%H:%M}" for part in parts]
    return ("now " if plan.current else "") + ", ".join(words)


DINNER, WALK, TEA = once(1, "18:00", "20:00"), once(2, "18:30", "21:00"), once(3, "19:00", "19:30")


def test_an_overlapping_second_occurrence_begins_when_the_first_ends() -> None:
    plan = Schedule([TEA, WALK, DINNER]).at(at("17:00"))
    assert (said(plan), plan.boundary) == ("t1 18:00-20:00, t2 20:00-21:00", at("18:00"))
    plan = Schedule([TEA, WALK, DINNER]).at(at("18:45"))
    assert (said(plan), plan.boundary) == ("now t1 18:00-20:00, t2 20:00-21:00", at("20:00"))
    assert plan.upcoming[0].id == "2@20261123T183000Z"
    plan = Schedule([TEA, WALK, DINNER]).at(at("20:00"))
    assert (said(plan), plan.boundary) == ("now t2 20:00-21:00", at("21:00"))


def test_an_occurrence_includes_its_start_and_excludes_its_end() -> None:
    almost = timedelta.resolution
    assert Schedule([DINNER]).at(at("18:00") - almost).current is None
    assert Schedule([DINNER]).at(at("18:00")).current is not None
    assert Schedule([DINNER]).at(at("20:00") - almost).current is not None
    assert Schedule([DINNER]).at(at("20:00")) == Plan(current=None, boundary=None)


def test_with_equal_starts_the_partner_time_declared_first_is_current() -> None:
    assert said(Schedule([once(5, "18:00", "19:00"), once(4, "18:00", "18:30")]).at(at("18:00"))) == (
        "now t4 18:00-18:30, t5 18:30-19:00"
    )


def test_stopping_all_under_way_leaves_nothing_that_begins_at_once() -> None:
    now = at("19:10")
    holding = Schedule([DINNER, WALK, TEA]).under_way(now)
    assert [one.title for one in holding] == ["t1", "t2", "t3"]
    stopped = {one.id: now for one in holding}
    assert Schedule([DINNER, WALK, TEA], OccurrenceOverrides(stopped)).at(now) == Plan(current=None, boundary=None)
    assert said(Schedule([DINNER, WALK, TEA], OccurrenceOverrides(stopped)).at(at("19:00"))) == "now t1 18:00-19:10"


def test_stopping_one_alone_lets_the_next_begin() -> None:
    stopped = {"1@20261123T180000Z": at("18:40")}
    assert said(Schedule([DINNER, WALK], OccurrenceOverrides(stopped)).at(at("18:40"))) == "now t2 18:40-21:00"


def test_a_stop_before_the_start_removes_it_and_one_after_the_end_changes_nothing() -> None:
    assert Schedule([DINNER], OccurrenceOverrides({"1@20261123T180000Z": at("18:00")})).at(at("17:00")).upcoming == ()
    assert (
        said(Schedule([DINNER], OccurrenceOverrides({"1@20261123T180000Z": at("23:00")})).at(at("17:00")))
        == "t1 18:00-20:00"
    )


def test_an_extended_occurrence_ends_later_and_what_overlaps_begins_after_it() -> None:
    extended = {"1@20261123T180000Z": at("20:30")}
    plan = Schedule([DINNER, WALK, TEA], OccurrenceOverrides({}, extended)).at(at("20:10"))
    assert (said(plan), plan.boundary) == ("now t1 18:00-20:30, t2 20:30-21:00", at("20:30"))
    assert (
        said(Schedule([DINNER, WALK], OccurrenceOverrides({}, extended)).at(at("17:00")))
        == "t1 18:00-20:30, t2 20:30-21:00"
    )
    assert [one.ends for one in Schedule([DINNER, WALK], OccurrenceOverrides({}, extended)).under_way(at("20:10"))] == [
        at("20:30"),
        at("21:00"),
    ]


def test_an_extension_can_cover_the_next_occurrence_completely() -> None:
    late = once(4, "20:15", "20:30")
    assert said(
        Schedule([DINNER, late], OccurrenceOverrides({}, {"1@20261123T180000Z": at("20:30")})).at(at("19:00"))
    ) == ("now t1 18:00-20:30")


def test_extending_to_before_the_end_changes_nothing() -> None:
    for ends in ("17:00", "19:00", "20:00"):
        assert said(Schedule([DINNER], OccurrenceOverrides({}, {"1@20261123T180000Z": at(ends)})).at(at("18:30"))) == (
            "now t1 18:00-20:00"
        )


def test_an_extended_occurrence_lasts_at_most_24_h_or_as_planned() -> None:
    extended = {"1@20261123T180000Z": at("18:00", day=26)}
    assert Schedule([DINNER], OccurrenceOverrides({}, extended)).at(at("23:00")).boundary == at("18:00", day=24)
    # In this night the clocks go back: a whole day by the wall lasts 25 hours.
    whole = PartnerTime(title="t1", begins=datetime(2026, 10, 24, 18), lasts=24 * HOUR, zone="Europe/Berlin", number=1)
    (planned,) = Schedule([whole]).under_way(datetime(2026, 10, 24, 17, tzinfo=UTC))
    assert planned.ends - planned.begins == 25 * HOUR
    assert Schedule([whole], OccurrenceOverrides({}, {planned.id: planned.begins + 99 * HOUR})).under_way(
        planned.begins
    ) == (planned,)
    assert latest_end(planned) == planned.ends


def test_a_stop_ends_an_extended_occurrence() -> None:
    extended = {"1@20261123T180000Z": at("21:00")}
    for stopped in ("19:30", "20:30"):
        plan = Schedule([DINNER], OccurrenceOverrides({"1@20261123T180000Z": at(stopped)}, extended)).at(at("18:30"))
        assert said(plan) == f"now t1 18:00-{stopped}"
    assert said(
        Schedule([DINNER], OccurrenceOverrides({"1@20261123T180000Z": at("22:00")}, extended)).at(at("18:30"))
    ) == ("now t1 18:00-21:00")
    assert (
        said(Schedule([DINNER], OccurrenceOverrides({"1@20261123T180000Z": at("17:30")}, extended)).at(at("17:00")))
        == ""
    )


def test_every_occurrence_is_over_after_24_h() -> None:
    longest = PartnerTime(title="t1", begins=datetime(2026, 11, 23), lasts=24 * HOUR, zone="UTC", number=1)
    assert Schedule([longest]).at(at("23:59")).boundary == at("00:00", day=24)
    assert Schedule([longest]).at(at("00:00", day=24)).current is None


def test_without_an_occurrence_within_look_ahead_there_is_no_boundary() -> None:
    assert Schedule([]).at(at("18:00")) == Plan(current=None, boundary=None)
    far = PartnerTime(
        title="t1", begins=datetime(2020, 1, 1), lasts=HOUR, zone="UTC", recurrence="FREQ=YEARLY;BYMONTH=9", number=1
    )
    assert Schedule([far]).at(at("18:00")).boundary is None


def test_the_plan_of_fifty_partner_times_is_computed_from_cached_blocks() -> None:
    many = [
        PartnerTime(
            title=f"t{number}",
            begins=datetime(2016, 11, 23, number % 24, 30),
            lasts=HOUR / 3,
            zone="Europe/Berlin",
            recurrence="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
            number=number,
        )
        for number in range(1, 51)
    ]
    assert len(Schedule(many).at(at("12:00")).upcoming) > 500
    computed = _block.cache_info().misses
    for minutes in range(600):
        Schedule(many[:5]).at(at("12:00") + minutes * HOUR / 60)
    # Ten hours on, one more block of 32 days may have come into sight of each of the five.
    assert _block.cache_info().misses <= computed + 5
