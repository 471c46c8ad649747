"""The tree of a condition whose words make sense, and what each node knows of itself.

Rule 1: a node says three things: when it is certainly true, when that may turn, and what its opposite is.
Rule 2: `not` exists only in the atoms; so "not certainly true" is never taken for "certainly not true".
Rule 3: a new kind of node (a sequence, say) is one class in one file: nothing else looks inside a node.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rules.features import CATEGORIES, Unit
from rules.language.source import Truth, Writer
from rules.model import FeatureKey, Value

OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
IN_FRONT: Final = FeatureKey("category")


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
    def truth(self, writer: Writer, known: frozenset[int]) -> Truth:
        """Write the expression that is True where the node is certain; `known`: the features already read."""

    @abstractmethod
    def turn(self, writer: Writer) -> str | None:
        """Write the expression of the first instant at which the truth may turn; None: only an observation turns it."""

    def look(self, writer: Writer) -> list[str]:
        """Write a body that returns the truth with the turn, where that is less than asking twice; else nothing."""
        del writer
        return []


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """A number, compared with a constant."""

    key: FeatureKey
    operator: str
    value: Value

    def negated(self) -> Node:
        """Turn the operator; an unknown number stays neither."""
        return Compare(self.key, OPPOSITE[self.operator], self.value)

    def keys(self) -> frozenset[FeatureKey]:
        """Return the one feature."""
        return frozenset({self.key})

    def truth(self, writer: Writer, known: frozenset[int]) -> Truth:
        """Write the comparison, guarded against the unknown."""
        number = writer.key(self.key)
        guarded = f"({writer.read(number, known)} is not None and v{number} {self.operator} {writer.value(self.value)})"
        return Truth.of(guarded, known | {number})

    def turn(self, writer: Writer) -> str | None:
        """Ask the features."""
        return writer.changes(self.key, self.value)


@dataclass(frozen=True, slots=True)
class Category(Node):
    """A category that is one of some, or none of them."""

    key: FeatureKey
    words: frozenset[str]
    wanted: bool = True

    @property
    def categories(self) -> frozenset[str] | None:
        """The words, or all others, where it is the category in front that is meant."""
        if self.key != IN_FRONT:
            return None
        return self.words if self.wanted else frozenset(CATEGORIES) - self.words

    def negated(self) -> Node:
        """Return the opposite; an unknown category stays neither."""
        return Category(self.key, self.words, not self.wanted)

    def keys(self) -> frozenset[FeatureKey]:
        """Return the one feature."""
        return frozenset({self.key})

    def truth(self, writer: Writer, known: frozenset[int]) -> Truth:
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
        return Truth.of(source, known | {number})

    def turn(self, writer: Writer) -> str | None:  # noqa: ARG002 - as every node
        """Return None: a category changes only when something is observed."""
        return None


@dataclass(frozen=True, slots=True)
class Flag(Node):
    """A yes or no."""

    key: FeatureKey
    wanted: bool = True

    def negated(self) -> Node:
        """Return the opposite; an unknown flag stays neither."""
        return Flag(self.key, not self.wanted)

    def keys(self) -> frozenset[FeatureKey]:
        """Return the one feature."""
        return frozenset({self.key})

    def truth(self, writer: Writer, known: frozenset[int]) -> Truth:
        """Write the test of identity."""
        number = writer.key(self.key)
        return Truth.of(f"({writer.read(number, known)} is {self.wanted})", known | {number})

    def turn(self, writer: Writer) -> str | None:
        """Ask the features: `put_away` becomes true by time alone."""
        return writer.changes(self.key, True)


@dataclass(frozen=True, slots=True)
class Known(Node):
    """A feature that is known, or is not; this one is never neither."""

    key: FeatureKey
    wanted: bool
    unit: Unit
    zero: Value

    def negated(self) -> Node:
        """Return the opposite."""
        return Known(self.key, not self.wanted, self.unit, self.zero)

    def keys(self) -> frozenset[FeatureKey]:
        """Return the one feature."""
        return frozenset({self.key})

    def truth(self, writer: Writer, known: frozenset[int]) -> Truth:
        """Write the test for None."""
        number = writer.key(self.key)
        test = "is not" if self.wanted else "is"
        return Truth.of(f"({writer.read(number, known)} {test} None)", known | {number})

    def turn(self, writer: Writer) -> str | None:
        """Ask the features: what was unknown may have left the span by then."""
        return None if self.unit is Unit.CATEGORY else writer.changes(self.key, self.zero)


@dataclass(frozen=True, slots=True)
class _Joined(Node):
    """Parts that are joined; always two or more, none of the same class."""

    parts: tuple[Node, ...]
    word: ClassVar[str]

    def keys(self) -> frozenset[FeatureKey]:
        """Return the features of all parts."""
        return frozenset().union(*(part.keys() for part in self.parts))

    def truth(self, writer: Writer, known: frozenset[int]) -> Truth:
        """Write the parts in the author's order; Python stops at the first that decides."""
        sources: list[str] = []
        decided: list[frozenset[int]] = []
        for part in self.parts:
            written = part.truth(writer, known)
            sources.append(written.source)
            known = written.if_true if self.word == "and" else written.if_false
            decided.append(written.if_false if self.word == "and" else written.if_true)
        source = "(" + f" {self.word} ".join(sources) + ")"
        early = frozenset.intersection(*decided)
        return Truth(source, known, early) if self.word == "and" else Truth(source, early, known)

    def turn(self, writer: Writer) -> str | None:
        """Write a function of its own, for its own truth decides which parts matter."""
        body = self.turn_lines(writer)
        return writer.function(body) if body else None

    def look(self, writer: Writer) -> list[str]:
        """Write a body that returns the truth with the turn, or nothing where no part ever turns by itself."""
        early, late = ("False", "True") if self.word == "and" else ("True", "False")
        return self.turn_lines(writer, f"{early}, ", f"{late}, ")

    def turn_lines(self, writer: Writer, early: str = "", late: str = "") -> list[str]:
        """Return the body of a function of `get` and `changes`; empty where no part ever turns by itself.

        `early` stands before what is returned where one part decided, `late` where all parts had to.

        An `and` that does not hold waits for all of its untrue parts: for the last of their turns, and if one of them
        never turns, for ever. One that holds falls with the first part. An `or` is the mirror of it.
        """
        turns = [(part, part.turn(writer)) for part in self.parts]
        if all(turn is None for _, turn in turns):
            return []
        # A part that never turns answers without asking `changes`, so it is looked at first.
        in_order = sorted(turns, key=lambda pair: pair[1] is not None)
        stays = "not " if self.word == "and" else ""
        lines = ["last = None"]
        known: frozenset[int] = frozenset()
        for part, turn in in_order:
            written = part.truth(writer, known)
            known = written.if_true & written.if_false
            lines.append(f"if {stays}{written.source}:")
            if turn is None:
                lines.append(f"    return {early}None")
            else:
                lines += [f"    turn = {turn}", f"    if turn is None: return {early}None"]
                lines.append("    if last is None or turn > last: last = turn")
        lines += [f"if last is not None: return {early}last", "first = None"]
        for _, turn in in_order:
            if turn is not None:
                lines.append(f"turn = {turn}")
                lines.append("if turn is not None and (first is None or turn < first): first = turn")
        return [*lines, f"return {late}first"]


class And(_Joined):
    """Certainly true where every part is."""

    __slots__ = ()
    word = "and"

    @property
    def categories(self) -> frozenset[str] | None:
        """What all parts allow."""
        bound = [part.categories for part in self.parts if part.categories is not None]
        return frozenset.intersection(*bound) if bound else None

    def negated(self) -> Node:
        """Return the `or` of the opposites."""
        return Or(tuple(part.negated() for part in self.parts))


class Or(_Joined):
    """Certainly true where at least one part is."""

    __slots__ = ()
    word = "or"

    @property
    def categories(self) -> frozenset[str] | None:
        """What any part allows."""
        allowed: frozenset[str] = frozenset()
        for part in self.parts:
            if part.categories is None:
                return None
            allowed |= part.categories
        return allowed

    def negated(self) -> Node:
        """Return the `and` of the opposites."""
        return And(tuple(part.negated() for part in self.parts))


def joined(word: str, parts: Sequence[Node]) -> Node:
    """Return the parts joined by `and` or `or`, with parts of the same kind taken in."""
    kind = And if word == "and" else Or
    flat: list[Node] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else [part]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))
