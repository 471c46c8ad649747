"""How commands write and ask: wrapped text, JSON, choosing one of several by name, and asking before a change."""

import json
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

import click

from detector.control.status import jsonable
from detector.errors import Problem, UserError, printable
from detector.i18n import _
from detector.spelling import did_you_mean

# The width of what is written to a file or a pipe, and the smallest width that is assumed of a terminal.
COLUMNS: Final = 80
MIN_COLUMNS: Final = 40

T = TypeVar("T")


def columns() -> int:
    """Return how wide the terminal is, at least 40; 80 where the output goes elsewhere."""
    try:
        # A terminal that does not know its size says 0.
        return max(os.get_terminal_size(sys.stdout.fileno()).columns or COLUMNS, MIN_COLUMNS)
    except (OSError, ValueError, AttributeError):
        return COLUMNS


def wrap(
    text: str, first: str = "", later: str = "", *, width: int | None = None, break_words: bool = False
) -> list[str]:
    """Return the text in lines of at most `width` columns, else of the terminal's; a command in backticks is not broken.

    `first` and `later` are written before the first line and before the others. A word longer than a line (a path, an
    address) is broken only where `break_words` is set, so that it can be copied.
    """
    # textwrap must not break at the blanks inside backticks, so they are another character until it is done.
    joined = re.sub(r"`[^`]*`", lambda command: command[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(
        joined,
        columns() - 1 if width is None else width,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=break_words,
        break_on_hyphens=False,
        replace_whitespace=False,
    )
    return [line.replace("\0", " ") for line in lines]


def print_text(text: str, first: str = "", later: str = "") -> None:
    """Write the text wrapped for the terminal."""
    click.echo("\n".join(wrap(text, first, later, break_words=True)))


def cut(text: str, width: int) -> str:
    """Return the text in at most `width` columns, with an ellipsis where something is left out."""
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def print_json(value: Any, *, sort_keys: bool = False) -> None:
    """Write the value as JSON: dataclasses as objects, instants and dates in ISO 8601, lengths in seconds."""
    click.echo(json.dumps(value, default=jsonable, ensure_ascii=False, indent=2, sort_keys=sort_keys))


def attributes(value: object, *names: str) -> dict[str, Any]:
    """Return these attributes as an object for JSON."""
    return {name: getattr(value, name) for name in names}


def choose_by_name(items: Iterable[T], name: str, *keys: Callable[[T], str], unknown: str, otherwise: str) -> list[T]:
    """Return the items with this name, in any case: by the first of the keys that has matches.

    Raises:
        UserError: if nothing matches: `unknown`, and the nearest name or `otherwise`.
    """
    candidates = list(items)
    folded = name.strip().casefold()
    for key in keys:
        # The first key with a match decides: a title that is equal to an id must not make the id ambiguous.
        if matches := [item for item in candidates if key(item).casefold() == folded]:
            return matches
    names = [key(item) for item in candidates for key in keys]
    # Every number is near to every other, so numbers are no suggestions.
    hint = did_you_mean(name.strip(), [name for name in names if not name.isdigit()], otherwise)
    raise UserError(f"{unknown}\n  {hint}")


def is_interactive() -> bool:
    """Return whether a person at a terminal can answer a question."""
    return sys.stdin.isatty()


def choose_reading(problem: Problem) -> str | None:
    """Return the reading that the person chooses; None if the problem has none, or if there is no terminal to ask on."""
    if not problem.readings or not is_interactive():
        return None
    choices = click.Choice(range(1, len(problem.readings) + 1))
    listed = "\n".join(f"  {number}  {reading}" for number, reading in enumerate(problem.readings, 1))
    click.echo(f"{problem.message[:1].upper()}{problem.message[1:]}.\n{listed}")
    return problem.readings[click.prompt(_("Which do you mean?"), type=choices) - 1]


def read_words(read: Callable[[str], T], text: str) -> T:
    """Return what `read` returns for the text; where the text has two readings, the person at a terminal chooses one."""
    try:
        return read(text)
    except UserError as error:
        chosen = choose_reading(error.problems[0])
        if chosen is None:
            raise
        return read(chosen)


def confirm(question: str, *, yes: bool, unchanged: str, with_yes: str, default: bool = False) -> bool:
    """Return whether the person agrees; with `yes` without a question. After a no, `unchanged` is printed.

    Raises:
        UserError: if there is no terminal to ask on; with `unchanged` ("Nothing was removed.") and `with_yes`, which says
            what --yes would do.
    """
    if yes:
        return True
    # A script must not wait for an answer, and its silence is no consent.
    if not is_interactive():
        raise UserError(f"{unchanged} {_('There is no terminal to ask on.')}\n  {with_yes}")
    if click.confirm(question, default=default):
        return True
    print_text(unchanged)
    return False


class ProgressLine:
    """Writes to the standard error what is being done, once it takes longer than a second.

    On a terminal one line changes five times a second; elsewhere a new line comes every five seconds.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._next = monotonic() + 1.0
        self._is_terminal = sys.stderr.isatty()
        self._is_shown = False

    def __call__(self, text: str) -> None:
        now = self._monotonic()
        if now < self._next:
            return
        line = printable(text, "?")[: columns() - 2]
        self._next = now + (0.2 if self._is_terminal else 5.0)
        self._is_shown = True
        # `\r` goes back to the beginning of the line, and `ESC [K` clears it.
        sys.stderr.write(f"\r\x1b[K{line}" if self._is_terminal else f"{line} …\n")
        sys.stderr.flush()

    def clear(self) -> None:
        if self._is_shown and self._is_terminal:
            sys.stderr.write("\r\x1b[K")
