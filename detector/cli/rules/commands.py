"""The command `rules` and those inside it: their options, arguments and help."""

from pathlib import Path
from typing import Any, Final

import click

from detector.cli.parameters import LENGTH
from detector.i18n import _
from rules.features import CATEGORIES

FORMS: Final = (
    ("CODE", _("show one rule's page")),
    ("check FILE...", _("check packs of your own")),
    ("new", _("write a rule of your own, or change one")),
    ("test [FILE...]", _("play timelines of your own through the rules")),
)


class RulesGroup(click.Group):
    """A group in which a word that is no command is the code of a rule."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; a code means that rule's page."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            return "CODE", rule_page_command, args
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the forms, the code among them."""
        del ctx
        with formatter.section(_("Commands")):
            formatter.write_dl(list(FORMS))


@click.group(
    cls=RulesGroup,
    invoke_without_command=True,
    subcommand_metavar="[CODE | check | new | test]",
    epilog="Example: turntoward rules F101",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def rules_command(ctx: click.Context, *, as_json: bool) -> None:
    """Show the rules in force or one rule's page; check, write and test rules of your own.

    Rules of your own are read from *.toml files in ~/.config/turntoward/rules; one with the code of another
    replaces it. docs/rules.md says how to write them.
    """
    ctx.obj = as_json  # `rules --json CODE` means the same as `rules CODE --json`
    if ctx.invoked_subcommand is None:
        from detector.cli.rules.pages import list_rules

        list_rules(as_json=as_json)


@click.command("CODE", hidden=True, epilog="Example: turntoward rules F101")
@click.argument("code", metavar="")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def rule_page_command(ctx: click.Context, *, code: str, as_json: bool) -> None:
    """Show a rule: what it notices, why that may matter, and when it is wrong."""
    from detector.cli.rules.pages import show_rule

    show_rule(code, as_json=as_json or bool(ctx.obj))


@rules_command.command(epilog="Example: turntoward rules check mine.toml")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def check(ctx: click.Context, *, files: tuple[Path, ...], as_json: bool) -> None:
    """Check packs of rules, and list all problems. Nothing is changed.

    Ends with 2 where there is a problem.
    """
    from detector.cli.rules.pages import check_files

    ctx.exit(check_files(files, as_json=as_json or bool(ctx.obj)))


@rules_command.command(epilog="Example: turntoward rules new --from F101 --after 90s")
@click.option("--from", "origin", metavar="CODE", help="Start from a rule in force; yours then replaces it.")
@click.option("--category", type=click.Choice(["distraction", *CATEGORIES]), metavar="WORD", help="What it is about.")
@click.option("--after", type=LENGTH, metavar="LENGTH", help="After how long, such as 90s or 10min.")
@click.option("--sign", type=click.Choice(["time", "scrolling", "again", "looks"]), help="By what it is noticed.")
@click.option("--except", "exempt", metavar="CONDITION", help="When it is fine, such as 'came_from is together'.")
@click.option("--when", metavar="CONDITION", help="The whole condition, in the words of docs/rules.md.")
@click.option("--name", help="What heads its page; at most 60 characters.")
@click.option("--code", help="One to four capital letters and digits; otherwise the next of X101, X102 …")
@click.option("--file", type=click.Path(path_type=Path), help="Where to write it; otherwise own.toml among your rules.")
@click.option("--dry-run", is_flag=True, help="Show the rule, and write nothing.")
def new(**options: Any) -> None:
    """Write a rule of your own, or change a built-in one. It asks for what the options leave open.

    The rule is checked and appended to the file. Use --file to try it with `backtest` before it is in force.
    """
    from detector.cli.rules.new import new_rule

    new_rule(**options)


@rules_command.command(epilog="Example: turntoward rules test")
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
def test(ctx: click.Context, *, files: tuple[Path, ...], packs: tuple[Path, ...], as_json: bool) -> None:
    """Play timelines through the rules in force, and compare the decisions with the expected ones.

    Without FILE these are the *.txt files in ~/.config/turntoward/rules. Ends with 1 where one differs.
    """
    from detector.cli.rules.testing import test_timelines

    ctx.exit(test_timelines(files, packs, as_json=as_json or bool(ctx.obj)))
