"""The phone API's responses to real clients: every status, every refusal, and what the gateway gets."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from detector.clock import ManualClock
from detector.devices import PhoneApiAddress
from detector.phone_api.auth import digest
from detector.phone_api.model import PhoneEvent, PhoneOverview
from detector.phone_api.server import PhoneApi
from tests.rig.phone_api import CODE, OTHER, TOKEN, FakeGateway, HttpResponse, ask, connect, request, running_phone_api

SOCIAL = {"event": "app_open", "category": "social"}
PAGES = ["/", "/phone", "/pair", "/pair/any-code_1", "/phone?from=icon", "/phone.css", "/phone.js"]
NEEDING_A_TOKEN = [("POST", "/v1/phone"), ("POST", "/v1/test"), ("POST", "/v1/together"), ("DELETE", "/v1/phone")]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 23, 18, 2, 11, tzinfo=UTC))


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
async def api(gateway: FakeGateway, clock: ManualClock) -> AsyncIterator[PhoneApi]:
    async with running_phone_api(gateway, clock=clock) as opened:
        yield opened


async def curl(api: PhoneApi, path: str, *options: str) -> tuple[int, str]:
    """Return the status and the body that the real curl gets."""
    if not shutil.which("curl"):
        pytest.skip("missing: curl")
    address, port = api.local
    command = ["curl", "--silent", "--max-time", "10", "--write-out", "\n%{http_code}", *options]
    running = await asyncio.create_subprocess_exec(*command, f"http://{address}:{port}{path}", stdout=-1)
    said, _ = await running.communicate()
    body, _, status = said.decode().rpartition("\n")
    return int(status), body


async def test_curl_works_as_the_docs_show_it(api: PhoneApi, gateway: FakeGateway) -> None:
    status, body = await curl(
        api,
        "/v1/phone",
        "-H",
        f"Authorization: Bearer {TOKEN}",
        "-H",
        "Content-Type: application/json",
        "-d",
        '{"event": "app_open", "category": "social", "at": "2026-11-23T19:02:11+01:00"}',
    )
    assert (status, body) == (204, "")
    at = datetime(2026, 11, 23, 18, 2, 11, tzinfo=UTC)
    assert gateway.events == [("my phone", PhoneEvent(event="app_open", category="social", at=at))]


async def test_http_client_sends_ten_events_over_one_connection(api: PhoneApi, gateway: FakeGateway) -> None:
    def tell() -> list[int]:
        client = http.client.HTTPConnection(*api.local, timeout=10)
        found = []
        for number in range(10):
            body = json.dumps({"event": "app_open", "app": f"app{number}"})
            client.request(
                "POST", "/v1/phone", body, {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
            )
            answer = client.getresponse()
            answer.read()
            found.append(answer.status)
        sockets = client.sock is not None
        client.close()
        assert sockets, "the connection was kept"
        return found

    assert await asyncio.to_thread(tell) == [204] * 10
    assert [told.app for _, told in gateway.events] == [f"app{number}" for number in range(10)]


async def test_a_sentence_of_the_gateway_is_sent_to_the_phone(api: PhoneApi, gateway: FakeGateway) -> None:
    gateway.says = "A minute of scrolling"
    heard = await ask(api, request("POST", "/v1/phone", SOCIAL))
    assert (heard.status, heard.said) == (200, {"say": "A minute of scrolling"})
    assert heard.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", PAGES)
async def test_the_page_is_the_same_for_everybody_and_loads_nothing_from_elsewhere(api: PhoneApi, path: str) -> None:
    with_token, without = [await ask(api, request("GET", path, token=token)) for token in (TOKEN, None)]
    assert with_token.raw == without.raw
    assert without.status == 200
    assert len(without.body) > 1000
    kinds = {"css": "text/css", "js": "text/javascript"}
    assert without.headers["content-type"] == f"{kinds.get(path.rpartition('.')[2], 'text/html')}; charset=utf-8"
    assert without.headers["cache-control"] == "no-store"
    assert without.headers["referrer-policy"] == "no-referrer"
    assert without.headers["x-content-type-options"] == "nosniff"
    assert without.headers["x-frame-options"] == "DENY"
    assert without.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    )
    assert not {"server", "date", "set-cookie"} & set(without.headers)
    assert not any(phone in without.body for phone in (b"old phone", b"new phone"))


async def test_a_head_request_for_the_page_has_no_body(api: PhoneApi) -> None:
    async with connect(api) as line:
        await line.send(request("HEAD", "/phone") + request("GET", "/nothing"))
        head = await line.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert (await line.heard()).status == 404


async def test_opening_the_pairing_link_does_not_use_the_code(api: PhoneApi, gateway: FakeGateway) -> None:
    for method in ("GET", "HEAD"):
        await curl(api, f"/pair/{CODE}", *(["--head"] if method == "HEAD" else []))
    heard = await ask(api, request("POST", "/pair", {"code": CODE}, token=None))
    assert heard.status == 200
    assert isinstance(heard.said, dict)
    assert heard.said["name"] == "new phone"
    token = heard.said["token"]
    assert gateway.paired[2].token == digest(token), "the gateway is given the digest, never the token"
    again = await ask(api, request("POST", "/pair", {"code": CODE}, token=None))
    assert again.status == 401
    assert (await ask(api, request("POST", "/v1/test", token=token))).status == 204
    assert gateway.tests == ["new phone"]


async def test_every_401_is_the_same_byte_for_byte(api: PhoneApi, gateway: FakeGateway, clock: ManualClock) -> None:
    revoked = TOKEN
    gateway.remove(gateway.paired[0])
    heard: list[HttpResponse] = []
    headers = [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {revoked}"},
        {"Authorization": "Bearer"},
        {"Authorization": ""},
        {"Authorization": f"Basic {OTHER}"},
        {"Authorization": OTHER},
        {"Authorization": f"Bearer {OTHER}x"},
        {"Authorization": f"Bearer {digest(OTHER)}"},
        {"Authorization": f"Bearer {OTHER} {OTHER}"},
        {"Authorization": "Bearer " + "x" * 4000},
    ]
    bodies: list[object] = [None, SOCIAL, b"{", b"x" * 9000]
    for method, path in NEEDING_A_TOKEN:
        for fields in headers:
            clock.seconds += 10
            heard += [await ask(api, request(method, path, body, token=None, headers=fields)) for body in bodies]
    clock.seconds += 10
    wrong_type = {"Content-Type": "text/plain"}
    heard.append(await ask(api, request("POST", "/v1/phone", "x", token=None, headers=wrong_type)))
    heard.append(await ask(api, request("POST", "/pair", {"code": "used or never made"}, token=None)))
    heard.append(await ask(api, request("POST", "/pair", {"code": "x" * 3000}, token=None)))
    heard.append(await ask(api, request("POST", "/pair", '{"code": "\\ud800"}', token=None)))
    assert {one.status for one in heard} == {401}
    assert len({one.raw for one in heard}) == 1
    assert heard[0].closed
    assert gateway.events == gateway.changes == gateway.tests == []


async def test_a_token_acts_for_its_own_phone_only(api: PhoneApi, gateway: FakeGateway) -> None:
    claims = {"X-Phone": "my phone", "Cookie": f"token={TOKEN}", "X-Forwarded-For": "127.0.0.1"}
    body = {"event": "unlock"}
    assert (await ask(api, request("POST", "/v1/phone", body, token=OTHER, headers=claims))).status == 204
    named = await ask(api, request("POST", "/v1/phone", body | {"phone": "my phone"}, token=OTHER))
    assert named.status == 422
    await ask(api, request("DELETE", f"/v1/phone?token={TOKEN}", token=OTHER))
    assert gateway.events == [("old phone", PhoneEvent(event="unlock"))]
    assert [phone.name for phone in gateway.paired] == ["my phone", "new phone"]


async def test_a_removed_phone_is_refused_at_once_even_during_its_request(api: PhoneApi, gateway: FakeGateway) -> None:
    raw = request("POST", "/v1/phone", SOCIAL)
    async with connect(api) as line, connect(api) as idle:
        await idle.send(request("POST", "/v1/test"))
        assert (await idle.heard()).status == 204
        await line.send(raw[:-5])
        assert (await ask(api, request("DELETE", "/v1/phone"))).status == 204
        await line.send(raw[-5:])
        await idle.send(request("POST", "/v1/test"))
        assert (await line.heard()).status == 401
        assert (await idle.heard()).status == 401
    assert gateway.events == []
    assert gateway.tests == ["my phone"]


async def test_the_test_route_checks_the_event_and_passes_nothing_on(api: PhoneApi, gateway: FakeGateway) -> None:
    assert (await ask(api, request("POST", "/v1/test"))).status == 204
    assert (await ask(api, request("POST", "/v1/test", SOCIAL))).status == 204
    assert (await ask(api, request("POST", "/v1/test", {"event": "nothing"}))).status == 422
    assert (await ask(api, request("POST", "/v1/test", "x", headers={"Content-Type": "text/plain"}))).status == 415
    assert gateway.tests == ["my phone", "my phone"]
    assert gateway.events == []


async def test_partner_time_is_started_stopped_and_extended(api: PhoneApi, gateway: FakeGateway) -> None:
    for body in ({"do": "start", "minutes": 90}, {"do": "extend", "minutes": 30}, {"do": "stop"}):
        assert (await ask(api, request("POST", "/v1/together", body))).status == 204
    heard = await ask(api, request("POST", "/v1/together", {"do": "start"}))
    assert (heard.status, heard.problems) == (422, ["start needs minutes"])
    assert gateway.changes == [
        ("my phone", "start", timedelta(minutes=90)),
        ("my phone", "extend", timedelta(minutes=30)),
        ("my phone", "stop", timedelta(0)),
    ]


async def test_the_same_event_within_a_second_gets_the_same_response_and_is_processed_once(
    api: PhoneApi, gateway: FakeGateway, clock: ManualClock
) -> None:
    gateway.says = "A minute of scrolling"
    first = await ask(api, request("POST", "/v1/phone", SOCIAL))
    other = await ask(api, request("POST", "/v1/phone", {"event": "unlock"}))
    clock.seconds = 0.9
    in_other_words = await ask(api, request("POST", "/v1/phone", '{"category":"social" , "event":"app_open"}'))
    assert first.raw == other.raw == in_other_words.raw
    assert [told.event for _, told in gateway.events] == ["app_open", "unlock"]
    await ask(api, request("POST", "/v1/phone", SOCIAL, token=OTHER))
    assert [name for name, _ in gateway.events] == ["my phone", "my phone", "old phone"]
    clock.seconds = 1.0
    await ask(api, request("POST", "/v1/phone", SOCIAL))
    assert len(gateway.events) == 4
    for _ in range(3):
        await ask(api, request("POST", "/v1/together", {"do": "extend", "minutes": 30}))
    assert len(gateway.changes) == 1


async def test_a_replay_during_the_first_request_waits_for_its_response(api: PhoneApi, gateway: FakeGateway) -> None:
    gateway.hold = asyncio.Event()
    gateway.says = "A minute of scrolling"
    async with connect(api) as one, connect(api) as other:
        await one.send(request("POST", "/v1/phone", SOCIAL))
        await other.send(request("POST", "/v1/phone", SOCIAL))
        assert (await ask(api, request("POST", "/v1/test"))).status == 204, "nobody else waits"
        gateway.hold.set()
        assert (await one.heard()).raw == (await other.heard()).raw
    assert len(gateway.events) == 1


async def test_the_holder_of_a_phone_is_told_how_often_it_was_heard_and_for_which_hours(
    api: PhoneApi, gateway: FakeGateway
) -> None:
    begins = datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
    gateway.told = PhoneOverview(heard_today=3, hours=((begins, begins + timedelta(hours=2)),))
    heard = await ask(api, request("GET", "/v1/phone"))
    assert (heard.status, heard.said) == (
        200,
        {
            "name": "my phone",
            "heard_today": 3,
            "hours": [["2026-11-23T18:30:00+00:00", "2026-11-23T20:30:00+00:00"]],
        },
    )
    assert (await ask(api, request("GET", "/v1/phone", token="of nobody"))).status == 401


async def test_the_address_of_events_opened_in_a_browser_is_the_page(api: PhoneApi) -> None:
    found = await ask(api, request("GET", "/v1/phone", token=None))
    page = await ask(api, request("GET", "/phone", token=None))
    assert (found.status, found.body) == (200, page.body)
    assert b"Did you find this address on your phone?" in found.body


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/v1/phone", "GET, POST, DELETE"),
        ("GET", "/v1/test", "POST"),
        ("OPTIONS", "/v1/together", "POST"),
        ("POST", "/phone", "GET, HEAD"),
        ("POST", "/pair/code", "GET, HEAD"),
        ("DELETE", "/pair", "GET, HEAD, POST"),
        ("BREW", "/", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_gets_the_allowed_ones(api: PhoneApi, method: str, path: str, allowed: str) -> None:
    for token in (TOKEN, None):
        heard = await ask(api, request(method, path, token=token))
        assert (heard.status, heard.headers["allow"]) == (405, allowed)
        assert heard.problems


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/phone/",
        "/v1/phones",
        "/v1/report",
        "/favicon.ico",
        "//phone",
        "/phone.html",
        "/../phone.js",
        "/%2e%2e/phone.js",
        "/page/phone.js",
        "/pair/a/b",
        "/pair/../phone",
        "/model.py",
        "/phone.js/",
    ],
)
async def test_an_unknown_path_is_not_found_with_or_without_a_token(api: PhoneApi, path: str) -> None:
    heard = [await ask(api, request("GET", path, token=token)) for token in (TOKEN, None)]
    assert [one.status for one in heard] == [404, 404]
    assert heard[0].raw == heard[1].raw


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (request("GET", "/", host="evil.example"), 421),
        (request("GET", "/", host="laptop.local:1"), 421),
        (request("GET", "/", host=""), 421),
        (request("GET", "/", headers={"Origin": "http://evil.example"}), 403),
        (request("GET", "/", headers={"Origin": "null"}), 403),
        (request("GET", "/", headers={"Origin": "https://127.0.0.1"}), 403),
        (request("POST", "/v1/phone", SOCIAL, headers={"Origin": "http://127.0.0.1"}), 204),
        (request("POST", "/v1/phone", SOCIAL, host="LAPTOP.local"), 204),
        (request("POST", "/v1/phone", SOCIAL, host="localhost"), 204),
        (request("POST", "/v1/phone", SOCIAL, headers={"Content-Type": "text/plain"}), 415),
        (request("POST", "/v1/phone", SOCIAL, headers={"Content-Type": "application/jsonp"}), 415),
        (request("POST", "/v1/phone", SOCIAL, headers={"Content-Encoding": "gzip"}), 415),
        (request("POST", "/v1/phone", SOCIAL, headers={"Content-Type": "Application/JSON; charset=utf-8"}), 204),
        (request("POST", "/v1/phone", SOCIAL, headers={"authorization": "Bearer wrong"}), 400),
        (request("POST", "/v1/phone", SOCIAL, headers={"HOST": "evil.example"}), 400),
        (request("POST", "/v1/phone", SOCIAL, headers={"content-type": "text/plain"}), 400),
        (request("POST", "/v1/phone", SOCIAL, headers={"content-length": "7"}), 400),
        (request("POST", "/v1/phone", SOCIAL, headers={"Content-Length": "-1"}), 400),
        (request("POST", "/v1/phone", SOCIAL, headers={"Content-Length": "1" * 21}), 400),
        (request("POST", "/v1/phone", SOCIAL, headers={"Content-Length": "1" * 20}), 413),
        (request("POST", "/v1/phone", SOCIAL, headers={"Transfer-Encoding": "chunked"}), 400),
        (request("POST", "/v1/phone", None, headers={"Transfer-Encoding": "gzip, chunked"}), 501),
        (request("POST", "/v1/phone", b" " * 4097), 413),
        (request("POST", "/v1/phone", b" " * 4096), 422),
        (request("POST", "/v1/phone", b"x" * 1_000_000), 413),
        (request("POST", "/v1/phone", b"[" * 4096), 422),
        (request("POST", "/v1/phone", headers={"Content-Type": "application/json"}), 422),
        (request("GET", "/", headers={"X": "y" * 8192}), 431),
        (request("GET", "/" + "x" * 8192), 431),
        (b"x" * 100_000, 431),
        (request("GET", "http://127.0.0.1/phone"), 400),
        (request("OPTIONS", "*"), 400),
        (request("CONNECT", "127.0.0.1:22"), 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n X: folded\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\x00b\r\n\r\n", 400),
    ],
)
async def test_each_bad_request_gets_its_status_and_the_next_one_is_answered(
    api: PhoneApi, gateway: FakeGateway, raw: bytes, status: int
) -> None:
    async with connect(api) as line:
        try:
            await line.send(raw)
        except ConnectionResetError:
            assert len(raw) > 100_000, "nothing that can be sent at once is cut off"
        heard = await line.heard()
        assert heard.status == status
        if status >= 400:
            assert heard.headers["content-type"] == "application/json"
            assert heard.problems
        if heard.closed:
            line.writer.write_eof()
            assert await line.ended() == b""
    assert len(gateway.events) == (status == 204)
    assert (await ask(api, request("POST", "/v1/test"))).status == 204


async def test_a_chunked_body_is_accepted_and_limited(api: PhoneApi, gateway: FakeGateway) -> None:
    fields = {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}
    head = request("POST", "/v1/phone", headers=fields)
    assert (await ask(api, head + b'12\r\n{"event":"unlock"}\r\n0\r\n\r\n')).status == 204
    assert (await ask(api, head + b"1000\r\n" + b" " * 4096 + b"\r\n1\r\n \r\n0\r\n\r\n")).status == 413
    assert (
        await ask(api, head + b"1;" + b"x" * 2000 + b"\r\n \r\n" + (b"1;" + b"x" * 2000 + b"\r\n \r\n") * 30)
    ).status == 413
    assert (await ask(api, head + b"zz\r\n")).status == 400
    assert len(gateway.events) == 1


async def test_expect_100_continue_is_answered(api: PhoneApi) -> None:
    go_on = {"Expect": "100-continue"}
    raw = request("POST", "/v1/phone", SOCIAL, headers=go_on)
    head, _, body = raw.partition(b"\r\n\r\n")
    async with connect(api) as line:
        await line.send(head + b"\r\n\r\n")
        assert (await line.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")
        await line.send(body)
        assert (await line.heard()).status == 204
    for refused in (
        request("POST", "/v1/phone", b"x" * 9000, headers=go_on),
        request("POST", "/v1/phone", SOCIAL, token=None, headers=go_on),
    ):
        heard = await ask(api, refused.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
        assert heard.status in {413, 401}
        assert heard.closed


async def test_pipelined_requests_are_answered_in_order(api: PhoneApi, gateway: FakeGateway) -> None:
    async with connect(api) as line:
        await line.send(
            b"".join(request("POST", "/v1/phone", {"event": "app_open", "app": f"a{n}"}) for n in range(50))
        )
        assert [(await line.heard()).status for _ in range(50)] == [204] * 50
    assert [told.app for _, told in gateway.events] == [f"a{n}" for n in range(50)]


async def test_a_phone_over_its_rate_limit_slows_down_no_other(
    api: PhoneApi, gateway: FakeGateway, clock: ManualClock
) -> None:
    async with connect(api) as line:
        for number in range(250):
            await line.send(request("POST", "/v1/phone", {"event": "app_open", "app": f"a{number}"}))
            assert (await line.heard()).status == 204
        await line.send(request("POST", "/v1/phone", SOCIAL))
        heard = await line.heard()
    assert (heard.status, heard.headers["retry-after"], heard.closed) == (429, "1", True)
    assert (await ask(api, request("POST", "/v1/phone", SOCIAL, token=OTHER))).status == 204
    assert (await ask(api, request("GET", "/phone", token=None))).status == 200
    clock.seconds += 1
    assert (await ask(api, request("POST", "/v1/phone", SOCIAL))).status == 204
    assert len(gateway.events) == 252


@pytest.mark.parametrize(
    "raw",
    [
        request("POST", "/v1/phone", SOCIAL, token="wrong"),
        request("POST", "/pair", {"code": "wrong"}, token=None),
        request("GET", "/phone", token=None),
        request("GET", "/", host="evil.example", token=None),
    ],
)
async def test_requests_without_a_token_are_rate_limited_by_address_and_phones_are_not(
    api: PhoneApi, gateway: FakeGateway, clock: ManualClock, raw: bytes
) -> None:
    found = [(await ask(api, raw)).status for _ in range(41)]
    assert 429 not in found[:40]
    assert found[40] == 429
    assert (await ask(api, request("POST", "/pair", {"code": CODE}, token=None))).status == 429, "no code is tried"
    assert (await ask(api, request("POST", "/v1/phone", SOCIAL))).status == 204
    assert (await ask(api, raw, source="127.0.0.2")).status == found[0]
    clock.seconds += 0.06
    assert [(await ask(api, raw)).status for _ in range(2)] == [found[0], 429]
    assert gateway.paired[2].code == digest(CODE)


async def test_a_bug_is_logged_once_without_its_message_and_the_phone_api_stays_open(
    api: PhoneApi, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "yranac"[::-1]

    def fail(*_: object) -> None:
        raise ValueError(secret)

    monkeypatch.setattr(FakeGateway, "note_test", fail)
    for _ in range(3):
        heard = await ask(api, request("POST", "/v1/test"))
        assert (heard.status, heard.closed) == (500, True)
        assert b"canary" not in heard.raw
    assert (await ask(api, request("POST", "/v1/phone", SOCIAL))).status == 204
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "ValueError" in caplog.text
    assert "canary" not in caplog.text


async def test_nothing_of_a_request_is_logged(gateway: FakeGateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    place = PhoneApiAddress(address="127.0.0.1", port=0, host="laptop.local")
    async with running_phone_api(gateway, place=place) as api:
        address, port = api.local
        canary = {"event": "app_open", "app": "com.canary", "canary": 1}
        for raw in (
            request("POST", "/v1/phone", {"event": "app_open", "app": "com.canary"}),
            request("POST", "/v1/phone", canary),
            request("POST", "/v1/phone", canary, token="canary"),
            request("GET", "/pair/canary"),
            request("GET", "/canary", host="canary"),
            b"canary\r\n\r\n",
        ):
            await ask(api, raw)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("turntoward")]
    assert ours == [f"the phone API listens at {address}, port {port}", "the phone API is closed"]
    assert "canary" not in caplog.text
