"""A client of the adb server on this device: its list of phones, and the output of commands in a phone's shell.

Invariant 1: the server is on this device: only a loopback address is connected to.
Invariant 2: nothing is installed, forwarded, pushed or changed: of adb's services only `shell` and the lists are used.
Invariant 3: every answer is bounded in length and in time; nothing that a phone sent is in an exception.

A request is four hexadecimal digits of length and then text; the answer is OKAY, or FAIL with a reason, preceded by its
length in the same way (SERVICES.TXT and OVERVIEW.TXT in Android's adb).
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Self, cast

SERVER: Final = "127.0.0.1:5037"
TIMEOUT: Final = 5.0
"""Seconds within which the server answers, or counts as gone."""
SHELL_TIMEOUT: Final = 20.0
"""Seconds within which a phone answers: `dumpsys` gives each of its services ten."""
MAX_BUFFERED: Final = 1 << 22
"""Maximum number of bytes that wait to be read: a day of events is a tenth of it."""
CHUNK_SIZE: Final = 1 << 13
_LENGTH: Final = re.compile(rb"[0-9A-Fa-f]{4}")


class NoAdbServer(Exception):
    """Nothing answers there, or something that is not an adb server."""


class AdbError(Exception):
    """The adb server replied FAIL. `reason` is its own text, which is about the device's state only."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class AdbDisconnected(Exception):
    """The connection ended, or nothing came in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdbDevice:
    """One line of `adb devices -l`. `state`: "device" where it can be used; `model` as the phone names it, or ''."""

    serial: str
    state: str
    model: str = ""


class AdbConnection(asyncio.BufferedProtocol):
    """One connection to the adb server: first `ask` and `read`, then either read on or `listen` from there on."""

    def __init__(self) -> None:
        self._buffered = bytearray()
        self._chunk = memoryview(bytearray(CHUNK_SIZE))
        self._ended = False
        self._arrived = asyncio.Event()
        self._closed = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._on_bytes: Callable[[bytes], None] | None = None
        self._on_end: Callable[[], None] | None = None

    @classmethod
    async def open(cls, server: str) -> Self:
        host, port = host_and_port(server)
        try:
            async with asyncio.timeout(TIMEOUT):
                _transport, connection = await asyncio.get_running_loop().create_connection(cls, host, port)
        except (OSError, TimeoutError) as refused:
            raise NoAdbServer from refused
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._chunk

    def buffer_updated(self, nbytes: int) -> None:
        chunk = bytes(self._chunk[:nbytes])
        if self._on_bytes is not None:
            self._on_bytes(chunk)
            return
        self._buffered += chunk
        if len(self._buffered) > MAX_BUFFERED and self._transport is not None:
            self._transport.abort()
        self._arrived.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._arrived.set()
        self._closed.set()
        if self._on_end is not None:
            self._on_end()

    async def ask(self, request: str) -> None:
        encoded = request.encode()
        if self._transport is not None:
            self._transport.write(b"%04x" % len(encoded) + encoded)
        async with _time_limit(TIMEOUT):
            status = await self.read(4)
            if status == b"FAIL":
                raise AdbError(await self.read_text())
            if status != b"OKAY":
                raise NoAdbServer

    async def read(self, length: int) -> bytes:
        while len(self._buffered) < length:
            if self._ended:
                raise AdbDisconnected
            await self._wait_for_bytes()
        content = bytes(self._buffered[:length])
        del self._buffered[:length]
        return content

    async def read_text(self) -> str:
        """Return a text that is preceded by its length. Raises `AdbDisconnected`, `NoAdbServer`."""
        return (await self.read(_length(await self.read(4)))).decode(errors="replace")

    async def read_all(self) -> str:
        while not self._ended:
            await self._wait_for_bytes()
        return self._buffered.decode(errors="replace")

    def listen(self, on_bytes: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        """Call `on_bytes` with each chunk that arrives from now on; `on_end` is called once, at the end."""
        self._on_bytes, self._on_end = on_bytes, on_end
        if self._buffered:
            on_bytes(bytes(self._buffered))
            self._buffered.clear()
        if self._ended:
            on_end()

    async def close(self) -> None:
        self._on_bytes = self._on_end = None
        if self._transport is not None:
            self._transport.abort()
            await self._closed.wait()

    async def _wait_for_bytes(self) -> None:
        self._arrived.clear()
        await self._arrived.wait()


class TextSplitter:
    """Cuts what the device tracker pushes, in chunks of any size, into texts that are preceded by their length.

    Four digits count to 65,535 bytes at most, so that is all that waits here to be completed.
    """

    def __init__(self) -> None:
        self._buffered = b""

    def feed(self, chunk: bytes) -> list[str]:
        """Return the texts that are complete now. Raises `NoAdbServer` where a length cannot be read."""
        self._buffered += chunk
        texts = []
        while len(self._buffered) >= 4:
            end = 4 + _length(self._buffered[:4])
            if len(self._buffered) < end:
                break
            texts.append(self._buffered[4:end].decode(errors="replace"))
            self._buffered = self._buffered[end:]
        return texts


def host_and_port(server: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:5037`. Raises `NoAdbServer` for what is not on this device."""
    host, _colon, port = server.rpartition(":")
    host = host.strip("[]")
    with suppress(ValueError):
        # By number: looking up a name could lead to another device.
        host = "127.0.0.1" if host == "localhost" else host
        if ip_address(host).is_loopback and 0 < int(port) < 1 << 16:
            return host, int(port)
    raise NoAdbServer


