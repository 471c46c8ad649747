"""The program's name for notification servers, and text that is safe for any channel: visible characters, no markup.

Invariant 1: no control character, no lone surrogate and no character that turns the direction of writing leaves here.
Invariant 2: what is too long is cut with an ellipsis, never refused.
"""

import unicodedata
from pathlib import Path
from typing import Final

APP_NAME: Final = "Turntoward"
"""The name under which our own notifications reach a server."""
DESKTOP_ENTRY: Final = "turntoward"
"""Their desktop entry, and the name of what is ours in a server's configuration."""
ICON: Final = Path(__file__).with_name("turntoward.svg")

TITLE_LIMIT: Final = 200
BODY_LIMIT: Final = 1000

# Characters that reorder or hide their neighbours; the joiners of emoji are not among them.
_TURNING: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
# For notify-send and plyer, whose servers differ in what they interpret: nothing that any of them might.
_LOOKALIKES: Final = str.maketrans({"<": "‹", ">": "›", "&": "＆", "\\": "∖"})


def with_app_name(title: str) -> str:
    """Return the title with the program's name before it, for channels that do not show the sender."""
    return f"{APP_NAME}: {title}" if title else APP_NAME


def one_line(text: str, limit: int = TITLE_LIMIT) -> str:
    spaced = "".join(" " if character.isspace() else character for character in text)
    kept = "".join(character for character in spaced if _is_visible(character))
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def escape_markup(text: str) -> str:
    """Return the text for a server that reads markup in bodies: the text comes out as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def without_markup(text: str) -> str:
    """Return the text for a channel of which nobody knows whether it reads markup or backslashes: lookalikes instead."""
    return text.translate(_LOOKALIKES)


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cs"} and character not in _TURNING
