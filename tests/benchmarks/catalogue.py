"""How many of the apps that people have, and of the pages they open, the catalogue knows, by lists of others.

Run: python -m tests.benchmarks.catalogue
"""

from __future__ import annotations

import csv
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Final

from detector.activities.classifier import OTHER, Classifier
from detector.activities.load import read_catalogue
from rules.features import UNKNOWN
from tests.benchmarks.bars import Bar

HELD_OUT: Final = Path(__file__).with_name("catalogue_held_out.toml")
TITLES: Final = Path(__file__).with_name("catalogue_titles.tsv")
FLOORS: Final = {"android": 60.0, "ios": 20.0, "desktop": 40.0, "titles": 25.0}
"""Percent below which the catalogue has lost something; what is measured is in docs/dev/catalogue.md."""


def known(kind: str, ids: list[str], classifier: Classifier) -> list[str]:
    """Return those ids that an entry of the catalogue names; browsers count, for they are known to be browsers."""
    if kind == "desktop":
        return [app for app in ids if (verdict := classifier.classify(app)).entry or verdict.name]
    return [app for app in ids if classifier.classify_phone(app).entry]


def titles() -> list[tuple[str, str]]:
    """Return of each page the category that it was judged to have, and its title as Firefox shows it."""
    with TITLES.open(encoding="utf-8", newline="") as lines:
        told = csv.reader((line for line in lines if not line.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(judged, f"{title} — Mozilla Firefox") for _sample, _language, _site, judged, title in told]


def title_bar(classifier: Classifier, pages: list[tuple[str, str]]) -> Bar:
    """Return the percentage of pages with a category that are given one; the note says how many are given a wrong one.

    A page that was judged `other` counts for the wrong ones alone.
    """
    answers = [(judged, classifier.classify("firefox", title).category) for judged, title in pages]
    # A browser's page that no entry names is unknown; judges wrote `other` for what counts as nothing.
    answers = [(judged, OTHER if given == UNKNOWN else given) for judged, given in answers]
    asked = [(judged, given) for judged, given in answers if judged != OTHER]
    wrong = Counter(f"{judged} as {given}" for judged, given in answers if given not in {judged, OTHER})
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(wrong.items()))
    return Bar(
        name="catalogue: titles of pages that it gives a category",
        figure=100 * sum(given != OTHER for _, given in asked) / len(asked),
        limit=FLOORS["titles"],
        unit="%",
        at_most=False,
        note=f"{len(asked)} titles; wrong of all {len(pages)}: {wrong.total()}" + (f" ({kinds})" if kinds else ""),
    )


def hit_rates() -> list[Bar]:
    """Return, for each kind, the percentage of ids that the catalogue knows, and that of titles."""
    classifier = Classifier(read_catalogue())
    lists = tomllib.loads(HELD_OUT.read_text(encoding="utf-8"))
    of_ids = [
        Bar(
            name=f"catalogue: {kind} ids of others that it knows",
            figure=100 * len(known(kind, listed["ids"], classifier)) / len(listed["ids"]),
            limit=FLOORS[kind],
            unit="%",
            at_most=False,
            note=f"{len(listed['ids'])} ids",
        )
        for kind, listed in lists.items()
    ]
    return [*of_ids, title_bar(classifier, titles())]


if __name__ == "__main__":
    for bar in hit_rates():
        sys.stdout.write(f"{bar.name}: {bar.figure:.0f} {bar.unit} of {bar.note}\n")
