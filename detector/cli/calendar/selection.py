"""Choose events of a calendar, a calendar by its name, and proposals by their numbers."""

from collections.abc import Sequence
from typing import Final

from detector.cli import output
from detector.errors import Problem, UserError
from detector.i18n import _
from detector.store.model import Calendar, EventFilter, Proposal

MAX_TAG_LENGTH: Final = 40
MAX_NAME_LENGTH: Final = 80


def choose_events(tag: str | None, category: str | None, *, everything: bool) -> EventFilter | None:
    """Return which events count, or None where no option was given."""
    options = (("--tag", tag is not None), ("--category", category is not None), ("--all", everything))
    given = [option for option, is_given in options if is_given]
    problems = []
    if len(given) > 1:
        problems.append(Problem(message=_("choose in one of these ways"), file=" ".join(given)))
    for option, words in (("--tag", tag), ("--category", category)):
        if words is not None and not words.strip():
            problems.append(Problem(message=_("is empty"), file=option))
        elif words is not None and (len(words) > MAX_TAG_LENGTH or not words.isprintable()):
            message = _("has at most {maximum} characters that can be shown").format(maximum=MAX_TAG_LENGTH)
            problems.append(Problem(message=message, file=option))
    if problems:
        raise UserError(problems)
    if tag is not None:
        return EventFilter(tag=tag.strip())
    if category is not None:
        return EventFilter(tag=None, category=category.strip())
    return EventFilter(tag=None, everything=True) if everything else None


def describe_filter(events: EventFilter) -> str:
    """Return which events count, as the end of a sentence: "those with #us in the title"."""
    if events.everything:
        return _("every event")
    if events.category is not None:
        return _("those of the category {category}").format(category=events.category)
    return _("those with {tag} in the title").format(tag=events.tag)


def name_problem(name: str) -> Problem | None:
    if name and len(name) <= MAX_NAME_LENGTH and name.isprintable():
        return None
    message = _("a name has 1 to {maximum} characters that can be shown").format(maximum=MAX_NAME_LENGTH)
    return Problem(message=message, file="--name")


def choose_calendar(calendars: Sequence[Calendar], which: str) -> Calendar:
    unknown = _("No calendar has the name or number '{which}'.").format(which=which)
    otherwise = _("`turntoward calendar list` shows them.")
    return output.choose_by_name(
        calendars,
        which,
        lambda calendar: calendar.name,
        lambda calendar: str(calendar.number),
        unknown=unknown,
        otherwise=otherwise,
    )[0]


def choose_proposals(known: Sequence[Proposal], which: Sequence[str]) -> list[Proposal]:
    """Return the proposals of these numbers, each once; `all`: those that wait for an answer."""
    if [word.casefold() for word in which] == ["all"]:
        return [proposal for proposal in known if proposal.decided == "open"]
    # All problems are collected first, so that a person corrects them at once.
    by_number = {str(proposal.number): proposal for proposal in known}
    problems = []
    for word in which:
        if word.casefold() == "all":
            problems.append(Problem(message=_("'all' stands alone, without numbers")))
        elif word not in by_number:
            problems.append(Problem(message=_("No proposal has the number '{number}'").format(number=word[:40])))
    if problems:
        hint = _("`turntoward calendar proposals` shows them with their numbers.")
        raise UserError([*problems[:10], Problem(message=hint)])
    return [by_number[word] for word in dict.fromkeys(which)]
