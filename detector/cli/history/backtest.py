"""`turntoward backtest`: the person's own past evenings through other rules, before those rules are used."""

from collections.abc import Sequence
from pathlib import Path

import click

from detector.backtest.compare import Comparison
from detector.cli.history.backtest_output import comparison_as_json, comparison_lines, nothing_to_play
from detector.cli.history.backtest_workers import compare_kept
from detector.cli.output import print_json
from detector.clock import SystemClock
from detector.config.read import read_settings
from detector.control.lock import own_store
from detector.errors import UserError
from detector.i18n import _
from detector.partner_time.parse_dates import parse_since
from detector.paths import config_path, rules_dir
from detector.rulebook.loading import find_packs, load_rules, read_rule_file
from detector.store.errors import StoreMissing
from detector.store.store import Store
from detector.zone import local_zone
from rules.model import Rule


def backtest(files: Sequence[Path], since: str, *, as_json: bool) -> None:
    clock, zone = SystemClock(), local_zone()
    now = clock.now()
    begins = parse_since(since, now, zone)
    settings = read_settings(config_path())
    # Broken packs are refused before any evening is played, which may take minutes.
    before, after, is_in_force = _both_sides(files)
    try:
        with Store.open(own_store(), read_only=True) as store:
            stored = store.history.occurrences(begins)
            # One without an end whose planned end has passed was cut off: the daemon was killed during it.
            over = [occurrence for occurrence in stored if occurrence.ended is not None or occurrence.ends <= now]
        comparison = compare_kept(over, before, after, settings, clock.monotonic)
    except StoreMissing:
        stored, over, comparison = [], [], Comparison()
    under_way = len(stored) - len(over)
    local = begins.astimezone(zone)
    if as_json:
        print_json(comparison_as_json(comparison, begins, under_way=under_way, is_in_force=is_in_force, zone=zone))
    elif not comparison.evenings:
        click.echo(nothing_to_play(local, under_way=under_way))
    else:
        for line in comparison_lines(comparison, local, under_way=under_way, is_in_force=is_in_force, zone=zone):
            click.echo(line)


def _both_sides(files: Sequence[Path]) -> tuple[tuple[Rule, ...], tuple[Rule, ...] | None, bool]:
    problems = [problem for path in files for problem in read_rule_file(path).problems]
    if problems:
        raise UserError(problems)
    folder = rules_dir()
    packs = {path.resolve() for path in find_packs(folder)[0]}
    # Links and relative paths may name a pack that is in force already.
    outside = [path for path in files if path.resolve() not in packs]
    # A pack that is in force already has no "before" but the rules without it.
    before = load_rules(folder, exclude=files)
    after = load_rules(folder, extra=outside)
    if after.problems:
        click.echo(_("Some rules of your own are broken and left out; `turntoward rules` says where."), err=True)
    return before.rules, after.rules if files else None, bool(files) and not outside
