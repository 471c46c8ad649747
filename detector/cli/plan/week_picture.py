"""A week as a picture of text: a row for each day, three characters for each hour, read without colours.

    Mon 23 .        .        .  [=1=]  .        .

Rule 1: it is the reader's local time: midnight is where the row ends, and what goes on after it begins the next row with `<`.
Rule 2: what overlaps stands in a row of its own below.
Rule 3: what is drawn also stands in words below the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from detector.partner_time.day_names import WEEKDAYS
from detector.partner_time.model import Occurrence

CELLS: Final = 72
DAYS: Final = 7

_DAY: Final = timedelta(days=1)
_CELL: Final = _DAY / CELLS
_GRID: Final = 9
_NOW: Final = "|"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBar:
    """An occurrence of the week; `is_skipped`: it does not take place."""

    occurrence: Occurrence
    is_skipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _DayBar:
    """A part of one day's row: cells `[first, last)`; whether it began on a day before, and goes on the day after."""

    planned: PlannedBar
    first: int
    last: int
    began_before: bool
    goes_on: bool


def draw_week(found: Sequence[PlannedBar], first: date, now: datetime, zone: ZoneInfo) -> list[str]:
    """Return the lines of the picture of the seven days from `first` on, each at most 80 characters."""
    hours = "".join(f"{hour:02}".ljust(_GRID) for hour in range(0, 24, 3))
    lines = [" " * 8 + hours.rstrip()]
    for step in range(DAYS):
        day = first + step * _DAY
        is_today = now.astimezone(zone).date() == day
        rows = _rows([bar for planned in found if (bar := _bar(planned, day, zone)) is not None])
        at = _cell(now.astimezone(zone).replace(tzinfo=None) - datetime.combine(day, datetime.min.time()))
        for place, bars in enumerate(rows or [[]]):
            label = f"{'>' if is_today else ' '}{WEEKDAYS[day.weekday()][:3]} {day.day:>2} " if place == 0 else " " * 8
            lines.append((label + _row(bars, at if is_today else None)).rstrip())
    return lines


def say_short(day: date) -> str:
    """Return the day as the picture calls it: "Mon 23"."""
    return f"{WEEKDAYS[day.weekday()][:3]} {day.day:>2}"


def _bar(planned: PlannedBar, day: date, zone: ZoneInfo) -> _DayBar | None:
    midnight = datetime.combine(day, datetime.min.time())
    begins, ends = (
        at.astimezone(zone).replace(tzinfo=None) - midnight
        for at in (planned.occurrence.begins, planned.occurrence.ends)
    )
    # In the hour that comes twice it may end before it began by the local clock.
    ends = max(begins + timedelta(minutes=1), ends)
    if ends <= timedelta(0) or begins >= _DAY:
        return None
    low, high = _cell(begins), -(-min(ends, _DAY) // _CELL)
    return _DayBar(
        planned=planned, first=low, last=max(high, low + 1), began_before=begins < timedelta(0), goes_on=ends > _DAY
    )


def _cell(since_midnight: timedelta) -> int:
    return min(max(since_midnight, timedelta(0)) // _CELL, CELLS - 1)


def _rows(bars: Sequence[_DayBar]) -> list[list[_DayBar]]:
    rows: list[list[_DayBar]] = []
    for bar in sorted(bars, key=lambda each: (each.first, each.planned.occurrence.partner_time)):
        free = next((row for row in rows if row[-1].last <= bar.first), None)
        if free is None:
            rows.append([bar])
        else:
            free.append(bar)
    return rows


def _row(bars: Sequence[_DayBar], now: int | None) -> str:
    cells = ["." if cell % _GRID == 0 else " " for cell in range(CELLS)]
    for bar in bars:
        cells[bar.first : bar.last] = _cells(bar)
    if now is not None:
        cells[now] = _NOW
    return "".join(cells)


def _cells(bar: _DayBar) -> list[str]:
    width = bar.last - bar.first
    fill = "-" if bar.planned.is_skipped else "="
    if width == 1:
        return [fill]
    name = str(bar.planned.occurrence.partner_time)
    inside = name.center(width - 2, fill) if len(name) <= width - 2 else fill * (width - 2)
    return ["<" if bar.began_before else "[", *inside, ">" if bar.goes_on else "]"]
