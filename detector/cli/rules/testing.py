"""`turntoward rules test`: timelines that a person wrote beside their own rules, through the rules in force."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import click

from detector.errors import EXIT_FAILED

if TYPE_CHECKING:
    from detector.backtest.timelines import Timeline
    from detector.rulebook.loading import RulesInForce

EXAMPLE = """\
# a feed at the table
18:30:00   partner time until 20:00
19:00:00   social
19:00:01-19:01:05   2 scrolls a second
19:01:00   => nudged F101
19:01:36   idle since 19:01:05
"""
NONE_YET = """\
There is no timeline in {folder}.
A timeline is a text file (*.txt) beside your rules: what happens on the left,
and after => what must be decided. For example:

{example}
docs/rules.md says which words there are."""


@click.command("test", epilog="Example: turntoward rules test")
@click.argument("files", metavar="[FILE...]", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--rules",
    "packs",
    metavar="FILE",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A pack to try with them, beside the rules in force.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def testing(ctx: click.Context, *, files: tuple[Path, ...], packs: tuple[Path, ...], as_json: bool) -> None:
    """Play timelines through the rules in force, and say of each whether it comes out as it says.

    Without FILE these are the *.txt files in ~/.config/turntoward/rules. Ends with 1 where one comes out otherwise.
    """
    from detector.paths import rules_dir  # noqa: PLC0415 - only when used

    folder = rules_dir()
    chosen = files or tuple(sorted(path for path in folder.glob("*.txt") if path.name[0] != "."))
    loaded = _rules(folder, packs)
    timelines = _read(chosen)
    found = _play(timelines, loaded)
    if as_json or ctx.obj:
        import json  # noqa: PLC0415 - only when asked for

        click.echo(json.dumps({"timelines": [_plain(*each) for each in found]}, ensure_ascii=False, indent=2))
    elif not chosen:
        click.echo(NONE_YET.format(folder=click.format_filename(folder), example=indent(EXAMPLE, "    ")))
    else:
        _say(found)
    if loaded.problems:
        click.echo("Some rules of your own are broken and left out; `turntoward rules` says where.", err=True)
    if any(wrong for _, wrong in found):
        ctx.exit(EXIT_FAILED)


def _rules(folder: Path, packs: Sequence[Path]) -> RulesInForce:
    from detector.errors import UserError  # noqa: PLC0415 - only when used
    from detector.rulebook.loading import load_rules, read_rule_file  # noqa: PLC0415 - only when used

    problems = [problem for path in packs for problem in read_rule_file(path).problems]
    if problems:
        raise UserError(problems)
    return load_rules(folder, more=packs)


def _read(files: Sequence[Path]) -> list[Timeline]:
    from detector.backtest.timelines import read_timelines  # noqa: PLC0415 - only when used
    from detector.errors import Problem, UserError  # noqa: PLC0415 - only when used
    from detector.rulebook.loading import text_of  # noqa: PLC0415 - only when used

    found: list[Timeline] = []
    problems: list[Problem] = []
    for path in files:
        text = text_of(path, what="file of timelines")
        if isinstance(text, Problem):
            problems.append(text)
            continue
        try:
            found += read_timelines(text, click.format_filename(path))
        except UserError as wrong:
            problems += wrong.problems
    if problems:
        raise UserError(problems)
    return found


def _play(timelines: Sequence[Timeline], loaded: RulesInForce) -> list[tuple[Timeline, str | None]]:
    from detector.backtest.timelines import differs, misspelt, play  # noqa: PLC0415 - only when used
    from detector.config.read import read_settings  # noqa: PLC0415 - only when used
    from detector.core.pipeline import Pipeline  # noqa: PLC0415 - only when used
    from detector.paths import config_path  # noqa: PLC0415 - only when used

    settings = read_settings(config_path())
    codes = [rule.code for rule in loaded.rules]
    found: list[tuple[Timeline, str | None]] = []
    for timeline in timelines:
        effects = play(timeline, Pipeline(loaded.rules, settings.policy, settings.attention))
        wrong = differs(timeline, effects)
        hint = misspelt(timeline, codes) if wrong else None
        found.append((timeline, f"{wrong}\n    {hint}" if hint else wrong))
    return found


def _say(found: Sequence[tuple[Timeline, str | None]]) -> None:
    for timeline, wrong in found:
        click.echo(f"ok   {timeline.place}: {timeline.name}" if wrong is None else f"not  {wrong}")
    failed = sum(wrong is not None for _, wrong in found)
    counted = f"{len(found):,} timeline{'' if len(found) == 1 else 's'}"
    click.echo(f"{counted}, {failed:,} not as expected." if failed else f"{counted}, all as expected.")


def _plain(timeline: Timeline, wrong: str | None) -> dict[str, Any]:
    return {
        "place": timeline.place,
        "name": timeline.name,
        "ok": wrong is None,
        "expected": timeline.expected,
        "outcomes": timeline.outcomes,
        "differs": wrong,
    }
