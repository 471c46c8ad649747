"""The tree of a condition whose words make sense, and what each node knows of itself.

Rule 1: a node says three things: when it is certainly true, when that may turn, and what its opposite is.
Rule 2: `not` exists only in the atoms; so "not certainly true" is never taken for "certainly not true".
Rule 3: a new kind of node is one class: only `contradictions` looks inside the nodes of others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from rules.features import CATEGORIES, Unit
from rules.language.code_generator import CodeFragment, CodeGenerator
from rules.model import FeatureKey, Value

OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
IN_FRONT: Final = FeatureKey("category")


class SourceSpan(NamedTuple):
    """Where the words of a node stand, and whether it says their opposite; two nodes are equal wherever they stand."""

    at: int = 0
    width: int = 0
    turned: bool = False

    def opposite(self) -> SourceSpan:
        """Return the same words, turned once more."""
        return self._replace(turned=not self.turned)


NOWHERE: Final = SourceSpan()


class Node(ABC):
    """A part of a condition."""

    @property
    def categories(self) -> frozenset[str] | None:
        """The categories in front of which alone it can hold or turn; None: it may whatever is in front."""
        return None

    @abstractmethod
    def negated(self) -> Node:
        """Return the node that is certainly true where this one is certainly false."""

    @abstractmethod
    def keys(self) -> frozenset[FeatureKey]:
        """Return every feature that may be asked for."""

    @abstractmethod
    def truth(self, writer: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        """Write the expression that is True where the node is certain; `known`: the features already read."""

    @abstractmethod
    def turn(self, writer: CodeGenerator) -> str | None:
        """Write the expression of the first instant at which the truth may turn; None: only an observation turns it."""

    def look(self, writer: CodeGenerator) -> list[str]:
        """Write a body that returns the truth with the turn, where that is less than asking twice; else nothing."""
        del writer
        return []


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """A number, compared with a constant."""

    key: FeatureKey
    operator: str
    value: Value
    written: SourceSpan = field(default=NOWHERE, compare=False)

    def negated(self) -> Node:
        """Turn the operator; an unknown number stays neither."""
        return Compare(self.key, OPPOSITE[self.operator], self.value, self.written.opposite())

    def keys(self) -> frozenset[FeatureKey]:
        """Return the one feature."""
        return frozenset({self.key})

    def truth(self, writer: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        """Write the comparison, guarded against the unknown."""
        number = writer.key(self.key)
        guarded = f"({writer.read(number, known)} is not None and v{number} {self.operator} {writer.value(self.value)})"
        return CodeFragment.of(guarded, known | {number})

    def turn(self, writer: CodeGenerator) -> str | None:
        """Ask the features."""
        return writer.deadline(self.key, self.value)


@dataclass(frozen=True, slots=True)
class CompareUsual(Node):
    """A number, compared with what is usual of it."""

    key: FeatureKey
    operator: str
    usual: FeatureKey
    written: SourceSpan = field(default=NOWHERE, compare=False)

    def negated(self) -> Node:
        """Turn the operator; where one of the two is unknown it stays neither."""
        return CompareUsual(self.key, OPPOSITE[self.operator], self.usual, self.written.opposite())

    def keys(self) -> frozenset[FeatureKey]:
        """Return both features."""
        return frozenset({self.key, self.usual})

    def truth(self, writer: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        """Write the comparison, guarded twice: what is usual is asked for first, for it is often unknown."""
        number, usual = writer.key(self.key), writer.key(self.usual)
        first = writer.read(usual, known)
        known |= {usual}
        second = writer.read(number, known)
        guarded = f"({first} is not None and {second} is not None and v{number} {self.operator} v{usual})"
        return CodeFragment(guarded, known | {number}, known)

    def turn(self, writer: CodeGenerator) -> str | None:
        """Ask the features; what is usual stands still for an evening, and while it is unknown nothing turns."""
        number, usual = writer.key(self.key), writer.key(self.usual)
        return f"(None if (v{usual} := get(k{usual})) is None else changes(k{number}, v{usual}))"


@dataclass(frozen=True, slots=True)
class Category(Node):
    """A category that is one of some, or none of them."""

    key: FeatureKey
    words: frozenset[str]
    wanted: bool = True
    written: SourceSpan = field(default=NOWHERE, compare=False)

    @property
    def categories(self) -> frozenset[str] | None:
        """The words, or all others, where it is the category in front that is meant."""
        if self.key != IN_FRONT:
            return None
        return self.words if self.wanted else frozenset(CATEGORIES) - self.words

    def negated(self) -> Node:
        """Return the opposite; an unknown category stays neither."""
        return Category(self.key, self.words, not self.wanted, self.written.opposite())

    def keys(self) -> frozenset[FeatureKey]:
        """Return the one feature."""
        return frozenset({self.key})

    def truth(self, writer: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        """Write the test of equality or membership."""
        number = writer.key(self.key)
        read = writer.read(number, known)
        if len(self.words) == 1:
            (word,) = self.words
            test = f"{'==' if self.wanted else '!='} {writer.value(word)}"
        else:
            test = f"{'in' if self.wanted else 'not in'} {writer.value(self.words)}"
        # None equals no word, so only the opposite needs a guard.
        source = f"({read} {test})" if self.wanted else f"({read} is not None and v{number} {test})"
        return CodeFragment.of(source, known | {number})

    def turn(self, writer: CodeGenerator) -> str | None:  # noqa: ARG002 - as every node
        """Return None: a category changes only when something is observed."""
        return None


@dataclass(frozen=True, slots=True)
class Flag(Node):
    """A yes or no."""

    key: FeatureKey
    wanted: bool = True
    written: SourceSpan = field(default=NOWHERE, compare=False)

    @property
    def categories(self) -> frozenset[str] | None:
        """Those of the last step, where it is a sequence: that one is the use under way."""
        return self.key.steps[-1] if self.key.name == "followed" and self.wanted else None

    def negated(self) -> Node:
        """Return the opposite; an unknown flag stays neither."""
        return Flag(self.key, not self.wanted, self.written.opposite())

    def keys(self) -> frozenset[FeatureKey]:
        """Return the one feature."""
        return frozenset({self.key})

    def truth(self, writer: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        """Write the test of identity."""
        number = writer.key(self.key)
        return CodeFragment.of(f"({writer.read(number, known)} is {self.wanted})", known | {number})

    def turn(self, writer: CodeGenerator) -> str | None:
        """Ask the features: `put_away` becomes true by time alone."""
        return writer.deadline(self.key, True)


@dataclass(frozen=True, slots=True)
class Known(Node):
    """A feature that is known, or is not; this one is never neither."""

    key: FeatureKey
    wanted: bool
    unit: Unit
    zero: Value
    written: SourceSpan = field(default=NOWHERE, compare=False)

    def negated(self) -> Node:
        """Return the opposite."""
        return Known(self.key, not self.wanted, self.unit, self.zero, self.written.opposite())

    def keys(self) -> frozenset[FeatureKey]:
        """Return the one feature."""
        return frozenset({self.key})

    def truth(self, writer: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        """Write the test for None."""
        number = writer.key(self.key)
        test = "is not" if self.wanted else "is"
        return CodeFragment.of(f"({writer.read(number, known)} {test} None)", known | {number})

    def turn(self, writer: CodeGenerator) -> str | None:
        """Ask the features: what was unknown may have left the span by then."""
        return None if self.unit is Unit.CATEGORY else writer.deadline(self.key, self.zero)
