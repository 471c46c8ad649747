"""Which of the person's own suggestions is offered on a day. Pure: a replay offers the same.

Rule 1: from one day to the next, and from one week to the next, another one's turn comes; each of them comes up, whether
partner time is daily, weekly or on every other Friday.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import gcd


def suggestion(day: date, suggestions: Sequence[str]) -> str:
    """Return the suggestion whose turn it is on the day of the beginning; empty where there is none."""
    number = len(suggestions)
    if not number:
        return ""
    # Seven suggestions would be the same ones on every Friday, if each day only went on by one; and two, fortnightly.
    days = day.toordinal()
    more_each_week = next(more for more in range(number) if gcd(7 + more, number) == 1)
    return suggestions[(days + days // 7 * more_each_week + days // 28) % number]
