"""Answer proposals: accept them, and they are declared on this device; decline them, and they are not."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import click

from detector.calendars import proposing
from detector.cli import output
from detector.cli.calendar.output import MAX_SHOWN, print_proposal
from detector.cli.calendar.selection import choose_calendar, choose_proposals
from detector.cli.plan import context
from detector.i18n import _, plural
from detector.partner_time.describe import format_partner_time
from detector.store.model import Calendar, Proposal
from detector.store.store import Store

NOTHING_WAITS: Final = _("No proposal waits for your answer.")


def accept(selectors: Sequence[str], calendar_name: str | None, *, always: bool | None, yes: bool) -> None:
    """Accept these proposals; `always`: and from now on whatever their calendars propose, or ask about it again."""
    with context.open_store() as store:
        chosen, calendars = _chosen(store, selectors, calendar_name)
        names = _(" and ").join(calendar.name for calendar in calendars)
        if always and calendars:
            question = _("Accept whatever {names} proposes from now on, without asking?").format(names=names)
            with_yes = _("Add --yes to accept what {names} proposes from now on.").format(names=names)
            if not output.confirm(question, yes=yes, unchanged=_("Nothing was changed."), with_yes=with_yes):
                raise click.exceptions.Exit(0)
        # All proposals are accepted together with the calendars' new mode, or none.
        with store.transaction():
            waiting = [proposal for proposal in chosen if proposal.decided != "accepted"]
            accepted = proposing.accept(store, waiting, context.CLOCK.now())
            if always is not None:
                for calendar in calendars:
                    store.calendars.save(replace(calendar, auto_accepts=always))
        after = context.read_plan(store)
    for proposal in accepted[:MAX_SHOWN]:
        # Shown as it was proposed: the sentence below says once that it is accepted.
        print_proposal(replace(proposal, decided="open", accepted_as=None), after)
    sentences = [NOTHING_WAITS] if not chosen else []
    if accepted:
        sentences.append(
            plural(
                "Accepted: {count} proposal. It is declared now; see `turntoward list`.",
                "Accepted: {count} proposals. They are declared now; see `turntoward list`.",
                len(accepted),
            )
        )
    elif chosen:
        sentences.append(_("That was accepted before; nothing changed."))
    if always is not None and calendars:
        if always:
            sentence = _(
                "What {names} proposes is accepted from now on. Still asked about: a new series, a new title, "
                "and more than 6 h at a time."
            )
        else:
            sentence = _("What {names} proposes is asked about from now on.")
        sentences.append(sentence.format(names=names))
    context.wake_and_report([*sentences, *after.state_sentences()])


def decline(selectors: Sequence[str], calendar_name: str | None) -> None:
    with context.open_store() as store:
        chosen, _calendars = _chosen(store, selectors, calendar_name)
        before = context.read_plan(store)
        proposing.decline(store, chosen)
        after = context.read_plan(store)
    numbers = {proposal.accepted_as for proposal in chosen} - {None}
    sentences = [NOTHING_WAITS] if not chosen else []
    for proposal in chosen[:MAX_SHOWN]:
        words = format_partner_time(proposal.partner_time, before.now, before.zone)
        sentences.append(_("Declined: {words}.").format(words=words))
    if len(chosen) > MAX_SHOWN:
        sentences.append(_("and {count} more.").format(count=f"{len(chosen) - MAX_SHOWN:,}"))
    if numbers:
        titles = [partner_time.title for partner_time in before.partner_times if partner_time.number in numbers]
        sentence = _("Removed, although you had accepted it: {titles}.")
        sentences.append(sentence.format(titles=", ".join(titles[:MAX_SHOWN])))
        if any(occurrence.partner_time in numbers for occurrence in before.under_way):
            sentences.append(_("It was under way and ends now."))
    if chosen:
        sentences.append(_("It is proposed again only if its event changes."))
    context.wake_and_report([*sentences, *(after.state_sentences() if numbers else [])])


def _chosen(store: Store, selectors: Sequence[str], calendar_name: str | None) -> tuple[list[Proposal], list[Calendar]]:
    # `all` may find no proposal; `--always` is about these calendars all the same.
    calendars = store.calendars.all()
    only = None if calendar_name is None else choose_calendar(calendars, calendar_name)
    proposals = store.calendars.proposals()
    chosen = choose_proposals(
        [proposal for proposal in proposals if only is None or proposal.calendar == only.number], selectors
    )
    numbers = {proposal.calendar for proposal in chosen}
    if not chosen:
        numbers = {
            calendar.number for calendar in (calendars if only is None else [only]) if calendar.number is not None
        }
    return chosen, [calendar for calendar in calendars if calendar.number in numbers]
