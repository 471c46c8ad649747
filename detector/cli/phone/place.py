"""Where the door for phones is to be: what the person chose, or what this device's network says. Nothing is sent."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

from detector.devices import PhoneApiAddress
from detector.errors import Problem

PORT: Final = 8420
_ROUTES: Final = Path("/proc/net/route")
_HOST: Final = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.IGNORECASE
)
_TURNED_ROUND: Final = "beware of another person's network: anybody in it can knock at the door"

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def choose_place(
    address: str | None, port: str | None, host: str | None, certificate: str | None, key: str | None
) -> tuple[PhoneApiAddress | None, list[Problem]]:
    """Return the place that was chosen and what is wrong with it; no place where something is."""
    problems: list[Problem] = []
    where = _address(address, problems)
    if port is not None and not (re.fullmatch("[0-9]{1,5}", port) and 1024 <= int(port) <= 65535):
        hint = "choose a number from 1024 to 65535"
        problems.append(Problem(message=f"'{port}' is no port that can be used", file="--port", hint=hint))
    named = _host(host, where, problems)
    files = _certificate(certificate, key, problems)
    if problems or where is None or named is None:
        return None, problems
    return PhoneApiAddress(
        address=str(where), port=int(port) if port else PORT, host=named, certificate=files[0], key=files[1]
    ), []


def own_address() -> str | None:
    """Return this device's own private IPv4 address, that of the default route's interface first; None: it has none."""
    import psutil  # noqa: PLC0415 - only when the first phone is paired

    found: dict[str, list[str]] = {}
    for interface, addresses in psutil.net_if_addrs().items():
        for each in addresses:
            if each.family.name == "AF_INET" and _is_private(ipaddress.ip_address(each.address)):
                found.setdefault(interface, []).append(each.address)
    first = [interface for interface in _default_routes() if interface in found]
    others = sorted(interface for interface in found if interface not in first)
    return next((found[interface][0] for interface in [*first, *others]), None)


def _is_private(address: Address) -> bool:
    return address.is_private and not (address.is_loopback or address.is_link_local or address.is_unspecified)


def _default_routes() -> Sequence[str]:
    """Return the interfaces of the default routes, the preferred one first, from what the kernel says."""
    try:
        lines = _ROUTES.read_text().splitlines()[1:]
    except OSError:
        return ()
    routes = [line.split() for line in lines]
    default = [(int(route[6]), route[0]) for route in routes if len(route) > 7 and route[1] == route[7] == "00000000"]
    return [interface for _, interface in sorted(default)]


def _address(given: str | None, problems: list[Problem]) -> Address | None:
    if given is None:
        own = own_address()
        if own is None:
            hint = "join your Wi-Fi, or say --address"
            problems.append(Problem(message="this device has no address in a private network now", hint=hint))
            return None
        return ipaddress.ip_address(own)
    try:
        return ipaddress.ip_address(given)
    except ValueError:
        hint = "write numbers, such as 192.168.178.20; a name belongs to --host"
        problems.append(Problem(message=f"'{given}' is no address", file="--address", hint=hint))
        return None


def _host(given: str | None, address: Address | None, problems: list[Problem]) -> str | None:
    if given is None:
        if address is not None and address.is_unspecified:
            hint = f"say --host, such as laptop.local; {_TURNED_ROUND}"
            problems.append(Problem(message=f"no link can name {address}", file="--host", hint=hint))
            return None
        return None if address is None else str(address)
    bare = given.strip("[]")
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        if _HOST.fullmatch(given):
            return given.lower()
    hint = "write a name such as laptop.local, or an address, without http:// and without a port"
    problems.append(Problem(message=f"'{given}' is no name of a device", file="--host", hint=hint))
    return None


def _certificate(certificate: str | None, key: str | None, problems: list[Problem]) -> tuple[str | None, str | None]:
    if (certificate is None) != (key is None):
        missing = "--key" if key is None else "--certificate"
        problems.append(Problem(message="is missing", file=missing, hint="a certificate and its key go together"))
    marks = {"--certificate": (certificate, "CERTIFICATE-----"), "--key": (key, "PRIVATE KEY-----")}
    for option, (given, mark) in marks.items():
        if given is None:
            continue
        try:
            found = mark in Path(given).expanduser().read_text(encoding="ascii", errors="replace")
        except OSError as refused:
            why = f"'{given}' cannot be read: {refused.strerror}"
            problems.append(Problem(message=why, file=option))
            continue
        if not found:
            what = "no certificate in PEM form is" if option == "--certificate" else "no key in PEM form is"
            problems.append(Problem(message=f"{what} in '{given}'", file=option))
    absolute = [None if given is None else str(Path(given).expanduser().resolve()) for given in (certificate, key)]
    return absolute[0], absolute[1]
