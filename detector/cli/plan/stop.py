"""`turntoward stop`: end the partner time under way."""

from __future__ import annotations

import click


@click.command(epilog="Example: turntoward stop")
def command() -> None:
    """End the partner time under way, today only; what returns comes back as planned.

    Where several overlap, all of them end. Nobody is told.
    """
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.control import requests  # noqa: PLC0415 - not for --help

    with declared.opened() as store:
        before = declared.read(store)
        ending = requests.stop(store, before.now)
        after = declared.read(store)
    if not ending:
        for sentence in ["No partner time is under way; there is nothing to stop.", *after.what_holds()]:
            declared.say(sentence)
        return
    sentences = [
        f"{occurrence.title} is over; it was planned until {before.clock(occurrence.ends)}." for occurrence in ending
    ]
    declared.conclude([*sentences, *after.what_holds()])
