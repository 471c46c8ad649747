"""The phone API opens where it can, says why where it cannot, and speaks TLS with a certificate of the person's own."""

from __future__ import annotations

import asyncio
import errno
import http.client
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from detector.clock import SystemClock
from detector.devices import PhoneApiAddress
from detector.errors import PhoneApiUnavailable, TurntowardError
from detector.phone_api.server import PhoneApi
from tests.rig.phone_api import SHORT_LIMITS, TOKEN, FakeGateway, ask, connect, request, running_phone_api

PLACE = PhoneApiAddress(address="127.0.0.1", port=0, host="laptop.local")
TEST = request("POST", "/v1/test")
PATIENCE = 60


async def refused(place: PhoneApiAddress) -> PhoneApiUnavailable:
    api = PhoneApi(place, FakeGateway(), SystemClock())
    with pytest.raises(PhoneApiUnavailable) as closed:
        await api.open()
    assert isinstance(closed.value, TurntowardError)
    assert not api.is_open
    assert closed.value.remedy
    with pytest.raises(PhoneApiUnavailable):
        assert api.local
    await api.close()
    return closed.value


async def test_an_address_of_another_device_is_named() -> None:
    assert (await refused(replace(PLACE, address="192.0.2.1"))).why == "192.0.2.1 is not an address of this device now"


@pytest.mark.parametrize("address", ["laptop.local", "", "localhost", "192.168.1", "*"])
async def test_an_invalid_address_is_not_resolved(address: str) -> None:
    assert (await refused(replace(PLACE, address=address))).why == f"{address} is not an address"


@pytest.mark.parametrize("port", [70000, -1])
async def test_an_invalid_port_is_named(port: int) -> None:
    assert (await refused(replace(PLACE, port=port))).why == f"there is no port {port}"


async def test_a_taken_port_is_named_and_can_be_used_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = replace(PLACE, port=taken.getsockname()[1])
        assert (await refused(place)).why == f"127.0.0.1, port {place.port} is taken by another program"
    async with running_phone_api(FakeGateway(), place=place) as api:
        assert api.local == ("127.0.0.1", place.port)


async def test_a_kernel_that_refuses_the_network_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forbidden(socket.socket):
        """What RestrictAddressFamilies= in the unit makes of every socket but AF_UNIX."""

        def __init__(self, *_: object, **__: object) -> None:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    api = PhoneApi(PLACE, FakeGateway(), SystemClock())
    with monkeypatch.context() as refusing:
        refusing.setattr(socket, "socket", Forbidden)
        with pytest.raises(PhoneApiUnavailable, match="may not reach the network"):
            await api.open()
    assert not api.is_open
    await api.open()
    assert api.is_open
    await api.close()


async def test_it_listens_on_an_ipv6_address() -> None:
    try:
        async with running_phone_api(FakeGateway(), place=replace(PLACE, address="::1")) as api:
            for host in ("[::1]", f"[::1]:{api.local[1]}", "localhost", "laptop.local"):
                assert (await ask(api, request("POST", "/v1/test", host=host))).status == 204
            assert (await ask(api, request("POST", "/v1/test", host="[::2]"))).status == 421
    except PhoneApiUnavailable:
        pytest.skip("missing: an address of IPv6 on the loopback")


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA, tmp_path: Path) -> PhoneApiAddress:
    issued = authority.issue_cert("laptop.local", "127.0.0.1")
    certificate, key = tmp_path / "laptop.pem", tmp_path / "laptop.key"
    issued.private_key_pem.write_to_path(key)
    for blob in issued.cert_chain_pems:
        blob.write_to_path(certificate, append=True)
    return replace(PLACE, certificate=str(certificate), key=str(key))


@pytest.fixture
def context(authority: trustme.CA) -> ssl.SSLContext:
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return trusting


@pytest.fixture
async def api(secure: PhoneApiAddress, caplog: pytest.LogCaptureFixture) -> AsyncIterator[PhoneApi]:
    async with running_phone_api(FakeGateway(), place=secure, limits=SHORT_LIMITS) as opened:
        yield opened
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_with_a_certificate_it_uses_tls(api: PhoneApi, context: ssl.SSLContext) -> None:
    def tell() -> tuple[list[int], str | None, str | None]:
        client = http.client.HTTPSConnection(*api.local, timeout=PATIENCE, context=context)
        found = []
        for _ in range(3):
            headers = {"Authorization": f"Bearer {TOKEN}", "Origin": f"https://127.0.0.1:{api.local[1]}"}
            client.request("POST", "/v1/test", headers=headers)
            answer = client.getresponse()
            answer.read()
            found.append(answer.status)
        assert isinstance(client.sock, ssl.SSLSocket)
        spoken = client.sock.version(), client.sock.selected_alpn_protocol()
        client.close()
        return found, *spoken

    assert await asyncio.to_thread(tell) == ([204] * 3, "TLSv1.3", None)


