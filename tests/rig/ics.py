"""Calendars as other programs write them, for tests that read them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime

from detector.calendars.model import ParsedCalendar
from detector.calendars.reading import read_calendar
from detector.store.model import EventFilter

HERE = "Europe/Berlin"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def event(*lines: str, uid: str | None = "1", summary: str | None = "Dinner #us") -> list[str]:
    """Return the lines of one event."""
    head = [*([] if uid is None else [f"UID:{uid}"]), *([] if summary is None else [f"SUMMARY:{summary}"])]
    return ["BEGIN:VEVENT", *head, *lines, "END:VEVENT"]


def dinner(*lines: str, uid: str = "1", summary: str = "Dinner #us") -> list[str]:
    """Return an event on Tuesday 24 November 2026, 18:30 to 20:00 in Berlin."""
    when = ("DTSTART;TZID=Europe/Berlin:20261124T183000", "DTEND;TZID=Europe/Berlin:20261124T200000")
    return event(*when, *lines, uid=uid, summary=summary)


def calendar(*events: Iterable[str], head: Iterable[str] = ()) -> bytes:
    """Return the calendar, with lines that end as the RFC wants it."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", *head, *(line for each in events for line in each), "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def read(copy: bytes | Iterable[bytes], choice: EventFilter | None = None, zone: str = HERE) -> ParsedCalendar:
    """Read it; by the tag, unless said otherwise."""
    return read_calendar(copy, choice=choice or EventFilter(), zone=zone, now=NOW, monotonic=time.monotonic)


def why(reading: ParsedCalendar) -> list[str]:
    """Return what was wrong."""
    return [wrong.why for wrong in reading.problems]
