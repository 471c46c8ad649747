"""Text from a calendar, made fit to be kept and shown: one line, of at most 80 characters, none of which steers a terminal."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

LONGEST: Final = 80
UNNAMED: Final = "Partner time"
"""The title of an event that has none but its tag."""

_STEERS: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINER: Final = "\u200d"  # joins emoji, and steers nothing


def clean(text: str) -> str:
    """Return the text as one line of at most 80 characters; empty if nothing of it can be shown."""
    if text.isprintable() and text.isascii():
        shown = text
    else:
        shown = "".join(
            letter if letter == _JOINER or unicodedata.category(letter) not in _STEERS else " "
            for letter in text[: LONGEST * 20]
        )
    line = " ".join(shown.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"


def has_tag(title: str, tag: str) -> bool:
    """Return whether the tag stands in the title as a word, in whatever case: `#us`, but not `#USA`."""
    return _word(tag).search(title) is not None


def without_tag(title: str, tag: str) -> str:
    """Return the title without the tag, fit to be kept; it always has a name."""
    return clean(_word(tag).sub(" ", title)) or UNNAMED


@lru_cache(maxsize=16)
def _word(tag: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w#]){re.escape(tag)}(?!\w)", re.IGNORECASE)
