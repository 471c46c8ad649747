"""Pair a phone: choose the phone API's address, make a link that works once, show it, and wait for the phone.

Invariant 1: everything that is wrong is reported at once, before anything is changed.
Invariant 2: a link that nobody used leaves nothing behind: no code, no phone, and no open phone API if it was the first.
Invariant 3: the code is shown once and stored as a digest; the token is never seen here at all.
"""

import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import click
import segno

from detector.cli import output
from detector.cli.network import update_network_access, wake_with_network
from detector.cli.phone.address import choose_address
from detector.cli.phone.daemon_status import reported_status, wait_until
from detector.cli.plan import context
from detector.control.lock import running_pid
from detector.core.observations import LAPTOP
from detector.devices import MAX_NAME_LENGTH, PAIRING_TIME, Phone, PhoneApiAddress, needs_phone_api
from detector.errors import DaemonNotRunning, Problem, TurntowardError, UserError
from detector.i18n import _
from detector.partner_time.day_names import join_words
from detector.partner_time.describe import format_instant
from detector.phone_api.auth import digest
from detector.store.store import Store
from detector.zone import local_zone

# Light modules around the code, as many as ISO/IEC 18004 demands.
QUIET_ZONE: Final = 4

# White on black, from the colours above 15: themes change the first 16.
_COLOURED: Final = "\x1b[38;5;231;48;5;16m"
_PLAIN: Final = "\x1b[0m"
_BLOCKS: Final = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}
CODE_BYTES: Final = 18
MAX_SERIAL_LENGTH: Final = 200
# How long the daemon may take to open the phone API.
OPEN_TIMEOUT: Final = timedelta(seconds=10)

