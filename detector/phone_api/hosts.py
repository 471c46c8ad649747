"""Check the Host and Origin headers of a request.

Invariant 1: a request under another host's name is refused. This stops DNS rebinding: a web page from elsewhere that makes
the browser resolve its own name to this device's address.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from detector.devices import PhoneApiAddress

_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?")
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_own_host(host: str, *, address: PhoneApiAddress, local: tuple[str, int]) -> bool:
    """Return whether a Host header names this device. `local`: the address and port at which the connection came in."""
    # No URL parser: it would accept user names, paths and more than one host.
    matched = _AUTHORITY.fullmatch(host)
    if matched is None or (matched[2] is not None and int(matched[2]) != local[1]):
        return False
    return normalize_host(matched[1]) in _own_names(address, local[0])


def is_same_origin(origin: str, *, host: str, scheme: str) -> bool:
    """Return whether an Origin header is that of the phone's page, requested under the same name."""
    return origin.lower() == f"{scheme}://{host.lower()}"


def normalize_host(host: str) -> str:
    """Return a name in lower case, an address in its shortest form, without brackets, zone or the dot at the end."""
    name = host.strip("[]").partition("%")[0].lower().removesuffix(".")
    address = _parse_address(name)
    # A socket that listens on IPv6 reports IPv4 peers as ::ffff:192.168.1.20.
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return name if address is None else str(address)


@lru_cache(maxsize=16)
def _own_names(own: PhoneApiAddress, local: str) -> frozenset[str]:
    # "localhost" counts only on a connection that came in on the loopback: there no other device can be meant.
    came_in_at = _parse_address(normalize_host(local))
    loopback = _LOOPBACK_NAMES if came_in_at is not None and came_in_at.is_loopback else frozenset[str]()
    names = {normalize_host(own.host), normalize_host(own.address), normalize_host(local), *loopback}
    # 0.0.0.0 and :: mean "every address" when listening, but browsers connect to this very device for them: so a page
    # from elsewhere could use them as a name for it.
    return frozenset(name for name in names if (parsed := _parse_address(name)) is None or not parsed.is_unspecified)


def _parse_address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
