"""Find the positions of keys and values in a TOML text, for problems; `tomllib` does not report them.

Invariant 1: `tomllib` has read the text without an error, so the text is scanned without checks.
Invariant 2: keys and values that are not found are left out; there is no exception.
"""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Final, Literal, TypeAlias

TomlPath: TypeAlias = tuple[str | int, ...]
Quote: TypeAlias = Literal["", '"', "'"]

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_BASIC: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL: Final = re.compile(r"'[^'\n]*'")
_LONG_BASIC: Final = re.compile(r'"""(?:[^\\]|\\[\s\S])*?"{3,5}(?!")')
_LONG_LITERAL: Final = re.compile(r"'''[\s\S]*?'{3,5}(?!')")
_OTHER: Final = re.compile(r"[^,\]}#\r\n]+")
_ESCAPE: Final = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[^\S\n]*\n\s*|[\s\S])")


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlPosition:
    """The position of a key or a value. `line` and `column` count from 1; `width` is within the line.

    `begins` and `ends` are offsets in `TomlPositions.text`, in which lines end with a line feed. For a string `content` is
    the offset of its first character behind the quotes, and `escapes` is true if it has backslash escapes.
    """

    line: int
    column: int
    width: int
    begins: int
    ends: int
    content: int | None = None
    escapes: bool = False


class _ScanError(Exception):
    """The scanner met something unexpected."""


class TomlPositions:
    """The positions of all keys and values of one TOML text, found in one scan."""

    def __init__(self, text: str) -> None:
        # As in `tomllib`, so that offsets agree with those in its strings.
        self.text = text.replace("\r\n", "\n")
        self.values: dict[TomlPath, TomlPosition] = {}
        self.keys: dict[TomlPath, TomlPosition] = {}
        self._lines = [0, *(found.end() for found in re.finditer("\n", self.text))]
        self._counts: dict[TomlPath, int] = {}
        self._position = 0
        # Positions found before an error are correct; the rest has none.
        with suppress(_ScanError, IndexError, RecursionError):
            self._scan_document()

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset, both from 1."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def line(self, number: int) -> str:
        """Return the line with this number, without its line feed; empty if there is none."""
        if not 1 <= number <= len(self._lines):
            return ""
        begins = self._lines[number - 1]
        ends = self.text.find("\n", begins)
        return self.text[begins : ends if ends >= 0 else len(self.text)]

    def within(self, place: TomlPosition, index: int) -> tuple[int, int]:
        """Return line and column of the character `index` of the string at `place`."""
        if place.content is None:
            return place.line, place.column
        # An escape is one character of the value and several of the text; an escaped line break is none of the value.
        offset, left = place.content, index
        while left > 0 and offset < place.ends:
            escape = _ESCAPE.match(self.text, offset) if place.escapes else None
            if escape is None:
                offset += 1
            else:
                offset = escape.end()
                if "\n" in escape[0]:
                    continue
            left -= 1
        while place.escapes and (folded := _ESCAPE.match(self.text, offset)) and "\n" in folded[0]:
            offset = folded.end()
        return self.position(min(offset, place.ends))

    def _place(self, begins: int, ends: int, content: int | None = None, *, escapes: bool = False) -> TomlPosition:
        line, column = self.position(begins)
        width = max(1, len(self.text[begins:ends].split("\n", 1)[0]))
        return TomlPosition(
            line=line, column=column, width=width, begins=begins, ends=ends, content=content, escapes=escapes
        )

    def _skip_blanks(self) -> None:
        blanks = _BLANK.match(self.text, self._position)
        if blanks:
            self._position = blanks.end()

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self.text, self._position)
        if match is None or match.end() == self._position:
            raise _ScanError
        self._position = match.end()
        return match

    def _expect(self, text: str) -> None:
        if not self.text.startswith(text, self._position):
            raise _ScanError
        self._position += len(text)

    def _scan_document(self) -> None:
        table: TomlPath = ()
        while True:
            self._skip_blanks()
            if self._position >= len(self.text):
                return
            if self.text[self._position] == "[":
                table = self._scan_header()
            else:
                self._scan_pair(table)

    def _scan_header(self) -> TomlPath:
        begins = self._position
        many = self.text.startswith("[[", begins)
        self._position += 2 if many else 1
        path: TomlPath = ()
        for key, place in self._scan_key():
            # `[rule.part]` belongs to the last `[[rule]]` above it.
            path = (*self._current_element(path), key)
            self.keys.setdefault(path, place)
        self._skip_blanks()
        self._expect("]]" if many else "]")
        if many:
            self._counts[path] = self._counts.get(path, -1) + 1
        path = self._current_element(path)
        self.values.setdefault(path, self._place(begins, self._position))
        return path

    def _current_element(self, path: TomlPath) -> TomlPath:
        return (*path, self._counts[path]) if path in self._counts else path

    def _scan_key(self) -> list[tuple[str, TomlPosition]]:
        keys: list[tuple[str, TomlPosition]] = []
        while True:
            self._skip_blanks()
            begins = self._position
            quote = self.text[begins]
            if quote == '"':
                key = _unescaped(self._match(_BASIC)[0][1:-1])
            elif quote == "'":
                key = self._match(_LITERAL)[0][1:-1]
            else:
                key = self._match(_BARE)[0]
            keys.append((key, self._place(begins, self._position)))
            self._skip_blanks()
            if not self.text.startswith(".", self._position):
                return keys
            self._position += 1

    def _scan_pair(self, table: TomlPath) -> None:
        path = table
        for key, place in self._scan_key():
            path = (*path, key)
            self.keys.setdefault(path, place)
        self._expect("=")
        self._scan_value(path)

    def _scan_value(self, path: TomlPath) -> None:
        self._skip_blanks()
        begins = self._position
        first = self.text[begins]
        content: int | None = None
        if first in "\"'":
            content = self._scan_string()
        elif first == "[":
            self._scan_array(path)
        elif first == "{":
            self._scan_items("{", "}", lambda: self._scan_pair(path))
        else:
            self._position = begins + len(self._match(_OTHER)[0].rstrip())
        self.values[path] = self._place(begins, self._position, content, escapes=first == '"')

    def _scan_string(self) -> int:
        begins = self._position
        three = self.text[begins : begins + 3]
        if three in {'"""', "'''"}:
            self._match(_LONG_BASIC if three == '"""' else _LONG_LITERAL)
            # A line break directly behind the quotes is not part of the string.
            return begins + (4 if self.text.startswith("\n", begins + 3) else 3)
        self._match(_BASIC if three[0] == '"' else _LITERAL)
        return begins + 1

    def _scan_array(self, path: TomlPath) -> None:
        numbers = count()
        self._scan_items("[", "]", lambda: self._scan_value((*path, next(numbers))))

    def _scan_items(self, opening: str, closing: str, scan: Callable[[], None]) -> None:
        self._expect(opening)
        while True:
            self._skip_blanks()
            if self.text[self._position] == closing:
                self._position += 1
                return
            scan()
            self._skip_blanks()
            if self.text[self._position] == ",":
                self._position += 1


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    # Inner quotes are escaped already.
    try:
        return str(tomllib.loads(f'key = "{text}"')["key"])
    except tomllib.TOMLDecodeError:
        raise _ScanError from None
