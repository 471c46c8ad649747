"""What a toplevel is to the person: its category, its name, and why. Titles end here.

Rule 1: the person's own entries win; then the program inside a terminal; then, in a browser alone, the site that the
        title names; then the app id; then the program; then the `.desktop` file; then `other`.
Rule 2: nothing of a title leaves this file: of a title's words a verdict holds the catalogue's own pattern at most.
Rule 3: no input can make it fail or take long; it touches no file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from detector.activities.freedesktop import BROWSER, category_of
from detector.activities.index import Hit, Index, Owner
from detector.activities.model import Classification, Entry
from detector.activities.patterns import EDGE, Title, bounded, cut, is_usable, plain, readable
from detector.activities.settings import OwnEntry

OTHER: Final = "other"
OWN_FILE: Final = "config.toml"

_WEB_APP: Final = re.compile(
    r"(?:chrome|chromium|msedge|brave|vivaldi|opera)-(.{1,160})-(?:default|profile[ _]?\d{1,3})"
)
_EXTENSION: Final = re.compile(r"[a-p]{32}")
_WAYDROID: Final = "waydroid."
_NUMBER: Final = re.compile(r" \d{1,3}$")
_MORE_PAGES: Final = re.compile(
    r" (?:and|und|et|y|e|en|i|og|och|ja|ve|и) (?:[^\W\d]{2,8} )?\d{1,4} [^\d]{3,30}$",
)


def _no_categories(app_id: str) -> Sequence[str]:
    del app_id
    return ()


class Classifier:
    """The catalogue and the person's own entries, ready to be asked.

    `desktop_categories` returns the `Categories` of the `.desktop` file that belongs to an app id, empty where there is
    none; `desktop_files.DesktopFiles` is the real one.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        own: Sequence[OwnEntry] = (),
        desktop_categories: Callable[[str], Sequence[str]] = _no_categories,
    ) -> None:
        self._built_in: Final = Index(entries)
        self._own: Final = Index(_as_entries(own), loosely=True)
        self._desktop_categories: Final = desktop_categories

    def classify(
        self, app_id: str, title: str = "", program: str | None = None, inside: str | None = None
    ) -> Classification:
        """Return what the toplevel is. The arguments are those of `Toplevel`; any text will do."""
        app = _app_key(app_id)
        ran = plain(program[:EDGE]) if program else ""
        within = plain(inside[:EDGE]) if inside else ""
        browser, as_app = self._browser(app, ran)
        page = self._page(title) if browser else None
        if page is not None:
            # A browser that brands its titles shows none on the toplevel of an installed site.
            as_app = as_app or (browser in self._built_in.branding and not page[1])
        if within and not self._may_be_terminal(app):
            within = ""
        for index in (self._own, self._built_in):
            if within and (hit := index.inside(within)):
                return _verdict(hit, f"Inside the terminal runs “{hit.written}”")
            if browser and page and (hit := index.site(page[0], as_app=as_app)):
                return _verdict(hit, f"It is the browser {browser}, and its title fits “{hit.written}”")
            if app and (hit := index.app(app)) and not (hit.owner.kind == "browser" and hit.owner.name == browser):
                return _verdict(hit, f"Its app id fits “{hit.written}”")
            if app.startswith(_WAYDROID) and (hit := index.package(app.removeprefix(_WAYDROID))):
                return _verdict(hit, f"It is the Android app “{hit.written}”")
            if ran and (index is self._own or not browser) and (hit := index.program(ran)):
                return _verdict(hit, f"Its program is “{hit.written}”")
        if browser:
            why = f"It is the browser {browser}, and no entry fits its title."
            return Classification(category=OTHER, name=browser, why=why, entry=None)
        return self._by_desktop_file(app_id, title)

    def classify_phone(self, package: str) -> Classification:
        """Return what an app on a phone is, by its Android package or its iOS bundle id."""
        key = plain(package[:EDGE])
        for index in (self._own, self._built_in):
            if key and (hit := index.package(key)):
                return _verdict(hit, f"Its package is “{hit.written}”")
        return Classification(category=OTHER, name=None, why="No entry names its package.", entry=None)

    def site_named(self, app_id: str, title: str, program: str | None = None) -> tuple[str | None, str | None]:
        """Return the browser that this is, if it is one, and the last words of its title, where a site puts its name.

        The words are a piece of the title as it was given: only what the person typed may be handed in.
        """
        browser, _ = self._browser(_app_key(app_id), plain(program[:EDGE]) if program else "")
        if not browser:
            return None, None
        page, _ = self._page(title)
        site = page.segments[-1] if page.text else ""
        at = plain(title).find(site)
        typed = readable(title)
        # Where folding changed no lengths, the words are given back in the person's own capitals.
        kept = typed[at : at + len(site)] if plain(typed[at : at + len(site)]) == site else site
        return browser, kept if is_usable(kept) else None

    def _may_be_terminal(self, app: str) -> bool:
        # What calls itself a browser is one, whatever program a sensor found behind it.
        hit = self._built_in.app(app) if app else None
        return hit is None or hit.owner.kind == "terminal"

    def _browser(self, app: str, program: str) -> tuple[str | None, bool]:
        hit = self._built_in.app(app) if app else None
        if hit is None and (app.startswith("crx_") or _WEB_APP.fullmatch(app)):
            return "of a web app", True
        if hit is None and program:
            hit = self._built_in.program(program)
        return (hit.owner.name, False) if hit and hit.owner.kind == "browser" else (None, False)

    def _page(self, title: str) -> tuple[Title, bool]:
        page = cut(plain(bounded(title)))
        brands = self._built_in.brands
        branded = False
        while page.text and page.segments[-1].startswith(brands) and _is_brand(page.segments[-1], brands):
            page, branded = page.without_last(), True
        if branded and _NUMBER.sub("", page.segments[-1]) in self._built_in.profiles:
            page = page.without_last()
            if more := _MORE_PAGES.search(page.text):
                page = cut(page.text[: more.start()])
        return page, branded

    def _by_desktop_file(self, app_id: str, title: str) -> Classification:
        found = category_of(self._desktop_categories(app_id)) if app_id else None
        if found is None:
            return Classification(
                category=OTHER, name=None, why="No entry fits, and no .desktop file says more.", entry=None
            )
        category, word = found
        if word == BROWSER:
            page, _ = self._page(title)
            for index in (self._own, self._built_in):
                if hit := index.site(page, as_app=False):
                    return _verdict(
                        hit, f"Its .desktop file says that it is a browser, and its title fits “{hit.written}”"
                    )
        why = f"No entry fits; its .desktop file says “{word}”."
        return Classification(category=category, name=None, why=why, entry=None)


