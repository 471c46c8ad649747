"""`turntoward run`: the daemon, in the foreground."""

from __future__ import annotations

import sys

import click


@click.command(epilog="Example: turntoward run")
@click.option("--offer", is_flag=True, help="If nothing is declared, offer partner time now, for 30 minutes.")
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

    from detector.daemon.compose import run  # noqa: PLC0415 - not for --help
    from detector.daemon.lock import refuse_second  # noqa: PLC0415 - not for --help
    from detector.daemon.owner import refuse_others  # noqa: PLC0415 - not for --help
    from detector.daemon.underway import CoreFailed  # noqa: PLC0415 - not for --help
    from detector.errors import EXIT_BUG  # noqa: PLC0415 - not for --help

    # The journal knows the time by itself.
    when = "" if os.environ.get("JOURNAL_STREAM") else "%(asctime)s "
    logging.basicConfig(
        stream=sys.stderr, format=f"{when}turntoward: %(message)s", datefmt="%H:%M:%S", level=logging.WARNING
    )
    logging.getLogger("turntoward").setLevel(logging.WARNING if quiet else logging.INFO)
    refuse_others()
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
    """Offer partner time now to somebody who sits at the terminal and has declared none."""
    from datetime import timedelta  # noqa: PLC0415 - only where it is offered

    from detector.cli import declared  # noqa: PLC0415 - only where it is offered
    from detector.partner_time.spoken import begin_now  # noqa: PLC0415 - only where it is offered

    with declared.opened() as store:
        before = declared.read(store)
        if before.partner_times or declared.nobody_to_ask():
            return
        if click.confirm("No partner time is declared. Begin one now, for 30 minutes?", default=True, err=True):
            store.add_partner_time(begin_now("Partner time", timedelta(minutes=30), before.now))
            for sentence in declared.read(store).what_holds():
                declared.say(sentence)
        else:
            click.echo("Nothing is declared; `turntoward add --help` shows how, and `turntoward now 90min` begins one.")
