"""Calendars are fetched from servers that do everything wrong: each time a sentence, in time, and no secret in it."""

from __future__ import annotations

import errno
import gzip
import os
import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from detector.calendars.connection import FetchFailed, Network
from detector.calendars.fetching import FetchedCalendar, FetchLimits, fetch
from detector.store.model import Calendar
from tests.rig.calendar_server import (
    DINNER,
    PUBLIC,
    Certificates,
    FakePublicNetwork,
    Served,
    Server,
    calendar,
    calendar_server,
    never_accepting,
)

SECRET = "/private-canary/basic.ics?token=canary"

SOON = FetchLimits(timeout=0.4, max_bytes=1 << 16)
OURS = calendar(DINNER)
HOST = "calendar.example"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


@pytest.fixture
def serve(stack: ExitStack) -> Callable[..., Server]:
    return lambda served=None, tls=None: stack.enter_context(calendar_server(served, tls))


@pytest.fixture
def certificates() -> Certificates:
    return Certificates()


def ask(
    url: str, *, local: bool = True, budget: FetchLimits | None = None, network: Network | None = None, **known: Any
) -> FetchedCalendar | None:
    return fetch(Calendar(name="ours", location=url, local=local, subscribed=True, **known), budget, network)


def refused(url: str, **how: Any) -> str:
    """Return why it was not fetched, after a look for what must not be in the words."""
    with pytest.raises(FetchFailed) as found:
        ask(url, **how)
    why = found.value.why
    assert "canary" not in why
    assert "\n" not in why
    assert not why.endswith(".")
    return why


def whole(found: FetchedCalendar | None) -> FetchedCalendar:
    assert found is not None
    return found


def test_a_calendar_is_fetched_with_its_validators(serve: Callable[..., Server]) -> None:
    server = serve(Served(etag='"one"', modified="Mon, 23 Nov 2026 08:00:00 GMT"))
    found = whole(ask(server.url()))
    assert (found.content, found.etag, found.modified) == (OURS, '"one"', "Mon, 23 Nov 2026 08:00:00 GMT")
    head = server.served.asked[0]
    assert "User-Agent: turntoward\r\n" in head
    assert "Cookie" not in head
    assert "Accept-Encoding: identity\r\n" in head
    assert head.startswith("GET /ours.ics HTTP/1.1\r\nHost: 127.0.0.1:")


def test_an_unchanged_calendar_is_not_fetched_again(serve: Callable[..., Server]) -> None:
    server = serve(Served(etag='"one"'))
    assert ask(server.url(), etag='"one"', modified="Mon, 23 Nov 2026 08:00:00 GMT") is None
    assert "If-Modified-Since: Mon, 23 Nov 2026 08:00:00 GMT\r\n" in server.served.asked[0]
    assert whole(ask(server.url(), etag='"another"')).etag == '"one"'


def test_304_without_validators_is_an_error(serve: Callable[..., Server]) -> None:
    assert "(304)" in refused(serve(Served(status=304, body=b"")).url())


@pytest.mark.parametrize("mark", ["x" * 600, "ä"])
def test_a_validator_that_cannot_be_sent_back_is_not_kept(serve: Callable[..., Server], mark: str) -> None:
    assert whole(ask(serve(Served(etag=mark, modified=mark)).url())).etag is None


def test_name_and_password_are_sent_and_never_shown(serve: Callable[..., Server]) -> None:
    server = serve(Served(status=404))
    url = server.url(host="me:canary@127.0.0.1", path=SECRET)
    assert refused(url) == "there is no calendar at this address (404)"
    assert "Authorization: Basic bWU6Y2FuYXJ5\r\n" in server.served.asked[0]
    assert "GET /private-canary/basic.ics?token=canary HTTP/1.1" in server.served.asked[0]


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (401, "the server wants a name and a password, or others than these (401)"),
        (403, "the server does not let you in (403)"),
        (410, "the calendar is gone from this address for good (410)"),
        (500, "the server failed (500)"),
        (204, "the server answered with something else than a calendar (204)"),
    ],
)
def test_an_error_status_is_explained(serve: Callable[..., Server], status: int, why: str) -> None:
    assert refused(serve(Served(status=status, body=b"")).url(path=SECRET)) == why


