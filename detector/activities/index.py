"""Entries indexed for look-up: by app id, by program, by package, and by where their patterns stand in a title.

Invariant 1: where two entries claim the same name, the first one has it; in the catalogue a test forbids that.
Invariant 2: a look-up costs the same whatever the number of entries, but for the few patterns that are no segments.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from detector.activities.model import Entry, Kind
from detector.activities.patterns import (
    SplitTitle,
    TitlePattern,
    first_names,
    is_slogan,
    last_names,
    name_forms,
    normalize,
    read_pattern,
)

_JOINERS: Final = dict.fromkeys(map(ord, " -_"))


class EntrySummary(NamedTuple):
    """What is kept of an entry once its names are indexed."""

    name: str
    category: str
    file: str
    kind: Kind
    is_own: bool
    domains: tuple[str, ...]


class Hit(NamedTuple):
    """An entry that was found, and the one of its names or patterns, as written, that fits."""

    entry: EntrySummary
    written: str


class EntryIndex:
    """The names of many entries. `is_own`: the person's own, of which a site's plain name fits in any segment."""

    def __init__(self, entries: Iterable[Entry], *, is_own: bool = False) -> None:
        self._is_own: Final = is_own
        self._apps: dict[str, Hit] = {}
        self._programs: dict[str, Hit] = {}
        self._packages: dict[str, Hit] = {}
        self._domains: dict[str, Hit] = {}
        self._app_prefixes: list[tuple[str, Hit]] = []
        self._segments: dict[str, dict[str, Hit]] = {"last": {}, "first": {}, "any": {}, "whole": {}}
        self._edges: dict[str, list[tuple[str, Hit]]] = {"begins": [], "ends": [], "within": []}
        self.brands: tuple[str, ...] = ()
        self.brands_of: dict[str, tuple[str, ...]] = {}
        self.naming_profiles: set[str] = set()
        self.profiles: frozenset[str] = frozenset()
        for entry in entries:
            self._add(entry)
        # As tuples for `str.startswith` and `str.endswith`: one call rules out nearly every text.
        self._app_prefix_words = tuple(key for key, _hit in self._app_prefixes)
        self._title_begins = tuple(words for words, _hit in self._edges["begins"])
        self._title_ends = tuple(words for words, _hit in self._edges["ends"])

    def _add(self, entry: Entry) -> None:
        summary = EntrySummary(entry.name, entry.category, entry.file, entry.kind, self._is_own, entry.domains)
        for written in entry.apps:
            # Normalized once here, so that a look-up compares with plain `dict.get`.
            key = normalize(written)
            if not key.strip("* "):
                continue  # it would fit everything; `settings.check_own_entries` says so
            if key.endswith("*"):
                self._app_prefixes.append((key[:-1], Hit(summary, written)))
            else:
                self._apps.setdefault(_compact(key), Hit(summary, written))
        for written in entry.programs:
            self._programs.setdefault(normalize(written), Hit(summary, written))
        for written in entry.android + entry.ios:
            self._packages.setdefault(normalize(written), Hit(summary, written))
        for written in entry.domains:
            self._domains.setdefault(written, Hit(summary, written))
        for written in entry.sites:
            self._add_site(read_pattern(written), Hit(summary, written))
        self.brands += tuple(normalize(brand) for brand in entry.brands)
        if entry.brands:
            self.brands_of[entry.name] = tuple(normalize(brand) for brand in entry.brands)
        if entry.profiles:
            self.naming_profiles.add(entry.name)
        self.profiles |= {normalize(profile) for profile in entry.profiles}

    def _add_site(self, pattern: TitlePattern, hit: Hit) -> None:
        if pattern.position in self._edges:
            self._edges[pattern.position].append((pattern.words, hit))
            return
        key = pattern.words if pattern.separator is None else f"{pattern.separator} {pattern.words}"
        # A person writes "YouTube" without knowing where the browser puts it; the catalogue is exact.
        position = (
            "any" if self._is_own and pattern.position == "last" and pattern.separator is None else pattern.position
        )
        self._segments[position].setdefault(key, hit)

    def find_app(self, app_id: str) -> Hit | None:
        """Return the entry of an app id, which must be normalized."""
        # Some desktops report the name of the `.desktop` file in place of the app id.
        hit = self._apps.get(_compact(app_id)) or self._apps.get(_compact(app_id.removesuffix(".desktop")))
        if hit is None and app_id.startswith(self._app_prefix_words):
            hit = next(hit for key, hit in self._app_prefixes if app_id.startswith(key))
        return hit

    def find_inside(self, program: str) -> Hit | None:
        """Return the entry of a program that runs in a terminal; app ids do not count there."""
        return self._programs.get(program)

    def find_program(self, program: str) -> Hit | None:
        """Return the entry of a program that has a toplevel of its own; many are named like their app id."""
        return self._programs.get(program) or self._apps.get(_compact(program))

    def find_package(self, package: str) -> Hit | None:
        return self._packages.get(package)

    def find_site(self, title: SplitTitle, *, as_app: bool) -> Hit | None:
        """Return the entry of the site whose title this is. `as_app`: a web app, whose own name comes first in the title.

        The end of a title says whose page it is, the beginning what it is about; so the end is looked up first.
        """
        if not title.text:
            return None
        last, first = title.segments[-1], title.segments[0]
        # From the strictest pattern to the loosest. All but `begins`, `ends` and `within` are one look-up in a dict.
        segments = self._segments
        hit = segments["whole"].get(title.text) or segments["whole"].get(last if len(title.segments) == 1 else "")
        hit = hit or self._by_end(title) or segments["last"].get(last)
        if hit is None and title.separators:
            hit = segments["last"].get(f"{title.separators[-1]} {last}")
        hit = hit or self._by_beginning(title)
        if hit is None and title.separators:
            hit = segments["first"].get(f"{title.separators[0]} {first}")
        if hit is None and as_app:
            hit = segments["last"].get(first)
        if hit is None and segments["any"]:
            hit = next((found for part in title.segments if (found := segments["any"].get(part))), None)
        return hit or self._within(title) or self._by_name(title)

    def _by_name(self, title: SplitTitle) -> Hit | None:
        """Return the site whose name stands at the end of the title, or at the beginning of what is a site's front page."""
        for name in last_names(title):
            if hit := self._named(name):
                return hit
        for name, rest, separator in first_names(title):
            hit = self._named(name)
            if hit and (is_slogan(rest, separator) or hit.entry.category == "news"):
                return hit
        return None

    def _named(self, name: str) -> Hit | None:
        names = self._segments["any" if self._is_own else "last"]
        return next((hit for form in name_forms(name) if (hit := names.get(form) or self._domains.get(form))), None)

    def _by_end(self, title: SplitTitle) -> Hit | None:
        if not title.text.endswith(self._title_ends):
            return None
        return next((hit for words, hit in self._edges["ends"] if _ends(title.text, words)), None)

    def _by_beginning(self, title: SplitTitle) -> Hit | None:
        if not title.text.startswith(self._title_begins):
            return None
        return next((hit for words, hit in self._edges["begins"] if _begins(title.text, words)), None)

    def _within(self, title: SplitTitle) -> Hit | None:
        for words, hit in self._edges["within"]:
            at = title.text.find(words)
            if at >= 0 and (at == 0 or not (words[0].isalnum() and title.text[at - 1].isalnum())):
                return hit
        return None


def _compact(app_id: str) -> str:
    # X11, Wayland, ActivityWatch and Windows write one name with spaces, hyphens, underscores, or without.
    return app_id.removesuffix(".exe").translate(_JOINERS)


def _begins(text: str, words: str) -> bool:
    if not text.startswith(words):
        return False
    rest = text[len(words) :]
    return not rest or not (words[-1].isalnum() and rest[0].isalnum())


def _ends(text: str, words: str) -> bool:
    if not text.endswith(words):
        return False
    rest = text[: -len(words)]
    return not rest or not (words[0].isalnum() and rest[-1].isalnum())
