"""Remove a phone at once."""

from datetime import timedelta
from typing import Final

import click

from detector.cli import output
from detector.cli.network import wake_with_network
from detector.cli.phone.daemon_status import choose_phone, reported_status, wait_until
from detector.cli.plan import context
from detector.devices import needs_phone_api
from detector.errors import DaemonNotRunning
from detector.i18n import _

CLOSE_TIMEOUT: Final = timedelta(seconds=5)


def remove_phone(name: str, *, yes: bool) -> None:
    """Remove the phone of this name; ask first only where somebody can answer."""
    with context.open_store() as store:
        phone = choose_phone(store.phones.all(), name)
        # Not output.confirm(): without a terminal, too, a lost phone is removed without --yes.
        question = _("Remove {name}?").format(name=phone.name)
        if not yes and output.is_interactive() and not click.confirm(question):
            output.print_text(_("Nothing was removed."))
            return
        if phone.number is not None:
            store.phones.remove(phone.number)
        is_needed = needs_phone_api(store.phones.all(), context.CLOCK.now())
        had_address = store.phones.api_address() is not None
        if not is_needed:
            store.phones.save_api_address(None)
        runs = wake_with_network(store)
    output.print_text(_("Removed: {name}.").format(name=phone.name))
    if phone.token is not None:
        output.print_text(_("Its token opens nothing any more. What you set up on the phone can be deleted there."))
    if had_address and not is_needed:
        output.print_text(_closed_sentence(runs=runs))
    output.print_text(_("What was kept of it stays; `turntoward forget` deletes that."))


def _closed_sentence(*, runs: bool) -> str:
    closed = _("It was the last one: the phone API is closed.")
    if not runs:
        return closed
    try:
        if wait_until(lambda: not reported_status().is_open, CLOSE_TIMEOUT):
            return closed
    except DaemonNotRunning:
        return closed
    return _("It was the last one, but the phone API is still open; `turntoward status` says more.")
