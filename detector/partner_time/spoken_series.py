"""What returns, fitted to the days that a person named: its first, its last, and those on which it does not take place.

Rule 1: a day that is excepted is one on which it would take place; any other is a slip, and a problem.
Rule 2: what is declared takes place at least once more.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from detector.errors import UserError
from detector.partner_time.model import PartnerTime
from detector.partner_time.occurrences import occurrences_from
from detector.partner_time.recurrence import local_beginnings
from detector.partner_time.rule import read_recurrence
from detector.partner_time.spoken import DAY
from detector.partner_time.spoken_asked import Arguments
from detector.partner_time.spoken_dates import say_date
from detector.partner_time.spoken_every import EXAMPLES
from detector.partner_time.spoken_problem import problem
from detector.partner_time.wall import shown_at

FURTHEST: Final = timedelta(days=366 * 41)
"""What does not take place within so long never does; five Sundays has a February every 28 or 40 years."""


def from_its_first(arguments: Arguments, wanted: PartnerTime, on: date | None) -> PartnerTime:
    """Return it beginning on its first day from `on`, else with the first that is not over; intervals count from that."""
    local = shown_at(arguments.now, ZoneInfo(wanted.zone))
    at = datetime.combine(on or local.date() - DAY, wanted.begins.time())
    loose = replace(
        wanted, begins=at, recurrence=_joined(wanted, {"INTERVAL", "COUNT", "UNTIL"}), without=(), also=(), moved=()
    )
    coming = (each for each in local_beginnings(loose, at, at + FURTHEST) if each + wanted.lasts > local)
    first = next(coming, None)
    if first is None:
        asked = arguments.asked
        argument, text = ("--every", asked.every) if asked.every is not None else ("--on", asked.on)
        arguments.problems.append(problem(argument, text or "", "it never comes", hint=EXAMPLES))
        return wanted
    return replace(wanted, begins=first)


def ended(arguments: Arguments, wanted: PartnerTime, until: date | None) -> PartnerTime:
    """Return it with the last day of --until, with none for `never`, as it is where there is no --until."""
    text = arguments.asked.until
    if text is None:
        return wanted
    if until is not None and until < wanted.begins.date():
        message = f"it ends before it begins: the first is {say_date(wanted.begins.date())}"
        arguments.problems.append(problem("--until", text, message, hint="write a later day"))
        return wanted
    kept = _joined(wanted, {"COUNT", "UNTIL"})
    return replace(wanted, recurrence=kept if until is None else f"{kept};UNTIL={until:%Y%m%d}")


def except_days(arguments: Arguments, wanted: PartnerTime) -> PartnerTime:
    """Return it without the days of --except."""
    left_out = set(wanted.without)
    for text, day in arguments.days(arguments.asked.without, "--except", ZoneInfo(wanted.zone)).items():
        if not takes_place(wanted, day):
            message = f"{wanted.title} is not on {say_date(day)}"
            arguments.problems.append(
                problem("--except", text, message, hint="leave it out, or write a day on which it is")
            )
        left_out.add(datetime.combine(day, wanted.begins.time()))
    return replace(wanted, without=tuple(sorted(left_out)))


def include_days(arguments: Arguments, wanted: PartnerTime) -> PartnerTime:
    """Return it with the days of --include, which were excepted before."""
    days = arguments.days(arguments.asked.again, "--include", ZoneInfo(wanted.zone))
    for text, day in days.items():
        if day not in {at.date() for at in wanted.without}:
            hint = "`turntoward show` says which days are; `turntoward add --on` declares one more"
            arguments.problems.append(problem("--include", text, f"{say_date(day)} is not excepted", hint=hint))
    return replace(wanted, without=tuple(at for at in wanted.without if at.date() not in days.values()))


def takes_place(wanted: PartnerTime, day: date) -> bool:
    """Return whether it recurs on the local day, excepted or not."""
    midnight = datetime.combine(day, time())
    return next(local_beginnings(replace(wanted, without=()), midnight, midnight + DAY), None) is not None


def refuse_what_never_comes(arguments: Arguments, wanted: PartnerTime) -> None:
    """Return if it takes place at `now` or later.

    Raises:
        UserError: if it does not, with the argument that is to blame.
    """
    asked, now = arguments.asked, arguments.now
    numbered = replace(wanted, number=wanted.number or 0)
    if any(each.ends > now for each in occurrences_from(numbered, now, FURTHEST)):
        return
    if wanted.recurrence is None:
        begins = f"{say_date(wanted.begins.date())} {wanted.begins:%H:%M}"
        hint = "write a later day, or a later end"
        raise UserError([problem("--on", asked.on or "", f"it is over: it began {begins}", hint=hint)])
    if asked.without:
        message, hint = "nothing is left: each of its days is excepted", "leave at least one of them"
        raise UserError([problem("--except", asked.without[-1], message, hint=hint)])
    if asked.until is not None:
        raise UserError([problem("--until", asked.until, "it does not come until then", hint="write a later day")])
    raise UserError([problem("--every", asked.every or "", "it never comes", hint=EXAMPLES)])


def _joined(wanted: PartnerTime, but: set[str]) -> str:
    parts = read_recurrence(wanted.recurrence or "")
    return ";".join(f"{name}={value}" for name, value in parts.items() if name not in but)
