"""How many of the apps that people really have the catalogue knows, by lists that it was not written from.

Run: python -m tests.benchmarks.catalogue
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Final

from detector.activities.classifier import Classifier
from detector.activities.load import read_catalogue
from tests.benchmarks.bars import Bar

HELD_OUT: Final = Path(__file__).with_name("catalogue_held_out.toml")
FLOORS: Final = {"android": 60.0, "ios": 20.0, "desktop": 40.0}
"""Percent below which the catalogue has lost something; what is measured stands in docs/activities.md."""


def known(kind: str, ids: list[str], classifier: Classifier) -> list[str]:
    """Return those ids that an entry of the catalogue names; browsers count, for they are known to be browsers."""
    if kind == "desktop":
        return [app for app in ids if (verdict := classifier.classify(app)).entry or verdict.name]
    return [app for app in ids if classifier.classify_phone(app).entry]


def hit_rates() -> list[Bar]:
    """Return, for each kind, the percentage of ids that the catalogue knows."""
    classifier = Classifier(read_catalogue())
    lists = tomllib.loads(HELD_OUT.read_text(encoding="utf-8"))
    return [
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


if __name__ == "__main__":
    for bar in hit_rates():
        sys.stdout.write(f"{bar.name}: {bar.figure:.0f} {bar.unit} of {bar.note}\n")
