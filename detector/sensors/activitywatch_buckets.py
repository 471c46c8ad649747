"""What ActivityWatch's buckets hold, and whose they are: told by their names and types. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["focus", "idle", "tab", "app", "unlock"]

ANDROID: Final = "aw-watcher-android"
"""The beginning of every bucket that ActivityWatch for Android fills; what follows differs from version to version."""

_TYPES: Final[dict[str, Kind]] = {
    "currentwindow": "focus",
    "afkstatus": "idle",
    "web.tab.current": "tab",
    "os.lockscreen.unlocks": "unlock",
}


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser as its own toplevels are called: its app id, and what it appends to the title of a page."""

    word: str
    app_id: str
    brand: str

    def title(self, page: str) -> str:
        """Return the title that the toplevel has while it shows the page."""
        return f"{page} — {self.brand}"


BROWSERS: Final = (
    Browser("librewolf", "librewolf", "LibreWolf"),
    Browser("firefox", "firefox", "Mozilla Firefox"),
    Browser("chromium", "chromium", "Chromium"),
    Browser("chrome", "google-chrome", "Google Chrome"),
    Browser("edge", "microsoft-edge", "Microsoft Edge"),
    Browser("brave", "brave-browser", "Brave"),
    Browser("opera", "opera", "Opera"),
    Browser("vivaldi", "vivaldi", "Vivaldi"),
)
ANY_BROWSER: Final = BROWSERS[1]


def kind_of(name: str, type_: str) -> Kind | None:
    """Return what the bucket of this id and type holds, or None where it is nothing that is looked at."""
    kind = _TYPES.get(type_)
    if name.startswith(ANDROID) and kind != "unlock":
        return "app" if type_ in {"currentwindow", ""} else None
    return kind


def browser_of(name: str) -> Browser | None:
    """Return the browser that an app or a bucket of tabs is called after, or None."""
    lowered = name.lower()
    return next((browser for browser in BROWSERS if browser.word in lowered), None)
