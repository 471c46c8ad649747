"""The phone API under load: too many, too slow, half-open, cut off; and what it needs while nobody connects."""

from __future__ import annotations

import asyncio
import gc
import logging
import resource
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from detector.phone_api.connection import ConnectionLimits
from detector.phone_api.server import PhoneApi
from tests.rig.phone_api import SHORT_LIMITS, FakeGateway, ask, connect, request, running_phone_api

TEST = request("POST", "/v1/test")
SOCIAL = {"event": "app_open", "category": "social"}
PATIENCE = 60


@pytest.fixture
def gateway() -> FakeGateway:
    return FakeGateway()


@pytest.fixture
async def hasty(gateway: FakeGateway) -> AsyncIterator[PhoneApi]:
    async with running_phone_api(gateway, limits=SHORT_LIMITS) as api:
        yield api


@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard) if hard > 0 else 4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what happens in the API sets no event for a test
            await asyncio.sleep(0.01)


async def empty(api: PhoneApi) -> None:
    """Wait until nobody is inside any more."""
    await until(lambda: not api.connections)


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def timers(loop: asyncio.AbstractEventLoop) -> list[asyncio.TimerHandle]:
    """Return what would wake the loop."""
    return [one for one in loop._scheduled if not one.cancelled()]  # type: ignore[attr-defined]


@pytest.mark.parametrize("said", [b"", b"POST /v1/phone HTTP/1.1\r\nHost: x\r\n"])
async def test_with_a_thousand_connections_at_once_the_phone_api_still_responds(
    gateway: FakeGateway, many_files: None, said: bytes
) -> None:
    async def join(number: int) -> socket.socket:
        line = socket.socket()
        line.setblocking(False)
        line.bind((f"127.0.1.{1 + number % 3}", 0))
        await asyncio.get_running_loop().sock_connect(line, api.local)
        with suppress(ConnectionError):
            await asyncio.get_running_loop().sock_sendall(line, said)
        return line

    crowd: list[socket.socket] = []
    patient = ConnectionLimits(idle=timedelta(minutes=1), request=timedelta(minutes=1))
    async with running_phone_api(gateway, limits=patient) as api:
        for begin in range(0, 1000, 50):
            crowd += await asyncio.gather(*(join(number) for number in range(begin, begin + 50)))
            assert (await ask(api, TEST)).status == 204
            assert 48 <= api.connections <= 49, "16 of each of the three addresses, and the phone"
    assert api.connections == 0
    assert len(gateway.tests) == 20
    for line in crowd:
        line.close()


async def test_connections_are_limited_in_all_and_per_peer(gateway: FakeGateway) -> None:
    limits = replace(ConnectionLimits(), connections=8, connections_per_peer=3)
    async with running_phone_api(gateway, limits=limits) as api:
        with ExitStack() as stack:
            for number in range(30):
                stack.enter_context(socket.create_connection(api.local, PATIENCE, (f"127.0.1.{number % 10}", 0)))
            await until(lambda: api.connections == 8)
            async with connect(api) as line:
                await line.send(TEST)
                assert (await line.heard()).status == 204, "the oldest gives way"
                assert api.connections == 8
        await empty(api)
        assert (await ask(api, TEST)).status == 204


async def test_a_crowd_from_many_addresses_keeps_no_paired_phone_out(gateway: FakeGateway, many_files: None) -> None:
    patient = ConnectionLimits(idle=timedelta(minutes=1), request=timedelta(minutes=1), connections=32)
    async with running_phone_api(gateway, limits=patient) as api:
        with ExitStack() as stack:

            def crowd(addresses: range) -> None:
                for number in addresses:
                    line = socket.create_connection(
                        api.local, PATIENCE, (f"127.0.{2 + number // 200}.{1 + number % 200}", 0)
                    )
                    stack.enter_context(line).sendall(b"POST /v1/phone HTTP/1.1\r\n")

            await asyncio.to_thread(crowd, range(200))
            async with connect(api) as mine:
                await mine.send(TEST)
                assert (await mine.heard()).status == 204, "a phone that was not heard yet comes in as well"
                for turn in range(1, 13):
                    await asyncio.to_thread(crowd, range(200 * turn, 200 * turn + 50))
                    assert (await ask(api, TEST)).status == 204
                    await mine.send(TEST)
                    assert (await mine.heard()).status == 204, "its place stays its own"
                    assert api.connections <= 32
        await empty(api)


async def test_phones_that_hold_every_place_are_not_put_out_by_a_crowd(gateway: FakeGateway) -> None:
    limits = replace(SHORT_LIMITS, idle=timedelta(minutes=1), connections=4, connections_per_peer=4)
    async with running_phone_api(gateway, limits=limits) as api:
        assert (await ask(api, TEST)).status == 204
        async with connect(api), connect(api), connect(api), connect(api) as mine:
            await until(lambda: api.connections == 4)
            async with connect(api, "127.0.3.1") as stranger:
                assert await stranger.ended() == b""
            await mine.send(TEST)
            assert (await mine.heard()).status == 204


async def test_a_peer_that_sends_byte_by_byte_is_cut_off_in_the_headers_and_in_the_body(
    hasty: PhoneApi, gateway: FakeGateway
) -> None:
    raw = request("POST", "/v1/phone", SOCIAL)
    for begin in (1, len(raw) - 30):
        async with asyncio.timeout(PATIENCE), connect(hasty) as line:
            await line.send(raw[:begin])
            heard = asyncio.ensure_future(line.heard())
            for byte in raw[begin:-1]:
                await line.send(bytes([byte]))
                await asyncio.wait([heard], timeout=0.05)
                if heard.done():
                    break
            assert heard.done(), "a byte now and then does not put it off"
            found = await heard
            assert (found.status, found.closed) == (408, True)
    await empty(hasty)
    assert gateway.events == []


