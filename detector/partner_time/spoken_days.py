"""Days of the week that people write, read: `mon-fri`, `fri-mon`, `mon,wed,fri`, `weekdays`.

Rule 1: every word that names no day gets its own caret, and the nearest day.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from detector.errors import UserError
from detector.partner_time.day_names import WEEKDAYS
from detector.partner_time.spoken_problem import nearest, problem

_GROUPS: Final = {
    "day": range(7),
    "daily": range(7),
    "everyday": range(7),
    "weekdays": range(5),
    "weekday": range(5),
    "weekend": (5, 6),
    "weekends": (5, 6),
}
DAY_HINT: Final = "write for example mon-fri, mon,wed,fri, day, weekday or weekend"

_ITEM: Final = re.compile(r"[^,\s–-]+(?:\s*[–-]+\s*[^,\s–-]*)*|[–-]+")
_TO: Final = re.compile(r"\bto\b", re.IGNORECASE)


def parse_days(text: str, *, argument: str = "--every", whole: str | None = None, at: int = 0) -> tuple[int, ...]:
    """Return the weekdays that `text` names, Monday 0 to Sunday 6; `text` stands in `whole` from character `at` on.

    They are in order from Monday; a single stretch over the weekend, such as `fri-mon`, is in order from its first day.

    Raises:
        UserError: with every word that names no day.
    """
    shown = text if whole is None else whole
    found: list[int] = []
    problems = []
    for item in _ITEM.finditer(_TO.sub("- ", text)):
        words = [(word[0], item.start() + word.start()) for word in re.finditer(r"[^\s–-]+", item[0])]
        dashes = len(re.findall("[-–]", item[0]))
        named = [(word, start, _days_of(word)) for word, start in words if word.lower() not in {"and", "&"}]
        unknown = [(word, start) for word, start, days in named if days is None]
        problems += [
            problem(argument, shown, f"'{word}' is no day", at=at + start, width=len(word), hint=near_day(word))
            for word, start in unknown
        ]
        if unknown or (not named and not dashes):
            continue
        days = [list(of or ()) for _, _, of in named]
        if dashes == 0:
            found += days[0]
        elif dashes == 1 and len(days) == 2 and all(len(of) == 1 for of in days):
            first, last = days[0][0], days[1][0]
            found += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
        else:
            said = text[item.start() : item.end()]
            message = f"'{said}' does not go from one day to another"
            problems.append(problem(argument, shown, message, at=at + item.start(), width=len(said), hint=DAY_HINT))
    if not found and not problems:
        problems.append(problem(argument, shown, "no day is named", hint=DAY_HINT))
    if problems:
        raise UserError(problems)
    is_stretch = len(found) < 7 and all((earlier + 1) % 7 == later for earlier, later in pairwise(found))
    return tuple(found) if is_stretch else tuple(sorted(set(found)))


def weekday_of(word: str) -> int | None:
    """Return the weekday, Monday 0, that the word names in whole or by its first two letters or more, or None."""
    lowered = word.lower().rstrip(".")
    if len(lowered) < 2:
        return None
    found = [day for day, name in enumerate(WEEKDAYS) if f"{name.lower()}s".startswith(lowered)]
    return found[0] if len(found) == 1 else None


def near_day(word: str) -> str:
    """Return what to write instead of a word that names no day."""
    short = [name[:3].lower() for name in WEEKDAYS]
    whole = [*_GROUPS, *(name.lower() for name in WEEKDAYS)]
    near = nearest(word.lower(), short) or nearest(word.lower(), whole)
    return f"did you mean {near}?" if near else DAY_HINT


def _days_of(word: str) -> Iterable[int] | None:
    lowered = word.lower().rstrip(".")
    if lowered in _GROUPS:
        return _GROUPS[lowered]
    day = weekday_of(word)
    return None if day is None else (day,)
