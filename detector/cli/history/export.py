"""`turntoward export`: write out everything that is kept."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from detector.control.lock import own_store
from detector.errors import Problem, StoreError, UserError
from detector.i18n import _, ngettext
from detector.store.errors import StoreMissing
from detector.store.schema import TABLES
from detector.store.store import Store


def export(output: Path | None, *, as_json: bool) -> None:
    """Write all rows to the standard output, or into the new file `output` that only its owner can read."""
    if output is None:
        _write(sys.stdout.write, as_json=as_json)
        return
    try:
        # O_EXCL takes no link and no existing file, and nobody else can open the file before its first byte is there.
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as failed:
        message = _("cannot be written: {why}").format(why=failed.strerror)
        hint = _("Nothing is overwritten: name a new file.") if isinstance(failed, FileExistsError) else None
        raise UserError([Problem(message=message, file=str(output), hint=hint)]) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            count = _write(file.write, as_json=as_json)
    # After Ctrl-C as well: an incomplete file must not look like an export.
    except BaseException as failed:
        output.unlink(missing_ok=True)
        if isinstance(failed, OSError):
            message = _("{file} could not be written: {why}. The incomplete file is removed.")
            raise StoreError(message.format(file=output, why=failed.strerror)) from None
        raise
    text = ngettext(
        "Wrote {count:,} row to {file}. Only you can read it; it shows all that is kept of your evenings.",
        "Wrote {count:,} rows to {file}. Only you can read it; it shows all that is kept of your evenings.",
        count,
    )
    click.echo(text.format(count=count, file=output))


def _write(write: Callable[[str], object], *, as_json: bool) -> int:
    # Rows are written one by one, so that a large store is never in memory as a whole.
    count, open_table, waiting = 0, "", list(TABLES)
    if as_json:
        write('{"turntoward": "export", "version": 1')
    for table, row in _rows():
        count += 1
        if not as_json:
            write(json.dumps({"table": table, **row}, ensure_ascii=False) + "\n")
            continue
        # Rows come table by table, in the order of TABLES; tables without rows are written as empty lists.
        while table != open_table:
            write("]" if open_table else "")
            open_table = waiting.pop(0)
            write(f', "{open_table}": [\n')
            first = True
        write(("" if first else ",\n") + json.dumps(row, ensure_ascii=False))
        first = False
    if as_json:
        write("]" if open_table else "")
        write("".join(f', "{table}": []' for table in waiting) + "}\n")
    return count


def _rows() -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        # An empty export is no failure, so that a script goes on.
        store = Store.open(own_store(), read_only=True)
    except StoreMissing as nothing:
        click.echo(str(nothing), err=True)
        return
    with store:
        yield from store.export()
