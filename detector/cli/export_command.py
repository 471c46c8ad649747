"""`turntoward export`: write out everything that is kept."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click


@click.command(epilog="Example: turntoward export --json --output evenings.json")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, instead of one JSON row a line.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write into a new file that only you can read, instead of to the terminal.",
)
def command(*, as_json: bool, output: Path | None) -> None:
    """Write out everything that is kept, with times in ISO 8601 (UTC).

    One row a line, each with the table that it comes from, or one document with a list per table. Of a phone's token
    and pairing code nothing is written but that there is one.
    """
    if output is None:
        _write(sys.stdout.write, as_json=as_json)
        return
    import os  # noqa: PLC0415 - only when used

    from detector.errors import Problem, StoreError, UserError  # noqa: PLC0415 - only when used

    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as refused:
        hint = "Nothing is overwritten: name a new file." if isinstance(refused, FileExistsError) else None
        raise UserError(
            [Problem(message=f"cannot be written: {refused.strerror}", file=str(output), hint=hint)]
        ) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            count = _write(file.write, as_json=as_json)
    except BaseException as failed:
        output.unlink(missing_ok=True)
        if isinstance(failed, OSError):
            raise StoreError(f"{output} could not be written: {failed.strerror}. What was begun is removed.") from None
        raise
    click.echo(f"Wrote {count:,} rows to {output}. Only you can read it; it shows all that is kept of your evenings.")


def _write(write: Callable[[str], object], *, as_json: bool) -> int:
    import json  # noqa: PLC0415 - only when used

    from detector.store.export import TABLES  # noqa: PLC0415 - only when used

    count, open_table, waiting = 0, "", list(TABLES)
    if as_json:
        write('{"turntoward": "export", "version": 1')
    for table, row in _rows():
        count += 1
        if not as_json:
            write(json.dumps({"table": table, **row}, ensure_ascii=False) + "\n")
            continue
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
    from detector.paths import store_path  # noqa: PLC0415 - only when used
    from detector.store.failures import NothingKept  # noqa: PLC0415 - only when used
    from detector.store.store import Store  # noqa: PLC0415 - only when used

    try:
        store = Store.open(store_path(), read_only=True)
    except NothingKept as nothing:
        click.echo(str(nothing), err=True)
        return
    with store:
        yield from store.export()
