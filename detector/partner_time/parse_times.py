"""Read what people write about partner time: times of day, lengths, zones, titles.

Invariant 1: all problems are reported at once, each with the argument it stands in, a caret and what to write instead.
Invariant 2: what is accepted has one meaning only; where there could be two, it is a problem.
"""

import re
import unicodedata
from datetime import timedelta
from typing import Any, Final
from zoneinfo import available_timezones

from detector.errors import Problem, UserError
from detector.i18n import _
from detector.partner_time.occurrences import MAX_LENGTH, MIN_LENGTH
from detector.partner_time.wall_clock import DAY
from detector.spelling import nearest
from rules.lengths import format_length, parse_length

MAX_TITLE: Final = 80

_TIME_HINT: Final = _("write for example 18:30, 18.30 or 6:30pm")
_TIME: Final = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm|a\.m\.|p\.m\.)?", re.ASCII)
# They turn the reading direction of whatever follows them on the line: a title must not reach that far.
_DIRECTIONS: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


def problem(
    argument: str,
    text: str,
    message: str,
    hint: str | None = None,
    *,
    at: int = 0,
    word: str | None = None,
    **values: Any,
) -> Problem:
    """Return the problem with `text`, or with a `word` of it at `at`. The values are put into message and hint."""
    values["word"] = text.strip() if word is None else word
    # A text that cannot be shown on one line has no place for a caret.
    shown = text if text.isprintable() and text.strip() else None
    return Problem(
        message=message.format_map(values),
        file=argument,
        column=at + 1 if shown else None,
        width=len(text.rstrip()) - at if word is None else len(word),
        source=shown,
        hint=None if hint is None else hint.format_map(values),
    )


def input_error(argument: str, text: str, message: str, hint: str | None = None, **more: Any) -> UserError:
    return UserError([problem(argument, text, message, hint, **more)])


def hint_nearest(near: str | None, otherwise: str) -> str:
    """Return "did you mean fri?", or the other hint where nothing is near."""
    return _("did you mean {near}?").format(near=near) if near else otherwise


def parse_time_of_day(text: str, *, argument: str, is_end: bool = False) -> timedelta:
    """Return the time since midnight, 0 to below 24 h; as an end, `24:00` and `00:00` are both 24 h, midnight."""
    wanted = text.strip().lower()
    match = _TIME.fullmatch({"noon": "12:00", "midnight": "00:00"}.get(wanted, wanted))
    if match is None:
        raise input_error(argument, text, _("'{word}' is no time of day"), _TIME_HINT, word=text)
    hours, minutes, half = int(match[1]), int(match[2] or 0), (match[3] or "").replace(".", "")
    if half and 1 <= hours <= 12:
        hours = hours % 12 + (12 if half == "pm" else 0)
    elif half:
        # Neither 0pm nor 13pm is a time: it is refused below, as 99:00 is.
        hours = 99
    length = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or length > DAY:
        raise input_error(argument, text, _("no clock shows '{word}'"), _TIME_HINT, word=text)
    if is_end:
        return length or DAY
    if length == DAY:
        hint = _("a beginning at midnight is 00:00, of the day that begins then")
        raise input_error(argument, text, _("24:00 is an end"), hint, word=text)
    return length


def parse_zone(text: str, *, argument: str = "--zone") -> str:
    """Return the IANA name of the zone, in its own spelling."""
    zones = available_timezones() - {"localtime", "Factory"}
    wanted = text.strip()
    if wanted in zones:
        return wanted
    by_lower = {name.lower(): name for name in sorted(zones)}
    lowered = wanted.lower().replace(" ", "_")
    if lowered in by_lower:
        return by_lower[lowered]
    by_city = {name.rpartition("/")[2]: by_lower[name] for name in by_lower}
    whole, last = nearest(lowered, by_lower), nearest(lowered.rpartition("/")[2], by_city)
    near = by_lower[whole] if whole else by_city[last] if last else None
    hint = hint_nearest(by_city.get(lowered) or near, _("write a name such as Europe/Berlin or UTC"))
    raise input_error(argument, text, _("there is no zone '{word}'"), hint, word=text)


def parse_duration(text: str, *, argument: str) -> timedelta:
    """Return how long partner time lasts, in whole seconds: from one minute to 24 h, so that it cannot run for ever."""
    try:
        length = parse_length(text)
    except ValueError as wrong:
        # As values: they quote the text, which may hold braces.
        why, _separator, instead = str(wrong).partition("; ")
        values = {"word": text, "why": why, "instead": instead}
        raise input_error(argument, text, "{why}", "{instead}" if instead else None, **values) from None
    if not MIN_LENGTH <= length <= MAX_LENGTH:
        message = _("partner time lasts from 1 min to 24 h, not {length}")
        raise input_error(argument, text, message, word=text, length=format_length(length))
    return timedelta(seconds=int(length.total_seconds()))


def parse_title(text: str, *, argument: str = "TITLE") -> str:
    """Return the title without blanks around it: 1 to 80 characters, none of which steers a terminal."""
    title = text.strip()
    problems = []
    if not title:
        hint = _("write for example Dinner")
        problems.append(problem(argument, "", _("a title has at least one character"), hint))
    if len(title) > MAX_TITLE:
        message = _("a title has at most {maximum} characters, this one {count}")
        problems.append(Problem(message=message.format(maximum=MAX_TITLE, count=len(title)), file=argument))
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} or letter in _DIRECTIONS for letter in title):
        problems.append(Problem(message=_("a title is one line without control characters"), file=argument))
    if problems:
        raise UserError(problems)
    return title
