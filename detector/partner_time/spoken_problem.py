"""How what cannot be read is shown: the argument, the text with a caret, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from detector.errors import Problem, UserError

T = TypeVar("T")


def problem(
    argument: str, text: str, message: str, *, at: int = 0, width: int | None = None, hint: str | None = None
) -> Problem:
    """Return what is wrong with `text`, which stands in `argument`: from character `at` on, `width` long or all of it."""
    shown = text if text.isprintable() and text.strip() else None
    column = at + 1 if shown else None
    return Problem(
        message=message,
        file=argument,
        column=column,
        width=len(text.rstrip()) - at if width is None else width,
        source=shown,
        hint=hint,
    )


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Return the name that the word was probably meant to be, or None."""
    from difflib import get_close_matches  # noqa: PLC0415 - only on a mistake

    near = get_close_matches(word, list(names), n=1, cutoff=0.6)
    return near[0] if near else None


@dataclass(slots=True)
class Reading:
    """Reads one argument after the other and keeps the problems for the end."""

    problems: list[Problem] = field(default_factory=list)

    def read(self, parse: Callable[[], T]) -> T | None:
        """Return what `parse` returns, or None where it has problems; they are kept."""
        try:
            return parse()
        except UserError as wrong:
            self.problems += wrong.problems
            return None

    def missing(self, argument: str, example: str) -> None:
        """Keep that the argument was not given."""
        self.problems.append(Problem(message="is missing", file=argument, hint=f"write for example {example}"))

    def conclude(self) -> None:
        """Return if there was no problem.

        Raises:
            UserError: with all of them.
        """
        if self.problems:
            raise UserError(self.problems)
