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
    """A phone of the person's own.

    `number` is given by the store; None before it is saved. `token`: the SHA-256 of its token, in hex, None while it has
    none. `code`: likewise of the code in its pairing link, which is valid until `code_until`. `adb`: its serial at the adb
    server, where it is sensed that way. `shows_nudges`: the response to its events may carry a nudge's sentence.
    """

    name: str
    number: int | None = None
    paired: datetime | None = None
    token: str | None = None
    code: str | None = None
    code_until: datetime | None = None
    adb: str | None = None
    shows_nudges: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneApiAddress:
    """Where the phone API listens, as the person chose it when the first phone was paired.

    `host` is how the links name this device: an address, or a name such as `laptop.local`. `certificate` and `key` are
    files in PEM form; with them it uses https.
    """

    address: str
    port: int
    host: str
    certificate: str | None = None
    key: str | None = None

    @property
    def url(self) -> str:
        """Return the beginning of every link to the phone API."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"


def needs_phone_api(phones: Sequence[Phone], now: datetime) -> bool:
    """Return whether a phone is paired, or being paired, so that the phone API has to run."""
    return any(
        phone.token is not None or (phone.code is not None and phone.code_until is not None and phone.code_until > now)
        for phone in phones
    )
