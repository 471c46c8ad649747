"""The laws of the core, which stand at the head of `detector/core/pipeline.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from detector.core.attention.attention import FeatureView
from detector.core.attention.settings import AttentionSettings
from detector.core.effects import Coverage, Effect, Moment, Notify, Outcome, Record, Use
from detector.core.observations import (
    Activity,
    Focused,
    Gap,
    GapReason,
    Observation,
    PartnerTimeBegan,
    PartnerTimeExtended,
)
from detector.core.pipeline import Pipeline
from detector.rulebook.loading import load_rules
from rules.language import compile_condition
from rules.model import FeatureKey, Page, Rule, Value
from rules.policy import PolicySettings
from tests.property.evenings import BEGAN, ENDS, ends_at, evenings
from tests.rig.examples import examples
from tests.timelines.reading import play, shift

PAGE = Page(notices="", why="", wrong="", needs="", example="")
ODD_CONDITIONS = (
    "time(social, 5 min) >= 90 s",
    "time(social, 2 min) < 30 s and dwell >= 10 s",
    "all.share >= 20 % and category in distraction",
    "share < 5 % and elapsed >= 10 min",
    "scrolls(30 s) < 5 and dwell >= 20 s and category is social",
    "scroll_rate(20 s) >= 60 / min or key_rate(20 s) >= 90 / min",
    "since_input >= 15 s and category is not other",
    "all.uses(messaging, 5 min) == 2",
    "glances(3 min) == 1 and dwell < 8 s",
    "switches(2 min) >= 3 or switch_rate(5 min) > 1 / min",
    "put_away and dwell >= 5 s and not full_screen",
    "remaining <= 60 min and came_from is messaging",
    "glances(5 min) < 1 and dwell >= 10 s",
    "elapsed > 95 min",
    "not (dwell < 40 s) and not (clicks(1 min) > 0)",
    "opens(90 s) == 2 or all.opens(4 min) < 2",
    "pick_ups(2 min) is unknown and dwell >= 3 s or all.pick_ups(3 min) == 1",
    "not put_away and category is phone",
    "came_from in (messaging, phone) and all.glances(2 min) >= 2",
)
RULES = (
    *load_rules(None).rules,
    *(
        Rule(code=f"X{number}", name="odd", condition=compile_condition(text), page=PAGE, source="test")
        for number, text in enumerate(ODD_CONDITIONS, 1)
    ),
)
OPEN_POLICY = PolicySettings(
    cool_down=timedelta(seconds=20), rule_cool_down=timedelta(seconds=40), budget=20, quiet_after=6
)
many = settings(max_examples=examples(200))
wakes = st.lists(st.integers(0, 6_000_000_000).map(lambda number: BEGAN + timedelta(microseconds=number)), max_size=30)
TIGHT_POLICY = PolicySettings(cool_down=timedelta(0), rule_cool_down=timedelta(0), budget=2, quiet_after=0)
policies = st.sampled_from([PolicySettings(), OPEN_POLICY, TIGHT_POLICY])


def moments(effects: list[Effect]) -> list[Moment]:
    return [effect.item for effect in effects if isinstance(effect, Record) and isinstance(effect.item, Moment)]


def nudges(effects: list[Effect]) -> list[Moment]:
    return [effect.moment for effect in effects if isinstance(effect, Notify)]


@pytest.mark.thorough
@pytest.mark.parametrize("rules", [RULES, [rule for rule in RULES if rule.code == "F101"]], ids=["any", "F101"])
def test_the_generator_reaches_a_nudge(rules: Sequence[Rule]) -> None:
    # Laws about decisions would hold emptily over evenings in which nothing is ever decided.
    find(
        evenings(),
        lambda evening: bool(nudges(play(evening, rules))),
        settings=settings(max_examples=3_000, database=None, phases=[Phase.generate]),
    )


@many
@given(evening=evenings(), waking=wakes, policy=policies)
def test_law_1_extra_wake_ups_change_nothing(
    evening: list[Observation], waking: list[datetime], policy: PolicySettings
) -> None:
    assert play(evening, RULES, wakes=waking, policy=policy) == play(evening, RULES, policy=policy)


class CheckingPipeline(Pipeline):
    """Checks every rule at every wake-up: no rule may begin to hold there that no deadline announced."""

    def advance(self, now: datetime) -> tuple[Effect, ...]:
        effects = super().advance(now)
        if self._open and self.now == now and now < self._open.ends:
            for snapshot in self.snapshots():
                begun = snapshot.watch.after_observation(snapshot.features, snapshot.category)
                assert [rule.code for rule in begun] == []
        return effects


@many
@given(evening=evenings(), waking=wakes)
def test_law_1_no_deadline_is_too_late(evening: list[Observation], waking: list[datetime]) -> None:
    pipeline, remaining = CheckingPipeline(RULES, OPEN_POLICY, AttentionSettings()), sorted(waking)
    for before, seen in pairwise([*evening, evening[-1]]):
        pipeline.feed(before)
        # Nothing is looked at in what a gap will leave blank.
        until = seen.since if isinstance(seen, Gap) and seen.sense is None else seen.at
        for at in [at for at in remaining if before.at < at < until]:
            pipeline.advance(at)
        for number in range(1, 4):
            pipeline.advance(before.at + (until - before.at) * number / 4)


@many
@given(evening=evenings(), policy=policies)
def test_law_2_the_recorded_stream_gives_the_same_decisions(evening: list[Observation], policy: PolicySettings) -> None:
    first = play(evening, RULES, policy=policy)
    recorded = [effect.item for effect in first if isinstance(effect, Record) and isinstance(effect.item, Observation)]
    assert play(recorded, RULES, policy=policy) == first


@many
@given(evening=evenings(), policy=policies)
def test_law_3_a_gap_is_neither_a_match_nor_presence(evening: list[Observation], policy: PolicySettings) -> None:
    effects = play(evening, RULES, policy=policy)
    blank = [(seen.since, seen.at) for seen in evening if isinstance(seen, Gap) and seen.sense is None]
    for since, until in blank:
        assert not [moment for moment in moments(effects) if since < moment.began <= until]
        for effect in effects:
            if isinstance(effect, Record) and isinstance(effect.item, Coverage):
                assert not (effect.item.began < until and since < effect.item.ended)
            if isinstance(effect, Record) and isinstance(effect.item, Use) and effect.item.ended:
                assert not (effect.item.began < until and since < effect.item.ended)


@many
@given(evening=evenings())
def test_law_3_a_silent_phone_is_neither_in_use_nor_known_since_its_last_report(evening: list[Observation]) -> None:
    effects = play(evening, RULES, policy=OPEN_POLICY)
    # What is kept last of a use or a nudge wins.
    kept = {
        (type(effect.item), effect.item.number): effect.item
        for effect in effects
        if isinstance(effect, Record) and isinstance(effect.item, Use | Coverage | Moment)
    }
    for seen in [effect.item for effect in effects if isinstance(effect, Record)]:
        if not isinstance(seen, Gap) or seen.reason is not GapReason.SILENT:
            continue
        for what in kept.values():
            if isinstance(what, Use | Coverage) and what.device == seen.device:
                assert what.ended is not None
                assert not (what.began < seen.at and seen.since < what.ended)


@many
@given(evening=evenings())
def test_a_nudge_is_ignored_only_if_a_known_use_shows_it(evening: list[Observation]) -> None:
    effects = play(evening, RULES, policy=OPEN_POLICY)
    uses = {
        effect.item.number: effect.item
        for effect in effects
        if isinstance(effect, Record) and isinstance(effect.item, Use)
    }
    last = {moment.number: moment for moment in moments(effects)}
    for moment in last.values():
        assert moment.ended is None or moment.ended >= moment.began
        if moment.outcome is Outcome.IGNORED:
            until = moment.decided_at + timedelta(seconds=60)
            assert any(use.began <= until and use.ended is not None and use.ended > until for use in uses.values())


@many
@given(evening=evenings(), stray=evenings())
def test_law_4_outside_partner_time_nothing_is_observed_kept_or_decided(
    evening: list[Observation], stray: list[Observation]
) -> None:
    pipeline = Pipeline(RULES, OPEN_POLICY, AttentionSettings())
    for seen in shift(stray[1:], timedelta(hours=-3)):
        assert pipeline.feed(seen) == ()
    for seen in evening:
        pipeline.feed(seen)
    assert pipeline.snapshots() == []
    assert pipeline.deadline is None
    for seen in shift(stray[1:], timedelta(hours=9)):
        assert pipeline.feed(seen) == ()
        assert pipeline.deadline is None
    assert pipeline.advance(stray[-1].at + timedelta(hours=12)) == ()


@many
@given(evening=evenings(ends=False))
def test_law_4_nothing_is_decided_after_the_planned_end_even_if_the_end_is_not_observed(
    evening: list[Observation],
) -> None:
    whole = [*evening, *shift(evening[1:], timedelta(hours=3))]
    effects = play(whole, RULES, policy=OPEN_POLICY)
    assert all(moment.began < ends_at(whole) for moment in moments(effects))
    assert all(moment.decided_at < ends_at(whole) for moment in nudges(effects))


@pytest.mark.thorough
@pytest.mark.parametrize("code", ["F102", "F103", "F106", "G201", "G202", "M301", "P801", "P802"])
def test_the_generator_reaches_a_nudge_on_a_phone(code: str) -> None:
    rules = [rule for rule in RULES if rule.code == code]
    find(
        evenings(),
        lambda evening: any(moment.device != "laptop" for moment in nudges(play(evening, rules))),
        settings=settings(max_examples=10_000, database=None, phases=[Phase.generate]),
    )


@pytest.mark.thorough
@pytest.mark.parametrize("outcome", [Outcome.PUT_AWAY_30, Outcome.PUT_AWAY_60, Outcome.IGNORED, Outcome.UNKNOWN])
def test_the_generator_reaches_what_may_come_of_a_nudge_on_a_phone(outcome: Outcome) -> None:
    find(
        evenings(),
        lambda evening: any(
            moment.device != "laptop" and moment.outcome == outcome for moment in moments(play(evening, RULES))
        ),
        settings=settings(max_examples=10_000, database=None, phases=[Phase.generate]),
    )


@pytest.mark.thorough
def test_the_generator_reaches_a_nudge_after_the_end_that_was_planned_first() -> None:
    find(
        evenings(soon=True),
        lambda evening: any(moment.decided_at >= evening[0].ends for moment in nudges(play(evening, RULES))),
        settings=settings(max_examples=10_000, database=None, phases=[Phase.generate]),
    )


@many
@given(evening=evenings(), policy=policies)
def test_law_5_nudges_respect_the_cool_down_and_the_budget(evening: list[Observation], policy: PolicySettings) -> None:
    effects = play(evening, RULES, policy=policy)
    unseen = {moment.number for moment in moments(effects) if moment.outcome == Outcome.UNDELIVERED}
    said = [moment for moment in nudges(effects) if moment.number not in unseen]
    assert len(said) <= policy.budget
    assert all(later.decided_at - earlier.decided_at >= policy.cool_down for earlier, later in pairwise(said))
    assert len({moment.use for moment in said}) == len(said)
    for rule in {moment.rule for moment in said}:
        same = [moment for moment in said if moment.rule == rule]
        assert all(b.decided_at - a.decided_at >= policy.rule_cool_down for a, b in pairwise(same))


@many
@given(evening=evenings(), by=st.timedeltas(timedelta(days=-900), timedelta(days=900)))
def test_law_6_shifting_all_instants_shifts_all_decisions(evening: list[Observation], by: timedelta) -> None:
    def instants(effects: list[Effect]) -> list[tuple[int, str, str | None, datetime, datetime]]:
        return [(m.number, m.rule, m.reason, m.began, m.decided_at) for m in moments(effects)]

    moved = instants(play(shift(evening, by), RULES, policy=OPEN_POLICY))
    assert moved == [
        (*first, began + by, decided + by)
        for *first, began, decided in instants(play(evening, RULES, policy=OPEN_POLICY))
    ]


@settings(max_examples=examples(60))
@given(evening=evenings(), index=st.integers(0, len(RULES) - 1))
def test_law_7_a_rule_never_sees_a_feature_that_it_did_not_declare(evening: list[Observation], index: int) -> None:
    rule, asked = RULES[index], set[FeatureKey]()
    get, changes = FeatureView.get, FeatureView.deadline

    def seen(self: FeatureView, key: FeatureKey, /) -> Value | None:
        asked.add(key)
        return get(self, key)

    def turned(self: FeatureView, key: FeatureKey, value: Value, /) -> datetime | None:
        asked.add(key)
        return changes(self, key, value)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(FeatureView, "get", seen)
        patched.setattr(FeatureView, "deadline", turned)
        play(evening, [rule])
    assert asked <= rule.condition.features_used


@many
@given(evening=evenings())
def test_law_8_time_never_moves_back(evening: list[Observation]) -> None:
    pipeline = Pipeline(RULES, PolicySettings(), AttentionSettings())
    at = evening[0].at
    for seen in evening:
        for effect in pipeline.feed(seen):
            if isinstance(effect, Notify):
                assert effect.moment.decided_at >= at
                at = effect.moment.decided_at
        assert pipeline.now == seen.at
        assert pipeline.advance(seen.at - timedelta(seconds=1)) == ()
        assert pipeline.now == seen.at
        with pytest.raises(ValueError, match="comes after"):
            pipeline.feed(shift([seen], timedelta(microseconds=-1))[0])


@many
@given(evening=evenings(), policy=policies, naming=st.randoms(use_true_random=False))
def test_law_9_names_change_no_decision_and_no_length(
    evening: list[Observation], policy: PolicySettings, naming: Random
) -> None:
    def figures(effects: list[Effect]) -> list[object]:
        found: list[object] = []
        for effect in effects:
            what = effect.item if isinstance(effect, Record) else effect
            if isinstance(what, Use):
                found.append(replace(what, activity=replace(what.activity, name=None)))
            elif isinstance(what, Moment):
                found.append(replace(what, name=None))
            elif not isinstance(what, Observation | Notify):
                found.append(what)
        return found

    # Of few categories, so that one thing often follows another of its kind.
    few = [
        replace(seen, activity=Activity(category=naming.choice(["social", "social", "messaging"])))
        if isinstance(seen, Focused) and seen.activity is not None
        else seen
        for seen in evening
    ]
    named = [
        replace(seen, activity=replace(seen.activity, name=naming.choice(["one", "another", None])))
        if isinstance(seen, Focused) and seen.activity is not None
        else seen
        for seen in few
    ]
    assert figures(play(named, RULES, policy=policy)) == figures(play(few, RULES, policy=policy))


def test_an_extension_changes_the_feature_remaining() -> None:
    condition = compile_condition("remaining <= 10 min and category is mail")
    late = Rule(code="X1", name="late", condition=condition, page=PAGE, source="test")
    evening = [
        PartnerTimeBegan(at=BEGAN, occurrence="1@evening", title="Dinner", ends=ENDS),
        Focused(at=BEGAN, device="phone", activity=Activity(category="mail"), opened=True),
        PartnerTimeExtended(at=ENDS - timedelta(minutes=30), ends=ENDS + timedelta(minutes=30)),
    ]
    assert [moment.began for moment in nudges(play(evening[:2], [late]))] == [ENDS - timedelta(minutes=10)]
    assert [moment.began for moment in nudges(play(evening, [late]))] == [ENDS + timedelta(minutes=20)]


def test_the_core_imports_no_clock() -> None:
    sources = [
        *Path("rules").rglob("*.py"),
        Path("detector/core/pipeline.py"),
        *Path("detector/core/attention").glob("*.py"),
    ]
    assert not [path for path in sources if "detector.clock" in path.read_text()]
