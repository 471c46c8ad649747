"""The laws of the condition language, tried on conditions, features and texts that nobody thought of."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, find, given, settings
from hypothesis import strategies as st

from rules.features import CATEGORIES, DISTRACTING, FEATURES
from rules.language import LONGEST_TEXT, RuleError, RuleProblem, compile_condition
from rules.model import Condition, FeatureKey, Measured, Value

START = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
HORIZON = 40
MINUTE = timedelta(minutes=1)
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

CATEGORY = FeatureKey("category")
DWELL = FeatureKey("dwell")
REMAINING = FeatureKey("remaining")
GLANCES = FeatureKey("glances", 10 * MINUTE, None, "all")
USES = FeatureKey("uses", 15 * MINUTE, "messaging")
SHARE = FeatureKey("share")
PUT_AWAY = FeatureKey("put_away")
WRITTEN = {
    CATEGORY: "category", DWELL: "dwell", REMAINING: "remaining", GLANCES: "all.glances(10 min)",
    USES: "uses(messaging, 15 min)", SHARE: "share", PUT_AWAY: "put_away",
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """A condition as text, and as a function to True, False or None, written as plainly as can be."""

    text: str
    worth: Callable[[Callable[[FeatureKey], Value | None]], bool | None] = field(repr=False)


def compared(key: FeatureKey, sign: str, written: str, value: Value, turned: bool) -> Said:
    def worth(get: Callable[[FeatureKey], Value | None]) -> bool | None:
        measured = get(key)
        return None if measured is None else OPERATORS[sign](measured, value)

    left, right = WRITTEN[key], written
    return Said(f"{right} {TURNED[sign]} {left}" if turned else f"{left} {sign} {right}", worth)


def known(key: FeatureKey, text: str, wanted: bool) -> Said:
    return Said(f"{WRITTEN[key]} {text}", lambda get: (get(key) is not None) == wanted)


def among(text: str, words: Iterable[str], wanted: bool) -> Said:
    kept = set(words)

    def worth(get: Callable[[FeatureKey], Value | None]) -> bool | None:
        category = get(CATEGORY)
        return None if category is None else (category in kept) == wanted

    return Said(f"category {text}", worth)


def put_away() -> Said:
    return Said("put_away", lambda get: get(PUT_AWAY))  # type: ignore[arg-type, return-value]


def negated(said: Said) -> Said:
    def worth(get: Callable[[FeatureKey], Value | None]) -> bool | None:
        found = said.worth(get)
        return None if found is None else not found

    return Said(f"not ({said.text})", worth)


def joined(word: str, parts: list[Said]) -> Said:
    def worth(get: Callable[[FeatureKey], Value | None]) -> bool | None:
        found = [part.worth(get) for part in parts]
        decisive = word == "or"
        if decisive in found:
            return decisive
        return None if None in found else not decisive

    return Said(f" {word} ".join(f"({part.text})" for part in parts), worth)


ORDERED = st.sampled_from(["<", "<=", ">", ">="])
MOVING = st.one_of(
    st.builds(
        lambda key, sign, n, turned: compared(key, sign, f"{n} s", timedelta(seconds=n), turned),
        st.sampled_from([DWELL, REMAINING]), ORDERED, st.integers(1, HORIZON), st.booleans(),
    ),
    st.builds(
        lambda key, sign, n, turned: compared(key, sign, str(n), n, turned),
        st.sampled_from([GLANCES, USES]), st.sampled_from(list(OPERATORS)), st.integers(1, 4), st.booleans(),
    ),
    st.builds(lambda sign, n: compared(SHARE, sign, f"{n} %", n / 100, False), ORDERED, st.integers(1, 99)),
    st.just(put_away()),
    st.sampled_from([known(USES, "is known", True), known(USES, "is unknown", False)]),
)  # fmt: skip
ATOMS = st.one_of(
    MOVING,
    st.builds(lambda word: among(f"is {word}", [word], True), st.sampled_from(CATEGORIES)),
    st.builds(lambda word: among(f"is not {word}", [word], False), st.sampled_from(CATEGORIES)),
    st.just(among("in distraction", DISTRACTING, True)),
    st.builds(
        lambda words: among(f"not in ({', '.join(words)})", words, False),
        st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=4),
    ),
    st.builds(
        lambda key, way: known(key, *way),
        st.sampled_from(list(WRITTEN)),
        st.sampled_from([("is known", True), ("is unknown", False), ("is not unknown", True)]),
    ),
)  # fmt: skip


def conditions(atoms: st.SearchStrategy[Said]) -> st.SearchStrategy[Said]:
    return st.recursive(
        atoms,
        lambda parts: st.one_of(
            st.builds(negated, parts),
            st.builds(joined, st.sampled_from(["and", "or"]), st.lists(parts, min_size=2, max_size=4)),
        ),
        max_leaves=9,
    ).filter(lambda said: len(said.text) <= LONGEST_TEXT)


CONDITIONS = conditions(ATOMS)
TIMED = st.builds(joined, st.sampled_from(["and", "or"]), st.lists(conditions(MOVING), min_size=2, max_size=3)).filter(
    lambda said: len(said.text) <= LONGEST_TEXT
)
"""Conditions whose parts all move by themselves: in them it shows whether first and last were mixed up."""
VALUES = st.fixed_dictionaries(
    {
        CATEGORY: st.none() | st.sampled_from(CATEGORIES),
        DWELL: st.none() | st.integers(0, HORIZON).map(lambda n: timedelta(seconds=n)),
        REMAINING: st.none() | st.integers(0, HORIZON).map(lambda n: timedelta(seconds=n)),
        GLANCES: st.none() | st.integers(0, 5),
        USES: st.none() | st.integers(0, 5),
        SHARE: st.none() | st.integers(0, 100).map(lambda n: n / 100),
        PUT_AWAY: st.none() | st.booleans(),
    }
)


@given(CONDITIONS, VALUES)
def test_holds_is_true_exactly_where_plain_three_valued_logic_is_certain(
    said: Said, values: dict[FeatureKey, Value | None]
) -> None:
    known_ones = {key: value for key, value in values.items() if value is not None}
    asked: list[FeatureKey] = []

    class Watched(Measured):
        def get(self, key: FeatureKey, /) -> Value | None:
            asked.append(key)
            return super().get(key)

    condition = compile_condition(said.text)
    assert condition.holds(Watched(START, known_ones)) is (said.worth(values.get) is True)
    assert set(asked) <= condition.needs


@dataclass
class Toy:
    """Features that move by themselves, one tick a second, and stand still after the horizon."""

    second: int
    grown: int
    left: int
    drops: tuple[int, ...]
    appears: int
    category: str | None
    away_at: int
    shares: tuple[float, ...]
    asked: set[FeatureKey] = field(default_factory=set)

    @property
    def at(self) -> datetime:
        return START + timedelta(seconds=self.second)

    def value(self, key: FeatureKey, second: int) -> Value | None:
        second = min(second, HORIZON)
        match key.name:
            case "category":
                return self.category
            case "dwell":
                return timedelta(seconds=self.grown + second)
            case "remaining":
                return timedelta(seconds=max(0, self.left - second))
            case "glances":
                return sum(1 for drop in self.drops if drop > second)
            case "uses":
                return None if second < self.appears else sum(1 for drop in self.drops if drop + 3 > second)
            case "share":
                return self.shares[second % len(self.shares)]
            case _:
                return second >= self.away_at

    def get(self, key: FeatureKey, /) -> Value | None:
        self.asked.add(key)
        return self.value(key, self.second)

    def changes(self, key: FeatureKey, value: Value, /) -> datetime | None:
        self.asked.add(key)

        def sides(second: int) -> tuple[bool, ...] | None:
            measured: Any = self.value(key, second)
            return None if measured is None else (measured < value, measured == value)

        for second in range(self.second + 1, HORIZON + 1):
            if sides(second) != sides(self.second):
                return START + timedelta(seconds=second)
        return None


TOYS = st.builds(
    Toy,
    second=st.just(0),
    grown=st.integers(0, HORIZON),
    left=st.integers(0, HORIZON),
    drops=st.lists(st.integers(0, HORIZON), max_size=5).map(tuple),
    appears=st.integers(-5, 20),
    category=st.none() | st.sampled_from(CATEGORIES),
    away_at=st.integers(-5, HORIZON + 5),
    shares=st.lists(st.sampled_from([0.1, 0.5, 0.9]), min_size=1, max_size=3).map(tuple),
)


def scanned(said: Said, toy: Toy) -> list[int]:
    """Return every second at which the condition answers differently than a second before."""

    def certain(second: int) -> bool:
        return said.worth(lambda key: toy.value(key, second)) is True

    return [second for second in range(1, HORIZON + 1) if certain(second) != certain(second - 1)]


@settings(max_examples=400)
@given(CONDITIONS | TIMED, TOYS)
def test_stepping_from_turn_to_turn_finds_exactly_the_instants_that_a_scan_finds(said: Said, toy: Toy) -> None:
    condition = compile_condition(said.text)
    wanted = scanned(said, toy)
    found: list[int] = []
    held, steps = condition.holds(toy), 0
    while True:
        turn = condition.turns(toy)
        assert condition.look is not None
        assert condition.look(toy) == (held, turn)
        if turn is None:
            break
        assert turn > toy.at
        toy.second = int((turn - START).total_seconds())
        steps += 1
        if condition.holds(toy) is not held:
            held = not held
            found.append(toy.second)
    assert found == wanted
    assert steps <= HORIZON
    assert toy.asked <= condition.needs


@given(CONDITIONS, TOYS)
def test_before_a_category_that_is_not_named_a_condition_neither_holds_nor_turns(said: Said, toy: Toy) -> None:
    condition = compile_condition(said.text)
    if condition.categories is not None and toy.category not in condition.categories:
        for toy.second in range(HORIZON):
            assert not condition.holds(toy)
            assert condition.turns(toy) is None


def test_the_generators_reach_conditions_that_hold_and_that_turn_twice() -> None:
    pairs = st.tuples(CONDITIONS, TOYS)
    find(pairs, lambda pair: len(scanned(*pair)) >= 2 and " and " in pair[0].text and " or " in pair[0].text)
    find(pairs, lambda pair: compile_condition(pair[0].text).holds(pair[1]) and "not" in pair[0].text)


WORDS = st.sampled_from([
    *FEATURES, *CATEGORIES, "and", "or", "not", "is", "in", "known", "unknown", "all", "distraction", "(", ")", ",",
    ".", "/", "%", "<", "<=", ">", ">=", "==", "!=", "=", "&&", "!", "s", "min", "h", "0", "3", "60", "1.5", "9" * 30,
    "-", "\n", "\t", "\x00", "\ud800", "é", "'", '"', "≥", "#",
])  # fmt: skip


def tried(text: str) -> tuple[Condition | None, tuple[RuleProblem, ...]]:
    try:
        return compile_condition(text), ()
    except RuleError as wrong:
        return None, wrong.problems


@given(st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=60).map(" ".join), st.lists(WORDS).map("".join)))
@example("(" * 2000)
@example("not " * 499 + "put_away")
@example(" or ".join(["put_away"] * 150))
@example("dwell >= " + "9" * 1900 + " s")
@example("dwell >= 999999999 w")
@example("time(social, 999999999.999999 d 9 s) >= 999999999 h")
@example("\ud800\x00\x1b[2J")
@example("glances(" * 200)
@example("x" * 2001)
@example("\u2028category is social")
def test_no_text_raises_anything_but_a_rule_error_that_can_be_printed(text: str) -> None:
    condition, problems = tried(text)
    assert (condition is None) == bool(problems)
    for problem in problems:
        str(problem).encode()
        assert str(problem).isprintable()
        assert 0 <= problem.offset <= len(text)
        assert problem.width >= 1
        line = text.split("\n")[problem.offset_line]
        assert 0 <= problem.offset_column <= len(line)
    if condition is not None:
        assert condition.needs
        assert condition.holds(Measured(START)) in {True, False}
        assert condition.turns(Measured(START)) is None


@pytest.mark.parametrize("depth", [20, 21])
def test_parentheses_may_be_twenty_deep_and_no_deeper(depth: int) -> None:
    text = "(" * depth + "put_away" + ")" * depth
    if depth <= 20:
        assert compile_condition(text).holds(Measured(START, {PUT_AWAY: True}))
    else:
        with pytest.raises(RuleError, match="deep"):
            compile_condition(text)
