"""The laws of the core for rules that nobody thought of, over the whole language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from detector.core.attention.attention import FeatureView
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Effect, Moment, Record
from detector.core.observations import (
    Gap,
    Observation,
    RulesChanged,
)
from detector.core.pipeline import Pipeline
from rules.engine import features_used
from rules.features import FEATURES, Unit
from rules.language import compile_condition
from rules.model import FeatureKey, Rule, Value
from tests.property.conditions import conditions
from tests.property.evenings import evenings
from tests.property.test_core_laws import OPEN_POLICY, PAGE, CheckingPipeline, wakes
from tests.rig.examples import examples
from tests.timelines.reading import shift

OVER_TIME: tuple[tuple[str, str | None], ...] = (
    ("category in distraction for 20 s", None),
    ("scroll_rate(30 s) >= 20 / min for 15 s", "since_input >= 20 s"),
    ("dwell >= 10 s", "glances(2 min) >= 2"),
    ("dwell >= 20 s and category in distraction", "since_input >= 5 s for 10 s"),
    ("(category in distraction for 5 s) and (since_input < 5 s for 8 s)", None),
    ("all.(messaging, mail, news) then (social, video, work) within 6 min for 2 s", None),
    ("uses(category in distraction, shorter than 45 s, 10 min) >= 2", "dwell >= 45 s"),
    ("hop from any to any within 90 s and dwell >= 3 s", None),
    ("glances(10 min) >= usual(p50)", "elapsed > 40 min"),
    ("reopened_after <= 5 min or (since_nudge > 90 s for 12 s)", None),
    (
        "time(longer than 10 s, since start) >= 2 min for 4 s",
        "time(category is social, shorter than 1 min, 5 min) < 5 s",
    ),
)
some = settings(max_examples=examples(100))


def rule(number: int, when: str, until: str | None) -> Rule:
    return Rule(
        code=f"Y{number}",
        name="made up",
        condition=compile_condition(when),
        page=PAGE,
        source="test",
        until=(until and compile_condition(until)) or None,
    )


def rules_of(texts: Sequence[tuple[str, str | None]]) -> tuple[Rule, ...]:
    return tuple(rule(number, *text) for number, text in enumerate(texts, 1))


made_up = st.lists(
    st.one_of(st.sampled_from(OVER_TIME), st.tuples(conditions(), st.none()), st.tuples(conditions(), conditions())),
    min_size=1,
    max_size=5,
).map(rules_of)


def usuals_of(rules: Sequence[Rule]) -> Mapping[FeatureKey, Value]:
    """What is usual of half of the features: one number of their unit."""
    plain: dict[Unit, Value] = {Unit.COUNT: 2, Unit.LENGTH: timedelta(seconds=40), Unit.RATE: 3.0, Unit.SHARE: 0.2}
    wanted = [key for key in features_used(rules) if key.name == "usual" and key.part % 2 == 0]
    return {key: plain[FEATURES[next(iter(key.steps[0]))].unit] for key in wanted}


@dataclass(frozen=True)
class Played:
    """Every effect."""

    effects: list[Effect]

    @property
    def recorded(self) -> list[Observation]:
        kept = [effect.item for effect in self.effects if isinstance(effect, Record)]
        return [what for what in kept if isinstance(what, Observation)]


def live(
    evening: Sequence[Observation],
    rules: Sequence[Rule],
    *,
    waking: Sequence[datetime] = (),
) -> Played:
    """Live through the evening, waking in between."""
    pipeline = Pipeline(rules, OPEN_POLICY, AttentionSettings(), usuals_of(rules))
    effects: list[Effect] = []
    asleep = [(seen.since, seen.at) for seen in evening if isinstance(seen, Gap) and seen.sense is None]
    waiting = sorted(at for at in waking if not any(since < at <= until for since, until in asleep))
    for seen in evening:
        while waiting and waiting[0] <= seen.at:
            effects += pipeline.advance(waiting.pop(0))
        effects += pipeline.feed(seen)
    while pipeline.deadline is not None:
        effects += pipeline.advance(pipeline.deadline)
    return Played(effects)


@pytest.mark.thorough
@pytest.mark.parametrize("text", OVER_TIME, ids=str)
def test_the_generator_reaches_a_moment_of_each_kind_of_rule(text: tuple[str, str | None]) -> None:
    # Some can only hold after another has spoken.
    rules = rules_of([text, ("dwell >= 4 s and category in distraction", None)])
    find(
        evenings(),
        lambda evening: any(
            isinstance(item := getattr(effect, "item", None), Moment) and item.rule == "Y1"
            for effect in live(evening, rules).effects
        ),
        settings=settings(max_examples=20_000, database=None, phases=[Phase.generate]),
    )


@some
@given(evening=evenings(), rules=made_up, waking=wakes)
def test_law_1_extra_wake_ups_change_nothing_with_made_up_rules(
    evening: list[Observation], rules: Sequence[Rule], waking: list[datetime]
) -> None:
    assert live(evening, rules, waking=waking) == live(evening, rules)


@some
@given(evening=evenings(), rules=made_up, waking=wakes)
def test_law_1_no_deadline_is_too_late_with_made_up_rules(
    evening: list[Observation], rules: Sequence[Rule], waking: list[datetime]
) -> None:
    pipeline = CheckingPipeline(rules, OPEN_POLICY, AttentionSettings(), usuals_of(rules))
    for before, seen in pairwise([*evening, evening[-1]]):
        pipeline.feed(before)
        until = seen.since if isinstance(seen, Gap) and seen.sense is None else seen.at
        instants = [before.at + (until - before.at) * number / 4 for number in range(1, 4)]
        for at in sorted([*(at for at in waking if before.at < at < until), *instants]):
            pipeline.advance(at)


@some
@given(evening=evenings(), rules=made_up)
def test_law_2_the_recorded_stream_gives_the_same_decisions_with_made_up_rules(
    evening: list[Observation], rules: Sequence[Rule]
) -> None:
    result = live(evening, rules)
    assert live(result.recorded, rules) == result


@some
@given(evening=evenings(), rules=made_up, place=st.integers(1, 80))
def test_a_rule_change_that_an_old_recording_holds_changes_no_decision(
    evening: list[Observation], rules: Sequence[Rule], place: int
) -> None:
    place = min(place, len(evening) - 1)
    change = RulesChanged(at=evening[place - 1].at, digest="0123456789abcdef")
    result = live([*evening[:place], change, *evening[place:]], rules)
    assert [effect for effect in result.effects if effect != Record(occurrence="1@evening", item=change)] == (
        live(evening, rules).effects
    )


@some
@given(evening=evenings(), rules=made_up, by=st.timedeltas(timedelta(days=-900), timedelta(days=900)))
def test_law_6_shifting_all_instants_shifts_all_decisions_with_made_up_rules(
    evening: list[Observation], rules: Sequence[Rule], by: timedelta
) -> None:
    def instants(result: Played, by: timedelta) -> list[tuple[int, str, str | None, datetime, datetime]]:
        found = [effect.item for effect in result.effects if isinstance(effect, Record)]
        said = [moment for moment in found if isinstance(moment, Moment)]
        return [(m.number, m.rule, m.reason, m.began - by, m.decided_at - by) for m in said]

    assert instants(live(shift(evening, by), rules), by) == instants(live(evening, rules), timedelta(0))


@settings(max_examples=examples(60))
@given(evening=evenings(), rules=made_up)
def test_law_7_a_rule_never_sees_a_feature_that_it_did_not_declare_with_made_up_rules(
    evening: list[Observation], rules: Sequence[Rule]
) -> None:
    asked, get, changes = set[FeatureKey](), FeatureView.get, FeatureView.deadline
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(FeatureView, "get", lambda self, key, /: asked.add(key) or get(self, key))
        patched.setattr(
            FeatureView, "deadline", lambda self, key, value, /: asked.add(key) or changes(self, key, value)
        )
        live(evening, rules)
    assert asked <= features_used(rules)
