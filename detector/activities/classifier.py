"""Classify a toplevel or an app of a phone: its category, its name, and why. Titles are dropped here.

Invariant 1: the first match counts, in this order: the program inside a terminal; the site that a browser's title names; the
        app id; the program; the `.desktop` file; `other`, or `unknown` in a browser. The person's own entries come first.
Invariant 2: a classification contains nothing of the title but the catalogue's own pattern.
Invariant 3: any input is allowed, takes bounded time, and opens no file.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from detector.activities.freedesktop import BROWSER, category_of
from detector.activities.index import EntryIndex, EntryMatch
from detector.activities.model import Classification, Entry
from detector.activities.patterns import EDGE, SplitTitle, clean, is_valid_pattern, normalize, shorten, split_title
from detector.activities.settings import OwnEntry
from detector.i18n import _
from rules.features import UNKNOWN

OTHER: Final = "other"
LOCK_SCREEN: Final = "Lock screens"
"""The entry of lock screens."""
OWN_FILE: Final = "config.toml"

# The app id of an installed site in Chromium's browsers: brand, site or extension id, profile.
_WEB_APP: Final = re.compile(
    r"(?:chrome|chromium|msedge|brave|vivaldi|opera)-(.{1,160})-(?:default|profile[ _]?\d{1,3})"
)
# Stored as the activity's name where names are kept, so it is not translated.
_WEB_APP_BROWSER: Final = "of a web app"
_EXTENSION: Final = re.compile(r"[a-p]{32}")
_WAYDROID: Final = "waydroid."
_EDITIONS: Final = frozenset(
    [
        "alpha",
        "app",
        "appimage",
        "aurora",
        "beta",
        "bin",
        "browser",
        "canary",
        "client",
        "community",
        "desktop",
        "dev",
        "developer",
        "edition",
        "enterprise",
        "esr",
        "exe",
        "git",
        "gtk",
        "insiders",
        "nightly",
        "oss",
        "portable",
        "preview",
        "professional",
        "qt",
        "snapshot",
        "stable",
        "twilight",
        "unstable",
        "wayland",
        "x11",
    ]
)
"""Words that may follow the name of a program in its app id."""
_PER_LAUNCH: Final = re.compile(r"\._[0-9a-z]{4,}$")
_VERSION: Final = re.compile(r"v?\d[\d.]*")
_WORD_END: Final = re.compile(r"[\s\-_]+")
_TITLE_HOST: Final = "electron"
"""The app id of programs without their own; their titles end with the program's name."""
_MAX_PRIVATE_WORDS: Final = 6
_NUMBER: Final = re.compile(r" \d{1,3}$")
_MORE_PAGES: Final = re.compile(r" (?:and|und|et|y|e|en|i|og|och|ja|ve|и) (?:[^\W\d]{2,8} )?\d{1,4} [^\d]{3,30}$")
"""Edge puts "and 3 more pages" between a page's title and its profile, in several languages."""


class _Query(NamedTuple):
    """The normalized names of a toplevel. `pages`: the title of a browser; `as_app`: it is a web app."""

    app: str
    program: str
    inside: str
    browser: str | None = None
    pages: tuple[SplitTitle, ...] = ()
    as_app: bool = False


