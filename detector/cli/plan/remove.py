"""`turntoward remove`: take a declared partner time back."""

from __future__ import annotations

import click

from detector.cli.completing import titles


@click.command(epilog="Example: turntoward remove Dinner")
@click.argument("which", metavar="NUMBER|TITLE", shell_complete=titles)
@click.option("--yes", is_flag=True, help="Do not ask first.")
def command(which: str, *, yes: bool) -> None:
    """Take a declared partner time back, by its number or title.

    If it is under way it ends. What was kept of it stays; `turntoward forget` deletes that.
    """
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.cli.plan.selection import choose  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help
    from detector.partner_time.describe import say_partner_time  # noqa: PLC0415 - not for --help

    with declared.opened() as store:
        before = declared.read(store)
        chosen = choose(before.partner_times, which)
        words = say_partner_time(chosen, before.now, before.zone)
        if not yes:
            if declared.nobody_to_ask():
                raise UserError(f"Nothing was removed, for nobody can be asked here. Add --yes to remove\n  {words}")
            if not click.confirm(f"Remove number {chosen.number}, {words}?"):
                declared.say("Nothing was removed.")
                return
        if chosen.number is not None:
            store.plans.remove(chosen.number)
        after = declared.read(store)
    sentences = [f"Removed: {words}."]
    if any(occurrence.partner_time == chosen.number for occurrence in before.under_way):
        sentences.append("It was under way and ends now.")
    declared.conclude([*sentences, *after.what_holds()])
