"""`turntoward list --week`: a week as a picture of text, up to three characters for each hour, and below it in words.

    Mon 23 .        .        .  [=1=]  .        .

Invariant 1: times are the reader's local time. A row ends at midnight; what goes on after it begins the next row with `<`.
Invariant 2: occurrences that overlap are drawn in rows below each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import click

from detector.cli.output import attributes, columns, print_json, print_text
from detector.cli.plan.context import PlanContext
from detector.i18n import _, date_conventions, format_clock
from detector.partner_time.day_names import WEEKDAYS, format_full_date
from detector.partner_time.describe import format_interval
from detector.partner_time.model import Occurrence
from detector.partner_time.occurrences import LOOK_BACK, occurrences
from detector.partner_time.parse_dates import parse_date

_DAY: Final = timedelta(days=1)
_LABEL: Final = 8


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


def list_week(text: str, plan: PlanContext, *, as_json: bool) -> None:
    day = parse_date(text, argument="--week", now=plan.now, zone=plan.zone, direction="any")
    first = day - (day.weekday() - date_conventions().first_weekday) % 7 * _DAY
    planned = _planned(plan, first)
    if as_json:
        _write_json(planned, first, plan)
        return
    last = first + 6 * _DAY
    head = _("{first} to {last}, {zone}")
    print_text(head.format(first=format_full_date(first), last=format_full_date(last), zone=plan.zone.key))
    click.echo()
    # Three characters for each hour where the terminal has 80 columns; one needs 32.
    per_hour = min(3, (columns() - _LABEL) // 24)
    for line in draw_week(planned, first, plan.now, plan.zone, per_hour=per_hour):
        click.echo(line)
    click.echo()
    for bar in planned:
        begins, ends = (at.astimezone(plan.zone) for at in (bar.occurrence.begins, bar.occurrence.ends))
        state = plan.describe_skip(bar.occurrence) or (_("under way") if _is_under_way(bar, plan) else None)
        words = f"{_short_day(begins.date())}  {format_interval(begins, ends)}  {bar.occurrence.title}"
        words += f" ({bar.occurrence.partner_time})"
        print_text(words if state is None else f"{words}, {state}", first=" ", later=" " * 9)
    if not planned:
        print_text(_("Nothing is declared for this week."), first=" ")
    now = plan.now.astimezone(plan.zone)
    if first <= now.date() <= last:
        print_text(_("| is now, {time}; > is today.").format(time=format_clock(now)), first=" ")
    for sentence in plan.pause_sentences():
        print_text(sentence, first=" ")


def _is_under_way(bar: PlannedBar, plan: PlanContext) -> bool:
    return any(bar.occurrence.id == occurrence.id for occurrence in plan.under_way)


def _planned(plan: PlanContext, first: date) -> Sequence[PlannedBar]:
    begins, ends = (
        datetime.combine(day, datetime.min.time(), plan.zone).astimezone(UTC) for day in (first, first + 7 * _DAY)
    )
    # What has started is drawn as it started: edits do not change it.
    started = {run.occurrence.id: run.occurrence for run in plan.schedule.started or ()}
    planned = (
        started.get(occurrence.id, occurrence)
        for partner_time in plan.partner_times
        for occurrence in occurrences(partner_time, begins - LOOK_BACK, ends)
    )
    bars = [
        PlannedBar(occurrence=occurrence, is_skipped=occurrence.id in plan.skipped)
        for occurrence in plan.overrides_without_skips.apply(planned)
        if occurrence.begins < ends and begins < occurrence.ends
    ]
    return sorted(bars, key=lambda bar: (bar.occurrence.begins, bar.occurrence.partner_time))


def _write_json(planned: Sequence[PlannedBar], first: date, plan: PlanContext) -> None:
    print_json(
        {
            "now": plan.now,
            "zone": plan.zone.key,
            "first_day": first,
            "last_day": first + 6 * _DAY,
            "occurrences": [
                {
                    "id": bar.occurrence.id,
                    "number": bar.occurrence.partner_time,
                    **attributes(bar.occurrence, "title", "begins", "ends"),
                    "skipped": bar.is_skipped,
                    "under_way": _is_under_way(bar, plan),
                }
                for bar in planned
            ],
        }
    )


def draw_week(
    week: Sequence[PlannedBar], first: date, now: datetime, zone: ZoneInfo, *, per_hour: int = 3
) -> list[str]:
    """Return the lines of the picture of the seven days from `first` on, each with 8 characters and `per_hour` for each hour."""
    cell = timedelta(hours=1) / per_hour
    hours = "".join(f"{hour:02}".ljust(3 * per_hour) for hour in range(0, 24, 3))
    lines = [" " * _LABEL + hours.rstrip()]
    for step in range(7):
        day = first + step * _DAY
        is_today = now.astimezone(zone).date() == day
        rows = _rows([bar for planned in week if (bar := _bar(planned, day, zone, cell)) is not None])
        since_midnight = now.astimezone(zone).replace(tzinfo=None) - datetime.combine(day, datetime.min.time())
        now_cell = _cell(since_midnight, cell)
        for place, bars in enumerate(rows or [[]]):
            label = f"{'>' if is_today else ' '}{_short_day(day)} " if place == 0 else " " * _LABEL
            lines.append((label + _row(bars, now_cell if is_today else None, per_hour)).rstrip())
    return lines


def _short_day(day: date) -> str:
    return f"{WEEKDAYS[day.weekday()][:3]} {day.day:>2}"


def _bar(planned: PlannedBar, day: date, zone: ZoneInfo, cell: timedelta) -> _DayBar | None:
    midnight = datetime.combine(day, datetime.min.time())
    begins, ends = (
        at.astimezone(zone).replace(tzinfo=None) - midnight
        for at in (planned.occurrence.begins, planned.occurrence.ends)
    )
    # In the hour that comes twice it may end before it began by the local clock.
    ends = max(begins + timedelta(minutes=1), ends)
    if ends <= timedelta(0) or begins >= _DAY:
        return None
    # Rounded down at the beginning and up at the end, so that a minute fills a cell.
    low, high = _cell(begins, cell), -(-min(ends, _DAY) // cell)
    return _DayBar(
        planned=planned, first=low, last=max(high, low + 1), began_before=begins < timedelta(0), goes_on=ends > _DAY
    )


def _cell(since_midnight: timedelta, cell: timedelta) -> int:
    return min(max(since_midnight, timedelta(0)) // cell, _DAY // cell - 1)


def _rows(bars: Sequence[_DayBar]) -> list[list[_DayBar]]:
    rows: list[list[_DayBar]] = []
    for bar in sorted(bars, key=lambda bar: (bar.first, bar.planned.occurrence.partner_time)):
        # The first row without an overlap.
        free = next((row for row in rows if row[-1].last <= bar.first), None)
        if free is None:
            rows.append([bar])
        else:
            free.append(bar)
    return rows


def _row(bars: Sequence[_DayBar], now: int | None, per_hour: int) -> str:
    # A dot every three hours, below the hour's number in the head line.
    cells = ["." if cell % (3 * per_hour) == 0 else " " for cell in range(24 * per_hour)]
    for bar in bars:
        cells[bar.first : bar.last] = _cells(bar)
    if now is not None:
        cells[now] = "|"
    return "".join(cells)


def _cells(bar: _DayBar) -> list[str]:
    width = bar.last - bar.first
    fill = "-" if bar.planned.is_skipped else "="
    # One cell has no place for both brackets.
    if width == 1:
        return [fill]
    name = str(bar.planned.occurrence.partner_time)
    inside = name.center(width - 2, fill) if len(name) <= width - 2 else fill * (width - 2)
    return ["<" if bar.began_before else "[", *inside, ">" if bar.goes_on else "]"]
