"""The laws of the core for rules that nobody thought of, over the whole language, and for rules that change in an evening."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from detector.core.attention import measure_factory as everyone
from detector.core.attention.attention import Attention, View
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Effect, Moment, Record
from detector.core.observations import (
    Activity,
    Focused,
    Gap,
    Observation,
    PartnerTimeBegan,
    Paused,
    Resumed,
    RulesChanged,
    SensorStarted,
    Shown,
)
from detector.core.pipeline import Pipeline
from rules.engine import needs
from rules.features import FEATURES, Unit
from rules.language import compile_condition
from rules.model import FeatureKey, Rule, Value
from tests.property.conditions import conditions
from tests.property.evenings import BEGAN, ENDS, evenings
from tests.property.test_core_laws import OPEN_POLICY, PAGE, Restless, wakes
from tests.property.test_features import KEYS
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
    wanted = [key for key in needs(rules) if key.name == "usual" and key.part % 2 == 0]
    return {key: plain[FEATURES[next(iter(key.steps[0]))].unit] for key in wanted}


@dataclass(frozen=True)
class Lived:
    """Every effect, and what of them says what was decided."""

    effects: list[Effect]

    @property
    def recorded(self) -> list[Observation]:
        kept = [effect.what for effect in self.effects if isinstance(effect, Record)]
        return [what for what in kept if isinstance(what, Observation)]

    @property
    def decided(self) -> list[Effect]:
        return [effect for effect in self.effects if not (isinstance(effect, Record) and effect.what in self.changes)]

    @property
    def changes(self) -> list[Observation]:
        return [seen for seen in self.recorded if isinstance(seen, RulesChanged)]


def live(
    evening: Sequence[Observation],
    rules: Sequence[Rule],
    *,
    waking: Sequence[datetime] = (),
    later: Mapping[str, Sequence[Rule]] | None = None,
) -> Lived:
    """Live through the evening, waking in between; `later`: the rules by their digest, laid ready before they change."""
    pipeline = Pipeline(rules, OPEN_POLICY, AttentionSettings(), usuals_of(rules))
    effects: list[Effect] = []
    asleep = [(seen.since, seen.at) for seen in evening if isinstance(seen, Gap) and seen.sense is None]
    waiting = sorted(at for at in waking if not any(since < at <= until for since, until in asleep))
    for seen in evening:
        while waiting and waiting[0] <= seen.at:
            effects += pipeline.advance(waiting.pop(0))
        if isinstance(seen, RulesChanged) and later and seen.digest in later:
            pipeline.take_rules(later[seen.digest], usuals_of(later[seen.digest]), digest=seen.digest)
        effects += pipeline.feed(seen)
    while pipeline.deadline is not None:
        effects += pipeline.advance(pipeline.deadline)
    return Lived(effects)


@pytest.mark.thorough
@pytest.mark.parametrize("text", OVER_TIME, ids=str)
def test_the_generator_reaches_a_moment_of_each_kind_of_rule(text: tuple[str, str | None]) -> None:
    # Some can only hold after another has spoken.
    rules = rules_of([text, ("dwell >= 4 s and category in distraction", None)])
    find(
        evenings(),
        lambda evening: any(
            isinstance(what := getattr(effect, "what", None), Moment) and what.rule == "Y1"
            for effect in live(evening, rules).effects
        ),
        settings=settings(max_examples=20_000, database=None, phases=[Phase.generate]),
    )


@some
@given(evening=evenings(), rules=made_up, waking=wakes)
def test_law_1_extra_wake_ups_change_nothing(
    evening: list[Observation], rules: Sequence[Rule], waking: list[datetime]
) -> None:
    assert live(evening, rules, waking=waking) == live(evening, rules)


@some
@given(evening=evenings(), rules=made_up, waking=wakes)
def test_law_1_no_deadline_is_too_late(
    evening: list[Observation], rules: Sequence[Rule], waking: list[datetime]
) -> None:
    pipeline = Restless(rules, OPEN_POLICY, AttentionSettings(), usuals_of(rules))
    for before, seen in pairwise([*evening, evening[-1]]):
        pipeline.feed(before)
        until = seen.since if isinstance(seen, Gap) and seen.sense is None else seen.at
        instants = [before.at + (until - before.at) * number / 4 for number in range(1, 4)]
        for at in sorted([*(at for at in waking if before.at < at < until), *instants]):
            pipeline.advance(at)


@some
@given(evening=evenings(), rules=made_up, new=made_up, place=st.integers(1, 80), again=st.integers(0, 80))
def test_law_2_the_recorded_stream_gives_the_same_decisions_even_where_the_rules_changed(
    evening: list[Observation], rules: Sequence[Rule], new: Sequence[Rule], place: int, again: int
) -> None:
    changing = with_change(with_change(evening, place, "new"), again, "old")
    later = {"new": new, "old": rules}
    lived = live(changing, rules, later=later)
    assert live(lived.recorded, rules, later=later) == lived
    # Without what came later it is exact up to the change.
    plain = live(lived.recorded, rules).effects
    until = next((number for number, effect in enumerate(lived.effects) if effect not in lived.decided), None)
    assert plain[:until] == lived.effects[:until]


def with_change(evening: list[Observation], place: int, digest: str) -> list[Observation]:
    """The rules change right after some observation."""
    place = min(max(1, place), len(evening) - 1)
    return [*evening[:place], RulesChanged(at=evening[place - 1].at, digest=digest), *evening[place:]]


@some
@given(evening=evenings(), rules=made_up, place=st.integers(1, 80))
def test_rules_that_say_what_they_said_go_on_as_if_nothing_had_been(
    evening: list[Observation], rules: Sequence[Rule], place: int
) -> None:
    again = tuple(
        rule(number, each.condition.text, each.until and each.until.text) for number, each in enumerate(rules, 1)
    )
    changed = live(with_change(evening, place, "same"), rules, later={"same": again})
    assert changed.decided == live(evening, rules).effects


@some
@given(evening=evenings(), rules=made_up, by=st.timedeltas(timedelta(days=-900), timedelta(days=900)))
def test_law_6_shifting_all_instants_shifts_all_decisions(
    evening: list[Observation], rules: Sequence[Rule], by: timedelta
) -> None:
    def instants(lived: Lived, by: timedelta) -> list[tuple[int, str, str | None, datetime, datetime]]:
        found = [effect.what for effect in lived.effects if isinstance(effect, Record)]
        said = [moment for moment in found if isinstance(moment, Moment)]
        return [(m.number, m.rule, m.reason, m.began - by, m.decided_at - by) for m in said]

    assert instants(live(shift(evening, by), rules), by) == instants(live(evening, rules), timedelta(0))


@settings(max_examples=examples(60))
@given(evening=evenings(), rules=made_up)
def test_law_7_a_rule_never_sees_a_feature_that_it_did_not_declare(
    evening: list[Observation], rules: Sequence[Rule]
) -> None:
    asked, get, changes = set[FeatureKey](), View.get, View.changes
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(View, "get", lambda self, key, /: asked.add(key) or get(self, key))
        patched.setattr(View, "changes", lambda self, key, value, /: asked.add(key) or changes(self, key, value))
        live(evening, rules)
    assert asked <= needs(rules)


@settings(max_examples=examples(60))
@given(evening=evenings(), place=st.integers(1, 80), seed=st.randoms(use_true_random=False), short=st.booleans())
def test_a_feature_that_is_asked_for_late_is_what_it_would_have_been_or_not_known(
    evening: list[Observation], place: int, seed: object, short: bool
) -> None:
    first = [key for key in KEYS if key.span == timedelta(seconds=40) and key.name != "keys"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(everyone, "SHORTEST_MEMORY", timedelta(0) if short else everyone.SHORTEST_MEMORY)
        late, always = (Attention(wanted, BEGAN, ENDS, AttentionSettings()) for wanted in (first, KEYS))
    paused, since = False, evening[-1].at
    for number, seen in enumerate(evening[1:-1], 1):
        paused = (paused or isinstance(seen, Paused)) and not isinstance(seen, Resumed)
        if number == min(place, len(evening) - 2):
            late.take(KEYS, {}, seen.at)
            since = seen.at
        if paused and not isinstance(seen, Paused):
            continue
        for attention in (late, always):
            attention.observe(seen)
            if isinstance(seen, Shown):
                attention.nudged(seen.at, "social")
        for at in (seen.at, seen.at + (evening[number + 1].at - seen.at) / 2):
            for device in late.devices if at >= since else ():
                one, other = late.view(device.name, at), always.view(device.name, at)
                for key in KEYS:
                    # A story is told of the use under way, however long ago that was taken up.
                    if key.name == "followed" and short:
                        continue
                    unknown = one.get(key) is None and (key.span is not None and at < since + key.span)
                    assert unknown or one.get(key) == other.get(key), key


def test_only_the_rules_that_were_laid_ready_under_the_digest_are_taken() -> None:
    rules, new = (
        rules_of([("category is mail for 1 h", None)]),
        rules_of([("category is social and dwell >= 5 s", None)]),
    )
    evening = [
        PartnerTimeBegan(at=BEGAN, occurrence="1@evening", title="Dinner", ends=ENDS),
        SensorStarted(at=BEGAN, sense="idle", sensor="test"),
        Focused(at=BEGAN, activity=Activity(category="social")),
    ]
    for digest, count in (("new", 1), ("other", 0)):
        pipeline = Pipeline(rules, OPEN_POLICY, AttentionSettings())
        for seen in evening:
            pipeline.feed(seen)
        pipeline.take_rules(new, digest="new")
        pipeline.feed(RulesChanged(at=BEGAN, digest=digest))
        effects = pipeline.advance(BEGAN + timedelta(seconds=60))
        assert len([effect for effect in effects if isinstance(getattr(effect, "what", None), Moment)]) == count
