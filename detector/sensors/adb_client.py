"""The adb server on this device, asked a few questions: its answers, its devices, and what a phone's shell says.

Rule 1: only a server on this device is spoken with: an address of the loopback, or nothing.
Rule 2: nothing is installed, forwarded, pushed or changed: of adb's services only `shell` and the lists are used.
Rule 3: whatever is answered is bounded in length and in time; what a phone said is in no exception.

A request is four hexadecimal digits of length and then text; the answer is OKAY, or FAIL with a reason, counted likewise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Self

SERVER: Final = "127.0.0.1:5037"
PATIENCE: Final = 5.0
"""Seconds within which the server answers, or is taken for gone."""
SHELL_PATIENCE: Final = 20.0
"""Seconds within which a phone answers: `dumpsys` gives each of its services ten."""
LONGEST: Final = 1 << 22
"""Bytes that may wait to be read: a day of events is a tenth of it."""
PIECE: Final = 1 << 13


class NoServer(Exception):
    """Nobody answers there, or somebody who is no adb server."""


class Refused(Exception):
    """The adb server said no. `reason` is its own word, of the device's state only."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Gone(Exception):
    """The connection ended, or nothing came in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdbDevice:
    """One line of `adb devices -l`. `state`: "device" where it can be used; `model` as the phone names it, or ''."""

    serial: str
    state: str
    model: str = ""


class Connection(asyncio.BufferedProtocol):
    """One connection to the adb server: read from first, or listened to from some point on."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._piece = memoryview(bytearray(PIECE))
        self._ended = False
        self._news = asyncio.Event()
        self._closed = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._hear: Callable[[bytes], None] | None = None
        self._end: Callable[[], None] | None = None

    @classmethod
    async def open(cls, server: str) -> Self:
        """Connect. Raises `NoServer`."""
        host, port = place(server)
        try:
            async with asyncio.timeout(PATIENCE):
                _, connection = await asyncio.get_running_loop().create_connection(cls, host, port)
        except (OSError, TimeoutError) as refused:
            raise NoServer from refused
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP connection has
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Give room for what comes next."""
        del sizehint
        return self._piece

    def buffer_updated(self, nbytes: int) -> None:
        """Hand on what came, or keep it until it is read."""
        piece = bytes(self._piece[:nbytes])
        if self._hear is not None:
            self._hear(piece)
            return
        self._waiting += piece
        if len(self._waiting) > LONGEST and self._transport is not None:
            self._transport.abort()
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that it ended."""
        del exc
        self._ended = True
        self._news.set()
        self._closed.set()
        if self._end is not None:
            self._end()

    async def ask(self, request: str) -> None:
        """Send a request, and wait for its OKAY. Raises `Refused`, `Gone`, `NoServer`."""
        words = request.encode()
        if self._transport is not None:
            self._transport.write(b"%04x" % len(words) + words)
        async with _patience(PATIENCE):
            said = await self.read(4)
            if said == b"FAIL":
                raise Refused(await self.read_counted())
            if said != b"OKAY":
                raise NoServer

    async def read(self, length: int) -> bytes:
        """Return exactly so many bytes. Raises `Gone`."""
        while len(self._waiting) < length:
            if self._ended:
                raise Gone
            self._news.clear()
            await self._news.wait()
        taken = bytes(self._waiting[:length])
        del self._waiting[:length]
        return taken

    async def read_counted(self) -> str:
        """Return a text that its length goes ahead of. Raises `Gone`, `NoServer`."""
        return (await self.read(_length(await self.read(4)))).decode(errors="replace")

    async def read_all(self) -> str:
        """Return what comes until the other side ends."""
        while not self._ended:
            self._news.clear()
            await self._news.wait()
        return self._waiting.decode(errors="replace")

    def listen(self, hear: Callable[[bytes], None], end: Callable[[], None]) -> None:
        """From now on hand on what comes as it comes, in pieces of any size; `end` is called once, when it ends."""
        self._hear, self._end = hear, end
        if self._waiting:
            hear(bytes(self._waiting))
            self._waiting.clear()
        if self._ended:
            end()

    async def close(self) -> None:
        """Let go of it at once."""
        self._hear = self._end = None
        if self._transport is not None:
            self._transport.abort()
            await self._closed.wait()


class Counted:
    """Cuts what the tracker pushes, in pieces of any size, into its texts."""

    def __init__(self) -> None:
        self._waiting = b""

    def feed(self, piece: bytes) -> list[str]:
        """Return the texts that are whole now. Raises `NoServer` where no length can be read."""
        self._waiting += piece
        whole = []
        while len(self._waiting) >= 4:
            end = 4 + _length(self._waiting[:4])
            if len(self._waiting) < end:
                break
            whole.append(self._waiting[4:end].decode(errors="replace"))
            self._waiting = self._waiting[end:]
        return whole


def place(server: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:5037`. Raises `NoServer` for what is not on this device."""
    host, _, port = server.rpartition(":")
    host = host.strip("[]")
    with suppress(ValueError):
        # By number: no name is looked up for it.
        host = "127.0.0.1" if host == "localhost" else host
        if ip_address(host).is_loopback and 0 < int(port) < 1 << 16:
            return host, int(port)
    raise NoServer


def listed(text: str) -> list[AdbDevice]:
    """Return the devices of a list that the server sent, short or long.

    A state may be of several words ("no permissions; see …"): it ends where the long list's `key:word` begin.
    """
    found = []
    for line in text.splitlines():
        serial, _, rest = line.replace("\t", " ").partition(" ")
        words = rest.split()
        state = [word for word in words if ":" not in word or word.startswith(("(", "[", "http"))]
        model = next((word[6:] for word in words if word.startswith("model:")), "")
        if serial and state:
            found.append(AdbDevice(serial=serial, state=" ".join(state), model=model.replace("_", " ")))
    return found


async def devices(server: str = SERVER) -> list[AdbDevice]:
    """Return the phones that the adb server sees now. Raises `NoServer`."""
    connection = await Connection.open(server)
    try:
        async with _patience(PATIENCE):
            await connection.ask("host:devices-l")
            return listed(await connection.read_counted())
    except (Gone, Refused) as broken:
        raise NoServer from broken
    finally:
        await connection.close()


async def track(server: str) -> Connection:
    """Return a connection on which the server pushes the list of devices, at once and at every change."""
    connection = await Connection.open(server)
    try:
        await connection.ask("host:track-devices")
    except BaseException:
        await connection.close()
        raise
    return connection


async def shell(serial: str, command: str, server: str) -> Connection:
    """Return a connection on which a phone's shell says what a command prints. Raises `Refused`, `Gone`, `NoServer`."""
    connection = await Connection.open(server)
    try:
        await connection.ask(f"host:transport:{serial}")
        await connection.ask(f"shell:{command}")
    except BaseException:
        await connection.close()
        raise
    return connection


async def run(serial: str, command: str, server: str) -> str:
    """Return what a command prints on a phone, to its end. Raises `Refused`, `Gone`, `NoServer`."""
    connection = await shell(serial, command, server)
    try:
        async with _patience(SHELL_PATIENCE):
            return await connection.read_all()
    finally:
        await connection.close()


def _length(digits: bytes) -> int:
    try:
        return int(digits, 16)
    except ValueError as wrong:
        raise NoServer from wrong


class _patience:  # noqa: N801 - reads as asyncio.timeout does
    def __init__(self, seconds: float) -> None:
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *what: object) -> None:
        try:
            await self._timeout.__aexit__(*what)  # type: ignore[arg-type]
        except TimeoutError as late:
            raise Gone from late
