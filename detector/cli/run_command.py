"""`turntoward run`: the daemon, in the foreground."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from datetime import datetime

    from detector.store.store import Store


@click.command(epilog="Example: turntoward run")
@click.option("--offer", is_flag=True, help="Offer what is not set up yet: partner time now, a quiet first week.")
@click.option("--or-try", is_flag=True, help="Without a graphical session, play the bundled evening instead.")
@click.option("--quiet", is_flag=True, help="Log only what goes wrong.")
@click.pass_context
def command(context: click.Context, *, offer: bool, or_try: bool, quiet: bool) -> None:
    """Run the daemon in the foreground, until Ctrl+C.

    It waits for partner time, senses during it and only then, says at most a few gentle sentences, and keeps everything
    on this device.
    """
    if or_try and not _has_screen():
        click.echo("No graphical session here, so this is the bundled evening (`turntoward try`).\n")
        from detector.cli.try_command import command as play  # noqa: PLC0415 - only without a screen

        context.invoke(play, keep=None, recording=None)
        return

    import logging  # noqa: PLC0415 - not for --help
    import os  # noqa: PLC0415 - not for --help

    from detector.control.lock import refuse_second  # noqa: PLC0415 - not for --help
    from detector.control.session_owner import require_session_owner  # noqa: PLC0415 - not for --help
    from detector.daemon.compose import run  # noqa: PLC0415 - not for --help
    from detector.daemon.session import CoreFailed  # noqa: PLC0415 - not for --help
    from detector.errors import EXIT_BUG  # noqa: PLC0415 - not for --help

    # The journal knows the time by itself.
    when = "" if os.environ.get("JOURNAL_STREAM") else "%(asctime)s "
    logging.basicConfig(
        stream=sys.stderr, format=f"{when}turntoward: %(message)s", datefmt="%H:%M:%S", level=logging.WARNING
    )
    logging.getLogger("turntoward").setLevel(logging.WARNING if quiet else logging.INFO)
    require_session_owner()
    refuse_second()
    if offer:
        _offer()
    if not quiet:
        click.echo("Turntoward runs in the foreground; Ctrl+C ends it.")
        click.echo("It senses during partner time and only then, and keeps everything on this device.")
    try:
        run()
    except CoreFailed:
        logging.getLogger("turntoward").exception("this is a bug in turntoward; what it was fed last is saved")
        sys.exit(EXIT_BUG)


def _has_screen() -> bool:
    from detector.sensors import session_type  # noqa: PLC0415 - only where it is asked

    return session_type() != "tty"


def _offer() -> None:
    """Offer partner time now, and a quiet first week, to somebody who sits at the terminal and has neither."""
    from datetime import timedelta  # noqa: PLC0415 - only where it is offered

    from detector.cli.plan import context as declared  # noqa: PLC0415 - only where it is offered
    from detector.partner_time.spoken import begin_now  # noqa: PLC0415 - only where it is offered

    with declared.opened() as store:
        before = declared.read(store)
        if declared.nobody_to_ask():
            return
        if not before.partner_times:
            if not click.confirm("No partner time is declared. Begin one now, for 30 minutes?", default=True, err=True):
                click.echo(
                    "Nothing is declared; `turntoward add --help` shows how, and `turntoward now 90min` begins one."
                )
                return
            store.add_partner_time(begin_now("Partner time", timedelta(minutes=30), before.now))
            for sentence in declared.read(store).what_holds():
                declared.say(sentence)
        _offer_quiet_week(store, before.now)


def _offer_quiet_week(store: Store, now: datetime) -> None:
    """Ask once whether the first seven evenings shall be quiet; to say nothing is to say no."""
    from dataclasses import replace  # noqa: PLC0415 - only where it is offered

    from detector.cli.quiet_week.output import QUESTION  # noqa: PLC0415 - only where it is offered
    from detector.store import quiet_week  # noqa: PLC0415 - only where it is offered

    if not quiet_week.is_to_be_offered(store):
        return
    if click.confirm(QUESTION, default=False, err=True):
        quiet_week.begin(store, now)
        click.echo("It does; `turntoward quiet-week` says how far it is.")
    else:
        quiet_week.keep(store, replace(quiet_week.read(store), offered=True))
