"""How a site is recognised by the title that a browser shows: titles cut into segments, and patterns for them.

Rule 1: only the first and the last `EDGE` characters of a title are looked at, so the work is bounded.
Rule 2: a pattern fits whole segments or whole words at an edge of the title, never a piece of a word.

A pattern is written as the title would look, with `…` for whatever else stands there:

    YouTube             the last segment, or the whole title
    … / X               the last segment, after just this separator
    Instagram • …       the first segment, before just this separator
    … | Amazon.de | …   any segment, whatever the separators
    = Feed              the whole title
    Amazon.com…         the words with which the title begins
    …_bilibili          the words with which the title ends
    …on Instagram: "…   words anywhere in the title, for what holds a separator itself
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

EDGE: Final = 200
DOTS: Final = "…"

Where: TypeAlias = Literal["last", "first", "any", "whole", "begins", "ends", "within"]

_DASHES: Final = "-‐‑‒–—―−"
_SEPARATOR: Final = re.compile(rf"\s*([:：])\s+| ([|｜•·/»›]|[{_DASHES}]) |([｜])")
_COUNT: Final = re.compile(r"^(?:\(\d[^()]{0,24}\)|\[\d{1,6}\+?\]|[•●*🔴])\s*")
_TRAILING_COUNT: Final = re.compile(r"\s*\(\d[\d.,+]{0,8}\)$")
_LEFT_OUT: Final = dict.fromkeys((173, 1564, 6158, *range(8203, 8208), *range(8234, 8239), *range(8288, 8304), 65279))
_TO_SPACE: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA1), 0x2007, 0x2028, 0x2029, 0x202F), " ")
_CLEANED: Final[dict[int, str | None]] = {**_LEFT_OUT, **_TO_SPACE}


class Unusable(ValueError):
    """A pattern cannot be used: the words follow its text, `hint` is what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as it was read: where in the title `words` must stand; `separator` None means whichever."""

    where: Where
    words: str
    separator: str | None = None


@dataclass(frozen=True, slots=True)
class Title:
    """A title as it is compared: folded, without counts, cut into segments with the separators between them."""

    text: str
    segments: tuple[str, ...]
    separators: tuple[str, ...]
    ends: tuple[int, ...]

    def without_last(self) -> Title:
        """Return the title without its last segment and the separator before it; of a single segment, nothing."""
        if len(self.segments) < 2:
            return Title("", ("",), (), (0,))
        return Title(self.text[: self.ends[-2]], self.segments[:-1], self.separators[:-1], self.ends[:-1])


def plain(text: str) -> str:
    """Return the text as it is compared: without control and direction marks, one space between words, case folded."""
    if not text.isprintable():
        text = text.translate(_CLEANED)
    return " ".join(text.split()).casefold()


def readable(text: str) -> str:
    """Return the text as it can be written down: like `plain`, in its own capitals."""
    return " ".join(text.translate(_CLEANED).split())


def bounded(title: str) -> str:
    """Return the title, and of a long one the first and the last `EDGE` characters."""
    if len(title) <= 2 * EDGE:
        return title
    return title[:EDGE] + DOTS + title[-EDGE:]


def cut(text: str) -> Title:
    """Return the title, which must be `plain` already, cut into segments; a leading count of unread things is left out."""
    text = _COUNT.sub("", text)
    parts: list[str] = []
    separators: list[str] = []
    ends: list[int] = []
    begins = 0
    for found in _SEPARATOR.finditer(text):
        parts.append(text[begins : found.start()])
        separators.append(_one_dash(found[1] or found[2] or found[3]))
        ends.append(found.start())
        begins = found.end()
    parts.append(text[begins:])
    segments = tuple(_TRAILING_COUNT.sub("", part) if part.endswith(")") else part for part in parts)
    return Title(text, segments, tuple(separators), (*ends, len(text)))


def read_pattern(written: str) -> Pattern:
    """Return what a written pattern means.

    Raises:
        Unusable: if it would fit everything, or nothing.
    """
    folded = plain(written)
    before, after = folded.startswith(DOTS), folded.endswith(DOTS)
    words = folded.strip(DOTS)
    if DOTS in words:
        raise Unusable("has … in the middle", "The sign … may stand at the beginning and at the end only.")
    if before and after:
        if words.startswith(" | ") and words.endswith(" | "):
            return _named(Pattern("any", _one_segment(words.removeprefix(" | ").removesuffix(" | "))))
        return _named(Pattern("within", words.strip()))
    if before:
        return _named(_beside(words, "last", "ends"))
    if after:
        return _named(_beside(words, "first", "begins"))
    if words.startswith("="):
        return _named(Pattern("whole", _one_segment(words[1:].strip())))
    return _named(Pattern("last", _one_segment(words)))


def is_usable(written: str) -> bool:
    """Tell whether `read_pattern` takes it; `settings.check_own` says why not."""
    try:
        read_pattern(written)
    except Unusable:
        return False
    return True


def _beside(words: str, segment: Where, edge: Where) -> Pattern:
    # A letter in the place of the dots shows whether they are a segment of their own.
    parts = cut(f"{words}x" if segment == "first" else f"x{words}")
    if len(parts.segments) == 2:
        name, dots = parts.segments if segment == "first" else reversed(parts.segments)
        if dots == "x":
            return Pattern(segment, name, parts.separators[0])
    if words != words.strip():
        raise Unusable("has a space beside … but no separator", 'Write for example "… - YouTube" or "Amazon.com…".')
    return Pattern(edge, words)


def _named(pattern: Pattern) -> Pattern:
    letters = sum(letter.isalnum() for letter in pattern.words)
    if letters == 0 or (len(pattern.words) < 2 and pattern.separator is None):
        raise Unusable("names nothing", 'Write the name as it stands in the title, for example "YouTube" or "… / X".')
    return pattern


def _one_segment(words: str) -> str:
    if len(cut(words).segments) != 1:
        raise Unusable(
            "holds a separator, so it is never one segment",
            f'Write {DOTS} at one end, as in "{DOTS}on Instagram: {DOTS}", or leave the separator out.',
        )
    return words


def _one_dash(separator: str) -> str:
    return "-" if separator in _DASHES else {"｜": "|", "：": ":"}.get(separator, separator)
