"""The commands about the program itself: their options, arguments and help."""

from pathlib import Path

import click

from detector.cli.parameters import Subcommands
from detector.i18n import _


@click.command(epilog="Example: turntoward try")
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep the SQLite file in this folder.")
@click.option("--recording", type=click.Path(path_type=Path, dir_okay=False), hidden=True)
def try_command(*, keep: Path | None, recording: Path | None) -> None:
    """See it work without a desktop: a recorded evening, through the same core, nudges, store and report.

    The evening was recorded by the real sensors on a real X server. Nothing of yours is read or changed.
    """
    from detector.cli.program.demo import play_demo

    play_demo(keep, recording)


@click.command(epilog="Example: turntoward run")
@click.option("--offer", is_flag=True, help="Offer what is not set up yet: partner time now, a quiet first week.")
@click.option("--or-try", is_flag=True, help="Without a graphical session, play the bundled evening instead.")
@click.option("--quiet", is_flag=True, help="Log only what goes wrong.")
def run_command(*, offer: bool, or_try: bool, quiet: bool) -> None:
    """Run the daemon in the foreground, until Ctrl+C.

    It waits for partner time, senses only during it, shows a few gentle nudges at most, and keeps everything on this
    device.
    """
    from detector.cli.program.run import run

    run(offer=offer, or_try=or_try, quiet=quiet)


@click.command(epilog="Example: turntoward status --json")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def status_command(*, as_json: bool) -> None:
    """Show whether the program runs, what is under way, and what comes next."""
    from detector.cli.program.status import write_status

    write_status(as_json=as_json)


@click.command(epilog="Example: turntoward doctor")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def doctor_command(*, as_json: bool) -> None:
    """Show what can be sensed here, which notifiers work, what is stored, and how to fix the rest.

    Nothing is sensed or changed, and no notification is shown.
    """
    from detector.cli.program.doctor import write_findings

    write_findings(as_json=as_json)


_CONFIG_HINT = _(
    "Settings are in a file: `turntoward config sample --write` makes it, `turntoward config show` reads it back."
)


@click.group(
    cls=Subcommands,
    others=dict.fromkeys(("set", "get", "edit", "init"), _CONFIG_HINT),
    epilog="Example: turntoward config sample --write",
)
def config_command() -> None:
    """Show the settings in force, or a commented sample.

    The settings are in ~/.config/turntoward/config.toml. The file is optional: without it the defaults apply.
    """


@config_command.command(epilog="Example: turntoward config show --json")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def show(*, as_json: bool) -> None:
    """Show every setting in force, and which of them you changed."""
    from detector.cli.program.config import show_settings

    show_settings(as_json=as_json)


@config_command.command(epilog="Example: turntoward config sample > config.toml")
@click.option("--write", is_flag=True, help="Write it to that file; an existing file is never changed.")
def sample(*, write: bool) -> None:
    """Print a sample with every option, its default and its meaning, or write it to the file."""
    from detector.cli.program.config import print_sample, write_sample

    if write:
        write_sample()
    else:
        print_sample()


@click.command(epilog="Example: turntoward completion bash --install")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.option("--install", is_flag=True, help="Install it for the shell instead of printing it.")
def completion_command(shell: str, *, install: bool) -> None:
    """Print the completion script for SHELL, or install it with --install.

    Tab then completes commands, options, and the titles of your own partner time.
    """
    from detector.cli.completion_scripts import write_completion

    write_completion(shell, install=install)


@click.group(cls=Subcommands, epilog="Example: turntoward service install")
def service_command() -> None:
    """Install or remove the systemd user service."""


@service_command.command(epilog="Example: turntoward service install")
def install() -> None:
    """Write the unit for this installation, and start it now and with every session."""
    from detector.cli.program.service import install_service

    install_service()


@service_command.command(epilog="Example: turntoward service uninstall")
def uninstall() -> None:
    """Stop the service and remove its unit. What was recorded stays; `turntoward forget --all` deletes that."""
    from detector.cli.program.service import uninstall_service

    uninstall_service()
