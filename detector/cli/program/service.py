"""`turntoward service`: let the session start the daemon by itself, or no longer."""

import click

from detector.cli.output import print_text
from detector.cli.quiet_week.quiet_week import HINT
from detector.config.read import read_settings
from detector.control.systemd_unit import (
    UNIT,
    allow_network,
    command_path,
    is_own_unit,
    needs_network,
    network_path,
    systemctl,
    unit_for,
    unit_path,
    write_unit_file,
)
from detector.errors import StoreError, TurntowardError, UserError
from detector.i18n import _
from detector.paths import config_path, store_path
from detector.store import quiet_week
from detector.store.errors import StoreMissing
from detector.store.store import Store


def install_service() -> None:
    path, unit, network = unit_path(), unit_for(command_path()), _needs_network()
    # Another program, or the person, may have a unit of that name.
    if path.exists() and not is_own_unit(path):
        message = _("{path} is not a unit that turntoward wrote; nothing was changed.\n  Move it aside first.")
        raise UserError(message.format(path=path))
    try:
        write_unit_file(path, unit)
    except OSError as failed:
        message = _("{path} could not be written: {why}.")
        raise TurntowardError(message.format(path=path, why=failed.strerror)) from failed
    click.echo(_("The unit is in {path}.").format(path=path))
    if network is not None and allow_network(wanted=network) and network:
        text = _("It may reach the network, for your phone, a calendar or ActivityWatch: {path}.")
        click.echo(text.format(path=network_path()))
    # `restart`, not `start`: a daemon of an earlier version may be running.
    if _systemctl(("daemon-reload",), ("enable", UNIT), ("restart", UNIT)):
        click.echo(_("Turntoward runs now, and starts with your session; `turntoward status` says what it is doing."))
    if _is_new_here():
        print_text(HINT)


def uninstall_service() -> None:
    path = unit_path()
    if not path.exists():
        allow_network(wanted=False)
        click.echo(_("There is no service to remove."))
        return
    if not is_own_unit(path):
        message = _("{path} is not a unit that turntoward wrote; nothing was changed.")
        raise UserError(message.format(path=path))
    # While the unit still exists, or systemd would not know what to disable.
    stopped = _systemctl(("disable", "--now", UNIT))
    path.unlink()
    allow_network(wanted=False)
    click.echo(_("{path} is removed; Turntoward no longer starts by itself.").format(path=path))
    if stopped:
        _systemctl(("daemon-reload",))


def _needs_network() -> bool | None:
    # None where that cannot be read: then what systemd allows is left as it is.
    try:
        sources = read_settings(config_path()).sources
        with Store.open(store_path(), read_only=True) as store:
            return needs_network(store.phones.all(), sources, store.calendars.all())
    except StoreMissing:
        return needs_network((), sources)
    except (StoreError, UserError):
        return None


def _is_new_here() -> bool:
    # A store that cannot be read does not mean that somebody is new here.
    try:
        with Store.open(store_path(), read_only=True) as store:
            return quiet_week.should_offer(store)
    except StoreMissing:
        return True
    except StoreError:
        return False


def _systemctl(*commands: tuple[str, ...]) -> bool:
    # Without a user manager (ssh, cron) the commands are printed, to be run in the session.
    if systemctl("show-environment") is not None:
        click.echo(_("systemd's user manager cannot be reached from here. In your session, run:"))
        for arguments in commands:
            click.echo("  systemctl --user " + " ".join(arguments))
        return False
    for arguments in commands:
        if (problem := systemctl(*arguments)) is not None:
            message = _("systemctl --user {arguments} failed: {problem}")
            raise TurntowardError(message.format(arguments=" ".join(arguments), problem=problem))
    return True
