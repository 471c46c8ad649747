"""How partner time started: what is said at the end of the grace agrees with the uses that are kept, whatever happens."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from detector.core.effects import Effect, NotifyEnd, Outcome, Record, StartResult, Use
from detector.core.observations import Answered, Gap, Observation, PartnerTimeEnded, Paused, Suspended
from rules.features import DISTRACTING
from rules.policy import PolicySettings
from tests.property.evenings import BEGAN, evenings
from tests.property.test_core_laws import RULES, many, moments
from tests.timelines.reading import play, shift

# So that the grace ends in the middle of something.
policies = st.one_of(
    st.just(PolicySettings()), st.integers(1, 300).map(lambda number: PolicySettings(grace=timedelta(seconds=number)))
)
# Some of what the generator must reach is rare: it looks for half a minute, and longer where the machine is slow.
pytestmark = pytest.mark.timeout(600)
generated = settings(max_examples=20_000, database=None, phases=[Phase.generate])


def starts(effects: list[Effect]) -> list[StartResult]:
    return [effect.item for effect in effects if isinstance(effect, Record) and isinstance(effect.item, StartResult)]


def under_way(effects: list[Effect], at: datetime) -> list[Use]:
    """Return the distracting uses under way just before the instant, as they are kept at last."""
    kept = {
        effect.item.number: effect.item
        for effect in effects
        if isinstance(effect, Record) and isinstance(effect.item, Use)
    }
    return [
        use
        for use in kept.values()
        if use.activity.category in DISTRACTING and use.began <= at and use.ended is not None and use.ended >= at
    ]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "said", [[True], [False], [False, True], [False, None]], ids=["well", "not well", "corrected", "taken back"]
)
def test_the_generator_reaches_every_start(said: list[bool | None]) -> None:
    find(
        st.tuples(evenings(), policies),
        lambda made: [start.started_well for start in starts(play(made[0], RULES, policy=made[1]))] == said,
        settings=generated,
    )


@pytest.mark.thorough
def test_the_generator_reaches_a_device_that_slept_through_the_end_of_the_grace() -> None:
    def slept(made: tuple[list[Observation], PolicySettings]) -> bool:
        said = starts(play(made[0], RULES, policy=made[1]))
        gaps = [seen for seen in made[0] if isinstance(seen, Gap) and seen.sense is None]
        return any(start.started_well and any(gap.since < start.at <= gap.at for gap in gaps) for start in said)

    find(st.tuples(evenings(), policies), slept, settings=generated)


@many
@given(evening=evenings(), policy=policies)
def test_it_is_said_at_the_end_of_the_grace_and_corrected_at_most_once(
    evening: list[Observation], policy: PolicySettings
) -> None:
    said = starts(play(evening, RULES, policy=policy))
    assert {start.at for start in said} <= {BEGAN + policy.grace}
    assert [start.started_well for start in said] in ([], [True], [False], [False, True], [False, None])


@many
@given(evening=evenings(), policy=policies)
def test_not_well_means_a_use_that_is_kept_and_well_that_there_is_none(
    evening: list[Observation], policy: PolicySettings
) -> None:
    effects = play(evening, RULES, policy=policy)
    said, at = starts(effects), BEGAN + policy.grace
    if not said or said[-1].started_well is None:
        return
    found = under_way(effects, at)
    if not said[-1].started_well:
        assert found
        return
    excused = any(moment.outcome in {Outcome.TOGETHER, Outcome.NEEDED} for moment in moments(effects))
    needed = any(isinstance(seen, Answered) for seen in evening)
    # What was taken up within a blink of that instant, or at it, was not in the way.
    taken_up = [use for use in found if at - use.began >= timedelta(seconds=2)]
    assert not taken_up or excused or needed


@many
@given(evening=evenings(), policy=policies)
def test_nothing_is_said_of_a_grace_in_which_nobody_listened(
    evening: list[Observation], policy: PolicySettings
) -> None:
    over = BEGAN + policy.grace
    asleep = any(isinstance(seen, Suspended) for seen in evening)
    away = [seen for seen in evening if isinstance(seen, Gap) and seen.sense is None and seen.since < over]
    paused = [seen for seen in evening if isinstance(seen, Paused) and seen.at < over]
    said = starts(play(evening, RULES, policy=policy))
    if paused and not away:
        assert not said
    if away and not asleep:
        assert not said


@many
@given(evening=evenings(), policy=policies, by=st.timedeltas(timedelta(days=-900), timedelta(days=900)))
def test_law_6_shifting_all_instants_shifts_the_start_and_the_end_notification(
    evening: list[Observation], policy: PolicySettings, by: timedelta
) -> None:
    def said(effects: list[Effect]) -> list[tuple[datetime, object]]:
        ends = [(effect.at, effect.title) for effect in effects if isinstance(effect, NotifyEnd)]
        return [(start.at, start.started_well) for start in starts(effects)] + ends

    moved = said(play(shift(evening, by), RULES, policy=policy))
    assert moved == [(at + by, what) for at, what in said(play(evening, RULES, policy=policy))]


@many
@given(evening=evenings(), reason=st.sampled_from(["ended", "stopped", "removed", "clock_jump"]))
def test_the_end_is_notified_once_last_and_only_at_a_planned_end(evening: list[Observation], reason: str) -> None:
    *before, last = evening
    effects = play([*before, PartnerTimeEnded(at=last.at, reason=reason)], RULES)  # type: ignore[arg-type]
    asked = [effect for effect in effects if isinstance(effect, NotifyEnd)]
    assert asked == ([effects[-1]] if reason == "ended" else [])
    if asked:
        (ended,) = [e.item for e in effects if isinstance(e, Record) and isinstance(e.item, PartnerTimeEnded)]
        assert asked[0].at == ended.at