@pytest.mark.parametrize(
    ("told", "wait"),
    [("120", timedelta(seconds=120)), ("999999999999", timedelta(days=1)), ("soon", None), ("-5", None), ("²", None)],
)
def test_retry_after_is_respected(serve: Callable[..., Server], told: str, wait: timedelta | None) -> None:
    server = serve(Served(status=503, headers={"Retry-After": told}))
    with pytest.raises(FetchFailed, match="is busy just now") as found:
        ask(server.url())
    assert found.value.wait == wait


@pytest.mark.parametrize("hangs", ["headers", "body"])
def test_a_server_that_hangs_runs_into_the_timeout(serve: Callable[..., Server], hangs: str) -> None:
    server = serve(Served(hangs=hangs))
    began = time.monotonic()
    assert refused(server.url(path=SECRET), budget=SOON) == "the server did not answer within 0.4 s"
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "served", [Served(drips=True), Served(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 20_000, hangs=None)]
)
def test_a_server_that_sends_byte_by_byte_runs_into_the_timeout(serve: Callable[..., Server], served: Served) -> None:
    began = time.monotonic()
    assert refused(serve(served).url(), budget=SOON)
    assert time.monotonic() - began < 3


def test_a_server_that_sends_headers_byte_by_byte_runs_into_the_timeout(
    serve: Callable[..., Server], stack: ExitStack
) -> None:
    listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    import threading  # noqa: PLC0415 - the one test that speaks by itself

    def drip() -> None:
        connection, _ = listening.accept()
        with connection:
            try:
                for _ in range(200):
                    connection.sendall(b"x")
                    time.sleep(0.02)
            except OSError:
                return

    threading.Thread(target=drip, daemon=True).start()
    began = time.monotonic()
    assert "within 0.4 s" in refused(f"http://127.0.0.1:{listening.getsockname()[1]}/", budget=SOON)
    assert time.monotonic() - began < 3


def test_all_redirects_share_one_timeout(serve: Callable[..., Server]) -> None:
    steps = {f"/{step}": Served(status=302, location=f"/{step + 1}", late=0.15) for step in range(5)}
    assert "within 0.4 s" in refused(serve(Served(by_path=steps)).url(path="/0"), budget=SOON)


def test_a_server_that_accepts_no_connection_runs_into_the_timeout() -> None:
    with never_accepting() as port:
        assert "within 0.4 s" in refused(f"http://127.0.0.1:{port}/", budget=SOON)


def test_a_server_that_hangs_in_the_tls_handshake_runs_into_the_timeout(serve: Callable[..., Server]) -> None:
    server = serve(Served(hangs="tls"))
    assert "within 0.4 s" in refused(f"https://127.0.0.1:{server.port}/", budget=SOON)


def test_a_resolver_that_hangs_runs_into_the_timeout() -> None:
    def never(host: str, port: int) -> list[str]:
        time.sleep(2)
        return []

    assert "within 0.4 s" in refused("https://slow.example/", budget=SOON, network=Network(resolve=never))


def test_200_megabytes_are_refused_with_and_without_content_length(serve: Callable[..., Server]) -> None:
    told = serve(Served(length=200 << 20, body=b"BEGIN:VCALENDAR\r\n", hangs="body"))
    assert refused(told.url()) == "the calendar is larger than 20 MB"
    untold = serve(Served(endless=True, body=b""))
    assert (
        refused(untold.url(), budget=FetchLimits(timeout=10, max_bytes=3 << 20)) == "the calendar is larger than 3 MB"
    )


def test_one_byte_over_the_maximum_is_refused_without_content_length(serve: Callable[..., Server]) -> None:
    raw = b"HTTP/1.1 200 OK\r\n\r\n" + OURS
    assert whole(ask(serve(Served(raw=raw)).url(), budget=FetchLimits(max_bytes=len(OURS)))).content == OURS
    assert "larger than" in refused(serve(Served(raw=raw)).url(), budget=FetchLimits(max_bytes=len(OURS) - 1))


