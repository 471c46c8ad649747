"""How partner times started, and which of those that were cancelled were made good, in lines of text."""

from __future__ import annotations

from datetime import datetime
from textwrap import wrap

from detector.partner_time.day_names import MONTHS, WEEKDAYS
from detector.report.summary import Cancellation, Summary


def say_starts(summary: Summary) -> list[str]:
    """Return how many started well, where that is known of any; nothing else is said of the others."""
    well, known = summary.starts.well, summary.starts.known
    if not known:
        return []
    rest = "" if known == summary.partner_times.all else " of which it is known"
    return [f"Started well: {well} of {'the ' if rest else ''}{known}{rest}."]


def say_cancelled(summary: Summary, width: int) -> list[str]:
    """Return which were made good, and for when the others are planned; what is neither is only counted."""
    if not summary.cancelled:
        return []
    good = [each for each in summary.cancelled if each.became == "made_good"]
    lines = [f"Cancelled {len(summary.cancelled)}" + (f", made good {len(good)}:" if good else ".")]
    for each in (*good, *(each for each in summary.cancelled if each.became == "planned")):
        lines += wrap(_say(each, summary.until), width, initial_indent="  ", subsequent_indent="    ")
    return lines


def _say(each: Cancellation, now: datetime) -> str:
    title = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in each.title)
    new = "" if each.instead is None else f"{_day(each.instead, now)} {each.instead:%H:%M}"
    when = f"on {new}" if each.became == "made_good" else f"is planned for {new}"
    return f"{title} of {_day(each.begins, now)} {when}."


def _day(at: datetime, now: datetime) -> str:
    year = "" if at.year == now.year else f" {at.year}"
    return f"{WEEKDAYS[at.weekday()]} {at.day} {MONTHS[at.month - 1]}{year}"
