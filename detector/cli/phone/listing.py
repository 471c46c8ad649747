"""Show the phones and the phone API, and remove a phone. A token and its digest are never shown."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import click

from detector.cli import output
from detector.cli.network import wake_with_network
from detector.cli.phone.daemon_status import ReportedStatus, choose_phone, parse_instant, reported_status, wait_until
from detector.cli.plan import context
from detector.cli.stored import open_stored
from detector.devices import Phone, PhoneApiAddress, needs_phone_api
from detector.errors import DaemonNotRunning
from detector.i18n import _
from detector.partner_time.describe import format_instant
from detector.zone import local_zone

CLOSE_TIMEOUT: Final = timedelta(seconds=5)


def list_phones(*, as_json: bool) -> None:
    with open_stored() as store:
        phones, address = store.phones.all(), store.phones.api_address()
    now = context.CLOCK.now()
    # Without a daemon the stored phones are still shown.
    try:
        status = reported_status()
    except DaemonNotRunning:
        status = ReportedStatus(why=_("Turntoward is not running"), phones={})
    if as_json:
        _print_json(phones, address, status, now)
        return
    for phone in phones:
        _print_phone(phone, status.phones.get(phone.name, {}), now)
    if not phones:
        output.print_text(_('No phone is paired; `turntoward phone pair "my phone"` pairs one.'))
    output.print_text(_api_sentence(phones, address, status, now))


def _ways(phone: Phone, adb: str) -> list[str]:
    return [*(["webhook"] if phone.token is not None else []), *([adb] if phone.adb is not None else [])]


def _print_phone(phone: Phone, reported: Mapping[str, Any], now: datetime) -> None:
    zone = local_zone()
    ways = _ways(phone, f"adb {phone.adb}")
    if ways and phone.paired is not None:
        line = _("{name}: {ways}, paired {day}").format(
            name=phone.name, ways=_(" and ").join(ways), day=format_instant(phone.paired, now, zone)
        )
    elif phone.code_until is not None and phone.has_open_link(now):
        line = _("{name}: not paired yet; its link works until {time}").format(
            name=phone.name, time=format_instant(phone.code_until, now, zone)
        )
    else:
        line = _("{name}: not paired; its link was never used").format(name=phone.name)
    output.print_text(line, later="  ")
    if phone.token is not None:
        shows = _("Nudges show on it, too.") if phone.shows_nudges else _("Nudges show on this device only.")
        output.print_text(shows, first="  ", later="  ")
    heard, tested = parse_instant(reported.get("heard")), parse_instant(reported.get("tested"))
    if heard is not None:
        output.print_text(_("Last heard {time}.").format(time=format_instant(heard, now, zone)), first="  ", later="  ")
    elif tested is not None:
        output.print_text(
            _("Last tested {time}.").format(time=format_instant(tested, now, zone)), first="  ", later="  "
        )


def _api_sentence(
    phones: Sequence[Phone], address: PhoneApiAddress | None, status: ReportedStatus, now: datetime
) -> str:
    if status.is_open:
        return _("The phone API is open at {url}.").format(url=status.url)
    if address is None or not needs_phone_api(phones, now):
        return _("The phone API is closed: no phone needs it.")
    why = (status.why or _("the daemon has not opened it yet")).rstrip(".")
    return _("The phone API at {url} is closed: {why}.").format(url=address.url, why=why)


def _print_json(
    phones: Sequence[Phone], address: PhoneApiAddress | None, status: ReportedStatus, now: datetime
) -> None:
    written = {
        "door": {"url": status.url or (address.url if address else None), "open": status.is_open, "why": status.why},
        "phones": [
            {
                "name": phone.name,
                "speaks": _ways(phone, "adb"),
                "adb": phone.adb,
                "paired": phone.paired,
                "link_until": phone.code_until if phone.has_open_link(now) else None,
                "shows_nudges": phone.shows_nudges,
                "heard": status.phones.get(phone.name, {}).get("heard"),
                "tested": status.phones.get(phone.name, {}).get("tested"),
            }
            for phone in phones
        ],
    }
    output.print_json(written, sort_keys=True)


def remove_phone(name: str, *, yes: bool) -> None:
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
        output.print_text(_("Its token is not valid any more. You can delete what you set up on the phone."))
    if had_address and not is_needed:
        output.print_text(_closed_sentence(runs=runs))
    output.print_text(_("What was kept of it stays; `turntoward forget` deletes that."))


def _closed_sentence(*, runs: bool) -> str:
    closed = _("It was the last one: the phone API is closed.")
    if not runs:
        return closed
    with suppress(DaemonNotRunning):
        if not wait_until(lambda: not reported_status().is_open, CLOSE_TIMEOUT):
            return _("It was the last one, but the phone API is still open; `turntoward status` shows more.")
    return closed
