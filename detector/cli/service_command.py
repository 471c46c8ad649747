"""`turntoward service`: let the session start the daemon by itself, or no longer."""

from __future__ import annotations

from typing import Final

import click

PATIENCE: Final = 60


@click.group(epilog="Example: turntoward service install")
def command() -> None:
    """Install or remove the systemd user service."""


@command.command(epilog="Example: turntoward service install")
def install() -> None:
    """Write the unit for this installation, and let it start with your session, and now."""
    from detector.daemon.unit import command_path, is_ours, unit_for, unit_path  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    path, unit = unit_path(), unit_for(command_path())
    if path.exists() and not is_ours(path):
        raise UserError(f"{path} is not a unit that turntoward wrote; nothing was changed.\n  Move it aside first.")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(unit, encoding="utf-8")
    click.echo(f"The unit is in {path}.")
    if _systemctl(("daemon-reload",), ("enable", "turntoward.service"), ("restart", "turntoward.service")):
        click.echo("Turntoward runs now, and starts with your session; `turntoward status` says what it is doing.")


@command.command(epilog="Example: turntoward service uninstall")
def uninstall() -> None:
    """Stop the service and remove its unit. What was kept stays; `turntoward forget --all` deletes that."""
    from detector.daemon.unit import is_ours, unit_path  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    path = unit_path()
    if not path.exists():
        click.echo("There is no service to remove.")
        return
    if not is_ours(path):
        raise UserError(f"{path} is not a unit that turntoward wrote; nothing was changed.")
    stopped = _systemctl(("disable", "--now", "turntoward.service"))
    path.unlink()
    click.echo(f"{path} is removed; Turntoward no longer starts by itself.")
    if stopped:
        _systemctl(("daemon-reload",))


def _systemctl(*commands: tuple[str, ...]) -> bool:
    """Run the commands; where the user manager cannot be reached, print them instead and return False."""
    import shutil  # noqa: PLC0415 - not for --help
    import subprocess  # noqa: PLC0415 - not for --help

    from detector.errors import TurntowardError  # noqa: PLC0415 - not for --help

    program = shutil.which("systemctl")
    if program is None or not _reachable(program):
        click.echo("systemd's user manager cannot be reached from here. In your session, run:")
        for arguments in commands:
            click.echo("  systemctl --user " + " ".join(arguments))
        return False
    for arguments in commands:
        done = subprocess.run(  # noqa: S603 - systemctl, with words of our own
            [program, "--user", *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        if done.returncode != 0:
            said = done.stderr.strip() or f"exit {done.returncode}"
            raise TurntowardError(f"systemctl --user {' '.join(arguments)} failed: {said}")
    return True


def _reachable(program: str) -> bool:
    import subprocess  # noqa: PLC0415 - not for --help

    asked = subprocess.run(  # noqa: S603 - systemctl, with words of our own
        [program, "--user", "show-environment"], capture_output=True, check=False, timeout=PATIENCE
    )
    return asked.returncode == 0
