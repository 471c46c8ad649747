"""Whether partner time started well, as the daemon stores it: in time, joined late, asleep, killed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from detector.core.observations import Activity, Focused, Gap, Observation, Suspended
from detector.rulebook.loading import load_rules
from tests.integration.test_daemon_reconciler import (
    BEGINS,
    THIS,
    Make,
    evenings,
    minutes,
    path,
)
from tests.property.test_start import starts
from tests.timelines.reading import play

__all__ = ["evenings", "path"]

SECOND = timedelta(seconds=1)
DESKTOP = Focused(at=BEGINS + minutes(1), activity=None)
FEED = Focused(at=BEGINS + minutes(1), activity=Activity(category="social"))


@pytest.mark.parametrize(("in_front", "well"), [(DESKTOP, True), (FEED, False)])
async def test_a_good_start_is_stored_at_the_end_of_the_grace(
    evenings: Make, in_front: Observation, well: bool
) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    await evening.at(BEGINS + minutes(1), in_front)
    assert evening.under_way.deadline is not None
    await evening.at(BEGINS + minutes(5) - SECOND)
    assert evening.kept()[THIS].started_well is None
    await evening.at(BEGINS + minutes(5))
    kept = evening.kept()[THIS]
    assert (kept.started_well, kept.start_checked_at) == (well, BEGINS + minutes(5))


async def test_a_start_that_was_joined_late_is_unknown(evenings: Make) -> None:
    evening = evenings(BEGINS + minutes(2))
    await evening.at(BEGINS + minutes(2))
    await evening.at(BEGINS + minutes(3), Focused(at=BEGINS + minutes(3), activity=None))
    await evening.at(BEGINS + minutes(6))
    assert evening.kept()[THIS].started_well is None


async def test_a_lid_closed_at_once_is_a_good_start(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    await evening.at(BEGINS + minutes(1), DESKTOP)
    await evening.at(BEGINS + minutes(2), Suspended(at=BEGINS + minutes(2)))
    await evening.at(BEGINS + minutes(60), asleep=minutes(58).total_seconds() - 1)
    assert evening.kept()[THIS].started_well is True


async def test_a_restart_after_the_grace_keeps_the_start_known_and_a_replay_agrees(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    await evening.at(BEGINS + minutes(1), DESKTOP)
    await evening.at(BEGINS + minutes(5))
    # Killed, though nothing was observed since before the end of the grace.
    again = evenings(BEGINS + minutes(40))
    await again.at(BEGINS + minutes(40))
    assert again.kept()[THIS].started_well is True
    recorded = list(again.store.history.observations(THIS))
    assert [seen.since for seen in recorded if isinstance(seen, Gap)] == [BEGINS + minutes(5)]
    assert [start.started_well for start in starts(play(recorded, load_rules(None).rules))] == [True]


async def test_a_restart_within_the_grace_makes_the_start_unknown(evenings: Make) -> None:
    evening = evenings(BEGINS)
    await evening.at(BEGINS)
    await evening.at(BEGINS + minutes(1), DESKTOP)
    again = evenings(BEGINS + minutes(2))
    await again.at(BEGINS + minutes(2))
    await again.at(BEGINS + minutes(3), Focused(at=BEGINS + minutes(3), activity=None))
    await again.at(BEGINS + minutes(6))
    assert again.kept()[THIS].started_well is None
