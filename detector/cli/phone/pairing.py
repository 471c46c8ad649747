"""Pair a phone: choose the door's place, make a link that works once, show it, and wait for the phone.

Rule 1: everything that is wrong is said at once, before anything is changed.
Rule 2: a link that nobody used leaves nothing behind: no code, no phone, and no open door if it was the first.
Rule 3: the code is shown once and kept as a digest; the token is never seen here at all.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import click

from detector.cli.phone.place import choose_place
from detector.cli.phone.shared import NEEDED, door, let_out, look_until, wake
from detector.cli.plan import context as declared
from detector.control.lock import running_pid
from detector.core.observations import LAPTOP
from detector.devices import MAX_NAME_LENGTH, PAIRING_TIME, Phone, PhoneApiAddress, needs_phone_api
from detector.errors import DaemonNotRunning, Problem, TurntowardError, UserError
from detector.partner_time.words import say_instant
from detector.phone_api.auth import digest
from detector.zone import reader_zone

if TYPE_CHECKING:
    from detector.store.store import Store

CODE_BYTES: Final = 18
OPENING: Final = timedelta(seconds=10)
"""How long the daemon may take to open the door."""

PLAIN: Final = (
    "This is plain HTTP: whoever listens in this Wi-Fi can see the phone's token, and could tell things in its name. "
    "Nothing can be read with it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the person asked for, as it was written."""

    name: str
    address: str | None
    port: str | None
    host: str | None
    certificate: str | None
    key: str | None
    shows_nudges: bool
    adb: str | None

    @property
    def of_the_door(self) -> dict[str, str]:
        """What was said of the door, by option."""
        said = {
            "--address": self.address,
            "--port": self.port,
            "--host": self.host,
            "--certificate": self.certificate,
            "--key": self.key,
        }
        return {option: value for option, value in said.items() if value is not None}


def pair_by_link(wanted: Wanted, *, waits: bool) -> None:
    """Show a link for the phone and wait until it was used.

    Raises:
        UserError: with everything that is wrong.
        DaemonNotRunning: if nobody would open the door.
        TurntowardError: if the door could not be opened, or nobody came.
    """
    with declared.opened() as store:
        before = store.phones.api_address()
        known = store.phones.all()
        place = _checked(wanted, known, before)
        if running_pid() is None:
            raise DaemonNotRunning(NEEDED)
        code = secrets.token_urlsafe(CODE_BYTES)
        until = declared.CLOCK.now() + PAIRING_TIME
        phone = store.phones.save(
            Phone(
                number=next((phone.number for phone in known if _is(phone, wanted.name)), None),
                name=wanted.name,
                code=digest(code),
                code_until=until,
                shows_nudges=wanted.shows_nudges,
            )
        )
        store.phones.save_api_address(place)
        try:
            wake(store)
            _await_door(place)
            _show(place, code, until)
            if not waits:
                declared.say(f"Then `turntoward phone list` shows {wanted.name} with the day on which it was paired.")
                return
            _await_phone(store, phone, until)
        except BaseException:
            # Also on Ctrl-C: whatever ended the waiting, the link ends with it.
            _withdraw(store, phone, before)
            raise
    declared.say(f"{wanted.name} is paired. The page on the phone goes on with what to set up there.")
    declared.say(f'`turntoward phone test "{wanted.name}"` says whether it reaches this device.')


def pair_by_adb(wanted: Wanted) -> None:
    """Keep that the phone is sensed through adb, and say what to do next.

    Raises:
        UserError: with everything that is wrong.
    """
    serial = (wanted.adb or "").strip()
    with declared.opened() as store:
        known = store.phones.all()
        problems = _name_problems(wanted.name, known)
        if not serial or len(serial) > 200 or not serial.isprintable() or " " in serial:
            hint = "`adb devices` lists the serials"
            problems.append(Problem(message=f"'{serial}' is no serial", file="--adb", hint=hint))
        taken = next((phone.name for phone in known if phone.adb == serial), None)
        if taken is not None:
            problems.append(Problem(message=f"{serial} is paired already, as '{taken}'", file="--adb"))
        problems += [
            Problem(message="belongs to the door, and adb goes without it", file=option)
            for option in wanted.of_the_door
        ]
        if wanted.shows_nudges:
            why = "adb only listens; it brings nothing to the phone"
            problems.append(Problem(message=why, file="--nudges-on-phone", hint="pair it by link to have that"))
        if problems:
            raise UserError(problems)
        number = next((phone.number for phone in known if _is(phone, wanted.name)), None)
        store.phones.save(Phone(number=number, name=wanted.name, adb=serial, paired=declared.CLOCK.now()))
        let_out(store)
    declared.conclude(
        [
            f"{wanted.name} is paired through adb ({serial}). It is listened to during partner time only.",
            "Next: switch on USB or wireless debugging on the phone and allow this device there; docs/phones.md says how.",
            "`turntoward doctor` says whether the phone is reached.",
        ]
    )


