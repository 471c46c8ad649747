"""`turntoward calendar`: calendars that propose partner time."""

from collections.abc import Callable
from typing import Any

import click

from detector.cli.lazy_completers import calendars, files
from detector.cli.parameters import Subcommands

_EVENTS = (
    click.option("--tag", metavar="TAG", help="Events with TAG in their title count; else #us."),
    click.option("--category", metavar="NAME", help="Events of this category count."),
    click.option("--all", "everything", is_flag=True, help="Every event counts."),
    click.option("--name", metavar="NAME", help="What you call it; else what it calls itself."),
)


def _which_events(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that tell which events of a calendar count, and what it is called."""
    for option in reversed(_EVENTS):
        command = option(command)
    return command


@click.group(cls=Subcommands, epilog="Example: turntoward calendar subscribe webcal://calendar.example/us.ics")
def calendar_command() -> None:
    """Let a calendar propose partner time. It counts only once you accept it on this device."""


@calendar_command.command(name="import", epilog="Example: turntoward calendar import ours.ics --tag '#us'")
@click.argument("file", metavar="FILE.ics", shell_complete=files)
@_which_events
@click.option(
    "--accept", "accepts", is_flag=True, help="Accept what it proposes now, and more of the same from now on."
)
@click.option("--yes", is_flag=True, help="Do not ask first.")
def import_file(
    file: str, *, tag: str | None, category: str | None, everything: bool, name: str | None, accepts: bool, yes: bool
) -> None:
    """Read a calendar from FILE.ics, or from the standard input ('-').

    What it proposes waits for your answer. The same file, imported again, brings what was there up to date. Of events
    that do not count, nothing is kept.
    """
    from detector.cli.calendar.importing import import_file

    import_file(file, tag, category, everything=everything, name=name, accepts=accepts, yes=yes)


@calendar_command.command(epilog="Example: turntoward calendar export ours.ics")
@click.argument("file", metavar="[FILE.ics]", required=False, shell_complete=files)
@click.option("--only", metavar="TITLE|NUMBER", help="Only this partner time.")
@click.option("--all", "everything", is_flag=True, help="Also what is over and does not return.")
@click.option("--tag", metavar="TAG", default="#us", show_default=True, help="Added to titles; '' adds nothing.")
@click.option("--yes", is_flag=True, help="Overwrite FILE.ics without asking.")
def export(file: str | None, *, only: str | None, everything: bool, tag: str, yes: bool) -> None:
    """Write what is declared as a calendar that other programs read.

    Without a file it goes to the standard output. What was skipped or cancelled is left out of it.
    """
    from detector.cli.calendar.exporting import export

    export(file, only, everything=everything, tag=tag, yes=yes)


@calendar_command.command(epilog="Example: turntoward calendar subscribe webcal://calendar.example/us.ics")
@click.argument("place", metavar="FILE|URL", shell_complete=files)
@_which_events
@click.option(
    "--accept", "accepts", is_flag=True, help="Accept what it proposes now, and more of the same from now on."
)
@click.option("--local", is_flag=True, help="It may stand on the local network, or on this device.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def subscribe(
    place: str,
    *,
    tag: str | None,
    category: str | None,
    everything: bool,
    name: str | None,
    accepts: bool,
    local: bool,
    yes: bool,
) -> None:
    """Ask a calendar now, and again every few hours.

    It is fetched at once; an address that is wrong is not kept. What it proposes waits for your answer, and if it cannot
    be fetched later, the last good copy counts.
    """
    from detector.cli.calendar.selection import choose_events
    from detector.cli.calendar.subscribing import subscribe

    choice = choose_events(tag, category, everything=everything)
    subscribe(place, choice, name=name, accepts=accepts, local=local, yes=yes)


@calendar_command.command(epilog='Example: turntoward calendar refresh "Our calendar"')
@click.argument("name", required=False, shell_complete=calendars)
@click.option("--yes", is_flag=True, help="Also accept that a calendar is empty now.")
def refresh(name: str | None, *, yes: bool) -> None:
    """Ask the calendars that you subscribed to now, or only the one called NAME."""
    from detector.cli.calendar.subscribing import refresh_now

    refresh_now(name, yes=yes)


@calendar_command.command(epilog="Example: turntoward calendar proposals --json")
@click.option("--of", "calendar", metavar="CALENDAR", help="Only those of this calendar, by its name or number.")
@click.option("--all", "everything", is_flag=True, help="Also those that you accepted or declined.")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON; instants in UTC.")
def proposals(*, calendar: str | None, everything: bool, as_json: bool) -> None:
    """Show what calendars propose and waits for your answer, with the next three times."""
    from detector.cli.calendar.listing import list_proposals

    list_proposals(calendar, everything=everything, as_json=as_json)


@calendar_command.command(epilog="Example: turntoward calendar accept 3 4")
@click.argument("which", metavar="NUMBER...|all", nargs=-1, required=True)
@click.option("--of", "calendar", metavar="CALENDAR", help="With all: only those of this calendar.")
@click.option("--always/--not-always", default=None, help="From now on the calendar's are accepted, or asked about.")
@click.option("--yes", is_flag=True, help="Do not ask first whether --always is meant.")
def accept(which: tuple[str, ...], *, calendar: str | None, always: bool | None, yes: bool) -> None:
    """Accept proposals by their numbers, or all that wait: they are declared on this device.

    A proposal that you declined can be accepted, too.
    """
    from detector.cli.calendar.answering import accept

    accept(which, calendar, always=always, yes=yes)


@calendar_command.command(epilog="Example: turntoward calendar decline 5")
@click.argument("which", metavar="NUMBER...|all", nargs=-1, required=True)
@click.option("--of", "calendar", metavar="CALENDAR", help="With all: only those of this calendar.")
def decline(which: tuple[str, ...], *, calendar: str | None) -> None:
    """Decline proposals by their numbers, or all that wait.

    One that you had accepted is removed. It is proposed again only if its event changes.
    """
    from detector.cli.calendar.answering import decline

    decline(which, calendar)


@calendar_command.command(name="list", epilog="Example: turntoward calendar list --json")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON; instants in UTC.")
def list_calendars(*, as_json: bool) -> None:
    """Show the calendars: their address, which events count, how old the last good copy is."""
    from detector.cli.calendar.listing import list_calendars

    list_calendars(as_json=as_json)


@calendar_command.command(epilog='Example: turntoward calendar remove "Our calendar"')
@click.argument("which", metavar="NAME|NUMBER", shell_complete=calendars)
@click.option("--yes", is_flag=True, help="Do not ask first.")
def remove(which: str, *, yes: bool) -> None:
    """Remove a calendar, what it proposes, and what was declared by accepting it."""
    from detector.cli.calendar.subscribing import remove_calendar

    remove_calendar(which, yes=yes)
