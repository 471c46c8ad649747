"""Apps on phones that were opened during partner time and that the catalogue does not know, as counts."""

from collections import Counter
from collections.abc import Iterator, Mapping

import click

from detector.cli.output import columns, print_json, wrap
from detector.cli.stored import open_stored
from detector.cli.what.app_query import terminal_safe
from detector.i18n import _, ngettext
from detector.store.model import UnknownApps


def list_unknown(*, as_json: bool) -> None:
    apps_by_device = _read()
    if as_json:
        print_json(apps_by_device)
        return
    for line in _lines(apps_by_device):
        click.echo(line)


def named_unknown() -> list[str]:
    opens: Counter[str] = Counter()
    for unknown in _read().values():
        opens.update(unknown.named)
    # The most opened first, as its answer is worth most; equal ones by name, so that the order is stable.
    return sorted(opens, key=lambda app: (-opens[app], app))


def _read() -> Mapping[str, UnknownApps]:
    with open_stored() as store:
        return store.history.unknown_apps()


def _lines(apps_by_device: Mapping[str, UnknownApps]) -> Iterator[str]:
    if not apps_by_device:
        yield _("No app that the catalogue does not know was opened on a phone.")
        return
    for device, unknown in apps_by_device.items():
        yield from _wrapped(f"{device}: {_opened(unknown)}.")
        column = max((len(terminal_safe(app)) for app in unknown.named), default=0)
        for app, opens in unknown.named.items():
            yield f"  {terminal_safe(app):<{column}}  {opens:>5}"
        unnamed = unknown.opens - sum(unknown.named.values())
        if unknown.named and unnamed:
            yield from _wrapped(_("  and {count} more from when names were not kept").format(count=unnamed))
    if not any(unknown.named for unknown in apps_by_device.values()):
        yield from _wrapped(_("Their names are never kept: the phone may belong to another person."))
    yield from _wrapped(
        _("`turntoward what --package NAME` shows how one is classified; an [[activity]] in the settings changes it.")
    )


def _opened(unknown: UnknownApps) -> str:
    if unknown.opens == 1:
        return _("an app that the catalogue does not know was opened once during partner time")
    if unknown.apps == len(unknown.named) == 1:
        text = _("an app that the catalogue does not know was opened {count} times during partner time")
        return text.format(count=unknown.opens)
    text = ngettext(
        "apps that the catalogue does not know were opened {count} times during partner time, "
        "{apps} different one at least",
        "apps that the catalogue does not know were opened {count} times during partner time, "
        "{apps} different ones at least",
        unknown.apps,
    )
    return text.format(count=unknown.opens, apps=unknown.apps)


def _wrapped(text: str) -> list[str]:
    return wrap(text, later="  ", width=columns())
