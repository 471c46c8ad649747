"""Find the known word that somebody probably meant."""

from collections.abc import Iterable
from typing import Final

MAX_WORD: Final = 80
"""Letters of a word that are compared: the time grows with the square of the length."""


def nearest(word: str, known: Iterable[str], *, at_least: float = 0.6) -> str | None:
    """Return the known word that resembles `word` most, whatever the case; None if none resembles it by `at_least` of 1."""
    from difflib import get_close_matches  # noqa: PLC0415 - it is needed only after a mistake, and costs every start 3 ms

    by_folded = {spelling.casefold(): spelling for spelling in known}
    matches = get_close_matches(word.casefold()[:MAX_WORD], by_folded, n=1, cutoff=at_least)
    return by_folded[matches[0]] if matches else None
