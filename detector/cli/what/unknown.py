"""List the apps on phones that were opened during partner time and that the catalogue does not know."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from detector.store.model import UnknownApps

COLUMNS: Final = 80
LONGEST_APP: Final = 60
HINT: Final = (
    "Their names are not kept. With `keep_names = true` under [store] in the config they are, from then on, so that "
    "you can say what each one is."
)
TEACH: Final = "`turntoward what --package NAME` says what one counts as; an [[activity]] in the config changes it."


def list_unknown(*, as_json: bool) -> None:
    """Write what is kept of unknown apps.

    Raises:
        StoreError: if what is kept cannot be read.
    """
    found = _kept()
    if as_json:
        written = {
            device: {"opens": unknown.opens, "apps": unknown.apps, "named": dict(unknown.named)}
            for device, unknown in found.items()
        }
        click.echo(json.dumps(written, ensure_ascii=False, indent=2))
        return
    for line in _lines(found):
        click.echo(line)


def named_unknown() -> list[str]:
    """Return the unknown apps whose names are kept, the most opened first.

    Raises:
        StoreError: if what is kept cannot be read.
    """
    opens: dict[str, int] = {}
    for unknown in _kept().values():
        for app, times in unknown.named.items():
            opens[app] = opens.get(app, 0) + times
    return sorted(opens, key=lambda app: (-opens[app], app))


def _kept() -> Mapping[str, UnknownApps]:
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store.errors import StoreMissing  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        with Store.open(store_path(), read_only=True) as store:
            return store.history.unknown_apps()
    except StoreMissing:
        return {}


def _lines(found: Mapping[str, UnknownApps]) -> Iterator[str]:
    if not found:
        yield "No app that the catalogue does not know was opened on a phone."
        return
    for device, unknown in found.items():
        yield from _wrapped(f"{device}: {_opened(unknown)}.")
        column = max((len(_shown(app)) for app in unknown.named), default=0)
        for app, opens in unknown.named.items():
            yield f"  {_shown(app):<{column}}  {opens:>5}"
        unnamed = unknown.opens - sum(unknown.named.values())
        if unknown.named and unnamed:
            yield from _wrapped(f"  and {unnamed} more from when names were not kept")
    yield from _wrapped(TEACH if any(unknown.named for unknown in found.values()) else HINT)


def _opened(unknown: UnknownApps) -> str:
    times = "once" if unknown.opens == 1 else f"{unknown.opens} times"
    if unknown.opens == 1 or unknown.apps == len(unknown.named) == 1:
        return f"an app that the catalogue does not know was opened {times} during partner time"
    different = f"{unknown.apps} different {'one' if unknown.apps == 1 else 'ones'} at least"
    return f"apps that the catalogue does not know were opened {times} during partner time, {different}"


def _shown(app: str) -> str:
    # A phone may tell whatever it likes, escape sequences included.
    plain = "".join(letter if letter.isprintable() else " " for letter in app[: LONGEST_APP + 1])
    return plain if len(plain) <= LONGEST_APP else plain[:LONGEST_APP] + "…"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS, subsequent_indent="  ", break_on_hyphens=False)
