"""The bars of rules: many of them on an evening, what they add to its wake-ups, and what is usual."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from detector.core.attention.baselines import measure_baselines
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import (
    Activity,
    Focused,
    InputCounted,
    Observation,
    PartnerTimeBegan,
    PartnerTimeEnded,
    SensorStarted,
    WentIdle,
)
from detector.core.pipeline import Pipeline
from detector.rulebook.loading import load_rules
from rules.engine import features_used
from rules.language import compile_condition
from rules.model import FeatureKey, Page, Rule
from rules.policy import PolicySettings
from tests.benchmarks.bars import Bar
from tests.benchmarks.speed import evenings

FEATURES = (
    "glances(10 min) >= {n}",
    "all.glances(20 min) >= {n}",
    "uses(messaging, 15 min) >= {n}",
    "dwell >= {n}0 s",
    "uses(category in distraction, shorter than 30 s, 10 min) >= {n}",
    "switches(5 min) >= {n}",
    "share >= {n} %",
    "time(social, 15 min) >= {n} min",
    "all.time(category in distraction, longer than 10 s, since start) >= {n}0 min",
    "scrolls(60 s) >= {n}0",
    "scroll_rate(30 s) >= {n}0 / min",
    "keys(30 s) >= {n}",
    "since_input >= {n} s",
    "messaging then distraction within {n}0 s",
    "glances(10 min) > usual(p{n}0)",
    "opens(10 min) >= {n}",
    "pick_ups(15 min) >= {n}",
    "elapsed >= {n} min",
    "(dwell >= {n} s for {n} s)",
    "switch_rate(5 min) >= {n} / min",
)
FRONTS = ("social", "messaging", "mail", "work", "news", "video", "shopping", "games", "dating", "phone")
PAGE = Page(notices="", why="", wrong="", needs="", example="")


def hundred() -> tuple[Rule, ...]:
    """A hundred rules as people would write them, over twenty features: each asks for what is in front, and for two more."""
    texts = [
        f"category is {FRONTS[number % 10]} and {FEATURES[number % 20].format(n=number % 7 + 2)}"
        f" and {FEATURES[(number * 7 + 3) % 20].format(n=number % 5 + 2)}"
        for number in range(100)
    ]
    return tuple(
        Rule(code=f"B{number}", name="bench", condition=compile_condition(text), page=PAGE, source="bench")
        for number, text in enumerate(texts)
    )


def _spent(rules: Sequence[Rule], observations: Sequence[Observation]) -> float:
    usual: dict[FeatureKey, float] = {key: 3 for key in features_used(rules) if key.name == "usual"}
    pipeline = Pipeline(rules, PolicySettings(), AttentionSettings(), usual)
    began = time.process_time()
    for seen in observations:
        pipeline.feed(seen)
    return time.process_time() - began


def many_rules(observations: int = 100_000, rounds: int = 3) -> Iterator[Bar]:
    """A hundred rules over twenty features on made-up evenings: observations a second, the best of some rounds."""
    told, rules = list(evenings(observations)), hundred()
    best = min(_spent(rules, told) for _ in range(rounds))
    yield Bar(
        name="100 rules x 20 features: observations", figure=len(told) / best, limit=30_000, unit="/s", at_most=False
    )
    built_in = min(_spent(load_rules(None).rules, told) for _ in range(rounds))
    yield Bar(name="built-in rules: observations", figure=len(told) / built_in, limit=40_000, unit="/s", at_most=False)


def wake_ups() -> Iterator[Bar]:
    """How often an hour in which nobody touches the laptop is woken: by the built-in rules, and by a hundred more."""
    few = load_rules(None).rules
    before, after = _woken(few), _woken([*few, *hundred()])
    yield Bar(name="wake-ups of an idle hour by 100 more rules", figure=after - before, limit=0, unit="")


def _woken(rules: Sequence[Rule]) -> int:
    at, second = datetime(2026, 1, 1, 18, tzinfo=UTC), timedelta(seconds=1)
    pipeline = Pipeline(rules, PolicySettings(), AttentionSettings(), {})
    pipeline.feed(PartnerTimeBegan(at=at, occurrence="1", title="Dinner", ends=at + timedelta(hours=2)))
    for sense in ("focus", "idle", "input"):
        pipeline.feed(SensorStarted(at=at, sense=sense, sensor="bench"))  # type: ignore[arg-type]
    pipeline.feed(Focused(at=at, activity=Activity(category="social")))
    for number in range(20):
        pipeline.feed(InputCounted(at=at + number * second, scrolls=3, clicks=1))
    pipeline.feed(WentIdle(at=at + 50 * second, since=at + 20 * second))
    # What came of a nudge in the first minute is looked up within two.
    pipeline.advance(at + timedelta(minutes=5))
    woken, until = 0, at + timedelta(minutes=65)
    while pipeline.deadline is not None and pipeline.deadline < until:
        pipeline.advance(pipeline.deadline)
        woken += 1
    return woken


def usual_evenings(count: int = 28) -> Iterator[Bar]:
    """What it costs to find out what is usual of five features over 28 evenings of two hours."""
    told: list[list[Observation]] = [[]]
    for seen in evenings(count * 6_000):
        told[-1].append(seen)
        if isinstance(seen, PartnerTimeEnded):
            told.append([])
    keys = [key for key in features_used([_usual(text) for text in USUAL]) if key.name == "usual"]
    began = time.process_time()
    found = measure_baselines(told[:count], keys)
    spent = time.process_time() - began
    assert len(found) == len(keys)
    yield Bar(name="what is usual: an evening of 5 features", figure=1000 * spent / count, limit=100, unit="ms")


USUAL = (
    "glances(10 min) > usual(p75)",
    "time(social, 15 min) > usual(p75)",
    "dwell > usual(p90)",
    "switches(5 min) > usual(p75)",
    "scrolls(60 s) > usual(p50)",
)


def _usual(text: str) -> Rule:
    return Rule(code="B", name="bench", condition=compile_condition(text), page=PAGE, source="bench")


def rule_bars() -> Iterator[Bar]:
    """All bars of rules."""
    yield from many_rules()
    yield from wake_ups()
    yield from usual_evenings()
