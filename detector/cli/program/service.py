"""`turntoward service`: start the daemon with the session, or no longer."""

import os
import shutil
import sys
from pathlib import Path

import click

from detector.cli.output import print_text
from detector.cli.quiet_week.quiet_week import HINT
from detector.cli.stored import open_stored
from detector.config.read import read_settings
from detector.control import systemd_unit as systemd
from detector.errors import StoreError, TurntowardError, UserError
from detector.i18n import _
from detector.paths import config_path
from detector.store import quiet_week


def install_service() -> None:
    command = systemd.command_path()
    path, unit, network = systemd.unit_path(), systemd.unit_for(command), _needs_network()
    # Another program, or the person, may have a unit of that name.
    if path.exists() and not systemd.is_own_unit(path):
        message = _("{path} is not a unit that turntoward wrote; nothing was changed.\n  Move it aside first.")
        raise UserError(message.format(path=path))
    try:
        systemd.write_unit_file(path, unit)
        systemd.write_desktop_files(command)
    except OSError as failed:
        message = _("{path} could not be written: {why}.")
        raise TurntowardError(message.format(path=failed.filename or path, why=failed.strerror)) from failed
    click.echo(_("The unit is in {path}.").format(path=path))
    if network is not None and systemd.allow_network(wanted=network) and network:
        text = _("It may reach the network, for your phone, a calendar or ActivityWatch: {path}.")
        click.echo(text.format(path=systemd.network_path()))
    # `restart`, not `start`: a daemon of an earlier version may be running.
    if _systemctl(("daemon-reload",), ("enable", systemd.UNIT), ("restart", systemd.UNIT)):
        click.echo(_("Turntoward runs now, and starts with your session; `turntoward status` says what it is doing."))
    if _is_new_here():
        print_text(HINT)
    if shutil.which("turntoward") is None:
        print_text(_("The command is not on the PATH of this shell yet. This line adds it:"))
        click.echo(f'  export PATH="{Path(os.path.normpath(Path(sys.argv[0]).absolute())).parent}:$PATH"')


def uninstall_service() -> None:
    path = systemd.unit_path()
    if not path.exists():
        systemd.allow_network(wanted=False)
        systemd.remove_desktop_files()
        click.echo(_("There is no service to remove."))
        return
    if not systemd.is_own_unit(path):
        message = _("{path} is not a unit that turntoward wrote; nothing was changed.")
        raise UserError(message.format(path=path))
    # Disabled before the unit is removed: afterwards systemd does not know it.
    stopped = _systemctl(("disable", "--now", systemd.UNIT))
    # The unit is removed even where systemd cannot be reached; the commands to run are printed.
    path.unlink()
    systemd.remove_desktop_files()
    systemd.allow_network(wanted=False)
    click.echo(_("{path} is removed; Turntoward no longer starts by itself.").format(path=path))
    if stopped:
        _systemctl(("daemon-reload",))


def _needs_network() -> bool | None:
    # None: that cannot be read. Then what systemd allows does not change.
    try:
        sources = read_settings(config_path()).sources
        with open_stored() as store:
            return systemd.needs_network(store.phones.all(), sources, store.calendars.all())
    except (StoreError, UserError):
        return None


def _is_new_here() -> bool:
    # A store that cannot be read may belong to somebody who is not new.
    try:
        with open_stored() as store:
            return quiet_week.should_offer(store)
    except StoreError:
        return False


def _systemctl(*commands: tuple[str, ...]) -> bool:
    # Without a user manager (ssh, cron) the commands are printed, to be run in the session.
    if systemd.systemctl("show-environment") is not None:
        click.echo(_("systemd's user manager cannot be reached from here. In your session, run:"))
        for arguments in commands:
            click.echo("  systemctl --user " + " ".join(arguments))
        return False
    for arguments in commands:
        if (problem := systemd.systemctl(*arguments)) is not None:
            message = _("systemctl --user {arguments} failed: {problem}")
            raise TurntowardError(message.format(arguments=" ".join(arguments), problem=problem))
    return True