def test_compressed_content_is_decompressed_and_a_bomb_is_refused(serve: Callable[..., Server]) -> None:
    packed = {"Content-Encoding": "gzip"}
    assert whole(ask(serve(Served(body=gzip.compress(OURS), headers=packed)).url())).content == OURS
    bomb = gzip.compress(b"BEGIN:VCALENDAR\r\n" + b"x" * (50 << 20))
    assert len(bomb) < 1 << 16
    tracemalloc.start()
    try:
        why = refused(serve(Served(body=bomb, headers=packed)).url(), budget=FetchLimits(max_bytes=1 << 20))
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()
    assert why == "the calendar is larger than 1 MB"
    tiny = gzip.compress(OURS) + gzip.compress(b"") * 200_000
    assert whole(ask(serve(Served(body=tiny, headers=packed)).url())).content == OURS
    assert "broke off" in refused(serve(Served(body=gzip.compress(OURS)[:-20], headers=packed)).url())
    assert "broken" in refused(serve(Served(body=OURS, headers=packed)).url())
    assert "was not asked for" in refused(serve(Served(body=OURS, headers={"Content-Encoding": "br"})).url())


def test_gzip_in_several_members_is_taken_whole(serve: Callable[..., Server]) -> None:
    half = len(OURS) // 2
    packed = gzip.compress(OURS[:half]) + gzip.compress(OURS[half:]) + b"\0" * 9
    for name in ("gzip", "x-gzip", "identity, gzip", "deflate"):
        served = Served(body=packed, headers={"Content-Encoding": name})
        assert whole(ask(serve(served).url())).content == OURS


@pytest.mark.parametrize("encoding", ["none", "identity", "UTF-8", "", "binary"])
def test_an_encoding_that_says_nothing_of_packing_is_ignored(serve: Callable[..., Server], encoding: str) -> None:
    assert whole(ask(serve(Served(headers={"Content-Encoding": encoding})).url())).content == OURS


@pytest.mark.parametrize(
    "ahead",
    [
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n" * 3,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n",
    ],
)
def test_what_a_server_sends_ahead_of_its_answer_is_passed_over(serve: Callable[..., Server], ahead: bytes) -> None:
    served = Served(raw=ahead + b"HTTP/1.1 200 OK\r\n\r\n" + OURS)
    assert whole(ask(serve(served).url())).content == OURS


@pytest.mark.parametrize("behind", [b"<!-- cached -->", b"\r\n\r\n<!-- cached -->\n" * 300, b"\0\0", OURS])
def test_what_stands_behind_a_whole_calendar_is_passed_over(
    serve: Callable[..., Server], tmp_path: Path, behind: bytes
) -> None:
    assert whole(ask(serve(Served(body=OURS + behind)).url())).content == OURS + behind
    file = tmp_path / "ours.ics"
    file.write_bytes(OURS + behind)
    assert whole(ask(str(file))).content == OURS + behind
    assert (
        refused(serve(Served(body=OURS + behind + b"\r\n" + OURS[:-30])).url())
        == "the calendar broke off in the middle"
    )


@pytest.mark.parametrize(("charset", "header"), [("latin-1", "iso-8859-1"), ("utf-16", None), ("latin-1", None)])
def test_a_calendar_in_another_charset_becomes_utf_8(
    serve: Callable[..., Server], tmp_path: Path, charset: str, header: str | None
) -> None:
    text = OURS.decode().replace("Dinner", "Dîner à deux")
    content_type = "text/calendar" + ("" if header is None else f"; charset={header}")
    served = Served(body=text.encode(charset), headers={"Content-Type": content_type})
    assert whole(ask(serve(served).url())).content.decode() == text
    file = tmp_path / "ours.ics"
    file.write_bytes(text.encode(charset))
    assert whole(ask(str(file))).content.decode() == text


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<!DOCTYPE html><title>canary</title>", "the address answers with a web page, not a calendar"),
        (b"\n <html><body>Log in</body></html>", "the address answers with a web page, not a calendar"),
        (b"<?xml version='1.0'?><html>", "the address answers with a web page, not a calendar"),
        (b"\x00\xff\x7fcanary" * 99, "the response is not a calendar"),
        (b"", "the response is empty"),
        (b" \r\n", "the response is empty"),
        (OURS[:-30], "the calendar broke off in the middle"),
    ],
)
def test_an_incomplete_calendar_is_refused_with_any_content_type(
    serve: Callable[..., Server], body: bytes, why: str
) -> None:
    assert refused(serve(Served(body=body)).url(path=SECRET)) == why


