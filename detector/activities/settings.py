"""The person's own entries, which win over the catalogue.

Invariant 1: an own entry has the format of the catalogue, so that either can be copied into the other.
"""

from dataclasses import dataclass, field

from detector.activities.patterns import BadPattern, read_pattern
from detector.errors import Problem
from detector.i18n import _
from detector.spelling import did_you_mean
from rules.features import CATEGORIES
from rules.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEntry:
    """What an app, a site or a program is to this person. A name in any of the lists belongs to the entry.

    `apps`: desktop app ids (WM_CLASS, Wayland app id, name of the `.desktop` file). `sites`: names of sites as in a
    browser's title. `programs`: names of programs, also of those inside a terminal. `android`, `ios`: packages and
    bundle ids of apps on a phone.
    """

    category: str = field(metadata={"meaning": _("What it is to you."), "choices": CATEGORIES})
    name: str | None = option(None, _("What you call it."), max_characters=80)
    apps: tuple[str, ...] = option((), _("Desktop app ids, as `turntoward what` shows them."))
    sites: tuple[str, ...] = option((), _("Sites, as their names stand in a browser's title."))
    programs: tuple[str, ...] = option((), _("Programs, also those inside a terminal."))
    android: tuple[str, ...] = option((), _("Packages of apps on an Android phone."))
    ios: tuple[str, ...] = option((), _("Bundle ids of apps on an iPhone."))


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivitySettings:
    """The person's own entries, in their order: if two fit, the first wins."""

    own: tuple[OwnEntry, ...] = ()


def check_own_entries(own: tuple[OwnEntry, ...], file: str | None = None) -> list[Problem]:
    """Return the problems of the entries: unknown categories, entries without names, bad patterns."""
    problems: list[Problem] = []

    def add(message: str, hint: str | None = None, **values: object) -> None:
        problems.append(Problem(file=file, message=message.format(place=place, **values), hint=hint))

    for number, entry in enumerate(own, start=1):
        place = _("activity {number}").format(number=number)
        if entry.category not in CATEGORIES:
            hint = _("Write one of: {categories}.").format(categories=", ".join(CATEGORIES))
            hint = did_you_mean(entry.category, CATEGORIES, hint)
            add(_("{place}: has the category '{category}', which does not exist"), hint, category=entry.category)
        patterns = entry.apps + entry.programs + entry.android + entry.ios
        if not patterns and not entry.sites:
            hint = _('Add for example apps = ["org.gnome.Maps"]; `turntoward what` shows what is in front of you.')
            add(_("{place}: names no app, site or program, so it can never fit"), hint)
        # `*` alone is the pattern of a prefix without the prefix.
        if any(not pattern.strip(" *") for pattern in patterns):
            add(_("{place}: holds an empty name, which would fit everything"))
        for site in entry.sites:
            try:
                read_pattern(site)
            except BadPattern as bad:
                add(_("{place}: has the site '{site}', which {problem}"), bad.hint, site=site, problem=bad)
    return problems
