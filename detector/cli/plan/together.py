"""`turntoward together`: what is always for both of you, so that no nudge names it."""

from collections.abc import Callable

import click
import tomlkit

from detector.cli.config_text import ConfigText
from detector.cli.output import print_json
from detector.cli.plan.context import open_store
from detector.cli.plan.shared_category_offers import offered_categories
from detector.config.read import read_settings
from detector.errors import UserError
from detector.i18n import _
from detector.paths import config_path
from detector.report.starts_and_cancellations import DECLINED, declined
from detector.spelling import did_you_mean
from rules.explain import format_category, format_offer
from rules.features import CATEGORIES


def show_categories(*, as_json: bool) -> None:
    chosen = read_settings(config_path()).policy.for_both
    offered = offered_categories(chosen)
    if as_json:
        print_json({"for_both": chosen, "offered": [category for category, _times in offered]})
        return
    if chosen:
        names = ", ".join(map(format_category, chosen))
        click.echo(_("Always for both of you: {names}.").format(names=names))
    else:
        click.echo(_("Nothing is always for both of you; `turntoward together add video` would make video so."))
    for category, times in offered:
        click.echo(format_offer(category, times))


def add_category(category: str) -> None:
    _check(category)
    values = {"name": format_category(category), "category": category}
    if not _change(lambda chosen: chosen if category in chosen else [*chosen, category]):
        click.echo(_("It is for both of you already: {name}.").format_map(values))
        return
    click.echo(_("Always for both of you now: {name}. It holds from the next partner time on.").format_map(values))
    click.echo(_("`turntoward together remove {category}` takes it back.").format_map(values))


def remove_category(category: str) -> None:
    _check(category)
    if _change(lambda chosen: [name for name in chosen if name != category]):
        text = _("No longer always for both of you: {name}. From the next partner time on.")
    else:
        text = _("It was not always for both of you: {name}. Nothing is changed.")
    click.echo(text.format(name=format_category(category)))


def decline_category(category: str) -> None:
    _check(category)
    with open_store() as store:
        store.state.set(DECLINED, sorted(declined(store.state.get(DECLINED)) | {category}))
    text = _("It is not offered any more: {name}. `turntoward together add {category}` still works.")
    click.echo(text.format(name=format_category(category), category=category))


def _check(category: str) -> None:
    if category not in CATEGORIES:
        message = _("There is no category '{name}'.").format(name=category[:40])
        otherwise = _("Known here: {names}.").format(names=", ".join(CATEGORIES))
        raise UserError(f"{message} {did_you_mean(category, CATEGORIES, otherwise)}")


def _change(change: Callable[[list[str]], list[str]]) -> bool:
    """Write the categories that `change` returns into the config; return whether they differ."""
    config = ConfigText(config_path())
    chosen = list(config.settings.policy.for_both)
    changed = change(chosen)
    if changed == chosen:
        return False
    # tomlkit keeps the person's comments and order. `replace` takes LF, and gives the file its own line ends back.
    document = tomlkit.parse(config.text.replace("\r\n", "\n"))
    policy = document.get("policy")
    if policy is None:
        policy = document["policy"] = tomlkit.table()
    policy["for_both"] = changed
    config.replace(tomlkit.dumps(document))
    config.write()
    return True
