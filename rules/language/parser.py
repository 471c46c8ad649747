"""Read the tokens of a condition into forms; docs/rules-language.md holds the grammar.

Rule 1: after a problem the reading goes on at the next `and`, `or` or `)`, so that one slip does not hide another.
Rule 2: nesting and number are bounded here; no text can exhaust the stack or the time.
Rule 3: where a person could doubt what belongs to `for`, it is refused rather than guessed.
"""

from __future__ import annotations

from typing import Final

from rules.language.pieces import Pieces, Unreadable
from rules.language.problems import Problems, shown
from rules.language.syntax_tree import (
    AndOrExpr,
    CompareExpr,
    Expr,
    FlagExpr,
    ForExpr,
    HopExpr,
    InExpr,
    InvalidExpr,
    NotExpr,
    Quantity,
    SequenceExpr,
    UsualExpr,
)
from rules.language.tokenizer import COMPARISONS, Token

MAX_DEPTH: Final = 20
MAX_COMPARISONS: Final = 50
TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
BETWEEN: Final = frozenset({"or", "is", "in", "then", "within", "for"})
A_SEQUENCE: Final = "Write for example 'messaging then social within 60 s'."
A_HOP: Final = "Write for example 'hop from laptop to phone within 60 s'."
OUT_OF_PLACE: Final = {
    "for": ("Only one 'for' at a time.", "Put what is to hold for so long into parentheses."),
    "then": ("Only categories are steps of a sequence.", A_SEQUENCE),
    "within": ("Only a sequence or a hop has a 'within'.", A_SEQUENCE),
}


