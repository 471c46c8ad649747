"""What was understood of a partner time, said back before it is kept: the sentence, the next times, what it overlaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Final

import click

from detector.cli.plan.context import nobody_to_ask, say
from detector.errors import UserError
from detector.partner_time.describe import say_partner_time
from detector.partner_time.model import PartnerTime
from detector.partner_time.overlaps import overlaps

if TYPE_CHECKING:
    from detector.cli.plan.context import Declared
    from detector.partner_time.model import Occurrence

SHOWN: Final = 3
YEARS: Final = 41
"""So far ahead the next times are looked for: 29 February on a Sunday comes every 28 or 40 years."""

MARGIN: Final = "     "


def all_following(partner_time: PartnerTime, known: Declared) -> Iterator[Occurrence]:
    """Yield what is under way of it and comes next, skipped ones left out; it need not be kept yet."""
    numbered = replace(partner_time, number=partner_time.number or 0)
    return known.schedule.coming(numbered, known.now, within=timedelta(days=366 * YEARS))


def following(partner_time: PartnerTime, known: Declared, many: int = SHOWN) -> list[Occurrence]:
    """Return the first of `all_following`."""
    return list(islice(all_following(partner_time, known), many))


def with_skipped(partner_time: PartnerTime, known: Declared, many: int = SHOWN) -> list[Occurrence]:
    """Return the next times, and those that were skipped or cancelled among and before them."""
    found: list[Occurrence] = []
    unskipped = replace(known, schedule=replace(known.schedule, exceptions=known.exceptions_but_skips))
    for occurrence in all_following(partner_time, unskipped):
        found.append(occurrence)
        many -= occurrence.id not in known.skipped
        if many == 0:
            break
    return found


def say_understood(wanted: PartnerTime, known: Declared, *, alone: bool = False) -> None:
    """Say the partner time in a full sentence, its next three times, and, unless it is `alone`, what it overlaps."""
    say(f"{say_partner_time(wanted, known.now, known.zone)}.")
    if wanted.recurrence is not None:
        next_times = following(wanted, known)
        for occurrence in next_times:
            say(known.say(occurrence), first=MARGIN, later=MARGIN)
        if len(next_times) < SHOWN and any(name in wanted.recurrence for name in ("UNTIL=", "COUNT=")):
            say("and that is all" if next_times else "it does not come again", first=MARGIN, later=MARGIN)
    if wanted.quiet:
        say("The desktop is to keep quiet in it.")
    for sentence in () if alone else _overlapping(wanted, known):
        say(sentence)


def agree(question: str, *, yes: bool, nothing: str, remedy: str) -> bool:
    """Return whether the person agrees; with `yes` nobody is asked.

    Raises:
        UserError: if nobody can be asked. `nothing` says that nothing was changed, `remedy` what --yes would do.
    """
    if yes:
        return True
    if nobody_to_ask():
        raise UserError(f"{nothing}, for nobody can be asked here.\n  Add --yes to {remedy}.")
    if click.confirm(question, default=True):
        return True
    say(f"{nothing}.")
    return False


def _overlapping(wanted: PartnerTime, known: Declared) -> Iterator[str]:
    numbered = replace(wanted, number=wanted.number or 0)
    found = overlaps(numbered, known.schedule, known.now)
    for overlap in found[:SHOWN]:
        name = f"{overlap.other.title} (number {overlap.other.number})"
        first = "first " if overlap.often > 1 else ""
        yield f"It overlaps {name}, {first}{known.say(overlap.first)}."
    if len(found) > SHOWN:
        yield f"It overlaps {len(found) - SHOWN} more."
    if found:
        yield "Where two overlap, the one that begins first goes on until its end, and then the other."
