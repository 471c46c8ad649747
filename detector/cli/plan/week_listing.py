"""`turntoward list --week`: a week as a picture, and in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import click

from detector.cli.plan.context import say
from detector.cli.plan.week_picture import DAYS, Drawn, draw_week, say_short
from detector.partner_time.day_names import say_full_date
from detector.partner_time.describe import say_interval
from detector.partner_time.occurrences import LOOK_BACK, occurrences
from detector.partner_time.parse_dates import parse_date

if TYPE_CHECKING:
    from detector.cli.plan.context import Declared


def list_week(wanted: str, known: Declared, *, as_json: bool) -> None:
    """Write the week, Monday to Sunday, that holds the day that was asked for, as a picture or as JSON.

    Raises:
        UserError: if it names no day.
    """
    day = parse_date(wanted, argument="--week", now=known.now, zone=known.zone, past=True)
    first = day - timedelta(days=day.weekday())
    found = _found(known, first)
    if as_json:
        _write_json(found, first, known)
        return
    last = first + timedelta(days=DAYS - 1)
    say(f"{say_full_date(first)} to {say_full_date(last)}, {known.zone.key}")
    click.echo()
    for line in draw_week(found, first, known.now, known.zone):
        click.echo(line)
    click.echo()
    for drawn in found:
        begins, ends = (at.astimezone(known.zone) for at in (drawn.occurrence.begins, drawn.occurrence.ends))
        why = known.does_not_take_place(drawn.occurrence)
        state = _under_way(drawn, known) if why is None else f", {why}"
        words = f"{say_short(begins.date())}  {say_interval(begins, ends)}  {drawn.occurrence.title}"
        say(f"{words} ({drawn.occurrence.partner_time}){state}", first=" ", later=" " * 9)
    if not found:
        say("Nothing is declared for this week.", first=" ")
    if first <= known.now.astimezone(known.zone).date() <= last:
        say(f"| is now, {known.now.astimezone(known.zone):%H:%M}; > is today.", first=" ")
    for sentence in known.what_pauses():
        say(sentence, first=" ")


def _under_way(drawn: Drawn, known: Declared) -> str:
    return ", under way" if any(drawn.occurrence.id == each.id for each in known.under_way) else ""


def _found(known: Declared, first: date) -> Sequence[Drawn]:
    begins, ends = (
        datetime.combine(day, datetime.min.time(), known.zone).astimezone(UTC)
        for day in (first, first + timedelta(days=DAYS))
    )
    started = {each.occurrence.id: each.occurrence for each in known.schedule.started or ()}
    planned = {
        each.id: started.get(each.id, each)
        for partner_time in known.partner_times
        for each in occurrences(partner_time, begins - LOOK_BACK, ends)
    }
    changed = known.exceptions_but_skips.apply(planned.values())
    found = [
        Drawn(occurrence=each, skipped=each.id in known.skipped)
        for each in changed
        if each.begins < ends and begins < each.ends
    ]
    return sorted(found, key=lambda drawn: (drawn.occurrence.begins, drawn.occurrence.partner_time))


def _write_json(found: Sequence[Drawn], first: date, known: Declared) -> None:
    written = {
        "now": known.now.isoformat(),
        "zone": known.zone.key,
        "first_day": first.isoformat(),
        "last_day": (first + timedelta(days=DAYS - 1)).isoformat(),
        "occurrences": [
            {
                "id": drawn.occurrence.id,
                "number": drawn.occurrence.partner_time,
                "title": drawn.occurrence.title,
                "begins": drawn.occurrence.begins.isoformat(),
                "ends": drawn.occurrence.ends.isoformat(),
                "skipped": drawn.skipped,
                "under_way": bool(_under_way(drawn, known)),
            }
            for drawn in found
        ],
    }
    click.echo(json.dumps(written, ensure_ascii=False, indent=2))
