"""Lengths of time as people write them: `45 s`, `10 min`, `1 h 30 min`, and back."""

import re
from datetime import timedelta
from typing import Final

UNITS: Final = {
    "s": timedelta(seconds=1),
    "sec": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
MAX_LENGTH: Final = timedelta(days=3660)
_PART: Final = re.compile(r"\s*(\d{1,9}(?:\.\d{1,6})?)\s*([a-z]+)", re.ASCII)


class LengthTooLong(ValueError):
    """A length of more than ten years."""


def parse_length(text: str) -> timedelta:
    """Return the length that `text` names, such as `90min`, `1 h 30 min` or `7d`; more than zero, at most ten years.

    Raises:
        ValueError: with a sentence for the person, if it is not a length.
    """
    lowered = text.strip().lower()
    position, total = 0, timedelta(0)
    # Parts add up, in any order: `30 min 1 h` is as good as `1 h 30 min`.
    while position < len(lowered):
        part = _PART.match(lowered, position)
        if part is None or part[2] not in UNITS:
            raise ValueError(f"'{text}' is not a length; write for example 45 s, 10 min, 1 h 30 min or 7 d")
        total += float(part[1]) * UNITS[part[2]]
        if total > MAX_LENGTH:
            raise LengthTooLong(f"'{text}' is too long; the maximum is ten years")
        position = part.end()
    if total <= timedelta(0):
        raise ValueError(f"'{text}' is not a length; write for example 45 s, 10 min, 1 h 30 min or 7 d")
    return total


def format_length(length: timedelta) -> str:
    """Return the length in at most two units: `70 s`, `10 min`, `1 h 30 min`, `7 d`.

    Up to 90 seconds are written in seconds; longer lengths are rounded to minutes.
    """
    seconds = round(length.total_seconds())
    if seconds <= 90 and seconds != 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        days, hours = divmod(hours + round(rest / 60), 24)
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
