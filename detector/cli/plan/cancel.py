"""`turntoward skip`, `turntoward cancel`: leave out one occurrence; a cancelled one may get a new date."""

from dataclasses import replace
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import click

from detector.cli.output import confirm, is_interactive, print_text, read_words
from detector.cli.plan import context
from detector.cli.plan.context import PlanContext, choose_partner_time
from detector.control import requests
from detector.errors import Problem, UserError
from detector.i18n import _
from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import occurrences
from detector.partner_time.parse_dates import parse_when
from detector.store.store import Store


def skip_next(name: str | None, *, undo: bool) -> None:
    """Skip what is under way, else the next occurrence, of this partner time or of any; or undo the last such change."""
    with context.open_store() as store:
        before = context.read_plan(store)
        number = None if name is None else choose_partner_time(before.partner_times, name).number
        sentences = _undo(store, before, number) if undo else _skip(store, before, number)
        after = context.read_plan(store)
    state = after.state_sentences()
    if not undo and len(sentences) == 1:
        again = "" if name is None else f" {name}"
        state.append(_("`turntoward skip{which} --undo` takes that back.").format(which=again))
    context.wake_and_report([*sentences, *state])


def cancel_next(name: str | None, *, instead: str | None, no_new_date: bool, yes: bool) -> None:
    """Cancel what is under way, else the next occurrence, of this partner time or of any, once the person agrees."""
    if instead is not None and no_new_date:
        raise UserError(_("Write either --instead or --no-new-date, not both; nothing was changed."))
    with context.open_store() as store:
        before = context.read_plan(store)
        number = None if name is None else choose_partner_time(before.partner_times, name).number
        planned = requests.current_or_next(store, before.now, number)
        if planned is None:
            raise _nothing_comes(before, number)
        new = None if no_new_date else _new_date(before, planned, instead)
        words = f"{planned.title}, {before.describe(planned)}"
        replacement = None if new is None else _to_occurrence(new)
        text = _("It overlaps {title}, {when}; what overlaps counts once.")
        overlapped = [] if replacement is None else _overlapped(before, planned, replacement)
        notes = [before.fill(text, occurrence) for occurrence in overlapped]
        if not yes and is_interactive():
            for note in notes:
                print_text(note)
        if not _agrees(before, words, replacement, yes=yes):
            return
        # The person may have thought about it for a while.
        now = context.CLOCK.now()
        if replacement is not None and replacement.begins <= now:
            raise UserError(_("The new date has passed meanwhile; nothing was cancelled."))
        is_cancelled, made = (False, None) if planned.ends <= now else requests.cancel(store, now, planned, new)
        if not is_cancelled:
            message = _("{occurrence}, is over or cancelled meanwhile; nothing was changed.")
            raise UserError(message.format(occurrence=words))
        after = context.read_plan(store)
    sentences = [_("Cancelled: {occurrence}.").format(occurrence=words)]
    if planned.begins <= now:
        sentences.append(_("It was under way and ends now."))
    if made is not None and replacement is not None:
        text = _("Instead: {title}, {when}. Declared as number {number}.")
        sentences.append(before.fill(text, replacement, number=made.number))
        sentences += notes if yes else []
    context.wake_and_report([*sentences, *after.state_sentences()])


def _skip(store: Store, before: PlanContext, number: int | None) -> list[str]:
    skipped = requests.skip(store, before.now, number)
    if skipped is None:
        raise _nothing_comes(before, number)
    sentence = before.fill(_("Skipped, this once: {title}, {when}."), skipped)
    return [sentence] if skipped.begins > before.now else [sentence, _("It was under way and ends now.")]


def _undo(store: Store, before: PlanContext, number: int | None) -> list[str]:
    titles = {partner_time.number: partner_time.title for partner_time in before.partner_times}
    restored = requests.unskip(store, before.now, number)
    if restored is None:
        if number is None:
            message = _("No partner time is skipped or cancelled; nothing was changed.")
        else:
            message = _("No {title} to come is skipped or cancelled; nothing was changed.")
            message = message.format(title=titles[number])
        hint = _("One that had begun stays skipped; `turntoward now 45min` begins partner time.")
        raise UserError(f"{message}\n  {hint}")
    # The replacement of a cancelled one is removed when the cancelled one is restored.
    left = {partner_time.number for partner_time in store.plans.partner_times()}
    removed = [title for number, title in titles.items() if number not in left]
    sentence = _("{title}, which was to replace it, is removed.")
    return [
        before.fill(_("{title}, {when}, takes place after all."), restored),
        *(sentence.format(title=title) for title in removed),
    ]


