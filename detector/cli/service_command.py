"""`turntoward service`: let the session start the daemon by itself, or no longer."""

from __future__ import annotations

import click


@click.group(epilog="Example: turntoward service install")
def command() -> None:
    """Install or remove the systemd user service."""


@command.command(epilog="Example: turntoward service install")
def install() -> None:
    """Write the unit for this installation, and let it start with your session, and now."""
    from detector.control.systemd_unit import (  # noqa: PLC0415 - not for --help
        UNIT,
        allow_network,
        command_path,
        is_ours,
        network_path,
        unit_for,
        unit_path,
        write_whole,
    )
    from detector.errors import TurntowardError, UserError  # noqa: PLC0415 - not for --help

    path, unit, network = unit_path(), unit_for(command_path()), _needs_network()
    if path.exists() and not is_ours(path):
        raise UserError(f"{path} is not a unit that turntoward wrote; nothing was changed.\n  Move it aside first.")
    try:
        write_whole(path, unit)
    except OSError as failed:
        raise TurntowardError(f"{path} could not be written: {failed.strerror}.") from failed
    click.echo(f"The unit is in {path}.")
    if network is not None and allow_network(network) and network:
        click.echo(f"It may reach the network, for your phone, a calendar or ActivityWatch: {network_path()}.")
    if _systemctl(("daemon-reload",), ("enable", UNIT), ("restart", UNIT)):
        click.echo("Turntoward runs now, and starts with your session; `turntoward status` says what it is doing.")
    _mention_quiet_week()


@command.command(epilog="Example: turntoward service uninstall")
def uninstall() -> None:
    """Stop the service and remove its unit. What was kept stays; `turntoward forget --all` deletes that."""
    from detector.control.systemd_unit import UNIT, allow_network, is_ours, unit_path  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help

    path = unit_path()
    if not path.exists():
        allow_network(wanted=False)
        click.echo("There is no service to remove.")
        return
    if not is_ours(path):
        raise UserError(f"{path} is not a unit that turntoward wrote; nothing was changed.")
    stopped = _systemctl(("disable", "--now", UNIT))
    path.unlink()
    allow_network(wanted=False)
    click.echo(f"{path} is removed; Turntoward no longer starts by itself.")
    if stopped:
        _systemctl(("daemon-reload",))


def _needs_network() -> bool | None:
    """Return whether anything needs the network; None where that cannot be read: then nothing is changed."""
    from detector.config.read import read_settings  # noqa: PLC0415 - not for --help
    from detector.control.systemd_unit import needs_network  # noqa: PLC0415 - not for --help
    from detector.errors import StoreError, UserError  # noqa: PLC0415 - not for --help
    from detector.paths import config_path, store_path  # noqa: PLC0415 - not for --help
    from detector.store.failures import NothingKept  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        sources = read_settings(config_path()).sources
        with Store.open(store_path(), read_only=True) as store:
            return needs_network(store.phones(), sources, store.calendars())
    except NothingKept:
        return needs_network((), sources)
    except (StoreError, UserError):
        return None


def _mention_quiet_week() -> None:
    """Say once more, to who is new here, that there is a quiet first week."""
    from detector.cli.plan.context import say  # noqa: PLC0415 - not for --help
    from detector.cli.quiet_week.output import HINT  # noqa: PLC0415 - not for --help
    from detector.errors import StoreError  # noqa: PLC0415 - not for --help
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store import quiet_week  # noqa: PLC0415 - not for --help
    from detector.store.failures import NothingKept  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        with Store.open(store_path(), read_only=True) as store:
            is_new_here = quiet_week.is_to_be_offered(store)
    except NothingKept:
        is_new_here = True
    except StoreError:
        is_new_here = False
    if is_new_here:
        say(HINT)


def _systemctl(*commands: tuple[str, ...]) -> bool:
    """Run the commands; where the user manager cannot be reached, print them instead and return False."""
    from detector.control.systemd_unit import systemctl  # noqa: PLC0415 - not for --help
    from detector.errors import TurntowardError  # noqa: PLC0415 - not for --help

    if systemctl("show-environment") is not None:
        click.echo("systemd's user manager cannot be reached from here. In your session, run:")
        for arguments in commands:
            click.echo("  systemctl --user " + " ".join(arguments))
        return False
    for arguments in commands:
        wrong = systemctl(*arguments)
        if wrong is not None:
            raise TurntowardError(f"systemctl --user {' '.join(arguments)} failed: {wrong}")
    return True