def test_a_calendar_is_accepted_with_any_content_type_and_html_in_its_texts(serve: Callable[..., Server]) -> None:
    body = calendar("UID:a\nX-ALT-DESC:<html><body>", DINNER)
    served = Served(body=b"\xef\xbb\xbf" + body, headers={"Content-Type": "text/html"})
    assert whole(ask(serve(served).url())).content == body


def test_a_wrong_content_length_is_noticed(serve: Callable[..., Server]) -> None:
    assert "broke off" in refused(serve(Served(length=len(OURS) + 1)).url())
    assert "broke off" in refused(serve(Served(length=len(OURS) - 9)).url())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/9.9 what\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 99_999,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n99\r\nBEGIN:VCALENDAR",
        b"\xff" * 99,
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nBEGIN:VCALENDAR\r\n",
    ],
)
def test_invalid_http_is_refused(serve: Callable[..., Server], raw: bytes) -> None:
    assert refused(serve(Served(raw=raw)).url(path=SECRET), budget=FetchLimits(timeout=5))


def test_an_unreachable_server_is_named_by_its_host_alone(serve: Callable[..., Server]) -> None:
    server = serve()
    server.end()
    assert refused(server.url(path=SECRET)) == "127.0.0.1 does not answer (connection refused)"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.EAFNOSUPPORT, "this program may not reach the network; `turntoward service install` fixes that"),
        (errno.ENETUNREACH, "there is no way to the server just now"),
        (errno.ECONNRESET, f"{HOST} does not answer (connection reset by peer)"),
    ],
)
def test_a_missing_or_forbidden_network_is_reported(number: int, why: str) -> None:
    def refuse(address: str, port: int, patience: float) -> socket.socket:
        raise OSError(number, "canary")

    network = Network(resolve=FakePublicNetwork({HOST: [PUBLIC]}).network().resolve, connect=refuse)
    assert refused(f"https://{HOST}{SECRET}", network=network) == why


