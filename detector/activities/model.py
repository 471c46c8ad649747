"""An entry of the catalogue, and the classification of what is in front."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from detector.core.observations import Activity

Kind: TypeAlias = Literal["app", "browser", "terminal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the catalogue, or of the person's own; `file` is where it stands.

    `domains`: host names at which the entry's sites are; whatever lies below one belongs to it too. A browser's `brands` are what it appends to titles, its `profiles` the profile names it puts before that.
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
    """What is in front, and why the classifier thinks so.

    `name` is the entry's name where one decided, `entry` says where that entry stands, `domains` are its own. `why` is a sentence for the
    person; it holds nothing of the title but the catalogue's own pattern.
    """

    category: str
    name: str | None
    why: str
    entry: str | None
    domains: tuple[str, ...] = ()

    def activity(self) -> Activity:
        return Activity(category=self.category, name=self.name)
