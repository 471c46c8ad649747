"""Whether a request means this door: the names in its Host and Origin headers.

Rule 1: another host's name that leads here is not answered: a page from elsewhere cannot make a browser ask us.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from detector.devices import PhoneApiAddress

_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?")
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def is_own_host(host: str, *, place: PhoneApiAddress, local: tuple[str, int]) -> bool:
    """Whether a Host header names this door. `local`: the address and port that this very connection came in at."""
    matched = _AUTHORITY.fullmatch(host)
    if matched is None or (matched[2] is not None and int(matched[2]) != local[1]):
        return False
    return normalize_host(matched[1]) in _ours(place, local[0])


def is_same_origin(origin: str, *, host: str, scheme: str) -> bool:
    """Whether an Origin header is that of our own page, asked for under the same name."""
    return origin.lower() == f"{scheme}://{host.lower()}"


def normalize_host(host: str) -> str:
    """Return a name in lower case, an address in its shortest form, without brackets, zone or the dot at the end."""
    name = host.strip("[]").partition("%")[0].lower().removesuffix(".")
    address = _address(name)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return name if address is None else str(address)


@lru_cache(maxsize=16)
def _ours(place: PhoneApiAddress, local: str) -> frozenset[str]:
    address = _address(normalize_host(local))
    here = _HERE if address is not None and address.is_loopback else frozenset[str]()
    names = {normalize_host(place.host), normalize_host(place.address), normalize_host(local), *here}
    # Where it listens everywhere, that is no name: browsers take 0.0.0.0 for this very device.
    return frozenset(name for name in names if (met := _address(name)) is None or not met.is_unspecified)


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None