def test_a_temporary_resolver_failure_is_not_an_unknown_host() -> None:
    def fail(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    assert refused(f"https://{HOST}/", network=Network(resolve=fail)) == f"the name {HOST} cannot be looked up just now"


def test_an_unknown_host_is_reported(stack: ExitStack) -> None:
    assert (
        refused("https://nobody.example/x", network=FakePublicNetwork({}).network())
        == "there is no server called nobody.example"
    )


@pytest.mark.parametrize(
    ("addresses", "why"),
    [
        (["192.168.178.2"], "stands on the local network, which is asked only with --local"),
        (["127.0.0.1"], "stands on the local network, which is asked only with --local"),
        ([PUBLIC, "10.0.0.1"], "stands on the local network, which is asked only with --local"),
        (["::ffff:10.0.0.1"], "stands on the local network, which is asked only with --local"),
        (["169.254.169.254"], "leads to no address that a calendar can be at"),
        ([PUBLIC, "0.0.0.0"], "leads to no address that a calendar can be at"),
        ([], "leads to no address that a calendar can be at"),
    ],
)
def test_a_name_with_a_local_address_is_not_connected_to(addresses: list[str], why: str) -> None:
    public = FakePublicNetwork({HOST: addresses})
    assert refused(f"http://{HOST}/x", local=False, network=public.network()) == f"{HOST} {why}"
    assert public.connected == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_this_device_is_not_asked_unless_local_is_allowed(serve: Callable[..., Server], host: str) -> None:
    server = serve()
    assert "local network" in refused(server.url(host=host), local=False)
    assert server.connections == 0


def test_cloud_metadata_addresses_are_refused_even_with_local() -> None:
    public = FakePublicNetwork({HOST: ["169.254.169.254"]})
    assert "leads to no address" in refused(f"http://{HOST}/", network=public.network())
    assert public.connected == []


def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to(serve: Callable[..., Server]) -> None:
    server = serve()
    public = FakePublicNetwork({HOST: [PUBLIC]})
    assert whole(ask(server.url(HOST), local=False, network=public.network())).content == OURS
    assert (public.looked_up, public.connected) == ([HOST], [PUBLIC])


def test_the_first_address_that_answers_is_used(serve: Callable[..., Server]) -> None:
    server = serve()
    public = FakePublicNetwork({HOST: ["2606:4700::1111", PUBLIC]})
    network = public.network()

    def connect(address: str, port: int, patience: float) -> socket.socket:
        if ":" in address:
            raise OSError(101, "Network is unreachable")
        return network.connect(address, port, patience)

    known = Network(resolve=network.resolve, connect=connect)
    assert whole(ask(server.url(HOST), local=False, network=known)).content == OURS


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://127.0.0.1:{port}/ours.ics", "127.0.0.1 stands on the local network, which is asked only with --local"),
        ("http://169.254.169.254/latest", "169.254.169.254 leads to no address that a calendar can be at"),
        (
            "http://inside.example:{port}/",
            "inside.example stands on the local network, which is asked only with --local",
        ),
        ("file:///etc/passwd", "the server redirects to something that is not the address of a calendar"),
        ("ftp://elsewhere.example/", "the server redirects to something that is not the address of a calendar"),
        ("http://[canary", "the server redirects to something that is not the address of a calendar"),
        ("", "the server redirects without an address"),
        ("/again", "the server redirects more than 5 times"),
    ],
)
@pytest.mark.parametrize("local", [False, True])
def test_a_redirect_to_a_forbidden_place_is_not_followed(
    serve: Callable[..., Server], location: str, why: str, *, local: bool
) -> None:
    # Also where the local network is allowed: what a public server says does not lead there.
    astray, goal = Served(status=302), serve()
    astray.location = location.format(port=goal.port)
    server = serve(astray)
    public = FakePublicNetwork({HOST: [PUBLIC], "inside.example": ["192.168.1.1"]})
    assert refused(server.url(HOST, SECRET), local=local, network=public.network()) == why
    assert goal.connections == 0
    assert set(public.connected) == {PUBLIC}
    assert len(public.connected) == (6 if location == "/again" else 1)


def test_a_local_server_may_redirect_to_another_with_local(serve: Callable[..., Server]) -> None:
    goal = serve()
    assert whole(ask(serve(Served(status=301, location=goal.url())).url())).content == OURS


def test_five_redirects_are_followed(serve: Callable[..., Server]) -> None:
    steps = {f"/{step}": Served(status=(301, 302, 303, 307, 308)[step], location=f"/{step + 1}") for step in range(5)}
    server = serve(Served(by_path=steps))
    assert whole(ask(server.url(path="/0"))).content == OURS
    assert len(server.served.asked) == 6


def test_a_login_is_sent_to_its_own_origin_only(serve: Callable[..., Server]) -> None:
    goal = serve()
    sends = Served(
        by_path={"/0": Served(status=302, location="/1"), "/1": Served(status=302, location=goal.url("x:y@127.0.0.1"))}
    )
    server = serve(sends)
    assert whole(ask(server.url("me:canary@127.0.0.1", "/0"))).content == OURS
    assert ["Authorization" in head for head in server.served.asked] == [True, True]
    assert ["Authorization" in head for head in goal.served.asked] == [False]


def test_https_works_and_webcal_is_https(serve: Callable[..., Server], certificates: Certificates) -> None:
    server = serve(tls=certificates.server(HOST))
    public = FakePublicNetwork({HOST: [PUBLIC]}, trusts=certificates.trusting)
    for scheme in ("https", "webcal"):
        url = f"{scheme}://{HOST}:{server.port}/ours.ics"
        assert whole(ask(url, local=False, network=public.network())).content == OURS


def test_webcal_never_falls_back_to_plain_http(serve: Callable[..., Server]) -> None:
    server = serve()
    public = FakePublicNetwork({HOST: [PUBLIC]})
    url = f"webcal://{HOST}:{server.port}/canary"
    assert refused(url, local=False, network=public.network()) == "the server does not use https correctly"
    assert server.served.asked == []