class Parser(Pieces):
    """One reading of one text."""

    def __init__(self, tokens: list[Token], problems: Problems) -> None:
        super().__init__(tokens, problems)
        self.depth = 0

    def read(self) -> Expr:
        """Return the whole condition; a part that cannot be read is `InvalidExpr`, with its problem noted."""
        parts = [self._any()]
        while not self.ended():
            # Only a closing parenthesis can stand here: everything else was read or skipped.
            stray = self.next()
            self.problems.add("This ')' closes nothing.", stray.at, stray.width)
            if self.now.text in {"and", "or"}:
                self.next()
            if not self.ended() and self.now.text != ")":
                parts.append(self._any())
        if self.comparisons > MAX_COMPARISONS:
            self.problems.add(
                f"There are {self.comparisons} comparisons, steps and filters in one condition; "
                f"{MAX_COMPARISONS} are the most.",
                0,
                hint="Make several rules of it.",
            )
        return _joined("and", parts)

    def _any(self) -> Expr:
        parts = [self._all(is_first=True)]
        while self.take("or"):
            parts.append(self._all(is_first=False))
        return _joined("or", parts)

    def _all(self, *, is_first: bool) -> Expr:
        parts = [self._part(is_first=is_first)]
        while True:
            if self.take("and"):
                parts.append(self._part(is_first=False))
            elif self.now.kind in {"name", "number"} and self.now.text not in BETWEEN:
                self.problems.add(
                    f"Before '{shown(self.now.text)}' an 'and' or an 'or' is missing.", self.now.at, self.now.width
                )
                parts.append(self._part(is_first=False))
            elif self.now.text not in {"or", ")"} and not self.ended():
                self._refuse_chain()
                self._skip()
            else:
                return _joined("and", parts)

    def _refuse_chain(self) -> None:
        if self.now.text in COMPARISONS:
            message, hint = "Only one comparison at a time.", "Write for example dwell > 10 s and dwell < 30 s."
        elif self.now.text in OUT_OF_PLACE:
            message, hint = OUT_OF_PLACE[self.now.text]
        else:
            self.note("'and' or 'or'")
            return
        self.problems.add(message, self.now.at, self.now.width, hint)

    def _part(self, *, is_first: bool) -> Expr:
        begins, negated = self.now, False
        while self.take("not"):
            negated = not negated
        is_bare = self.now.text != "("
        try:
            form = self._single()
            if self.now.text == "for":
                doubt = begins.text == "not" or (is_bare and not is_first)
                form = self._lasting(form, begins if doubt else None)
        except Unreadable:
            self._skip(self.unclosed)
            self.unclosed = 0
            form = InvalidExpr()
        return NotExpr(form) if negated else form

    def _lasting(self, part: Expr, doubt: Token | None) -> Expr:
        sign = self.next()
        length = self.some_length()
        if doubt is None:
            return ForExpr(part, length, sign.at, self.since(sign.at))
        if doubt.text == "not":
            message, hint = "Does 'not' or 'for' come first?", "Write for example '(not put_away) for 20 s'."
        else:
            message = "Does 'for' belong to the last comparison or to all before it?"
            hint = "Put what is to hold for so long into parentheses, together with its 'for' or without."
        self.problems.add(message, sign.at, self.since(sign.at), hint)
        return InvalidExpr()

    def _skip(self, unclosed: int = 0) -> None:
        open_ones = unclosed
        while not self.ended():
            if (self.now.text in {"and", "or"} and open_ones <= unclosed) or (self.now.text == ")" and open_ones == 0):
                return
            open_ones += {"(": 1, ")": -1}.get(self.now.text, 0)
            self.position += 1

    def _single(self) -> Expr:
        if self._steps_are_next():
            return self._followed()
        if self.now.text == "(":
            return self._in_parentheses()
        self.comparisons += 1
        if self.now.kind == "number":
            return self._turned()
        if self.now.text == "hop" and self.ahead().text not in {"(", "."}:
            return self._hopped()
        if self.now.text == "usual":
            self.problems.add(
                "'usual' stands to the right of a comparison.",
                self.now.at,
                self.now.width,
                "Write for example 'glances(10 min) > usual(p75)'.",
            )
            raise Unreadable
        return self._about_a_feature()

    def _about_a_feature(self) -> Expr:
        at = self.now.at
        feature = self.named()
        if self.now.text in COMPARISONS:
            sign = self.next()
            return CompareExpr(feature, sign.text, self._other_side(), sign, at, self.since(at))
        if self.take("is"):
            negated = self.take("not") is not None
            if self.now.text == "in":
                self.unexpected("a word")
            words = (self.word("a word, such as social or unknown"),)
            return InExpr(feature, words, negated, "is", at, self.since(at))
        if self.now.text == "in" or (self.now.text == "not" and self.ahead().text == "in"):
            negated = self.take("not") is not None
            self.next()
            return InExpr(feature, self.words(), negated, "in", at, self.since(at))
        if self.now.text in {"then", "within"}:
            self._refuse_chain()
            raise Unreadable
        return FlagExpr(feature)

    def _in_parentheses(self) -> Expr:
        opening = self.next()
        if self.depth >= MAX_DEPTH:
            self.problems.add(f"Parentheses are nested more than {MAX_DEPTH} deep.", opening.at, opening.width)
            self.position -= 1
            raise Unreadable
        self.depth += 1
        form = self._any()
        self.depth -= 1
        if not self.take(")"):
            self.problems.add("This '(' is never closed.", opening.at, opening.width)
        return form

    def _turned(self) -> Expr:
        quantity = self.quantity()
        if self.now.text not in COMPARISONS:
            self.problems.add(
                "A number alone says nothing.", quantity.at, quantity.width, "Compare it, for example dwell >= 60 s."
            )
            raise Unreadable
        sign = self.next()
        if self.now.kind == "number":
            other = self.quantity()
            self.problems.add(
                "Neither side of this comparison is a feature.", quantity.at, other.at + other.width - quantity.at
            )
            raise Unreadable
        return CompareExpr(self.named(), TURNED[sign.text], quantity, sign, quantity.at, self.since(quantity.at))

    def _other_side(self) -> Quantity | UsualExpr | Token:
        if self.now.kind == "number":
            return self.quantity()
        word = self.word("a number with its unit, such as 60 s")
        if word.text == "usual":
            return self._usual(word)
        if self.now.text in {".", "("}:
            self.problems.add("A feature is compared with a number, not with another feature.", word.at, word.width)
            raise Unreadable
        return word

    def _usual(self, word: Token) -> UsualExpr:
        if not self.take("("):
            self.problems.add("'usual' says which percentile.", word.at, word.width, "Write for example 'usual(p75)'.")
            raise Unreadable
        self.unclosed += 1
        part = self.next() if self.now.kind == "number" else self.word("a percentile, such as p75,")
        if not self.take(")"):
            self.unexpected("')'")
        self.unclosed -= 1
        return UsualExpr(part, word.at, self.since(word.at))

    def _steps_are_next(self) -> bool:
        """Return whether a category, or several in parentheses, stands before a `then` or a `within`."""
        count = 2 if self.now.kind == "name" and self.ahead().text == "." else 0
        if self.ahead(count).text == "(":
            count += 1
            while self.ahead(count).text == "," or self._is_word(self.ahead(count)):
                count += 1
            return self.ahead(count).text == ")" and self.ahead(count + 1).text in {"then", "within"}
        return self._is_word(self.ahead(count)) and self.ahead(count + 1).text in {"then", "within"}

    def _followed(self) -> Expr:
        at, scope = self.now.at, None
        if self.ahead().text == ".":
            scope = self.next()
            self.next()
        steps = [self.words()]
        while self.take("then"):
            steps.append(self.words())
        self.comparisons += len(steps)
        if len(steps) == 1:
            self.problems.add("A sequence has two steps or more.", at, self.since(at), A_SEQUENCE)
        within = self._within("A sequence", A_SEQUENCE)
        return SequenceExpr(scope, tuple(steps), within, at, self.since(at)) if len(steps) > 1 else InvalidExpr()

    def _hopped(self) -> Expr:
        at = self.next().at
        kinds: list[Token] = []
        for before in ("from", "to"):
            if not self.take(before):
                self.problems.add(f"Here '{before}' and a device are missing.", self.now.at, self.now.width, A_HOP)
                raise Unreadable
            kinds.append(self.word("laptop, phone or any"))
        within = self._within("A hop", A_HOP)
        return HopExpr(kinds[0], kinds[1], within, at, self.since(at))

    def _within(self, what: str, hint: str) -> Quantity:
        if not self.take("within"):
            self.problems.add(f"{what} says within how long.", self.now.at, self.now.width, hint)
            raise Unreadable
        return self.some_length()


def _joined(by: str, parts: list[Expr]) -> Expr:
    if len(parts) == 1:
        return parts[0]
    return AndOrExpr("and" if by == "and" else "or", tuple(parts))
