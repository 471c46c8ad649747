"""`turntoward replay --watch`: a recording as a live timeline in the terminal, at the speed that a person chooses.

Rule 1: where nobody can press a key, the lines are written plainly, at once.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from detector.cli.replay.keys import Keys
    from detector.cli.replay.lines import Line

SLOWEST: Final = 1.0
FASTEST: Final = 14_400.0
LOOK: Final = 0.1
"""Seconds between two looks at the keys; the clock in the last line moves so often."""
HELP: Final = "space pause · s step · + - speed · q quit"


def watch(lines: Iterable[Line], *, speed: float, monotonic: Callable[[], float]) -> None:
    """Show the lines as time passes in them, `speed` times as fast as it did; on no terminal all of them at once."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        for line in lines:
            click.echo(_plain(line))
        return
    from detector.cli.replay.keys import Keys  # noqa: PLC0415 - a terminal alone needs it

    with Keys() as keys:
        watching = Watching(keys, monotonic, speed)
        try:
            watching.run(lines)
        finally:
            _write("\r\x1b[K")


@dataclass(slots=True)
class Watching:
    """One watching: what the clock in the recording shows, and how fast it goes."""

    keys: Keys
    monotonic: Callable[[], float]
    speed: float
    now: datetime | None = None
    paused: bool = False
    stepping: bool = False
    leaving: bool = False

    def run(self, lines: Iterable[Line]) -> None:
        """Show the lines until the last, or until somebody leaves."""
        for line in lines:
            self._wait_for(line)
            if self.leaving:
                return
            _write(f"\r\x1b[K{_cut(_plain(line))}\n")
            if line.decided and self.stepping:
                self.stepping, self.paused = False, True
            self._status()

    def _wait_for(self, line: Line) -> None:
        if self.now is None or line.jumps:
            self.now = line.at
        while not self.leaving and (self.paused or self.now < line.at):
            if self.stepping:
                break
            if self.paused:
                self._press(self.keys.wait(None))
                continue
            left = (line.at - self.now).total_seconds() / self.speed
            began = self.monotonic()
            key = self.keys.wait(min(LOOK, left))
            self.now = min(line.at, self.now + timedelta(seconds=(self.monotonic() - began) * self.speed))
            self._press(key)
            self._status()
        # A key pressed while lines come thick and fast is a key, too.
        if not self.leaving:
            self._press(self.keys.wait(0))
        self.now = max(self.now, line.at)

    def _press(self, key: str) -> None:
        if key == "q":
            self.leaving = True
        elif key == " ":
            self.paused, self.stepping = not (self.paused or self.stepping), False
        elif key == "s":
            self.paused, self.stepping = False, True
        elif key in {"+", "="}:
            self.speed = min(FASTEST, self.speed * 2)
        elif key == "-":
            self.speed = max(SLOWEST, self.speed / 2)
        if key:
            self._status()

    def _status(self) -> None:
        if self.now is not None:
            how = (
                "paused"
                if self.paused
                else "to the next decision"
                if self.stepping
                else f"{self.speed:g} times as fast"
            )
            _write("\r\x1b[K" + _cut(f"{self.now.astimezone():%H:%M:%S}  {how}  {HELP}"))


def _plain(line: Line) -> str:
    return f"{line.at.astimezone():%H:%M:%S}  {line.text}"


def _cut(text: str) -> str:
    # A line that fills the last column would break, and the line below it could not be taken away any more.
    room = max(20, shutil.get_terminal_size().columns - 1)
    return text if len(text) <= room else text[: room - 1].rstrip() + "…"


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