class Classifier:
    """The catalogue and the person's own entries.

    `desktop_categories` returns the `Categories` of the `.desktop` file of an app id, empty without one, as
    `desktop_files.DesktopFiles` does.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        own: Sequence[OwnEntry] = (),
        desktop_categories: Callable[[str], Sequence[str]] = lambda _app_id: (),
    ) -> None:
        self._catalogue: Final = EntryIndex(entries)
        self._own: Final = EntryIndex(_as_entries(own), is_own=True)
        self._desktop_categories: Final = desktop_categories

    def classify(
        self, app_id: str, title: str = "", program: str | None = None, inside: str | None = None
    ) -> Classification:
        """Return what the toplevel is. The arguments are those of `Toplevel`; any text is allowed."""
        query = self._query(app_id, title, program, inside)
        # Invariant 1, for the person's own entries first, then for the catalogue.
        for index in (self._own, self._catalogue):
            if found := self._find(index, query):
                match, why = found
                return _classification(match, why, browser=query.browser or "")
        browser, app = query.browser, query.app
        if browser:
            why = _("It is the browser {browser}, and no entry fits its title.").format(browser=browser)
            return Classification(category=UNKNOWN, name=browser, why=why, entry=None)
        if app == _TITLE_HOST and (by_title := self._catalogue.find_app(self._pages(title, None)[0][0].segments[-1])):
            return _classification(
                by_title, _("It is made with Electron, and its title ends with “{name}”, as {place} says.")
            )
        return self._by_desktop_file(app_id, title)

    def _query(self, app_id: str, title: str, program: str | None, inside: str | None) -> _Query:
        app = self._app_key(app_id)
        program_key = normalize(program[:EDGE]) if program else ""
        inside_key = normalize(inside[:EDGE]) if inside and self._may_be_terminal(app) else ""
        browser, as_app = self._browser(app, program_key)
        if not browser:
            return _Query(app, program_key, inside_key)
        pages, is_branded = self._pages(title, browser)
        # A browser that adds its brand to titles does not add it for an installed site.
        as_app = as_app or (browser in self._catalogue.brands_of and not is_branded)
        return _Query(app, program_key, inside_key, browser, pages, as_app)

    def _find(self, index: EntryIndex, query: _Query) -> tuple[EntryMatch, str] | None:
        """Return the first match in the index, and the sentence that says why."""
        app, program, browser = query.app, query.program, query.browser
        if query.inside and (match := index.find_inside(query.inside)):
            return match, _("Inside the terminal runs “{name}”, as {place} says.")
        if browser and (match := _first_site(index, query.pages, as_app=query.as_app)):
            return match, _("It is the browser {browser}, and its title fits “{name}”, as {place} says.")
        by_app = index.find_app(app) if app else None
        if by_app and not (by_app.entry.kind == "browser" and by_app.entry.name == browser):
            return by_app, _("Its app id fits “{name}”, as {place} says.")
        if app.startswith(_WAYDROID) and (match := index.find_package(app.removeprefix(_WAYDROID))):
            return match, _("It is the Android app “{name}”, as {place} says.")
        if program and (index is self._own or not browser) and (match := index.find_program(program)):
            return match, _("Its program is “{name}”, as {place} says.")
        return None

    def classify_phone(self, package: str) -> Classification:
        """Return what an app on a phone is, by its Android package or its iOS bundle id."""
        key = normalize(package[:EDGE])
        for index in (self._own, self._catalogue):
            if key and (match := index.find_package(key)):
                found = _classification(match, _("Its package is “{name}”, as {place} says."))
                # Which page it shows is not known, so its category is not known either.
                is_browser = match.entry.kind == "browser" and not match.entry.is_own
                return replace(found, category=UNKNOWN) if is_browser else found
        return Classification(category=OTHER, name=None, why=_("No entry names its package."), entry=None)

    def browser_and_site(self, app_id: str, title: str, program: str | None = None) -> tuple[str | None, str | None]:
        """Return the browser, if it is one, and the last segment of its title, where a site puts its name.

        The segment is a part of the title: only a text that the person typed may be passed in.
        """
        browser, _as_app = self._browser(self._app_key(app_id), normalize(program[:EDGE]) if program else "")
        if not browser:
            return None, None
        (page, *_others), _is_branded = self._pages(title, browser)
        site = page.segments[-1] if page.text else ""
        at = normalize(title).find(site)
        typed = clean(title)
        # In the person's own case, if casefolding changed no lengths.
        found = typed[at : at + len(site)] if normalize(typed[at : at + len(site)]) == site else site
        return browser, found if is_valid_pattern(found) else None

    def _app_key(self, app_id: str) -> str:
        """Return the first form of the app id that an entry has, else the whole app id."""
        forms = tuple(_app_forms(app_id))
        known = (form for form in forms if form and (self._own.find_app(form) or self._catalogue.find_app(form)))
        return next(known, forms[0])

    def _may_be_terminal(self, app: str) -> bool:
        # A browser of the catalogue, for example, is not a terminal, even if a sensor reports a program inside.
        match = self._catalogue.find_app(app) if app else None
        return match is None or match.entry.kind == "terminal"

    def _browser(self, app: str, program: str) -> tuple[str | None, bool]:
        match = self._catalogue.find_app(app) if app else None
        if match is None and (app.startswith(("crx_", "ffpwa-")) or _WEB_APP.fullmatch(app)):
            return _WEB_APP_BROWSER, True
        if match is None and program:
            match = self._catalogue.find_program(program)
        return (match.entry.name, False) if match and match.entry.kind == "browser" else (None, False)

    def _pages(self, title: str, browser: str | None) -> tuple[tuple[SplitTitle, ...], bool]:
        """Return the title of the page without the browser's additions, and whether the browser added its brand.

        There is a second title without the last segment, if that may be the name of a profile.
        """
        # A browser appends its brand, some of them the profile before it: "Cats - YouTube - Work - Microsoft Edge".
        page = split_title(normalize(shorten(title)))
        brands = self._catalogue.brands
        is_branded = False
        while page.text and page.segments[-1].startswith(brands) and _is_brand(page.segments[-1], brands):
            page, is_branded = page.without_last(), True
        own_brands = self._catalogue.brands_of.get(browser or "", ())
        if own_brands and not is_branded and (bare := _without_private(page, own_brands)) is not None:
            page, is_branded = bare, True
        if not is_branded:
            return (page,), False
        while page.text and _NUMBER.sub("", page.segments[-1]) in self._catalogue.profiles:
            page = page.without_last()
        page = _without_count_of_pages(page)
        if _may_end_with_profile(page, has_profiles=browser in self._catalogue.naming_profiles):
            return (page, _without_count_of_pages(page.without_last())), True
        return (page,), True

    def _by_desktop_file(self, app_id: str, title: str) -> Classification:
        found = category_of(self._desktop_categories(app_id)) if app_id else None
        if found is None:
            why = _("No entry fits, and no .desktop file says more.")
            return Classification(category=OTHER, name=None, why=why, entry=None)
        category, word = found
        if word == BROWSER:
            pages, _is_branded = self._pages(title, None)
            for index in (self._own, self._catalogue):
                if match := _first_site(index, pages, as_app=False):
                    why = _(
                        "Its .desktop file says that it is a browser, and its title fits “{name}”, as {place} says."
                    )
                    return _classification(match, why)
        why = _("No entry fits; its .desktop file says “{word}”.").format(word=word)
        return Classification(category=category, name=None, why=why, entry=None)


def _app_forms(app_id: str) -> Iterator[str]:
    """Yield the whole app id, normalized, then the shorter forms that an entry may have."""
    key = normalize(app_id[:EDGE])
    web_app = _WEB_APP.fullmatch(key)
    if web_app:
        yield f"crx_{web_app[1]}" if _EXTENSION.fullmatch(web_app[1]) else key
        return
    key = _PER_LAUNCH.sub("", key.removesuffix(".exe"))
    half, _underscore, other_half = key.partition("_")
    # Snap joins the names of the snap and the app, which are mostly equal.
    key = half if half and half == other_half else key
    yield key
    # The last part of a name in reverse DNS form is the program's: io.github.zen_browser.zen.
    parts = key.split(".") if " " not in key else [key]
    while len(parts) > 2 and parts[-1] in _EDITIONS:
        parts.pop()
    family = parts[-1] if len(parts) > 2 else key
    yield family
    words = [word for word in _WORD_END.split(family) if word]
    while len(words) > 1 and (words[-1] in _EDITIONS or _VERSION.fullmatch(words[-1])):
        words.pop()
        yield " ".join(words)


def _first_site(index: EntryIndex, pages: Iterable[SplitTitle], *, as_app: bool) -> EntryMatch | None:
    return next((match for page in pages if (match := index.find_site(page, as_app=as_app))), None)


def _without_private(page: SplitTitle, brands: tuple[str, ...]) -> SplitTitle | None:
    """Return the title without what a private window adds in the browser's language, or None if it adds nothing."""
    last = page.segments[-1]
    if len(last.split()) > _MAX_PRIVATE_WORDS:
        return None
    # "… — Navigation privée de Mozilla Firefox", "… — Mozilla Firefox — navegação privativa".
    if any(f" {brand} " in f" {last} " for brand in brands):
        return page.without_last()
    return page.without_last().without_last() if len(page.segments) > 1 and page.segments[-2] in brands else None


