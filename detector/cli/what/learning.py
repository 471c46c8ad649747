"""`turntoward what --learn`: one question, and an app is what the person says it is.

Invariant 1: of a title only the site's name is written, and only if the person typed the title.
Invariant 2: an answer is tried before it is written: if another entry would still decide, the file stays as it is.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import click

from detector.activities.classifier import Classifier
from detector.activities.load import load_classifier
from detector.activities.model import Classification
from detector.activities.patterns import clean
from detector.cli.config_text import ConfigText
from detector.cli.output import columns, confirm, is_interactive, wrap
from detector.cli.what.app_query import AppQuery, terminal_safe, write_row
from detector.errors import UserError
from detector.i18n import _
from detector.paths import config_path
from detector.spelling import did_you_mean
from rules.features import CATEGORIES

# The categories that an app can have, in the order of the question.
LEARNABLE: Final = tuple(category for category in CATEGORIES if category != "phone")
# App ids that many programs share: of these the program is learned instead.
_HOSTS: Final = frozenset({"electron", "java", "python3", "wine", "xterm"})


class _Entry(NamedTuple):
    """What is to be written: the query's word, the list of the config it belongs into, and its category."""

    query: AppQuery
    list_name: str
    word: str
    category: str


def learn(query: AppQuery, category: str | None, *, yes: bool) -> None:
    if category is not None and category not in LEARNABLE:
        hint = did_you_mean(category, LEARNABLE, _("One of: {categories}.").format(categories=", ".join(LEARNABLE)))
        message = _("There is no category '{category}' for an app. {hint}")
        raise UserError(message.format(category=terminal_safe(category), hint=hint))
    config = ConfigText(config_path())
    classifier = load_classifier(config.settings.activities)
    # Classified with the settings just read, not with those of a running daemon.
    now = query.classify(classifier)
    list_name, word = _list_and_word(query, classifier)
    answer = category or _ask(word, now)
    if answer is None or (answer == now.category and now.entry is not None):
        text = _("{word} stays {category}. Nothing is written.")
        click.echo(text.format(word=terminal_safe(word), category=now.category))
        return
    # A category that was answered to the question needs no second question.
    question = _("Write that {word} is {category}?").format(word=terminal_safe(word), category=answer)
    if not confirm(
        question, yes=yes or category is None, unchanged=_("Nothing is written."), with_yes=_("Add --yes to write it.")
    ):
        return
    _write(config, [_Entry(query, list_name, word, answer)])


def learn_unknown(apps: Iterable[str]) -> None:
    config = ConfigText(config_path())
    classifier = load_classifier(config.settings.activities)
    unknown = [app for app in dict.fromkeys(apps) if classifier.classify_phone(app).entry is None]
    if not unknown:
        click.echo(_("There is no unknown app whose name is kept. `turntoward what --unknown` shows more."))
        return
    _require_terminal(_("Add --package NAME --category CATEGORY --yes"))
    entries = []
    for app in unknown:
        query = AppQuery(package=app)
        answer = _ask(app, query.classify(classifier))
        if answer is not None:
            entries.append(_Entry(query, *_list_and_word(query, classifier), answer))
    if entries:
        _write(config, entries)
    else:
        click.echo(_("Nothing is written."))


def _list_and_word(query: AppQuery, classifier: Classifier) -> tuple[str, str]:
    list_name, word = _most_specific(query, classifier)
    word = clean(word)
    if not word.strip(" *") or not word.isprintable():
        raise UserError(_("What is in front has no name, so there is nothing to learn."))
    return list_name, word


def _most_specific(query: AppQuery, classifier: Classifier) -> tuple[str, str]:
    # The program inside a terminal rather than the terminal, and the site rather than the browser.
    if query.package is not None:
        return "android", query.package
    if query.inside:
        return "programs", query.inside
    app, title = query.app or "", query.title or ""
    browser, site = classifier.browser_and_site(app, title, query.program)
    if browser and (query.is_seen or not title):
        message = _(
            "The browser {browser} is in front, and a site is learned only from a title that you type. "
            'Type the site instead: turntoward what --learn --app firefox --title "The site"'
        )
        raise UserError(message.format(browser=browser))
    if browser and site is None:
        raise UserError(_("This title names no site. Type the site's name alone after --title."))
    if site is not None:
        return "sites", site
    if query.program and app.casefold() in _HOSTS | {""}:
        return "programs", query.program
    return "apps", app


def _ask(word: str, now: Classification) -> str | None:
    _require_terminal(_("Add --category CATEGORY --yes"))
    click.echo(terminal_safe(word))
    write_row(_("now"), f"{now.category}: {now.name}" if now.name else now.category)
    write_row(_("why"), now.why)
    numbered = list(enumerate(LEARNABLE, start=1))
    # Three columns, filled downward, with as many rows as the first column needs.
    rows = -(-len(numbered) // 3)
    for row in range(rows):
        click.echo("".join(f"  {number:>2} {name:<12}" for number, name in numbered[row::rows]).rstrip())
    question = _("What is it? Its number, or 0 to leave it")
    number = click.prompt(question, type=click.IntRange(0, len(numbered)), default=0, show_default=False)
    return None if number == 0 else LEARNABLE[number - 1]


def _write(config: ConfigText, entries: Sequence[_Entry]) -> None:
    for entry in entries:
        config.add(entry.category, entry.list_name, entry.word)
    # Invariant 2: the classifier is asked again with the new entries before anything is written.
    classifier = load_classifier(config.settings.activities)
    for entry in entries:
        classification = entry.query.classify(classifier)
        if classification.category != entry.category:
            message = _(
                "{word} would still be {category}, as {entry} decides before it. Nothing is written; change that entry."
            )
            raise UserError(
                message.format(
                    word=terminal_safe(entry.word), category=classification.category, entry=classification.entry
                )
            )
    config.write()
    learned = _("{word} is {category} from now on.")
    sentences = [learned.format(word=terminal_safe(entry.word), category=entry.category) for entry in entries]
    sentences.append(
        _("It is written in {path}, and holds from the next partner time that begins.").format(path=config.path)
    )
    click.echo("\n".join(wrap(" ".join(sentences), width=columns())))


def _require_terminal(instead: str) -> None:
    if not is_interactive():
        raise UserError(_("There is no terminal to ask on.") + f"\n  {instead}")
