from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from detector.core.attention.time_split import TimeTotals, difference, merged, split_time
from detector.core.effects import Coverage, Use
from detector.core.observations import Activity

BEGAN = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
ENDS = BEGAN + timedelta(minutes=60)


def at(minute: float) -> datetime:
    return BEGAN + timedelta(minutes=minute)


def used(
    began: float, ended: float | None, *, category: str = "social", device: str = "laptop", trusted: bool = True
) -> Use:
    return Use(
        number=1,
        device=device,
        activity=Activity(category=category),
        began=at(began),
        ended=None if ended is None else at(ended),
        trusted=trusted,
    )


def covered(began: float, ended: float, device: str = "laptop") -> Coverage:
    return Coverage(number=1, device=device, began=at(began), ended=at(ended))


def minutes(presence: float, distraction: float, unknown: float) -> TimeTotals:
    return TimeTotals(
        presence=timedelta(minutes=presence),
        distraction=timedelta(minutes=distraction),
        unknown=timedelta(minutes=unknown),
    )


@pytest.mark.parametrize(
    ("uses", "coverage", "expected"),
    [
        pytest.param([], [], minutes(0, 0, 60), id="nothing is known, so nothing is presence"),
        pytest.param([], [covered(0, 60)], minutes(60, 0, 0), id="nothing happened, and it is known"),
        pytest.param([used(10, 20)], [covered(0, 60)], minutes(50, 10, 0), id="a use is distraction"),
        pytest.param([used(10, 20, category="reading")], [covered(0, 60)], minutes(60, 0, 0), id="reading is not"),
        pytest.param([used(10, 20, category="together")], [covered(0, 60)], minutes(60, 0, 0), id="nor for both"),
        pytest.param(
            [used(10, 20), used(15, 25, device="phone")],
            [covered(0, 60)],
            minutes(45, 15, 0),
            id="uses that overlap on two devices count once",
        ),
        pytest.param(
            [used(10, 20, category="unknown")], [covered(0, 60)], minutes(50, 0, 10), id="nor is a page known"
        ),
        pytest.param(
            [used(10, 20, category="unknown"), used(15, 30, device="phone")],
            [covered(0, 60), covered(0, 60, "phone")],
            minutes(40, 15, 5),
            id="another device distracts while a page is not known",
        ),
        pytest.param(
            [], [covered(0, 40), covered(20, 50, "phone")], minutes(50, 0, 10), id="one device that speaks is enough"
        ),
        pytest.param([used(-10, 5)], [covered(0, 60)], minutes(55, 5, 0), id="a use from before is cut"),
        pytest.param([used(55, 90)], [covered(0, 60)], minutes(55, 5, 0), id="a use that goes on after is cut"),
        pytest.param([used(10, None)], [covered(0, 30)], minutes(10, 20, 30), id="an open use counts while known"),
        pytest.param(
            [used(10, 50, trusted=False)],
            [covered(0, 30)],
            minutes(10, 20, 30),
            id="a use with a bounded end counts while its device spoke",
        ),
        pytest.param(
            [used(10, 50, trusted=False)],
            [covered(0, 30), covered(0, 60, "phone")],
            minutes(40, 20, 0),
            id="another device's coverage does not lengthen it",
        ),
        pytest.param([used(10, 50)], [covered(0, 30)], minutes(10, 40, 10), id="a use with a known end is known"),
        pytest.param([used(10, 10)], [covered(5, 5)], minutes(0, 0, 60), id="what lasts no time counts as none"),
    ],
)
def test_an_occurrence_divides_into_presence_distraction_and_the_unknown(
    uses: list[Use], coverage: list[Coverage], expected: TimeTotals
) -> None:
    assert split_time(uses, coverage, BEGAN, ENDS).totals == expected
    assert expected.lasted == timedelta(minutes=60)


def test_an_occurrence_that_ends_before_it_begins_lasts_no_time() -> None:
    assert split_time([used(0, 5)], [covered(0, 5)], ENDS, BEGAN).totals == TimeTotals()


def test_shares_add_up() -> None:
    assert minutes(1, 2, 3) + minutes(10, 20, 30) == minutes(11, 22, 33)


def test_presence_is_interrupted_by_distraction_and_by_the_unknown() -> None:
    divided = split_time([used(10, 20)], [covered(0, 30), covered(40, 60)], BEGAN, ENDS)
    assert divided.present == ((at(0), at(10)), (at(20), at(30)), (at(40), at(60)))
    assert divided.distracted == ((at(10), at(20)),)


def test_stretches_that_touch_become_one() -> None:
    assert merged([(at(5), at(9)), (at(0), at(5)), (at(6), at(7))]) == [(at(0), at(9))]


def test_what_is_taken_out_may_reach_over_several_stretches() -> None:
    assert difference([(at(0), at(5)), (at(6), at(9))], [(at(4), at(7)), (at(8), at(20))]) == [
        (at(0), at(4)),
        (at(7), at(8)),
    ]
