"""Read a calendar's file, keep what it proposes, and say so.

Rule 1: what cannot be read, and a no, change nothing.
Rule 2: of events that do not count only how many there are is said.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import click

from detector.calendars.limits import MAX_BYTES, TOO_LARGE
from detector.calendars.proposing import ProposalChanges, accept, apply_copy
from detector.calendars.reading import read_calendar
from detector.calendars.values import clean_title
from detector.cli.calendar.output import SHOWN, count, say_proposal, say_wrong
from detector.cli.calendar.progress import patience
from detector.cli.calendar.selection import choose_events, say_choice
from detector.cli.plan import context as declared
from detector.control.lock import wake_daemon
from detector.errors import Problem, UserError
from detector.partner_time.proposals import Calendar, EventFilter, Proposal
from detector.zone import local_zone_name

if TYPE_CHECKING:
    from detector.calendars.model import ParsedCalendar

STANDARD_INPUT: Final = "-"
MAX_NAME_LENGTH: Final = 80
_CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    place: str
    name: str | None
    choice: EventFilter | None
    accepts: bool


def import_file(
    file: str, tag: str | None, category: str | None, *, everything: bool, name: str | None, accepts: bool, yes: bool
) -> None:
    """Import the calendar in this file; '-' is the standard input.

    Raises:
        UserError: with what is wrong with what was asked, or with the file; nothing is changed then.
        StoreError: if what is kept cannot be read or written.
    """
    choice = choose_events(tag, category, everything=everything)
    name = None if name is None else name.strip()
    if name is not None and (not name or len(name) > MAX_NAME_LENGTH or not name.isprintable()):
        message = f"a name has 1 to {MAX_NAME_LENGTH} characters that can be shown"
        raise UserError([Problem(message=message, file="--name")])
    place = file if file == STANDARD_INPUT else str(Path(file).expanduser().absolute())
    wanted = _Wanted(place=place, name=name, choice=choice, accepts=accepts)
    known = _calendar(_known(), wanted, None)
    counts = choice or (EventFilter() if known is None else known.choice)
    of = known or Calendar(name=file, place=place)
    try:
        with patience(of) as progress, _opened(file) as stream:
            reading = read_calendar(
                _chunks(stream, file),
                choice=counts,
                zone=local_zone_name(),
                monotonic=declared.CLOCK.monotonic,
                progress=progress,
            )
            if not accepts or yes:
                kept = _keep(wanted, counts, reading, progress)
        if accepts and not yes:
            _ask(reading.name or file)
            with patience(of) as progress:
                kept = _keep(wanted, counts, reading, progress)
    except KeyboardInterrupt:
        click.echo("\nInterrupted; nothing was changed.", err=True)
        raise click.Abort from None
    _say(kept, reading)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What became of it. `wakes`: whether a daemon runs that was told."""

    calendar: Calendar
    changes: ProposalChanges
    proposals: Sequence[Proposal]
    after: declared.Declared
    wakes: bool


def _keep(wanted: _Wanted, choice: EventFilter, reading: ParsedCalendar, progress: Callable[[str], None]) -> _Kept:
    progress(
        f"Keeping what {count(len(reading.events), 'event')} of it propose{'s' if len(reading.events) == 1 else ''}"
    )
    with declared.opened() as store:
        now = declared.CLOCK.now()
        with store.transaction():
            calendars = store.calendars.all()
            known = _calendar(calendars, wanted, reading)
            if known is None:
                known = Calendar(name=_new_name(calendars, wanted, reading), place=wanted.place)
            calendar = store.calendars.save(
                replace(
                    known,
                    place=wanted.place,
                    choice=choice,
                    accepts=known.accepts or wanted.accepts,
                    refreshed=now,
                    tried=now,
                    why=None,
                )
            )
            changes = apply_copy(store, calendar, reading, now)
            if wanted.accepts:
                waiting = [each for each in store.calendars.proposals(calendar.number) if each.decided == "open"]
                changes = replace(changes, open=(), accepted=(*changes.accepted, *accept(store, waiting, now)))
            proposals = store.calendars.proposals(calendar.number)
        return _Kept(
            calendar=calendar,
            changes=changes,
            proposals=proposals,
            after=declared.read(store),
            wakes=wake_daemon() if changes else True,
        )


def _known() -> Sequence[Calendar]:
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store.errors import StoreMissing  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        with Store.open(store_path(), read_only=True) as store:
            return store.calendars.all()
    except StoreMissing:
        return ()


