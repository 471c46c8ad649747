"""The command `what`: its options and help."""

from typing import Any

import click


@click.command(epilog='Example: turntoward what --app firefox --title "Home / X — Mozilla Firefox"')
@click.option("--app", help="Ask about this app id instead: WM_CLASS, Wayland app id or .desktop id.")
@click.option("--title", help="The title to go with --app; sites are only looked for in browsers.")
@click.option("--program", help="The program to go with --app.")
@click.option("--inside", help="The program inside a terminal, such as neomutt.")
@click.option("--package", help="Ask about an Android package or an iOS bundle id instead.")
@click.option(
    "--unknown", "is_unknown", is_flag=True, help="Count the apps opened on phones that are not in the catalogue."
)
@click.option("--learn", "is_learning", is_flag=True, help="Say what it is; the answer is written into your settings.")
@click.option("--category", help="With --learn: what it is, instead of being asked.")
@click.option("--yes", is_flag=True, help="With --learn --category: write it without a question.")
@click.option("--once", is_flag=True, help="Show what is in front now, and end.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, one object a line.")
def what_command(**options: Any) -> None:
    """Show what the program makes of the window in front, and why.

    Live: one entry for each change, for five minutes or until Ctrl-C; without a terminal, one entry. Nothing is stored,
    titles are not shown, and names only where `keep_names` is on, or with --once. With --app or --package it shows how
    that app is classified, also without a desktop. --learn asks what it is to you and writes that down; with --unknown,
    for each unknown app.
    """
    from detector.cli.what.what import what

    what(**options)
