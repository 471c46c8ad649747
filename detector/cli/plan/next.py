"""`turntoward next`: the partner time that comes next, and how long until then."""

from __future__ import annotations

from datetime import timedelta
from heapq import merge
from itertools import islice

from detector.cli.output import attributes, print_json, say
from detector.cli.plan import context
from detector.cli.plan.context import PlanContext
from detector.i18n import _, ngettext
from detector.partner_time.model import Occurrence


def show_next(count: int, *, as_json: bool) -> None:
    """Write the next occurrences of all partner times, at most `count`."""
    known = context.load()
    series = (known.following(partner_time) for partner_time in known.partner_times)
    found = list(islice(merge(*series, key=lambda each: (each.begins, each.partner_time)), count))
    if as_json:
        print_json(
            {"now": known.now, "paused_until": known.paused_until, "next": [_to_json(each, known) for each in found]}
        )
        return
    for occurrence in found:
        if occurrence.begins <= known.now:
            until = known.fill(_("under way until {end}"), occurrence)
        else:
            until = _("in {length}").format(length=_say_wait(occurrence.begins - known.now))
        say(f"{occurrence.title}, {known.describe(occurrence)}, {until}.", later="  ")
    if not found:
        say(_("No partner time is to come.") if known.partner_times else context.NOTHING_DECLARED)
    for sentence in known.pause_sentences():
        say(sentence)


def _say_wait(wait: timedelta) -> str:
    """Return "30 min", "2 h 5 min", "3 days": no finer than matters."""
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


def _to_json(occurrence: Occurrence, known: PlanContext) -> dict[str, object]:
    return {
        "id": occurrence.id,
        "number": occurrence.partner_time,
        **attributes(occurrence, "title begins ends"),
        "under_way": occurrence.begins <= known.now,
        "begins_in_seconds": max(0, int((occurrence.begins - known.now).total_seconds())),
    }
