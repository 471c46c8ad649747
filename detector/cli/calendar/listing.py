"""Show the calendars, and what they propose. A calendar's URL is never shown whole."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from detector.calendars.urls import display_place
from detector.cli import output
from detector.cli.calendar.age import format_age, format_ago, format_problems
from detector.cli.calendar.output import INDENT, print_proposal, proposal_as_json
from detector.cli.calendar.selection import choose_calendar, describe_filter
from detector.cli.plan import context
from detector.cli.stored import open_stored
from detector.i18n import _, plural
from detector.partner_time.describe import format_instant
from detector.store.model import Calendar, Proposal, ProposalState

NONE: Final = _("No calendar proposes anything; `turntoward calendar import --help` shows how.")


class _StoredCalendars(NamedTuple):
    calendars: Sequence[Calendar]
    proposals: Sequence[Proposal]


def list_calendars(*, as_json: bool) -> None:
    stored, declared = _read(), context.load_plan()
    if as_json:
        output.print_json({"calendars": [_as_json(calendar, stored, declared) for calendar in stored.calendars]})
        return
    for calendar in stored.calendars:
        output.print_text(f"{calendar.name}: {_place(calendar)}", first=f"{calendar.number:>3}  ", later=INDENT)
        if calendar.auto_accepts:
            counts = _("Counts: {events}; what is like what you accepted is accepted from now on.")
        else:
            counts = _("Counts: {events}; what it proposes is asked about.")
        age = _age(calendar, declared)
        for sentence in (
            counts.format(events=describe_filter(calendar.choice)),
            f"{age[:1].upper()}{age[1:]}.",
            _proposal_counts(calendar, stored),
            *format_problems(calendar.current_problems(declared.now)),
        ):
            output.print_text(sentence, first=INDENT, later=INDENT)
    if not stored.calendars:
        output.print_text(NONE)


def list_proposals(calendar_name: str | None, *, everything: bool, as_json: bool) -> None:
    stored, declared = _read(), context.load_plan()
    only = None if calendar_name is None else choose_calendar(stored.calendars, calendar_name)
    wanted = [
        proposal
        for proposal in stored.proposals
        if (everything or proposal.decided == "open") and (only is None or proposal.calendar == only.number)
    ]
    by_number = {calendar.number: calendar for calendar in stored.calendars}
    if as_json:
        proposals = [proposal_as_json(proposal, by_number, declared) for proposal in wanted]
        output.print_json({"now": declared.now, "proposals": proposals})
        return
    for number, calendar in by_number.items():
        own = [proposal for proposal in wanted if proposal.calendar == number]
        if own:
            output.print_text(_("{name} proposes:").format(name=calendar.name))
        for proposal in own:
            print_proposal(proposal, declared)
    if any(proposal.decided == "open" for proposal in wanted):
        output.print_text(
            _(
                "`turntoward calendar accept NUMBER` declares one, `turntoward calendar decline NUMBER` does not; "
                "`all` means all that wait."
            )
        )
    elif not stored.calendars:
        output.print_text(NONE)
    else:
        output.print_text(_("No proposal waits for your answer."))
        if not everything and (count := len(stored.proposals)):
            output.print_text(
                plural(
                    "{count} answered one: `turntoward calendar proposals --all`.",
                    "{count} answered ones: `turntoward calendar proposals --all`.",
                    count,
                )
            )


def _read() -> _StoredCalendars:
    with open_stored() as store:
        return _StoredCalendars(store.calendars.all(), store.calendars.proposals())


def _place(calendar: Calendar) -> str:
    place = _("the standard input") if calendar.location == "-" else display_place(calendar.location)
    return (_("subscribed, {place}") if calendar.subscribed else _("imported, {place}")).format(place=place)


def _age(calendar: Calendar, declared: context.PlanContext) -> str:
    if calendar.subscribed:
        return format_age(calendar.tried, calendar.refreshed, calendar.why, declared.now, declared.zone)
    if calendar.refreshed is None:
        return _("not read yet")
    day = format_instant(calendar.refreshed, declared.now, declared.zone)
    return _("read {ago}, {day}").format(ago=format_ago(declared.now - calendar.refreshed), day=day)


def _proposal_counts(calendar: Calendar, stored: _StoredCalendars) -> str:
    own = [proposal.decided for proposal in stored.proposals if proposal.calendar == calendar.number]
    answers: tuple[tuple[ProposalState, str], ...] = (
        ("open", _("{count} waiting for your answer")),
        ("accepted", _("{count} accepted")),
        ("declined", _("{count} declined")),
    )
    parts = [words.format(count=f"{own.count(state):,}") for state, words in answers if own.count(state)]
    return f"{', '.join(parts)}." if parts else _("It proposes nothing.")


def _as_json(calendar: Calendar, stored: _StoredCalendars, declared: context.PlanContext) -> dict[str, object]:
    own = [proposal.decided for proposal in stored.proposals if proposal.calendar == calendar.number]
    return {
        "number": calendar.number,
        "name": calendar.name,
        "place": display_place(calendar.location),
        "subscribed": calendar.subscribed,
        "accepts": calendar.auto_accepts,
        "local": calendar.local,
        **output.attributes(calendar.choice, "tag", "category", "everything"),
        **output.attributes(calendar, "refreshed", "tried", "why"),
        "not_understood": calendar.current_problems(declared.now),
        **{state: own.count(state) for state in ("open", "accepted", "declined")},
    }
