"""The laws of the condition language, tried on conditions, features and texts that nobody thought of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, example, find, given, settings
from hypothesis import strategies as st

from rules.features import CATEGORIES, FEATURES, Unit
from rules.language import RuleError, RuleProblem, compile_condition, format_key, parse_template
from rules.model import DEVICE_PLACEHOLDER, Condition, FeatureKey, FixedFeatures, Value
from tests.property.conditions import (
    ABOUT_CATEGORIES,
    ATOMS,
    CATEGORY,
    FLAGS,
    Asked,
    Said,
    comparisons,
    features,
    joined,
    lasting,
    said,
    with_usual,
)
from tests.rig.examples import examples

START = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
HORIZON = 40
MINUTE = timedelta(minutes=1)
PUT_AWAY = FeatureKey("put_away")
CONDITIONS = said()
TIMED = said(st.one_of(comparisons(), comparisons(), with_usual(), FLAGS))
"""Conditions whose parts all move by themselves: in them it shows whether first and last were mixed up."""
BOUND = said(
    st.builds(
        lambda category, part, seconds: joined("and", [category, lasting(part, seconds)]),
        ABOUT_CATEGORIES,
        ATOMS,
        st.integers(1, 12),
    )
)
"""Conditions of which one part is to hold for a while, whatever is in front, and another is about what is in front."""
MOMENTARY = said(lasting_too=False)
REACHING = settings(phases=(Phase.generate,), max_examples=3000)


@dataclass
class Toy:
    """Features that nobody thought of, one tick a second, standing still after the horizon.

    Numbers and flags move by themselves, and what they are depends on the seed alone. Categories, sequences and hops
    change only where something is observed.
    """

    seed: int
    observed: tuple[int, ...] = ()
    second: int = 0
    asked: set[FeatureKey] = field(default_factory=set)
    _moved: dict[FeatureKey, tuple[Value | None, ...]] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        return START + timedelta(seconds=self.second)

    def value(self, key: FeatureKey, second: int) -> Value | None:
        if key not in self._moved:
            self._moved[key] = tuple(self._moving(key))
        found = self._moved[key][min(second, HORIZON)]
        if key.name == "followed" and found and self.value(CATEGORY, second) not in key.steps[-1]:
            return False
        return found

    def _moving(self, key: FeatureKey) -> list[Value | None]:
        chance = Random(f"{self.seed} {format_key(key)}")
        name = next(iter(key.steps[0])) if key.name == "usual" else key.name
        unit = FEATURES[name].unit if name in FEATURES else Unit.FLAG
        if key.name == "usual":
            return [chance.choice([None, *(any_value(unit, chance) for _ in range(2))])] * (HORIZON + 1)
        moves = unit is not Unit.CATEGORY and key.name not in {"followed", "hopped"}
        turns = set(chance.sample(range(1, HORIZON), 4)) if moves else set(self.observed)
        pace = chance.choice([-1, 0, 0, 1]) if unit is Unit.LENGTH else 0
        now, values = any_value(unit, chance), list[Value | None]()
        for second in range(HORIZON + 1):
            if second in turns:
                now = None if chance.random() < 0.25 else any_value(unit, chance)
            elif isinstance(now, timedelta):
                now = max(timedelta(0), now + pace * timedelta(seconds=1))
            values.append(now)
        return values

    def get(self, key: FeatureKey, /) -> Value | None:
        self.asked.add(key)
        return self.value(key, self.second)

    def deadline(self, key: FeatureKey, value: Value, /) -> datetime | None:
        self.asked.add(key)

        def sides(second: int) -> tuple[bool, ...] | None:
            measured: Any = self.value(key, second)
            return None if measured is None else (measured < value, measured == value)

        # What is observed later is not foreseen.
        horizon = min((second for second in self.observed if second > self.second), default=HORIZON + 1)
        for second in range(self.second + 1, horizon):
            if sides(second) != sides(self.second):
                return START + timedelta(seconds=second)
        return None


def any_value(unit: Unit, chance: Random) -> Value:
    match unit:
        case Unit.CATEGORY:
            return chance.choice(CATEGORIES)
        case Unit.FLAG:
            return chance.random() < 0.6
        case Unit.COUNT:
            return chance.randrange(7)
        case Unit.LENGTH:
            return timedelta(seconds=chance.randrange(HORIZON))
        case Unit.RATE:
            return float(chance.randrange(41))
        case _:
            return chance.randrange(101) / 100


SECONDS = st.sets(st.integers(1, HORIZON), max_size=6).map(lambda found: tuple(sorted(found)))
TOYS = st.builds(Toy, seed=st.integers(0, 10**6), observed=SECONDS)
STILL = st.builds(Toy, seed=st.integers(0, 10**6))


@given(MOMENTARY, STILL)
def test_holds_is_true_exactly_where_plain_three_valued_logic_is_certain(condition: Said, toy: Toy) -> None:
    compiled = compile_condition(condition.text)
    assert compiled.memory_size == 0
    assert compiled.holds(toy) is (condition.worth(toy.value, 0) is True)
    assert toy.asked <= compiled.features_used


def certain(condition: Said, toy: Toy) -> list[bool]:
    """Return for every second whether the condition, read slowly and simply, is certain."""
    return [condition.worth(toy.value, second) is True for second in range(HORIZON + 1)]


def found_by_stepping(condition: Condition, toy: Toy, extra: tuple[int, ...]) -> tuple[list[bool], int]:
    """Return for every second what the last look said, and how many looks time alone asked for.

    As the engine does: a look at every observation and at every turn, none where the categories exclude it, and, because
    that must change nothing, at some other instants, too.
    """
    memory: list[datetime | None] = [None] * condition.memory_size
    answers: list[bool] = []
    holds, turn, turns = False, None, 0
    for second in range(HORIZON + 1):
        toy.second = second
        is_turn = turn is not None and turn <= toy.at
        if second == 0 or second in toy.observed or second in extra or is_turn:
            turns += is_turn
            if condition.categories is not None and toy.value(CATEGORY, second) not in condition.categories:
                holds, turn, memory = False, None, [None] * condition.memory_size
            else:
                before = list(memory)
                apart = condition.holds(toy, memory), condition.deadline(toy, memory)
                assert memory == before
                assert condition.evaluate(toy, memory) == apart
                # A second look at the same instant finds the same.
                assert condition.evaluate(toy, memory) == apart
                holds, turn = apart
                assert turn is None or turn > toy.at
        answers.append(holds)
    assert toy.asked <= condition.features_used
    return answers, turns


@settings(max_examples=examples(300))
@given(CONDITIONS | TIMED | BOUND, TOYS, SECONDS)
def test_evaluating_at_deadlines_finds_the_same_as_evaluating_every_second(
    condition: Said, toy: Toy, extra: tuple[int, ...]
) -> None:
    compiled = compile_condition(condition.text)
    assert bool(compiled.memory_size) == condition.lasts
    assert found_by_stepping(compiled, toy, extra)[0] == certain(condition, toy)


@given(MOMENTARY, STILL)
def test_a_condition_neither_holds_nor_has_a_deadline_for_a_category_outside_categories(
    condition: Said, toy: Toy
) -> None:
    compiled = compile_condition(condition.text)
    if compiled.categories is not None and toy.value(CATEGORY, 0) not in compiled.categories:
        for toy.second in range(HORIZON):
            assert not compiled.holds(toy)
            assert compiled.deadline(toy) is None


def changes_in(answers: list[bool]) -> int:
    return sum(1 for before, after in pairwise(answers) if before != after)


@pytest.mark.thorough
@pytest.mark.parametrize("part", [") for ", " then ", "hop from ", "usual(", "than ", "since start", "phone.", "not "])
def test_the_generators_reach_conditions_that_begin_and_cease_to_hold(part: str) -> None:
    pairs = st.tuples(CONDITIONS, TOYS)
    find(pairs, lambda pair: part in pair[0].text and changes_in(certain(*pair)) >= 2, settings=REACHING)


@pytest.mark.thorough
def test_the_generators_reach_a_timed_part_that_is_interrupted() -> None:
    def broken_off(pair: tuple[Said, Toy]) -> bool:
        condition, toy = pair
        compiled = compile_condition(condition.text)
        if compiled.memory_size < 2:
            return False
        memory: list[datetime | None] = [None] * compiled.memory_size
        begun = False
        for toy.second in range(HORIZON + 1):
            holds, _ = compiled.evaluate(toy, memory)
            begun = begun or any(memory)
            if begun and not holds and not any(memory):
                return True
        return False

    find(st.tuples(CONDITIONS, TOYS), broken_off, settings=REACHING)


@given(features())
def test_a_formatted_key_is_parsed_as_the_same_key(asked: Asked) -> None:
    (key,) = compile_condition(f"{format_key(asked.key)} is known").features_used
    assert key == asked.key


@given(ATOMS)
def test_formatted_sequences_and_usuals_are_parsed_as_the_same_key(atom: Said) -> None:
    for key in compile_condition(atom.text).features_used:
        if key.name in {"followed", "hopped"}:
            assert compile_condition(format_key(key)).features_used == {key}
        elif key.name == "usual":
            usual, feature = format_key(key).split(" of ")
            assert key in compile_condition(f"{feature} > {usual}").features_used


WORDS = st.sampled_from(
    [
        *FEATURES,
        *CATEGORIES,
        "and",
        "or",
        "not",
        "is",
        "in",
        "known",
        "unknown",
        "all",
        "distraction",
        "(",
        ")",
        ",",
        ".",
        "/",
        "%",
        "<",
        "<=",
        ">",
        ">=",
        "==",
        "!=",
        "=",
        "&&",
        "!",
        "s",
        "min",
        "h",
        "0",
        "3",
        "60",
        "1.5",
        "9" * 30,
        "-",
        "\n",
        "\t",
        "\x00",
        "\ud800",
        "é",
        "'",
        '"',
        "≥",
        "#",
        "for",
        "then",
        "within",
        "hop",
        "from",
        "to",
        "laptop",
        "any",
        "shorter",
        "longer",
        "than",
        "since",
        "start",
        "usual",
        "p75",
        "p0",
        "60 s",
        "within 60 s",
        "for 20 s",
    ]
)


def tried(text: str) -> tuple[Condition | None, tuple[RuleProblem, ...]]:
    try:
        return compile_condition(text), ()
    except RuleError as wrong:
        return None, wrong.problems


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """Return a condition in which a piece was left out, said twice, or replaced."""
    text = draw(CONDITIONS).text
    begins = draw(st.integers(0, len(text)))
    ends = draw(st.integers(begins, min(len(text), begins + 12)))
    return text[:begins] + draw(st.one_of(WORDS, st.just(""), st.just(text[begins:ends] * 2))) + text[ends:]


@settings(max_examples=examples(300))
@given(
    st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=60).map(" ".join), st.lists(WORDS).map("".join), spoilt())
)
@example("(" * 2000)
@example("not " * 499 + "put_away")
@example(" or ".join(["put_away"] * 150))
@example("dwell >= " + "9" * 1900 + " s")
@example("dwell >= 999999999 w")
@example("time(social, 999999999.999999 d 9 s) >= 999999999 h")
@example("put_away for 999999999 w")
@example("social then " * 160 + "social within 60 s")
@example("(put_away " + "for 1 s " * 200 + ")")
@example("uses(" + "shorter than 30 s, " * 100 + "10 min) > 2")
@example("(a, " * 400)
@example("\ud800\x00\x1b[2J")
@example("glances(" * 200)
@example("x" * 2001)
@example("\u2028category is social")
def test_no_text_raises_anything_but_a_rule_error_that_can_be_printed(text: str) -> None:
    condition, problems = tried(text)
    assert (condition is None) == bool(problems)
    check_places(text, problems)
    if condition is not None:
        assert condition.features_used
        assert condition.holds(FixedFeatures(START)) in {True, False}
        memory: list[datetime | None] = [None] * condition.memory_size
        assert condition.evaluate(FixedFeatures(START), memory) == (
            condition.holds(FixedFeatures(START), memory),
            condition.deadline(FixedFeatures(START), memory),
        )


def check_places(text: str, problems: tuple[RuleProblem, ...]) -> None:
    """What is wrong stands somewhere in the text, and can be printed."""
    for problem in problems:
        str(problem).encode()
        assert str(problem).isprintable()
        assert 0 <= problem.offset <= len(text)
        assert problem.width >= 1
        line = text.split("\n")[problem.offset_line]
        assert 0 <= problem.offset_column <= len(line)


@given(st.one_of(st.text(max_size=220), st.lists(WORDS | st.sampled_from("{}"), max_size=30).map(" ".join)))
@example("{" * 200)
@example("{dwell}" * 20)
@example("{glances(10 min) > 3}")
def test_no_sentence_raises_anything_but_a_rule_error_that_can_be_printed(text: str) -> None:
    try:
        parts = parse_template(text)
    except RuleError as wrong:
        check_places(text, wrong.problems)
    else:
        assert all(isinstance(part, FeatureKey | str) for part in parts)
        assert "".join(part for part in parts if isinstance(part, str)).replace(DEVICE_PLACEHOLDER, "").count("{") == 0


@pytest.mark.parametrize("depth", [20, 21])
def test_parentheses_may_be_twenty_deep_and_no_deeper(depth: int) -> None:
    text = "(" * depth + "put_away" + ")" * depth
    if depth <= 20:
        assert compile_condition(text).holds(FixedFeatures(START, {PUT_AWAY: True}))
    else:
        with pytest.raises(RuleError, match="deep"):
            compile_condition(text)
