"""`turntoward calendar`: calendars that propose partner time."""

from __future__ import annotations

import click


@click.group(epilog="Example: turntoward calendar subscribe webcal://calendar.example/us.ics")
def command() -> None:
    """Let a calendar propose partner time. Nothing of it starts until you accept it on this device."""


@command.command(epilog="Example: turntoward calendar subscribe webcal://calendar.example/us.ics")
@click.argument("place", metavar="FILE|URL")
@click.option("--tag", metavar="TAG", help="Events with TAG in their title count; else #us.")
@click.option("--category", metavar="NAME", help="Events of this category count.")
@click.option("--all", "everything", is_flag=True, help="Every event counts.")
@click.option("--name", metavar="NAME", help="What you call it; else what it calls itself.")
@click.option("--accept", "accepts", is_flag=True, help="Accept what it proposes from now on.")
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
    from detector.cli.calendar_subscribing import choose, subscribe  # noqa: PLC0415 - not for --help

    subscribe(place, choose(tag, category, everything=everything), name=name, accepts=accepts, local=local, yes=yes)


@command.command(epilog='Example: turntoward calendar refresh "Our calendar"')
@click.argument("name", required=False)
@click.option("--yes", is_flag=True, help="Believe also that a calendar is empty all of a sudden.")
def refresh(name: str | None, *, yes: bool) -> None:
    """Ask the calendars that you subscribed to now, or only the one called NAME."""
    from detector.cli.calendar_subscribing import refresh_now  # noqa: PLC0415 - not for --help

    refresh_now(name, yes=yes)
