"""What `turntoward import` says while it goes on, and at its end.

Rule 1: names of buckets come from elsewhere; nothing in them steers a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from detector.importing.model import Account, Times

WIDTH: Final = 80


def say_account(
    account: Account, begins: datetime, *, asked: int, shortened: timedelta | None, times: Times, dry_run: bool
) -> None:
    """Write the table of devices, what could not be read, and what follows. `asked`: how many partner times lie there."""
    from detector.cli.output import say  # noqa: PLC0415 - not for --help
    from rules.lengths import say_length  # noqa: PLC0415 - not for --help

    heads = ("Device", "Events", "Used", "Outside", "Known already", "Not yet", "Wrong")
    rows = [
        (
            _cut(device),
            *(
                f"{count:,}"
                for count in (
                    tally.read,
                    tally.used,
                    tally.outside,
                    tally.twice,
                    tally.left,
                    tally.wrong,
                )
            ),
        )
        for device, tally in sorted(account.devices.items())
    ]
    if rows:
        widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
        for row in (heads, *rows):
            cells = [
                cell.ljust(width) if at == 0 else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            click.echo("  ".join(cells).rstrip())
        click.echo()
    for problem in account.problems:
        say(_plain(problem), later="  ")
    if account.wrong > len(account.problems):
        click.echo(f"… and {account.wrong - len(account.problems):,} more that could not be read.")
    if account.passed_over:
        say(f"Passed over, for they hold nothing that is looked at: {_plain(', '.join(account.passed_over[:8]))}.")
    if shortened is not None:
        say(f"You keep {say_length(shortened)} (`retention`), so nothing before {begins:%Y-%m-%d} is taken in.")
    would = "would be " if dry_run else ""
    say(f"{_count(account.added, 'partner time')} {would}added, {account.extended:,} {would}extended.")
    if account.left:
        say(
            f"{_count(account.left, 'partner time')} {'reaches' if account.left == 1 else 'reach'} beyond what is told so far; import again later."
        )
    if not asked:
        say(_nothing(times))
    elif dry_run:
        say("Nothing was kept. Without `--dry-run` it is.")
    elif account.first is not None:
        say(f"See `turntoward report --since {account.first.begins.astimezone(begins.tzinfo):%Y-%m-%d}`.")


def _nothing(times: Times) -> str:
    if times == "declared":
        return (
            "No partner time lies there: none is declared, or none of it has been. `turntoward add --help` shows how; "
            "`--times all-day` takes in whole days."
        )
    return "No partner time is kept there." if times == "kept" else "No whole day lies there."


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _cut(device: str) -> str:
    plain = _plain(device)
    return plain if len(plain) <= 18 else plain[:17] + "…"


def _plain(text: str) -> str:
    # Names of buckets come from elsewhere, and may hold whatever steers a terminal.
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:300]


def as_json(account: Account, begins: datetime, *, dry_run: bool) -> str:
    """Return the same as JSON."""
    import json  # noqa: PLC0415 - not for --help

    devices = {
        device: {
            "read": tally.read,
            "used": tally.used,
            "outside": tally.outside,
            "known_already": tally.twice,
            "not_yet": tally.left,
            "wrong": tally.wrong,
        }
        for device, tally in sorted(account.devices.items())
    }
    whole = {
        "since": begins.isoformat(),
        "dry_run": dry_run,
        "devices": devices,
        "added": account.added,
        "extended": account.extended,
        "not_yet": account.left,
        "problems": account.problems,
        "wrong": account.wrong,
        "passed_over": account.passed_over,
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)
