"""`turntoward backtest`: one's own kept evenings through other rules, before those rules may speak."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rules.model import Rule


@click.command(epilog="Example: turntoward backtest --rules try.toml --since 28d")
@click.option(
    "--rules",
    "files",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A pack to try; may be given several times. One that is in force already is compared with being without it.",
)
@click.option(
    "--since",
    default="28d",
    show_default=True,
    metavar="WHEN",
    help="A length such as 7d or 4w, or a date such as 2026-11-01.",
)
@click.option("--json", "json_wanted", is_flag=True, help="Write it as JSON.")
def command(*, files: tuple[Path, ...], since: str, json_wanted: bool) -> None:
    """Play your own kept evenings through other rules, and see what would have been said.

    Nothing is shown on the desktop, and nothing is changed. Without --rules it shows what the rules in force find.
    """
    from detector.cli.backtest.output import as_json, as_text, nothing_kept  # noqa: PLC0415 - not for --help
    from detector.cli.backtest.workers import compare_kept  # noqa: PLC0415 - not for --help
    from detector.clock import SystemClock  # noqa: PLC0415 - not for --help
    from detector.config.read import read_settings  # noqa: PLC0415 - not for --help
    from detector.paths import config_path, store_path  # noqa: PLC0415 - not for --help
    from detector.report.since import parse_since  # noqa: PLC0415 - not for --help
    from detector.store.failures import NothingKept  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help
    from detector.zone import reader_zone  # noqa: PLC0415 - not for --help

    clock, zone = SystemClock(), reader_zone()
    now = clock.now()
    begins = parse_since(since, now, zone)
    settings = read_settings(config_path())
    before, after, is_in_force = _sides(files)
    try:
        with Store.open(store_path(), read_only=True) as store:
            kept = store.occurrences(begins)
            over = [each for each in kept if each.ended is not None or each.ends <= now]
        found = compare_kept(over, before, after, settings, clock.monotonic)
    except NothingKept:
        kept = over = []
        found = None
    under_way = len(kept) - len(over)
    if json_wanted:
        click.echo(as_json(found, begins, under_way=under_way, is_in_force=is_in_force, zone=zone))
    elif found is None or not found.evenings:
        click.echo(nothing_kept(begins.astimezone(zone), under_way=under_way))
    else:
        for line in as_text(found, begins.astimezone(zone), under_way=under_way, is_in_force=is_in_force, zone=zone):
            click.echo(line)


def _sides(files: Sequence[Path]) -> tuple[tuple[Rule, ...], tuple[Rule, ...] | None, bool]:
    """Return the rules without the files and with them (None: no file was named), and whether all are in force already."""
    from detector.errors import UserError  # noqa: PLC0415 - not for --help
    from detector.paths import rules_dir  # noqa: PLC0415 - not for --help
    from detector.rulebook.loading import load_rules, packs_in, read_rule_file  # noqa: PLC0415 - not for --help

    problems = [problem for path in files for problem in read_rule_file(path).problems]
    if problems:
        raise UserError(problems)
    folder = rules_dir()
    packs = {path.resolve() for path in packs_in(folder)[0]}
    outside = [path for path in files if path.resolve() not in packs]
    before = load_rules(folder, without=files)
    after = load_rules(folder, more=outside)
    if after.problems:
        click.echo("Some rules of your own are broken and left out; `turntoward rules` says where.", err=True)
    return before.rules, after.rules if files else None, bool(files) and not outside
