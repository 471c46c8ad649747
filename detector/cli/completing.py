"""What Tab may write: titles of partner time, names of calendars and of phones, as they are kept on this device.

Rule 1: it only reads; where nothing can be read there is nothing to complete, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from detector.store.store import Store


def titles(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the titles of what is declared, each with its words; its number where several have one title."""
    del ctx, param
    return _read(_titles, incomplete)


def calendars(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of the calendars."""
    del ctx, param
    return _read(lambda store: ((calendar.name, None) for calendar in store.calendars.all()), incomplete)


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Leave it to the shell to complete a file's name."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for a shell that asks

    del ctx, param
    return [CompletionItem(incomplete, type="file")]


def phones(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of the phones."""
    del ctx, param
    return _read(lambda store: ((phone.name, None) for phone in store.phones.all()), incomplete)


def _titles(store: Store) -> Iterable[tuple[str, str | None]]:
    from collections import Counter  # noqa: PLC0415 - not for --help

    from detector.cli.plan.context import CLOCK  # noqa: PLC0415 - not for --help
    from detector.partner_time.describe import say_partner_time  # noqa: PLC0415 - not for --help
    from detector.zone import local_zone  # noqa: PLC0415 - not for --help

    known = store.plans.partner_times()
    often = Counter(partner_time.title.casefold() for partner_time in known)
    now, zone = CLOCK.now(), local_zone()
    for partner_time in known:
        words = say_partner_time(partner_time, now, zone).removeprefix(f"{partner_time.title}: ")
        alone = often[partner_time.title.casefold()] == 1
        yield (partner_time.title, words) if alone else (str(partner_time.number), f"{partner_time.title}: {words}")


def _read(find: Callable[[Store], Iterable[tuple[str, str | None]]], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for a shell that asks

    from detector.errors import TurntowardError  # noqa: PLC0415 - not for --help
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        with Store.open(store_path(), read_only=True) as store:
            found = list(find(store))
    except TurntowardError:
        return []
    begun = incomplete.casefold()
    return [CompletionItem(word, help=words) for word, words in found if word.casefold().startswith(begun)]
