"""Where IP addresses lead, and how a calendar's place is parsed and shown."""

from __future__ import annotations

import pytest

from detector.calendars.ip_addresses import destination
from detector.calendars.urls import InvalidUrl, display_place, is_url, parse_url


@pytest.mark.parametrize(
    "address",
    ["93.184.215.14", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::1"],
)
def test_a_public_address_is_public(address: str) -> None:
    assert destination(address) == "public"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.178.1",
        "169.254.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "::ffff:127.0.0.1",
        "::ffff:192.168.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::c0a8:1",
        "64:ff9b:1::808:808",
        "2002:7f00:1::1",
        "2002:c0a8:101::1",
    ],
)
def test_a_local_address_is_local_in_every_form(address: str) -> None:
    assert destination(address) == "local"


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "::",
        "0.1.2.3",
        "224.0.0.1",
        "239.1.1.1",
        "ff02::1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "2001:db8::1",
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254",
        "2001::1",
        "::ffff:0.0.0.0",
        "::ffff:224.0.0.1",
    ],
)
def test_an_address_of_no_server_is_forbidden(address: str) -> None:
    assert destination(address) == "forbidden"


def test_webcal_is_https() -> None:
    for scheme in ("webcal", "WEBCAL", "webcals", "https"):
        found = parse_url(f"{scheme}://cal.example.org/ours.ics?key=1")
        assert (found.origin, found.target) == (("https", "cal.example.org", 443), "/ours.ics?key=1")
    assert parse_url("http://cal.example.org").text == "http://cal.example.org/"


def test_login_is_removed_from_the_url_and_shown_nowhere() -> None:
    found = parse_url("https://me%40home:p%3Aw@cal.example.org:8443/private-canary/basic.ics?token=canary")
    assert found.login == ("me@home", "p:w")
    assert found.netloc == "cal.example.org:8443"
    for words in (repr(found), display_place(f"https://me:canary@cal.example.org:8443{found.target}")):
        assert "canary" not in words
        assert "me" not in words.replace("scheme", "").replace("example", "")


def test_only_scheme_and_host_of_a_url_are_shown() -> None:
    assert display_place("webcal://Cal.Example.org/secret.ics?x#y") == "https://cal.example.org/…"
    assert display_place("http://[2001:db8::7]:81/secret") == "http://[2001:db8::7]:81/…"
    assert display_place("/home/us/ours.ics") == "/home/us/ours.ics"
    assert display_place("https://") == "an address"


def test_international_host_names_are_encoded() -> None:
    found = parse_url("https://kalender-für-uns.example/Unser Kalender.ics".replace(" ", "%20"))
    assert found.host == "xn--kalender-fr-uns-8vb.example"
    assert parse_url("https://a.example/für uns".replace(" ", "")).target == "/f%C3%BCruns"


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https:///ours.ics",
        "ftp://a.example/x",
        "file:///etc/passwd",
        "javascript://x",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://a b.example/",
        "https://a.example/\r\nX: y",
        "https://a.example/a b",
        "https://[::1",
        "https://exa_mple!.org/",
        "https://a.example/" + "x" * 2000,
        "https://ä..example/",
        "https://a\u2028b/",
    ],
)
def test_an_invalid_url_is_refused_without_repeating_it(url: str) -> None:
    assert is_url(url)
    with pytest.raises(InvalidUrl) as refused:
        parse_url(url)
    assert not {"passwd", "example", "99999"} & set(str(refused.value).replace("/", " ").replace(".", " ").split())


def test_a_path_is_no_url() -> None:
    assert [is_url(place) for place in ("ours.ics", "/tmp/ours.ics", "C:\\ours.ics", "a/b://c")] == [False] * 4
