"""Whatever bytes come in, cut wherever they may be: the phone API responds and hands on no more than was sent."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from detector.clock import ManualClock
from detector.phone_api.connection import ConnectionLimits
from tests.rig.examples import examples
from tests.rig.phone_api import TOKEN, FakeGateway, ask, connect, request, running_phone_api

HURRIED = ConnectionLimits(
    request=timedelta(seconds=0.05),
    idle=timedelta(seconds=0.05),
    closing=timedelta(seconds=0.02),
    connections_per_peer=64,
)
TELLING = {"event": "app_open", "app": "com.example.canary"}
GOOD = request("POST", "/v1/phone", TELLING)
CHUNKED = (
    request("POST", "/v1/phone", headers={"Content-Type": "application/json", "Transfer-Encoding": "chunked"})
    + b"10\r\n"
    + json.dumps(TELLING).encode()[:16]
    + b"\r\n"
    + b"%x;x=y\r\n" % (len(json.dumps(TELLING)) - 16)
    + json.dumps(TELLING).encode()[16:]
    + b"\r\n0\r\nX: y\r\n\r\n"
)
CUTS = st.lists(st.integers(0, 400), max_size=6).map(sorted)


def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 23, 18, 0, tzinfo=UTC))


@settings(max_examples=examples(60))
@given(st.sampled_from([GOOD, CHUNKED]), CUTS, st.integers(1, 3))
def test_a_request_split_anywhere_is_the_same_request(raw: bytes, cuts: list[int], times: int) -> None:
    async def play() -> None:
        gateway = FakeGateway()
        async with running_phone_api(gateway, clock=clock(), limits=ConnectionLimits()) as api, connect(api) as line:
            sent = raw * times
            for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
                await line.send(sent[begin:end])
                await asyncio.wait([asyncio.ensure_future(ask(api, request("GET", "/nothing", token=None)))])
            for _ in range(times):
                assert (await line.heard()).status == 204
        assert [told.app for _, told in gateway.events] == ["com.example.canary"]

    asyncio.run(play())


@settings(max_examples=examples(80))
@given(
    st.sampled_from([GOOD, CHUNKED, b""]),
    st.integers(0, 300),
    st.integers(0, 60),
    st.binary(max_size=60)
    | st.sampled_from([b"\r\n", b"\n", b"\r\n\r\n", b"Host: x\r\n", b"\x00", b"Content-Length: 1\r\n"]),
)
def test_changed_bytes_end_in_a_response_or_a_closed_connection(
    raw: bytes, begin: int, length: int, put: bytes
) -> None:
    async def play() -> None:
        gateway = FakeGateway()
        async with running_phone_api(gateway, clock=clock(), limits=HURRIED) as api:
            async with connect(api) as line:
                await line.send(raw[:begin] + put + raw[begin + length :])
                heard = await line.ended()
            statuses = {int(part[:3]) for part in heard.split(b"HTTP/1.1 ")[1:]}
            assert statuses <= {200, 204, 400, 401, 403, 404, 405, 408, 413, 415, 421, 422, 431, 501, 505}, heard
            assert heard == b"" or heard.startswith(b"HTTP/1.1 ")
            assert TOKEN.encode() not in heard
            assert b"canary" not in heard
            assert (await ask(api, request("POST", "/v1/test"))).status == 204, "it goes on answering"
        assert api.connections == 0
        assert len(gateway.events) <= 1
        assert all(name == "my phone" for name, _ in gateway.events)

    asyncio.run(play())
