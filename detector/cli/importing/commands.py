"""`turntoward import`: history that another program kept, for reports and for trying rules."""

from pathlib import Path
from typing import Any

import click

from detector.cli.importing import DEFAULT_URL
from detector.cli.parameters import Subcommands


@click.group(cls=Subcommands, epilog="Example: turntoward import activitywatch --dry-run")
def import_command() -> None:
    """Import the history of another program. ActivityWatch is the only one so far."""


@import_command.command("activitywatch", epilog="Example: turntoward import activitywatch export.json --since 90d")
@click.argument("file", metavar="[FILE.json]", required=False, type=click.Path(path_type=Path))
@click.option("--url", metavar="URL", help=f"A running ActivityWatch; {DEFAULT_URL} where no FILE is given.")
@click.option("--token", help="The token that this ActivityWatch asks for; others here can see it.")
@click.option("--token-file", type=click.Path(path_type=Path), help="A file with the token in it.")
@click.option(
    "--since",
    default="365d",
    show_default=True,
    metavar="WHEN",
    help="A length such as 90d, or a date such as 2026-09-01.",
)
@click.option(
    "--times",
    default="declared",
    show_default=True,
    type=click.Choice(["declared", "kept", "all-day"]),
    help="Which partner times: what you declare today, as if it had held then; only those kept; or whole days, where "
    "they were declared.",
)
@click.option("--phone", metavar="NAME", help="The paired phone that Android's history is of.")
@click.option(
    "--incomplete",
    is_flag=True,
    help="Take in a partner time of which the history holds only the beginning, too; its rest stays unknown.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be taken in, and keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="Write what was done as JSON.")
def activitywatch(**options: Any) -> None:
    """Take in ActivityWatch's history, from FILE.json or from the running program.

    Only past partner times are taken in, and of these only categories, also with `keep_names`: titles and addresses of
    pages are read and not stored. Nobody is notified about the past; importing twice changes nothing.
    """
    from detector.cli.importing.activitywatch import ImportOptions, import_history

    import_history(ImportOptions(**options))
