"""What a person writes after `add` and `edit`, read to a partner time: everything that is wrong with it at once.

Rule 1: `edit` changes only what is named. Another beginning keeps the length, as calendars do; another end does not move
the beginning.
Rule 2: what a calendar brought is the person's own from their first edit on, and no longer follows the calendar.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from detector.partner_time.model import PartnerTime
from detector.partner_time.rule import read_recurrence
from detector.partner_time.spoken_asked import HERE, Arguments, Asked
from detector.partner_time.spoken_problem import problem
from detector.partner_time.spoken_series import (
    ended,
    except_days,
    from_its_first,
    include_days,
    refuse_what_never_comes,
    takes_place,
)
from detector.partner_time.wall import instant_of, shown_at

__all__ = ["Asked", "change", "declare"]


def declare(asked: Asked, now: datetime, here: ZoneInfo) -> PartnerTime:
    """Return the partner time that the arguments of `add` describe, beginning with the first not over at `now`.

    Raises:
        UserError: with everything that is wrong with any of them.
    """
    arguments = Arguments(asked=asked, now=now, here=here)
    title = arguments.title("TITLE")
    if asked.every is None and asked.on is None:
        arguments.missing("--every", "--every weekday; for once --on 2026-12-24")
    zone = arguments.zone()
    on = arguments.on(zone)
    recurrence = arguments.recurrence(on)
    if asked.begins is None:
        arguments.missing("--from", "--from 18:30")
    start = arguments.start()
    if asked.ends is None and asked.lasts is None:
        arguments.missing("--to", "--to 20:00")
    length = arguments.length(start)
    until = arguments.until(zone)
    if asked.every is None and asked.on is not None:
        _refuse_what_belongs_to_a_series(arguments, "leave it out, or add --every")
    if title is None or zone is None or start is None or length is None or arguments.problems:
        arguments.days(asked.without, "--except", zone)
        arguments.conclude()
        raise AssertionError("what was not read has a problem")
    wanted = PartnerTime(
        title=title,
        begins=datetime.combine(on or shown_at(now, zone).date(), time()) + start,
        lasts=length,
        zone=zone.key,
        recurrence=recurrence,
        floats=_floats(asked),
        quiet=bool(asked.quiet),
    )
    if recurrence is not None:
        wanted = from_its_first(arguments, wanted, on)
        arguments.conclude()
        wanted = except_days(arguments, ended(arguments, wanted, until))
    arguments.conclude()
    refuse_what_never_comes(arguments, wanted)
    return wanted


def change(known: PartnerTime, asked: Asked, now: datetime, here: ZoneInfo) -> PartnerTime:
    """Return the known partner time with what the arguments of `edit` name.

    Raises:
        UserError: with everything that is wrong with any of them.
    """
    known = _on_the_wall(known, here)
    arguments = Arguments(asked=asked, now=now, here=here)
    title = known.title if asked.title is None else arguments.title("--title")
    zone = ZoneInfo(known.zone) if asked.zone is None else arguments.zone()
    on = arguments.on(zone)
    recurrence = known.recurrence if asked.every is None else arguments.recurrence(on)
    midnight = datetime.combine(known.begins.date(), time())
    start = known.begins - midnight if asked.begins is None else arguments.start()
    length = known.lasts if asked.ends is None and asked.lasts is None else arguments.length(start)
    until = arguments.until(zone)
    if known.recurrence is None and asked.every is None:
        _refuse_what_belongs_to_a_series(arguments, f"{known.title} takes place once; add --every if it returns")
    if title is None or zone is None or start is None or length is None or arguments.problems:
        arguments.days(asked.without, "--except", zone)
        arguments.days(asked.again, "--include", zone)
        arguments.conclude()
        raise AssertionError("what was not read has a problem")
    wanted = replace(
        known,
        title=title,
        begins=datetime.combine(on or known.begins.date(), time()) + start,
        lasts=length,
        zone=zone.key,
        recurrence=_with_its_end(recurrence, known),
        floats=known.floats if asked.zone is None else _floats(asked),
        quiet=known.quiet if asked.quiet is None else asked.quiet,
        as_rfc=known.as_rfc and asked.every is None,
        # Whether the desktop keeps quiet is nothing that a calendar says.
        proposal=known.proposal if asked == Asked(quiet=asked.quiet) else None,
    )
    wanted = _carried(known, wanted)
    if wanted.recurrence is not None:
        if asked.every is not None or on is not None:
            wanted = from_its_first(arguments, wanted, on)
            arguments.conclude()
            wanted = replace(
                wanted,
                without=tuple(at for at in wanted.without if takes_place(wanted, at.date())),
                moved=tuple(each for each in wanted.moved if takes_place(wanted, each.of.date())),
            )
        wanted = except_days(arguments, include_days(arguments, ended(arguments, wanted, until)))
    arguments.conclude()
    refuse_what_never_comes(arguments, wanted)
    return wanted


def _floats(asked: Asked) -> bool:
    return asked.zone is None or asked.zone.strip().lower() == HERE


def _refuse_what_belongs_to_a_series(arguments: Arguments, hint: str) -> None:
    asked = arguments.asked
    given = {"--until": asked.until, "--except": asked.without, "--include": asked.again}
    arguments.problems += [
        problem(argument, "", "belongs to what returns", hint=hint) for argument, text in given.items() if text
    ]


def _on_the_wall(known: PartnerTime, here: ZoneInfo) -> PartnerTime:
    """Return what `now` began, which is kept in UTC, by the clock that the person looks at."""
    if known.recurrence is not None or known.zone != "UTC":
        return known
    return replace(known, begins=shown_at(instant_of(known.begins, ZoneInfo("UTC")), here), zone=here.key, floats=True)


def _with_its_end(recurrence: str | None, known: PartnerTime) -> str | None:
    """Return the recurrence with the last day that it had before, unless it brings an end of its own."""
    if recurrence is None or known.recurrence is None or "UNTIL=" in recurrence or "COUNT=" in recurrence:
        return recurrence
    until = read_recurrence(known.recurrence).get("UNTIL")
    return recurrence if until is None else f"{recurrence};UNTIL={until}"


def _carried(known: PartnerTime, wanted: PartnerTime) -> PartnerTime:
    """Return it with what was said of single days by their new time; what had a time of its own keeps that."""
    was, by = known.begins.time(), wanted.begins.time()

    def carry(at: datetime) -> datetime:
        return datetime.combine(at.date(), by) if at.time() == was else at

    return replace(
        wanted,
        without=tuple(carry(at) for at in known.without),
        also=tuple(carry(at) for at in known.also),
        moved=tuple(replace(each, of=carry(each.of)) for each in known.moved),
    )