PLAIN_HTTP: Final = _(
    "This is plain HTTP: others in this Wi-Fi can read the phone's token, and could send reports in its name. "
    "With it they can read only how often the phone reported something today, and your hours."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairOptions:
    """The options of `phone pair`, as they were written."""

    name: str
    address: str | None
    port: str | None
    host: str | None
    certificate: str | None
    key: str | None
    nudges_on_phone: bool
    adb: str | None
    no_wait: bool

    @property
    def for_phone_api(self) -> dict[str, str]:
        names = ("address", "port", "host", "certificate", "key")
        return {f"--{name}": value for name in names if (value := getattr(self, name)) is not None}


def pair_phone(options: PairOptions) -> None:
    options = replace(options, name=options.name.strip())
    if options.adb is not None:
        pair_by_adb(options)
    else:
        pair_by_link(options)


def pair_by_link(options: PairOptions) -> None:
    with context.open_store() as store:
        before = store.phones.api_address()
        phones = store.phones.all()
        address = _checked_address(options, phones, before)
        # Before anything is stored: without a daemon the phone API stays closed, and the link would not work.
        if running_pid() is None:
            raise DaemonNotRunning(context.NOT_RUNNING)
        code = secrets.token_urlsafe(CODE_BYTES)
        until = context.CLOCK.now() + PAIRING_TIME
        phone = store.phones.save(
            Phone(
                number=_number_of(options.name, phones),
                name=options.name,
                code=digest(code),
                code_until=until,
                shows_nudges=options.nudges_on_phone,
            )
        )
        store.phones.save_api_address(address)
        try:
            wake_with_network(store)
            _wait_for_api(address)
            _show(address, code, until)
            if options.no_wait:
                sentence = _("Then `turntoward phone list` shows {name} with the day on which it was paired.")
                output.print_text(sentence.format(name=options.name))
                return
            _wait_for_phone(store, phone, until)
        except BaseException:
            # Also on Ctrl-C: whatever ended the waiting, the link ends with it.
            _withdraw(store, phone, before)
            raise
    output.print_text(
        _("{name} is paired. The page on the phone goes on with what to set up there.").format(name=options.name)
    )
    output.print_text(
        _('`turntoward phone test "{name}"` shows whether it reaches this device.').format(name=options.name)
    )


def pair_by_adb(options: PairOptions) -> None:
    serial = (options.adb or "").strip()
    with context.open_store() as store:
        phones = store.phones.all()
        problems = _name_problems(options.name, phones)
        if not serial or len(serial) > MAX_SERIAL_LENGTH or not serial.isprintable() or " " in serial:
            message = _("'{serial}' is not a serial").format(serial=serial)
            problems.append(Problem(message=message, file="--adb", hint=_("`adb devices` lists the serials")))
        owner = next((phone.name for phone in phones if phone.adb == serial), None)
        if owner is not None:
            message = _("{serial} is paired already, as '{name}'").format(serial=serial, name=owner)
            problems.append(Problem(message=message, file="--adb"))
        problems += [
            Problem(message=_("belongs to the phone API, which adb does not use"), file=option)
            for option in options.for_phone_api
        ]
        if options.nudges_on_phone:
            message = _("adb only reads from the phone; it shows nothing there")
            hint = _("pair it by link to have that")
            problems.append(Problem(message=message, file="--nudges-on-phone", hint=hint))
        if problems:
            raise UserError(problems)
        number = _number_of(options.name, phones)
        store.phones.save(Phone(number=number, name=options.name, adb=serial, paired=context.CLOCK.now()))
        update_network_access(store)
    paired = _("{name} is paired through adb ({serial}). It is sensed during partner time only.")
    context.wake_and_report(
        [
            paired.format(name=options.name, serial=serial),
            _(
                "Next: switch on USB or wireless debugging on the phone and allow this device there; "
                "docs/phones.md describes how."
            ),
            _("`turntoward doctor` shows whether the phone is reached."),
        ]
    )


def _checked_address(options: PairOptions, phones: Sequence[Phone], before: PhoneApiAddress | None) -> PhoneApiAddress:
    problems = _name_problems(options.name, phones)
    users = [phone.name for phone in phones if phone.token is not None]
    if before is not None and users and not options.for_phone_api:
        address: PhoneApiAddress | None = before
    else:
        address, address_problems = choose_address(
            options.address, options.port, options.host, options.certificate, options.key
        )
        problems += address_problems
        # The automations on the other phones hold this address, and would not work with another one.
        if before is not None and users and address is not None and address != before:
            message = _("the phone API is at {url} already, and {names} uses that")
            hint = _("leave these options out; or remove what is paired, and pair it again")
            message = message.format(url=before.url, names=join_words(users))
            problems.append(Problem(message=message, file=", ".join(options.for_phone_api), hint=hint))
    if problems or address is None:
        raise UserError(problems)
    return address


def _name_problems(name: str, phones: Sequence[Phone]) -> list[Problem]:
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        message = _("a name has 1 to {maximum} printable characters").format(maximum=MAX_NAME_LENGTH)
        return [Problem(message=message, file="NAME", hint=_('write for example "my phone"'))]
    if name.casefold() == LAPTOP.casefold():
        message = _("'{name}' is this device").format(name=LAPTOP)
        return [Problem(message=message, file="NAME", hint=_("give the phone another name"))]
    for phone in phones:
        if phone.name.casefold() == name.casefold() and phone.is_paired:
            message = _("'{name}' is paired already").format(name=phone.name)
            hint = _('another name; or first `turntoward phone remove "{name}"`').format(name=phone.name)
            return [Problem(message=message, file="NAME", hint=hint)]
    return []


def _number_of(name: str, phones: Sequence[Phone]) -> int | None:
    return next((phone.number for phone in phones if phone.name.casefold() == name.casefold()), None)


def _wait_for_api(address: PhoneApiAddress) -> None:
    if wait_until(lambda: (now := reported_status()).is_open and now.url == address.url, OPEN_TIMEOUT):
        return
    why = (reported_status().why or _("the daemon reported no reason; `turntoward status` may show it")).rstrip(".")
    problem = _("The phone API could not be opened at {url}: {why}.\n  Nothing was paired.")
    raise TurntowardError(problem.format(url=address.url, why=why))


def _show(address: PhoneApiAddress, code: str, until: datetime) -> None:
    link = f"{address.url}/pair/{code}"
    time = format_instant(until, context.CLOCK.now(), local_zone())
    output.print_text(
        _("Scan this with the phone, or open the link there. It works once, until {time}.").format(time=time)
    )
    for line in _drawn(link):
        click.echo(line)
    click.echo(link)
    if address.certificate is None:
        output.print_text(PLAIN_HTTP)


def _drawn(link: str) -> list[str]:
    lines = draw_qr_code(link, coloured=sys.stdout.isatty() and os.environ.get("TERM") not in (None, "", "dumb"))
    # A terminal with another encoding than UTF-8 has no half blocks: the link alone is shown there.
    with suppress(UnicodeEncodeError, LookupError):
        "\n".join(lines).encode(sys.stdout.encoding)
        return lines
    return []


def _wait_for_phone(store: Store, phone: Phone, until: datetime) -> None:
    shows = sys.stdout.isatty()
    shown = ""

    def count_down(left: timedelta) -> None:
        nonlocal shown
        minutes, seconds = divmod(int(left.total_seconds()), 60)
        line = _("Waiting for the phone: {time} left. Ctrl-C takes the link back.").format(
            time=f"{minutes}:{seconds:02}"
        )
        # Padded to 79 columns, so that a shorter line leaves nothing of the one before.
        if shows and line != shown:
            click.echo(f"\r{line:<79}", nl=False)
            shown = line

    def is_paired() -> bool:
        now = _read_again(store, phone)
        if now is None:
            problem = _("{name} was removed meanwhile; the link is not valid any more.")
            raise TurntowardError(problem.format(name=phone.name))
        if now.token is None and now.code != phone.code:
            raise TurntowardError(_("Another link was made for this phone meanwhile; this one is not valid any more."))
        return now.token is not None

    try:
        is_used = wait_until(is_paired, until - context.CLOCK.now(), count_down)
    finally:
        if shown:
            click.echo(f"\r{'':<79}\r", nl=False)
    if not is_used:
        raise TurntowardError(
            _(
                "Nobody used the link in time; it is not valid any more.\n"
                "  Is the phone in the same Wi-Fi? To try again:\n"
                '  `turntoward phone pair "{name}"`'
            ).format(name=phone.name)
        )


def _read_again(store: Store, phone: Phone) -> Phone | None:
    return next((stored for stored in store.phones.all() if stored.number == phone.number), None)


def _withdraw(store: Store, phone: Phone, before: PhoneApiAddress | None) -> None:
    # The link may have been used, or replaced by another, while this command waited.
    now = _read_again(store, phone)
    if now is not None and now.code == phone.code and now.number is not None:
        # A phone that was paired before keeps its token; only the code of this link goes.
        if now.is_paired:
            store.phones.save(replace(now, code=None, code_until=None))
        else:
            store.phones.remove(now.number)
    if not needs_phone_api(store.phones.all(), context.CLOCK.now()):
        store.phones.save_api_address(before)
    wake_with_network(store)


# The light modules are drawn and the dark ones are left out, and both colours are set where there are colours: so the code
# reads the same on a dark and on a light terminal.
def draw_qr_code(text: str, *, coloured: bool) -> list[str]:
    """Return the lines that show `text` as a QR code; without colours they are for a dark terminal."""
    code = segno.make(text, micro=False, error="m", boost_error=False)
    rows = [[not dark for dark in row] for row in code.matrix_iter(border=QUIET_ZONE)]
    if len(rows) % 2:
        rows.append([True] * len(rows[0]))
    lines = [
        "".join(_BLOCKS[upper, lower] for upper, lower in zip(above, below, strict=True))
        for above, below in zip(rows[::2], rows[1::2], strict=True)
    ]
    return [f"{_COLOURED}{line}{_PLAIN}" for line in lines] if coloured else lines
