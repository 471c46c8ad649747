"""Import a calendar's file: read it, store what it proposes, and report that.

Invariant 1: a file that cannot be read, and the answer no, change nothing.
Invariant 2: of events that do not count, only the number is reported.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

import click

from detector.calendars.limits import MAX_BYTES, TOO_LARGE
from detector.calendars.model import ParsedCalendar
from detector.calendars.proposing import ProposalChanges, accept, apply_copy, to_stored
from detector.calendars.reading import read_calendar
from detector.calendars.values import clean_title
from detector.cli import output
from detector.cli.calendar.output import INDENT, MAX_SHOWN, event_count, print_problems, print_proposal
from detector.cli.calendar.progress import show_progress
from detector.cli.calendar.selection import choose_events, describe_filter, name_problem
from detector.cli.plan import context
from detector.cli.stored import open_stored
from detector.control.lock import wake_daemon
from detector.errors import Problem, UserError
from detector.files import open_regular
from detector.i18n import _, plural
from detector.store.model import Calendar, EventFilter, Proposal
from detector.zone import local_zone_name

STANDARD_INPUT: Final = "-"
_CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _CalendarImport:
    place: str
    name: str | None
    accepts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Imported:
    """What was stored. `daemon_runs`: whether a daemon runs that was woken."""

    calendar: Calendar
    changes: ProposalChanges
    proposals: Sequence[Proposal]
    after: context.PlanContext
    daemon_runs: bool


def import_file(
    file: str, tag: str | None, category: str | None, *, everything: bool, name: str | None, accepts: bool, yes: bool
) -> None:
    chosen = choose_events(tag, category, everything=everything)
    name = None if name is None else name.strip()
    if name is not None and (problem := name_problem(name)) is not None:
        raise UserError([problem])
    place = file if file == STANDARD_INPUT else str(Path(file).expanduser().absolute())
    options = _CalendarImport(place=place, name=name, accepts=accepts)
    with open_stored() as store:
        known = _known_calendar(store.calendars.all(), options, None)
    events = chosen or (EventFilter() if known is None else known.choice)
    shown_as = known or Calendar(name=file, location=place)
    try:
        with show_progress(shown_as) as progress, _open(file) as stream:
            parsed = read_calendar(
                _chunks(stream, file),
                choice=events,
                zone=local_zone_name(),
                now=context.CLOCK.now(),
                monotonic=context.CLOCK.monotonic,
                progress=progress,
            )
            if not accepts or yes:
                imported = _store(options, events, parsed, progress)
        if accepts and not yes:
            # Outside the block above: a question and a progress line would write over each other.
            _ask(parsed.name or file)
            with show_progress(shown_as) as progress:
                imported = _store(options, events, parsed, progress)
    except KeyboardInterrupt:
        click.echo(f"\n{_('Interrupted; nothing was changed.')}", err=True)
        raise click.Abort from None
    _report(imported, parsed)


def _store(
    options: _CalendarImport, events: EventFilter, parsed: ParsedCalendar, progress: Callable[[str], None]
) -> _Imported:
    progress(
        plural(
            "Keeping what {count} event of it proposes", "Keeping what {count} events of it propose", len(parsed.events)
        )
    )
    with context.open_store() as store:
        now = context.CLOCK.now()
        # Looked up again inside the transaction: another command may have changed the calendars while the file was read.
        with store.transaction():
            calendars = store.calendars.all()
            known = _known_calendar(calendars, options, parsed)
            if known is None:
                known = Calendar(name=_free_name(calendars, options, parsed), location=options.place)
            calendar = store.calendars.save(
                replace(
                    known,
                    location=options.place,
                    choice=events,
                    auto_accepts=known.auto_accepts or options.accepts,
                    refreshed=now,
                    tried=now,
                    why=None,
                    problems=to_stored(parsed.problems),
                )
            )
            changes = apply_copy(store, calendar, parsed, now)
            for other in calendars:
                # An event may be called off by another file than the one that brought it.
                if parsed.cancelled and not other.subscribed and other.number != calendar.number:
                    called_off = apply_copy(store, other, parsed, now)
                    changes = replace(
                        changes,
                        gone=(*changes.gone, *called_off.gone),
                        shortened=(*changes.shortened, *called_off.shortened),
                    )
            if options.accepts:
                waiting = [saved for saved in store.calendars.proposals(calendar.number) if saved.decided == "open"]
                changes = replace(changes, waiting=(), accepted=(*changes.accepted, *accept(store, waiting, now)))
            proposals = store.calendars.proposals(calendar.number)
        return _Imported(
            calendar=calendar,
            changes=changes,
            proposals=proposals,
            after=context.read_plan(store),
            daemon_runs=wake_daemon() if changes else True,
        )


def _known_calendar(
    calendars: Sequence[Calendar], options: _CalendarImport, parsed: ParsedCalendar | None
) -> Calendar | None:
    # Without --name a file is known by its path, the standard input by the calendar's own name.
    name = options.name
    if name is None and options.place == STANDARD_INPUT and parsed is not None:
        name = _own_name(options, parsed)
    if name is None:
        return next(
            (calendar for calendar in calendars if calendar.location == options.place and not calendar.subscribed), None
        )
    found = next((calendar for calendar in calendars if calendar.name.casefold() == name.casefold()), None)
    if found is not None and found.subscribed and options.name is not None:
        message = _("you are subscribed to {name}").format(name=found.name)
        hint = _("`turntoward calendar refresh '{name}'` asks it now; or give this one another name")
        raise UserError([Problem(message=message, file="--name", hint=hint.format(name=found.name))])
    return None if found is None or found.subscribed else found


def _own_name(options: _CalendarImport, parsed: ParsedCalendar) -> str:
    stem = _("standard input") if options.place == STANDARD_INPUT else Path(options.place).stem
    return options.name or parsed.name or clean_title(stem) or _("calendar")


def _free_name(calendars: Sequence[Calendar], options: _CalendarImport, parsed: ParsedCalendar) -> str:
    taken = {calendar.name.casefold() for calendar in calendars}
    name, number = _own_name(options, parsed), 1
    # Two files of the same name are two calendars; the second gets a number.
    while (found := name if number == 1 else f"{name} {number}").casefold() in taken:
        number += 1
    return found


def _ask(name: str) -> None:
    question = _("Accept what {name} proposes, now and from now on?").format(name=name)
    with_yes = _("Add --yes to accept what it proposes.")
    if not output.confirm(question, yes=False, unchanged=_("Nothing was changed."), with_yes=with_yes):
        raise click.exceptions.Exit(0)


def _open(file: str) -> BinaryIO:
    if file == STANDARD_INPUT:
        return sys.stdin.buffer
    try:
        stream = open_regular(Path(file).expanduser(), allow_pipe=True)
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from None
    # A pipe has no size; its bytes are counted while they are read.
    state = os.fstat(stream.fileno())
    if stat.S_ISREG(state.st_mode) and state.st_size > MAX_BYTES:
        # Refused by its size, before anything of it is read.
        stream.close()
        raise UserError([Problem(file=file, message=TOO_LARGE)])
    return stream


def _chunks(stream: BinaryIO, file: str) -> Iterator[bytes]:
    try:
        while chunk := stream.read(_CHUNK):
            yield chunk
    except OSError as error:
        raise _unreadable(file, error) from None


def _unreadable(file: str, error: OSError | ValueError) -> UserError:
    why = (
        (error.strerror or _("it does not open"))
        if isinstance(error, OSError)
        else _("this cannot be the name of a file")
    )
    return UserError([Problem(file=file, message=_("cannot be read: {why}").format(why=why))])


def _report(imported: _Imported, parsed: ParsedCalendar) -> None:
    calendar, changes, proposals = imported.calendar, imported.changes, imported.proposals
    count = len(parsed.events) - changes.over
    output.print_text(
        plural(
            "{name}: {events}, of which {count} proposes partner time: {filter}.",
            "{name}: {events}, of which {count} propose partner time: {filter}.",
            count,
            name=calendar.name,
            events=event_count(parsed.event_count),
            filter=describe_filter(calendar.choice),
        )
    )
    if changes.over:
        output.print_text(
            plural(
                "Of those meant, one is past and is not proposed.",
                "Of those meant, {count} are past and are not proposed.",
                changes.over,
            )
        )
    numbers = {proposal.number for proposal in (*changes.waiting, *changes.accepted, *changes.shortened)}
    changed = [proposal for proposal in proposals if proposal.number in numbers]
    for proposal in changed[:MAX_SHOWN]:
        print_proposal(proposal, imported.after)
    if len(changed) > MAX_SHOWN:
        sentence = _("and {count} more: `turntoward calendar proposals`.")
        output.print_text(sentence.format(count=f"{len(changed) - MAX_SHOWN:,}"), first=INDENT)
    if not parsed.is_complete:
        output.print_text(_("The file ends in the middle, so nothing that is missing from it was taken back."))
    print_problems(parsed.problems)
    for sentence in _changes(changes, proposals):
        output.print_text(sentence)
    if not imported.daemon_runs and (changes.accepted or changes.gone):
        output.print_text(context.NOT_RUNNING)


def _changes(changes: ProposalChanges, proposals: Sequence[Proposal]) -> Iterator[str]:
    if changes.accepted:
        yield plural(
            "{count} proposal accepted: `turntoward list` shows what is declared.",
            "{count} proposals accepted: `turntoward list` shows what is declared.",
            len(changes.accepted),
        )
    if changes.shortened:
        sentence = _("Of {count} that you accepted, single times were taken back.")
        yield sentence.format(count=f"{len(changes.shortened):,}")
    if changes.gone:
        yield plural(
            "{count} proposal from before is gone from it.",
            "{count} proposals from before are gone from it.",
            len(changes.gone),
        )
    waiting = sum(1 for proposal in proposals if proposal.decided == "open")
    if waiting:
        yield plural(
            "{count} proposal waits for your answer. Nothing of it starts until you accept it: "
            "`turntoward calendar proposals`, `turntoward calendar accept all`.",
            "{count} proposals wait for your answer. Nothing of it starts until you accept it: "
            "`turntoward calendar proposals`, `turntoward calendar accept all`.",
            waiting,
        )
    elif not changes:
        yield _("Nothing changed.")
