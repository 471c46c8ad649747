"""What a person wrote as a calendar's place, a file or an address, and how it is shown without its secrets.

Rule 1: whoever has a calendar's address can often read it: the path, the query, a name and a password are never shown.
Rule 2: `webcal` is https and nothing else: to fall back to http would let whoever is on the way ask for that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

PORTS: Final = {"http": 80, "https": 443}
LONGEST: Final = 2000
_MEANT: Final = {"http": "http", "https": "https", "webcal": "https", "webcals": "https"}
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SAFE: Final = "%/:@!$&'()*+,;=-._~?[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One address to ask, taken apart. `target` is the path with the query; `login`: name and password, if it has them."""

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def origin(self) -> tuple[str, str, int]:
        """Who is asked: scheme, host, port."""
        return self.scheme, self.host, self.port

    @property
    def netloc(self) -> str:
        """Host and port, as the request names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address without name and password; it may bear a secret."""
        return f"{self.scheme}://{self.netloc}{self.target}"


class NoPlace(ValueError):
    """What was written is no address of a calendar; the words follow the address."""


def is_url(place: str) -> bool:
    """Return whether the place is an address rather than a file."""
    return _URL.match(place) is not None


def shown(place: str) -> str:
    """Return the place as it may be shown: a file's path; of an address who is asked, and no more."""
    if not is_url(place):
        return place
    try:
        address = parse(place)
    except NoPlace:
        return "an address"
    return f"{address.scheme}://{address.netloc}/…"


def parse(url: str) -> Address:
    """Take an address apart.

    Raises:
        NoPlace: if it is none that a calendar can be asked at; the words hold nothing of it.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NoPlace("is no address") from None
    scheme = _MEANT.get(parts.scheme.lower())
    if scheme is None:
        raise NoPlace("is no address that a calendar can be asked at: it begins with https://, webcal:// or http://")
    if len(url) > LONGEST:
        raise NoPlace(f"is longer than {LONGEST} characters")
    if port == 0 or any(ord(sign) <= 32 or ord(sign) == 127 for sign in url):
        raise NoPlace("is no address")
    login = None
    if parts.username is not None or parts.password is not None:
        login = (unquote(parts.username or ""), unquote(parts.password or ""))
    path = quote(parts.path, safe=_SAFE) or "/"
    return Address(
        scheme=scheme,
        host=_plain(host),
        port=port or PORTS[scheme],
        login=login,
        target=path + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""),
    )


def onward(address: Address, location: str) -> Address:
    """Return where a redirect from `address` leads, without any name and password.

    Raises:
        NoPlace: if it is no address of a calendar.
    """
    try:
        found = parse(urljoin(address.url, location))
    except ValueError:
        raise NoPlace("is no address") from None
    return replace(found, login=None)


def _plain(host: str) -> str:
    if ":" in host:  # an IPv6 address; a zone belongs to this device and is not sent
        return host
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        raise NoPlace("names no server that there can be") from None
    if not name or len(name) > 253 or not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise NoPlace("names no server that there can be")
    return name.lower()
