"""`turntoward rules`: the rules in force, one rule's page, and the check of a file of one's own.

Rule 1: writing a rule stands in `rules_new`, testing rules in `rules_testing`.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from detector.cli.rules.new import new
from detector.cli.rules.testing import testing
from detector.errors import EXIT_INPUT, UserError

if TYPE_CHECKING:
    from detector.errors import Problem
    from detector.rulebook.loading import RuleFile, RulesInForce
    from rules.model import Rule

COLUMNS: Final = 80
NAME_COLUMNS: Final = 40
PARTS: Final = (
    ("notices", "Notices"),
    ("why", "Why it may matter"),
    ("wrong", "When it is wrong"),
    ("needs", "Needs"),
    ("example", "Example"),
)


FORMS: Final = (
    ("CODE", "show one rule's page"),
    ("check FILE...", "check packs of your own"),
    ("new", "write a rule of your own, or change one"),
    ("test [FILE...]", "play timelines of your own through the rules"),
)


class _Rules(click.Group):
    """A group in which a word that is no command is the code of a rule."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a code means that rule's page."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            return "CODE", _page, args
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the forms, the code among them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(FORMS))


@click.group(
    cls=_Rules,
    invoke_without_command=True,
    subcommand_metavar="[CODE | check | new | test]",
    epilog="Example: turntoward rules F101",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Show the rules in force or one rule's page; check, write and test rules of your own.

    Rules of your own are read from *.toml files in ~/.config/turntoward/rules; one with the code of another
    replaces it. docs/rules.md says how to write them.
    """
    ctx.obj = as_json
    if ctx.invoked_subcommand is not None:
        return
    loaded = _loaded()
    if as_json:
        shown = {
            "rules": [_brief(rule, loaded) for rule in loaded.rules],
            "problems": [_problem(problem) for problem in loaded.problems],
            "asleep": dict(_asleep(loaded)),
        }
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    click.echo(_row("CODE", "NAME", "FROM"))
    for rule in loaded.rules:
        click.echo(_row(rule.code, rule.name, _origin(rule, loaded)))
    from detector.rulebook.unusable import said  # noqa: PLC0415 - only when used

    for sentence in said(_asleep(loaded)):
        line = f"Asleep here: {sentence} `turntoward doctor` says more."
        click.echo("\n" + textwrap.fill(line, COLUMNS, break_long_words=False, break_on_hyphens=False))
    click.echo("\n`turntoward rules CODE` shows a rule's page.")
    _say_problems(loaded)


@click.command("CODE", hidden=True, epilog="Example: turntoward rules F101")
@click.argument("code", metavar="")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def _page(ctx: click.Context, *, code: str, as_json: bool) -> None:
    """Show a rule: what it notices, why that may matter, and when it is wrong."""
    loaded = _loaded()
    rule = next((rule for rule in loaded.rules if rule.code == code.upper()), None)
    if rule is None:
        raise UserError(_no_rule(code, loaded))
    if as_json or ctx.obj:
        page = {key: getattr(rule.page, key) for key, _ in PARTS}
        click.echo(json.dumps(_brief(rule, loaded) | page, ensure_ascii=False, indent=2))
        return
    click.echo("\n".join(_page_lines(rule, loaded)))


@command.command("check", epilog="Example: turntoward rules check mine.toml")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def _check(ctx: click.Context, *, files: tuple[Path, ...], as_json: bool) -> None:
    """Check packs of rules, and say everything that is wrong with them. Nothing is changed.

    Ends with 2 where there is a problem.
    """
    from detector.rulebook.loading import read_rule_file  # noqa: PLC0415 - only when used

    read = [(path, read_rule_file(path)) for path in files]
    problems = [problem for _, file in read for problem in file.problems]
    if as_json or ctx.obj:
        click.echo(json.dumps({"files": [_file(path, file) for path, file in read]}, ensure_ascii=False, indent=2))
        ctx.exit(EXIT_INPUT if problems else 0)
    for path, file in read:
        if not file.problems:
            fine = f"{click.format_filename(path)}: {_fine(file.rules)}"
            click.echo(textwrap.fill(fine, COLUMNS, subsequent_indent="  ", break_long_words=False))
    if problems:
        raise UserError(problems)


def _no_rule(code: str, loaded: RulesInForce) -> str:
    from rules.language.problems import did_you_mean, shown  # noqa: PLC0415 - only on a mistake

    if code.upper() in loaded.broken:
        return f"The rule {code.upper()} is not in force, because it is broken. `turntoward rules` says where."
    codes = [rule.code for rule in loaded.rules]
    hint = did_you_mean(code, codes, "`turntoward rules` lists the rules; `turntoward rules check` checks a file.")
    return f"There is no rule '{shown(code)}'. {hint}"


def _fine(rules: tuple[Rule, ...]) -> str:
    codes = ", ".join(rule.code for rule in rules)
    return f"the rule {codes} is fine." if len(rules) == 1 else f"the {len(rules)} rules {codes} are fine."


def _loaded() -> RulesInForce:
    from detector.paths import rules_dir  # noqa: PLC0415 - only when used
    from detector.rulebook.loading import load_rules  # noqa: PLC0415 - only when used

    return load_rules(rules_dir())


def _asleep(loaded: RulesInForce) -> Mapping[str, str]:
    import asyncio  # noqa: PLC0415 - only when used

    from detector.clock import SystemClock  # noqa: PLC0415 - only when used
    from detector.doctor.checks import asleep_here  # noqa: PLC0415 - only when used

    return asyncio.run(asleep_here(loaded.rules, SystemClock()))


def _row(code: str, name: str, origin: str) -> str:
    kept = name if len(name) <= NAME_COLUMNS else name[: NAME_COLUMNS - 1] + "…"
    line = f"{code:<8}  {kept:<{NAME_COLUMNS}}  {origin}"
    return line if len(line) <= COLUMNS else line[: COLUMNS - 1] + "…"


def _origin(rule: Rule, loaded: RulesInForce) -> str:
    origin = _source(rule)
    return f"{origin}, replaces" if rule.code in loaded.replaced else origin


def _source(rule: Rule) -> str:
    return rule.source.rpartition("/")[2]


def _page_lines(rule: Rule, loaded: RulesInForce) -> list[str]:
    lines = [f"{rule.code}  {rule.name}", ""]
    lines += ["  " + line.strip() for line in rule.condition.text.strip().splitlines()]
    if rule.after_grace:
        lines += ["", "  (waits for the grace at the start of partner time to pass)"]
    if not rule.speaks:
        lines += ["", "  (is kept for the report, and never says anything)"]
    for key, title in PARTS:
        text = " ".join(getattr(rule.page, key).split())
        lines += ["", title, textwrap.fill(text, COLUMNS, initial_indent="  ", subsequent_indent="  ")]
    lines += ["", f"From: {rule.source}"]
    if rule.code in loaded.replaced:
        lines.append(f"Replaces the rule of the same code from: {loaded.replaced[rule.code]}")
    return lines


def _brief(rule: Rule, loaded: RulesInForce) -> dict[str, Any]:
    return {
        "code": rule.code,
        "name": rule.name,
        "when": rule.condition.text.strip(),
        "after_grace": rule.after_grace,
        "speaks": rule.speaks,
        "source": rule.source,
        "replaces": loaded.replaced.get(rule.code),
    }


def _file(path: Path, file: RuleFile) -> dict[str, Any]:
    return {
        "file": click.format_filename(path),
        "rules": [rule.code for rule in file.rules],
        "broken": list(file.broken),
        "problems": [_problem(problem) for problem in file.problems],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "message": problem.message,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "hint": problem.hint,
    }


def _say_problems(loaded: RulesInForce) -> None:
    if loaded.problems:
        click.echo("\nNot all of your own rules could be used:\n", err=True)
        for problem in loaded.problems:
            click.echo(str(problem), err=True)


command.add_command(new)
command.add_command(testing)
