"""From bytes to unfolded content lines, of the names that are read; all other lines are dropped at once.

Invariant 1: no line takes more memory than `MAX_LINE_BYTES`; a longer one is cut there, and `is_too_long`.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from detector.calendars.limits import MAX_LINE_BYTES

_NAME: Final = re.compile(rb"[ \t]*([A-Za-z0-9-]{1,40})[ \t]*[;:]")
_PART_OF_NAME: Final = re.compile(rb"[A-Za-z0-9-]{1,40}\r?")
_BOM: Final = b"\xef\xbb\xbf"
# RFC 5545, 3.1: a long line goes on in the next one, which begins with a blank or a tab.
_FOLDS: Final = (b" ", b"\t")


class ContentLine(NamedTuple):
    """A content line: the number of its first line in the file, its name in capitals, and all of it."""

    number: int
    name: str
    text: bytes

    @property
    def is_too_long(self) -> bool:
        return len(self.text) > MAX_LINE_BYTES

    @property
    def value(self) -> str:
        """What follows the first colon, for a line whose parameters do not matter."""
        return self.text.partition(b":")[2].decode("utf-8", "replace").strip()


def content_lines(chunks: Iterable[bytes], names: frozenset[str]) -> Iterator[ContentLine]:
    """Yield the lines whose name is one of `names`."""
    # Names are compared as bytes: of the lines that are dropped nothing is decoded.
    wanted = {name.encode(): name for name in names}
    number, name, parts, size = 0, None, [b""], 0
    broken = b""  # the beginning of a name that is itself folded, which the RFC allows
    for at, raw in enumerate(_physical_lines(chunks), start=1):
        if raw[:1] in _FOLDS:
            if broken:
                raw, broken = broken + raw[1:], b""  # noqa: PLW2901 - it is one line
            else:
                if name is not None and size <= MAX_LINE_BYTES:
                    parts.append(raw[1:].rstrip(b"\r"))
                    size += len(parts[-1])
                continue
        else:
            if name is not None:
                yield ContentLine(number, name, b"".join(parts)[: MAX_LINE_BYTES + 1])
            number = at
        match = _NAME.match(raw)
        name = None if match is None else wanted.get(match[1].upper())
        broken = raw.rstrip(b"\r") if match is None and _PART_OF_NAME.fullmatch(raw) else b""
        if name is not None:
            parts = [raw.rstrip(b"\r")]
            size = len(parts[0])
    if name is not None:
        yield ContentLine(number, name, b"".join(parts)[: MAX_LINE_BYTES + 1])


def _physical_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest, is_first = b"", True
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        if lines and is_first:
            lines[0], is_first = lines[0].removeprefix(_BOM), False
        yield from lines
        # Cut here, or a line without an end would be copied once for every chunk: time grows with its square.
        rest = rest[: MAX_LINE_BYTES + 1]
    yield rest
