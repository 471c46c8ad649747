"""Conditions that nobody thought of, over the whole language, each with what it plainly means.

`conditions()` gives texts of rules; `said()` gives a text together with a slow and simple reading of it,
to three values, which the compiled condition must agree with.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, TypeAlias

from hypothesis import assume
from hypothesis import strategies as st

from rules.features import (
    CATEGORIES,
    DEVICE_KINDS,
    DISTRACTING,
    FEATURES,
    MAX_SPAN,
    SCOPES,
    ArgumentKind,
    Feature,
    Unit,
)
from rules.language import RuleError, compile_condition
from rules.model import FeatureKey, Filter, Value

Get: TypeAlias = Callable[[FeatureKey, int], Value | None]
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
REFUSED_ON_PURPOSE = ("never hold at once", "no category is left", "are the most", "a condition has at most", "deep")
SPANS = {
    "60 s": timedelta(minutes=1),
    "3 min": timedelta(minutes=3),
    "10 min": timedelta(minutes=10),
    "1 h 30 min": timedelta(minutes=90),
    "since start": MAX_SPAN,
}
CATEGORY = FeatureKey("category")


@dataclass(frozen=True)
class Said:
    """A condition as text, and as a function to True, False or None, written as plainly as can be.

    It is asked of one second after the beginning, and reads features of that second and of those before it.
    `lasts`: something in it is to hold for a while.
    """

    text: str
    worth: Callable[[Get, int], bool | None] = field(repr=False)
    lasts: bool = False


@dataclass(frozen=True)
class Asked:
    """A feature as it is written, with the key that is meant."""

    text: str
    key: FeatureKey
    feature: Feature


def compared(asked: Asked, sign: str, written: str, value: Value, *, turned: bool = False) -> Said:
    def worth(get: Get, second: int) -> bool | None:
        measured = get(asked.key, second)
        return None if measured is None else OPERATORS[sign](measured, value)

    return Said(f"{written} {TURNED[sign]} {asked.text}" if turned else f"{asked.text} {sign} {written}", worth)


def compared_baselines(asked: Asked, sign: str, part: int) -> Said:
    usual = asked.key._replace(name="usual", steps=(frozenset({asked.key.name}),), part=part)

    def worth(get: Get, second: int) -> bool | None:
        measured, other = get(asked.key, second), get(usual, second)
        return None if measured is None or other is None else OPERATORS[sign](measured, other)

    return Said(f"{asked.text} {sign} usual(p{part})", worth)


def known(asked: Asked, text: str, wanted: bool) -> Said:
    return Said(f"{asked.text} {text}", lambda get, second: (get(asked.key, second) is not None) == wanted)


def among(name: str, text: str, words: Iterable[str], wanted: bool) -> Said:
    kept = set(words)

    def worth(get: Get, second: int) -> bool | None:
        category = get(FeatureKey(name), second)
        return None if category is None else (category in kept) == wanted

    return Said(f"{name} {text}", worth)


def flag(text: str, key: FeatureKey) -> Said:
    return Said(text, lambda get, second: get(key, second))  # type: ignore[arg-type, return-value]


def negated(part: Said) -> Said:
    def worth(get: Get, second: int) -> bool | None:
        found = part.worth(get, second)
        return None if found is None else not found

    return Said(f"not ({part.text})", worth)


def lasting(part: Said, seconds: int) -> Said:
    def worth(get: Get, second: int) -> bool | None:
        held = second >= seconds and all(part.worth(get, at) is True for at in range(second - seconds, second + 1))
        return True if held else None

    return Said(f"({part.text}) for {seconds} s", worth, lasts=True)


def joined(word: str, parts: list[Said]) -> Said:
    def worth(get: Get, second: int) -> bool | None:
        found = [part.worth(get, second) for part in parts]
        decisive = word == "or"
        if decisive in found:
            return decisive
        return None if None in found else not decisive

    return Said(f" {word} ".join(f"({part.text})" for part in parts), worth, any(part.lasts for part in parts))


SOME = st.lists(st.sampled_from(CATEGORIES), min_size=1, max_size=4, unique=True)
STEPS = st.one_of(
    st.sampled_from(CATEGORIES).map(lambda word: (word, frozenset({word}))),
    st.just(("distraction", DISTRACTING)),
    SOME.map(lambda words: (f"({', '.join(words)})", frozenset(words))),
)


@st.composite
def filters(draw: st.DrawFn, feature: Feature) -> tuple[list[str], Filter]:
    """Return filters as they are written, in any order, and what they mean."""
    texts: list[str] = []
    categories, shorter, longer = None, None, None
    if feature.filters == "category" or draw(st.booleans()):
        words = draw(SOME)
        text, categories = draw(
            st.sampled_from(
                [
                    (f"category is {words[0]}", {words[0]}),
                    (f"category is not {words[0]}", set(CATEGORIES) - {words[0]}),
                    (f"category in ({', '.join(words)})", set(words)),
                    (f"category not in ({', '.join(words)})", set(CATEGORIES) - set(words)),
                    ("category in distraction", set(DISTRACTING)),
                ]
            )
        )
        texts.append(text)
    if feature.filters == "length":
        if draw(st.booleans()):
            longer = draw(st.integers(1, 20))
            texts.append(f"longer than {longer} s")
        if longer is None or draw(st.booleans()):
            shorter = draw(st.integers(21, 50))
            texts.append(f"shorter than {shorter} s")
    which = Filter(
        None if categories is None else frozenset(categories),
        None if shorter is None else timedelta(seconds=shorter),
        None if longer is None else timedelta(seconds=longer),
    )
    return draw(st.permutations(texts)), which


@st.composite
def features(draw: st.DrawFn, units: tuple[Unit, ...] = tuple(Unit)) -> Asked:
    """Return a feature of one of these units, with whatever span, scope and filters it may have."""
    feature = draw(st.sampled_from([each for each in FEATURES.values() if each.unit in units]))
    scope = draw(st.sampled_from(["", *SCOPES])) if feature.has_scopes else ""
    arguments: list[str] = []
    span, category, which = None, None, None
    if feature.arguments is not ArgumentKind.NONE:
        if feature.filters and draw(st.booleans()):
            arguments, which = draw(filters(feature))
        elif feature.arguments is ArgumentKind.CATEGORY_AND_SPAN:
            category = draw(st.sampled_from(CATEGORIES))
            arguments = [category]
        said, span = draw(st.sampled_from(list(SPANS.items())))
        arguments = [*arguments, said]
    text = (f"{scope}." if scope else "") + feature.name + (f"({', '.join(arguments)})" if arguments else "")
    return Asked(text, FeatureKey(feature.name, span, category, SCOPES.get(scope, "device"), which), feature)


@st.composite
def comparisons(draw: st.DrawFn) -> Said:
    """Return a feature, compared with a number within its bounds."""
    asked = draw(features((Unit.COUNT, Unit.LENGTH, Unit.RATE, Unit.SHARE)))
    ordered = draw(st.sampled_from(["<", "<=", ">", ">="]))
    turned = draw(st.booleans())
    n = draw(st.integers(1, 40))
    match asked.feature.unit:
        case Unit.COUNT:
            return compared(asked, draw(st.sampled_from(list(OPERATORS))), str(n % 5 + 1), n % 5 + 1, turned=turned)
        case Unit.LENGTH:
            return compared(asked, ordered, f"{n} s", timedelta(seconds=n), turned=turned)
        case Unit.RATE:
            return compared(asked, ordered, f"{n} / min", float(n), turned=turned)
        case _:
            return compared(asked, ordered, f"{n} %", n / 100, turned=turned)


@st.composite
def with_usual(draw: st.DrawFn) -> Said:
    """Return a feature, compared with what is usual of it."""
    asked = draw(features((Unit.COUNT, Unit.LENGTH, Unit.RATE, Unit.SHARE)).filter(lambda each: each.feature.has_usual))
    return compared_baselines(asked, draw(st.sampled_from(["<", "<=", ">", ">="])), draw(st.integers(1, 99)))


@st.composite
def sequences(draw: st.DrawFn) -> Said:
    """Return a sequence of two or three steps."""
    steps = draw(st.lists(STEPS, min_size=2, max_size=3))
    scope = draw(st.sampled_from(["", *SCOPES]))
    text = (f"{scope}." if scope else "") + " then ".join(text for text, _ in steps)
    meant = tuple(words for _, words in steps)
    return flag(
        f"{text} within 60 s",
        FeatureKey("followed", timedelta(minutes=1), None, SCOPES.get(scope, "device"), None, meant),
    )


def hop(origin: str, goal: str) -> Said:
    key = FeatureKey("hopped", timedelta(seconds=90), steps=(DEVICE_KINDS[origin], DEVICE_KINDS[goal]))
    return flag(f"hop from {origin} to {goal} within 90 s", key)


ABOUT_CATEGORIES = st.builds(
    lambda name, words, way: among(name, *way(words)),
    st.sampled_from(["category", "came_from"]),
    SOME,
    st.sampled_from(
        [
            lambda words: (f"is {words[0]}", words[:1], True),
            lambda words: (f"is not {words[0]}", words[:1], False),
            lambda words: (f"in ({', '.join(words)})", words, True),
            lambda words: (f"not in ({', '.join(words)})", words, False),
            lambda _: ("in distraction", DISTRACTING, True),
        ]
    ),
)
KNOWN = st.builds(
    lambda asked, way: known(asked, *way),
    features(),
    st.sampled_from([("is known", True), ("is unknown", False), ("is not unknown", True)]),
)
FLAGS = features((Unit.FLAG,)).map(lambda asked: flag(asked.text, asked.key))
HOPS = st.sampled_from(
    [hop(origin, goal) for origin in DEVICE_KINDS for goal in DEVICE_KINDS if (origin, goal) != ("laptop", "laptop")]
)
ATOMS = st.one_of(comparisons(), comparisons(), with_usual(), sequences(), ABOUT_CATEGORIES, KNOWN, FLAGS, HOPS)


def _grown(parts: st.SearchStrategy[Said], *, lasting_too: bool) -> st.SearchStrategy[Said]:
    ways = [
        st.builds(joined, st.sampled_from(["and", "or"]), st.lists(parts, min_size=2, max_size=4)),
        parts.filter(lambda part: not part.lasts).map(negated),
    ]
    if lasting_too:
        ways.append(st.builds(lasting, parts, st.integers(1, 12)))
    return st.one_of(ways)


def said(atoms: st.SearchStrategy[Said] = ATOMS, *, lasting_too: bool = True) -> st.SearchStrategy[Said]:
    """Return conditions of these atoms that the language takes, with what they mean."""
    grown = st.recursive(atoms, partial(_grown, lasting_too=lasting_too), max_leaves=9)
    return grown.map(_accepted)


def _accepted(condition: Said) -> Said:
    try:
        compile_condition(condition.text)
    except RuleError as wrong:
        # What contradicts itself or is too long is refused rightly; anything else would be a mistake of ours.
        messages = [problem.message.lower() for problem in wrong.problems]
        if not all(any(part in message for part in REFUSED_ON_PURPOSE) for message in messages):
            raise
        assume(False)
    return condition


def conditions(*, lasting_too: bool = True) -> st.SearchStrategy[str]:
    """Return texts of conditions over the whole language: sequences, hops, filters, what is usual, `for`."""
    return said(lasting_too=lasting_too).map(lambda condition: condition.text)
