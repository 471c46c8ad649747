"""`turntoward what --learn`: one question, and what is in front is what the person says it is.

Rule 1: nothing of a title is written but the site's name, and that only of a title that the person typed.
Rule 2: what is said is tried before it is written: if another entry would still decide, the file stays as it is.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from detector.errors import UserError

if TYPE_CHECKING:
    from detector.activities.classifier import Classifier
    from detector.activities.model import Classification
    from detector.cli.what.entry import ConfigText

COLUMNS: Final = 80
NEVER: Final = "phone"
_HOSTS: Final = frozenset({"electron", "java", "python3", "wine", "xterm"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be learned: the words as `what` takes them. `typed`: by the person, not seen by a sensor."""

    app: str = ""
    title: str = ""
    program: str | None = None
    inside: str | None = None
    package: str | None = None
    typed: bool = True

    def verdict(self, classifier: Classifier) -> Classification:
        """Return what the classifier makes of it."""
        if self.package is not None:
            return classifier.classify_phone(self.package)
        return classifier.classify(self.app, self.title, self.program, self.inside)


def learn(asked: Asked, category: str | None, *, sure: bool) -> None:
    """Ask what it is, write that, and say what it now is.

    Raises:
        UserError: if the category is not one, if there is nobody to ask, or if the config cannot be used.
    """
    from detector.cli.what.entry import ConfigText  # noqa: PLC0415 - not for --help
    from detector.paths import config_path  # noqa: PLC0415 - not for --help

    _check(category)
    config = ConfigText(config_path())
    classifier = _classifier(config)
    now = asked.verdict(classifier)
    kind, word = _named(asked, classifier)
    wanted = category or _ask(_shown(word), now)
    if wanted is None or (wanted == now.category and now.entry is not None):
        click.echo(f"{_shown(word)} stays what it is: {now.category}. Nothing is written.")
        return
    if category is not None and not sure:
        _need_somebody("--yes")
        if not click.confirm(f"Write that {_shown(word)} is {category}?"):
            click.echo("Nothing is written.")
            return
    _say_it(config, [(asked, kind, word, wanted)])
    config.write()
    _conclude(f"{_shown(word)} is {wanted} from now on.")


def learn_unknown(apps: Iterable[str]) -> None:
    """Ask of each app that was opened on a phone and that nobody knows, one question each, and write the answers.

    Raises:
        UserError: if there is nobody to ask, or if the config cannot be used.
    """
    from detector.cli.what.entry import ConfigText  # noqa: PLC0415 - not for --help
    from detector.paths import config_path  # noqa: PLC0415 - not for --help

    config = ConfigText(config_path())
    classifier = _classifier(config)
    open_ones = [app for app in dict.fromkeys(apps) if classifier.classify_phone(app).entry is None]
    if not open_ones:
        click.echo("There is no unknown app whose name is kept. `turntoward what --unknown` says more.")
        return
    _need_somebody("--package NAME --category CATEGORY --yes")
    said = []
    for app in open_ones:
        asked = Asked(package=app)
        wanted = _ask(_shown(app), asked.verdict(classifier))
        if wanted is not None:
            said.append((asked, *_named(asked, classifier), wanted))
    if not said:
        click.echo("Nothing is written.")
        return
    _say_it(config, said)
    config.write()
    _conclude(" ".join(f"{_shown(app)} is {wanted} from now on." for _, _, app, wanted in said))


def categories() -> tuple[str, ...]:
    """Return the categories that an app can have, in the order of the question."""
    from rules.features import CATEGORIES  # noqa: PLC0415 - not for --help

    return tuple(category for category in CATEGORIES if category != NEVER)


def _check(category: str | None) -> None:
    if category is not None and category not in categories():
        from difflib import get_close_matches  # noqa: PLC0415 - only on a mistake

        near = get_close_matches(category.lower(), categories(), n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"One of: {', '.join(categories())}."
        raise UserError(f"There is no category '{_shown(category)}' for an app. {hint}")


def _classifier(config: ConfigText) -> Classifier:
    from detector.activities.load import load_classifier  # noqa: PLC0415 - not for --help

    return load_classifier(config.settings.activities)


def _named(asked: Asked, classifier: Classifier) -> tuple[str, str]:
    from detector.activities.patterns import readable  # noqa: PLC0415 - not for --help

    kind, word = _kind_and_word(asked, classifier)
    word = readable(word)
    if not word.strip(" *") or not word.isprintable():
        raise UserError("There is nothing in front that has a name, so there is nothing to learn.")
    return kind, word


def _kind_and_word(asked: Asked, classifier: Classifier) -> tuple[str, str]:
    if asked.package is not None:
        return "android", asked.package
    if asked.inside:
        return "programs", asked.inside
    browser, site = classifier.site_named(asked.app, asked.title, asked.program)
    if browser and not (asked.typed and asked.title):
        raise UserError(
            f"In front is the browser {browser}, and what it shows is not learned from a title that is only seen. "
            'Type the site instead: turntoward what --learn --app firefox --title "The site"'
        )
    if browser and site is None:
        raise UserError("This title names no site. Type the site's name alone after --title.")
    if site is not None:
        return "sites", site
    if asked.program and asked.app.casefold() in _HOSTS | {""}:
        return "programs", asked.program
    return "apps", asked.app


def _ask(word: str, now: Classification) -> str | None:
    _need_somebody("--category CATEGORY --yes")
    known = f"{now.category}: {now.name}" if now.name else now.category
    click.echo(f"{word}\n  now      {known}")
    click.echo(textwrap.fill(now.why, COLUMNS, initial_indent="  why      ", subsequent_indent=" " * 11))
    numbered = list(enumerate(categories(), start=1))
    rows = -(-len(numbered) // 3)
    for row in range(rows):
        click.echo("".join(f"  {number:>2} {name:<12}" for number, name in numbered[row::rows]).rstrip())
    number = click.prompt(
        "What is it? Its number, or 0 to leave it", type=click.IntRange(0, len(numbered)), default=0, show_default=False
    )
    return None if number == 0 else categories()[number - 1]


def _say_it(config: ConfigText, said: list[tuple[Asked, str, str, str]]) -> None:
    for _, kind, word, wanted in said:
        config.add(wanted, kind, word)
    classifier = _classifier(config)
    for asked, _, word, wanted in said:
        found = asked.verdict(classifier)
        if found.category != wanted:
            raise UserError(
                f"{_shown(word)} would still be {found.category}, for {found.entry} decides before it. "
                "Nothing is written; change that entry."
            )


def _conclude(what: str) -> None:
    from detector.paths import config_path  # noqa: PLC0415 - not for --help

    then = f"{what} It stands in {config_path()}, and holds from the next partner time that begins."
    click.echo(textwrap.fill(then, COLUMNS, break_long_words=False, break_on_hyphens=False))


def _need_somebody(instead: str) -> None:
    if not _asks():
        raise UserError(f"There is nobody to ask here, for this is no terminal. Add {instead}")


def _asks() -> bool:
    return sys.stdin.isatty()


def _shown(word: str) -> str:
    from detector.cli.what.command import shown  # noqa: PLC0415 - it imports this module

    return shown(word)
