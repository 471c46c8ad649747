"""What the commands of calendars say of proposals: in full sentences, with the next three times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from detector.cli.plan import context as declared
from detector.cli.plan.context import Declared
from detector.partner_time.describe import say_partner_time
from detector.partner_time.model import Occurrence, PartnerTime
from detector.partner_time.occurrences import occurrences_from
from detector.partner_time.proposals import Calendar, Proposal

if TYPE_CHECKING:
    from detector.calendars.model import EventProblem

SHOWN: Final = 10
"""So many of a kind are said one by one, then a count."""
TIMES: Final = 3
AHEAD: Final = timedelta(days=4 * 366)


def next_times(partner_time: PartnerTime, known: Declared) -> list[Occurrence]:
    """Return the next three times of what is proposed."""
    numbered = replace(partner_time, number=partner_time.number or 0)
    coming = occurrences_from(numbered, known.now, AHEAD)
    return list(islice((each for each in coming if each.ends > known.now), TIMES))


def say_proposal(proposal: Proposal, known: Declared) -> None:
    """Write one proposal: its number, when it would be, its next times, and what it was before it changed."""
    partner_time = proposal.partner_time
    words = say_partner_time(partner_time, known.now, known.zone)
    answered = {"accepted": " (accepted)", "declined": " (declined)", "open": ""}[proposal.decided]
    declared.say(f"{words}{answered}", first=f"{proposal.number:>3}  ", later="     ")
    times = next_times(partner_time, known)
    if partner_time.recurrence is not None or partner_time.also or partner_time.moved:
        for occurrence in times:
            own = "" if occurrence.title == partner_time.title else f", {occurrence.title}"
            declared.say(f"{known.say(occurrence)}{own}", first="     ", later="     ")
    if not times:
        declared.say("It does not take place in the next years.", first="     ", later="     ")
    before = changed_from(proposal, known)
    if before is not None:
        declared.say(
            f"It changed. Until you answer, this holds: {say_partner_time(before, known.now, known.zone)}.",
            first="     ",
            later="     ",
        )


def changed_from(proposal: Proposal, known: Declared) -> PartnerTime | None:
    """Return what is declared from when it was accepted, where the calendar has changed it since."""
    if proposal.decided != "open" or proposal.accepted_as is None:
        return None
    return next((each for each in known.partner_times if each.number == proposal.accepted_as), None)


def proposal_as_json(proposal: Proposal, calendars: Mapping[int | None, Calendar], known: Declared) -> dict[str, Any]:
    """Return the same as JSON takes it."""
    partner_time = proposal.partner_time
    before = changed_from(proposal, known)
    calendar = calendars.get(proposal.calendar)
    return {
        "number": proposal.number,
        "calendar": None if calendar is None else calendar.name,
        "decided": proposal.decided,
        "accepted_as": proposal.accepted_as,
        "title": partner_time.title,
        "words": say_partner_time(partner_time, known.now, known.zone),
        "changed_from": None if before is None else say_partner_time(before, known.now, known.zone),
        "begins": partner_time.begins.isoformat(),
        "lasts_seconds": int(partner_time.lasts.total_seconds()),
        "zone": partner_time.zone,
        "recurrence": partner_time.recurrence,
        "next": [
            {"begins": each.begins.isoformat(), "ends": each.ends.isoformat()}
            for each in next_times(partner_time, known)
        ],
    }


def say_wrong(wrong: Sequence[EventProblem]) -> None:
    """Write what was not understood: the first ten, then a count."""
    if not wrong:
        return
    declared.say(f"Not understood, and left out ({len(wrong):,}):" if len(wrong) > 1 else "Not understood:")
    for each in wrong[:SHOWN]:
        declared.say(f"{each}.", first="  ", later="    ")
    if len(wrong) > SHOWN:
        declared.say(f"and {len(wrong) - SHOWN:,} more", first="  ")


def count(number: int, what: str) -> str:
    """Return "1 event", "2 events", "none of the events" is for others."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
