"""Authentication, rate limits, replays, and the names in Host and Origin headers."""

from __future__ import annotations

import hmac
from dataclasses import replace

import pytest

from detector.devices import Phone, PhoneApiAddress
from detector.phone_api import auth
from detector.phone_api.hosts import is_own_host, is_same_origin, normalize_host
from tests.rig.phone_api import MINE, NEW, OLD, OTHER, TOKEN

PLACE = PhoneApiAddress(address="192.168.1.20", port=8765, host="laptop.local")


def test_a_token_authenticates_its_phone_and_no_other() -> None:
    assert auth.authenticate(TOKEN.encode(), [MINE, OLD, NEW]) is MINE
    assert auth.authenticate(OTHER.encode(), [MINE, OLD, NEW]) is OLD
    assert auth.authenticate(OTHER.encode(), [MINE, NEW]) is None


@pytest.mark.parametrize(
    "presented", [b"", b"x", TOKEN.encode() + b"x", TOKEN[:-1].encode(), b"0" * 64, b"\xff" * 4096]
)
def test_an_invalid_token_authenticates_nobody(presented: bytes) -> None:
    assert auth.authenticate(presented, [MINE, OLD, NEW]) is None
    assert auth.authenticate(presented, []) is None


def test_a_digest_is_not_a_token() -> None:
    assert MINE.token is not None
    assert auth.authenticate(MINE.token.encode(), [MINE, OLD]) is None


def test_a_phone_without_a_token_is_never_authenticated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "digest", lambda _: "0" * 64)
    assert auth.authenticate(b"whatever has the digest that stands for nobody", [NEW, replace(NEW, token="")]) is None


