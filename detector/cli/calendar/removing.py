"""Remove a calendar, with what it proposed and what was declared by accepting it."""

from __future__ import annotations

import click

from detector.cli.calendar.output import SHOWN
from detector.cli.calendar.selection import choose_calendar
from detector.cli.network import wake_with_network
from detector.cli.plan import context as declared
from detector.errors import UserError
from detector.partner_time.describe import say_partner_time


def remove_calendar(which: str, *, yes: bool) -> None:
    """Remove the calendar of this name or number.

    Raises:
        UserError: if there is none; or if nobody can be asked and nobody said yes.
        StoreError: if what is kept cannot be read or written.
    """
    with declared.opened() as store:
        calendar = choose_calendar(store.calendars.all(), which)
        before = declared.read(store)
        numbers = {each.accepted_as for each in store.calendars.proposals(calendar.number)} - {None}
        going = [each for each in before.partner_times if each.number in numbers]
        if not yes:
            if declared.nobody_to_ask():
                raise UserError(
                    f"Nothing was removed, for nobody can be asked here. Add --yes to remove {calendar.name}."
                )
            _say_what_goes(
                [say_partner_time(each, before.now, before.zone) for each in going], "With it goes what you accepted:"
            )
            if not click.confirm(f"Remove {calendar.name}?"):
                declared.say("Nothing was removed.")
                return
        if calendar.number is not None:
            store.calendars.remove(calendar.number)
        after = declared.read(store)
        runs = wake_with_network(store)
    declared.say(f"Removed: {calendar.name}.")
    if yes:
        _say_what_goes(
            [say_partner_time(each, before.now, before.zone) for each in going], "With it went what you had accepted:"
        )
    if any(occurrence.partner_time in numbers for occurrence in before.under_way):
        declared.say("What was under way of it ends now.")
    for sentence in [*after.what_holds(), *([] if runs else [declared.NOT_RUNNING])]:
        declared.say(sentence)


def _say_what_goes(words: list[str], first: str) -> None:
    if not words:
        return
    declared.say(first)
    for each in words[:SHOWN]:
        declared.say(each, first="  ", later="    ")
    if len(words) > SHOWN:
        declared.say(f"and {len(words) - SHOWN:,} more", first="  ")
