"""Authenticate phones, limit request rates and recognize repeated requests.

Invariant 1: a token or a code is compared and stored as its SHA-256 only, with that of every phone, in constant time.
Invariant 2: the memory of recent requests holds a keyed digest of each, for a second.
Invariant 3: everything remembered has a maximum size, whoever sends requests.
"""

import hmac
import json
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b, sha256
from typing import Final, Generic, TypeVar

from detector.devices import Phone

# A phone sends a few events a minute; 250 a second leaves room above the 200 that `make bench` asks for.
PHONE_RATE: Final = 250.0
PHONE_BURST: Final = 250.0
# Requests without a valid token, for each address: enough to load the page and mistype, too few to try tokens.
ANONYMOUS_RATE: Final = 20.0
ANONYMOUS_BURST: Final = 40.0
REPLAY_SECONDS: Final = 1.0
"""The same event from the same phone within this time is a replay, and is not counted twice."""

_TOKEN_BYTES: Final = 32
_NO_DIGEST: Final = b"0" * 64
"""Not the digest of any token. It is compared where a phone has no token, so that every phone costs one comparison."""
_MAX_ADDRESSES: Final = 512

Result = TypeVar("Result")


def new_token() -> str:
    return secrets.token_urlsafe(_TOKEN_BYTES)


def digest(token: str | bytes) -> str:
    return sha256(token if isinstance(token, bytes) else token.encode("utf-8", "surrogatepass")).hexdigest()


def authenticate(presented: bytes, phones: Sequence[Phone]) -> Phone | None:
    """Return the phone whose token this is, or None. It takes the same time for every result."""
    presented_digest = digest(presented).encode()
    # With no phones the loop below would be empty: this comparison keeps "no phone" from being faster than "wrong token".
    hmac.compare_digest(presented_digest, _NO_DIGEST)
    sender: Phone | None = None
    for phone in phones:
        same = hmac.compare_digest(presented_digest, phone.token.encode() if phone.token else _NO_DIGEST)
        if same and phone.token:
            sender = phone  # no early return: its time would tell which phone it is
    return sender


class RateLimiter:
    """A token bucket for each client: `burst` requests after a rest, `rate` a second in the long run.

    It remembers the last `max_clients` clients, so that many addresses cannot fill the memory.
    """

    def __init__(self, *, rate: float, burst: float, max_clients: int = _MAX_ADDRESSES) -> None:
        self._rate = rate
        self._burst = burst
        self._max_clients = max_clients
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, client: str, now: float) -> bool:
        """Return whether the client may send one more request now; if so, it counts. `now`: monotonic seconds."""
        # pop() and set again below: so the dictionary is in the order of the last request.
        left, since = self._buckets.pop(client, (self._burst, now))
        left = min(self._burst, left + max(0.0, now - since) * self._rate)
        allowed = left >= 1.0
        # max(): a clock that moves back must not refill the bucket a second time when it moves on again.
        self._buckets[client] = (left - 1.0 if allowed else left, max(now, since))
        # The least recent client is forgotten: its bucket has had the longest time to fill, so it gains least by it.
        while len(self._buckets) > self._max_clients:
            self._buckets.popitem(last=False)
        return allowed


class RecentRequests(Generic[Result]):
    """What each phone sent within the last second, and the result it got."""

    def __init__(self) -> None:
        # A key: without it the few possible events of a phone could be tried out against a digest in a memory dump.
        self._key = secrets.token_bytes(_TOKEN_BYTES)
        self._results: OrderedDict[bytes, tuple[float, Result]] = OrderedDict()

    def fingerprint(self, *fields: str | None) -> bytes:
        """Return a keyed digest of the fields, from which none of them can be read."""
        return blake2b(json.dumps(fields).encode(), key=self._key, digest_size=16).digest()

    def get(self, fingerprint: bytes, now: float) -> Result | None:
        """Return the result of the same request within the last second, if there was one. `now`: monotonic seconds."""
        # In the order of time, so the first that is recent enough ends the search.
        while self._results:
            at, _ = next(iter(self._results.values()))
            if now - at < REPLAY_SECONDS:
                break
            self._results.popitem(last=False)
        _at, result = self._results.get(fingerprint, (0.0, None))
        return result

    def add(self, fingerprint: bytes, now: float, result: Result) -> None:
        self._results[fingerprint] = (now, result)
