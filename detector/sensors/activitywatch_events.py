"""The kind of each bucket of ActivityWatch, by its name and type, and the fields of its events. Pure.

Invariant 1: a title, an address and an app's name are in no repr. Other fields of an event are not read.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

import msgspec

T = TypeVar("T")
BucketKind: TypeAlias = Literal["focus", "idle", "tab", "app", "unlock"]

ANDROID: Final = "aw-watcher-android"
"""The beginning of the name of every bucket that ActivityWatch for Android fills; the rest differs between versions."""

_TYPES: Final[dict[str, BucketKind]] = {
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
FIREFOXES: Final = BROWSERS[:2]
"""Those that take extensions for Firefox; the others take those for Chrome."""


def bucket_kind(name: str, type_: str) -> BucketKind | None:
    """Return the kind of the bucket with this id and type, None where it is not used here."""
    kind = _TYPES.get(type_)
    if name.startswith(ANDROID) and kind != "unlock":
        return "app" if type_ in {"currentwindow", ""} else None
    return kind


def browser_for(name: str) -> Browser | None:
    """Return the browser that an app, or a bucket of tabs, is named after."""
    # Behind the underscore of a bucket stands the name of the computer.
    lowered = name.lower().partition("_")[0]
    return next((browser for browser in BROWSERS if browser.word in lowered), None)


def may_stand_in(named: Browser, front: Browser | None) -> bool:
    """Return whether the tabs of a bucket that names `named` may be of `front`: an extension for Chrome runs in Edge, too."""
    return front is None or (named in FIREFOXES) == (front in FIREFOXES)


class _HiddenFields(msgspec.Struct):
    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class FrontFields(_HiddenFields):
    """The toplevel in front on a desktop."""

    app: str | None = None
    title: str | None = None


class AfkFields(_HiddenFields):
    """Whether anybody is there: "afk" or "not-afk"."""

    status: str


class TabFields(_HiddenFields):
    """The page that a browser shows."""

    title: str | None = None
    url: str | None = None


class AppFields(_HiddenFields):
    """The app in front on an Android phone."""

    package: str | None = None
    app: str | None = None
    classname: str | None = None


class UnlockFields(_HiddenFields):
    """A phone was unlocked."""


class ActivityWatchEvent(msgspec.Struct, Generic[T]):
    """One event: from `timestamp` on, for `duration` seconds."""

    timestamp: datetime
    content: T = msgspec.field(name="data")
    duration: float = 0.0

    @property
    def began(self) -> datetime:
        """When it began, in UTC: ActivityWatch itself reads a time without a zone so."""
        return (self.timestamp if self.timestamp.tzinfo else self.timestamp.replace(tzinfo=UTC)).astimezone(UTC)

    @property
    def ended(self) -> datetime:
        """The last instant at which the watcher reported it. Raises `OverflowError` where there is no such instant."""
        return self.began + timedelta(seconds=self.duration)


EVENT_TYPES: Final[dict[BucketKind, Any]] = {
    "focus": ActivityWatchEvent[FrontFields],
    "idle": ActivityWatchEvent[AfkFields],
    "tab": ActivityWatchEvent[TabFields],
    "app": ActivityWatchEvent[AppFields],
    "unlock": ActivityWatchEvent[UnlockFields],
}
