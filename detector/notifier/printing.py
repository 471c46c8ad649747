"""The last notifier: it prints a line or two on standard error.

Invariant 1: it refuses where its output is no terminal (the journal, a file): nobody would see the nudge, and `forget` could not
delete it.
"""

import sys
from collections.abc import Callable
from textwrap import wrap
from typing import Final, TextIO

from detector.core.observations import Answer
from detector.errors import NotifyFailed
from detector.i18n import _
from detector.notifier.model import NotificationText, OneWayNotifier
from detector.notifier.safe_text import one_line

WIDTH: Final = 80


class PrintingNotifier(OneWayNotifier):
    """Prints to `stream`, standard error where none is given. No answer ever comes back.

    `needs_terminal` False: somebody runs the command for what it prints, wherever that goes.
    """

    name = "print"
    about = _(
        "only prints a line; it is seen by whoever looks at the terminal, and can be answered with `turntoward answer` only"
    )

    def __init__(self, stream: TextIO | None = None, *, needs_terminal: bool = True) -> None:
        self._stream = stream
        self._needs_terminal = needs_terminal

    async def probe(self) -> None:
        self._target()

    async def show(self, nudge: int, text: NotificationText, answered: Callable[[int, Answer], None]) -> None:
        line = " — ".join(
            part for part in (one_line(text.title), one_line(text.body, 1000), text.how_to_answer) if part
        )
        lines = wrap(_("Turntoward (only printed): {line}").format(line=line), WIDTH, subsequent_indent="  ")
        target = self._target()
        try:
            target.write("\n".join(lines) + "\n")
            target.flush()
        except (OSError, ValueError) as failure:
            # The failure's own text could quote what could not be encoded.
            raise NotifyFailed(_("printing failed: {error}").format(error=type(failure).__name__)) from None

    def _target(self) -> TextIO:
        target = self._stream or sys.stderr
        # Python's own annotation leaves out that sys.stderr is None where the descriptor was closed.
        if target is None or target.closed:
            raise NotifyFailed(_("there is no output to print to"))
        if self._needs_terminal and not target.isatty():
            raise NotifyFailed(_("the output is no terminal, so nobody would see it"))
        return target
