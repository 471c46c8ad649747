"""Where files are, by the XDG base directory specification. Nothing here creates anything."""

import os
from pathlib import Path
from typing import Final

NAME: Final = "turntoward"


def _base(variable: str, *fallback: str) -> Path:
    given = os.environ.get(variable, "")
    # The specification says that a relative path here is to be ignored.
    return Path(given) if given.startswith("/") else Path.home().joinpath(*fallback)


def config_path() -> Path:
    return _base("XDG_CONFIG_HOME", ".config") / NAME / "config.toml"


def rules_dir() -> Path:
    """Return the folder of the person's own rule packs."""
    return _base("XDG_CONFIG_HOME", ".config") / NAME / "rules"


def store_path() -> Path:
    return _base("XDG_DATA_HOME", ".local", "share") / NAME / "turntoward.sqlite"


def state_dir() -> Path:
    """Return the folder for crash dumps: recordings of the last 100 observations before the core failed."""
    return _base("XDG_STATE_HOME", ".local", "state") / NAME


def store_files(store: Path) -> tuple[Path, ...]:
    """Return the file of the store, and those that SQLite keeps beside it at times."""
    return tuple(store.with_name(store.name + ending) for ending in ("", "-wal", "-shm", "-journal"))


def lock_path() -> Path:
    """Return the path of the lock file in the runtime folder, which keeps a person's second daemon from running."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return (Path(runtime) if runtime.startswith("/") else store_path().parent) / (NAME + ".lock")


def store_lock_path() -> Path:
    """Return the path of the lock file beside the store, links followed, which keeps a store's second daemon from running."""
    real = Path(os.path.realpath(store_path()))
    return real.with_name(real.name + ".lock")
