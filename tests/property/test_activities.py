"""Whatever a toplevel calls itself: the classifier answers, leaks nothing, and does not mind case or blanks."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from detector.activities.classifier import Classifier
from detector.activities.load import read_catalogue
from detector.activities.model import Classification
from rules.features import CATEGORIES, UNKNOWN
from tests.rig.examples import examples

CANARY = "qzxcanaryqzx"
ENTRIES = list(read_catalogue())
CLASSIFIER = Classifier(ENTRIES, (), lambda _: ("Network", "WebBrowser"))
APPS = sorted({app for entry in ENTRIES for app in entry.apps})
PATTERNS = sorted({site for entry in ENTRIES for site in entry.sites})
BROWSERS = ["firefox", "Google-chrome", "microsoft-edge", "org.gnome.Epiphany", "crx_" + "ab" * 16, "unheard.of"]
SUFFIXES = ["", " — Mozilla Firefox", " - Google Chrome", " and 3 more pages - Personal - Microsoft\u200b Edge"]
SEPARATORS = [" - ", " — ", " – ", " | ", " • ", " · ", " / ", ": "]

anything = st.text(st.characters(codec=None), max_size=300)
app_ids = st.one_of(st.sampled_from(APPS), st.sampled_from(BROWSERS), anything)
words = st.one_of(st.sampled_from([pattern.strip("… ") for pattern in PATTERNS]), anything)
titles = st.builds(
    lambda parts, separator, suffix: separator.join(parts) + suffix,
    st.lists(words, max_size=6),
    st.sampled_from(SEPARATORS),
    st.sampled_from(SUFFIXES),
)
maybe = st.none() | anything


@given(app_ids, titles | anything, maybe, maybe)
@settings(max_examples=examples(300))
def test_any_toplevel_gets_a_category_of_ours(app_id: str, title: str, program: str | None, inside: str | None) -> None:
    verdict = CLASSIFIER.classify(app_id, title, program, inside)
    assert verdict.category in {*CATEGORIES, UNKNOWN}
    assert verdict.why.endswith(".")


@given(
    st.sampled_from(APPS) | st.sampled_from(BROWSERS),
    st.lists(words | st.just(CANARY), max_size=4),
    st.sampled_from(SEPARATORS),
    st.sampled_from(SUFFIXES),
)
@settings(max_examples=examples(300))
def test_nothing_of_a_title_stands_in_a_verdict(app_id: str, parts: list[str], separator: str, suffix: str) -> None:
    title = separator.join([CANARY, *(f"{CANARY} {part}" for part in parts), *parts]) + suffix
    verdict = CLASSIFIER.classify(app_id, title)
    assert CANARY not in repr(verdict).casefold()


@given(
    st.sampled_from(PATTERNS),
    st.sampled_from(SUFFIXES),
    st.sampled_from(["", " ", "\t", "\u200b", "\u200f", "\x00", " \n "]),
)
@settings(max_examples=examples(300))
def test_case_and_blanks_around_it_do_not_change_what_a_title_is(pattern: str, suffix: str, blank: str) -> None:
    title = pattern.replace("…", "Zorbal")
    app_id = "microsoft-edge" if "Edge" in suffix else "google-chrome" if "Chrome" in suffix else "firefox"

    def said(text: str, app: str = app_id) -> Classification:
        return CLASSIFIER.classify(app, text)

    plain = said(title + suffix)
    assert said(blank + title + suffix + blank) == plain
    assert said((title + suffix).casefold()) == plain
    assert said(title + suffix, f" {app_id.title()} ") == plain
