"""One more `[[activity]]` in the person's config.toml, and everything else in it as it was.

Rule 1: what is written is read back as the daemon would read it, before the file is touched.
Rule 2: whoever reads the file finds it as it was or as it will be; a symlink stays one, and so does the file's mode.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from detector.activities.patterns import plain
from detector.config.read import parse_settings
from detector.config.settings import Settings
from detector.errors import Problem, UserError

LISTS: Final = ("apps", "sites", "programs", "android", "ios")
_OURS: Final = 0o600


class ConfigText:
    """The text of config.toml as it was read, empty where there is no file.

    Raises:
        UserError: if it cannot be read, or is not what the program takes; with each problem's place.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.was: Final = _bytes(path)
        self.text = _text(self.was or b"", path)
        self.settings: Settings = parse_settings(self.text, str(path))

    def add(self, category: str, kind: str, word: str) -> None:
        """Say what the word is, at the end of the entries; the same word is taken out of earlier ones.

        Raises:
            UserError: if the file is written in a way that cannot be changed safely.
        """
        text = self.text.replace("\r\n", "\n")
        changed = _added(text, category, kind, word)
        self.settings = parse_settings(changed, str(self.path))
        self.text = changed.replace("\n", "\r\n") if "\r\n" in self.text else changed

    def write(self) -> None:
        """Put the text into the file.

        Raises:
            UserError: if somebody else changed the file since it was read, or if it cannot be written.
        """
        mark = b"\xef\xbb\xbf" if (self.was or b"").startswith(b"\xef\xbb\xbf") else b""
        target = Path(os.path.realpath(self.path))
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            if _bytes(self.path) != self.was:
                message = "was changed by something else meanwhile; nothing is written"
                raise UserError([Problem(file=str(self.path), message=message, hint="Say it once more.")])
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = target.stat().st_mode & 0o777 if self.was is not None else _OURS
            _put(beside, mark + self.text.encode("utf-8"), mode)
            beside.replace(target)
        except OSError as failure:
            beside.unlink(missing_ok=True)
            problem = Problem(file=str(self.path), message=f"cannot be written: {failure.strerror}; it is as it was")
            raise UserError([problem]) from None


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as failure:
        raise UserError([Problem(file=str(path), message=f"cannot be read: {failure.strerror}")]) from None


def _text(given: bytes, path: Path) -> str:
    from detector.config.read import read_settings  # noqa: PLC0415 - only here

    try:
        return given.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        read_settings(path)
        raise UserError([Problem(file=str(path), message="is not UTF-8 text")]) from None


def _put(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _added(text: str, category: str, kind: str, word: str) -> str:
    import tomlkit  # noqa: PLC0415 - only when something is written

    wanted = _wanted(tomllib.loads(text), category, kind, word)
    try:
        changed = _edited(text, category, kind, word)
    except (tomlkit.exceptions.TOMLKitError, IndexError, KeyError, TypeError, ValueError):
        changed = ""
    if _reads_as(changed, wanted):
        return changed
    # Where entries stand apart from one another, another section between them, the text itself takes one more.
    before = f"{text.rstrip()}\n\n" if text.strip() else ""
    apart = f'{before}[[activity]]\ncategory = "{category}"\n{kind} = {tomlkit.item([word]).as_string()}\n'
    if _reads_as(apart, wanted):
        return apart
    raise UserError("config.toml names this already, in a form that is not changed safely. Change it there by hand.")


def _reads_as(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False


def _edited(text: str, category: str, kind: str, word: str) -> str:
    import tomlkit  # noqa: PLC0415 - only when something is written

    document = tomlkit.parse(text)
    given: Any = document.get("activity")
    _take_out(given, kind, word)
    if isinstance(given, tomlkit.items.Array):
        entry: Any = tomlkit.inline_table()
        entry.update({"category": category, kind: [word]})
        given.append(entry)
    else:
        entry = tomlkit.table()
        entry.update({"category": category, kind: [word]})
        if given is None:
            given = tomlkit.aot()
            document.append("activity", given)
        given.append(entry)
    return tomlkit.dumps(document)


def _wanted(tree: dict[str, Any], category: str, kind: str, word: str) -> dict[str, Any]:
    entries: Sequence[dict[str, Any]] = tree.get("activity", [])
    kept = [_without(entry, kind, word) for entry in entries]
    tree["activity"] = [*(entry for entry in kept if _names(entry)), {"category": category, kind: [word]}]
    return tree


def _without(entry: dict[str, Any], kind: str, word: str) -> dict[str, Any]:
    left = {key: [w for w in entry[key] if plain(w) != plain(word)] for key in _same(kind) if key in entry}
    return {key: left.get(key, value) for key, value in entry.items() if left.get(key, value) != []}


def _take_out(entries: Any, kind: str, word: str) -> None:
    for at in range(len(entries or ()) - 1, -1, -1):
        entry = entries[at]
        for key in _same(kind):
            for place in range(len(entry.get(key, ())) - 1, -1, -1):
                if plain(entry[key][place]) == plain(word):
                    del entry[key][place]
            if key in entry and not entry[key]:
                del entry[key]
        if not _names(entry):
            del entries[at]


def _same(kind: str) -> tuple[str, ...]:
    return ("android", "ios") if kind in ("android", "ios") else (kind,)


def _names(entry: dict[str, Any]) -> bool:
    return any(entry.get(key) for key in LISTS)
