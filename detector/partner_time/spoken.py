"""What people write about partner time, read: times of day, lengths, zones, titles.

Rule 1: all problems are said at once, each with the argument it stands in, a caret and what to write instead.
Rule 2: what is accepted has one meaning only; where there could be two, it is a problem.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import available_timezones

from detector.errors import Problem, UserError
from detector.partner_time.model import PartnerTime
from detector.partner_time.occurrences import LONGEST
from detector.partner_time.spoken_problem import nearest, problem
from rules.lengths import parse_length, say_length

SHORTEST: Final = timedelta(minutes=1)
LONGEST_TITLE: Final = 80
DAY: Final = timedelta(days=1)

_TIME_HINT: Final = "write for example 18:30, 18.30 or 6:30pm"
_TIME: Final = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm|a\.m\.|p\.m\.)?", re.ASCII)
# They turn the reading direction of whatever follows them on the line: a title must not reach that far.
_DIRECTIONS: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


def parse_time_of_day(text: str, *, argument: str, is_end: bool = False) -> timedelta:
    """Return the time since midnight, 0 to below 24 h; as an end, `24:00` and `00:00` are both 24 h, midnight.

    Raises:
        UserError: if it is no time of day.
    """
    wanted = text.strip().lower()
    found = _TIME.fullmatch({"noon": "12:00", "midnight": "00:00"}.get(wanted, wanted))
    if found is None:
        raise UserError([problem(argument, text, f"'{text}' is no time of day", width=len(text), hint=_TIME_HINT)])
    hours, minutes, half = int(found[1]), int(found[2] or 0), (found[3] or "").replace(".", "")
    if half and 1 <= hours <= 12:
        hours = hours % 12 + (12 if half == "pm" else 0)
    elif half:
        hours = 99
    length = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or length > DAY:
        raise UserError([problem(argument, text, f"no clock shows '{text}'", width=len(text), hint=_TIME_HINT)])
    if is_end:
        return length or DAY
    if length == DAY:
        hint = "a beginning at midnight is 00:00, of the day that begins then"
        raise UserError([problem(argument, text, "24:00 is an end", width=len(text), hint=hint)])
    return length


def parse_zone(text: str, *, argument: str = "--zone") -> str:
    """Return the IANA name of the zone, in its own spelling.

    Raises:
        UserError: if there is no such zone, with the nearest name.
    """
    known = available_timezones() - {"localtime", "Factory"}
    wanted = text.strip()
    if wanted in known:
        return wanted
    by_lower = {name.lower(): name for name in sorted(known)}
    lowered = wanted.lower().replace(" ", "_")
    if lowered in by_lower:
        return by_lower[lowered]
    by_city = {name.rpartition("/")[2]: by_lower[name] for name in by_lower}
    whole, last = nearest(lowered, by_lower), nearest(lowered.rpartition("/")[2], by_city)
    near = by_lower[whole] if whole else by_city[last] if last else None
    city = by_city.get(lowered)
    hint = f"did you mean {city or near}?" if city or near else "write a name such as Europe/Berlin or UTC"
    raise UserError([problem(argument, text, f"there is no zone '{text}'", width=len(text), hint=hint)])


def parse_lasting(text: str, *, argument: str) -> timedelta:
    """Return how long partner time lasts, in whole seconds: from one minute to 24 h, so that it cannot run for ever.

    Raises:
        UserError: if it is no length, or outside these bounds.
    """
    try:
        length = parse_length(text)
    except ValueError as wrong:
        message, _, hint = str(wrong).partition("; ")
        raise UserError([problem(argument, text, message, width=len(text), hint=hint or None)]) from None
    if not SHORTEST <= length <= LONGEST:
        message = f"partner time lasts from 1 min to 24 h, not {say_length(length)}"
        raise UserError([problem(argument, text, message, width=len(text))])
    return timedelta(seconds=int(length.total_seconds()))


def parse_title(text: str, *, argument: str = "TITLE") -> str:
    """Return the title without blanks around it: 1 to 80 characters, none of which steers a terminal.

    Raises:
        UserError: if it is empty, too long, or holds such a character.
    """
    title = text.strip()
    problems = []
    if not title:
        problems.append(problem(argument, "", "a title has at least one character", hint="write for example Dinner"))
    if len(title) > LONGEST_TITLE:
        message = f"a title has at most {LONGEST_TITLE} characters, this one {len(title)}"
        problems.append(Problem(message=message, file=argument))
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} or letter in _DIRECTIONS for letter in title):
        message = "a title is one line without control characters"
        problems.append(Problem(message=message, file=argument))
    if problems:
        raise UserError(problems)
    return title


def begin_now(title: str, lasts: timedelta, now: datetime) -> PartnerTime:
    """Return partner time, once, from `now` (to the second). It is kept in UTC: in the hour that local clocks show
    twice a local time would not say which of the two is meant, and a length is a length in that night, too.
    """  # noqa: D205 - one thought
    begins = now.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return PartnerTime(title=title, begins=begins, lasts=lasts, zone="UTC")
