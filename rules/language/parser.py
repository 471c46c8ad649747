"""Read the tokens of a condition into forms.

    condition  = all { "or" all } ;              all = part { "and" part } ;      part = { "not" } single ;
    single     = "(" condition ")" | feature | feature comparison quantity | quantity comparison feature
               | feature "is" [ "not" ] word | feature [ "not" ] "in" ( word | "(" word { "," word } ")" ) ;

Rule 1: after a problem the reading goes on at the next `and`, `or` or `)`, so that one slip does not hide another.
Rule 2: nesting and number are bounded here; no text can exhaust the stack or the time.
"""

from __future__ import annotations

from typing import Final, NoReturn

from rules.language.problems import Problems, shown
from rules.language.syntax import Alone, Among, Broken, Compared, Form, Joined, Measure, Named, Negated, Quantity
from rules.language.tokens import COMPARISONS, KEYWORDS, Token

DEEPEST: Final = 20
MOST_COMPARISONS: Final = 50
TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


class _Unreadable(Exception):
    """The part under way cannot be read; its problem is noted."""


class Parser:
    """One reading of one text."""

    def __init__(self, tokens: list[Token], problems: Problems) -> None:
        self.tokens = tokens
        self.problems = problems
        self.position = 0
        self.depth = 0
        self.comparisons = 0
        self.unclosed = 0

    def read(self) -> Form:
        """Return the whole condition; a part that cannot be read is `Broken`, with its problem noted."""
        parts = [self._any()]
        while not self._ended():
            # Only a closing parenthesis can stand here: everything else was read or skipped.
            stray = self._next()
            self.problems.add("This ')' closes nothing.", stray.at, stray.width)
            if self.now.text in {"and", "or"}:
                self._next()
            if not self._ended() and self.now.text != ")":
                parts.append(self._any())
        if self.comparisons > MOST_COMPARISONS:
            self.problems.add(
                f"There are {self.comparisons} comparisons in one condition; {MOST_COMPARISONS} are the most.",
                0,
                hint="Make several rules of it.",
            )
        return _joined("and", parts)

    @property
    def now(self) -> Token:
        """The token that is read next."""
        return self.tokens[self.position]

    def _ended(self) -> bool:
        return self.now.kind == "end"

    def _next(self) -> Token:
        token = self.now
        if token.kind != "end":
            self.position += 1
        return token

    def _take(self, text: str) -> Token | None:
        return self._next() if self.now.text == text else None

    def _any(self) -> Form:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return _joined("or", parts)

    def _all(self) -> Form:
        parts = [self._part()]
        while True:
            if self._take("and"):
                parts.append(self._part())
            elif self.now.kind in {"name", "number"} and self.now.text not in {"or", "is", "in"}:
                self.problems.add(
                    f"Before '{shown(self.now.text)}' an 'and' or an 'or' is missing.", self.now.at, self.now.width
                )
                parts.append(self._part())
            elif self.now.text not in {"or", ")"} and self.now.kind != "end":
                self._refuse_chain()
                self._skip()
            else:
                return _joined("and", parts)

    def _refuse_chain(self) -> None:
        if self.now.text in COMPARISONS:
            self.problems.add(
                "Only one comparison at a time.",
                self.now.at,
                self.now.width,
                "Write for example dwell > 10 s and dwell < 30 s.",
            )
        else:
            self._note("'and' or 'or'")

    def _part(self) -> Form:
        negated = False
        while self._take("not"):
            negated = not negated
        try:
            form = self._single()
        except _Unreadable:
            self._skip(self.unclosed)
            self.unclosed = 0
            form = Broken()
        return Negated(form) if negated else form

    def _skip(self, unclosed: int = 0) -> None:
        open_ones = unclosed
        while self.now.kind != "end":
            if (self.now.text in {"and", "or"} and open_ones <= unclosed) or (self.now.text == ")" and open_ones == 0):
                return
            open_ones += {"(": 1, ")": -1}.get(self.now.text, 0)
            self.position += 1

    def _single(self) -> Form:
        if self.now.text == "(":
            return self._in_parentheses()
        self.comparisons += 1
        if self.now.kind == "number":
            return self._turned()
        feature = self._named()
        if self.now.text in COMPARISONS:
            sign = self._next()
            return Compared(feature, sign.text, self._other_side(), sign)
        if self._take("is"):
            negated = self._take("not") is not None
            if self.now.text == "in":
                self._unexpected("a word")
            return Among(feature, (self._word("a word, such as social or unknown"),), negated, "is")
        following = self.tokens[min(self.position + 1, len(self.tokens) - 1)]
        if self.now.text == "not" and following.text == "in":
            self._next()
            self._next()
            return Among(feature, self._words(), True, "in")
        if self._take("in"):
            return Among(feature, self._words(), False, "in")
        return Alone(feature)

    def _in_parentheses(self) -> Form:
        opening = self._next()
        if self.depth >= DEEPEST:
            self.problems.add(f"Parentheses are nested more than {DEEPEST} deep.", opening.at, opening.width)
            self.position -= 1
            raise _Unreadable
        self.depth += 1
        form = self._any()
        self.depth -= 1
        if not self._take(")"):
            self.problems.add("This '(' is never closed.", opening.at, opening.width)
        return form

    def _turned(self) -> Form:
        quantity = self._quantity()
        if self.now.text not in COMPARISONS:
            self.problems.add(
                "A number alone says nothing.", quantity.at, quantity.width, "Compare it, for example dwell >= 60 s."
            )
            raise _Unreadable
        sign = self._next()
        if self.now.kind == "number":
            other = self._quantity()
            self.problems.add(
                "Neither side of this comparison is a feature.", quantity.at, other.at + other.width - quantity.at
            )
            raise _Unreadable
        return Compared(self._named(), TURNED[sign.text], quantity, sign)

    def _other_side(self) -> Quantity | Token:
        if self.now.kind == "number":
            return self._quantity()
        word = self._word("a number with its unit, such as 60 s")
        if self.now.text in {".", "("}:
            self.problems.add("A feature is compared with a number, not with another feature.", word.at, word.width)
            raise _Unreadable
        return word

    def _named(self) -> Named:
        first = self._word("a feature, such as dwell")
        scope, name = None, first
        if self._take("."):
            scope, name = first, self._word("the name of a feature")
        arguments, last = None, name
        if self._take("("):
            arguments, last = self._arguments()
        return Named(name, scope, arguments, first.at, last.at + last.width - first.at)

    def _arguments(self) -> tuple[tuple[Token | Quantity, ...], Token]:
        given: list[Token | Quantity] = []
        self.unclosed = 1
        while not (closing := self._take(")")):
            if given and not self._take(","):
                self._unexpected("',' or ')'")
            given.append(self._quantity() if self.now.kind == "number" else self._word("a span, such as 10 min"))
        self.unclosed = 0
        return tuple(given), closing

    def _words(self) -> tuple[Token, ...]:
        if not self._take("("):
            return (self._word("categories, such as (social, video), or a set, such as distraction"),)
        self.unclosed = 1
        words = [self._word("a category")]
        while not self._take(")"):
            if not self._take(","):
                self._unexpected("',' or ')'")
            words.append(self._word("a category"))
        self.unclosed = 0
        return tuple(words)

    def _word(self, wanted: str) -> Token:
        if self.now.kind != "name" or self.now.text in KEYWORDS:
            self._unexpected(wanted)
        return self._next()

    def _quantity(self) -> Quantity:
        number = self._next()
        parts: list[tuple[Token, Token | None]] = [(number, None)]
        measure: Measure = "count"
        last = number
        if percent := self._take("%"):
            measure, last = "share", percent
        elif self._take("/"):
            last = self._word("s, min or h")
            measure, parts = "rate", [(number, last)]
        elif self._unit_is_next():
            measure, last = "length", self._next()
            parts = [(number, last)]
            while self.now.kind == "number":
                number = self._next()
                if not self._unit_is_next():
                    self._unexpected("a unit, such as s or min")
                last = self._next()
                parts.append((number, last))
        return Quantity(measure, tuple(parts), parts[0][0].at, last.at + last.width - parts[0][0].at)

    def _unit_is_next(self) -> bool:
        return self.now.kind == "name" and self.now.text not in KEYWORDS

    def _note(self, wanted: str) -> None:
        found = "the condition ends" if self.now.kind == "end" else f"'{shown(self.now.text)}' stands"
        self.problems.add(f"Here {found} where {wanted} should be.", self.now.at, self.now.width)

    def _unexpected(self, wanted: str) -> NoReturn:
        self._note(wanted)
        raise _Unreadable


def _joined(by: str, parts: list[Form]) -> Form:
    if len(parts) == 1:
        return parts[0]
    return Joined("and" if by == "and" else "or", tuple(parts))
