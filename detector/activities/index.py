"""Entries indexed for look-up: by app id, by program, by package, and by where their patterns stand in a title.

Invariant 1: if two entries have the same name, the first one counts; in the catalogue a test forbids that.
Invariant 2: the time of a look-up does not depend on the number of entries, except for the few patterns that are not segments.
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
    """The part of an entry that is kept after its names are indexed."""

    name: str
    category: str
    file: str
    kind: Kind
    is_own: bool
    domains: tuple[str, ...]


class EntryMatch(NamedTuple):
    """An entry, and its name or pattern, as written, that fits."""

    entry: EntrySummary
    pattern: str


class EntryIndex:
    """The names of many entries. `is_own`: they are the person's own, and the plain name of a site fits any segment."""

    def __init__(self, entries: Iterable[Entry], *, is_own: bool = False) -> None:
        self._is_own: Final = is_own
        self._apps: dict[str, EntryMatch] = {}
        self._programs: dict[str, EntryMatch] = {}
        self._packages: dict[str, EntryMatch] = {}
        self._domains: dict[str, EntryMatch] = {}
        self._app_prefixes: list[tuple[str, EntryMatch]] = []
        self._segments: dict[str, dict[str, EntryMatch]] = {"last": {}, "first": {}, "any": {}, "whole": {}}
        self._edges: dict[str, list[tuple[str, EntryMatch]]] = {"begins": [], "ends": [], "within": []}
        self.brands: tuple[str, ...] = ()
        self.brands_of: dict[str, tuple[str, ...]] = {}
        self.naming_profiles: set[str] = set()
        self.profiles: frozenset[str] = frozenset()
        for entry in entries:
            self._add(entry)
        # Tuples for `str.startswith` and `str.endswith`: one call excludes nearly every text.
        self._app_prefix_words = tuple(key for key, _match in self._app_prefixes)
        self._title_begins = tuple(words for words, _match in self._edges["begins"])
        self._title_ends = tuple(words for words, _match in self._edges["ends"])

    def _add(self, entry: Entry) -> None:
        summary = EntrySummary(entry.name, entry.category, entry.file, entry.kind, self._is_own, entry.domains)
        for written in entry.apps:
            key = normalize(written)
            if not key.strip("* "):
                continue  # it would fit everything; `settings.check_own_entries` reports it
            if key.endswith("*"):
                self._app_prefixes.append((key[:-1], EntryMatch(summary, written)))
            else:
                self._apps.setdefault(_compact(key), EntryMatch(summary, written))
        for written in entry.programs:
            self._programs.setdefault(normalize(written), EntryMatch(summary, written))
        for written in entry.android + entry.ios:
            self._packages.setdefault(normalize(written), EntryMatch(summary, written))
        for written in entry.domains:
            self._domains.setdefault(written, EntryMatch(summary, written))
        for written in entry.sites:
            self._add_site(read_pattern(written), EntryMatch(summary, written))
        self.brands += tuple(normalize(brand) for brand in entry.brands)
        if entry.brands:
            self.brands_of[entry.name] = tuple(normalize(brand) for brand in entry.brands)
        if entry.profiles:
            self.naming_profiles.add(entry.name)
        self.profiles |= {normalize(profile) for profile in entry.profiles}

    def _add_site(self, pattern: TitlePattern, match: EntryMatch) -> None:
        if pattern.position in self._edges:
            self._edges[pattern.position].append((pattern.words, match))
            return
        key = pattern.words if pattern.separator is None else f"{pattern.separator} {pattern.words}"
        position = pattern.position
        # A person writes "YouTube" without knowing where the browser puts it; the catalogue is exact.
        if self._is_own and position == "last" and pattern.separator is None:
            position = "any"
        self._segments[position].setdefault(key, match)

    def find_app(self, app_id: str) -> EntryMatch | None:
        """Return the entry of an app id, which must be normalized."""
        # Some desktops report the name of the `.desktop` file in place of the app id.
        match = self._apps.get(_compact(app_id)) or self._apps.get(_compact(app_id.removesuffix(".desktop")))
        if match is None and app_id.startswith(self._app_prefix_words):
            match = next(match for key, match in self._app_prefixes if app_id.startswith(key))
        return match

    def find_inside(self, program: str) -> EntryMatch | None:
        """Return the entry of a program that runs in a terminal; app ids do not count there."""
        return self._programs.get(program)

    def find_program(self, program: str) -> EntryMatch | None:
        """Return the entry of a program with its own toplevel; many programs are named like their app id."""
        return self._programs.get(program) or self._apps.get(_compact(program))

    def find_package(self, package: str) -> EntryMatch | None:
        return self._packages.get(package)

    def find_site(self, title: SplitTitle, *, as_app: bool) -> EntryMatch | None:
        """Return the entry of the site with this title. `as_app`: a web app, which puts its own name first in the title.

        The end of a title is looked up first, because it names the site; the beginning names the subject.
        """
        if not title.text:
            return None
        last, first = title.segments[-1], title.segments[0]
        # From the strictest pattern to the loosest. All but `begins`, `ends` and `within` are one look-up in a dict.
        segments = self._segments
        match = segments["whole"].get(title.text) or segments["whole"].get(last if len(title.segments) == 1 else "")
        match = match or self._by_end(title) or segments["last"].get(last)
        if match is None and title.separators:
            match = segments["last"].get(f"{title.separators[-1]} {last}")
        match = match or self._by_beginning(title)
        if match is None and title.separators:
            match = segments["first"].get(f"{title.separators[0]} {first}")
        if match is None and as_app:
            match = segments["last"].get(first)
        if match is None and segments["any"]:
            match = next((by_part for part in title.segments if (by_part := segments["any"].get(part))), None)
        return match or self._within(title) or self._by_name(title)

    def _by_name(self, title: SplitTitle) -> EntryMatch | None:
        """Return the site whose name is at the end of the title, or at the beginning if the page is a site's front page."""
        for name in last_names(title):
            if match := self._named(name):
                return match
        for name, rest, separator in first_names(title):
            match = self._named(name)
            if match and (is_slogan(rest, separator) or match.entry.category == "news"):
                return match
        return None

    def _named(self, name: str) -> EntryMatch | None:
        names = self._segments["any" if self._is_own else "last"]
        return next((match for form in name_forms(name) if (match := names.get(form) or self._domains.get(form))), None)

    def _by_end(self, title: SplitTitle) -> EntryMatch | None:
        if not title.text.endswith(self._title_ends):
            return None
        return next((match for words, match in self._edges["ends"] if _ends(title.text, words)), None)

    def _by_beginning(self, title: SplitTitle) -> EntryMatch | None:
        if not title.text.startswith(self._title_begins):
            return None
        return next((match for words, match in self._edges["begins"] if _begins(title.text, words)), None)

    def _within(self, title: SplitTitle) -> EntryMatch | None:
        for words, match in self._edges["within"]:
            at = title.text.find(words)
            if at >= 0 and (at == 0 or not (words[0].isalnum() and title.text[at - 1].isalnum())):
                return match
        return None


def _compact(app_id: str) -> str:
    # One name is written with spaces, hyphens, underscores or none, by X11, Wayland, ActivityWatch and Windows.
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
