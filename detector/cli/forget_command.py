"""`turntoward forget`: delete the last minutes, or everything. Whoever sits at the device can; nobody is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rules.lengths import parse_length, say_length

if TYPE_CHECKING:
    from datetime import timedelta

    from detector.store.model import Forgotten


@click.command(epilog="Example: turntoward forget 15min")
@click.argument("length", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Everything that is kept, partner times and phones included.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting everything.")
def command(length: tuple[str, ...], *, everything: bool, yes: bool) -> None:
    """Delete the last LENGTH of what was observed and decided, or everything.

    What is deleted is gone from the files, too. Your settings and rules stay.
    """
    from detector.errors import UserError  # noqa: PLC0415 - only when used

    if everything == bool(length):
        raise UserError("Say how much: `turntoward forget 15min`, or `turntoward forget --all`.")
    if everything:
        _forget_everything(yes=yes)
        return
    try:
        _forget_last(parse_length(" ".join(length)))
    except ValueError as wrong:
        raise UserError(f"{wrong}.") from None


def _forget_last(length: timedelta) -> None:
    from detector.clock import SystemClock  # noqa: PLC0415 - only when used
    from detector.control.lock import wake_daemon  # noqa: PLC0415 - only when used
    from detector.paths import state_dir, store_path  # noqa: PLC0415 - only when used
    from detector.store.erasing import delete_recordings, is_there  # noqa: PLC0415 - only when used
    from detector.store.store import Store  # noqa: PLC0415 - only when used

    now = SystemClock().now()
    recordings = delete_recordings(state_dir(), now - length)
    counts, goes_on = [], False
    if is_there(store_path()):
        with Store.open(store_path()) as store:
            counts = _counts(store.forget(now - length, now=now))
            goes_on = bool(store.unfinished())
    if recordings:
        counts.append(_count(recordings, "recording of a failure", "recordings of failures"))
    if not counts:
        click.echo(f"Nothing was kept of the last {say_length(length)}; there is nothing to forget.")
        return
    click.echo(f"Forgotten: the last {say_length(length)} ({', '.join(counts)}).")
    click.echo("Nothing of it is left in the files.")
    if wake_daemon() and goes_on:
        click.echo("Partner time goes on: what comes from now on is kept again.")


def _forget_everything(*, yes: bool) -> None:
    from detector.clock import SystemClock  # noqa: PLC0415 - only when used
    from detector.control.lock import wake_daemon  # noqa: PLC0415 - only when used
    from detector.paths import state_dir, store_path  # noqa: PLC0415 - only when used
    from detector.store.erasing import delete_recordings, erase, is_there  # noqa: PLC0415 - only when used

    path = store_path()
    if not is_there(path) and not any(state_dir().glob("*.jsonl")):
        click.echo("Nothing is kept; there is nothing to forget.")
        return
    if not yes:
        click.echo("This deletes all that was observed and decided, your partner times, and the")
        click.echo(f"phones that you paired: {path}")
        click.confirm("It cannot be undone. Delete everything?", abort=True)
    delete_recordings(state_dir())
    forgotten, gone = erase(path, now=SystemClock().now())
    counts = _counts(forgotten)
    click.echo(f"Everything is forgotten ({', '.join(counts)})." if counts else "Everything is forgotten.")
    if gone:
        click.echo("The file is deleted. Your settings and rules stay.")
    else:
        click.echo("The file is emptied; it stays because the program has it open. Your settings and rules stay.")
    if wake_daemon():
        click.echo("The daemon goes on, with no partner time declared.")
    if forgotten.phones:
        click.echo("No phone is paired any more: what they tell is refused from now on.")


def _counts(forgotten: Forgotten) -> list[str]:
    told = (
        (forgotten.partner_times, "partner time", "partner times"),
        (forgotten.phones, "phone", "phones"),
        (forgotten.occurrences, "occurrence", "occurrences"),
        (forgotten.moments, "moment", "moments"),
        (forgotten.uses, "use", "uses"),
        (forgotten.observations, "observation", "observations"),
    )
    return [_count(number, one, many) for number, one, many in told if number]


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
