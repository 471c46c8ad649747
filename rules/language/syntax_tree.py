"""The syntax tree: the result of the parser, before it is checked.

Invariant 1: an expression has its offset in the text, and does not depend on the catalogue of features.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from rules.language.tokenizer import Token

Measure: TypeAlias = Literal["count", "length", "rate", "share"]


class Quantity(NamedTuple):
    """A number with its unit. `parts`: number and unit, several only for lengths such as `1 h 30 min`."""

    measure: Measure
    parts: tuple[tuple[Token, Token | None], ...]
    offset: int
    width: int


class SinceStart(NamedTuple):
    """The span `since start`."""

    offset: int
    width: int


class CategoryFilter(NamedTuple):
    """The filter `category is social`, or `category not in (social, video)`."""

    words: tuple[Token, ...]
    negated: bool
    by: Literal["is", "in"]
    offset: int
    width: int


class LengthFilter(NamedTuple):
    """The filter `shorter than 30 s`, or `longer than 10 s`."""

    by: Literal["shorter", "longer"]
    quantity: Quantity
    offset: int
    width: int


Argument: TypeAlias = Token | Quantity | SinceStart | CategoryFilter | LengthFilter


class FeatureExpr(NamedTuple):
    """A feature as it was written: `all.uses(messaging, 15 min)`. `arguments` None: without parentheses."""

    name: Token
    scope: Token | None
    arguments: tuple[Argument, ...] | None
    offset: int
    width: int


class UsualExpr(NamedTuple):
    """`usual(p75)`, to the right of a comparison."""

    part: Token
    offset: int
    width: int


class CompareExpr(NamedTuple):
    """`dwell >= 60 s`; `60 s <= dwell` becomes the same."""

    feature: FeatureExpr
    operator: str
    quantity: Quantity | UsualExpr | Token
    sign: Token
    offset: int
    width: int


class InExpr(NamedTuple):
    """`category is social`, `category not in (social, video)`, or `… is unknown`."""

    feature: FeatureExpr
    words: tuple[Token, ...]
    negated: bool
    by: Literal["is", "in"]
    offset: int
    width: int


class FlagExpr(NamedTuple):
    """A feature without a comparison: `put_away`."""

    feature: FeatureExpr


class SequenceExpr(NamedTuple):
    """`messaging then (social, video) within 60 s`: the words of every step, two or more."""

    scope: Token | None
    steps: tuple[tuple[Token, ...], ...]
    within: Quantity
    offset: int
    width: int


class HopExpr(NamedTuple):
    """`hop from laptop to phone within 60 s`."""

    origin: Token
    goal: Token
    within: Quantity
    offset: int
    width: int


class ForExpr(NamedTuple):
    """`… for 20 s`; its offset is that of the `for`."""

    part: Expr
    length: Quantity
    offset: int
    width: int


class AndOrExpr(NamedTuple):
    """Parts joined by `and` or by `or`."""

    by: Literal["and", "or"]
    parts: tuple[Expr, ...]


class NotExpr(NamedTuple):
    """`not …`."""

    part: Expr


class InvalidExpr(NamedTuple):
    """A part that could not be parsed; its problem is noted already."""


Expr: TypeAlias = CompareExpr | InExpr | FlagExpr | SequenceExpr | HopExpr | ForExpr | AndOrExpr | NotExpr | InvalidExpr
