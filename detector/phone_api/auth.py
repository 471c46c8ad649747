"""Who may speak through the door, how often, and what was said already.

Rule 1: a token or a code is compared and kept as its SHA-256 only, with every phone's, in constant time.
Rule 2: of what was told, the memory for replays holds a keyed digest, for a second.
Rule 3: what is remembered is bounded, whoever knocks.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b, sha256
from typing import Final, Generic, TypeVar

from detector.devices import Phone

KNOWN_PER_SECOND: Final = 250.0
KNOWN_AT_ONCE: Final = 250.0
"""A phone tells of something a few times a minute; this leaves room for the bar of 200 a second."""
STRANGERS_PER_SECOND: Final = 20.0
STRANGERS_AT_ONCE: Final = 40.0
SAME: Final = 1.0
"""Within so many seconds, the same thing told again by the same phone is a replay."""

_TOKEN_BYTES: Final = 32
_NOBODY: Final = b"0" * 64
"""What no digest is: compared with where there is no token, so that nothing is left out."""
_ADDRESSES: Final = 512

Kept = TypeVar("Kept")


def new_token() -> str:
    """Return 256 random bits as text: a phone's token, or the code of a pairing link."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def digest(token: str | bytes) -> str:
    """Return the SHA-256 of a token or a code, in hex."""
    return sha256(token if isinstance(token, bytes) else token.encode("utf-8", "surrogatepass")).hexdigest()


def authenticate(presented: bytes, phones: Sequence[Phone]) -> Phone | None:
    """Return the phone whose token this is. It takes as long whether there is one or not, and whichever it is."""
    given = digest(presented).encode()
    hmac.compare_digest(given, _NOBODY)
    found: Phone | None = None
    for phone in phones:
        same = hmac.compare_digest(given, phone.token.encode() if phone.token else _NOBODY)
        if same and phone.token:
            found = phone
    return found


class RateLimiter:
    """How much somebody may ask: `at_once` after a rest, `per_second` for long. It remembers the last `remembered`."""

    def __init__(self, *, per_second: float, at_once: float, remembered: int = _ADDRESSES) -> None:
        self._per_second = per_second
        self._at_once = at_once
        self._remembered = remembered
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def allows(self, asker: str, now: float) -> bool:
        """Whether the asker may ask once more now; if so, it counts. `now`: monotonic seconds."""
        left, since = self._left.pop(asker, (self._at_once, now))
        left = min(self._at_once, left + max(0.0, now - since) * self._per_second)
        allowed = left >= 1.0
        self._left[asker] = (left - 1.0 if allowed else left, max(now, since))
        while len(self._left) > self._remembered:
            self._left.popitem(last=False)
        return allowed


class ReplayCache(Generic[Kept]):
    """What each phone said within the last second, and what it was answered."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(_TOKEN_BYTES)
        self._answers: OrderedDict[bytes, tuple[float, Kept]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def mark(self, *said: str | None) -> bytes:
        """Return what stands for the phone's token and what it said; nothing of either can be read from it."""
        return blake2b(json.dumps(said).encode(), key=self._key, digest_size=16).digest()

    def answered(self, mark: bytes, now: float) -> Kept | None:
        """Return what the same was answered within the last second, if it was said. `now`: monotonic seconds."""
        while self._answers:
            said, _ = next(iter(self._answers.values()))
            if now - said < SAME:
                break
            self._answers.popitem(last=False)
        found = self._answers.get(mark)
        return None if found is None else found[1]

    def keep(self, mark: bytes, now: float, answer: Kept) -> None:
        """Remember the answer for a second."""
        self._answers[mark] = (now, answer)