def _calendar(calendars: Sequence[Calendar], wanted: _Wanted, reading: ParsedCalendar | None) -> Calendar | None:
    """Return the calendar that this file is a new copy of, if it is one.

    Raises:
        UserError: if it has the name of one that is subscribed to.
    """
    name = wanted.name
    if name is None and wanted.place == STANDARD_INPUT:
        name = None if reading is None else _own_name(wanted, reading)
    if name is None:
        return next((each for each in calendars if each.place == wanted.place and not each.subscribed), None)
    found = next((each for each in calendars if each.name.casefold() == name.casefold()), None)
    if found is not None and found.subscribed and wanted.name is not None:
        hint = f"`turntoward calendar refresh '{found.name}'` asks it now; or give this one another name"
        raise UserError([Problem(message=f"you are subscribed to {found.name}", file="--name", hint=hint)])
    return None if found is None or found.subscribed else found


def _own_name(wanted: _Wanted, reading: ParsedCalendar) -> str:
    stem = "standard input" if wanted.place == STANDARD_INPUT else Path(wanted.place).stem
    return wanted.name or reading.name or clean_title(stem) or "calendar"


def _new_name(calendars: Sequence[Calendar], wanted: _Wanted, reading: ParsedCalendar) -> str:
    taken = {each.name.casefold() for each in calendars}
    name, again = _own_name(wanted, reading), 1
    while (found := name if again == 1 else f"{name} {again}").casefold() in taken:
        again += 1
    return found


def _ask(name: str) -> None:
    if declared.nobody_to_ask():
        raise UserError("Nothing was changed, for nobody can be asked here. Add --yes to accept what it proposes.")
    if not click.confirm(f"Accept what {name} proposes, now and from now on?"):
        declared.say("Nothing was changed.")
        raise click.exceptions.Exit(0)


def _opened(file: str) -> BinaryIO:
    if file == STANDARD_INPUT:
        return sys.stdin.buffer
    try:
        stream = Path(file).expanduser().open("rb")
    except (OSError, ValueError) as wrong:
        raise UserError([Problem(file=file, message=f"cannot be read: {_why(wrong)}")]) from None
    state = os.fstat(stream.fileno())
    if stat.S_ISREG(state.st_mode) and state.st_size > MAX_BYTES:
        stream.close()
        raise UserError([Problem(file=file, message=TOO_LARGE)])
    return stream


def _chunks(stream: BinaryIO, file: str) -> Iterator[bytes]:
    try:
        while chunk := stream.read(_CHUNK):
            yield chunk
    except OSError as wrong:
        raise UserError([Problem(file=file, message=f"cannot be read: {_why(wrong)}")]) from None


def _why(wrong: OSError | ValueError) -> str:
    return (wrong.strerror or "it does not open") if isinstance(wrong, OSError) else "its name is none"


def _say(kept: _Kept, reading: ParsedCalendar) -> None:
    calendar, changes, proposals = kept.calendar, kept.changes, kept.proposals
    meant = len(reading.events) - changes.over
    proposing = f"{meant:,} {'proposes' if meant == 1 else 'propose'} partner time"
    events = f"{count(reading.event_count, 'event')}, of which {proposing}: {say_choice(calendar.choice)}."
    declared.say(f"{calendar.name}: {events}")
    if changes.over:
        past = "one is past and is" if changes.over == 1 else f"{changes.over:,} are past and are"
        declared.say(f"Of those meant, {past} not proposed.")
    told = {each.number for each in (*changes.open, *changes.accepted, *changes.shortened)}
    shown = [each for each in proposals if each.number in told]
    for proposal in shown[:SHOWN]:
        say_proposal(proposal, kept.after)
    if len(shown) > SHOWN:
        declared.say(f"and {len(shown) - SHOWN:,} more: `turntoward calendar proposals`.", first="     ")
    if not reading.is_complete:
        declared.say("The file ends in the middle, so nothing that is missing from it was taken back.")
    say_wrong(reading.problems)
    for sentence in _what_changed(changes, proposals):
        declared.say(sentence)
    if not kept.wakes and (changes.accepted or changes.gone):
        declared.say(declared.NOT_RUNNING)


def _what_changed(changes: ProposalChanges, proposals: Sequence[Proposal]) -> Iterator[str]:
    if changes.accepted:
        yield f"{count(len(changes.accepted), 'proposal')} accepted: `turntoward list` shows what is declared."
    if changes.shortened:
        yield f"Of {len(changes.shortened):,} that you accepted, single times were taken back."
    if changes.gone:
        yield f"{count(len(changes.gone), 'proposal')} from before {'is' if len(changes.gone) == 1 else 'are'} gone from it."
    waiting = sum(1 for each in proposals if each.decided == "open")
    if waiting:
        yield (
            f"{count(waiting, 'proposal')} {'waits' if waiting == 1 else 'wait'} for your answer. Nothing of it starts "
            "until you accept it: `turntoward calendar proposals`, `turntoward calendar accept all`."
        )
    elif not changes:
        yield "Nothing changed."
