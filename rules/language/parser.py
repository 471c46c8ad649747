"""Parse the tokens of a condition into a syntax tree; docs/rules-language.md holds the grammar.

Invariant 1: after a problem parsing continues at the next `and`, `or` or `)`, so that one mistake does not hide another.
Invariant 2: nesting and number of comparisons are limited, and so are stack and time.
Invariant 3: an ambiguous `for` is refused.
"""

from typing import Final, Literal, NoReturn

import rules.language.syntax_tree as syntax
from rules.language.problems import Placed, Problems, shown
from rules.language.tokenizer import COMPARISONS, KEYWORDS, Token

MAX_DEPTH: Final = 20
MAX_COMPARISONS: Final = 50
REVERSED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
BETWEEN: Final = frozenset({"or", "is", "in", "then", "within", "for"})
A_SEQUENCE: Final = "Write for example 'messaging then social within 60 s'."
A_HOP: Final = "Write for example 'hop from laptop to phone within 60 s'."
OUT_OF_PLACE: Final = {
    "for": ("Only one 'for' at a time.", "Put what is to hold for so long into parentheses."),
    "then": ("Only categories are steps of a sequence.", A_SEQUENCE),
    "within": ("Only a sequence or a hop has a 'within'.", A_SEQUENCE),
}
SOME_CATEGORIES: Final = "categories, such as (social, video), or a set, such as distraction"


class Unreadable(Exception):
    """The current part cannot be parsed; its problem is noted."""