def _nothing_comes(before: PlanContext, number: int | None) -> UserError:
    title = next((entry.title for entry in before.partner_times if entry.number == number), None)
    if title is None and not before.partner_times:
        return UserError(context.NOTHING_DECLARED)
    message = _("{title} does not come any more; nothing was changed.").format(title=title or _("Partner time"))
    return UserError(f"{message}\n  {_('`turntoward list --all` shows what is declared.')}")


def _agrees(before: PlanContext, words: str, replacement: Occurrence | None, *, yes: bool) -> bool:
    values = {"occurrence": words, "when": "" if replacement is None else before.describe(replacement)}
    if replacement is None:
        question = _("Cancel {occurrence}, with no new date?")
        with_yes = _("Add --yes to cancel\n  {occurrence}, with no new date")
    else:
        question = _("Cancel {occurrence}, and have it {when} instead?")
        with_yes = _("Add --yes to cancel\n  {occurrence}, and have it {when} instead")
    unchanged = _("Nothing was cancelled.")
    return confirm(question.format_map(values), yes=yes, unchanged=unchanged, with_yes=with_yes.format_map(values))


def _new_date(before: PlanContext, planned: Occurrence, instead: str | None) -> PartnerTime | None:
    if instead is not None:
        return read_words(lambda text: _read(before, planned, text, argument="--instead"), instead)
    if not is_interactive():
        message = _(
            "Nothing was cancelled. There is no terminal to ask on for a new date.\n"
            '  Write one with --instead "sun 11:00", or --no-new-date; and --yes.'
        )
        raise UserError(message)
    question = _("When instead? For example sun 11:00; leave it empty for no new date")
    while True:
        answer: str = click.prompt(question, default="", show_default=False)
        if not answer.strip():
            return None
        # Unlike a wrong option, a wrong answer is asked for again.
        try:
            return _read(before, planned, answer, argument=_("the new date"))
        except UserError as error:
            click.echo(str(error), err=True)


def _read(before: PlanContext, planned: Occurrence, text: str, *, argument: str) -> PartnerTime:
    begins = parse_when(text, argument=argument, now=before.now, zone=before.zone)
    series = next(entry for entry in before.partner_times if entry.number == planned.partner_time)
    # A single day that was moved has its own duration, which the new date keeps.
    local = planned.begins.astimezone(before.zone).replace(tzinfo=None)
    duration = next((moved.lasts for moved in series.moved if moved.begins == local), series.lasts)
    new = PartnerTime(
        title=planned.title,
        begins=begins,
        lasts=duration,
        zone=before.zone.key,
        is_floating=series.is_floating,
        do_not_disturb=series.do_not_disturb,
        instead_of=planned.id,
    )
    replacement = _to_occurrence(new)
    if planned.begins <= replacement.begins < planned.ends:
        message = before.fill(_("it lies within what you cancel, {when}"), planned)
        raise UserError([Problem(message=message, file=argument, hint=_("choose a time before it or after it"))])
    # A date within another partner time would add nothing: overlapping time counts once.
    for other in _overlapped(before, planned, replacement):
        if other.begins <= replacement.begins and replacement.ends <= other.ends:
            message = before.fill(_("{title} is at that time already, {when}"), other)
            hint = _("choose a time without partner time")
            raise UserError([Problem(message=message, file=argument, hint=hint)])
    return new


def _to_occurrence(new: PartnerTime) -> Occurrence:
    begins = new.begins.replace(tzinfo=ZoneInfo(new.zone)).astimezone(UTC)
    (occurrence,) = occurrences(replace(new, number=0), begins, begins + timedelta(minutes=1))
    return occurrence


def _overlapped(before: PlanContext, planned: Occurrence, replacement: Occurrence) -> list[Occurrence]:
    begins, ends = replacement.begins, replacement.ends
    others = (
        occurrence
        for partner_time in before.partner_times
        for occurrence in before.schedule.exceptions.apply(occurrences(partner_time, begins, ends))
    )
    # Applying the exceptions may have made one end before the replacement begins.
    return [other for other in others if other.id != planned.id and other.begins < ends and begins < other.ends]