def _checked(wanted: Wanted, known: Sequence[Phone], before: PhoneApiAddress | None) -> PhoneApiAddress:
    """Return where the door is to be."""
    problems = _name_problems(wanted.name, known)
    through = [phone.name for phone in known if phone.token is not None]
    if before is not None and through and not wanted.of_the_door:
        place: PhoneApiAddress | None = before
    else:
        place, wrong = choose_place(wanted.address, wanted.port, wanted.host, wanted.certificate, wanted.key)
        problems += wrong
        if before is not None and through and place is not None and place != before:
            message = f"the door is at {before.url} already, and {_listed(through)} goes by that"
            hint = "leave the door's options out; or remove what is paired, and pair it anew"
            problems.append(Problem(message=message, file=", ".join(wanted.of_the_door), hint=hint))
    if problems or place is None:
        raise UserError(problems)
    return place


def _name_problems(name: str, known: Sequence[Phone]) -> list[Problem]:
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        message = f"a name has 1 to {MAX_NAME_LENGTH} characters that can be shown"
        return [Problem(message=message, file="NAME", hint='write for example "my phone"')]
    if name.casefold() == LAPTOP.casefold():
        return [Problem(message=f"'{LAPTOP}' is this device", file="NAME", hint="give the phone another name")]
    for phone in known:
        if _is(phone, name) and (phone.token is not None or phone.adb is not None):
            hint = f'another name; or first `turntoward phone remove "{phone.name}"`'
            return [Problem(message=f"'{phone.name}' is paired already", file="NAME", hint=hint)]
    return []


def _is(phone: Phone, name: str) -> bool:
    return phone.name.casefold() == name.casefold()


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _await_door(place: PhoneApiAddress) -> None:
    if look_until(lambda: (now := door()).is_open and now.url == place.url, OPENING):
        return
    why = (door().why or "the daemon did not say why; `turntoward status` may").rstrip(".")
    raise TurntowardError(f"The door could not be opened at {place.url}: {why}.\n  Nothing was paired.")


def _show(place: PhoneApiAddress, code: str, until: datetime) -> None:
    link = f"{place.url}/pair/{code}"
    clock = say_instant(until, declared.CLOCK.now(), reader_zone())
    declared.say(f"Scan this with the phone, or open the link there. It works once, until {clock}.")
    for line in _picture(link):
        click.echo(line)
    click.echo(link)
    if place.certificate is None:
        declared.say(PLAIN)


def _picture(link: str) -> list[str]:
    import os  # noqa: PLC0415 - not for --help

    from detector.cli.phone.qr import drawn  # noqa: PLC0415 - not for --help

    lines = drawn(link, coloured=sys.stdout.isatty() and os.environ.get("TERM") not in (None, "", "dumb"))
    with suppress(UnicodeEncodeError, LookupError):
        "\n".join(lines).encode(sys.stdout.encoding)
        return lines
    return []


def _await_phone(store: Store, phone: Phone, until: datetime) -> None:
    """Wait until the phone has its token."""
    shows = sys.stdout.isatty()
    shown = ""

    def count_down(left: timedelta) -> None:
        nonlocal shown
        seconds = int(left.total_seconds())
        line = f"Waiting for the phone: {seconds // 60}:{seconds % 60:02} left. Ctrl-C takes the link back."
        if shows and line != shown:
            click.echo(f"\r{line:<79}", nl=False)
            shown = line

    def is_paired() -> bool:
        now = _as_now(store, phone)
        if now is None:
            raise TurntowardError(f"{phone.name} was removed meanwhile; the link opens nothing any more.")
        if now.token is None and now.code != phone.code:
            raise TurntowardError("Another link was made for this phone meanwhile; this one opens nothing any more.")
        return now.token is not None

    try:
        came = look_until(is_paired, until - declared.CLOCK.now(), count_down)
    finally:
        if shown:
            click.echo(f"\r{'':<79}\r", nl=False)
    if not came:
        raise TurntowardError(
            "Nobody used the link in time; it opens nothing any more.\n"
            "  Is the phone in the same Wi-Fi? To try again:\n"
            f'  `turntoward phone pair "{phone.name}"`'
        )


def _as_now(store: Store, phone: Phone) -> Phone | None:
    return next((known for known in store.phones.all() if known.number == phone.number), None)


def _withdraw(store: Store, phone: Phone, before: PhoneApiAddress | None) -> None:
    """Take the link back, unless it was used, or another took its place."""
    now = _as_now(store, phone)
    if now is not None and now.code == phone.code and now.number is not None:
        if now.token is None and now.adb is None:
            store.phones.remove(now.number)
        else:
            store.phones.save(replace(now, code=None, code_until=None))
    if not needs_phone_api(store.phones.all(), declared.CLOCK.now()):
        store.phones.save_api_address(before)
    wake(store)
