"""From bytes to content lines, unfolded, of those kinds alone that are read; whatever else stands there is let go of at once.

Rule 1: no line takes more memory than `LONGEST_LINE`, however long it is; one that is longer is cut there, and seen to be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from detector.calendars.limits import LONGEST_LINE

_NAME: Final = re.compile(rb"[ \t]*([A-Za-z0-9-]{1,40})[ \t]*[;:]")
_PART_OF_NAME: Final = re.compile(rb"[A-Za-z0-9-]{1,40}\r?")
_BOM: Final = b"\xef\xbb\xbf"
_FOLDS: Final = (b" ", b"\t")


class Line(NamedTuple):
    """A content line: the number of its first line in the file, its name in capitals, and all of it."""

    number: int
    name: str
    text: bytes

    @property
    def is_too_long(self) -> bool:
        """Whether it was cut."""
        return len(self.text) > LONGEST_LINE

    @property
    def value(self) -> str:
        """What stands behind the first colon, of a line whose parameters say nothing."""
        return self.text.partition(b":")[2].decode("utf-8", "replace").strip()


def content_lines(chunks: Iterable[bytes], kinds: frozenset[str]) -> Iterator[Line]:
    """Yield the lines whose name is one of `kinds`."""
    wanted = {kind.encode(): kind for kind in kinds}
    number, name, parts, size = 0, None, [b""], 0
    broken = b""  # a name that is folded itself
    for at, raw in enumerate(_physical(chunks), start=1):
        if raw[:1] in _FOLDS:
            if broken:
                raw, broken = broken + raw[1:], b""  # noqa: PLW2901 - it is one line
            else:
                if name is not None and size <= LONGEST_LINE:
                    parts.append(raw[1:].rstrip(b"\r"))
                    size += len(parts[-1])
                continue
        else:
            if name is not None:
                yield Line(number, name, b"".join(parts)[: LONGEST_LINE + 1])
            number = at
        found = _NAME.match(raw)
        name = None if found is None else wanted.get(found[1].upper())
        broken = raw.rstrip(b"\r") if found is None and _PART_OF_NAME.fullmatch(raw) else b""
        if name is not None:
            parts = [raw.rstrip(b"\r")]
            size = len(parts[0])
    if name is not None:
        yield Line(number, name, b"".join(parts)[: LONGEST_LINE + 1])


def _physical(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest, is_first = b"", True
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        if lines and is_first:
            lines[0], is_first = lines[0].removeprefix(_BOM), False
        yield from lines
        # More of it would be copied once for every chunk.
        rest = rest[: LONGEST_LINE + 1]
    yield rest
