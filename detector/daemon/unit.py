"""The systemd user unit: where it is shipped, where it goes, and what stands in it for this installation."""

from __future__ import annotations

import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import Final

from detector.errors import TurntowardError

UNIT: Final = "turntoward.service"
_MARK: Final = "# The user unit of Turntoward"
_EXEC: Final = "ExecStart="


def unit_path() -> Path:
    """Return where the person's own units are; the file need not exist."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    base = Path(given) if given.startswith("/") else Path.home() / ".config"
    return base / "systemd" / "user" / UNIT


def shipped() -> str:
    """Return the unit as it is shipped: inside the package, or beside it in a checkout."""
    packaged = files("detector.daemon").joinpath(UNIT)
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    checkout = Path(__file__).resolve().parents[2] / "systemd" / UNIT
    if not checkout.is_file():
        raise TurntowardError(f"{UNIT} is missing from this installation.\n  Install the package again.")
    return checkout.read_text(encoding="utf-8")


def command_path() -> Path:
    """Return the installed command that runs right now."""
    beside = Path(sys.executable).parent / "turntoward"
    if beside.exists():
        return beside
    called = Path(sys.argv[0]).resolve()
    if called.name == "turntoward" and os.access(called, os.X_OK):
        return called
    raise TurntowardError(
        "The command `turntoward` cannot be found.\n  Install the package, for example with `uv tool`."
    )


def unit_for(command: Path) -> str:
    """Return the unit that runs `command`."""
    quoted = str(command).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    lines = [f'{_EXEC}"{quoted}" run' if line.startswith(_EXEC) else line for line in shipped().split("\n")]
    return "\n".join(lines)


def is_ours(path: Path) -> bool:
    """Return whether the file at `path` is a unit that `service install` wrote."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").startswith(_MARK)
    except OSError:
        return False
