"""What is usual: percentiles of evenings, and the greatest values of made-up ones against looking everywhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.core.attention.attention import Attention
from detector.core.attention.baselines import MIN_SESSIONS, maxima, measure_baselines, percentile
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import (
    Activity,
    Focused,
    Gap,
    InputCounted,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    PartnerTimeExtended,
    Paused,
    Resumed,
    WentIdle,
)
from rules.model import FeatureKey, Filter, Value
from tests.property.evenings import BEGAN, ENDS, evenings
from tests.rig.examples import examples
from tests.timelines.reading import shift

TEN = timedelta(minutes=10)
GLANCES, DWELL = FeatureKey("glances", TEN), FeatureKey("dwell")
USUAL = FeatureKey("usual", TEN, steps=(frozenset({"glances"}),), part=75)
MEASURED = (
    GLANCES,
    DWELL,
    FeatureKey("time", timedelta(minutes=2), "social", "all"),
    FeatureKey("uses", TEN, "messaging"),
    FeatureKey("scrolls", timedelta(seconds=30)),
    FeatureKey("switch_rate", TEN),
    FeatureKey("since_input"),
    FeatureKey("time", TEN, which=Filter(None, timedelta(seconds=40), timedelta(seconds=5))),
    FeatureKey("uses", TEN, None, "phone", Filter(frozenset({"social"}), longer=timedelta(seconds=20))),
)

REACHED = (DWELL, MEASURED[4], FeatureKey("since_input"))


def heard(evening: list[Observation]) -> list[Observation]:
    """What would have been recorded: nothing in a pause."""
    kept, paused = list[Observation](), False
    for seen in evening:
        paused = (paused or isinstance(seen, Paused)) and not isinstance(seen, Resumed)
        if not paused or isinstance(seen, Paused | PartnerTimeEnded):
            kept.append(seen)
    return kept


@settings(max_examples=examples(100))
@given(evening=evenings(), parts=st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_no_measured_value_exceeds_the_maximum(evening: list[Observation], parts: list[float]) -> None:
    recorded = heard(evening)
    found = maxima(recorded, MEASURED, AttentionSettings())
    attention = Attention(MEASURED, BEGAN, recorded[0].ends, AttentionSettings())  # type: ignore[attr-defined]
    most: dict[FeatureKey, Value] = {}
    for seen, following in pairwise(recorded[1:]):
        if isinstance(seen, PartnerTimeExtended):
            attention.extend(seen.ends)
        attention.observe(seen)
        until = following.since if isinstance(following, Gap | WentIdle) else following.at
        for at in [seen.at, *(seen.at + (until - seen.at) * part for part in sorted([*parts, 1.0]) if until > seen.at)]:
            for device in attention.devices:
                for key in MEASURED:
                    value = attention.view(device.name, at).get(key)
                    if value is not None:
                        assert value <= found[key], key  # type: ignore[operator]
                        most[key] = max(value, most.get(key, value))  # type: ignore[type-var]
    # And it is reached: what only grows between observations is greatest at the end of it.
    assert [found.get(key) for key in REACHED] == [most.get(key) for key in REACHED]


def evening_of(glances: int, day: int) -> list[Observation]:
    """An evening with so many looks at messages within ten minutes."""
    told: list[Observation] = [PartnerTimeBegan(at=BEGAN, occurrence="1", title="Dinner", ends=ENDS)]
    told.append(Focused(at=BEGAN, activity=Activity(category="other")))
    for number in range(glances):
        at = BEGAN + timedelta(seconds=30 * number + 60)
        told.append(Focused(at=at, activity=Activity(category="messaging")))
        told.append(Focused(at=at + timedelta(seconds=10), activity=Activity(category="other")))
    return shift([*told, PartnerTimeEnded(at=ENDS)], timedelta(days=day))


def test_what_is_usual_is_a_percentile_of_the_evenings_greatest_values() -> None:
    evenings_of = [evening_of(glances, day) for day, glances in enumerate([3, 1, 2, 8, 5, 4, 6, 7])]
    assert measure_baselines(evenings_of, [USUAL]) == {USUAL: 6}
    assert measure_baselines(evenings_of, [replace_part(part) for part in (50, 90, 1, 99)]) == {
        replace_part(50): 4,
        replace_part(90): 8,
        replace_part(1): 1,
        replace_part(99): 8,
    }
    assert measure_baselines(evenings_of, [GLANCES]) == {}


def replace_part(part: int) -> FeatureKey:
    return USUAL._replace(part=part)


def test_below_seven_evenings_nothing_is_usual_and_an_evening_without_a_sensor_is_none() -> None:
    known = [evening_of(2, day) for day in range(MIN_SESSIONS - 1)]
    blind = [[seen for seen in evening_of(2, 20) if not isinstance(seen, Focused)]]
    assert measure_baselines([*known, *blind], [USUAL]) == {}
    assert measure_baselines([*known, *blind, evening_of(0, 21)], [USUAL]) == {USUAL: 2}
    done: list[int] = []
    measure_baselines(known, [USUAL], done=lambda: done.append(1))
    assert len(done) == len(known)


def test_an_untouched_film_counts_up_to_the_last_input_and_a_gap_up_to_what_is_known() -> None:
    told: list[Observation] = [PartnerTimeBegan(at=BEGAN, occurrence="1", title="Dinner", ends=ENDS)]
    told.append(Focused(at=BEGAN, activity=Activity(category="social")))
    told.append(InputCounted(at=BEGAN + timedelta(seconds=20), clicks=1))
    idle = WentIdle(at=BEGAN + timedelta(seconds=90), since=BEGAN + timedelta(seconds=60))
    assert maxima([*told, idle, PartnerTimeEnded(at=ENDS)], [DWELL], AttentionSettings()) == {
        DWELL: timedelta(seconds=60)
    }
    gap = Gap(at=ENDS, since=BEGAN + timedelta(seconds=50), reason="suspend")  # type: ignore[arg-type]
    assert maxima([*told, gap], [DWELL], AttentionSettings()) == {DWELL: timedelta(seconds=50)}
    assert maxima([*told, replace(gap, since=ENDS)], [DWELL], AttentionSettings()) == {DWELL: ENDS - BEGAN}


@pytest.mark.parametrize(("part", "value"), [(1, 10), (25, 10), (26, 20), (50, 20), (75, 30), (76, 40), (99, 40)])
def test_a_percentile_is_one_of_the_values(part: int, value: int) -> None:
    assert percentile([10, 20, 30, 40], part) == value
