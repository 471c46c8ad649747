"""Remove a calendar, with what it proposed and what was declared by accepting it."""

from collections.abc import Sequence

from detector.cli import output
from detector.cli.calendar.output import MAX_SHOWN, print_rest
from detector.cli.calendar.selection import choose_calendar
from detector.cli.network import wake_with_network
from detector.cli.plan import context
from detector.i18n import _
from detector.partner_time.describe import format_partner_time


def remove_calendar(which: str, *, yes: bool) -> None:
    """Remove the calendar of this name or number."""
    with context.open_store() as store:
        calendar = choose_calendar(store.calendars.all(), which)
        before = context.read_plan(store)
        numbers = {each.accepted_as for each in store.calendars.proposals(calendar.number)} - {None}
        accepted = [
            format_partner_time(each, before.now, before.zone)
            for each in before.partner_times
            if each.number in numbers
        ]
        if not yes and output.is_interactive():
            _print_accepted(_("With it goes what you accepted:"), accepted)
        question = _("Remove {name}?").format(name=calendar.name)
        with_yes = _("Add --yes to remove {name}.").format(name=calendar.name)
        if not output.confirm(question, yes=yes, unchanged=_("Nothing was removed."), with_yes=with_yes):
            return
        if calendar.number is not None:
            store.calendars.remove(calendar.number)
        after = context.read_plan(store)
        runs = wake_with_network(store)
    output.print_text(_("Removed: {name}.").format(name=calendar.name))
    if yes:
        _print_accepted(_("With it went what you had accepted:"), accepted)
    if any(occurrence.partner_time in numbers for occurrence in before.under_way):
        output.print_text(_("What was under way of it ends now."))
    for sentence in [*after.state_sentences(), *([] if runs else [context.NOT_RUNNING])]:
        output.print_text(sentence)


def _print_accepted(heading: str, accepted: Sequence[str]) -> None:
    if not accepted:
        return
    output.print_text(heading)
    for each in accepted[:MAX_SHOWN]:
        output.print_text(each, first="  ", later="    ")
    print_rest(len(accepted))
