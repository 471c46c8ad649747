"""`turntoward edit`: change a declared partner time; only what is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from detector.cli.completing import titles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from detector.cli.plan.context import Declared
    from detector.control.requests import Edited
    from detector.partner_time.model import PartnerTime
    from detector.store.store import Store


@click.command(epilog="Example: turntoward edit dinner --from 19:00")
@click.argument("which", metavar="NUMBER|TITLE", shell_complete=titles)
@click.option("--title", metavar="TITLE", help="What it is called from now on.")
@click.option("--every", metavar="DAYS", help="As `turntoward add` takes them: weekday, mon,wed, 'other friday'.")
@click.option("--from", "begins", metavar="TIME", help="It begins then, and lasts as long as before.")
@click.option("--to", "ends", metavar="TIME", help="It ends then; at or before its beginning means the next day.")
@click.option("--for", "lasts", metavar="LENGTH", help="It lasts so long: 90min, 1h30min.")
@click.option("--on", metavar="DATE", help="The day of what is once; of what returns the first day from then on.")
@click.option("--until", metavar="DATE", help="The last day on which it may be; `never` for none.")
@click.option("--except", "without", metavar="DATE", multiple=True, help="Not on this day; may be given again.")
@click.option("--include", "again", metavar="DATE", multiple=True, help="On this day after all; may be given again.")
@click.option("--zone", metavar="ZONE", help="Whose clock it goes by; `here` for the one where you are.")
@click.option("--quiet/--no-quiet", default=None, help="Whether the desktop keeps quiet in it.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def command(
    which: str,
    *,
    title: str | None,
    every: str | None,
    begins: str | None,
    ends: str | None,
    lasts: str | None,
    on: str | None,
    until: str | None,
    without: tuple[str, ...],
    again: tuple[str, ...],
    zone: str | None,
    quiet: bool | None,
    yes: bool,
) -> None:
    """Change a declared partner time, by its number or title: only what you name, everything else stays.

    What it was and what it becomes is said before anything is changed. One that is under way goes on as it began.
    """
    from detector.cli.plan import confirm as understood  # noqa: PLC0415 - not for --help
    from detector.cli.plan import context as declared  # noqa: PLC0415
    from detector.cli.plan.selection import choose  # noqa: PLC0415 - not for --help
    from detector.control import requests  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help
    from detector.partner_time.declaration import PlanArguments, parse_edit  # noqa: PLC0415 - not for --help

    before = declared.read_only()
    known = choose(before.partner_times, which)
    asked = PlanArguments(
        title=title,
        every=every,
        begins=begins,
        ends=ends,
        lasts=lasts,
        on=on,
        until=until,
        without=without,
        again=again,
        zone=zone,
        quiet=quiet,
    )
    if asked == PlanArguments():
        raise UserError(
            "It does not say what is to change.\n  Write for example --from 19:00, or --every 'other friday'."
        )
    wanted = parse_edit(known, asked, before.now, before.zone)
    if wanted == known:
        declared.say("That is how it is already; nothing was changed.")
        return
    declared.say("Until now:")
    understood.say_understood(known, before, alone=True)
    declared.say("From now on:")
    understood.say_understood(wanted, _as_after(before, known, wanted))
    if known.proposal is not None and wanted.proposal is None:
        declared.say("It came from a calendar, and does not follow that any more.")
    if not understood.agree("Change it?", yes=yes, nothing="Nothing was changed", remedy="change it"):
        return
    with declared.opened() as store:
        with store.transaction():
            edited = requests.edit(store, declared.CLOCK.now(), wanted)
            if wanted.proposal is None:
                _let_go(store, known)
        after = declared.read(store)
    if edited is None:
        raise UserError(f"{known.title} was removed meanwhile; nothing was changed.")
    declared.conclude(
        [f"Changed; it stays number {known.number}.", *_came_of(edited, before, after), *after.what_holds()]
    )


def _as_after(before: Declared, known: PartnerTime, wanted: PartnerTime) -> Declared:
    """Return what is declared as it will be, where what was said of single occurrences is carried over."""
    from dataclasses import replace  # noqa: PLC0415 - not for --help

    from detector.partner_time.edit_migration import migrate_edit  # noqa: PLC0415 - not for --help

    schedule, exceptions = before.schedule, before.schedule.exceptions
    migration = migrate_edit(known, wanted, before.now, exceptions, schedule.not_over(known.number, before.now))
    return replace(before, schedule=replace(schedule, exceptions=migration.migrate(exceptions, before.now)))


def _let_go(store: Store, known: PartnerTime) -> None:
    """Let the calendar's proposal that it came from count as declined: otherwise it would be there twice."""
    from dataclasses import replace  # noqa: PLC0415 - not for --help

    for proposal in store.calendars.proposals():
        if proposal.accepted_as == known.number:
            store.calendars.save_proposal(replace(proposal, decided="declined", accepted_as=None))


def _came_of(edited: Edited, before: Declared, after: Declared) -> Iterator[str]:
    if edited.goes_on is not None:
        yield f"What is under way goes on as it began, until {after.clock(edited.goes_on.ends)}."
    for occurrence in edited.left_out:
        yield f"Beside that, {after.say(occurrence)} does not take place."
    for occurrence in edited.lost:
        was = "skipped or cancelled" if occurrence.id in before.skipped else "changed"
        yield f"{after.say(occurrence).capitalize()} was {was}; it is on no such day any more, so that is forgotten."
