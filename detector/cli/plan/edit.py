"""`turntoward edit`: change a declared partner time; only what is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from detector.cli.output import confirm, say
from detector.cli.plan import context
from detector.cli.plan.context import PlanContext
from detector.cli.plan.preview import write_preview
from detector.cli.plan.selection import choose
from detector.control import requests
from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.declaration import PlanArguments, parse_edit
from detector.partner_time.edit_migration import migrate_edit
from detector.partner_time.model import PartnerTime
from detector.store.store import Store


def edit_partner_time(which: str, given: Mapping[str, Any], *, yes: bool) -> None:
    """Change what the options name, once the person agrees; `given`: the fields of `PlanArguments`."""
    before = context.load()
    known = choose(before.partner_times, which)
    arguments = PlanArguments(**given)
    if arguments == PlanArguments():
        hint = _("Write for example --from 19:00, or --every 'other friday'.")
        raise UserError(f"{_('It does not say what is to change.')}\n  {hint}")
    wanted = parse_edit(known, arguments, before.now, before.zone)
    if wanted == known:
        say(_("That is how it is already; nothing was changed."))
        return
    say(_("Until now:"))
    write_preview(known, before, with_overlaps=False)
    say(_("From now on:"))
    write_preview(wanted, _as_edited(before, known, wanted))
    if known.proposal is not None and wanted.proposal is None:
        say(_("It came from a calendar, and does not follow that any more."))
    if not confirm(
        _("Change it?"),
        yes=yes,
        unchanged=_("Nothing was changed."),
        with_yes=_("Add --yes to change it."),
        default=True,
    ):
        return
    with context.open_store() as store:
        with store.transaction():
            edited = requests.edit(store, context.CLOCK.now(), wanted)
            if wanted.proposal is None:
                _decline_proposals(store, known)
        after = context.read(store)
    if edited is None:
        raise UserError(_("{title} was removed meanwhile; nothing was changed.").format(title=known.title))
    changed = _("Changed; it stays number {number}.").format(number=known.number)
    context.conclude([changed, *_consequences(edited, before, after), *after.state_sentences()])


def _as_edited(before: PlanContext, known: PartnerTime, wanted: PartnerTime) -> PlanContext:
    """Return the context as it will be: with the exceptions of single occurrences carried over."""
    schedule, exceptions = before.schedule, before.schedule.exceptions
    migration = migrate_edit(known, wanted, before.now, exceptions, schedule.not_over(known.number, before.now))
    return replace(before, schedule=replace(schedule, exceptions=migration.migrate(exceptions, before.now)))


def _decline_proposals(store: Store, known: PartnerTime) -> None:
    """Save the calendar's proposal that it came from as declined: otherwise it would be there twice."""
    for proposal in store.calendars.proposals():
        if proposal.accepted_as == known.number:
            store.calendars.save_proposal(replace(proposal, decided="declined", accepted_as=None))


def _consequences(edited: requests.Edited, before: PlanContext, after: PlanContext) -> Iterator[str]:
    if edited.goes_on is not None:
        yield after.fill(_("What is under way goes on as it began, until {end}."), edited.goes_on)
    for occurrence in edited.left_out:
        yield after.fill(_("Beside that, {when} does not take place."), occurrence)
    for occurrence in edited.lost:
        if occurrence.id in before.skipped:
            text = _("{when} was skipped or cancelled; it is on no such day any more, so that is forgotten.")
        else:
            text = _("{when} was changed; it is on no such day any more, so that is forgotten.")
        yield text.format(when=after.describe(occurrence).capitalize())
