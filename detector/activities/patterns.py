"""Recognise a site by the title that a browser shows: split titles into segments, and read the patterns for them.

Invariant 1: only the first and the last `EDGE` characters of a title are read, so the work is bounded.
Invariant 2: a pattern fits whole segments or whole words at an edge of the title, never a piece of a word.

A pattern is written as the title looks, with `…` for whatever else stands there:

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

from detector.i18n import _

EDGE: Final = 200
ELLIPSIS: Final = "…"

Position: TypeAlias = Literal["last", "first", "any", "whole", "begins", "ends", "within"]

_DASHES: Final = "-‐‑‒–—―−"
# Between spaces, so that a hyphenated word or a time stays whole; a colon needs a space after it only.
_SEPARATOR: Final = re.compile(rf"\s*([:：])\s+| ([|｜•·/»›]|[{_DASHES}]) |([｜])")
# "(3) Inbox", "[12] chat", "• news": counts and marks of unread things change all the time.
_COUNT: Final = re.compile(r"^(?:\(\d[^()]{0,24}\)|\[\d{1,6}\+?\]|[•●*🔴])\s*")
_TRAILING_COUNT: Final = re.compile(r"\s*\(\d[\d.,+]{0,8}\)$")
_REMOVED: Final = dict.fromkeys((173, 1564, 6158, *range(8203, 8208), *range(8234, 8239), *range(8288, 8304), 65279))
_TO_SPACE: Final = dict.fromkeys((*range(0x20), *range(0x7F, 0xA1), 0x2007, 0x2028, 0x2029, 0x202F), " ")
_CLEANED: Final[dict[int, str | None]] = {**_REMOVED, **_TO_SPACE}


class BadPattern(ValueError):
    """A pattern cannot be used: `problem` is a sentence about it without its subject, `hint` is what to do."""

    def __init__(self, problem: str, hint: str | None = None) -> None:
        self.hint = hint
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class TitlePattern:
    """A pattern as it was read: at which position in the title `words` must stand; `separator` None means any."""

    position: Position
    words: str
    separator: str | None = None


@dataclass(frozen=True, slots=True)
class SplitTitle:
    """A title as it is compared: normalized, without counts, split into segments with the separators between them."""

    text: str
    segments: tuple[str, ...]
    separators: tuple[str, ...]
    ends: tuple[int, ...]

    def without_last(self) -> SplitTitle:
        """Return the title without its last segment and the separator before it; of a single segment, nothing."""
        if len(self.segments) < 2:
            return SplitTitle("", ("",), (), (0,))
        return SplitTitle(self.text[: self.ends[-2]], self.segments[:-1], self.separators[:-1], self.ends[:-1])


def normalize(text: str) -> str:
    """Return the text as it is compared: without control and direction marks, one space between words, case folded."""
    # Nearly every title is printable, and then there is nothing to remove.
    if not text.isprintable():
        text = text.translate(_CLEANED)
    return " ".join(text.split()).casefold()


def clean(text: str) -> str:
    """Return the text as it can be written down: like `normalize`, but in its own case."""
    return " ".join(text.translate(_CLEANED).split())


def shorten(title: str) -> str:
    """Return the title, and of a long one the first and the last `EDGE` characters."""
    if len(title) <= 2 * EDGE:
        return title
    return title[:EDGE] + ELLIPSIS + title[-EDGE:]


def split_title(text: str) -> SplitTitle:
    """Split a title that is normalized already; a leading count of unread things is left out."""
    text = _COUNT.sub("", text)
    parts: list[str] = []
    separators: list[str] = []
    ends: list[int] = []
    start = 0
    # By hand rather than by `re.split`, because the position of each segment is needed as well.
    for found in _SEPARATOR.finditer(text):
        parts.append(text[start : found.start()])
        separators.append(_one_dash(found[1] or found[2] or found[3]))
        ends.append(found.start())
        start = found.end()
    parts.append(text[start:])
    segments = tuple(_TRAILING_COUNT.sub("", part) if part.endswith(")") else part for part in parts)
    return SplitTitle(text, segments, tuple(separators), (*ends, len(text)))


def read_pattern(written: str) -> TitlePattern:
    """Return what a written pattern means.

    Raises:
        BadPattern: if it would fit everything, or nothing.
    """
    folded = normalize(written)
    before, after = folded.startswith(ELLIPSIS), folded.endswith(ELLIPSIS)
    words = folded.strip(ELLIPSIS)
    if ELLIPSIS in words:
        raise BadPattern(_("has … in the middle"), _("The sign … may stand at the beginning and at the end only."))
    if before and after:
        if words.startswith(" | ") and words.endswith(" | "):
            return _require_name(TitlePattern("any", _one_segment(words.removeprefix(" | ").removesuffix(" | "))))
        return _require_name(TitlePattern("within", words.strip()))
    if before:
        return _require_name(_edge_pattern(words, "last", "ends"))
    if after:
        return _require_name(_edge_pattern(words, "first", "begins"))
    if words.startswith("="):
        return _require_name(TitlePattern("whole", _one_segment(words[1:].strip())))
    return _require_name(TitlePattern("last", _one_segment(words)))


def is_valid_pattern(written: str) -> bool:
    """Return whether `read_pattern` takes it; `settings.check_own_entries` says why not."""
    try:
        read_pattern(written)
    except BadPattern:
        return False
    return True


def _edge_pattern(words: str, segment: Position, edge: Position) -> TitlePattern:
    # The title is split with a placeholder for the ellipsis: is the ellipsis a segment of its own?
    placeholder = "x"
    parts = split_title(words + placeholder if segment == "first" else placeholder + words)
    if len(parts.segments) == 2:
        name, other = parts.segments if segment == "first" else reversed(parts.segments)
        if other == placeholder:
            return TitlePattern(segment, name, parts.separators[0])
    if words != words.strip():
        raise BadPattern(
            _("has a space beside … but no separator"), _('Write for example "… - YouTube" or "Amazon.com…".')
        )
    return TitlePattern(edge, words)


def _require_name(pattern: TitlePattern) -> TitlePattern:
    # A single letter is a name only where a separator sets it apart, as in "… / X".
    letters = sum(letter.isalnum() for letter in pattern.words)
    if letters == 0 or (len(pattern.words) < 2 and pattern.separator is None):
        raise BadPattern(
            _("names nothing"), _('Write the name as it stands in the title, for example "YouTube" or "… / X".')
        )
    return pattern


def _one_segment(words: str) -> str:
    if len(split_title(words).segments) != 1:
        raise BadPattern(
            _("holds a separator, so it is never one segment"),
            _('Write … at one end, as in "…on Instagram: …", or leave the separator out.'),
        )
    return words


def _one_dash(separator: str) -> str:
    return "-" if separator in _DASHES else {"｜": "|", "：": ":"}.get(separator, separator)
