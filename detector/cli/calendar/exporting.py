"""Write what is declared as a calendar's file, whole or not at all."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from detector.calendars.proposing import is_over
from detector.calendars.writing import ExportOptions, write_calendar
from detector.cli.calendar.selection import choose_events
from detector.cli.plan import context as declared
from detector.cli.plan.selection import choose
from detector.errors import Problem, StoreError, UserError

if TYPE_CHECKING:
    from detector.store.store import Store

_IDENTITY: Final = "calendar_identity"


def export(file: str | None, only: str | None, *, everything: bool, tag: str, yes: bool) -> None:
    """Write the calendar to this file, or to the standard output.

    Raises:
        UserError: if nothing of this title is declared, or the file cannot be written or is there and nobody says that
            it may be overwritten; then nothing is.
        StoreError: if what is kept cannot be read, or the disk is full.
    """
    if tag.strip():
        choose_events(tag, None, everything=False)
    with declared.opened() as store:
        known = declared.read(store)
        wanted = [choose(known.partner_times, only)] if only is not None else list(known.partner_times)
        coming = [each for each in wanted if everything or only is not None or not is_over(each, known.now)]
        how = ExportOptions(
            identity=_identity(store), now=known.now, skipped=store.plans.skipped(), tag=tag.strip() or None
        )
    written = write_calendar(coming, how)
    if file is None or file == "-":
        sys.stdout.buffer.write(written)
        sys.stdout.flush()
        return
    path = Path(file).expanduser()
    if path.exists() and not yes:
        if declared.nobody_to_ask():
            raise UserError([Problem(file=file, message="is there already; add --yes to write over it")])
        if not click.confirm(f"{file} is there already. Write over it?"):
            declared.say("Nothing was written.")
            return
    _write(path, written, file)
    over = len(wanted) - len(coming)
    times = f"{len(coming):,} partner {'time' if len(coming) == 1 else 'times'}"
    declared.say(f"Wrote {times} to {file}; only you can read it.")
    if over:
        declared.say(
            f"{over:,} that {'is' if over == 1 else 'are'} over {'is' if over == 1 else 'are'} not in it: --all."
        )
    if tag.strip() and coming:
        declared.say(f"Their titles bear {tag.strip()}, by which Turntoward on another device knows them.")


def _identity(store: Store) -> str:
    """Return what makes the ids of this device's events its own: random, and kept from the first export on."""
    found = store.state.get(_IDENTITY)
    if isinstance(found, str):
        return found
    made = secrets.token_hex(8)
    store.state.set(_IDENTITY, made)
    return made


def _write(path: Path, written: bytes, file: str) -> None:
    # Beside it and then in its place: whoever reads it meanwhile sees the old one or the new one, whole.
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(written)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(path)
        except BaseException:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise
    except (PermissionError, FileNotFoundError, IsADirectoryError, NotADirectoryError) as refused:
        raise UserError([Problem(file=file, message=f"cannot be written: {refused.strerror}")]) from None
    except (OSError, ValueError) as failed:
        why = failed.strerror if isinstance(failed, OSError) else "its name is none"
        raise StoreError(f"{file} could not be written: {why}. What was there before is as it was.") from None
