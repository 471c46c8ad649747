"""Translate the `Categories` of a `.desktop` file into our categories.

Invariant 1: the first row that fits decides; specific words come before general ones.
Source: the Desktop Menu Specification's registered categories.
"""

from collections.abc import Sequence
from typing import Final

from rules.features import UNKNOWN

BROWSER: Final = "webbrowser"
TERMINAL: Final = "terminalemulator"

ROWS: Final[tuple[tuple[str, str], ...]] = (
    ("game", "games"),
    ("email", "mail"),
    ("instantmessaging", "messaging"),
    ("chat", "messaging"),
    ("ircclient", "messaging"),
    ("videoconference", "messaging"),
    ("telephony", "call"),
    ("feed", "news"),
    ("news", "news"),
    (TERMINAL, "system"),
    (BROWSER, UNKNOWN),
    ("maps", "together"),
    ("photography", "together"),
    ("ide", "work"),
    ("texteditor", "work"),
    ("development", "work"),
    ("wordprocessor", "work"),
    ("spreadsheet", "work"),
    ("presentation", "work"),
    ("projectmanagement", "work"),
    ("finance", "work"),
    ("tv", "video"),
    ("video", "video"),
    ("player", "video"),
    ("dictionary", "reading"),
    ("literature", "reading"),
    ("viewer", "reading"),
    ("filemanager", "system"),
    ("monitor", "system"),
    ("packagemanager", "system"),
    ("settings", "system"),
    ("system", "system"),
    ("office", "work"),
    ("utility", "system"),
)
"""Keys are casefolded. Music, education, science and graphics are left out: they tell nothing about presence."""


def category_of(categories: Sequence[str]) -> tuple[str, str] | None:
    """Return our category and the registered word that decided, or None if no row fits."""
    by_key = {word.casefold(): word for word in categories}
    # A music player is not video, though it may be registered as "Player".
    if by_key.keys() & {"audio", "music"} and "video" not in by_key:
        by_key.pop("player", None)
    for key, category in ROWS:
        if key in by_key:
            return category, key
    return None