def _app_key(app_id: str) -> str:
    key = plain(app_id[:EDGE])
    web_app = _WEB_APP.fullmatch(key)
    if web_app and _EXTENSION.fullmatch(web_app[1]):
        return f"crx_{web_app[1]}"
    half, _, other_half = key.partition("_")
    # Snap names a desktop file after the snap and the app, which mostly are the same word.
    return half if half and half == other_half else key


def _is_brand(segment: str, brands: tuple[str, ...]) -> bool:
    return any(
        segment.startswith(brand) and (len(segment) == len(brand) or not segment[len(brand)].isalnum())
        for brand in brands
    )


def _verdict(hit: Hit, found: str) -> Classification:
    owner: Owner = hit.owner
    place = owner.file if owner.file.endswith(OWN_FILE) else f"{owner.name} in {owner.file}"
    return Classification(
        category=owner.category, name=owner.name or None, why=f"{found}, as {place} says.", entry=place
    )


def _as_entries(own: Sequence[OwnEntry]) -> Iterable[Entry]:
    for number, entry in enumerate(own, start=1):
        yield Entry(
            name=entry.name or "",
            category=entry.category,
            file=f"activity {number} in {OWN_FILE}",
            apps=entry.apps,
            sites=tuple(site for site in entry.sites if is_usable(site)),
            programs=entry.programs,
            android=entry.android,
            ios=entry.ios,
        )