@pytest.mark.parametrize("token", [TOKEN, OTHER, "nobody's"])
@pytest.mark.parametrize("phones", [[], [NEW], [MINE, OLD, NEW], [OLD, NEW, MINE]])
def test_every_phone_is_compared_in_constant_time(
    monkeypatch: pytest.MonkeyPatch, token: str, phones: list[Phone]
) -> None:
    compared: list[tuple[int, int]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return hmac_compare(one, other)

    hmac_compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", compare)
    auth.authenticate(token.encode(), phones)
    assert compared == [(64, 64)] * (len(phones) + 1)


def test_tokens_are_long_and_unique() -> None:
    made = {auth.new_token() for _ in range(100)}
    assert len(made) == 100
    assert all(len(token) == 43 and token.replace("-", "").replace("_", "").isalnum() for token in made)


def test_a_rate_limiter_allows_a_burst_and_then_its_rate() -> None:
    allowance = auth.RateLimiter(rate=20, burst=40)
    assert [allowance.allows("a", 100.0) for _ in range(41)] == [True] * 40 + [False]
    assert not allowance.allows("a", 100.03125)
    assert [allowance.allows("a", 100.125) for _ in range(3)] == [True, True, False]
    assert sum(allowance.allows("a", 1000.0) for _ in range(100)) == 40, "rest does not add up without end"


def test_each_client_has_its_own_rate_limit() -> None:
    allowance = auth.RateLimiter(rate=1, burst=1)
    assert allowance.allows("a", 0.0)
    assert not allowance.allows("a", 0.0)
    assert allowance.allows("b", 0.0)


def test_200_requests_a_second_for_30_seconds_are_within_a_phones_rate_limit() -> None:
    allowance = auth.RateLimiter(rate=auth.PHONE_RATE, burst=auth.PHONE_BURST)
    assert all(allowance.allows("a", number / 200) for number in range(6000))
    assert not all(allowance.allows("b", number / 400) for number in range(12000))


def test_a_clock_that_moves_back_allows_no_more_requests() -> None:
    allowance = auth.RateLimiter(rate=1, burst=1)
    assert allowance.allows("a", 10.0)
    assert not allowance.allows("a", 5.0)
    assert not allowance.allows("a", 10.5)
    assert allowance.allows("a", 11.5)


def test_a_rate_limiter_remembers_a_maximum_of_clients() -> None:
    allowance = auth.RateLimiter(rate=1, burst=1, max_clients=10)
    for number in range(1000):
        allowance.allows(f"address {number}", 0.0)
    assert len(allowance._buckets) == 10


def test_the_same_request_within_a_second_is_a_replay() -> None:
    replays: auth.RecentRequests[str] = auth.RecentRequests()
    fingerprint = replays.fingerprint("phone", "app_open", None)
    assert replays.get(fingerprint, 5.0) is None
    replays.add(fingerprint, 5.0, "204")
    replays.add(replays.fingerprint("phone", "unlock", None), 5.5, "200")
    assert replays.get(fingerprint, 5.999) == "204", "also after something else was said"
    assert replays.get(fingerprint, 6.0) is None


def test_requests_with_different_fields_are_no_replay() -> None:
    replays: auth.RecentRequests[str] = auth.RecentRequests()
    said = [("a", "b", None), ("a", None, "b"), ("ab", "", None), ("a", "b", "None"), ("b", "a", None)]
    assert len({replays.fingerprint(*one) for one in said}) == len(said)


def test_the_replay_cache_forgets_and_holds_nothing_readable() -> None:
    replays: auth.RecentRequests[str] = auth.RecentRequests()
    for number in range(500):
        fingerprint = replays.fingerprint("phone", "canary", str(number))
        assert replays.get(fingerprint, number / 10) is None
        replays.add(fingerprint, number / 10, "204")
    assert len(replays._results) <= 10
    assert b"canary" not in fingerprint
    assert fingerprint != auth.RecentRequests[str]().fingerprint("phone", "canary", "499")


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("laptop.local", True),
        ("LAPTOP.local:8765", True),
        ("laptop.local.:8765", True),
        ("192.168.1.20:8765", True),
        ("192.168.1.20", True),
        ("laptop.local:80", False),
        ("laptop.local:99999", False),
        ("laptop.local:", False),
        ("evil.example", False),
        ("laptop.local.evil.example", False),
        ("192.168.1.20.evil.example:8765", False),
        ("localhost:8765", False),
        ("127.0.0.1:8765", False),
        ("", False),
        ("user@laptop.local", False),
        ("laptop.local, evil.example", False),
        ("laptop.local/evil", False),
        ("laptop.local\xa0", False),
        ("[192.168.1.20", False),
    ],
)
def test_only_own_host_names_are_accepted(host: str, *, ours: bool) -> None:
    assert is_own_host(host, address=PLACE, local=("192.168.1.20", 8765)) is ours


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8765", "[::1]:8765", "laptop.local:8765"])
def test_on_the_loopback_its_names_are_accepted(host: str) -> None:
    everywhere = replace(PLACE, address="0.0.0.0")
    assert is_own_host(host, address=everywhere, local=("127.0.0.1", 8765))


@pytest.mark.parametrize("host", ["0.0.0.0:8765", "[::]:8765"])
def test_the_unspecified_address_is_no_host_name(host: str) -> None:
    everywhere = replace(PLACE, address="0.0.0.0", host="::")
    assert not is_own_host(host, address=everywhere, local=("127.0.0.1", 8765))


def test_two_spellings_of_an_address_are_the_same_host() -> None:
    place = replace(PLACE, address="fd00:0:0:0::5", host="fd00::5")
    assert is_own_host("[FD00:0::5]:8765", address=place, local=("fd00::5", 8765))
    assert normalize_host("::ffff:192.168.1.20") == "192.168.1.20"
    assert normalize_host("fe80::1%eth0") == "fe80::1"


@pytest.mark.parametrize(
    ("origin", "same"),
    [
        ("http://laptop.local:8765", True),
        ("HTTP://LAPTOP.local:8765", True),
        ("https://laptop.local:8765", False),
        ("http://laptop.local", False),
        ("http://evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_the_own_page_has_the_same_origin(origin: str, *, same: bool) -> None:
    assert is_same_origin(origin, host="laptop.local:8765", scheme="http") is same
