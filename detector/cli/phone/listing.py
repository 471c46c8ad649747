"""Show the phones and their door. Never a token: not even its digest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from detector.cli.phone.shared import Door, door, instant
from detector.cli.plan import context as declared
from detector.devices import Phone, PhoneApiAddress, needs_phone_api
from detector.errors import DaemonNotRunning
from detector.partner_time.words import say_instant
from detector.zone import reader_zone


def list_phones(*, as_json: bool) -> None:
    """Write which phones there are and whether the door is open.

    Raises:
        StoreError: if what is kept cannot be read.
    """
    phones, place = _kept()
    try:
        now = door()
    except DaemonNotRunning:
        now = Door(url=None, is_open=False, why="Turntoward is not running", phones={})
    if as_json:
        _write_json(phones, place, now)
        return
    for phone in phones:
        _write(phone, now.phones.get(phone.name, {}))
    if not phones:
        declared.say('No phone is paired; `turntoward phone pair "my phone"` pairs one.')
    declared.say(_about_the_door(phones, place, now))


def _kept() -> tuple[Sequence[Phone], PhoneApiAddress | None]:
    from detector.paths import store_path  # noqa: PLC0415 - not for --help
    from detector.store.errors import StoreMissing  # noqa: PLC0415 - not for --help
    from detector.store.store import Store  # noqa: PLC0415 - not for --help

    try:
        with Store.open(store_path(), read_only=True) as store:
            return store.phones.all(), store.phones.api_address()
    except StoreMissing:
        return (), None


def _speaks(phone: Phone) -> list[str]:
    return [*(["webhook"] if phone.token is not None else []), *(["adb"] if phone.adb is not None else [])]


def _is_awaited(phone: Phone) -> bool:
    return phone.code_until is not None and phone.code_until > declared.CLOCK.now()


def _write(phone: Phone, told: Mapping[str, Any]) -> None:
    now, zone = declared.CLOCK.now(), reader_zone()
    ways = [*(["webhook"] if phone.token is not None else []), *([f"adb {phone.adb}"] if phone.adb is not None else [])]
    if ways and phone.paired is not None:
        words = f"{phone.name}: {' and '.join(ways)}, paired {say_instant(phone.paired, now, zone)}"
    elif _is_awaited(phone) and phone.code_until is not None:
        words = f"{phone.name}: not paired yet; its link works until {say_instant(phone.code_until, now, zone)}"
    else:
        words = f"{phone.name}: not paired; its link was never used"
    declared.say(words, later="  ")
    if phone.token is not None:
        shows = "Nudges show on it, too." if phone.shows_nudges else "Nudges show on this device only."
        declared.say(shows, first="  ", later="  ")
    heard, tested = instant(told.get("heard")), instant(told.get("tested"))
    if heard is not None:
        declared.say(f"Last heard {say_instant(heard, now, zone)}.", first="  ", later="  ")
    elif tested is not None:
        declared.say(f"Last tested {say_instant(tested, now, zone)}.", first="  ", later="  ")


def _about_the_door(phones: Sequence[Phone], place: PhoneApiAddress | None, now: Door) -> str:
    if now.is_open:
        return f"The door is open at {now.url}."
    if place is None or not needs_phone_api(phones, declared.CLOCK.now()):
        return "The door is shut: no phone needs it."
    return f"The door at {place.url} is shut: {(now.why or 'the daemon has not opened it yet').rstrip('.')}."


def _write_json(phones: Sequence[Phone], place: PhoneApiAddress | None, now: Door) -> None:
    written = {
        "door": {
            "url": now.url or (place.url if place is not None else None),
            "open": now.is_open,
            "why": now.why,
        },
        "phones": [
            {
                "name": phone.name,
                "speaks": _speaks(phone),
                "adb": phone.adb,
                "paired": phone.paired.isoformat() if phone.paired else None,
                "link_until": phone.code_until.isoformat() if phone.code_until and _is_awaited(phone) else None,
                "shows_nudges": phone.shows_nudges,
                "heard": now.phones.get(phone.name, {}).get("heard"),
                "tested": now.phones.get(phone.name, {}).get("tested"),
            }
            for phone in phones
        ],
    }
    click.echo(json.dumps(written, ensure_ascii=False, sort_keys=True, indent=2))
