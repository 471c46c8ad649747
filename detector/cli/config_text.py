"""Change one thing in the text of the person's config.toml, and nothing else.

Invariant 1: a new text is parsed as the daemon would parse it before the file is touched.
Invariant 2: the file is replaced in one step, so a reader sees the old or the new one. A symlink and the file's mode stay.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from detector.activities.patterns import normalize
from detector.config.read import parse_settings, read_settings
from detector.config.settings import Settings
from detector.errors import Problem, UserError
from detector.files import open_regular, replace_own_file
from detector.i18n import _

# The lists of an `[[activity]]` that name what it is about.
LISTS: Final = ("apps", "sites", "programs", "android", "ios")


class ConfigText:
    """The text of config.toml as it was read, empty if there is no file. Change it with `add` or `replace`, then `write`.

    Raises:
        UserError: if it cannot be read, or is not what the program takes; with each problem's place.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self._before: Final = _read(path)
        self.text = _decode(self._before or b"", path)
        self.settings: Settings = parse_settings(self.text, str(path))

    def add(self, category: str, kind: str, word: str) -> None:
        """Add an `[[activity]]` with the word in its list `kind`, and remove the word from earlier ones.

        Raises:
            UserError: if the file is written in a way that cannot be changed safely.
        """
        self.replace(_added(self.text.replace("\r\n", "\n"), category, kind, word))

    def replace(self, text: str) -> None:
        """Take the text, whose lines end in LF, instead; it gets CRLF if the file has it.

        Raises:
            UserError: if it is not a config that the daemon would take.
        """
        # Parsed before it is taken over: a text with a mistake leaves the object as it was.
        self.settings = parse_settings(text, str(self.path))
        self.text = text.replace("\n", "\r\n") if "\r\n" in self.text else text

    def write(self) -> None:
        """Put the text into the file.

        Raises:
            UserError: if somebody else changed the file since it was read, or if it cannot be written.
        """
        byte_order_mark = b"\xef\xbb\xbf"
        mark = byte_order_mark if (self._before or b"").startswith(byte_order_mark) else b""
        try:
            # By content, not by time: an editor may save twice within the clock's resolution.
            if _read(self.path) != self._before:
                message = _("was changed by something else meanwhile; nothing is written")
                raise UserError([Problem(file=str(self.path), message=message, hint=_("Try again."))])
            replace_own_file(self.path, mark + self.text.encode("utf-8"))
        except OSError as failure:
            message = _("cannot be written: {why}; it is as it was").format(why=failure.strerror)
            raise UserError([Problem(file=str(self.path), message=message)]) from None


def _read(path: Path) -> bytes | None:
    try:
        with open_regular(path) as opened:
            return opened.read()
    except FileNotFoundError:
        return None
    except OSError as failure:
        message = _("cannot be read: {why}").format(why=failure.strerror)
        raise UserError([Problem(file=str(path), message=message)]) from None


def _decode(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        # The reader of the config says in which line and column that is.
        read_settings(path)
        raise UserError([Problem(file=str(path), message=_("is not UTF-8 text"))]) from None


def _added(text: str, category: str, kind: str, word: str) -> str:
    # The parsed texts are compared, without comments and order.
    expected = _expected_tree(tomllib.loads(text), category, kind, word)
    try:
        changed = _edited(text, category, kind, word)
    except (TOMLKitError, IndexError, KeyError, TypeError, ValueError):
        changed = ""
    if _is_parsed_as(changed, expected):
        return changed
    # tomlkit cannot append to entries with another section between them; TOML itself can, at the end of the text.
    before = f"{text.rstrip()}\n\n" if text.strip() else ""
    appended = f'{before}[[activity]]\ncategory = "{category}"\n{kind} = {tomlkit.item([word]).as_string()}\n'
    if _is_parsed_as(appended, expected):
        return appended
    raise UserError(_("config.toml names this already, in a form that is not changed safely. Change it there by hand."))


def _is_parsed_as(text: str, expected: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == expected
    except tomllib.TOMLDecodeError:
        return False


def _edited(text: str, category: str, kind: str, word: str) -> str:
    # tomlkit keeps the comments and the order of what it does not change.
    document = tomlkit.parse(text)
    entries: Any = document.get("activity")
    _remove(entries, kind, word)
    if isinstance(entries, tomlkit.items.Array):
        entry: Any = tomlkit.inline_table()
    else:
        entry = tomlkit.table()
    entry.update({"category": category, kind: [word]})
    if entries is None:
        entries = tomlkit.aot()
        document.append("activity", entries)
    entries.append(entry)
    return tomlkit.dumps(document)


def _expected_tree(tree: dict[str, Any], category: str, kind: str, word: str) -> dict[str, Any]:
    entries: Sequence[dict[str, Any]] = tree.get("activity", [])
    kept = [_without(entry, kind, word) for entry in entries]
    tree["activity"] = [*(entry for entry in kept if _has_words(entry)), {"category": category, kind: [word]}]
    return tree


def _without(entry: dict[str, Any], kind: str, word: str) -> dict[str, Any]:
    left = {
        key: [w for w in entry[key] if normalize(w) != normalize(word)] for key in _lists_with(kind) if key in entry
    }
    return {key: left.get(key, value) for key, value in entry.items() if left.get(key, value) != []}


def _remove(entries: Any, kind: str, word: str) -> None:
    # Backward, as deleting an entry moves those after it.
    for at in range(len(entries or ()) - 1, -1, -1):
        entry = entries[at]
        for key in _lists_with(kind):
            for place in range(len(entry.get(key, ())) - 1, -1, -1):
                if normalize(entry[key][place]) == normalize(word):
                    del entry[key][place]
            if key in entry and not entry[key]:
                del entry[key]
        if not _has_words(entry):
            del entries[at]


def _lists_with(kind: str) -> tuple[str, ...]:
    # A bundle id of iOS and a package of Android may be the same word, so one answer counts for both.
    return ("android", "ios") if kind in ("android", "ios") else (kind,)


def _has_words(entry: dict[str, Any]) -> bool:
    return any(entry.get(key) for key in LISTS)
