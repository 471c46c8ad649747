"""Show the calendars, and what they propose. A calendar's address is never shown whole."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import click

from detector.calendars.urls import display_place
from detector.cli.calendar.age import say_age, say_ago
from detector.cli.calendar.output import count, proposal_as_json, say_proposal
from detector.cli.calendar.selection import choose_calendar, say_choice
from detector.cli.plan import context as declared
from detector.partner_time.describe import say_instant
from detector.partner_time.proposals import Calendar, Proposal, ProposalState

NONE: str = "No calendar proposes anything; `turntoward calendar import --help` shows how."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    calendars: Sequence[Calendar]
    proposals: Sequence[Proposal]


def list_calendars(*, as_json: bool) -> None:
    """Write the calendars.

    Raises:
        StoreError: if what is kept cannot be read.
    """
    kept, known = _kept(), declared.read_only()
    if as_json:
        written = [_as_json(calendar, kept) for calendar in kept.calendars]
        click.echo(json.dumps({"calendars": written}, ensure_ascii=False, indent=2))
        return
    for calendar in kept.calendars:
        declared.say(f"{calendar.name}: {_place(calendar)}", first=f"{calendar.number:>3}  ", later="     ")
        accepts = "what it proposes is accepted from now on" if calendar.accepts else "what it proposes is asked about"
        declared.say(f"Counts: {say_choice(calendar.choice)}; {accepts}.", first="     ", later="     ")
        age = say_age(calendar, known.now, known.zone) if calendar.subscribed else _imported(calendar, known)
        declared.say(f"{age[:1].upper()}{age[1:]}.", first="     ", later="     ")
        declared.say(_counted(calendar, kept), first="     ", later="     ")
    if not kept.calendars:
        declared.say(NONE)


def list_proposals(of: str | None, *, everything: bool, as_json: bool) -> None:
    """Write the proposals that wait, or all of them; of one calendar or all.

    Raises:
        UserError: if there is no such calendar.
        StoreError: if what is kept cannot be read.
    """
    kept, known = _kept(), declared.read_only()
    only = None if of is None else choose_calendar(kept.calendars, of)
    wanted = [
        each
        for each in kept.proposals
        if (everything or each.decided == "open") and (only is None or each.calendar == only.number)
    ]
    by_number = {calendar.number: calendar for calendar in kept.calendars}
    if as_json:
        written = [proposal_as_json(each, by_number, known) for each in wanted]
        click.echo(json.dumps({"now": known.now.isoformat(), "proposals": written}, ensure_ascii=False, indent=2))
        return
    for number, calendar in by_number.items():
        own = [each for each in wanted if each.calendar == number]
        if own:
            declared.say(f"{calendar.name} proposes:")
        for proposal in own:
            say_proposal(proposal, known)
    waiting = sum(1 for each in wanted if each.decided == "open")
    if waiting:
        declared.say(
            "`turntoward calendar accept NUMBER` declares one, `turntoward calendar decline NUMBER` does not; "
            "`all` means all that wait."
        )
    elif not kept.calendars:
        declared.say(NONE)
    else:
        declared.say("No proposal waits for your answer.")
        if not everything and kept.proposals:
            declared.say(f"{count(len(kept.proposals), 'answered one')}: `turntoward calendar proposals --all`.")


def _kept() -> _Kept:
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store.errors import StoreMissing  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        with Store.open(store_path(), read_only=True) as store:
            return _Kept(calendars=store.calendars.all(), proposals=store.calendars.proposals())
    except StoreMissing:
        return _Kept(calendars=(), proposals=())


def _place(calendar: Calendar) -> str:
    kind = "subscribed" if calendar.subscribed else "imported"
    return f"{kind}, {'the standard input' if calendar.place == '-' else display_place(calendar.place)}"


def _imported(calendar: Calendar, known: declared.Declared) -> str:
    if calendar.refreshed is None:
        return "not read yet"
    return f"read {say_ago(known.now - calendar.refreshed)}, {say_instant(calendar.refreshed, known.now, known.zone)}"


def _counted(calendar: Calendar, kept: _Kept) -> str:
    own = [each.decided for each in kept.proposals if each.calendar == calendar.number]
    answers: tuple[tuple[ProposalState, str], ...] = (
        ("open", "waiting for your answer"),
        ("accepted", "accepted"),
        ("declined", "declined"),
    )
    parts = [f"{own.count(decided):,} {words}" for decided, words in answers if own.count(decided)]
    return f"{', '.join(parts)}." if parts else "It proposes nothing."


def _as_json(calendar: Calendar, kept: _Kept) -> dict[str, object]:
    own = [each.decided for each in kept.proposals if each.calendar == calendar.number]
    choice = calendar.choice
    return {
        "number": calendar.number,
        "name": calendar.name,
        "place": display_place(calendar.place),
        "subscribed": calendar.subscribed,
        "accepts": calendar.accepts,
        "local": calendar.local,
        "tag": choice.tag,
        "category": choice.category,
        "everything": choice.everything,
        "refreshed": None if calendar.refreshed is None else calendar.refreshed.isoformat(),
        "tried": None if calendar.tried is None else calendar.tried.isoformat(),
        "why": calendar.why,
        "open": own.count("open"),
        "accepted": own.count("accepted"),
        "declined": own.count("declined"),
    }
