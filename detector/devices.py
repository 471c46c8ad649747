"""The devices of one person: this laptop, and the phones that were paired with it.

Invariant 1: the owner is always the person at this laptop; there is no field for anybody else.
Invariant 2: observations name a phone by its name; of its token only the digest is stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MAX_NAME_LENGTH: Final = 40
PAIRING_TIME: Final = timedelta(minutes=5)
"""How long a pairing link can be used; it can be used once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A phone of the person's own."""

    name: str
    number: int | None = None  # None before it is stored
    paired: datetime | None = None
    token: str | None = None  # the SHA-256 of its token, in hex
    code: str | None = None  # the SHA-256 of the code in its pairing link
    code_until: datetime | None = None
    adb: str | None = None  # its serial at the adb server
    shows_nudges: bool = False  # the response to its events may carry the sentence of a nudge

    @property
    def is_paired(self) -> bool:
        """Return whether it was paired with the phone API or through adb."""
        return self.token is not None or self.adb is not None

    def has_open_link(self, now: datetime) -> bool:
        """Return whether its pairing link can be used now. A code whose time is over may still be stored."""
        return self.code is not None and self.code_until is not None and self.code_until > now


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneApiAddress:
    """Where the phone API listens, as the person chose it when the first phone was paired."""

    address: str
    port: int
    host: str  # this device in links: an address, or a name such as `laptop.local`
    certificate: str | None = None  # a PEM file, as `key`; with them the API uses https
    key: str | None = None

    @property
    def url(self) -> str:
        """Return the beginning of every link to the phone API."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"


def needs_phone_api(phones: Sequence[Phone], now: datetime) -> bool:
    """Return whether a phone is paired, or being paired, so that the phone API has to run."""
    # A phone with an open pairing code has no token yet; it gets one through the API.
    return any(phone.token is not None or phone.has_open_link(now) for phone in phones)
