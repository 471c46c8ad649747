"""Show the progress of fetching or reading a calendar, once it takes more than a second."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from detector.calendars.urls import is_url, parse_url
from detector.i18n import _
from detector.store.model import Calendar

# Seconds after which progress is shown.
DELAY: Final = 1.0


@contextmanager
def show_progress(calendar: Calendar) -> Iterator[CalendarProgress]:
    progress = CalendarProgress(calendar)
    # A timer in a thread: while a server does not answer, nothing calls back.
    timer = threading.Timer(DELAY, progress.begin)
    timer.daemon = True
    timer.start()
    try:
        yield progress
    finally:
        timer.cancel()
        progress.end()


class CalendarProgress:
    """Writes to the standard error what is being done, from `begin` to `end`: on a terminal in one line that changes."""

    def __init__(self, calendar: Calendar) -> None:
        name = parse_url(calendar.location).host if is_url(calendar.location) else _("the file")
        self._activity = _("Asking {name} …").format(name=name)
        self._is_shown = self._is_over = False
        self._line = ""

    def __call__(self, activity: str) -> None:
        self._activity = activity
        if self._is_shown and sys.stderr.isatty():
            self._show()

    def begin(self) -> None:
        # The timer's thread may come just after the block has ended.
        if not self._is_over:
            self._is_shown = True
            self._show()

    def end(self) -> None:
        self._is_over = True
        if self._is_shown and sys.stderr.isatty():
            click.echo(f"\r{'':<79}\r", nl=False, err=True)

    def _show(self) -> None:
        if self._activity != self._line:
            self._line = self._activity
            is_terminal = sys.stderr.isatty()
            click.echo(f"\r{self._line:<79}" if is_terminal else self._line, nl=not is_terminal, err=True)
