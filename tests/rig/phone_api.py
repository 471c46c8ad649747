"""A phone API on the loopback, with a fake gateway instead of the daemon, and ways to connect to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from detector.clock import Clock, SystemClock
from detector.devices import Phone, PhoneApiAddress
from detector.phone_api.auth import digest
from detector.phone_api.connection import ConnectionLimits
from detector.phone_api.model import PartnerTimeAction, PhoneEvent, PhoneOverview
from detector.phone_api.server import PhoneApi

TOKEN = "the-token-of-my-phone"
OTHER = "the-token-of-the-old-one"
CODE = "the-code-in-the-link"
MINE = Phone(name="my phone", number=1, token=digest(TOKEN))
OLD = Phone(name="old phone", number=2, token=digest(OTHER))
NEW = Phone(name="new phone", number=3, code=digest(CODE))
SHORT_LIMITS = ConnectionLimits(
    request=timedelta(seconds=0.4), idle=timedelta(seconds=0.4), closing=timedelta(seconds=0.2), connections_per_peer=64
)
"""As in earnest, with less patience."""


@dataclass(slots=True)
class FakeGateway:
    """Stands in for the daemon and records every call."""

    paired: list[Phone] = field(default_factory=lambda: [MINE, OLD, NEW])
    events: list[tuple[str, PhoneEvent]] = field(default_factory=list)
    changes: list[tuple[str, PartnerTimeAction, timedelta]] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    looked: int = 0
    says: str | None = None
    told: PhoneOverview = field(default_factory=lambda: PhoneOverview(heard_today=0, hours=()))
    hold: asyncio.Event | None = None

    def phones(self) -> Sequence[Phone]:
        self.looked += 1
        return self.paired

    def use_pairing_code(self, code: str, token: str) -> Phone | None:
        for number, phone in enumerate(self.paired):
            if phone.code == code:
                self.paired[number] = replace(phone, code=None, token=token)
                return self.paired[number]
        return None

    async def receive(self, phone: Phone, event: PhoneEvent) -> str | None:
        self.events.append((phone.name, event))
        if self.hold is not None:
            await self.hold.wait()
        return self.says

    def change_partner_time(self, phone: Phone, action: PartnerTimeAction, length: timedelta) -> None:
        self.changes.append((phone.name, action, length))

    def overview(self, phone: Phone) -> PhoneOverview:
        return self.told

    def note_test(self, phone: Phone) -> None:
        self.tests.append(phone.name)

    def remove(self, phone: Phone) -> None:
        self.paired = [one for one in self.paired if one.name != phone.name]


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response. `raw`: every byte of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    raw: bytes
    closed: bool

    @property
    def said(self) -> object:
        return json.loads(self.body)

    @property
    def problems(self) -> list[str]:
        said = self.said
        assert isinstance(said, dict)
        assert list(said) == ["problems"]
        found: list[str] = said["problems"]
        return found


@asynccontextmanager
async def running_phone_api(
    gateway: FakeGateway,
    *,
    clock: Clock | None = None,
    limits: ConnectionLimits | None = None,
    place: PhoneApiAddress | None = None,
) -> AsyncIterator[PhoneApi]:
    api = PhoneApi(
        place or PhoneApiAddress(address="127.0.0.1", port=0, host="laptop.local"),
        gateway,
        clock or SystemClock(),
        limits=limits,
    )
    await api.open()
    try:
        yield api
    finally:
        await api.close()


def request(
    method: str,
    path: str,
    body: bytes | str | object = None,
    *,
    token: str | None = TOKEN,
    host: str = "127.0.0.1",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return the bytes of a request; a body that is neither bytes nor text is sent as JSON."""
    sent = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    fields = {"Host": host}
    if token is not None:
        fields["Authorization"] = f"Bearer {token}"
    if body is not None:
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(sent))}
    fields |= headers or {}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + (sent if body is not None else b"")


class RawConnection:
    """One connection to the api, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def heard(self) -> HttpResponse:
        """Return the next response. Raises `asyncio.IncompleteReadError` where none comes."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:-2])}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        closed = headers.get("connection") == "close"
        return HttpResponse(int(lines[0].split()[1]), headers, body, head + body, closed)

    async def ended(self) -> bytes:
        """Return what else comes until the API closes the connection."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""


@asynccontextmanager
async def connect(api: PhoneApi, source: str | None = None) -> AsyncIterator[RawConnection]:
    reader, writer = await asyncio.open_connection(*api.local, local_addr=(source, 0) if source else None)
    try:
        yield RawConnection(reader, writer)
    finally:
        writer.transport.abort()


async def ask(api: PhoneApi, raw: bytes, source: str | None = None) -> HttpResponse:
    """Return the answer to one request on a connection of its own."""
    async with connect(api, source) as line:
        await line.send(raw)
        return await line.heard()
