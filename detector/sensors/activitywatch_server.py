"""A running aw-server, asked over its REST interface: its buckets, and the events of a bucket.

Rule 1: nothing is sent but GET requests, and nothing of what is asked for says anything about the person.
Rule 2: a redirect is not followed: whoever answers so is not who was meant.
Rule 3: whatever is answered is bounded in length and in time; no title and no address of a page is in an exception.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import h11
import msgspec

LARGEST: Final = 1 << 24
"""Bytes of one answer that are taken in at most."""
PATIENCE: Final = 30.0
"""Seconds within which one answer has come whole."""
STANDARD: Final = 5600
_SCHEMES: Final = ("http", "https")


class NotAsked(Exception):
    """The aw-server could not be asked, or said no: the words follow 'ActivityWatch'."""

    def __init__(self, why: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(why)


class TooMuch(NotAsked):
    """The answer is larger than was allowed: ask for less."""


def refusal(url: str) -> str | None:
    """Return what is wrong with the address of an aw-server, or None."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is no address"
    if parts.scheme not in _SCHEMES or not host or port == 0:
        return "is no address of an aw-server; write for example http://127.0.0.1:5600"
    if parts.username is not None or parts.password is not None:
        return "holds a name or a password, which an aw-server does not ask for"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "goes on after the port; write only for example http://127.0.0.1:5600"
    return None


@dataclass(frozen=True, slots=True)
class ActivityWatchServer:
    """One aw-server. `url` has been found good by `refusal`; `token` goes with every request, where there is one."""

    url: str
    token: str | None = field(default=None, repr=False)

    async def buckets(self) -> dict[str, dict[str, Any]]:
        """Return what is said of each bucket, by its id; a bucket of which nothing proper is said is left out.

        Raises:
            NotAsked: if nobody answers, or nobody who is an aw-server.
        """
        # With the slash at its end: without it the server redirects.
        said = _read(await self._get("buckets/"))
        if not isinstance(said, dict):
            raise NotAsked("answered with something that is no list of buckets")
        return {name: bucket for name, bucket in said.items() if isinstance(bucket, dict)}

    async def latest(self, bucket: str, number: int = 1) -> list[Any]:
        """Return the last events of the bucket, as they are, the newest first.

        Raises:
            NotAsked: if nobody answers, or nobody who is an aw-server.
        """
        said = _read(await self._get(_events_of(bucket), {"limit": str(number)}))
        if not isinstance(said, list):
            raise NotAsked("answered with something that is no list of events")
        return said

    async def between(self, bucket: str, since: datetime, until: datetime) -> bytes:
        """Return the list of the bucket's events that reach into the stretch, as it was sent.

        Raises:
            NotAsked: if nobody answers in time, or with anything but yes.
            TooMuch: if the answer is larger than `LARGEST`.
        """
        query = {"start": since.isoformat(), "end": until.isoformat(), "limit": "-1"}
        return await self._get(_events_of(bucket), query)

    async def _get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        # Not looked up: what is called so here is always this device.
        host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_connection(host, port, ssl=secure or None)
                try:
                    writer.write(self._request(parts.netloc, path, query or {}))
                    return await _answer(reader, LARGEST)
                finally:
                    writer.close()
                    with suppress(OSError):
                        await writer.wait_closed()
        except TimeoutError:
            raise NotAsked(f"did not answer within {PATIENCE:.0f} s") from None
        except OSError as failure:
            raise NotAsked(f"does not answer at {host}:{port} ({_words(failure)})") from None
        except h11.RemoteProtocolError:
            raise NotAsked("answered with something that is not HTTP") from None

    def _request(self, netloc: str, path: str, query: Mapping[str, str]) -> bytes:
        connection = h11.Connection(our_role=h11.CLIENT)
        headers = [("Host", netloc), ("Accept", "application/json"), ("Connection", "close")]
        if self.token is not None:
            headers.append(("Authorization", f"Bearer {self.token}"))
        target = f"/api/0/{path}" + (f"?{urlencode(query)}" if query else "")
        written = connection.send(h11.Request(method="GET", target=target, headers=headers)) or b""
        return written + (connection.send(h11.EndOfMessage()) or b"")


def _events_of(bucket: str) -> str:
    return f"buckets/{quote(bucket, safe='')}/events"


async def _answer(reader: asyncio.StreamReader, largest: int) -> bytes:
    connection = h11.Connection(our_role=h11.CLIENT)
    # h11 wants to have sent what is answered.
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(1 << 16))
        elif isinstance(event, h11.Response):
            _require_yes(event.status_code)
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > largest:
                raise TooMuch(f"answered with more than {largest >> 20} MB")
        elif isinstance(event, h11.EndOfMessage):
            return bytes(body)
        elif isinstance(event, h11.ConnectionClosed):
            raise NotAsked("ended in the middle of its answer")


def _require_yes(status: int) -> None:
    if status == 200:
        return
    if 300 <= status < 400:
        raise NotAsked("redirects to another address, which is not followed", status)
    if status in {401, 403}:
        raise NotAsked("wants a token, or another one: see --token-file", status)
    raise NotAsked(f"answered with {status}", status)


def _read(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise NotAsked("answered with something that is not JSON") from None


def _words(failure: OSError) -> str:
    import os  # noqa: PLC0415 - only for the words of a failure

    return os.strerror(failure.errno) if failure.errno and failure.errno > 0 else "no such host"
