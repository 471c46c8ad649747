"""`turntoward list`: what is declared, with the next three times."""

from __future__ import annotations

from detector.cli.output import attributes, print_json, say
from detector.cli.plan import context
from detector.cli.plan.context import PlanContext
from detector.cli.plan.week_listing import list_week
from detector.i18n import _, ngettext
from detector.partner_time.describe import say_partner_time
from detector.partner_time.model import Occurrence, PartnerTime


def list_partner_times(*, everything: bool, week: str | None, as_json: bool) -> None:
    """Write what is declared; or the week that holds the day `week`."""
    known = context.load()
    if week is not None:
        list_week(week, known, as_json=as_json)
        return
    rows = [(partner_time, known.following_and_skipped(partner_time)) for partner_time in known.partner_times]
    shown = [row for row in rows if everything or row[1]]
    if as_json:
        _write_json(shown, known)
        return
    for partner_time, coming in shown:
        _write(partner_time, coming, known)
    if not shown:
        say(context.NOTHING_DECLARED)
    if hidden := len(rows) - len(shown):
        text = ngettext(
            "{count} that is over: `turntoward list --all`.", "{count} that are over: `turntoward list --all`.", hidden
        )
        say(text.format(count=hidden))
    for sentence in known.pause_sentences():
        say(sentence)


def _write(partner_time: PartnerTime, coming: list[Occurrence], known: PlanContext) -> None:
    words = say_partner_time(partner_time, known.now, known.zone)
    say(words, first=f"{partner_time.number:>3}  ", later="     ")
    current = known.plan.current
    for occurrence in coming:
        if current is not None and current.id == occurrence.id:
            until = known.fill(_("under way until {end}"), occurrence)
            say(until, first="   > ", later="     ")
        elif (skip := known.describe_skip(occurrence)) is not None:
            say(f"{known.describe(occurrence)}, {skip}", first="   - ", later="     ")
        elif partner_time.recurrence is not None or occurrence.begins <= known.now:
            say(known.describe(occurrence), first="     ", later="     ")
    if not coming:
        say(_("is over and does not return"), first="     ", later="     ")


def _write_json(rows: list[tuple[PartnerTime, list[Occurrence]]], known: PlanContext) -> None:
    current = known.plan.current
    print_json(
        {
            "now": known.now,
            "paused_until": known.paused_until,
            "partner_times": [
                {
                    **known.to_json(partner_time),
                    "next": [
                        {
                            **attributes(occurrence, "id begins ends"),
                            "under_way": current is not None and current.id == occurrence.id,
                            "skipped": occurrence.id in known.skipped,
                        }
                        for occurrence in coming
                    ],
                }
                for partner_time, coming in rows
            ],
        }
    )
