"""The `Categories` of installed apps, read from their `.desktop` files when an app id is not in the catalogue.

Invariant 1: a file is read only when its app is in front; the result is cached, for up to `CACHE_SIZE` apps.
Invariant 2: at most `MAX_FILES` files are opened for one look-up, and at most `MAX_BYTES` bytes of each are read.
Invariant 3: an app id may be any text, but never names a file outside the applications folders.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 65_536
MAX_FILES: Final = 3_000
CACHE_SIZE: Final = 256

_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+ -]{0,190}")
_GROUP: Final = "[Desktop Entry]"


def applications_folders(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders with `.desktop` files, in order of preference: those of XDG, then of Flatpak and Snap."""
    home = Path(environment.get("HOME") or "/nonexistent")
    own = environment.get("XDG_DATA_HOME", "")
    shared = environment.get("XDG_DATA_DIRS", "") or "/usr/local/share:/usr/share"
    parents = [
        Path(own) if own.startswith("/") else home / ".local/share",
        *(Path(folder) for folder in shared.split(":") if folder.startswith("/")),
        home / ".local/share/flatpak/exports/share",
        Path("/var/lib/flatpak/exports/share"),
        Path("/var/lib/snapd/desktop"),
    ]
    return tuple(dict.fromkeys(folder / "applications" for folder in parents))


class DesktopFiles:
    """The `.desktop` files of this desktop; nothing is read before the first look-up."""

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        self._folders: Final = applications_folders(os.environ) if folders is None else tuple(folders)
        self._cache: dict[str, tuple[str, ...]] = {}
        self._by_class: dict[str, tuple[str, ...]] | None = None

    def categories(self, app_id: str) -> tuple[str, ...]:
        """Return the `Categories` of the app, as they are written; empty where no file belongs to it."""
        # Invariant 3.
        if not _PLAIN_NAME.fullmatch(app_id) or ".." in app_id:
            return ()
        if app_id not in self._cache:
            if len(self._cache) >= CACHE_SIZE:
                # A program with ever new app ids must not fill the memory.
                del self._cache[next(iter(self._cache))]
            self._cache[app_id] = self._look_up(app_id)
        return self._cache[app_id]

    def _look_up(self, key: str) -> tuple[str, ...]:
        # An app id is mostly the file's name, sometimes with the suffix, in capitals or with spaces.
        whole = key.removesuffix(".desktop")
        for name in dict.fromkeys((key, whole, key.lower(), whole.lower().replace(" ", "-"))):
            for folder in self._folders:
                read = read_desktop_file(folder / f"{name}.desktop")
                if read:
                    return _split(read.get("Categories", ""))
        # For other app ids all files are read, once.
        if self._by_class is None:
            self._by_class = self._index()
        return self._by_class.get(key.casefold(), ())

    def _index(self) -> dict[str, tuple[str, ...]]:
        by_class: dict[str, tuple[str, ...]] = {}
        by_name: dict[str, tuple[str, ...]] = {}
        for path in self._files():
            read = read_desktop_file(path)
            categories = _split(read.get("Categories", ""))
            if not categories:
                continue
            if "StartupWMClass" in read:
                by_class.setdefault(read["StartupWMClass"].casefold(), categories)
            by_name.setdefault(path.stem.casefold(), categories)
            by_name.setdefault(path.stem.casefold().rpartition(".")[2], categories)
        return by_name | by_class

    def _files(self) -> Iterator[Path]:
        left = MAX_FILES
        for folder in self._folders:
            try:
                paths = sorted(path for path in folder.iterdir() if path.name.endswith(".desktop"))
            except OSError:
                continue
            yield from paths[:left]
            left -= len(paths[:left])


def read_desktop_file(path: Path) -> dict[str, str]:
    """Return `Categories` and `StartupWMClass` of the file's main group; empty where it cannot be read."""
    try:
        if not path.is_file():
            return {}
        with path.open("rb") as file:
            text = file.read(MAX_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return {}
    read: dict[str, str] = {}
    inside = False
    for line in text.splitlines():
        if line.startswith("["):
            if inside:
                # Later groups are actions, with keys of the same names.
                break
            inside = line.strip() == _GROUP
        elif inside and line.startswith(("Categories", "StartupWMClass", "Type")):
            key, _, value = line.partition("=")
            read.setdefault(key.strip(), value.strip())
    return read


def _split(categories: str) -> tuple[str, ...]:
    return tuple(word for word in (part.strip() for part in categories[:1000].split(";")) if word)
