"""Look for what a person saw or typed in every place where a program can leave something behind.

Invariant 1: eight letters in a row are a trace, so that a word split between two pages of a file is found by its longer half.
Invariant 2: capital letters, UTF-8 and both kinds of UTF-16 are all the same word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

PIECE: Final = 8
LEAST: Final = 2 * PIECE
"""Minimum length of a word, so that one half of it is a piece wherever it is split."""


def is_in(word: str, content: bytes) -> bool:
    """Tell whether a piece of the word is in the content."""
    lowered = content.lower()
    length = min(PIECE, len(word))
    pieces = (word[start : start + length].lower() for start in range(len(word) - length + 1))
    return any(piece.encode(coding) in lowered for piece in pieces for coding in ("utf-8", "utf-16-le", "utf-16-be"))


def below(folder: Path) -> dict[str, bytes]:
    """Return every file below the folder, whatever its name."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def traces(words: Iterable[str], places: Mapping[str, bytes]) -> set[tuple[str, str]]:
    """Return each word with each place in which it is; the name of a place counts, too."""
    wanted = list(words)
    return {
        (word, place)
        for place, content in places.items()
        for word in wanted
        if is_in(word, content) or is_in(word, place.encode())
    }
