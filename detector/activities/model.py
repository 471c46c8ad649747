"""An entry of the catalogue, and the classification of what is in front."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from detector.core.observations import Activity

Kind: TypeAlias = Literal["app", "browser", "terminal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the catalogue or of the person's own; `file` is the file that contains it.

    `domains`: host names of the entry's sites, with all their subdomains. `brands`: what a browser appends to titles;
    `profiles`: the profile names that it puts before its brand.
    """

    name: str
    category: str
    file: str
    kind: Kind = "app"
    apps: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    android: tuple[str, ...] = ()
    ios: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What is in front, and why.

    `name`, `entry` (its place) and `domains` are those of the entry that decided. `why` is a sentence for the person;
    of the title it contains at most the catalogue's own pattern.
    """

    category: str
    name: str | None
    why: str
    entry: str | None
    domains: tuple[str, ...] = ()

    def activity(self) -> Activity:
        return Activity(category=self.category, name=self.name)