async def test_a_body_that_is_too_large_is_refused_over_tls_with_a_response(
    api: PhoneApi, context: ssl.SSLContext
) -> None:
    def tell() -> int:
        client = http.client.HTTPSConnection(*api.local, timeout=PATIENCE, context=context)
        client.request(
            "POST",
            "/v1/phone",
            b"x" * 300_000,
            {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
        )
        status = client.getresponse().status
        client.close()
        return status

    assert await asyncio.to_thread(tell) == 413


async def test_tls_before_1_2_is_refused(api: PhoneApi, context: ssl.SSLContext) -> None:
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection(*api.local, ssl=context)


async def test_handshakes_that_fail_and_peers_that_leave_at_once_are_one_log_line(
    secure: PhoneApiAddress, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = "exec openssl s_client -connect {}:{} "
    async with running_phone_api(FakeGateway(), place=secure) as api:
        for command in ("< /dev/null", "-tls1_1 < /dev/null", "-verify_return_error < /dev/null"):
            line = client.format(*api.local) + command
            quiet = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.DEVNULL}
            crowd = [await asyncio.create_subprocess_shell(line, **quiet) for _ in range(10)]
            await asyncio.gather(*(one.wait() for one in crowd))
        for _ in range(3):
            _, writer = await asyncio.open_connection(*api.local)
            writer.write(b"GET /phone HTTP/1.1\r\n\r\n")
            await writer.drain()
            writer.close()
        while api.connections:  # noqa: ASYNC110 - what happens in the API sets no event for a test
            await asyncio.sleep(0.01)
    lines = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(lines) == 1
    assert lines[0].startswith("a TLS handshake failed (")


async def test_a_peer_without_a_tls_handshake_is_counted_and_disconnected(api: PhoneApi) -> None:
    async with asyncio.timeout(PATIENCE), connect(api) as plain, connect(api) as silent:
        await plain.send(TEST)
        assert b"HTTP" not in await plain.ended()
        assert api.connections == 1, "a handshake that does not come is a connection, too"
        assert await silent.ended() == b""
        while api.connections:  # noqa: ASYNC110 - the API sets no event for a test
            await asyncio.sleep(0.01)


async def test_a_peer_without_a_tls_close_is_disconnected(api: PhoneApi, context: ssl.SSLContext) -> None:
    def speak_and_stay() -> ssl.SSLSocket:
        line = context.wrap_socket(socket.create_connection(api.local, PATIENCE), server_hostname="laptop.local")
        line.sendall(request("POST", "/v1/test", headers={"Connection": "close"}))
        return line

    line = await asyncio.to_thread(speak_and_stay)
    async with asyncio.timeout(PATIENCE):
        while api.connections:  # noqa: ASYNC110 - the API sets no event for a test
            await asyncio.sleep(0.01)
    line.close()


async def test_it_closes_on_open_tls_connections_at_once(
    secure: PhoneApiAddress, context: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_phone_api(FakeGateway(), place=secure) as api:
        reader, writer = await asyncio.open_connection(*api.local, ssl=context)
        writer.write(TEST)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
        async with connect(api) as silent:
            while api.connections < 2:  # noqa: ASYNC110 - the API sets no event for a test
                await asyncio.sleep(0.01)
            await api.close()
            assert api.connections == 0
            assert await silent.ended() == b""
        writer.transport.abort()
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_an_unusable_certificate_is_named(secure: PhoneApiAddress, tmp_path: Path) -> None:
    assert secure.certificate is not None
    assert secure.key is not None
    other, garbage = tmp_path / "other.key", tmp_path / "garbage.pem"
    trustme.CA().issue_cert("x").private_key_pem.write_to_path(other)
    garbage.write_text("canary")
    missing = str(tmp_path / "nowhere.pem")
    assert (
        await refused(replace(secure, certificate=missing))
    ).why == f"{missing} cannot be read: No such file or directory"
    assert (await refused(replace(secure, key=str(tmp_path)))).why == f"{tmp_path} cannot be read: Is a directory"
    assert (await refused(replace(secure, key="\0"))).why.endswith("cannot be read: not a path")
    assert (await refused(replace(secure, key=str(other)))).why == f"{other} is not the key of {secure.certificate}"
    unfit = await refused(replace(secure, certificate=str(garbage)))
    assert unfit.why == f"{garbage} and {secure.key} are no certificate and key that can be used"
    for lone in (replace(secure, key=None), replace(secure, certificate=None)):
        assert (await refused(lone)).why == "a certificate and its key go together"


async def test_a_key_with_a_password_is_refused_and_never_asked_for(secure: PhoneApiAddress, tmp_path: Path) -> None:
    assert secure.key is not None
    locked = tmp_path / "locked.key"
    lock(Path(secure.key), locked)
    assert "no certificate and key that can be used" in (await refused(replace(secure, key=str(locked)))).why


def lock(plain: Path, locked: Path) -> None:
    key = serialization.load_pem_private_key(plain.read_bytes(), None)
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"a password"),
        )
    )
