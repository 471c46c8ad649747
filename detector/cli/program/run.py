"""`turntoward run`: the daemon, in the foreground."""

import logging
import os
import sys

import click

from detector.control.lock import refuse_second
from detector.control.session_owner import require_session_owner
from detector.daemon import compose
from detector.daemon.session import CoreFailed
from detector.errors import EXIT_BUG
from detector.i18n import _
from detector.sensors import session_type


def run(*, offer: bool, or_try: bool, quiet: bool) -> None:
    if or_try and session_type() == "tty":
        from detector.cli.program.demo import play_demo  # noqa: PLC0415 - keeps the report out of the daemon's memory

        click.echo(_("No graphical session here, so this is the bundled evening (`turntoward try`).") + "\n")
        play_demo(None, None)
        return
    # The journal writes the time itself.
    when = "" if os.environ.get("JOURNAL_STREAM") else "%(asctime)s "
    logging.basicConfig(
        stream=sys.stderr, format=f"{when}turntoward: %(message)s", datefmt="%H:%M:%S", level=logging.WARNING
    )
    logging.getLogger("turntoward").setLevel(logging.WARNING if quiet else logging.INFO)
    # Checked before anything is offered: where the daemon cannot run, nothing must be declared.
    require_session_owner()
    refuse_second()
    if offer:
        from detector.cli.program.first_setup import offer_setup  # noqa: PLC0415 - keeps commands out of the daemon's memory

        offer_setup()
    if not quiet:
        click.echo(_("Turntoward runs in the foreground; Ctrl+C ends it."))
        click.echo(_("It senses during partner time and only then, and keeps everything on this device."))
    try:
        compose.run()
    except CoreFailed:
        logging.getLogger("turntoward").exception("this is a bug in turntoward; what it was fed last is saved")
        sys.exit(EXIT_BUG)
