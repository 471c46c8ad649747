"""The parts of a condition with their truth: which held, which did not, and by how much.

Rule 1: what is said here is read off the condition itself and what was measured; nothing is guessed.
Rule 2: what is not known neither holds nor fails; it is called not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from rules.features import FEATURES, Unit
from rules.language.condition_tree import Category, Compare, Flag, Known, Node
from rules.language.parser import Parser
from rules.language.problems import Problems
from rules.language.tokenizer import tokenize
from rules.language.type_checker import TypeChecker
from rules.model import FeatureKey, Value

Get: TypeAlias = Callable[[FeatureKey], Value | None]

_SIGNS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">=": lambda some, other: some >= other,
    ">": lambda some, other: some > other,
    "<=": lambda some, other: some <= other,
    "<": lambda some, other: some < other,
    "==": lambda some, other: some == other,
    "!=": lambda some, other: some != other,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonResult:
    """One comparison of a condition, and how it stood.

    `kind` says what is compared: a number with a number (`limit`), a category with `words`, a flag, or whether something
    is known. `found` None: not known. `holds` None: neither. `far`: how far it was from holding, as a share of the limit;
    0 where it held, 1 where there is no measure for it.
    """

    kind: Literal["number", "category", "flag", "known", "other"]
    key: FeatureKey
    sign: str = ""
    limit: Value | None = None
    words: frozenset[str] = frozenset()
    wanted: bool = True
    found: Value | None = None
    holds: bool | None = None
    far: float = 1.0

    @property
    def unit(self) -> Unit | None:
        """What the feature is measured in; None where it is a kind of its own."""
        feature = FEATURES.get(self.key.name)
        return feature.unit if feature else None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupResult:
    """Parts that are joined by `and` or `or`.

    `lasts`: so long all of it must hold; `lasted`: how long it has, None where that is not known or it does not hold.
    """

    by: Literal["and", "or"]
    parts: tuple[ComparisonResult | GroupResult, ...] = field(default=())
    lasts: timedelta | None = None
    lasted: timedelta | None = None

    @property
    def holds(self) -> bool | None:
        """Whether it holds; None: neither. Of what must last, where it is not known for how long: whether it does now."""
        if self.lasts is not None and self.lasted is not None and self.lasted < self.lasts:
            return False
        each = [part.holds for part in self.parts]
        decides = self.by == "or"
        if decides in each:
            return decides
        return None if None in each else not decides

    @property
    def far(self) -> float:
        """How far it was from holding: all missing parts of an `and`, the nearest of an `or`."""
        each = [part.far for part in self.parts]
        if self.lasts is not None and self.lasted is not None:
            each.append(max(0.0, 1 - self.lasted / self.lasts))
        return sum(each) if self.by == "and" else min(each, default=1.0)


def evaluate(text: str, get: Get, lasted: Sequence[timedelta | None] = ()) -> GroupResult:
    """Return the parts of the condition, each with what `get` says of its feature.

    `lasted`: how long each part that must last has held, in the order in which a condition remembers them.

    Raises:
        ValueError: if the text is no condition.
    """
    problems = Problems(text)
    node = TypeChecker(problems).of(Parser(tokenize(text, problems), problems).read())
    if node is None or problems.found:
        raise ValueError("this is no condition")
    found = _part(node, get, iter(lasted))
    return found if isinstance(found, GroupResult) else GroupResult(by="and", parts=(found,))


def comparisons(joint: GroupResult) -> list[ComparisonResult]:
    """Return every comparison, in the author's order."""
    found: list[ComparisonResult] = []
    for part in joint.parts:
        found += comparisons(part) if isinstance(part, GroupResult) else [part]
    return found


def _part(node: Node, get: Get, lasted: Iterator[timedelta | None]) -> ComparisonResult | GroupResult:
    match node:
        case Compare(key=key, operator=sign, value=limit):
            return _number(key, sign, limit, get(key))
        case Category(key=key, words=words, wanted=wanted):
            found = get(key)
            holds = None if found is None else (found in words) == wanted
            return ComparisonResult(
                kind="category",
                key=key,
                words=words,
                wanted=wanted,
                found=found,
                holds=holds,
                far=0.0 if holds else 1.0,
            )
        case Flag(key=key, wanted=wanted):
            found = get(key)
            holds = None if found is None else found is wanted
            return ComparisonResult(
                kind="flag", key=key, wanted=wanted, found=found, holds=holds, far=0.0 if holds else 1.0
            )
        case Known(key=key, wanted=wanted):
            found = get(key)
            holds = (found is not None) == wanted
            return ComparisonResult(
                kind="known", key=key, wanted=wanted, found=found, holds=holds, far=0.0 if holds else 1.0
            )
    joined: Sequence[Node] | None = getattr(node, "parts", None)
    if joined is not None:
        return GroupResult(
            by="or" if getattr(node, "word", "and") == "or" else "and",
            parts=tuple(_part(one, get, lasted) for one in joined),
        )
    inner: Node | None = getattr(node, "part", None)
    if inner is not None:
        # What stands inside is remembered before what stands around it.
        held = _part(inner, get, lasted)
        return GroupResult(by="and", parts=(held,), lasts=getattr(node, "length", None), lasted=next(lasted, None))
    usual: FeatureKey | None = getattr(node, "usual", None)
    (of, *_) = sorted(node.keys() - {usual}, key=repr)
    sign = str(getattr(node, "operator", ""))
    most = None if usual is None else get(usual)
    if most is not None:
        return _number(of, sign, most, get(of))
    return ComparisonResult(kind="number" if usual else "other", key=of, sign=sign, found=get(of))


def _number(key: FeatureKey, sign: str, limit: Value, found: Value | None) -> ComparisonResult:
    some, other = _plain(found), _plain(limit)
    if some is None or other is None:
        return ComparisonResult(kind="number", key=key, sign=sign, limit=limit, found=found)
    holds = _SIGNS[sign](some, other)
    far = 0.0 if holds else min(1.0, abs(some - other) / max(abs(some), abs(other), 1e-9))
    # One short of "more than" is not nothing.
    return ComparisonResult(
        kind="number", key=key, sign=sign, limit=limit, found=found, holds=holds, far=far if holds else max(far, 0.001)
    )


def _plain(value: Value | None) -> float | None:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return float(value) if isinstance(value, int | float) else None
