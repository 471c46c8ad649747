"""`turntoward together`: what is always for both of you, so that nothing is ever said about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@click.group("together", invoke_without_command=True, epilog="Example: turntoward together add video")
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
@click.pass_context
def command(context: click.Context, *, as_json: bool) -> None:
    """Show or change what is always for both of you: a category about which nothing is ever said.

    What is for both of you only this time, you say on the nudge itself. What is named here is kept, unsaid, and counted
    against nobody. It stands in the config as [policy] for_both, and holds from the next partner time on.
    """
    if context.invoked_subcommand is not None:
        return
    from detector.config.read import read_settings  # noqa: PLC0415 - not for --help
    from detector.paths import config_path  # noqa: PLC0415 - not for --help

    named = read_settings(config_path()).policy.for_both
    if as_json:
        import json  # noqa: PLC0415 - not for --help

        click.echo(json.dumps({"for_both": list(named), "offered": [each for each, _ in offered(named)]}))
        return
    if named:
        click.echo(f"Always for both of you: {', '.join(_words(named))}.")
    else:
        click.echo("Nothing is always for both of you; `turntoward together add video` would make video so.")
    from rules.explain import say_offer  # noqa: PLC0415 - not for --help

    for category, times in offered(named):
        click.echo(say_offer(category, times))


@command.command("add", epilog="Example: turntoward together add video")
@click.argument("category")
def add(category: str) -> None:
    """Make CATEGORY always for both of you."""
    _known(category)
    if _change(lambda named: [*named, *([] if category in named else [category])]):
        click.echo(f"Always for both of you now: {_words([category])[0]}. It holds from the next partner time on.")
        click.echo(f"`turntoward together remove {category}` takes it back.")
    else:
        click.echo(f"It is for both of you already: {_words([category])[0]}.")


@command.command("remove", epilog="Example: turntoward together remove video")
@click.argument("category")
def remove(category: str) -> None:
    """Take CATEGORY back: nudges may name it again."""
    _known(category)
    if _change(lambda named: [each for each in named if each != category]):
        click.echo(f"No longer always for both of you: {_words([category])[0]}. From the next partner time on.")
    else:
        click.echo(f"It was not always for both of you: {_words([category])[0]}. Nothing is changed.")


@command.command("decline", epilog="Example: turntoward together decline video")
@click.argument("category")
def decline(category: str) -> None:
    """Let CATEGORY not be offered any more."""
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.report.rituals import DECLINED, declined  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    _known(category)
    with Store.open(store_path()) as store:
        before = declined(store.state.get(DECLINED))
        store.state.set(DECLINED, sorted(before | {category}))
    click.echo(
        f"It is not offered any more: {_words([category])[0]}. `turntoward together add {category}` still works."
    )


def _known(category: str) -> None:
    from detector.config.values import nearest  # noqa: PLC0415 - not for --help
    from detector.errors import UserError  # noqa: PLC0415 - not for --help
    from rules.features import CATEGORIES  # noqa: PLC0415 - not for --help

    if category not in CATEGORIES:
        raise UserError(f"There is no category '{category[:40]}'. {nearest(category, CATEGORIES)}")


def _change(change: Callable[[list[str]], list[str]]) -> bool:
    """Write what `change` makes of the categories into the config; return whether that is anything new."""
    import tomlkit  # noqa: PLC0415 - only where something is written

    from detector.cli.config_text import ConfigText  # noqa: PLC0415 - not for --help
    from detector.config.read import parse_settings  # noqa: PLC0415 - not for --help
    from detector.paths import config_path  # noqa: PLC0415 - not for --help

    config = ConfigText(config_path())
    named = list(config.settings.policy.for_both)
    wanted = change(named)
    if wanted == named:
        return False
    document = tomlkit.parse(config.text)
    policy = document.get("policy")
    if policy is None:
        policy = document["policy"] = tomlkit.table()
    policy["for_both"] = wanted
    config.text = tomlkit.dumps(document)
    # What is written is read back as the daemon would read it, before the file is touched.
    config.settings = parse_settings(config.text, str(config.path))
    config.write()
    return True


def offered(named: Sequence[str]) -> list[tuple[str, int]]:
    """Return what may be made so for good, with how often it was for both; `named`: what is so already."""
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.report.rituals import DECLINED, declined, offers  # noqa: PLC0415 - not for --help
    from detector.store.errors import StoreMissing  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        store = Store.open(store_path(), read_only=True)
    except StoreMissing:
        return []
    with store:
        return offers(store.history.moments(), declined(store.state.get(DECLINED)).union(named))


def _words(named: Sequence[str]) -> list[str]:
    from rules.explain import say_category  # noqa: PLC0415 - not for --help

    return [say_category(each) for each in named]
