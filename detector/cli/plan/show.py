"""`turntoward show`: everything about one partner time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from detector.cli.completing import titles

if TYPE_CHECKING:
    from datetime import datetime

    from detector.cli.plan.context import Declared
    from detector.partner_time.model import Occurrence, PartnerTime
    from detector.store.model import CancelledOccurrence
    from detector.store.store import Store

SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of it: the next times, skipped ones among them; by id what was cancelled; from which calendar it came."""

    partner_time: PartnerTime
    known: Declared
    following: list[Occurrence]
    cancelled: dict[str, CancelledOccurrence]
    calendar: str | None


@click.command(epilog="Example: turntoward show dinner")
@click.argument("which", metavar="NUMBER|TITLE", shell_complete=titles)
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON; instants in UTC.")
def command(which: str, *, as_json: bool) -> None:
    """Show everything about one partner time, by its number or title: its next five times, and what is different."""
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.cli.plan.selection import choose  # noqa: PLC0415 - not for --help

    known = declared.read_only()
    partner_time = choose(known.partner_times, which)
    with declared.opened_to_read() as store:
        found = _find(partner_time, known, store)
    if as_json:
        _write_json(found)
        return
    for sentence in _sentences(found):
        declared.say(sentence)
    for mark, words in _times(found):
        declared.say(words, first=f"   {mark} ", later="     ")
    for sentence in known.what_pauses():
        declared.say(sentence)


def _find(partner_time: PartnerTime, known: Declared, store: Store) -> Found:
    from detector.cli.plan.confirm import with_skipped  # noqa: PLC0415 - not for --help

    names = {calendar.number: calendar.name for calendar in store.calendars.all()}
    of = next((each for each in store.calendars.proposals() if each.number == partner_time.proposal), None)
    return Found(
        partner_time=partner_time,
        known=known,
        following=with_skipped(partner_time, known, SHOWN),
        cancelled={each.occurrence: each for each in store.plans.cancelled()},
        calendar=None if partner_time.proposal is None or of is None else names.get(of.calendar),
    )


def _sentences(found: Found) -> Iterator[str]:
    from detector.partner_time.describe import say_day, say_when  # noqa: PLC0415 - not for --help

    known, partner_time = found.known, found.partner_time
    yield f"{partner_time.title}, number {partner_time.number}: {say_when(partner_time, known.now, known.zone)}."
    if partner_time.floats:
        yield f"It goes by the clock where you are, now {partner_time.zone}."
    else:
        yield f"It goes by the clock of {partner_time.zone}, wherever you are."
    if partner_time.quiet:
        yield "The desktop is to keep quiet in it."
    if found.calendar is not None:
        yield f"It came from the calendar {found.calendar}, and follows it."
    if partner_time.instead_of is not None:
        of = found.cancelled.get(partner_time.instead_of)
        if of is not None:
            yield f"It makes good {of.title} of {say_day(of.begins, known.now, known.zone)}, which was cancelled."
    yield "Next:" if found.following else "It is over and does not return."


def _times(found: Found) -> Iterator[tuple[str, str]]:
    """Yield the mark and the words of each line about a single time."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - not for --help

    from detector.partner_time.describe import say_day, say_interval  # noqa: PLC0415 - not for --help
    from detector.partner_time.wall_clock import instant_of, interval_of  # noqa: PLC0415 - not for --help

    known, partner_time = found.known, found.partner_time
    own = ZoneInfo(partner_time.zone)

    def day(local: datetime) -> str:
        return say_day(instant_of(local, own), known.now, known.zone)

    for occurrence in found.following:
        yield _one(occurrence, found)
    for moved in sorted(partner_time.moved, key=lambda each: each.of):
        begins, ends = (at.astimezone(known.zone) for at in interval_of(moved.begins, moved.lasts, own))
        if ends > known.now:
            yield (
                "~",
                f"{day(moved.of)} is moved to {say_day(begins, known.now, known.zone)} {say_interval(begins, ends)}",
            )
    for local in sorted(partner_time.without):
        if instant_of(local, own) > known.now:
            yield "-", f"{day(local)}, excepted"
    for local in sorted(partner_time.also):
        if instant_of(local, own) > known.now:
            yield "+", f"{day(local)} {local:%H:%M}, as well"


def _one(occurrence: Occurrence, found: Found) -> tuple[str, str]:
    known = found.known
    words = known.say(occurrence)
    if (why := known.does_not_take_place(occurrence)) is not None:
        cancelled = found.cancelled.get(occurrence.id)
        instead = None if cancelled is None else cancelled.instead
        made = next((each for each in known.partner_times if each.number == instead), None)
        return "-", f"{words}, {why}{'' if made is None else f'; instead {_when(made, known)}'}"
    if occurrence.begins <= known.now:
        return ">", f"under way until {known.clock(occurrence.ends)}"
    longer = ", extended" if occurrence.id in known.schedule.exceptions.extended else ""
    return " ", f"{words}{longer}"


def _when(made: PartnerTime, known: Declared) -> str:
    from detector.partner_time.describe import say_when  # noqa: PLC0415 - not for --help

    return f"{say_when(made, known.now, known.zone)} (number {made.number})"


def _write_json(found: Found) -> None:
    import json  # noqa: PLC0415 - not for --help

    known, partner_time = found.known, found.partner_time
    written: dict[str, Any] = {
        "now": known.now.isoformat(),
        **known.plain(partner_time),
        "calendar": found.calendar,
        "instead_of": partner_time.instead_of,
        "excepted": [at.isoformat() for at in partner_time.without],
        "as_well": [at.isoformat() for at in partner_time.also],
        "moved": [
            {
                "of": each.of.isoformat(),
                "begins": each.begins.isoformat(),
                "lasts_seconds": int(each.lasts.total_seconds()),
                "title": each.title,
            }
            for each in partner_time.moved
        ],
        "next": [
            {
                "id": each.id,
                "begins": each.begins.isoformat(),
                "ends": each.ends.isoformat(),
                "under_way": each.begins <= known.now and each.id not in known.skipped,
                "skipped": each.id in known.skipped,
                "cancelled": each.id in found.cancelled,
                "instead": found.cancelled[each.id].instead if each.id in found.cancelled else None,
            }
            for each in found.following
        ],
    }
    click.echo(json.dumps(written, ensure_ascii=False, indent=2))
