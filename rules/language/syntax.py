"""What a condition says, before anybody asked whether it makes sense: the forms that the parser builds.

Rule 1: a form knows where it stands in the text, and nothing of the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from rules.language.tokens import Token

Measure: TypeAlias = Literal["count", "length", "rate", "share"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit. `parts`: number and unit, several only for lengths such as `1 h 30 min`."""

    measure: Measure
    parts: tuple[tuple[Token, Token | None], ...]
    at: int
    width: int


@dataclass(frozen=True, slots=True)
class SinceStart:
    """The span `since start`."""

    at: int
    width: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The filter `category is social`, or `category not in (social, video)`."""

    words: tuple[Token, ...]
    negated: bool
    by: Literal["is", "in"]
    at: int
    width: int


@dataclass(frozen=True, slots=True)
class Bounded:
    """The filter `shorter than 30 s`, or `longer than 10 s`."""

    by: Literal["shorter", "longer"]
    quantity: Quantity
    at: int
    width: int


Argument: TypeAlias = Token | Quantity | SinceStart | Kept | Bounded


@dataclass(frozen=True, slots=True)
class Named:
    """A feature as it was written: `all.uses(messaging, 15 min)`. `arguments` None: without parentheses."""

    name: Token
    scope: Token | None
    arguments: tuple[Argument, ...] | None
    at: int
    width: int


@dataclass(frozen=True, slots=True)
class Usual:
    """`usual(p75)`, to the right of a comparison."""

    part: Token
    at: int
    width: int


@dataclass(frozen=True, slots=True)
class Compared:
    """`dwell >= 60 s`; one written the other way round has been turned."""

    feature: Named
    operator: str
    quantity: Quantity | Usual | Token
    sign: Token
    at: int
    width: int


@dataclass(frozen=True, slots=True)
class Among:
    """`category is social`, `category not in (social, video)`, and `… is unknown`, which is decided by its word."""

    feature: Named
    words: tuple[Token, ...]
    negated: bool
    by: Literal["is", "in"]
    at: int
    width: int


@dataclass(frozen=True, slots=True)
class Alone:
    """A feature without a comparison: `put_away`."""

    feature: Named


@dataclass(frozen=True, slots=True)
class Followed:
    """`messaging then (social, video) within 60 s`: the words of every step, two or more."""

    scope: Token | None
    steps: tuple[tuple[Token, ...], ...]
    within: Quantity
    at: int
    width: int


@dataclass(frozen=True, slots=True)
class Hopped:
    """`hop from laptop to phone within 60 s`."""

    origin: Token
    goal: Token
    within: Quantity
    at: int
    width: int


@dataclass(frozen=True, slots=True)
class Lasting:
    """`… for 20 s`; it stands at its `for`."""

    part: Form
    length: Quantity
    at: int
    width: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Parts joined by `and` or by `or`."""

    by: Literal["and", "or"]
    parts: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Negated:
    """`not …`."""

    part: Form


@dataclass(frozen=True, slots=True)
class Broken:
    """A part that could not be read; its problem is noted already."""


Form: TypeAlias = Compared | Among | Alone | Followed | Hopped | Lasting | Joined | Negated | Broken
