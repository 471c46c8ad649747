"""The exceptions of the program, and its exit codes. Their text is written where they are raised, not where they are caught.

Invariant 1: `UserError` carries all problems at once, each with its place and what to do.
Invariant 2: a rule that does not hold, a suppressed nudge and an absent feature are values, not exceptions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_INPUT: Final = 2
EXIT_NOT_RUNNING: Final = 3
# EX_SOFTWARE of sysexits.h.
EXIT_BUG: Final = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with what a person wrote.

    `line` and `column` count from 1, `column` in characters; `width` is how many characters the caret underlines.
    `readings`: what could have been meant, each as it would be written with one meaning; empty where it is simply wrong.
    """

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    width: int = 1
    source: str | None = None
    hint: str | None = None
    readings: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return `file:line:column: message`, then the source line with a caret, then the hint."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        lines = [f"{place}: {self.message}" if place else self.message]
        if self.source is not None and self.column is not None:
            # A tab is one character for `column`, and has to be as wide as one, or the caret stands beside its place.
            shown = self.source.expandtabs(1)
            lines += [f"    {shown}", "    " + " " * (self.column - 1) + "^" * max(1, self.width)]
        if self.hint:
            lines.append(f"  {self.hint}")
        return "\n".join(lines)


class TurntowardError(Exception):
    """The base class of what the program raises on purpose."""


class UserError(TurntowardError):
    """What a person gave cannot be used: exit 2, no traceback, nothing changed."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        listed = [Problem(message=problems)] if isinstance(problems, str) else problems
        self.problems: tuple[Problem, ...] = tuple(listed)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnavailableError(TurntowardError):
    """Something cannot run here: `why`, and `remedy`, what a person can do about it."""

    def __init__(self, why: str, remedy: str | None = None) -> None:
        self.why = why
        self.remedy = remedy
        super().__init__(why)


class SensorUnavailable(UnavailableError):
    """A sensor cannot run here; `remedy` names what a person could install or switch on."""


class SensorLost(TurntowardError):
    """A running sensor stopped: it will be tried again."""


class NotifyFailed(TurntowardError):
    """A notifier could not show the nudge: the next one is tried."""


class PhoneApiUnavailable(UnavailableError):
    """The phone API cannot be started."""


class StoreError(TurntowardError):
    """The store cannot be used: the daemon stops, because it can record nothing without it."""


class DaemonNotRunning(TurntowardError):
    """The command needs the daemon, and it is not running: exit 3."""


def printable(text: str, instead: str = "\N{REPLACEMENT CHARACTER}") -> str:
    """Return the text with `instead` for characters that could steer a terminal; what comes from elsewhere may hold any."""
    return "".join(letter if letter.isprintable() else instead for letter in text)
