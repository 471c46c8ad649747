"""Say what takes so long, once asking or reading a calendar has taken more than a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from detector.calendars.urls import is_url, parse_url

if TYPE_CHECKING:
    from detector.partner_time.proposals import Calendar

PATIENCE: Final = 1.0
"""Seconds after which it is said."""


@contextmanager
def patience(calendar: Calendar) -> Iterator[Progress]:
    """Give what is told what is being done with the calendar, as long as the block lasts."""
    progress = Progress(calendar)
    timer = threading.Timer(PATIENCE, progress.begin)
    timer.daemon = True
    timer.start()
    try:
        yield progress
    finally:
        timer.cancel()
        progress.end()


class Progress:
    """Says on standard error what takes so long, once more than a second has gone."""

    def __init__(self, calendar: Calendar) -> None:
        where = parse_url(calendar.place).host if is_url(calendar.place) else "the file"
        self._doing = f"Asking {where} …"
        self._shows = self._over = False
        self._line = ""

    def __call__(self, doing: str) -> None:
        """Take in what is being done; it is shown where a person looks on."""
        self._doing = doing
        if self._shows and sys.stderr.isatty():
            self._show()

    def begin(self) -> None:
        """Show it from now on."""
        if not self._over:
            self._shows = True
            self._show()

    def end(self) -> None:
        """Take it away again."""
        self._over = True
        if self._shows and sys.stderr.isatty():
            click.echo(f"\r{'':<79}\r", nl=False, err=True)

    def _show(self) -> None:
        if self._doing != self._line:
            self._line = self._doing
            click.echo(
                f"\r{self._doing:<79}" if sys.stderr.isatty() else self._doing, nl=not sys.stderr.isatty(), err=True
            )
