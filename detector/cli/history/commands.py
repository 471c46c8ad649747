"""The commands that look back: their options, arguments and help."""

from pathlib import Path

import click


@click.command(epilog="Example: turntoward report --since 2w")
@click.option("--since", metavar="WHEN", help="7d, 2w, yesterday, friday, 2026-11-01; else 4w.")
@click.option("--on", "day", metavar="DATE", help="One day: friday, yesterday, 2026-11-01.")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def report_command(*, since: str | None, day: str | None, as_json: bool) -> None:
    """Look back: presence, moments, and what helped.

    Unknown time is named as such, and numbers that rest on too little data are left out. The report is about you and a
    screen, not about your relationship, and stays on this device.
    """
    from detector.cli.history.report import report

    report(since, day, as_json=as_json)


@click.command(epilog="Example: turntoward why not 19:10")
@click.argument("what", nargs=-1, metavar="[NUMBER | not [TIME | NUMBER]]")
@click.option("--on", "day", metavar="DATE", help="An evening: friday, yesterday, 2026-11-23; without it the last one.")
@click.option("--list", "is_list", is_flag=True, help="List the evening's moments with their numbers.")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def why_command(what: tuple[str, ...], *, day: str | None, is_list: bool, as_json: bool) -> None:
    """Explain the last nudge, or the moment NUMBER.

    You see the rule and its condition, what was measured, what would have prevented it, and its outcome.

    `why not` explains why there was no nudge: for the last moment without one, for the moment NUMBER, or at TIME. For
    TIME the evening is played again.
    """
    from detector.cli.history.why import why

    why(what, day=day, is_list=is_list, as_json=as_json)


@click.command(epilog="Example: turntoward forget 15min")
@click.argument("length", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Everything that is kept, partner times and phones included.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting everything.")
def forget_command(length: tuple[str, ...], *, everything: bool, yes: bool) -> None:
    """Delete the last LENGTH of what was observed and decided, or everything.

    What is deleted is gone from the files, too. Your settings and rules stay.
    """
    from detector.cli.history.forget import forget

    forget(length, everything=everything, yes=yes)


@click.command(epilog="Example: turntoward export --json --output evenings.json")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, instead of one JSON row a line.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write into a new file that only you can read, instead of to the terminal.",
)
def export_command(*, as_json: bool, output: Path | None) -> None:
    """Write out everything that is kept, with times in ISO 8601 (UTC).

    One row a line, each with the table that it comes from, or one document with a list per table. A phone's
    token and pairing code are not written, only whether there is one.
    """
    from detector.cli.history.export import export

    export(output, as_json=as_json)


@click.command(epilog="Example: turntoward backtest --rules try.toml --since 28d")
@click.option(
    "--rules",
    "files",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A pack to try; may be given several times. A pack that is in force already is compared with the rules without it.",
)
@click.option(
    "--since",
    default="28d",
    show_default=True,
    metavar="WHEN",
    help="A length such as 7d or 4w, or a date such as 2026-11-01.",
)
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def backtest_command(*, files: tuple[Path, ...], since: str, as_json: bool) -> None:
    """Play your own past evenings through other rules, and see which nudges there would have been.

    Nothing is shown on the desktop, and nothing is changed. Without --rules it shows what the rules in force find.
    """
    from detector.cli.history.backtest import backtest

    backtest(files, since, as_json=as_json)


@click.command(epilog="Example: turntoward replay evening.jsonl")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Write the moments as JSON.")
def replay_command(file: Path, *, as_json: bool) -> None:
    """Play a recording, FILE, through the core and the rules in force, and show the moments.

    Nothing is shown on the desktop, and nothing is kept.
    """
    from detector.cli.history.replay import replay

    replay(file, as_json=as_json)
