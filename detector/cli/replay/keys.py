"""Single keys from the terminal while something is shown on it.

Rule 1: the terminal is given back as it was, however it ends: at the end, by Ctrl-C, by a signal, and while stopped.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from types import FrameType, TracebackType
from typing import Any, Final, Self

ENDING: Final = (signal.SIGTERM, signal.SIGHUP)


class Keys:
    """The keys of whoever sits at the terminal; only within a `with`."""

    def __init__(self) -> None:
        self._fd = sys.stdin.fileno()
        self._before: list[Any] = []
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Take keys one by one, unechoed; Ctrl-C and Ctrl-Z stay what they are."""
        self._before = termios.tcgetattr(self._fd)
        for number in ENDING:
            self._handlers[number] = signal.signal(number, self._end)
        self._handlers[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, self._stop)
        tty.setcbreak(self._fd, termios.TCSANOW)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back."""
        self._restore()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def wait(self, seconds: float | None) -> str:
        """Return the next key, or nothing where none comes in time; None waits for ever. A closed terminal says `q`."""
        ready, _, _ = select.select([self._fd], [], [], seconds)
        if not ready:
            return ""
        try:
            typed = os.read(self._fd, 1)
        except OSError:
            typed = b""
        if typed == b"\x1b":
            # An arrow or a function key: what it says further belongs to it.
            while select.select([self._fd], [], [], 0)[0] and os.read(self._fd, 32):
                pass
            return ""
        return typed.decode("ascii", "replace").lower() if typed else "q"

    def _restore(self) -> None:
        # What was typed ahead stays for the shell.
        termios.tcsetattr(self._fd, termios.TCSANOW, self._before)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._restore()
        os.kill(os.getpid(), signal.SIGSTOP)
        tty.setcbreak(self._fd, termios.TCSANOW)
