"""Where in a TOML text a value stands, so that a problem can point at it.

Rule 1: the text has been read by `tomllib` without complaint; so here nothing is checked, only walked over.
Rule 2: what cannot be found is None, never an exception.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
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
    """Where a key or a value stands. `line` and `column` count from 1; `width` ends with the line at the latest.

    `begins` and `ends` are offsets in `TomlPositions.text`, whose lines end with a line feed alone. For a string `content` is
    the offset of its first character behind the quotes, and `escapes` says whether a backslash means something in it.
    """

    line: int
    column: int
    width: int
    begins: int
    ends: int
    content: int | None = None
    escapes: bool = False


class _Lost(Exception):
    """The text is not what it seemed."""


class TomlPositions:
    """The places of all keys and values of one TOML text, found in one walk."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")
        self.values: dict[TomlPath, TomlPosition] = {}
        self.keys: dict[TomlPath, TomlPosition] = {}
        self._lines = [0, *(found.end() for found in re.finditer("\n", self.text))]
        self._counts: dict[TomlPath, int] = {}
        self._position = 0
        # What was found before the walk lost its way is right; the rest has no place.
        with suppress(_Lost, IndexError, RecursionError):
            self._document()

    def position(self, offset: int) -> tuple[int, int]:
        """Return line and column of an offset, both from 1."""
        from bisect import bisect_right  # noqa: PLC0415 - only on a mistake

        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def line(self, number: int) -> str:
        """Return the line with this number, without its end; empty where there is none."""
        if not 1 <= number <= len(self._lines):
            return ""
        begins = self._lines[number - 1]
        ends = self.text.find("\n", begins)
        return self.text[begins : ends if ends >= 0 else len(self.text)]

    def within(self, place: TomlPosition, index: int) -> tuple[int, int]:
        """Return line and column of the character `index` of the string that stands at `place`."""
        if place.content is None:
            return place.line, place.column
        at, left = place.content, index
        while left > 0 and at < place.ends:
            escape = _ESCAPE.match(self.text, at) if place.escapes else None
            if escape is None:
                at += 1
            else:
                at = escape.end()
                if "\n" in escape[0]:
                    continue
            left -= 1
        while place.escapes and (folded := _ESCAPE.match(self.text, at)) and "\n" in folded[0]:
            at = folded.end()
        return self.position(min(at, place.ends))

    def _place(self, begins: int, ends: int, content: int | None = None, *, escapes: bool = False) -> TomlPosition:
        line, column = self.position(begins)
        width = max(1, len(self.text[begins:ends].split("\n", 1)[0]))
        return TomlPosition(
            line=line, column=column, width=width, begins=begins, ends=ends, content=content, escapes=escapes
        )

    def _blank(self) -> None:
        found = _BLANK.match(self.text, self._position)
        if found:
            self._position = found.end()

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self.text, self._position)
        if found is None or found.end() == self._position:
            raise _Lost
        self._position = found.end()
        return found

    def _expect(self, text: str) -> None:
        if not self.text.startswith(text, self._position):
            raise _Lost
        self._position += len(text)

    def _document(self) -> None:
        table: TomlPath = ()
        while True:
            self._blank()
            if self._position >= len(self.text):
                return
            if self.text[self._position] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> TomlPath:
        begins = self._position
        many = self.text.startswith("[[", begins)
        self._position += 2 if many else 1
        path: TomlPath = ()
        for key, place in self._key():
            path = (*self._newest(path), key)
            self.keys.setdefault(path, place)
        self._blank()
        self._expect("]]" if many else "]")
        if many:
            self._counts[path] = self._counts.get(path, -1) + 1
        path = self._newest(path)
        self.values.setdefault(path, self._place(begins, self._position))
        return path

    def _newest(self, path: TomlPath) -> TomlPath:
        return (*path, self._counts[path]) if path in self._counts else path

    def _key(self) -> list[tuple[str, TomlPosition]]:
        keys: list[tuple[str, TomlPosition]] = []
        while True:
            self._blank()
            begins = self._position
            quote = self.text[begins]
            if quote == '"':
                key = _unescaped(self._match(_BASIC)[0][1:-1])
            elif quote == "'":
                key = self._match(_LITERAL)[0][1:-1]
            else:
                key = self._match(_BARE)[0]
            keys.append((key, self._place(begins, self._position)))
            self._blank()
            if not self.text.startswith(".", self._position):
                return keys
            self._position += 1

    def _pair(self, table: TomlPath) -> None:
        path = table
        for key, place in self._key():
            path = (*path, key)
            self.keys.setdefault(path, place)
        self._expect("=")
        self._value(path)

    def _value(self, path: TomlPath) -> None:
        self._blank()
        begins = self._position
        first = self.text[begins]
        content: int | None = None
        if first in "\"'":
            content = self._string()
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline(path)
        else:
            self._position = begins + len(self._match(_OTHER)[0].rstrip())
        self.values[path] = self._place(begins, self._position, content, escapes=first == '"')

    def _string(self) -> int:
        begins = self._position
        three = self.text[begins : begins + 3]
        if three in {'"""', "'''"}:
            self._match(_LONG_BASIC if three == '"""' else _LONG_LITERAL)
            # A line break right behind the quotes is not part of the string.
            return begins + (4 if self.text.startswith("\n", begins + 3) else 3)
        self._match(_BASIC if three[0] == '"' else _LITERAL)
        return begins + 1

    def _array(self, path: TomlPath) -> None:
        self._expect("[")
        number = 0
        while True:
            self._blank()
            if self.text[self._position] == "]":
                self._position += 1
                return
            self._value((*path, number))
            number += 1
            self._blank()
            if self.text[self._position] == ",":
                self._position += 1

    def _inline(self, path: TomlPath) -> None:
        self._expect("{")
        while True:
            self._blank()
            if self.text[self._position] == "}":
                self._position += 1
                return
            self._pair(path)
            self._blank()
            if self.text[self._position] == ",":
                self._position += 1


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    import tomllib  # noqa: PLC0415 - an escape in a key is rare

    try:
        return str(tomllib.loads(f'key = "{text}"')["key"])
    except tomllib.TOMLDecodeError:
        raise _Lost from None


def locate(text: str, path: TomlPath) -> TomlPosition | None:
    """Return where the value at `path` stands, such as `("rule", 2, "when")`, or None where there is no such value.

    A table's place is its header; many questions about one text are better asked of one `TomlPositions`.
    """
    return TomlPositions(text).values.get(path)


def locate_key(text: str, path: TomlPath) -> TomlPosition | None:
    """Return where the last key of `path` stands, or None where there is no such key."""
    return TomlPositions(text).keys.get(path)
