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

    It waits for partner time, senses during it and only then, says at most a few gentle sentences, and keeps everything
    on this device.
    """
    from detector.cli.program.run import run

    run(offer=offer, or_try=or_try, quiet=quiet)


@click.command(epilog="Example: turntoward status --json")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def status_command(*, as_json: bool) -> None:
    """Say whether the program runs, what is under way, and what comes next."""
    from detector.cli.program.status import write_status

    write_status(as_json=as_json)


@click.command(epilog="Example: turntoward doctor")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def doctor_command(*, as_json: bool) -> None:
    """Show what can be sensed here, which notifiers work, what is stored, and what to do about the rest.

    Nothing is shown, sensed or changed.
    """
    from detector.cli.program.doctor import write_findings

    write_findings(as_json=as_json)


_CONFIG_HINT = _(
    "Settings stand in a file: `turntoward config sample --write` makes it, `turntoward config show` reads it back."
)


@click.group(
    cls=Subcommands,
    others=dict.fromkeys(("set", "get", "edit", "init"), _CONFIG_HINT),
    epilog="Example: turntoward config sample --write",
)
def config_command() -> None:
    """Show the settings in force, or a commented sample.

    The settings stand in ~/.config/turntoward/config.toml. The file is optional: without it the defaults hold.
    """


@config_command.command(epilog="Example: turntoward config show --json")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def show(*, as_json: bool) -> None:
    """Show every setting in force, and which of them you changed."""
    from detector.cli.program.config import show_settings

    show_settings(as_json=as_json)


@config_command.command(epilog="Example: turntoward config sample > config.toml")
@click.option("--write", is_flag=True, help="Write it where it is read from; an existing file is never touched.")
def sample(*, write: bool) -> None:
    """Print a sample with every option at its default and its meaning, or write it in place."""
    from detector.cli.program.config import print_sample, write_sample

    if write:
        write_sample()
    else:
        print_sample()


@click.command(epilog="Example: turntoward completion bash --install")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.option("--install", is_flag=True, help="Put it where the shell finds it, rather than print it.")
def completion_command(shell: str, *, install: bool) -> None:
    """Print what SHELL has to read so that Tab completes; --install puts it in its place.

    Tab then writes commands, options, and the titles of your own partner time.
    """
    from detector.cli.completion_scripts import write_completion

    write_completion(shell, install=install)


@click.group(cls=Subcommands, epilog="Example: turntoward service install")
def service_command() -> None:
    """Install or remove the systemd user service."""


@service_command.command(epilog="Example: turntoward service install")
def install() -> None:
    """Write the unit for this installation, and let it start with your session, and now."""
    from detector.cli.program.service import install_service

    install_service()


@service_command.command(epilog="Example: turntoward service uninstall")
def uninstall() -> None:
    """Stop the service and remove its unit. What was kept stays; `turntoward forget --all` deletes that."""
    from detector.cli.program.service import uninstall_service

    uninstall_service()
