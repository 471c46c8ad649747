"""Read weekdays: `mon-fri`, `mon,wed,fri`, `weekdays`, `friday through sunday`.

Invariant 1: every unknown word gets its own caret, and the nearest weekday if one is near in meaning, too.
"""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.day_names import WEEKDAYS
from detector.partner_time.parse_times import check_length, hint_nearest, problem
from rules.spelling import nearest

_GROUPS: Final[dict[str, Iterable[int]]] = {
    **dict.fromkeys(("day", "daily", "everyday"), range(7)),
    **dict.fromkeys(("weekdays", "weekday", "workdays", "workday"), range(5)),
    **dict.fromkeys(("weekend", "weekends"), (5, 6)),
    "mwf": (0, 2, 4),
    "tth": (1, 3),
}
DAY_HINT: Final = _("write for example mon-fri, mon,wed,fri, day, weekday or weekend")

# One item of a list of weekdays: a word, or words with dashes between them. People type - and –, with blanks or without.
_ITEM: Final = re.compile(r"[^,;/+&\s–-]+(?:\s*[–-]+\s*[^,;/+&\s–-]*)*|[–-]+")
# Each becomes a dash, and blanks as long as it was, so that carets stand where they should.
_TO: Final = re.compile(r"\b(?:to|through|thru|until|till)\b", re.IGNORECASE)


def parse_days(text: str, *, argument: str = "--every", whole: str | None = None, at: int = 0) -> tuple[int, ...]:
    """Return the weekdays that `text` names, Monday 0 to Sunday 6; `text` stands in `whole` from character `at` on.

    They are in order from Monday; a single stretch over the weekend, such as `fri-mon`, is in order from its first day.
    """
    shown = check_length(text if whole is None else whole, argument=argument)
    weekdays: list[int] = []
    problems = []
    for item in _ITEM.finditer(_TO.sub(lambda word: "-".ljust(len(word[0])), text)):
        words = [(word[0], item.start() + word.start()) for word in re.finditer(r"[^\s–-]+", item[0])]
        dashes = len(re.findall("[-–]", item[0]))
        named = [(word, start, _days_of(word)) for word, start in words if word.lower() not in {"and", "or"}]
        unknown = [(word, start) for word, start, days in named if days is None]
        problems += [
            problem(argument, shown, _("'{word}' is not a day"), near_day(word), at=at + start, word=word)
            for word, start in unknown
        ]
        if unknown or (not named and not dashes):
            continue
        days = [list(of or ()) for _, _, of in named]
        if dashes == 0:
            weekdays += days[0]
        elif dashes == 1 and len(days) == 2 and all(len(of) == 1 for of in days):
            first, last = days[0][0], days[1][0]
            weekdays += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
        else:
            stretch = text[item.start() : item.end()]
            message = _("'{word}' does not go from one day to another")
            problems.append(problem(argument, shown, message, DAY_HINT, at=at + item.start(), word=stretch))
    if not weekdays and not problems:
        problems.append(problem(argument, shown, _("no day is named"), DAY_HINT))
    if problems:
        raise UserError(problems)
    is_stretch = len(weekdays) < 7 and all((earlier + 1) % 7 == later for earlier, later in pairwise(weekdays))
    return tuple(weekdays) if is_stretch else tuple(sorted(set(weekdays)))


def weekday_of(word: str) -> int | None:
    """Return the weekday, Monday 0, that the word names in whole or by its first two letters or more, or None."""
    lowered = word.lower().rstrip(".")
    if len(lowered) < 2:
        return None
    days = [day for day, name in enumerate(WEEKDAYS) if f"{name.lower()}s".startswith(lowered)]
    return days[0] if len(days) == 1 else None


def near_name(word: str, names: Iterable[str]) -> str | None:
    """Return the name that was probably meant, if the word begins like it and is nearly the same: no `thursday` for `birthday`."""
    names, word = list(names), word.lower()
    near = nearest(word, [name.lower() for name in names if name[:1].lower() == word[:1]], at_least=0.75)
    # Of a short word, such as `fry`, a short name is nearer.
    short = {name[:3].lower() for name in names if name[:1].isupper()}
    return near or (
        nearest(word, (name for name in short if name[0] == word[0]), at_least=0.65) if len(word) <= 4 else None
    )


def near_day(word: str) -> str:
    return hint_nearest(near_name(word, (*_GROUPS, *WEEKDAYS)), DAY_HINT)


def _days_of(word: str) -> Iterable[int] | None:
    lowered = word.lower().rstrip(".")
    if lowered in _GROUPS:
        return _GROUPS[lowered]
    day = weekday_of(word)
    return None if day is None else (day,)
