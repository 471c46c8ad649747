"""`turntoward cancel`: one occurrence does not take place, and there is a new date for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import click

from detector.cli.output import confirm, is_interactive, say
from detector.cli.plan import context
from detector.cli.plan.context import PlanContext
from detector.cli.plan.selection import choose
from detector.cli.plan.skip import nothing_comes
from detector.control import requests
from detector.errors import Problem, UserError
from detector.i18n import _
from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import occurrences
from detector.partner_time.parse_dates import parse_when


def cancel_next(which: str | None, *, instead: str | None, no_new_date: bool, yes: bool) -> None:
    """Cancel what is under way, else the next occurrence, of this partner time or of any, once the person agrees."""
    if instead is not None and no_new_date:
        raise UserError(_("Write either --instead or --no-new-date, not both; nothing was changed."))
    with context.open_store() as store:
        before = context.read(store)
        number = None if which is None else choose(before.partner_times, which).number
        planned = requests.next_of(store, before.now, number)
        if planned is None:
            raise nothing_comes(before, number)
        new = None if no_new_date else _new_date(before, planned, instead)
        words = f"{planned.title}, {before.describe(planned)}"
        kept = None if new is None else _to_occurrence(new)
        notes = [] if kept is None else _notes(before, planned, kept)
        if not yes and is_interactive():
            for note in notes:
                say(note)
        if not _agrees(before, words, kept, yes=yes):
            return
        # The person may have thought about it for a while.
        now = context.CLOCK.now()
        if kept is not None and kept.begins <= now:
            raise UserError(_("The new date has passed meanwhile; nothing was cancelled."))
        is_cancelled, made = (False, None) if planned.ends <= now else requests.cancel(store, now, planned, new)
        if not is_cancelled:
            message = _("{occurrence}, is over or cancelled meanwhile; nothing was changed.")
            raise UserError(message.format(occurrence=words))
        after = context.read(store)
    sentences = [_("Cancelled: {occurrence}.").format(occurrence=words)]
    if planned.begins <= now:
        sentences.append(_("It was under way and ends now."))
    if made is not None and kept is not None:
        text = _("Instead: {title}, {when}. Declared as number {number}.")
        sentences.append(before.fill(text, kept, number=made.number))
        sentences += notes if yes else []
    context.conclude([*sentences, *after.state_sentences()])


def _agrees(before: PlanContext, words: str, kept: Occurrence | None, *, yes: bool) -> bool:
    values = {"occurrence": words, "when": "" if kept is None else before.describe(kept)}
    if kept is None:
        question = _("Cancel {occurrence}, with no new date?")
        with_yes = _("Add --yes to cancel\n  {occurrence}, with no new date")
    else:
        question = _("Cancel {occurrence}, and have it {when} instead?")
        with_yes = _("Add --yes to cancel\n  {occurrence}, and have it {when} instead")
    unchanged = _("Nothing was cancelled.")
    return confirm(question.format_map(values), yes=yes, unchanged=unchanged, with_yes=with_yes.format_map(values))


def _new_date(before: PlanContext, planned: Occurrence, instead: str | None) -> PartnerTime | None:
    """Return what is to take its place, as it was written or is answered; None: nothing."""
    if instead is not None:
        return _read(before, planned, instead, argument="--instead")
    if not is_interactive():
        raise UserError(
            _(
                "Nothing was cancelled. There is no terminal to ask on for a new date.\n"
                '  Write one with --instead "sun 11:00", or --no-new-date; and --yes.'
            )
        )
    question = _("When instead? For example sun 11:00; leave it empty for no new date")
    while True:
        answer: str = click.prompt(question, default="", show_default=False)
        if not answer.strip():
            return None
        try:
            return _read(before, planned, answer, argument=_("the new date"))
        except UserError as wrong:
            click.echo(str(wrong), err=True)


def _read(before: PlanContext, planned: Occurrence, text: str, *, argument: str) -> PartnerTime:
    """Return the partner time in place of the planned one, at the time that `text` names."""
    begins = parse_when(text, argument=argument, now=before.now, zone=before.zone)
    of = next(known for known in before.partner_times if known.number == planned.partner_time)
    local = planned.begins.astimezone(before.zone).replace(tzinfo=None)
    moved = next((each for each in of.moved if each.begins == local), None)
    new = PartnerTime(
        title=planned.title,
        begins=begins,
        lasts=of.lasts if moved is None else moved.lasts,
        zone=before.zone.key,
        floats=of.floats,
        quiet=of.quiet,
        instead_of=planned.id,
    )
    kept = _to_occurrence(new)
    if planned.begins <= kept.begins < planned.ends:
        message = before.fill(_("it lies within what you cancel, {when}"), planned)
        raise UserError([Problem(message=message, file=argument, hint=_("choose a time before it or after it"))])
    for other in _overlapped(before, planned, kept):
        if other.begins <= kept.begins and kept.ends <= other.ends:
            message, hint = (
                before.fill(_("{title} is then anyway, {when}"), other),
                _("choose a time at which nothing is yet"),
            )
            raise UserError([Problem(message=message, file=argument, hint=hint)])
    return new


def _to_occurrence(new: PartnerTime) -> Occurrence:
    begins = new.begins.replace(tzinfo=ZoneInfo(new.zone)).astimezone(UTC)
    (occurrence,) = occurrences(replace(new, number=0), begins, begins + timedelta(minutes=1))
    return occurrence


def _overlapped(before: PlanContext, planned: Occurrence, kept: Occurrence) -> list[Occurrence]:
    found = (
        occurrence
        for partner_time in before.partner_times
        for occurrence in before.schedule.exceptions.apply(occurrences(partner_time, kept.begins, kept.ends))
    )
    return [each for each in found if each.id != planned.id and each.begins < kept.ends and kept.begins < each.ends]


def _notes(before: PlanContext, planned: Occurrence, kept: Occurrence) -> list[str]:
    text = _("It overlaps {title}, {when}; what overlaps counts once.")
    return [before.fill(text, each) for each in _overlapped(before, planned, kept)]
