"""Entries arranged for finding: by app id, by program, by package, and by where their patterns stand in a title.

Rule 1: where two entries claim the same, the first stays; in the catalogue a test refuses that.
Rule 2: finding costs the same whatever the number of entries, but for the few patterns that are no segments.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from detector.activities.model import Entry, Kind
from detector.activities.patterns import Pattern, Title, plain, read_pattern


class Owner(NamedTuple):
    """What is kept of an entry once its names are indexed."""

    name: str
    category: str
    file: str
    kind: Kind


class Hit(NamedTuple):
    """An entry, and that one of its names or patterns, as written, which fits."""

    owner: Owner
    written: str


class Index:
    """The names of many entries. `loosely`: a site's plain name fits in any segment, as people expect of their own."""

    def __init__(self, entries: Iterable[Entry], *, loosely: bool = False) -> None:
        self._loosely: Final = loosely
        self._apps: dict[str, Hit] = {}
        self._programs: dict[str, Hit] = {}
        self._packages: dict[str, Hit] = {}
        self._app_beginnings: list[tuple[str, Hit]] = []
        self._segments: dict[str, dict[str, Hit]] = {"last": {}, "first": {}, "any": {}, "whole": {}}
        self._edges: dict[str, list[tuple[str, Hit]]] = {"begins": [], "ends": [], "within": []}
        self.brands: tuple[str, ...] = ()
        self.branding: frozenset[str] = frozenset()
        self.profiles: frozenset[str] = frozenset()
        for entry in entries:
            self._add(entry)
        self._beginnings = tuple(key for key, _ in self._app_beginnings)
        self._title_begins = tuple(words for words, _ in self._edges["begins"])
        self._title_ends = tuple(words for words, _ in self._edges["ends"])

    def _add(self, entry: Entry) -> None:
        owner = Owner(entry.name, entry.category, entry.file, entry.kind)
        for written in entry.apps:
            key = plain(written)
            if not key.strip("* "):
                continue  # it would fit everything; `settings.check_own` says so
            if key.endswith("*"):
                self._app_beginnings.append((key[:-1], Hit(owner, written)))
            else:
                self._apps.setdefault(key, Hit(owner, written))
        for written in entry.programs:
            self._programs.setdefault(plain(written), Hit(owner, written))
        for written in entry.android + entry.ios:
            self._packages.setdefault(plain(written), Hit(owner, written))
        for written in entry.sites:
            self._add_site(read_pattern(written), Hit(owner, written))
        self.brands += tuple(plain(brand) for brand in entry.brands)
        if entry.brands:
            self.branding |= {entry.name}
        self.profiles |= {plain(profile) for profile in entry.profiles}

    def _add_site(self, pattern: Pattern, hit: Hit) -> None:
        if pattern.where in self._edges:
            self._edges[pattern.where].append((pattern.words, hit))
            return
        key = pattern.words if pattern.separator is None else f"{pattern.separator} {pattern.words}"
        where = "any" if self._loosely and pattern.where == "last" and pattern.separator is None else pattern.where
        self._segments[where].setdefault(key, hit)

    def app(self, app_id: str) -> Hit | None:
        """Return the entry of an app id, which must be `plain`."""
        hit = self._apps.get(app_id) or self._apps.get(app_id.removesuffix(".desktop"))
        if hit is None and app_id.startswith(self._beginnings):
            hit = next(hit for key, hit in self._app_beginnings if app_id.startswith(key))
        return hit

    def inside(self, program: str) -> Hit | None:
        """Return the entry of a program that runs in a terminal; app ids do not count there."""
        return self._programs.get(program)

    def program(self, program: str) -> Hit | None:
        """Return the entry of a program that has a toplevel of its own; many are called like their app id."""
        return self._programs.get(program) or self._apps.get(program)

    def package(self, package: str) -> Hit | None:
        """Return the entry of an Android package or an iOS bundle id, which must be `plain`."""
        return self._packages.get(package)

    def site(self, title: Title, *, as_app: bool) -> Hit | None:
        """Return the entry of the site whose title this is. `as_app`: the toplevel is the site's own, it leads the title.

        The end of a title says whose page it is, the beginning what it is about; so the end is asked first.
        """
        if not title.text:
            return None
        last, first = title.segments[-1], title.segments[0]
        segments = self._segments
        hit = segments["whole"].get(title.text) or segments["whole"].get(last if len(title.segments) == 1 else "")
        hit = hit or self._at_the_end(title) or segments["last"].get(last)
        if hit is None and title.separators:
            hit = segments["last"].get(f"{title.separators[-1]} {last}")
        hit = hit or self._at_the_beginning(title)
        if hit is None and title.separators:
            hit = segments["first"].get(f"{title.separators[0]} {first}")
        if hit is None and as_app:
            hit = segments["last"].get(first)
        if hit is None and segments["any"]:
            hit = next((found for part in title.segments if (found := segments["any"].get(part))), None)
        return hit or self._within(title)

    def _at_the_end(self, title: Title) -> Hit | None:
        if not title.text.endswith(self._title_ends):
            return None
        return next((hit for words, hit in self._edges["ends"] if _ends(title.text, words)), None)

    def _at_the_beginning(self, title: Title) -> Hit | None:
        if not title.text.startswith(self._title_begins):
            return None
        return next((hit for words, hit in self._edges["begins"] if _begins(title.text, words)), None)

    def _within(self, title: Title) -> Hit | None:
        for words, hit in self._edges["within"]:
            at = title.text.find(words)
            if at >= 0 and (at == 0 or not (words[0].isalnum() and title.text[at - 1].isalnum())):
                return hit
        return None


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
