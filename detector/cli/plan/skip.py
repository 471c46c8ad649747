"""`turntoward skip`: one occurrence does not take place, this once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from detector.cli.completing import titles

if TYPE_CHECKING:
    from detector.cli.plan.context import Declared
    from detector.errors import UserError
    from detector.store.store import Store


@click.command(epilog="Example: turntoward skip dinner")
@click.argument("which", metavar="[NUMBER|TITLE]", required=False, shell_complete=titles)
@click.option("--undo", is_flag=True, help="Let what was skipped or cancelled last take place after all.")
def command(which: str | None, *, undo: bool) -> None:
    """Let the partner time under way, else the next one, not take place, this once. What returns comes back as planned.

    Without a number or title it is whichever comes first. `turntoward cancel` asks for a new date as well.
    """
    from detector.cli.plan import context as declared  # noqa: PLC0415 - not for --help
    from detector.cli.plan.selection import choose  # noqa: PLC0415 - not for --help

    with declared.opened() as store:
        before = declared.read(store)
        number = None if which is None else choose(before.partner_times, which).number
        sentences = _undo(store, before, number) if undo else _skip(store, before, number)
        after = declared.read(store)
    again = f" {which}" if which is not None else ""
    holds = after.what_holds()
    if not undo and len(sentences) == 1:
        holds.append(f"`turntoward skip{again} --undo` takes that back.")
    declared.conclude([*sentences, *holds])


def _skip(store: Store, before: Declared, number: int | None) -> list[str]:
    from detector.control import requests  # noqa: PLC0415 - not for --help

    skipped = requests.skip(store, before.now, number)
    if skipped is None:
        raise nothing_comes(before, number)
    sentence = f"Skipped, this once: {skipped.title}, {before.say(skipped)}."
    if skipped.begins > before.now:
        return [sentence]
    return [sentence, "It was under way and ends now."]


def _undo(store: Store, before: Declared, number: int | None) -> list[str]:
    from detector.control import requests  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    known = {partner_time.number: partner_time for partner_time in before.partner_times}
    back = requests.unskip(store, before.now, number)
    if back is None:
        what = "No partner time" if number is None else f"No {known[number].title} to come"
        raise UserError(
            f"{what} is skipped or cancelled; nothing was changed.\n"
            "  What had begun does not come back: `turntoward now 45min` begins partner time."
        )
    left = {partner_time.number for partner_time in store.plans.partner_times()}
    gone = [partner_time.title for of, partner_time in known.items() if of not in left]
    also = [f"{title}, which was to be in its place, is taken back." for title in gone]
    return [f"{back.title}, {before.say(back)}, takes place after all.", *also]


def nothing_comes(before: Declared, number: int | None) -> UserError:
    """Return what is said where there is no occurrence to skip or to cancel."""
    from detector.cli.plan.context import NOTHING_DECLARED  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    title = next((known.title for known in before.partner_times if known.number == number), None)
    if title is None and not before.partner_times:
        return UserError(NOTHING_DECLARED)
    return UserError(
        f"{title or 'Partner time'} does not come any more; nothing was changed.\n"
        "  `turntoward list --all` shows what is declared."
    )
