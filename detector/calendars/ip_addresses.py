"""Whether an IP address is public, on the local network, or forbidden.

Invariant 1: an IPv4 address inside an IPv6 one (mapped, compatible, 6to4, NAT64) counts as what it leads to.
Invariant 2: an address that is not known to be public or local is forbidden.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, Literal, TypeAlias

Destination: TypeAlias = Literal["public", "local", "forbidden"]

# IPv4: loopback, private, link-local, carrier-grade NAT. IPv6: loopback, unique local, link-local, site-local.
_LOCAL: Final = tuple(
    ip_network(network)
    for network in [
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
    ]
)
# Where machines in a data centre ask for their credentials: never a calendar, and what an attacker would ask for first.
_METADATA: Final = frozenset({ip_address("169.254.169.254"), ip_address("fd00:ec2::254")})
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LOCAL_NAT64: Final = IPv6Network("64:ff9b:1::/48")
_COMPATIBLE: Final = IPv6Network("::/96")


def destination(address: str) -> Destination:
    """Return where the address leads. Raises `ValueError` if it is not an address."""
    target = _embedded(ip_address(address.partition("%")[0]))
    if target in _METADATA or target.is_multicast or target.is_unspecified:
        return "forbidden"
    if any(target in network for network in _LOCAL):
        return "local"
    return "public" if target.is_global and not target.is_reserved else "forbidden"


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address) or address.is_loopback or address.is_unspecified:
        return address
    mapped = address.ipv4_mapped or address.sixtofour
    if mapped is not None:
        return mapped
    if address in _LOCAL_NAT64:
        return IPv4Address("127.0.0.1")  # a translator of the local network: whatever is behind it counts as local
    if address in _NAT64 or address in _COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
