"""The catalogue that comes with the program: enough, well-formed, and nothing claimed twice."""

from __future__ import annotations

import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from detector.activities import load
from detector.activities.classifier import Classifier
from detector.activities.load import CATALOGUE, read_catalogue
from detector.activities.model import Entry
from detector.activities.patterns import normalize, read_pattern
from rules.features import CATEGORIES

ENTRIES = list(read_catalogue())
LEAST = {"apps": 1800, "sites": 4500, "android": 1800, "ios": 200, "programs": 200}


@pytest.fixture(scope="module")
def whole() -> Classifier:
    return Classifier(ENTRIES)


def _keys(entry: Entry, kind: str) -> list[object]:
    if kind == "sites":
        return [read_pattern(site) for site in entry.sites]
    return [normalize(word) for word in getattr(entry, kind)]


@pytest.mark.parametrize(("kind", "least"), LEAST.items())
def test_the_catalogue_is_large_and_nothing_in_it_is_claimed_twice(kind: str, least: int) -> None:
    claims: defaultdict[object, list[str]] = defaultdict(list)
    for entry in ENTRIES:
        for key in _keys(entry, kind):
            claims[key].append(f"{entry.file}: {entry.name}")
    assert {key: owners for key, owners in claims.items() if len(owners) > 1} == {}
    print(f"{kind}: {len(claims)}")
    assert len(claims) >= least


def test_there_is_a_file_for_every_category() -> None:
    # A phone of which nobody tells what is in front is no app's category.
    assert {entry.category for entry in ENTRIES} == set(CATEGORIES) - {"phone"}
    for entry in ENTRIES:
        assert entry.file == f"{entry.category}.toml"


def test_every_entry_has_a_name_of_its_own_and_names_something() -> None:
    names = [entry.name for entry in ENTRIES]
    assert len(names) >= 600
    assert sorted({name for name in names if names.count(name) > 1}) == []
    assert [e.name for e in ENTRIES if not (e.apps or e.sites or e.programs or e.android or e.ios)] == []


def test_entries_stand_in_the_order_of_the_alphabet() -> None:
    for before, after in pairwise(ENTRIES):
        assert before.file != after.file or before.name.casefold() < after.name.casefold()


def test_no_identifier_holds_a_space_at_its_edge_and_packages_look_like_packages() -> None:
    for entry in ENTRIES:
        for word in entry.apps + entry.programs + entry.android + entry.ios:
            assert word == word.strip()
            assert word.strip("*")
        for package in entry.android:
            assert package.count(".") >= 1
            assert not set(package) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._")


def test_nearly_every_entry_with_a_site_has_the_domains_of_it() -> None:
    with_sites = [entry for entry in ENTRIES if entry.sites]
    without = [entry.name for entry in with_sites if not entry.domains]
    print(f"{sum(len(entry.domains) for entry in ENTRIES)} domains; none: {without}")
    assert len(without) <= 0.05 * len(with_sites)
    assert next(entry for entry in ENTRIES if entry.name == "YouTube").domains[:2] == ("youtube.com", "youtu.be")


@pytest.mark.parametrize(
    "domains", [["Example.com"], ["https://example.com"], ["example.com/feed"], ["one.org", "two"]]
)
def test_a_domain_is_a_host_name_in_lower_case(
    domains: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "news.toml").write_text(f'category = "news"\n[[entry]]\nname = "A"\ndomains = {domains}\n')
    monkeypatch.setattr(load, "CATALOGUE", tmp_path)
    with pytest.raises(ValueError, match="not a host name"):
        list(read_catalogue())


def test_no_two_entries_have_one_domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = '[[entry]]\nname = "{}"\ndomains = ["example.com"]\n'
    (tmp_path / "news.toml").write_text('category = "news"\n' + entry.format("A") + entry.format("B"))
    monkeypatch.setattr(load, "CATALOGUE", tmp_path)
    with pytest.raises(ValueError, match="claimed twice"):
        list(read_catalogue())


def test_only_browsers_append_a_brand_to_titles() -> None:
    assert [entry.name for entry in ENTRIES if entry.kind != "browser" and (entry.brands or entry.profiles)] == []
    assert len([entry for entry in ENTRIES if entry.kind == "browser"]) >= 10


def test_no_brand_of_a_browser_is_a_site_of_its_own() -> None:
    brands = {normalize(brand) for entry in ENTRIES for brand in entry.brands}
    sites = {read_pattern(site).words for entry in ENTRIES for site in entry.sites}
    assert brands & sites == set()


def test_a_category_file_says_in_its_first_line_what_belongs_there() -> None:
    for file in CATALOGUE.glob("*.toml"):
        assert file.read_text(encoding="utf-8").startswith("# ")


def test_no_entry_shadows_another_by_its_sites(whole: Classifier) -> None:
    wrong = []
    for entry in ENTRIES:
        for site in entry.sites:
            for title in _titles(site):
                verdict = whole.classify("firefox", f"{title} — Mozilla Firefox")
                if verdict.entry != f"{entry.name} in {entry.file}":
                    wrong.append((entry.name, site, title, verdict.entry))
    assert wrong == []


def _titles(site: str) -> list[str]:
    """Return titles as the pattern's site writes them, and for a plain name also those that end with it."""
    if site.startswith("… | ") and site.endswith(" | …"):
        name = site.strip("… |")
        return [name, f"Zorbal: {name} - quux", f"(3) Zorbal | {name}"]
    if "…" in site or site.startswith("="):
        return [site.removeprefix("= ").replace("…", f" {words} ") for words in ("Zorbal", "Zorbal quux, a tale")]
    return [site, f"Zorbal quux - {site}", f"(3) Zorbal | {site}", f"Zorbal: a tale – {site}"]


def test_no_entry_shadows_another_by_app_id_program_or_package(whole: Classifier) -> None:
    wrong: list[tuple[str, str, str | None]] = []
    for entry in ENTRIES:
        mine = f"{entry.name} in {entry.file}"
        asked = [(app, whole.classify(app.replace("*", "x"))) for app in entry.apps]
        asked += [(word, whole.classify("xterm", inside=word)) for word in entry.programs]
        asked += [(app, whole.classify_phone(app)) for app in entry.android + entry.ios]
        if entry.kind != "browser":
            asked += [(word, whole.classify("electron", program=word)) for word in entry.programs]
            wrong += [(mine, word, verdict.entry) for word, verdict in asked if verdict.entry != mine]
        else:
            wrong += [(mine, word, verdict.name) for word, verdict in asked if verdict.name != entry.name]
    assert wrong == []


def test_loading_costs_in_proportion_to_the_entries() -> None:
    # Counted, not timed: twice the entries may touch the index twice as often, and no more.
    def calls(entries: list[Entry]) -> int:
        count = 0

        def counting(frame: object, event: str, argument: object) -> None:
            nonlocal count
            count += event == "call"

        sys.setprofile(counting)
        try:
            Classifier(entries)
        finally:
            sys.setprofile(None)
        return count

    half = ENTRIES[::2]
    weight = sum(len(e.apps + e.sites + e.programs + e.android + e.ios) for e in half)
    whole = sum(len(e.apps + e.sites + e.programs + e.android + e.ios) for e in ENTRIES)
    assert calls(ENTRIES) / calls(half) < 1.25 * whole / weight
