"""The location of a calendar, a file or a URL as the person wrote it, and how it is shown without its secrets.

Invariant 1: a person who has the URL can often read the calendar: the path, the query, a name and a password are never shown.
Invariant 2: `webcal` is https and nothing else: falling back to http would let an attacker on the way force that.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

from detector.i18n import _

PORTS: Final = {"http": 80, "https": 443}
MAX_LENGTH: Final = 2000
_SCHEMES: Final = {"http": "http", "https": "https", "webcal": "https", "webcals": "https"}
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SAFE: Final = "%/:@!$&'()*+,;=-._~?[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarUrl:
    """A URL in its parts. `target` is the path with the query; `login`: name and password, if it has them."""

    scheme: str
    host: str
    port: int
    target: str = field(repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def text(self) -> str:
        """All of it without name and password; it may hold a secret."""
        return f"{self.scheme}://{self.netloc}{self.target}"


class InvalidUrl(ValueError):
    """Not the URL of a calendar. The message continues a sentence that begins with the URL, and contains nothing of it."""


def is_url(place: str) -> bool:
    return _URL.match(place) is not None


def display_place(place: str) -> str:
    """Return the place as it may be shown: a file's path; of a URL its scheme and host, and no more."""
    if not is_url(place):
        return place
    try:
        url = parse_url(place)
    except InvalidUrl:
        return _("an address")
    return f"{url.scheme}://{url.netloc}/…"


def parse_url(text: str) -> CalendarUrl:
    """Return the URL in its parts. Raises `InvalidUrl` if no calendar can be fetched from it."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidUrl(_("is not an address")) from None
    scheme = _SCHEMES.get(parts.scheme.lower())
    if scheme is None:
        raise InvalidUrl(
            _("is not an address that a calendar can be asked at: it begins with https://, webcal:// or http://")
        )
    if len(text) > MAX_LENGTH:
        raise InvalidUrl(_("is longer than {count} characters").format(count=MAX_LENGTH))
    # Blanks and control characters would end the request line early, and let a URL add headers.
    if port == 0 or any(ord(char) <= 32 or ord(char) == 127 for char in text):
        raise InvalidUrl(_("is not an address"))
    # Kept apart from the URL, so that no message and no redirect can repeat it.
    login = None
    if parts.username is not None or parts.password is not None:
        login = (unquote(parts.username or ""), unquote(parts.password or ""))
    path = quote(parts.path, safe=_SAFE) or "/"
    return CalendarUrl(
        scheme=scheme,
        host=_ascii_host(host),
        port=port or PORTS[scheme],
        login=login,
        target=path + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""),
    )


def redirect_target(url: CalendarUrl, location: str) -> CalendarUrl:
    """Return where a redirect leads, without name and password. Raises `InvalidUrl`."""
    try:
        found = parse_url(urljoin(url.text, location))
    except ValueError:
        raise InvalidUrl(_("is not an address")) from None
    return replace(found, login=None)


def _ascii_host(host: str) -> str:
    if ":" in host:  # an IPv6 address; a zone (%eth0) belongs to this device and is not sent
        return host
    problem = _("names no server that there can be")
    try:
        name = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        raise InvalidUrl(problem) from None
    # DNS allows 253 characters; whatever else a name holds could end up in a header.
    if not name or len(name) > 253 or not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise InvalidUrl(problem)
    return name.lower()
