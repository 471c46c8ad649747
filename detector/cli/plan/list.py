"""`turntoward list`: what is declared, with its next three times; `turntoward next`: what comes next, in how long."""

from datetime import timedelta
from heapq import merge
from itertools import islice

from detector.cli.output import attributes, print_json, print_text
from detector.cli.plan import context
from detector.cli.plan.context import PlanContext
from detector.cli.plan.week import list_week
from detector.i18n import _, ngettext
from detector.partner_time.describe import format_partner_time
from detector.partner_time.model import Occurrence, PartnerTime


def list_partner_times(*, everything: bool, week: str | None, as_json: bool) -> None:
    plan = context.load_plan()
    if week is not None:
        list_week(week, plan, as_json=as_json)
        return
    rows = [(partner_time, plan.following_and_skipped(partner_time)) for partner_time in plan.partner_times]
    shown = [row for row in rows if everything or row[1]]
    if as_json:
        _list_json(shown, plan)
        return
    for partner_time, coming in shown:
        _write_series(partner_time, coming, plan)
    if not shown:
        print_text(context.NOTHING_DECLARED)
    if hidden := len(rows) - len(shown):
        text = ngettext(
            "{count} that is over: `turntoward list --all`.", "{count} that are over: `turntoward list --all`.", hidden
        )
        print_text(text.format(count=hidden))
    for sentence in plan.pause_sentences():
        print_text(sentence)


def _write_series(partner_time: PartnerTime, coming: list[Occurrence], plan: PlanContext) -> None:
    words = format_partner_time(partner_time, plan.now, plan.zone)
    print_text(words, first=f"{partner_time.number:>3}  ", later="     ")
    current = plan.current
    for occurrence in coming:
        if current is not None and current.id == occurrence.id:
            until = plan.fill(_("under way until {end}"), occurrence)
            print_text(until, first="   > ", later="     ")
        elif (skip := plan.describe_skip(occurrence)) is not None:
            print_text(f"{plan.describe(occurrence)}, {skip}", first="   - ", later="     ")
        elif partner_time.recurrence is not None or occurrence.begins <= plan.now:
            print_text(plan.describe(occurrence), first="     ", later="     ")
    if not coming:
        print_text(_("is over and does not return"), first="     ", later="     ")


def _list_json(rows: list[tuple[PartnerTime, list[Occurrence]]], plan: PlanContext) -> None:
    current = plan.current
    print_json(
        {
            "now": plan.now,
            "paused_until": plan.paused_until,
            "partner_times": [
                {
                    **plan.to_json(partner_time),
                    "next": [
                        {
                            **attributes(occurrence, "id", "begins", "ends"),
                            "under_way": current is not None and current.id == occurrence.id,
                            "skipped": occurrence.id in plan.skipped,
                        }
                        for occurrence in coming
                    ],
                }
                for partner_time, coming in rows
            ],
        }
    )


def show_next(count: int, *, as_json: bool) -> None:
    plan = context.load_plan()
    series = (plan.following(partner_time) for partner_time in plan.partner_times)
    # Each series is sorted by begin, and is computed only as far as it is read.
    shown = list(islice(merge(*series, key=lambda occurrence: (occurrence.begins, occurrence.partner_time)), count))
    if as_json:
        print_json(
            {
                "now": plan.now,
                "paused_until": plan.paused_until,
                "next": [_next_json(occurrence, plan) for occurrence in shown],
            }
        )
        return
    for occurrence in shown:
        if occurrence.begins <= plan.now:
            until = plan.fill(_("under way until {end}"), occurrence)
        else:
            until = _("in {length}").format(length=_format_wait(occurrence.begins - plan.now))
        print_text(f"{occurrence.title}, {plan.describe(occurrence)}, {until}.", later="  ")
    if not shown:
        print_text(_("No partner time is to come.") if plan.partner_times else context.NOTHING_DECLARED)
    for sentence in plan.pause_sentences():
        print_text(sentence)


def _format_wait(wait: timedelta) -> str:
    # Minutes do not matter some days ahead.
    minutes = -(-int(wait.total_seconds()) // 60)
    if minutes < 60:
        return _("{minutes} min").format(minutes=minutes)
    if minutes < 24 * 60:
        text = _("{hours} h {minutes} min") if minutes % 60 else _("{hours} h")
        return text.format(hours=minutes // 60, minutes=minutes % 60)
    days, hours = minutes // (24 * 60), minutes // 60 % 24
    text = ngettext("{days} day", "{days} days", days)
    if hours and days < 7:
        text = ngettext("{days} day {hours} h", "{days} days {hours} h", days)
    return text.format(days=days, hours=hours)


def _next_json(occurrence: Occurrence, plan: PlanContext) -> dict[str, object]:
    return {
        "id": occurrence.id,
        "number": occurrence.partner_time,
        **attributes(occurrence, "title", "begins", "ends"),
        "under_way": occurrence.begins <= plan.now,
        "begins_in_seconds": max(0, int((occurrence.begins - plan.now).total_seconds())),
    }
