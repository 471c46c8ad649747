"""Choose the address of the phone API: from the options, or from this device's network interfaces. Nothing is sent."""

import ipaddress
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

import psutil

from detector.devices import PhoneApiAddress
from detector.errors import Problem
from detector.files import open_regular
from detector.i18n import _

PORT: Final = 8420
_ROUTES: Final = Path("/proc/net/route")
_HOST: Final = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*", re.IGNORECASE
)

_FOREIGN_NETWORK: Final = _("in another person's network, anybody can send requests to it")

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def choose_address(
    address: str | None, port: str | None, host: str | None, certificate: str | None, key: str | None
) -> tuple[PhoneApiAddress | None, list[Problem]]:
    """Return the address that was chosen, or None and what is wrong with the options."""
    # Each helper adds to `problems`, so that all wrong options are reported at once.
    problems: list[Problem] = []
    listen = _listen_address(address, problems)
    if port is not None and not (re.fullmatch("[0-9]{1,5}", port) and 1024 <= int(port) <= 65535):
        message = _("'{port}' is not a port that can be used").format(port=port)
        problems.append(Problem(message=message, file="--port", hint=_("choose a number from 1024 to 65535")))
    name = _host(host, listen, problems)
    files = _certificate(certificate, key, problems)
    if problems or listen is None or name is None:
        return None, problems
    return PhoneApiAddress(
        address=str(listen), port=int(port) if port else PORT, host=name, certificate=files[0], key=files[1]
    ), []


def own_address() -> str | None:
    """Return this device's own private IPv4 address, that of the default route's interface first; None: it has none.

    The default route first: a laptop has addresses of containers and virtual machines, too, which no phone reaches.
    """
    private: dict[str, str] = {}
    for interface, addresses in psutil.net_if_addrs().items():
        for address in addresses:
            if address.family.name == "AF_INET" and _is_private(ipaddress.ip_address(address.address)):
                private.setdefault(interface, address.address)
    preferred = [interface for interface in (*_default_routes(), *sorted(private)) if interface in private]
    return private[preferred[0]] if preferred else None


def _is_private(address: Address) -> bool:
    return address.is_private and not (address.is_loopback or address.is_link_local or address.is_unspecified)


def _default_routes() -> Sequence[str]:
    try:
        lines = _ROUTES.read_text().splitlines()[1:]
    except OSError:
        return ()
    routes = [line.split() for line in lines]
    default = [(int(route[6]), route[0]) for route in routes if len(route) > 7 and route[1] == route[7] == "00000000"]
    return [interface for _metric, interface in sorted(default)]


def _listen_address(address: str | None, problems: list[Problem]) -> Address | None:
    if address is None:
        own = own_address()
        if own is None:
            message = _("this device has no address in a private network now")
            problems.append(Problem(message=message, hint=_("join your Wi-Fi, or use --address")))
            return None
        return ipaddress.ip_address(own)
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        message = _("'{address}' is not an address").format(address=address)
        hint = _("write numbers, such as 192.168.178.20; a name belongs to --host")
        problems.append(Problem(message=message, file="--address", hint=hint))
        return None


def _host(host: str | None, address: Address | None, problems: list[Problem]) -> str | None:
    if host is None:
        if address is not None and address.is_unspecified:
            message = _("a link cannot use {address}").format(address=address)
            hint = _("use --host, such as laptop.local; {warning}").format(warning=_FOREIGN_NETWORK)
            problems.append(Problem(message=message, file="--host", hint=hint))
            return None
        return None if address is None else str(address)
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        if _HOST.fullmatch(host):
            return host.lower()
    message = _("'{host}' is not the name of a device").format(host=host)
    hint = _("write a name such as laptop.local, or an address, without http:// and without a port")
    problems.append(Problem(message=message, file="--host", hint=hint))
    return None


def _certificate(certificate: str | None, key: str | None, problems: list[Problem]) -> tuple[str | None, str | None]:
    if (certificate is None) != (key is None):
        missing = "--key" if key is None else "--certificate"
        hint = _("a certificate and its key go together")
        problems.append(Problem(message=_("is missing"), file=missing, hint=hint))
    files = (
        ("--certificate", certificate, b"CERTIFICATE-----", _("'{path}' holds no certificate in PEM form")),
        ("--key", key, b"PRIVATE KEY-----", _("'{path}' holds no key in PEM form")),
    )
    for option, path, mark, absent in files:
        if path is None:
            continue
        try:
            with open_regular(Path(path).expanduser()) as opened:
                has_mark = mark in opened.read()
        except OSError as error:
            message = _("'{path}' cannot be read: {why}").format(path=path, why=error.strerror)
            problems.append(Problem(message=message, file=option))
            continue
        if not has_mark:
            problems.append(Problem(message=absent.format(path=path), file=option))
    # Absolute: the daemon reads the files later, from another folder.
    absolute = [None if path is None else str(Path(path).expanduser().resolve()) for path in (certificate, key)]
    return absolute[0], absolute[1]
