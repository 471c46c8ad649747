"""The problems of a condition: the place, the message, and what to write instead.

Invariant 1: all problems of a text are reported together.
Invariant 2: a problem can always be printed, whatever the text contains.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from rules.spelling import nearest

MAX_SHOWN: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleProblem:
    """One problem of a condition.

    `offset` counts characters from the beginning of the text; `offset_line` and `offset_column` are the same place as line
    and column, both from 0. `width`: the number of characters.
    """

    message: str
    offset: int
    offset_line: int
    offset_column: int
    width: int = 1
    hint: str | None = None

    def __str__(self) -> str:
        text = f"{self.offset_line + 1}:{self.offset_column + 1}: {self.message}"
        return f"{text} {self.hint}" if self.hint else text


class RuleError(Exception):
    """A text is not a condition; `problems` holds at least one problem, in the order of the text."""

    def __init__(self, problems: Sequence[RuleProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Placed(Protocol):
    """Anything that has a place in the text."""

    @property
    def offset(self) -> int:
        """The offset of its first character."""

    @property
    def width(self) -> int:
        """How many characters it takes."""


class Problems:
    """Collects the problems of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found: list[RuleProblem] = []

    def add(self, message: str, offset: int, width: int = 1, hint: str | None = None) -> None:
        """Add a problem at the character `offset`."""
        # A problem at the end of the text points behind the last visible character.
        at = min(offset, len(self.text.rstrip()))
        before = self.text[:at]
        self.found.append(
            RuleProblem(
                message=message,
                offset=at,
                offset_line=before.count("\n"),
                offset_column=at - (before.rfind("\n") + 1),
                width=max(1, width),
                hint=hint,
            )
        )

    def refuse(self, what: Placed, message: str, hint: str | None = None) -> None:
        """Add a problem at the place of `what`."""
        self.add(message, what.offset, what.width, hint)

    def in_order(self) -> tuple[RuleProblem, ...]:
        """Return the problems in the order of the text."""
        return tuple(sorted(self.found, key=lambda problem: problem.offset))


def shown(text: str) -> str:
    """Return `text` shortened and made safe to be printed in a message."""
    # A control character could change what the terminal shows.
    cut = text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
    return cut if cut.isprintable() else ascii(cut)[1:-1]


def did_you_mean(word: str, words: Iterable[str], otherwise: str | None = None) -> str | None:
    """Return "Did you mean 'x'?" with the nearest of `words`, else `otherwise`."""
    near = nearest(word, words)
    return f"Did you mean '{near}'?" if near else otherwise
