"""`turntoward list --week`: a week as a picture, and in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import click

from detector.cli.output import print_json, say
from detector.cli.plan.context import PlanContext
from detector.cli.plan.week_picture import DAYS, PlannedBar, draw_week, say_short
from detector.i18n import _
from detector.partner_time.day_names import say_full_date
from detector.partner_time.describe import say_interval
from detector.partner_time.occurrences import LOOK_BACK, occurrences
from detector.partner_time.parse_dates import parse_date


def list_week(wanted: str, known: PlanContext, *, as_json: bool) -> None:
    """Write the week, Monday to Sunday, that holds the given day, as a picture or as JSON."""
    day = parse_date(wanted, argument="--week", now=known.now, zone=known.zone, past=True)
    first = day - timedelta(days=day.weekday())
    planned = _planned(known, first)
    if as_json:
        _write_json(planned, first, known)
        return
    last = first + timedelta(days=DAYS - 1)
    text = _("{first} to {last}, {zone}")
    say(text.format(first=say_full_date(first), last=say_full_date(last), zone=known.zone.key))
    click.echo()
    for line in draw_week(planned, first, known.now, known.zone):
        click.echo(line)
    click.echo()
    for bar in planned:
        begins, ends = (at.astimezone(known.zone) for at in (bar.occurrence.begins, bar.occurrence.ends))
        state = known.describe_skip(bar.occurrence) or (_("under way") if _is_under_way(bar, known) else None)
        words = f"{say_short(begins.date())}  {say_interval(begins, ends)}  {bar.occurrence.title}"
        words += f" ({bar.occurrence.partner_time})"
        say(words if state is None else f"{words}, {state}", first=" ", later=" " * 9)
    if not planned:
        say(_("Nothing is declared for this week."), first=" ")
    now = known.now.astimezone(known.zone)
    if first <= now.date() <= last:
        say(_("| is now, {time}; > is today.").format(time=f"{now:%H:%M}"), first=" ")
    for sentence in known.pause_sentences():
        say(sentence, first=" ")


def _is_under_way(bar: PlannedBar, known: PlanContext) -> bool:
    return any(bar.occurrence.id == each.id for each in known.under_way)


def _planned(known: PlanContext, first: date) -> Sequence[PlannedBar]:
    begins, ends = (
        datetime.combine(day, datetime.min.time(), known.zone).astimezone(UTC)
        for day in (first, first + timedelta(days=DAYS))
    )
    # What has started is drawn as it started, whatever was edited since.
    started = {each.occurrence.id: each.occurrence for each in known.schedule.started or ()}
    planned = (
        started.get(each.id, each)
        for partner_time in known.partner_times
        for each in occurrences(partner_time, begins - LOOK_BACK, ends)
    )
    found = [
        PlannedBar(occurrence=each, is_skipped=each.id in known.skipped)
        for each in known.exceptions_but_skips.apply(planned)
        if each.begins < ends and begins < each.ends
    ]
    return sorted(found, key=lambda bar: (bar.occurrence.begins, bar.occurrence.partner_time))


def _write_json(planned: Sequence[PlannedBar], first: date, known: PlanContext) -> None:
    print_json(
        {
            "now": known.now,
            "zone": known.zone.key,
            "first_day": first,
            "last_day": first + timedelta(days=DAYS - 1),
            "occurrences": [
                {
                    "id": bar.occurrence.id,
                    "number": bar.occurrence.partner_time,
                    "title": bar.occurrence.title,
                    "begins": bar.occurrence.begins,
                    "ends": bar.occurrence.ends,
                    "skipped": bar.is_skipped,
                    "under_way": _is_under_way(bar, known),
                }
                for bar in planned
            ],
        }
    )
