"""`turntoward resume`: end the pause."""

from __future__ import annotations

import click


@click.command(epilog="Example: turntoward resume")
def command() -> None:
    """End the pause, and say what holds now."""
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help

    with declared.opened() as store:
        before = declared.read(store)
        store.plans.pause_until(None)
        after = declared.read(store)
    if before.paused_until is None:
        for sentence in ["There is no pause to end.", *after.what_holds()]:
            declared.say(sentence)
        return
    declared.conclude(["The pause is over.", *after.what_holds()])