def _without_count_of_pages(page: SplitTitle) -> SplitTitle:
    more = _MORE_PAGES.search(page.text)
    return split_title(page.text[: more.start()]) if more else page


def _may_end_with_profile(page: SplitTitle, *, has_profiles: bool) -> bool:
    if len(page.segments) < 2 or len(page.segments[-1].split()) > 2:
        return False
    # Firefox puts the dash of its brand before a profile's name, too; few pages use that dash.
    return has_profiles or page.text[page.ends[-2] :].startswith(" — ")


def _is_brand(segment: str, brands: tuple[str, ...]) -> bool:
    return any(
        segment.startswith(brand) and (len(segment) == len(brand) or not segment[len(brand)].isalnum())
        for brand in brands
    )


def _classification(match: EntryMatch, why: str, **values: str) -> Classification:
    entry = match.entry
    place = entry.file if entry.is_own else _("{entry} in {file}").format(entry=entry.name, file=entry.file)
    sentence = why.format(name=match.pattern, place=place, **values)
    return Classification(
        category=entry.category, name=entry.name or None, why=sentence, entry=place, domains=entry.domains
    )


def _as_entries(own: Sequence[OwnEntry]) -> Iterable[Entry]:
    for number, entry in enumerate(own, start=1):
        yield Entry(
            name=entry.name or "",
            category=entry.category,
            file=_("activity {number} in {file}").format(number=number, file=OWN_FILE),
            apps=entry.apps,
            sites=tuple(site for site in entry.sites if is_valid_pattern(site)),
            programs=entry.programs,
            android=entry.android,
            ios=entry.ios,
        )
