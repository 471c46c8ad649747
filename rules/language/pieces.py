"""Read the pieces of which conditions are made: features with their arguments, numbers with their units, words.

Rule 1: what cannot be read is noted once, and `Unreadable` says where reading may go on.
"""

from __future__ import annotations

from typing import Final, Literal, NoReturn

from rules.language.problems import Problems, shown
from rules.language.syntax_tree import (
    Argument,
    CategoryFilter,
    FeatureExpr,
    LengthFilter,
    Measure,
    Quantity,
    SinceStart,
)
from rules.language.tokenizer import KEYWORDS, Token

SOME_CATEGORIES: Final = "categories, such as (social, video), or a set, such as distraction"


class Unreadable(Exception):
    """The part under way cannot be read; its problem is noted."""


class Pieces:
    """A place in the tokens of one text, and what can be read there."""

    def __init__(self, tokens: list[Token], problems: Problems) -> None:
        self.tokens = tokens
        self.problems = problems
        self.position = 0
        self.comparisons = 0
        self.unclosed = 0

    @property
    def now(self) -> Token:
        """The token that is read next."""
        return self.tokens[self.position]

    def ahead(self, count: int = 1) -> Token:
        """Return a token further on; behind the end it is the end."""
        return self.tokens[min(self.position + count, len(self.tokens) - 1)]

    def ended(self) -> bool:
        """Return whether everything is read."""
        return self.now.kind == "end"

    def next(self) -> Token:
        """Read one token, whatever it is."""
        token = self.now
        if token.kind != "end":
            self.position += 1
        return token

    def take(self, text: str) -> Token | None:
        """Read the token if it is this one."""
        return self.next() if self.now.text == text else None

    def since(self, at: int) -> int:
        """Return how wide what was read from the character `at` on is."""
        last = self.tokens[max(0, self.position - 1)]
        return max(1, last.at + last.width - at)

    def named(self) -> FeatureExpr:
        """Read a feature."""
        first = self.word("a feature, such as dwell")
        scope, name = None, first
        if self.take("."):
            scope, name = first, self.word("the name of a feature")
        arguments = self._arguments() if self.take("(") else None
        return FeatureExpr(name, scope, arguments, first.at, self.since(first.at))

    def _arguments(self) -> tuple[Argument, ...]:
        given: list[Argument] = []
        self.unclosed += 1
        while not self.take(")"):
            if given and not self.take(","):
                self.unexpected("',' or ')'")
            given.append(self._argument())
        self.unclosed -= 1
        return tuple(given)

    def _argument(self) -> Argument:
        if self.now.kind == "number":
            return self.quantity()
        at, following = self.now.at, self.ahead().text
        if self.now.text == "since" and following == "start":
            self.position += 2
            return SinceStart(at, self.since(at))
        if self.now.text in {"shorter", "longer"} and following == "than":
            return self._bounded(at)
        if self.now.text == "category" and following in {"is", "in", "not"}:
            return self._kept(at)
        return self.word("a span, such as 10 min")

    def _bounded(self, at: int) -> LengthFilter:
        self.comparisons += 1
        by: Literal["shorter", "longer"] = "shorter" if self.next().text == "shorter" else "longer"
        self.next()
        return LengthFilter(by, self.some_length(), at, self.since(at))

    def _kept(self, at: int) -> CategoryFilter:
        self.comparisons += 1
        self.next()
        if self.take("is"):
            negated = self.take("not") is not None
            return CategoryFilter((self.word("a category"),), negated, "is", at, self.since(at))
        negated = self.take("not") is not None
        if not self.take("in"):
            self.unexpected("'in'")
        return CategoryFilter(self.words(), negated, "in", at, self.since(at))

    def words(self, wanted: str = SOME_CATEGORIES) -> tuple[Token, ...]:
        """Read one word, or several in parentheses."""
        if not self.take("("):
            return (self.word(wanted),)
        self.unclosed += 1
        words = [self.word("a category")]
        while not self.take(")"):
            if not self.take(","):
                self.unexpected("',' or ')'")
            words.append(self.word("a category"))
        self.unclosed -= 1
        return tuple(words)

    def word(self, wanted: str) -> Token:
        """Read a word that is not one of the language's own."""
        if not self._is_word(self.now):
            self.unexpected(wanted)
        return self.next()

    def some_length(self) -> Quantity:
        """Read a number, which should be a length."""
        if self.now.kind != "number":
            self.unexpected("a length, such as 60 s,")
        return self.quantity()

    def quantity(self) -> Quantity:
        """Read a number with its unit."""
        number = self.next()
        at = number.at
        parts: list[tuple[Token, Token | None]] = [(number, None)]
        measure: Measure = "count"
        if self.take("%"):
            measure = "share"
        elif self.take("/"):
            measure, parts = "rate", [(number, self.word("s, min or h"))]
        elif self._unit_is_next():
            measure, parts = "length", [(number, self.next())]
            while self.now.kind == "number":
                number = self.next()
                if not self._unit_is_next():
                    self.unexpected("a unit, such as s or min")
                parts.append((number, self.next()))
        return Quantity(measure, tuple(parts), at, self.since(at))

    def _unit_is_next(self) -> bool:
        return self._is_word(self.now)

    @staticmethod
    def _is_word(token: Token) -> bool:
        return token.kind == "name" and token.text not in KEYWORDS

    def note(self, wanted: str) -> None:
        """Note that something else should stand here."""
        found = "the condition ends" if self.now.kind == "end" else f"'{shown(self.now.text)}' stands"
        self.problems.add(f"Here {found} where {wanted} should be.", self.now.at, self.now.width)

    def unexpected(self, wanted: str) -> NoReturn:
        """Note it, and give the part up."""
        self.note(wanted)
        raise Unreadable