def parse_devices(text: str) -> list[AdbDevice]:
    """Return the devices of a list that the server sent, short or long.

    A state may be of several words ("no permissions; see …"): it ends where the long list's `key:word` begin.
    """
    devices = []
    for line in text.splitlines():
        serial, _space, rest = line.replace("\t", " ").partition(" ")
        words = rest.split()
        state = [word for word in words if ":" not in word or word.startswith(("(", "[", "http"))]
        model = next((word[6:] for word in words if word.startswith("model:")), "")
        if serial and state:
            devices.append(AdbDevice(serial=serial, state=" ".join(state), model=model.replace("_", " ")))
    return devices


async def list_devices(server: str = SERVER) -> list[AdbDevice]:
    """Return the phones that the adb server sees now. Raises `NoAdbServer`."""
    connection = await AdbConnection.open(server)
    try:
        async with _time_limit(TIMEOUT):
            await connection.ask("host:devices-l")
            return parse_devices(await connection.read_text())
    except (AdbDisconnected, AdbError) as failure:
        raise NoAdbServer from failure
    finally:
        await connection.close()


async def track_devices(server: str) -> AdbConnection:
    """Return a connection on which the server pushes the list of devices, at once and at every change."""
    return await _request(server, "host:track-devices")


async def shell(serial: str, command: str, server: str) -> AdbConnection:
    """Return a connection with the output of a command in a phone's shell. Raises as `AdbConnection.ask`."""
    return await _request(server, f"host:transport:{serial}", f"shell:{command}")


async def run(serial: str, command: str, server: str) -> str:
    """Return the whole output of a command in a phone's shell. Raises as `AdbConnection.ask`."""
    connection = await shell(serial, command, server)
    try:
        async with _time_limit(SHELL_TIMEOUT):
            return await connection.read_all()
    finally:
        await connection.close()


async def _request(server: str, *requests: str) -> AdbConnection:
    connection = await AdbConnection.open(server)
    try:
        for request in requests:
            await connection.ask(request)
    except BaseException:
        await connection.close()
        raise
    return connection


def _length(digits: bytes) -> int:
    # int() also reads "-142", "0x1f" and "1_00": a negative length would never be reached.
    if _LENGTH.fullmatch(digits) is None:
        raise NoAdbServer
    return int(digits, 16)


@asynccontextmanager
async def _time_limit(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as late:
        raise AdbDisconnected from late
