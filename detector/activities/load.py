"""Read the built-in catalogue, and make the classifier.

Invariant 1: it is called only when partner time begins, because the catalogue needs memory.
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
        ValueError: for an unknown key, for a domain that is not a plain host name, and for one that two entries claim.
    """
    claimed: dict[str, str] = {}
    for file in sorted(CATALOGUE.glob("*.toml")):
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        for table in content["entry"]:
            entry = _entry(table, content["category"], file.name)
            for domain in entry.domains:
                if not _DOMAIN.fullmatch(domain) or claimed.setdefault(domain, entry.name) != entry.name:
                    raise ValueError(f"{file.name}: {entry.name}: {domain} is not a host name, or is claimed twice")
            yield entry


def _entry(table: dict[str, Any], category: str, file: str) -> Entry:
    # Only the lists that are given: the defaults of `Entry` are the others.
    lists: dict[str, tuple[str, ...]] = {key: tuple(table[key]) for key in _LISTS if key in table}
    # An entry with a misspelt key would never fit.
    unknown = table.keys() - {"name", "kind", *_LISTS}
    if unknown:
        raise ValueError(f"{file}: {table.get('name')}: unknown {', '.join(sorted(unknown))}")
    return Entry(name=table["name"], category=category, file=file, kind=table.get("kind", "app"), **lists)


def load_classifier(settings: ActivitySettings | None = None) -> Classifier:
    own = settings.own if settings else ()
    return Classifier(read_catalogue(), own, DesktopFiles().categories)
