"""Install the systemd user unit, its drop-in and the desktop entry, and restart the service.

Invariant 1: what this program did not write is neither changed nor removed.
Invariant 2: the unit alone allows no network; the drop-in that allows it is there only while something needs it.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Final

from detector.calendars.urls import is_url
from detector.devices import Phone
from detector.errors import TurntowardError
from detector.files import make_folders, replace_file
from detector.i18n import _
from detector.notifier.safe_text import ICON
from detector.paths import store_path
from detector.sensors.settings import SensorSettings
from detector.store.model import Calendar

UNIT: Final = "turntoward.service"
NETWORK: Final = "turntoward-network.conf"
DESKTOP_FILE: Final = "turntoward.desktop"
TIMEOUT: Final = 60
"""Seconds that systemctl gets: a restart waits for the daemon to be ready."""

_MARK: Final = "# The user unit of Turntoward"
_NETWORK_MARK: Final = "# The network drop-in of Turntoward"
_DESKTOP_MARKS: Final = ("# The desktop entry of Turntoward", "<!-- The mark of Turntoward")
_EXEC: Final = "ExecStart="


def unit_path() -> Path:
    """Return where the person's own units are; the file need not exist."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    base = Path(given) if given.startswith("/") else Path.home() / ".config"
    return base / "systemd" / "user" / UNIT


def network_path() -> Path:
    """Return where the drop-in that allows the network goes; the file need not exist."""
    return unit_path().with_name(f"{UNIT}.d") / "network.conf"


def shipped(name: str = UNIT) -> str:
    """Return the text of the unit or the drop-in as it is shipped: in the package, or beside it in a checkout."""
    packaged = files("detector.control").joinpath(name)
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    checkout = Path(__file__).resolve().parents[2] / "systemd" / name
    if not checkout.is_file():
        text = _("{file} is missing from this installation.\n  Install the package again.")
        raise TurntowardError(text.format(file=name))
    return checkout.read_text(encoding="utf-8")


def command_path() -> Path:
    # Beside the interpreter is the command of this very environment, whatever comes first in PATH.
    beside = Path(sys.executable).parent / "turntoward"
    if beside.exists():
        return beside
    called = Path(sys.argv[0]).resolve()
    if called.name == "turntoward" and os.access(called, os.X_OK):
        return called
    raise TurntowardError(
        _("The command `turntoward` cannot be found.\n  Install the package, for example with `uv tool`.")
    )


def unit_for(command: Path) -> str:
    # Inside the quotes systemd still reads escapes, specifiers (%) and variables ($).
    quoted = str(command).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    lines = [f'{_EXEC}"{quoted}" run' if line.startswith(_EXEC) else line for line in shipped().split("\n")]
    return "\n".join(lines)


def write_desktop_files(command: Path) -> None:
    """Write the desktop entry and the icon by which a desktop says whose a notification is; leave other programs' alone.

    Raises:
        OSError: if one cannot be written.
    """
    # An entry whose program is not found is ignored, so it names the command by its whole path.
    quoted = re.sub(r'(["`$\\])', r"\\\1", str(command)).replace("\\", "\\\\").replace("%", "%%")
    entry = shipped(DESKTOP_FILE).replace("Exec=turntoward ", f'Exec="{quoted}" ')
    for path, content in zip(desktop_paths(), (entry.encode(), ICON.read_bytes()), strict=True):
        if not os.path.lexists(path) or _is_ours(path):
            make_folders(path.parent, 0o755)
            replace_file(path, content)


def remove_desktop_files() -> None:
    for path in desktop_paths():
        if _is_ours(path):
            path.unlink()


def desktop_paths() -> tuple[Path, Path]:
    """Return where the desktop entry and the icon go; neither need exist."""
    folder = store_path().parent.parent
    return folder / "applications" / DESKTOP_FILE, folder / "icons/hicolor/scalable/apps/turntoward.svg"


def _is_ours(path: Path) -> bool:
    return not path.is_symlink() and any(_begins_with(path, mark) for mark in _DESKTOP_MARKS)


