"""Read the catalogue that comes with the program, and make the classifier of it.

Invariant 1: called when partner time begins and not before: the catalogue costs memory that the idle daemon does without.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from detector.activities.classifier import Classifier
from detector.activities.desktop_files import DesktopFiles
from detector.activities.model import Entry
from detector.activities.settings import ActivitySettings

CATALOGUE: Final = Path(__file__).with_name("catalogue")
_LISTS: Final = ("apps", "sites", "domains", "programs", "android", "ios", "brands", "profiles")
_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")


def read_catalogue() -> Iterator[Entry]:
    """Yield every entry of the catalogue, file by file; each file holds the entries of one category.

    Raises:
        ValueError: for an unknown key, and for a domain that is no plain host name or that two entries claim.
    """
    claimed: dict[str, str] = {}
    for file in sorted(CATALOGUE.glob("*.toml")):
        read = tomllib.loads(file.read_text(encoding="utf-8"))
        for table in read["entry"]:
            entry = _entry(table, read["category"], file.name)
            for domain in entry.domains:
                if not _DOMAIN.fullmatch(domain) or claimed.setdefault(domain, entry.name) != entry.name:
                    raise ValueError(f"{file.name}: {entry.name}: {domain} is no host name, or is claimed twice")
            yield entry


def _entry(table: dict[str, Any], category: str, file: str) -> Entry:
    # Only the lists that are given: the defaults of `Entry` are the others.
    lists: dict[str, tuple[str, ...]] = {key: tuple(table[key]) for key in _LISTS if key in table}
    # A misspelt key would otherwise be an entry that never fits.
    unknown = table.keys() - {"name", "kind", *_LISTS}
    if unknown:
        raise ValueError(f"{file}: {table.get('name')}: unknown {', '.join(sorted(unknown))}")
    return Entry(name=table["name"], category=category, file=file, kind=table.get("kind", "app"), **lists)


def load_classifier(settings: ActivitySettings | None = None) -> Classifier:
    own = settings.own if settings else ()
    return Classifier(read_catalogue(), own, DesktopFiles().categories)
