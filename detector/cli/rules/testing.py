"""`turntoward rules test`: timelines that a person wrote beside their own rules, through the rules in force."""

from collections.abc import Sequence
from pathlib import Path
from textwrap import indent
from typing import Final

import click

from detector.backtest.timelines import Timeline, differs, misspelt, play, read_timelines
from detector.cli.output import attributes, print_json
from detector.config.read import read_settings
from detector.core.pipeline import Pipeline
from detector.errors import EXIT_DONE, EXIT_FAILED, Problem, UserError
from detector.i18n import _, ngettext
from detector.paths import config_path, rules_dir
from detector.rulebook.loading import RulesInForce, load_rules, read_rule_file, read_text

EXAMPLE: Final = """\
# a feed at the table
18:30:00   partner time until 20:00
19:00:00   social
19:00:01-19:01:05   2 scrolls a second
19:01:00   => nudged F101
19:01:36   idle since 19:01:05
"""


def test_timelines(files: Sequence[Path], packs: Sequence[Path], *, as_json: bool) -> int:
    """Play the timelines of the files, or of the person's folder; write which differ, and return the exit code."""
    folder = rules_dir()
    # A name that begins with a dot is a file that an editor has not finished.
    chosen = files or tuple(sorted(path for path in folder.glob("*.txt") if path.name[0] != "."))
    if problems := [problem for path in packs for problem in read_rule_file(path).problems]:
        raise UserError(problems)
    loaded = load_rules(folder, extra=packs)
    played = _play(_read(chosen), loaded)
    if as_json:
        listed = [
            attributes(timeline, "place", "name")
            | {"ok": difference is None}
            | attributes(timeline, "expected", "outcomes")
            | {"differs": difference}
            for timeline, difference in played
        ]
        print_json({"timelines": listed})
    elif not chosen:
        none_yet = _(
            "There is no timeline in {folder}.\n"
            "A timeline is a text file (*.txt) beside your rules: what happens on the left,\n"
            "and after => what must be decided. For example:\n"
            "\n"
            "{example}\n"
            "docs/rules.md says which words there are."
        )
        click.echo(none_yet.format(folder=click.format_filename(folder), example=indent(EXAMPLE, "    ")))
    else:
        _write(played)
    if loaded.problems:
        click.echo(_("Some rules of your own are broken and left out; `turntoward rules` says where."), err=True)
    return EXIT_FAILED if any(difference for _timeline, difference in played) else EXIT_DONE


def _read(files: Sequence[Path]) -> list[Timeline]:
    timelines: list[Timeline] = []
    problems: list[Problem] = []
    for path in files:
        text = read_text(path, what=_("file of timelines"))
        if isinstance(text, Problem):
            problems.append(text)
            continue
        try:
            timelines += read_timelines(text, click.format_filename(path))
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return timelines


def _play(timelines: Sequence[Timeline], loaded: RulesInForce) -> list[tuple[Timeline, str | None]]:
    settings = read_settings(config_path())
    codes = [rule.code for rule in loaded.rules]
    played: list[tuple[Timeline, str | None]] = []
    for timeline in timelines:
        effects = play(timeline, Pipeline(loaded.rules, settings.policy, settings.attention))
        difference = differs(timeline, effects)
        # A code that no rule has can never be decided; the difference alone does not say so.
        hint = misspelt(timeline, codes) if difference else None
        played.append((timeline, f"{difference}\n    {hint}" if hint else difference))
    return played


def _write(played: Sequence[tuple[Timeline, str | None]]) -> None:
    for timeline, difference in played:
        if difference is None:
            click.echo(_("ok   {place}: {name}").format(place=timeline.place, name=timeline.name))
        else:
            click.echo(_("not  {difference}").format(difference=difference))
    failed = sum(difference is not None for _timeline, difference in played)
    text = (
        ngettext(
            "{count:,} timeline, {failed:,} not as expected.",
            "{count:,} timelines, {failed:,} not as expected.",
            len(played),
        )
        if failed
        else ngettext("{count:,} timeline, all as expected.", "{count:,} timelines, all as expected.", len(played))
    )
    click.echo(text.format(count=len(played), failed=failed))