class Parser:
    """A recursive descent parser for the tokens of one text."""

    def __init__(self, tokens: list[Token], problems: Problems) -> None:
        self._tokens = tokens
        self._problems = problems
        self._position = 0
        self._depth = 0
        self._comparisons = 0
        # Number of open parentheses of arguments; if the part is given up, they are skipped with it.
        self._unclosed = 0

    def parse(self) -> syntax.Expr:
        """Return the whole condition; a part that cannot be parsed is `InvalidExpr`, with its problem noted."""
        parts = [self._parse_or()]
        while not self.is_at_end():
            # Only a closing parenthesis is possible here: everything else was read or skipped.
            stray = self.advance()
            self._problems.refuse(stray, "This ')' closes nothing.")
            if self.current.text in {"and", "or"}:
                self.advance()
            if not self.is_at_end() and self.current.text != ")":
                parts.append(self._parse_or())
        # Checked at the end, because the message contains the number.
        if self._comparisons > MAX_COMPARISONS:
            self._problems.add(
                f"There are {self._comparisons} comparisons, steps and filters in one condition; "
                f"{MAX_COMPARISONS} are the most.",
                0,
                hint="Make several rules of it.",
            )
        return _join("and", parts)

    # The grammar, from the loosest binding to the tightest: or, and, not and for, terms.
    def _parse_or(self) -> syntax.Expr:
        parts = [self._parse_and(is_first=True)]
        while self.accept("or"):
            parts.append(self._parse_and(is_first=False))
        return _join("or", parts)

    def _parse_and(self, *, is_first: bool) -> syntax.Expr:
        parts = [self._parse_operand(is_first=is_first)]
        while True:
            if self.accept("and"):
                parts.append(self._parse_operand(is_first=False))
            elif self.current.kind in {"name", "number"} and self.current.text not in BETWEEN:
                self._problems.refuse(
                    self.current, f"Before '{shown(self.current.text)}' an 'and' or an 'or' is missing."
                )
                parts.append(self._parse_operand(is_first=False))
            elif self.current.text not in {"or", ")"} and not self.is_at_end():
                self._note_misplaced()
                self._skip_to_operator()
            else:
                return _join("and", parts)

    def _note_misplaced(self) -> None:
        if self.current.text in COMPARISONS:
            message, hint = "Only one comparison at a time.", "Write for example dwell > 10 s and dwell < 30 s."
        elif self.current.text in OUT_OF_PLACE:
            message, hint = OUT_OF_PLACE[self.current.text]
        else:
            self._note_expected("'and' or 'or'")
            return
        self._problems.refuse(self.current, message, hint)

    def _parse_operand(self, *, is_first: bool) -> syntax.Expr:
        begins, negated = self.current, False
        while self.accept("not"):
            negated = not negated
        # `a and b for 20 s` is ambiguous; with parentheses, or as the first part, it is not.
        is_bare = self.current.text != "("
        try:
            expr = self._parse_term()
            if self.current.text == "for":
                doubt = begins.text == "not" or (is_bare and not is_first)
                expr = self._parse_for(expr, begins if doubt else None)
        except Unreadable:
            self._skip_to_operator(self._unclosed)
            self._unclosed = 0
            expr = syntax.InvalidExpr()
        return syntax.NotExpr(expr) if negated else expr

    def _parse_for(self, part: syntax.Expr, doubt: Token | None) -> syntax.Expr:
        sign = self.advance()
        length = self._parse_length()
        if doubt is None:
            return syntax.ForExpr(part, length, sign.offset, self._width_from(sign.offset))
        if doubt.text == "not":
            message, hint = "Does 'not' or 'for' come first?", "Write for example '(not put_away) for 20 s'."
        else:
            message = "Does 'for' belong to the last comparison or to all before it?"
            hint = "Put what is to hold for so long into parentheses, together with its 'for' or without."
        self._problems.add(message, sign.offset, self._width_from(sign.offset), hint)
        return syntax.InvalidExpr()

    def _skip_to_operator(self, unclosed: int = 0) -> None:
        """Skip to where parsing can continue; `unclosed`: the number of open parentheses in the part that is given up."""
        depth = unclosed
        while not self.is_at_end():
            text = self.current.text
            if (text in {"and", "or"} and depth <= unclosed) or (text == ")" and depth == 0):
                return
            depth += {"(": 1, ")": -1}.get(text, 0)
            self._position += 1

    def _parse_term(self) -> syntax.Expr:
        # First, because a sequence may begin with a parenthesis as well.
        if self._is_sequence_next():
            return self._parse_sequence()
        if self.current.text == "(":
            return self._parse_group()
        self._comparisons += 1
        if self.current.kind == "number":
            return self._parse_reversed_comparison()
        # `hop(` or `hop.` is a feature of that name, which the type checker refuses with a better message.
        if self.current.text == "hop" and self.peek().text not in {"(", "."}:
            return self._parse_hop()
        if self.current.text == "usual":
            self._fail(
                self.current,
                "'usual' stands to the right of a comparison.",
                "Write for example 'glances(10 min) > usual(p75)'.",
            )
        return self._parse_feature_term()

    def _parse_feature_term(self) -> syntax.Expr:
        offset = self.current.offset
        feature = self.parse_feature()
        if self.current.text in COMPARISONS:
            sign = self.advance()
            return syntax.CompareExpr(
                feature, sign.text, self._parse_right_side(), sign, offset, self._width_from(offset)
            )
        if self.accept("is"):
            negated = self.accept("not") is not None
            if self.current.text == "in":
                self.fail_expecting("a word")
            words = (self._expect_word("a word, such as social or unknown"),)
            return syntax.InExpr(feature, words, negated, "is", offset, self._width_from(offset))
        if self.current.text == "in" or (self.current.text == "not" and self.peek().text == "in"):
            negated = self.accept("not") is not None
            self.advance()
            return syntax.InExpr(feature, self._parse_categories(), negated, "in", offset, self._width_from(offset))
        # `dwell then social`: a feature is not a step.
        if self.current.text in {"then", "within"}:
            self._note_misplaced()
            raise Unreadable
        return syntax.FlagExpr(feature)

    def _parse_group(self) -> syntax.Expr:
        opening = self.advance()
        # The parser recurses only here, so this bounds its stack.
        if self._depth >= MAX_DEPTH:
            self._problems.refuse(opening, f"Parentheses are nested more than {MAX_DEPTH} deep.")
            self._position -= 1
            raise Unreadable
        self._depth += 1
        expr = self._parse_or()
        self._depth -= 1
        if not self.accept(")"):
            self._problems.refuse(opening, "This '(' is never closed.")
        return expr

    def _parse_reversed_comparison(self) -> syntax.Expr:
        quantity = self._parse_quantity()
        if self.current.text not in COMPARISONS:
            self._fail(quantity, "A number alone says nothing.", "Compare it, for example dwell >= 60 s.")
        sign = self.advance()
        if self.current.kind == "number":
            other = self._parse_quantity()
            self._problems.add(
                "Neither side of this comparison is a feature.",
                quantity.offset,
                other.offset + other.width - quantity.offset,
            )
            raise Unreadable
        return syntax.CompareExpr(
            self.parse_feature(),
            REVERSED[sign.text],
            quantity,
            sign,
            quantity.offset,
            self._width_from(quantity.offset),
        )

    def _parse_right_side(self) -> syntax.Quantity | syntax.UsualExpr | Token:
        if self.current.kind == "number":
            return self._parse_quantity()
        # Any word is accepted here, because the message of the type checker is better.
        word = self._expect_word("a number with its unit, such as 60 s")
        if word.text == "usual":
            return self._parse_usual(word)
        if self.current.text in {".", "("}:
            self._fail(word, "A feature is compared with a number, not with another feature.")
        return word

    def _parse_usual(self, word: Token) -> syntax.UsualExpr:
        if not self.accept("("):
            self._fail(word, "'usual' says which percentile.", "Write for example 'usual(p75)'.")
        self._unclosed += 1
        part = self.advance() if self.current.kind == "number" else self._expect_word("a percentile, such as p75,")
        if not self.accept(")"):
            self.fail_expecting("')'")
        self._unclosed -= 1
        return syntax.UsualExpr(part, word.offset, self._width_from(word.offset))

    def _is_sequence_next(self) -> bool:
        """Return whether a category, or several in parentheses, comes before a `then` or a `within`."""
        count = 2 if self.current.kind == "name" and self.peek().text == "." else 0
        if self.peek(count).text == "(":
            count += 1
            while self.peek(count).text == "," or self._is_word(self.peek(count)):
                count += 1
            return self.peek(count).text == ")" and self.peek(count + 1).text in {"then", "within"}
        return self._is_word(self.peek(count)) and self.peek(count + 1).text in {"then", "within"}

    def _parse_sequence(self) -> syntax.Expr:
        offset, scope = self.current.offset, None
        if self.peek().text == ".":
            scope = self.advance()
            self.advance()
        steps = [self._parse_categories()]
        while self.accept("then"):
            steps.append(self._parse_categories())
        self._comparisons += len(steps)
        if len(steps) == 1:
            self._problems.add("A sequence has two steps or more.", offset, self._width_from(offset), A_SEQUENCE)
        within = self._parse_within("A sequence", A_SEQUENCE)
        if len(steps) == 1:
            return syntax.InvalidExpr()
        return syntax.SequenceExpr(scope, tuple(steps), within, offset, self._width_from(offset))

    def _parse_hop(self) -> syntax.Expr:
        offset = self.advance().offset
        kinds: list[Token] = []
        for before in ("from", "to"):
            if not self.accept(before):
                self._fail(self.current, f"Here '{before}' and a device are missing.", A_HOP)
            kinds.append(self._expect_word("laptop, phone or any"))
        within = self._parse_within("A hop", A_HOP)
        return syntax.HopExpr(kinds[0], kinds[1], within, offset, self._width_from(offset))

    def _parse_within(self, what: str, hint: str) -> syntax.Quantity:
        if not self.accept("within"):
            self._fail(self.current, f"{what} says within how long.", hint)
        return self._parse_length()

    @property
    def current(self) -> Token:
        """The next token."""
        return self._tokens[self._position]

    def peek(self, count: int = 1) -> Token:
        """Return a later token; behind the end, the end token."""
        return self._tokens[min(self._position + count, len(self._tokens) - 1)]

    def is_at_end(self) -> bool:
        """Return whether all tokens are read."""
        return self.current.kind == "end"

    def advance(self) -> Token:
        """Return the current token, and move to the next."""
        token = self.current
        if token.kind != "end":
            self._position += 1
        return token

    def accept(self, text: str) -> Token | None:
        """Read the token if it is this one."""
        return self.advance() if self.current.text == text else None

    def _width_from(self, offset: int) -> int:
        # Up to the end of the last token, without the blanks behind it.
        last = self._tokens[max(0, self._position - 1)]
        return max(1, last.offset + last.width - offset)

    def parse_feature(self) -> syntax.FeatureExpr:
        """Read a feature."""
        first = self._expect_word("a feature, such as dwell")
        scope, name = None, first
        if self.accept("."):
            scope, name = first, self._expect_word("the name of a feature")
        arguments = self._parse_arguments() if self.accept("(") else None
        return syntax.FeatureExpr(name, scope, arguments, first.offset, self._width_from(first.offset))

    def _parse_arguments(self) -> tuple[syntax.Argument, ...]:
        given: list[syntax.Argument] = []
        # Not reset where the part is given up in between: skipping needs to know it.
        self._unclosed += 1
        while not self.accept(")"):
            if given and not self.accept(","):
                self.fail_expecting("',' or ')'")
            given.append(self._parse_argument())
        self._unclosed -= 1
        return tuple(given)

    def _parse_argument(self) -> syntax.Argument:
        if self.current.kind == "number":
            return self._parse_quantity()
        offset, following = self.current.offset, self.peek().text
        if self.current.text == "since" and following == "start":
            self._position += 2
            return syntax.SinceStart(offset, self._width_from(offset))
        if self.current.text in {"shorter", "longer"} and following == "than":
            return self._parse_length_filter(offset)
        if self.current.text == "category" and following in {"is", "in", "not"}:
            return self._parse_category_filter(offset)
        return self._expect_word("a span, such as 10 min")

    def _parse_length_filter(self, offset: int) -> syntax.LengthFilter:
        self._comparisons += 1
        by: Literal["shorter", "longer"] = "shorter" if self.advance().text == "shorter" else "longer"
        self.advance()
        return syntax.LengthFilter(by, self._parse_length(), offset, self._width_from(offset))

    def _parse_category_filter(self, offset: int) -> syntax.CategoryFilter:
        self._comparisons += 1
        self.advance()
        if self.accept("is"):
            negated = self.accept("not") is not None
            return syntax.CategoryFilter(
                (self._expect_word("a category"),), negated, "is", offset, self._width_from(offset)
            )
        negated = self.accept("not") is not None
        if not self.accept("in"):
            self.fail_expecting("'in'")
        return syntax.CategoryFilter(self._parse_categories(), negated, "in", offset, self._width_from(offset))

    def _parse_categories(self, wanted: str = SOME_CATEGORIES) -> tuple[Token, ...]:
        if not self.accept("("):
            return (self._expect_word(wanted),)
        self._unclosed += 1
        words = [self._expect_word("a category")]
        while not self.accept(")"):
            if not self.accept(","):
                self.fail_expecting("',' or ')'")
            words.append(self._expect_word("a category"))
        self._unclosed -= 1
        return tuple(words)

    def _expect_word(self, wanted: str) -> Token:
        if not self._is_word(self.current):
            self.fail_expecting(wanted)
        return self.advance()

    def _parse_length(self) -> syntax.Quantity:
        if self.current.kind != "number":
            self.fail_expecting("a length, such as 60 s,")
        return self._parse_quantity()

    def _parse_quantity(self) -> syntax.Quantity:
        number = self.advance()
        offset = number.offset
        parts: list[tuple[Token, Token | None]] = [(number, None)]
        measure: syntax.Measure = "count"
        if self.accept("%"):
            measure = "share"
        elif self.accept("/"):
            measure, parts = "rate", [(number, self._expect_word("s, min or h"))]
        elif self._is_word(self.current):
            measure, parts = "length", [(number, self.advance())]
            # `1 h 30 min` is one length.
            while self.current.kind == "number":
                number = self.advance()
                if not self._is_word(self.current):
                    self.fail_expecting("a unit, such as s or min")
                parts.append((number, self.advance()))
        return syntax.Quantity(measure, tuple(parts), offset, self._width_from(offset))

    @staticmethod
    def _is_word(token: Token) -> bool:
        return token.kind == "name" and token.text not in KEYWORDS

    def _note_expected(self, wanted: str) -> None:
        found = "the condition ends" if self.current.kind == "end" else f"'{shown(self.current.text)}' stands"
        self._problems.refuse(self.current, f"Here {found} where {wanted} should be.")

    def fail_expecting(self, wanted: str) -> NoReturn:
        """Note the problem, and give the part up."""
        self._note_expected(wanted)
        raise Unreadable

    def _fail(self, what: Placed, message: str, hint: str | None = None) -> NoReturn:
        self._problems.refuse(what, message, hint)
        raise Unreadable


def _join(by: str, parts: list[syntax.Expr]) -> syntax.Expr:
    if len(parts) == 1:
        return parts[0]
    return syntax.AndOrExpr("and" if by == "and" else "or", tuple(parts))
