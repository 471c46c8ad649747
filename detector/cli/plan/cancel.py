"""`turntoward cancel`: one occurrence does not take place, and there is a new date for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from detector.cli.completing import titles

if TYPE_CHECKING:
    from detector.cli.plan.context import Declared
    from detector.partner_time.model import Occurrence, PartnerTime

_ASK: Final = "When instead? For example sun 11:00; leave it empty for no new date"


@click.command(epilog='Example: turntoward cancel dinner --instead "sun 11:00"')
@click.argument("which", metavar="[NUMBER|TITLE]", required=False, shell_complete=titles)
@click.option("--instead", metavar="WHEN", help='The new date: "sun 11:00", "tomorrow 19:00", "2026-12-24 18:00".')
@click.option("--no-new-date", is_flag=True, help="Cancel without a new date.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def command(which: str | None, *, instead: str | None, no_new_date: bool, yes: bool) -> None:
    """Cancel the partner time under way, else the next one, this once, and have it at another time.

    The new one lasts as long, once; `turntoward report` tells later which cancellations were made good. Without a number or
    title it is whichever comes first. `turntoward skip --undo` takes it back.
    """
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.cli.plan.selection import choose  # noqa: PLC0415 - not for --help
    from detector.cli.plan.skip import nothing_comes  # noqa: PLC0415 - not for --help
    from detector.control import requests  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    if instead is not None and no_new_date:
        raise UserError("Write either --instead or --no-new-date, not both; nothing was changed.")
    with declared.opened() as store:
        before = declared.read(store)
        number = None if which is None else choose(before.partner_times, which).number
        planned = requests.next_of(store, before.now, number)
        if planned is None:
            raise nothing_comes(before, number)
        new = _new_date(before, planned, instead, ask=not no_new_date)
        words = f"{planned.title}, {before.say(planned)}"
        kept = None if new is None else _as_occurrence(new)
        at = "with no new date" if kept is None else f"and have it {before.say(kept)} instead"
        if not yes:
            if declared.nobody_to_ask():
                raise UserError(
                    f"Nothing was cancelled, for nobody can be asked here. Add --yes to cancel\n  {words}, {at}"
                )
            for note in _notes(before, planned, kept):
                declared.say(note)
            if not click.confirm(f"Cancel {words}, {at}?"):
                declared.say("Nothing was cancelled.")
                return
        now = declared.CLOCK.now()
        if kept is not None and kept.begins <= now:
            raise UserError("The new date has passed meanwhile; nothing was cancelled.")
        done, made = (False, None) if planned.ends <= now else requests.cancel(store, now, planned, new)
        if not done:
            raise UserError(f"{words}, is over or cancelled meanwhile; nothing was changed.")
        after = declared.read(store)
    sentences = [f"Cancelled: {words}."]
    if planned.begins <= now:
        sentences.append("It was under way and ends now.")
    if made is not None and kept is not None:
        sentences.append(f"Instead: {kept.title}, {before.say(kept)}. Declared as number {made.number}.")
        sentences += _notes(before, planned, kept) if yes else []
    declared.conclude([*sentences, *after.what_holds()])


def _new_date(before: Declared, planned: Occurrence, instead: str | None, *, ask: bool) -> PartnerTime | None:
    """Return what is to take its place, as it was written or is answered; None: nothing."""
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    if instead is not None:
        return _read(before, planned, instead, argument="--instead")
    if not ask:
        return None
    if declared.nobody_to_ask():
        raise UserError(
            "Nothing was cancelled, for nobody can be asked here for a new date.\n"
            '  Write one with --instead "sun 11:00", or --no-new-date; and --yes.'
        )
    while True:
        answer: str = click.prompt(_ASK, default="", show_default=False)
        if not answer.strip():
            return None
        try:
            return _read(before, planned, answer, argument="the new date")
        except UserError as wrong:
            click.echo(str(wrong), err=True)


def _read(before: Declared, planned: Occurrence, text: str, *, argument: str) -> PartnerTime:
    from detector.errors import Problem, UserError  # noqa: PLC0415 - not for --help
    from detector.partner_time.model import PartnerTime  # noqa: PLC0415 - not for --help
    from detector.partner_time.parse_dates import parse_when  # noqa: PLC0415 - not for --help

    begins = parse_when(text, argument=argument, now=before.now, zone=before.zone)
    of = next(known for known in before.partner_times if known.number == planned.partner_time)
    stands = planned.begins.astimezone(before.zone).replace(tzinfo=None)
    moved = next((each for each in of.moved if each.begins == stands), None)
    new = PartnerTime(
        title=planned.title,
        begins=begins,
        lasts=of.lasts if moved is None else moved.lasts,
        zone=before.zone.key,
        floats=of.floats,
        quiet=of.quiet,
        instead_of=planned.id,
    )
    kept = _as_occurrence(new)
    if planned.begins <= kept.begins < planned.ends:
        message = f"it lies within what you cancel, {before.say(planned)}"
        raise UserError([Problem(message=message, file=argument, hint="choose a time before it or after it")])
    taken = [
        each for each in _overlapped(before, planned, kept) if each.begins <= kept.begins and kept.ends <= each.ends
    ]
    if taken:
        message = f"{taken[0].title} is then anyway, {before.say(taken[0])}"
        raise UserError([Problem(message=message, file=argument, hint="choose a time at which nothing is yet")])
    return new


def _as_occurrence(new: PartnerTime) -> Occurrence:
    from dataclasses import replace  # noqa: PLC0415 - not for --help
    from datetime import UTC, timedelta  # noqa: PLC0415 - not for --help
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - not for --help

    from detector.partner_time.occurrences import occurrences  # noqa: PLC0415 - not for --help

    around = new.begins.replace(tzinfo=ZoneInfo(new.zone)).astimezone(UTC)
    (one,) = occurrences(replace(new, number=0), around, around + timedelta(minutes=1))
    return one


def _overlapped(before: Declared, planned: Occurrence, kept: Occurrence) -> list[Occurrence]:
    from detector.partner_time.occurrences import occurrences  # noqa: PLC0415 - not for --help

    found = (
        occurrence
        for partner_time in before.partner_times
        for occurrence in before.schedule.exceptions.apply(occurrences(partner_time, kept.begins, kept.ends))
    )
    return [each for each in found if each.id != planned.id and each.begins < kept.ends and kept.begins < each.ends]


def _notes(before: Declared, planned: Occurrence, kept: Occurrence | None) -> list[str]:
    found = [] if kept is None else _overlapped(before, planned, kept)
    return [f"It overlaps {each.title}, {before.say(each)}; what overlaps counts once." for each in found]
