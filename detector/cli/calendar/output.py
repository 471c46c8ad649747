"""How the commands of calendars show proposals, with their next three times, and problems of a calendar."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any, Final

from detector.calendars.model import EventProblem
from detector.cli import output
from detector.cli.plan.context import PlanContext
from detector.i18n import _, plural
from detector.partner_time.describe import format_partner_time
from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import occurrences_from
from detector.store.model import Calendar, Proposal

# How many of a kind are listed before only their count is given.
MAX_SHOWN: Final = 10
NEXT_TIMES: Final = 3
# How far ahead the next times are searched: four years contain a 29 February.
HORIZON: Final = timedelta(days=4 * 366)
INDENT: Final = "     "


def next_times(partner_time: PartnerTime, declared: PlanContext) -> list[Occurrence]:
    numbered = replace(partner_time, number=partner_time.number or 0)
    coming = occurrences_from(numbered, declared.now, HORIZON)
    return list(islice((occurrence for occurrence in coming if occurrence.ends > declared.now), NEXT_TIMES))


def print_proposal(proposal: Proposal, declared: PlanContext) -> None:
    """Write one proposal: its number, when it would be, its next times, and what it was before it changed."""
    partner_time = proposal.partner_time
    words = format_partner_time(partner_time, declared.now, declared.zone)
    with_answer = {"accepted": _("{words} (accepted)"), "declined": _("{words} (declined)")}
    line = with_answer.get(proposal.decided, "{words}").format(words=words)
    output.print_text(line, first=f"{proposal.number:>3}  ", later=INDENT)
    times = next_times(partner_time, declared)
    if partner_time.recurrence is not None or partner_time.additional or partner_time.moved:
        for occurrence in times:
            title = "" if occurrence.title == partner_time.title else f", {occurrence.title}"
            output.print_text(f"{declared.describe(occurrence)}{title}", first=INDENT, later=INDENT)
    if not times:
        output.print_text(_("It does not take place in the next years."), first=INDENT, later=INDENT)
    before = changed_from(proposal, declared)
    if before is not None:
        words = format_partner_time(before, declared.now, declared.zone)
        sentence = _("It changed. Until you answer, this holds: {words}.").format(words=words)
        output.print_text(sentence, first=INDENT, later=INDENT)


def changed_from(proposal: Proposal, declared: PlanContext) -> PartnerTime | None:
    # What was accepted stays declared until the person answers the change.
    if proposal.decided != "open" or proposal.accepted_as is None:
        return None
    return next(
        (partner_time for partner_time in declared.partner_times if partner_time.number == proposal.accepted_as), None
    )


def proposal_as_json(
    proposal: Proposal, calendars: Mapping[int | None, Calendar], declared: PlanContext
) -> dict[str, Any]:
    partner_time = proposal.partner_time
    before = changed_from(proposal, declared)
    calendar = calendars.get(proposal.calendar)
    return {
        "number": proposal.number,
        "calendar": None if calendar is None else calendar.name,
        "decided": proposal.decided,
        "accepted_as": proposal.accepted_as,
        "title": partner_time.title,
        "words": format_partner_time(partner_time, declared.now, declared.zone),
        "changed_from": None if before is None else format_partner_time(before, declared.now, declared.zone),
        "begins": partner_time.begins,
        "lasts_seconds": int(partner_time.lasts.total_seconds()),
        "zone": partner_time.zone,
        "recurrence": partner_time.recurrence,
        "next": [output.attributes(occurrence, "begins", "ends") for occurrence in next_times(partner_time, declared)],
    }


def print_problems(problems: Sequence[EventProblem]) -> None:
    if not problems:
        return
    output.print_text(plural("Not understood:", "Not understood, and left out ({count}):", len(problems)))
    for problem in problems[:MAX_SHOWN]:
        output.print_text(f"{problem}.", first="  ", later="    ")
    print_rest(len(problems))


def print_rest(count: int) -> None:
    if count > MAX_SHOWN:
        output.print_text(_("and {count} more").format(count=f"{count - MAX_SHOWN:,}"), first="  ")


def event_count(count: int) -> str:
    return plural("{count} event", "{count} events", count)
