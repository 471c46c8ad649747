"""The node of `… for 20 s`: something that has to hold for a while.

Rule 1: it never counts on luck: only what was certain at every look since then has held.
Rule 2: when it is looked at is asked of the whole condition at once, so it has no turn of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from rules.language.code_generator import CodeFragment, CodeGenerator
from rules.language.condition_tree import Node
from rules.model import FeatureKey


@dataclass(frozen=True, slots=True)
class Lasts(Node):
    """A part that has certainly held for `length`, without a break."""

    part: Node
    length: timedelta

    @property
    def categories(self) -> frozenset[str] | None:
        """Those of the part."""
        return self.part.categories

    def negated(self) -> Node:
        """Raise: the language refuses it, for a break would count as the opposite."""
        raise AssertionError

    def keys(self) -> frozenset[FeatureKey]:
        """Return the features of the part."""
        return self.part.keys()

    def truth(self, writer: CodeGenerator, known: frozenset[int]) -> CodeFragment:
        """Write the name of what was found before anything else was looked at."""
        return CodeFragment.of(self._held(writer), known)

    def turn(self, writer: CodeGenerator) -> str | None:
        """Return None: the condition as a whole asks every such part."""
        self._held(writer)
        return None

    def _held(self, writer: CodeGenerator) -> str:
        name = writer.held(self)
        return name or writer.hold(
            self, self.part.truth(writer, frozenset()).source, self.part.turn(writer), self.length
        )
