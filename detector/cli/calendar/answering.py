"""Answer proposals: accept them, and they are declared on this device; decline them, and they are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from detector.calendars import proposing
from detector.cli.calendar.output import SHOWN, count, say_proposal
from detector.cli.calendar.selection import choose_calendar, choose_proposals
from detector.cli.plan import context as declared
from detector.errors import UserError
from detector.partner_time.describe import say_partner_time
from detector.partner_time.proposals import Calendar, Proposal

if TYPE_CHECKING:
    from detector.store.store import Store

NOTHING_WAITS = "No proposal waits for your answer."


def accept(which: Sequence[str], of: str | None, *, always: bool | None, yes: bool) -> None:
    """Accept these proposals; `always`: and from now on whatever their calendars propose, or ask about it again.

    Raises:
        UserError: with everything that names no proposal; or if `always` is to be asked about and nobody can be.
        StoreError: if what is kept cannot be read or written.
    """
    with declared.opened() as store:
        chosen, concerned = _chosen(store, which, of)
        if always and not yes and concerned:
            _ask(concerned)
        now = declared.CLOCK.now()
        with store.transaction():
            accepted = proposing.accept(store, [each for each in chosen if each.decided != "accepted"], now)
            if always is not None:
                for calendar in concerned:
                    store.calendars.save(replace(calendar, accepts=always))
        after = declared.read(store)
    for proposal in accepted[:SHOWN]:
        say_proposal(replace(proposal, decided="open", accepted_as=None), after)
    sentences = [NOTHING_WAITS] if not chosen else []
    if accepted:
        them = "It is" if len(accepted) == 1 else "They are"
        sentences.append(
            f"Accepted: {count(len(accepted), 'proposal')}. {them} declared now; `turntoward list` shows it."
        )
    elif chosen:
        sentences.append("That was accepted before; nothing changed.")
    if always is not None and concerned:
        names = " and ".join(calendar.name for calendar in concerned)
        does = "is accepted from now on, without asking" if always else "is asked about from now on"
        sentences.append(f"What {names} proposes {does}.")
    declared.conclude([*sentences, *after.what_holds()])


def decline(which: Sequence[str], of: str | None) -> None:
    """Decline these proposals; what was declared by accepting them is taken back.

    Raises:
        UserError: with everything that names no proposal.
        StoreError: if what is kept cannot be read or written.
    """
    with declared.opened() as store:
        chosen, _ = _chosen(store, which, of)
        before = declared.read(store)
        proposing.decline(store, chosen)
        after = declared.read(store)
    numbers = {each.accepted_as for each in chosen} - {None}
    sentences = [NOTHING_WAITS] if not chosen else []
    sentences += [
        f"Declined: {say_partner_time(each.partner_time, before.now, before.zone)}." for each in chosen[:SHOWN]
    ]
    if len(chosen) > SHOWN:
        sentences.append(f"and {len(chosen) - SHOWN:,} more.")
    if numbers:
        taken = [each for each in before.partner_times if each.number in numbers]
        sentences.append(f"Taken back, for you had accepted it: {', '.join(each.title for each in taken[:SHOWN])}.")
        if any(occurrence.partner_time in numbers for occurrence in before.under_way):
            sentences.append("It was under way and ends now.")
    if chosen:
        sentences.append("It is proposed again only if its event changes.")
    declared.conclude([*sentences, *(after.what_holds() if numbers else [])])


def _chosen(store: Store, which: Sequence[str], of: str | None) -> tuple[list[Proposal], list[Calendar]]:
    """Return the proposals, and the calendars that they are of; where `all` has none, the calendars that are meant."""
    calendars = store.calendars.all()
    only = None if of is None else choose_calendar(calendars, of)
    known = [each for each in store.calendars.proposals() if only is None or each.calendar == only.number]
    chosen = choose_proposals(known, which)
    numbers = {each.calendar for each in chosen}
    if not chosen:
        numbers = {each.number for each in (calendars if only is None else [only]) if each.number is not None}
    return chosen, [each for each in calendars if each.number in numbers]


def _ask(concerned: Sequence[Calendar]) -> None:
    names = " and ".join(calendar.name for calendar in concerned)
    if declared.nobody_to_ask():
        raise UserError(
            f"Nothing was changed, for nobody can be asked here. Add --yes to accept what {names} proposes from now on."
        )
    if not click.confirm(f"Accept whatever {names} proposes from now on, without asking?"):
        declared.say("Nothing was changed.")
        raise click.exceptions.Exit(0)
