"""Which events of a calendar count, which calendar is meant, and which proposals."""

from __future__ import annotations

from collections.abc import Sequence

from detector.errors import Problem, UserError
from detector.partner_time.proposals import Calendar, EventFilter, Proposal

LONGEST_TAG = 40


def choose_events(tag: str | None, category: str | None, *, everything: bool) -> EventFilter | None:
    """Return which events count, or None where nothing was said.

    Raises:
        UserError: if more than one way to choose was named, or one without words.
    """
    options = (("--tag", tag is not None), ("--category", category is not None), ("--all", everything))
    given = [option for option, is_there in options if is_there]
    problems = []
    if len(given) > 1:
        problems.append(Problem(message="choose in one of these ways", file=" ".join(given)))
    for option, words in (("--tag", tag), ("--category", category)):
        if words is not None and not words.strip():
            problems.append(Problem(message="is empty", file=option))
        elif words is not None and (len(words) > LONGEST_TAG or not words.isprintable()):
            problems.append(Problem(message=f"has at most {LONGEST_TAG} characters that can be shown", file=option))
    if problems:
        raise UserError(problems)
    if tag is not None:
        return EventFilter(tag=tag.strip())
    if category is not None:
        return EventFilter(tag=None, category=category.strip())
    return EventFilter(tag=None, everything=True) if everything else None


def say_choice(choice: EventFilter) -> str:
    """Return which events count, to go on with: "those with #us in the title"."""
    if choice.everything:
        return "every event"
    if choice.category is not None:
        return f"those of the category {choice.category}"
    return f"those with {choice.tag} in the title"


def choose_calendar(calendars: Sequence[Calendar], which: str) -> Calendar:
    """Return the calendar of this name, else of this number.

    Raises:
        UserError: if there is none, with the nearest name.
    """
    wanted = which.strip()
    found = [each for each in calendars if each.name.casefold() == wanted.casefold()]
    found = found or [each for each in calendars if str(each.number) == wanted]
    if found:
        return found[0]
    from difflib import get_close_matches  # noqa: PLC0415 - only on a mistake

    near = get_close_matches(wanted, [each.name for each in calendars], n=1)
    hint = f"Did you mean '{near[0]}'?" if near else "`turntoward calendar list` shows them."
    raise UserError(f"No calendar has the name or number '{which}'.\n  {hint}")


def choose_proposals(known: Sequence[Proposal], which: Sequence[str]) -> list[Proposal]:
    """Return the proposals of these numbers, each once; `all`: those that wait for an answer.

    Raises:
        UserError: with everything that names none.
    """
    if [word.casefold() for word in which] == ["all"]:
        return [proposal for proposal in known if proposal.decided == "open"]
    by_number = {str(proposal.number): proposal for proposal in known}
    problems = []
    for word in which:
        if word.casefold() == "all":
            problems.append(Problem(message="'all' stands alone, without numbers"))
        elif word not in by_number:
            problems.append(Problem(message=f"No proposal has the number '{word[:40]}'"))
    if problems:
        hint = "`turntoward calendar proposals` shows them with their numbers."
        raise UserError([*problems[:10], Problem(message=hint)])
    return [by_number[word] for word in dict.fromkeys(which)]
