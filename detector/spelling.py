"""Suggest the known word that somebody probably meant."""

from collections.abc import Iterable

from detector.i18n import _
from rules.spelling import nearest


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return "Did you mean 'x'?" with the nearest known word, else `otherwise`."""
    near = nearest(word, known)
    return _("Did you mean '{word}'?").format(word=near) if near else otherwise
