"""The tree of a checked condition, and the code that each node generates.

Invariant 1: a node generates code for whether it is certainly true and for when that may change, and returns its opposite.
Invariant 2: `not` exists only in the comparisons, so "not certainly true" is never confused with "certainly not true".
Invariant 3: the deadline of an `and` is that of the last of its untrue parts, of an `or` the first of any part.
Invariant 4: a part with a `for` is timed from the first of consecutive evaluations in which it was certainly true.
Invariant 5: a new kind of node is one class; besides the node itself, only `contradictions` depends on its kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar, Final, Literal, NamedTuple

from rules.evaluation import OPPOSITE, ComparisonResult, Get, GroupResult, compare_number
from rules.features import CATEGORIES, Unit
from rules.language.code_generator import CodeFragment, CodeGenerator
from rules.model import FeatureKey, Value

IN_FRONT: Final = FeatureKey("category")


class SourceSpan(NamedTuple):
    """The place of a node's words, and whether the node is their opposite."""

    offset: int = 0
    width: int = 0
    negated: bool = False

    def opposite(self) -> SourceSpan:
        """Return the same words, negated once more."""
        return self._replace(negated=not self.negated)


class Node(ABC):
    """A part of a condition."""

    @property
    def categories(self) -> frozenset[str] | None:
        """The only categories in front for which it can hold or have a deadline; None: any."""
        return None

    @abstractmethod
    def negated(self) -> Node:
        """Return the node that is certainly true where this one is certainly false."""

    @abstractmethod
    def keys(self) -> frozenset[FeatureKey]:
        """Return every feature that may be read."""

    @abstractmethod
    def truth(self, generator: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        """Generate the expression that is True where the node is certain; `known`: the features read before."""

    @abstractmethod
    def deadline(self, generator: CodeGenerator) -> str | None:
        """Generate the expression of the first instant at which the truth may change; None: only observations change it."""

    def evaluation(self, generator: CodeGenerator) -> list[str]:
        """Generate a function body that returns truth and deadline together, if that is faster than both; else nothing."""
        del generator
        return []

    @abstractmethod
    def result(self, get: Get, held_for: Iterator[timedelta | None]) -> ComparisonResult | GroupResult:
        """Return the node's result; `held_for`: how long each part with a `for` has held, inner parts first."""


@dataclass(frozen=True, slots=True)
class _Comparison(Node):
    """A comparison of one feature; `source` does not count for equality."""

    key: FeatureKey
    source: SourceSpan = field(default=SourceSpan(), compare=False, kw_only=True)

    def keys(self) -> frozenset[FeatureKey]:
        return frozenset({self.key})

    def deadline(self, _generator: CodeGenerator) -> str | None:
        return None


@dataclass(frozen=True, slots=True)
class Compare(_Comparison):
    """A number, compared with a constant; an unknown number is neither true nor false."""

    operator: str
    value: Value

    def negated(self) -> Node:
        return replace(self, operator=OPPOSITE[self.operator], source=self.source.opposite())

    def truth(self, generator: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        number = generator.key(self.key)
        read, value = generator.read(number, known), generator.constant(self.value)
        # An unknown number makes neither this comparison nor its opposite true.
        return CodeFragment.of(f"({read} is not None and v{number} {self.operator} {value})", known | {number})

    def deadline(self, generator: CodeGenerator) -> str | None:
        return generator.deadline(self.key, self.value)

    def result(self, get: Get, _held_for: Iterator[timedelta | None]) -> ComparisonResult:
        return compare_number(self.key, self.operator, self.value, get(self.key))


@dataclass(frozen=True, slots=True)
class CompareUsual(_Comparison):
    """A number, compared with its usual value; if one of the two is unknown it is neither true nor false."""

    operator: str
    usual: FeatureKey

    def negated(self) -> Node:
        return replace(self, operator=OPPOSITE[self.operator], source=self.source.opposite())

    def keys(self) -> frozenset[FeatureKey]:
        return frozenset({self.key, self.usual})

    def truth(self, generator: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        # The usual value is read first: it is often unknown, and then the number need not be measured.
        number, usual = generator.key(self.key), generator.key(self.usual)
        first = generator.read(usual, known)
        known |= {usual}
        second = generator.read(number, known)
        guarded = f"({first} is not None and {second} is not None and v{number} {self.operator} v{usual})"
        return CodeFragment(guarded, known | {number}, known)

    def deadline(self, generator: CodeGenerator) -> str | None:
        # The usual value never changes within a session; while it is unknown there is no deadline.
        number, usual = generator.key(self.key), generator.key(self.usual)
        return f"(None if (v{usual} := get(k{usual})) is None else deadline(k{number}, v{usual}))"

    def result(self, get: Get, _held_for: Iterator[timedelta | None]) -> ComparisonResult:
        return compare_number(self.key, self.operator, get(self.usual), get(self.key))


@dataclass(frozen=True, slots=True)
class _WantedComparison(_Comparison):
    """A comparison whose opposite differs only in `wanted`. `words`: the categories with which it compares."""

    words: frozenset[str] = field(default=frozenset(), kw_only=True)
    wanted: bool = field(default=True, kw_only=True)
    kind: ClassVar[Literal["category", "flag", "known"]]

    def negated(self) -> Node:
        return replace(self, wanted=not self.wanted, source=self.source.opposite())

    def result(self, get: Get, _held_for: Iterator[timedelta | None]) -> ComparisonResult:
        value = get(self.key)
        holds = self._holds(value)
        return ComparisonResult(
            kind=self.kind,
            key=self.key,
            words=self.words,
            wanted=self.wanted,
            found=value,
            holds=holds,
            distance=0.0 if holds else 1.0,
        )

    def _holds(self, value: Value | None) -> bool | None:
        return None if value is None else value is self.wanted


@dataclass(frozen=True, slots=True)
class Category(_WantedComparison):
    """A category that is one of `words`, or none of them; an unknown one is neither."""

    kind = "category"

    @property
    def categories(self) -> frozenset[str] | None:
        """The words or all others, if the feature is the category in front (not `came_from`)."""
        if self.key != IN_FRONT:
            return None
        return self.words if self.wanted else frozenset(CATEGORIES) - self.words

    def truth(self, generator: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        number = generator.key(self.key)
        read = generator.read(number, known)
        if len(self.words) == 1:
            (word,) = self.words
            test = f"{'==' if self.wanted else '!='} {generator.constant(word)}"
        else:
            test = f"{'in' if self.wanted else 'not in'} {generator.constant(self.words)}"
        # None equals no word, so only the opposite needs a guard.
        source = f"({read} {test})" if self.wanted else f"({read} is not None and v{number} {test})"
        return CodeFragment.of(source, known | {number})

    def _holds(self, value: Value | None) -> bool | None:
        return None if value is None else (value in self.words) == self.wanted


@dataclass(frozen=True, slots=True)
class Flag(_WantedComparison):
    """A yes or no; an unknown one is neither."""

    kind = "flag"

    @property
    def categories(self) -> frozenset[str] | None:
        """Those of the last step of a sequence, which is the open use."""
        return self.key.steps[-1] if self.key.name == "followed" and self.wanted else None

    def truth(self, generator: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        number = generator.key(self.key)
        # Identity with True or False: None, the unknown, is neither.
        return CodeFragment.of(f"({generator.read(number, known)} is {self.wanted})", known | {number})

    def deadline(self, generator: CodeGenerator) -> str | None:
        return generator.deadline(self.key, True)


@dataclass(frozen=True, slots=True)
class Known(_WantedComparison):
    """A feature that is known, or is not; this one is always true or false."""

    unit: Unit
    zero: Value
    kind = "known"

    def truth(self, generator: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        number = generator.key(self.key)
        test = "is not" if self.wanted else "is"
        return CodeFragment.of(f"({generator.read(number, known)} {test} None)", known | {number})

    def deadline(self, generator: CodeGenerator) -> str | None:
        # It may become unknown or known when it would equal zero, because a count leaves the span.
        return None if self.unit is Unit.CATEGORY else generator.deadline(self.key, self.zero)

    def _holds(self, value: Value | None) -> bool | None:
        return (value is not None) == self.wanted


@dataclass(frozen=True, slots=True)
class AndOr(Node):
    """Parts joined by the same word; always two or more, none of the same class."""

    parts: tuple[Node, ...]
    word: ClassVar[Literal["and", "or"]]

    def keys(self) -> frozenset[FeatureKey]:
        return frozenset().union(*(part.keys() for part in self.parts))

    def truth(self, generator: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        # In the written order; Python stops at the first part that decides.
        sources: list[str] = []
        decided: list[frozenset[int]] = []
        for part in self.parts:
            fragment = part.truth(generator, known)
            sources.append(fragment.source)
            known = fragment.if_true if self.word == "and" else fragment.if_false
            decided.append(fragment.if_false if self.word == "and" else fragment.if_true)
        source = "(" + f" {self.word} ".join(sources) + ")"
        # Any part may have decided, so only features that are read in every case are known to be read.
        early = frozenset.intersection(*decided)
        return CodeFragment(source, known, early) if self.word == "and" else CodeFragment(source, early, known)

    def deadline(self, generator: CodeGenerator) -> str | None:
        # A separate function, because the truth of the parts decides which deadlines count.
        body = self._deadline_lines(generator)
        return generator.function(body) if body else None

    def evaluation(self, generator: CodeGenerator) -> list[str]:
        early, late = ("False", "True") if self.word == "and" else ("True", "False")
        return self._deadline_lines(generator, f"{early}, ", f"{late}, ")

    def result(self, get: Get, held_for: Iterator[timedelta | None]) -> GroupResult:
        return GroupResult(joined_by=self.word, parts=tuple(part.result(get, held_for) for part in self.parts))

    def _deadline_lines(self, generator: CodeGenerator, early: str = "", late: str = "") -> list[str]:
        """Return the body of a function; empty where no part has a deadline.

        `early` is put before a result that one part decided, `late` before one that all parts decided.

        An `and` that does not hold waits for all of its untrue parts: its deadline is the last of theirs, or none if one of
        them has none. One that holds fails with the first part. An `or` is the reverse.
        """
        deadlines = [(part, part.deadline(generator)) for part in self.parts]
        if all(deadline is None for _, deadline in deadlines):
            return []
        # A part without a deadline costs no call, so it comes first.
        in_order = sorted(deadlines, key=lambda pair: pair[1] is not None)
        decides = "not " if self.word == "and" else ""
        lines = ["last = None"]
        known: frozenset[int] = frozenset()
        for part, deadline in in_order:
            fragment = part.truth(generator, known)
            # Evaluation continues whether or not the part decided, so only features read either way count as read.
            known = fragment.if_true & fragment.if_false
            lines.append(f"if {decides}{fragment.source}:")
            if deadline is None:
                lines.append(f"    return {early}None")
            else:
                lines += [f"    instant = {deadline}", f"    if instant is None: return {early}None"]
                lines.append("    if last is None or instant > last: last = instant")
        # Parts that decide now have a last deadline; without any, the first deadline of all parts counts.
        lines += [f"if last is not None: return {early}last", "first = None"]
        for _, deadline in in_order:
            if deadline is not None:
                lines.append(f"instant = {deadline}")
                lines.append("if instant is not None and (first is None or instant < first): first = instant")
        return [*lines, f"return {late}first"]


class And(AndOr):
    """Certainly true where every part is."""

    __slots__ = ()
    word = "and"

    @property
    def categories(self) -> frozenset[str] | None:
        """Those that all parts allow; a part without bounds allows any."""
        bound = [part.categories for part in self.parts if part.categories is not None]
        return frozenset.intersection(*bound) if bound else None

    def negated(self) -> Node:
        return Or(tuple(part.negated() for part in self.parts))


class Or(AndOr):
    """Certainly true where at least one part is."""

    __slots__ = ()
    word = "or"

    @property
    def categories(self) -> frozenset[str] | None:
        """Those that any part allows; a part without bounds makes the whole unbounded."""
        bound = [part.categories for part in self.parts if part.categories is not None]
        return frozenset().union(*bound) if len(bound) == len(self.parts) else None

    def negated(self) -> Node:
        return And(tuple(part.negated() for part in self.parts))


@dataclass(frozen=True, slots=True)
class Lasts(Node):
    """`... for 20 s`: a part that has certainly held for `length`, without a break."""

    part: Node
    length: timedelta

    @property
    def categories(self) -> frozenset[str] | None:
        """Those of the part."""
        return self.part.categories

    def negated(self) -> Node:
        """Raise: the type checker refuses it, because a break would count as the opposite."""
        raise AssertionError

    def keys(self) -> frozenset[FeatureKey]:
        return self.part.keys()

    def truth(self, generator: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        return CodeFragment.of(self._timed(generator), known)

    def deadline(self, generator: CodeGenerator) -> str | None:
        # Every such part is timed by the condition as a whole, which has the deadlines of all of them.
        self._timed(generator)
        return None

    def result(self, get: Get, held_for: Iterator[timedelta | None]) -> GroupResult:
        # In the order of the memory: inner parts before outer ones.
        part = self.part.result(get, held_for)
        return GroupResult(joined_by="and", parts=(part,), required=self.length, held_for=next(held_for, None))

    def _timed(self, generator: CodeGenerator) -> str:
        name = generator.timed(self)
        if name is not None:
            return name
        # No feature counts as read, because parts are timed first, before the rest of the condition.
        truth, deadline = self.part.truth(generator, frozenset()).source, self.part.deadline(generator)
        return generator.time(self, truth, deadline, self.length)


def join(word: str, parts: Sequence[Node]) -> Node:
    """Return the parts joined by `and` or `or`; parts of the same kind are merged into it."""
    kind = And if word == "and" else Or
    # `a and (b and c)` is one `and`: its parts are compared with each other for contradictions.
    flat: list[Node] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else [part]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))
