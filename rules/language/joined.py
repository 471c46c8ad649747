"""The nodes that join others: `and` and `or`.

Rule 1: which part is looked at, and when again, is decided as a reader would: an `and` waits for the last of what is
missing, an `or` for the first of what could come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rules.language.code_generator import CodeFragment, CodeGenerator
from rules.language.condition_tree import Node
from rules.model import FeatureKey


@dataclass(frozen=True, slots=True)
class _Joined(Node):
    """Parts that are joined; always two or more, none of the same class."""

    parts: tuple[Node, ...]
    word: ClassVar[str]

    def keys(self) -> frozenset[FeatureKey]:
        """Return the features of all parts."""
        return frozenset().union(*(part.keys() for part in self.parts))

    def truth(self, writer: CodeGenerator, known: frozenset[int]) -> CodeFragment:
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
        return CodeFragment(source, known, early) if self.word == "and" else CodeFragment(source, early, known)

    def turn(self, writer: CodeGenerator) -> str | None:
        """Write a function of its own, for its own truth decides which parts matter."""
        body = self.turn_lines(writer)
        return writer.function(body) if body else None

    def look(self, writer: CodeGenerator) -> list[str]:
        """Write a body that returns the truth with the turn, or nothing where no part ever turns by itself."""
        early, late = ("False", "True") if self.word == "and" else ("True", "False")
        return self.turn_lines(writer, f"{early}, ", f"{late}, ")

    def turn_lines(self, writer: CodeGenerator, early: str = "", late: str = "") -> list[str]:
        """Return the body of a function; empty where no part ever turns by itself.

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