async def test_a_peer_that_sends_nothing_is_disconnected_without_a_response(hasty: PhoneApi) -> None:
    async with asyncio.timeout(PATIENCE), connect(hasty) as first, connect(hasty) as later:
        await later.send(TEST)
        assert (await later.heard()).status == 204
        assert await first.ended() == b""
        assert await later.ended() == b""
    await empty(hasty)


async def test_a_peer_that_disconnects_in_the_middle_leaves_nothing_behind(
    hasty: PhoneApi, gateway: FakeGateway
) -> None:
    raw = request("POST", "/v1/phone", SOCIAL)
    for end in range(0, len(raw), 7):
        async with connect(hasty) as line:
            await line.send(raw[:end])
            if end % 2:
                line.writer.write_eof()
                await line.ended()
    await empty(hasty)
    assert gateway.events == []
    assert (await ask(hasty, TEST)).status == 204


async def test_a_peer_that_reads_nothing_is_disconnected(hasty: PhoneApi) -> None:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(hasty.local)
    with line:
        await asyncio.to_thread(line.sendall, request("GET", "/phone") * 200)
        await empty(hasty)
    assert (await ask(hasty, TEST)).status == 204


async def test_a_peer_that_goes_on_sending_after_413_is_cut_off(gateway: FakeGateway) -> None:
    raw = request("POST", "/v1/phone", b"x", headers={"Content-Length": "999999999"})
    async with running_phone_api(gateway, limits=replace(SHORT_LIMITS, closing=timedelta(minutes=1))) as api:
        async with asyncio.timeout(PATIENCE), connect(api) as line:
            await line.send(raw)
            assert (await line.heard()).status == 413
            with pytest.raises(OSError):  # noqa: PT012 - it depends on the kernel at which of them
                while True:
                    await line.send(b"x" * 65536)
                    await asyncio.sleep(0.001)
        await empty(api)


async def test_a_peer_that_stays_connected_after_413_is_disconnected(hasty: PhoneApi) -> None:
    async with asyncio.timeout(PATIENCE), connect(hasty) as line:
        await line.send(request("POST", "/v1/phone", b"x", headers={"Content-Length": "999999999"}))
        assert (await line.heard()).status == 413
        await empty(hasty)


async def test_closing_leaves_no_connection_open(gateway: FakeGateway, caplog: pytest.LogCaptureFixture) -> None:
    gateway.hold = asyncio.Event()
    async with running_phone_api(gateway) as api:
        place = api.local
        async with connect(api) as silent, connect(api) as halfway, connect(api) as held:
            await halfway.send(b"POST /v1/ph")
            await held.send(request("POST", "/v1/phone", SOCIAL))
            await until(lambda: api.connections == 3 and bool(gateway.events))
            files = open_files()
            await api.close()
            assert (api.connections, api.is_open) == (0, False)
            for line in (silent, halfway, held):
                assert await line.ended() == b""
        await asyncio.sleep(0)
        assert open_files() <= files - 4
        with pytest.raises(OSError):
            await asyncio.open_connection(*place)
        await api.close()
        await api.open()
        assert api.is_open, "the same place can be taken again at once"
    gc.collect()
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_removing_the_last_phone_is_answered_although_the_phone_api_closes(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing: list[asyncio.Future[None]] = []
    async with running_phone_api(gateway) as api:
        monkeypatch.setattr(FakeGateway, "remove", lambda *_: closing.append(asyncio.ensure_future(api.close())))
        async with connect(api) as line:
            await line.send(request("DELETE", "/v1/phone"))
            assert (await line.heard()).status == 204
            assert await line.ended() == b""
        await asyncio.gather(*closing)
        assert not api.is_open
    assert len(closing) == 1


async def test_without_requests_nothing_wakes_the_loop(gateway: FakeGateway) -> None:
    loop = asyncio.get_running_loop()
    before = len(timers(loop))
    async with running_phone_api(gateway) as api:
        assert len(timers(loop)) == before
        for raw in (TEST, request("GET", "/phone"), request("POST", "/v1/phone", SOCIAL), b"x\r\n\r\n"):
            await ask(api, raw)
        async with connect(api) as line:
            await line.send(TEST)
            await line.heard()
            assert len(timers(loop)) == before + 1, "a deadline while somebody is inside is seen"
        await empty(api)
        assert len(timers(loop)) == before


async def test_the_memory_of_unknown_addresses_is_bounded(gateway: FakeGateway) -> None:
    async with running_phone_api(gateway) as api:
        for number in range(600):
            source = f"127.0.{1 + number // 250}.{1 + number % 250}"
            assert (await ask(api, request("GET", "/nothing", token=None), source=source)).status == 404
    assert len(api._routes._anonymous_limiter._buckets) == 512
    assert not api._connections_per_peer


def test_opening_and_closing_are_one_log_line_each(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        async with running_phone_api(FakeGateway()) as api:
            await api.open()
            await ask(api, TEST)
        await api.close()

    caplog.set_level(logging.INFO)
    asyncio.run(play())
    assert [record.levelname for record in caplog.records if record.name == "turntoward.phone_api"] == ["INFO", "INFO"]
