"""Write what is declared as a calendar's file, whole or not at all."""

import secrets
import sys
from pathlib import Path
from typing import Final

from detector.calendars.proposing import is_over
from detector.calendars.writing import ExportOptions, write_calendar
from detector.cli import output
from detector.cli.calendar.selection import choose_events
from detector.cli.plan import context
from detector.cli.plan.context import choose_partner_time
from detector.errors import Problem, StoreError, UserError
from detector.files import replace_file
from detector.i18n import _, plural
from detector.store.store import Store

_IDENTITY: Final = "calendar_identity"


def export(file: str | None, only: str | None, *, everything: bool, tag: str, yes: bool) -> None:
    # An empty tag is valid: then the titles do not change.
    tag = tag.strip()
    if tag:
        choose_events(tag, None, everything=False)
    with context.open_store() as store:
        plan = context.read_plan(store)
        chosen = [choose_partner_time(plan.partner_times, only)] if only is not None else list(plan.partner_times)
        coming = [
            partner_time
            for partner_time in chosen
            if everything or only is not None or not is_over(partner_time, plan.now)
        ]
        options = ExportOptions(identity=_identity(store), now=plan.now, skipped=store.plans.skipped(), tag=tag or None)
    written = write_calendar(coming, options)
    if file is None or file == "-":
        sys.stdout.buffer.write(written)
        sys.stdout.flush()
        return
    path = Path(file).expanduser()
    if path.exists() and not _may_overwrite(file, yes=yes):
        return
    _write(path, written, file)
    output.print_text(
        plural(
            "Wrote {count} partner time to {file}; only you can read it.",
            "Wrote {count} partner times to {file}; only you can read it.",
            len(coming),
            file=file,
        )
    )
    if over := len(chosen) - len(coming):
        output.print_text(
            plural("{count} that is over is not in it: --all.", "{count} that are over are not in it: --all.", over)
        )
    if tag and coming:
        output.print_text(
            _("Their titles contain {tag}: by it Turntoward on another device recognises them.").format(tag=tag)
        )


def _may_overwrite(file: str, *, yes: bool) -> bool:
    if not yes and not output.is_interactive():
        raise UserError([Problem(file=file, message=_("is there already; add --yes to write over it"))])
    question = _("{file} is there already. Write over it?").format(file=file)
    return output.confirm(question, yes=yes, unchanged=_("Nothing was written."), with_yes="")


def _identity(store: Store) -> str:
    # UIDs of an export start with it, so that a second export updates the events of the first.
    identity = store.state.get(_IDENTITY)
    if not isinstance(identity, str):
        identity = secrets.token_hex(8)
        store.state.set(_IDENTITY, identity)
    return identity


def _write(path: Path, written: bytes, file: str) -> None:
    try:
        replace_file(path, written, 0o600)
    except (PermissionError, FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        message = _("cannot be written: {why}").format(why=error.strerror)
        raise UserError([Problem(file=file, message=message)]) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else _("this cannot be the name of a file")
        problem = _("{file} could not be written: {why}. What was there before is as it was.")
        raise StoreError(problem.format(file=file, why=why)) from None
