"""`turntoward remove`: take a declared partner time back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from detector.partner_time.model import PartnerTime


@click.command(epilog="Example: turntoward remove Dinner")
@click.argument("which", metavar="NUMBER|TITLE")
@click.option("--yes", is_flag=True, help="Do not ask first.")
def command(which: str, *, yes: bool) -> None:
    """Take a declared partner time back, by its number or title.

    If it is under way it ends. What was kept of it stays; `turntoward forget` deletes that.
    """
    from detector.cli import declared  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help
    from detector.partner_time.words import say_partner_time  # noqa: PLC0415 - not for --help

    with declared.opened() as store:
        before = declared.read(store)
        chosen = _choose(before.partner_times, which)
        words = say_partner_time(chosen, before.now, before.zone)
        if not yes:
            if declared.nobody_to_ask():
                raise UserError(f"Nothing was removed, for nobody can be asked here. Add --yes to remove\n  {words}")
            if not click.confirm(f"Remove number {chosen.number}, {words}?"):
                declared.say("Nothing was removed.")
                return
        if chosen.number is not None:
            store.remove_partner_time(chosen.number)
        after = declared.read(store)
    sentences = [f"Removed: {words}."]
    if any(occurrence.partner_time == chosen.number for occurrence in before.under_way):
        sentences.append("It was under way and ends now.")
    declared.conclude([*sentences, *after.what_holds()])


def _choose(partner_times: Sequence[PartnerTime], which: str) -> PartnerTime:
    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    wanted = which.strip()
    found = [known for known in partner_times if wanted == str(known.number)] or [
        known for known in partner_times if wanted.casefold() == known.title.casefold()
    ]
    if len(found) == 1:
        return found[0]
    if found:
        numbers = ", ".join(str(known.number) for known in found)
        raise UserError(f"{len(found)} partner times are called '{found[0].title}'.\n  Say which by number: {numbers}.")
    from difflib import get_close_matches  # noqa: PLC0415 - only on a mistake

    near = get_close_matches(wanted, [known.title for known in partner_times], n=1)
    hint = f"Did you mean '{near[0]}'?" if near else "`turntoward list` shows what is declared, with numbers."
    raise UserError(f"No partner time has the number or title '{which}'.\n  {hint}")