def is_own_unit(path: Path) -> bool:
    """Return whether the file at `path` is a unit that `service install` wrote."""
    return _begins_with(path, _MARK)


def needs_network(phones: Iterable[Phone], sources: SensorSettings, calendars: Iterable[Calendar] = ()) -> bool:
    """Return whether anything needs the network: a phone, by the phone API or adb; ActivityWatch; a calendar at an address."""
    return (
        sources.activitywatch is not None
        or any(phone.token or phone.code or phone.adb for phone in phones)
        or any(calendar.subscribed and is_url(calendar.location) for calendar in calendars)
    )


def allow_network(*, wanted: bool) -> bool:
    """Let the service reach the network, or no longer; return whether that changed. `reload_service` makes it take effect.

    Nothing is changed where our service is not installed, or where a file of somebody else's is in that place.

    Raises:
        TurntowardError: if the file cannot be written or removed.
    """
    # lexists: a broken symbolic link is somebody's file as well.
    path = network_path()
    is_there = os.path.lexists(path)
    if is_there and (path.is_symlink() or not _begins_with(path, _NETWORK_MARK)):
        return False
    try:
        if not wanted:
            return is_there and _remove(path)
        content = shipped(NETWORK)
        if not is_own_unit(unit_path()) or (is_there and path.read_text(encoding="utf-8") == content):
            return False
        write_unit_file(path, content)
    except OSError as failed:
        text = _("{file} could not be changed: {reason}.")
        raise TurntowardError(text.format(file=path, reason=failed.strerror)) from failed
    return True


def write_unit_file(path: Path, content: str) -> None:
    """Write a file of the unit, and its folder where there is none.

    Raises:
        OSError: if it cannot be written; nothing is changed then.
    """
    make_folders(path.parent)
    replace_file(path, content.encode())


def reload_service() -> bool:
    """Let systemd read the unit and its drop-in again, and restart the service if it runs; return whether it did.

    Without systemctl, a user manager or a running service nothing happens: a daemon in the foreground is not restricted in
    the first place. Partner time under way goes on.
    """
    if not is_own_unit(unit_path()) or systemctl("daemon-reload") is not None:
        return False
    shown = _call("show", "--property=ActiveState", "--value", UNIT)
    # "activating": it failed, and waits to be started again; it may fail for want of the network.
    runs = not isinstance(shown, str) and shown.stdout.strip() in {"active", "activating", "reloading"}
    return runs and systemctl("restart", UNIT) is None


def sync_network_access(phones: Iterable[Phone], sources: SensorSettings, calendars: Iterable[Calendar] = ()) -> bool:
    """Let the service reach the network exactly if something needs it; return whether it was restarted for that.

    To be called after a phone was paired or removed, or a calendar subscribed to, when that is stored. When it returns, a
    restarted service is ready.

    Raises:
        TurntowardError: if the drop-in cannot be written or removed.
    """
    return allow_network(wanted=needs_network(phones, sources, calendars)) and reload_service()


def systemctl(*arguments: str) -> str | None:
    """Run `systemctl --user` with the arguments; return None if it succeeded, else its error message."""
    done = _call(*arguments)
    if isinstance(done, str):
        return done
    return None if done.returncode == 0 else done.stderr.strip() or _("exit {code}").format(code=done.returncode)


def _call(*arguments: str) -> subprocess.CompletedProcess[str] | str:
    program = shutil.which("systemctl")
    if program is None:
        return _("there is no systemctl")
    try:
        return subprocess.run(  # noqa: S603 - systemctl, with words of our own
            [program, "--user", *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT
        )
    except (OSError, subprocess.TimeoutExpired) as failed:
        return str(failed)


def _begins_with(path: Path, mark: str) -> bool:
    try:
        return path.read_text(encoding="utf-8", errors="replace").startswith(mark)
    except OSError:
        return False


def _remove(path: Path) -> bool:
    path.unlink()
    with suppress(OSError):  # other drop-ins are beside it
        path.parent.rmdir()
    return True
