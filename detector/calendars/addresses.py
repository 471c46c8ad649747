"""Where an address leads: into the public network, or to something on the local one, which strangers must not reach.

Rule 1: an IPv4 address inside an IPv6 one (mapped, compatible, 6to4, NAT64) counts as what it leads to.
Rule 2: what is neither known to be public nor known to be local is never asked.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Literal, TypeAlias

Leads: TypeAlias = Literal["public", "local", "nowhere"]

_LOCAL: Final = tuple(
    ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "100.64.0.0/10",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
    )
)
# Where machines in a data centre ask who they are: never a calendar, and worth a thief's while.
_METADATA: Final = frozenset({ip_address("169.254.169.254"), ip_address("fd00:ec2::254")})
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LOCAL_NAT64: Final = IPv6Network("64:ff9b:1::/48")
_COMPATIBLE: Final = IPv6Network("::/96")


def leads(address: str) -> Leads:
    """Return where the address, as a resolver gives it, leads: to the public network, a local one, or nowhere.

    `nowhere`: several at once, nobody, reserved, or where a data centre tells machines their secrets.

    Raises:
        ValueError: if it is no address.
    """
    found = _inside(ip_address(address.partition("%")[0]))
    if found in _METADATA or found.is_multicast or found.is_unspecified:
        return "nowhere"
    if any(found in network for network in _LOCAL):
        return "local"
    return "public" if found.is_global and not found.is_reserved else "nowhere"


def _inside(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address that is spoken to by way of this one, or this one."""
    if isinstance(address, IPv4Address) or address.is_loopback or address.is_unspecified:
        return address
    mapped = address.ipv4_mapped or address.sixtofour
    if mapped is not None:
        return mapped
    if address in _LOCAL_NAT64:
        return IPv4Address("127.0.0.1")  # the local network's own translation
    if address in _NAT64 or address in _COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
