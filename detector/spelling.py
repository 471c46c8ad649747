"""Suggest the known word that somebody probably meant."""

from collections.abc import Iterable

from detector.i18n import _

MAX_WORD = 80
"""Only so many letters of a word are compared: the time grows with the square of the length."""


def nearest(word: str, known: Iterable[str], *, at_least: float = 0.6) -> str | None:
    """Return the known word that resembles this one most, whatever the case; None if none is near: `at_least` of 1 so."""
    from difflib import get_close_matches  # noqa: PLC0415 - it is needed only after a mistake, and costs every start 3 ms

    # Compared whatever the case, but suggested as it is written in `known`.
    by_folded = {spelling.casefold(): spelling for spelling in known}
    matches = get_close_matches(word.casefold()[:MAX_WORD], by_folded, n=1, cutoff=at_least)
    return by_folded[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return "Did you mean 'x'?" with the nearest known word, else `otherwise`."""
    near = nearest(word, known)
    return _("Did you mean '{word}'?").format(word=near) if near else otherwise