def test_a_redirect_from_https_to_http_is_not_followed(
    serve: Callable[..., Server], certificates: Certificates
) -> None:
    goal = serve()
    server = serve(Served(status=302, location=goal.url(HOST)), tls=certificates.server(HOST))
    public = FakePublicNetwork({HOST: [PUBLIC]}, trusts=certificates.trusting)
    why = refused(server.url(HOST), local=False, network=public.network())
    assert why == "the server redirects from https to plain http, which is not followed"
    assert goal.connections == 0


def test_a_redirect_from_http_to_https_is_followed(serve: Callable[..., Server], certificates: Certificates) -> None:
    goal = serve(tls=certificates.server(HOST))
    server = serve(Served(status=302, location=goal.url(HOST)))
    public = FakePublicNetwork({HOST: [PUBLIC]}, trusts=certificates.trusting)
    assert whole(ask(server.url(HOST), local=False, network=public.network())).content == OURS


def test_a_wrong_certificate_is_explained(serve: Callable[..., Server], certificates: Certificates) -> None:
    begin = datetime(2020, 1, 1, tzinfo=UTC)
    far = datetime.now(UTC) + timedelta(days=30)
    public = FakePublicNetwork({HOST: [PUBLIC]}, trusts=certificates.trusting)

    def why(server: Server) -> str:
        return refused(server.url(HOST, SECRET), local=False, network=public.network())

    assert why(serve(tls=certificates.server(HOST, not_before=begin, not_after=begin + timedelta(days=9)))) == (
        "the server's certificate has expired"
    )
    assert "not valid yet" in why(
        serve(tls=certificates.server(HOST, not_before=far, not_after=far + timedelta(days=9)))
    )
    assert why(serve(tls=certificates.server("another.example"))) == (
        f"the server's certificate is for another name than {HOST}"
    )
    assert why(serve(tls=Certificates().server(HOST))) == (
        "the server's certificate is issued by nobody whom this device trusts"
    )


def test_certificates_are_verified_by_default(serve: Callable[..., Server], certificates: Certificates) -> None:
    server = serve(tls=certificates.server("127.0.0.1"))
    assert refused(server.url()) == "the server's certificate is issued by nobody whom this device trusts"
    assert server.served.asked == []


def test_a_self_signed_certificate_is_explained(stack: ExitStack, tmp_path: Path) -> None:
    import ssl  # noqa: PLC0415 - the one test that makes a context by hand
    import subprocess  # noqa: PLC0415 - likewise

    pem, key = tmp_path / "own.pem", tmp_path / "own.key"
    made = subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            str(key),
            "-out",
            str(pem),
            "-subj",
            f"/CN={HOST}",
            "-addext",
            f"subjectAltName=DNS:{HOST}",
        ],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("missing: openssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    server = stack.enter_context(calendar_server(None, context))
    why = refused(server.url(HOST), local=False, network=FakePublicNetwork({HOST: [PUBLIC]}).network())
    assert why == "the server's certificate is signed by the server itself"


def test_a_file_is_read_once_and_again_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "ours.ics"
    path.write_bytes(OURS)
    found = whole(ask(str(path)))
    assert found.content == OURS
    assert ask(str(path), etag=found.etag) is None
    os.utime(path, ns=(1, 1))
    assert whole(ask(str(path), etag=found.etag)).content == OURS


def test_a_file_that_is_not_regular_is_refused_without_waiting(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (str(pipe), str(tmp_path), "/dev/zero", "/dev/tty"):
        assert refused(place) == "the place is not a regular file"
    assert refused(str(tmp_path / "gone.ics")) == "the file is not there"
    large = tmp_path / "large.ics"
    with large.open("wb") as file:
        file.truncate(200 << 20)
    assert refused(str(large)) == "the calendar is larger than 20 MB"
    cut = tmp_path / "cut.ics"
    cut.write_bytes(OURS[:100])
    assert refused(str(cut)) == "the calendar broke off in the middle"
