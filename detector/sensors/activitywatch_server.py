"""A client of aw-server's REST interface: its buckets, and the events of a bucket.

Invariant 1: only GET requests are sent, and none holds anything about the person.
Invariant 2: a redirect is not followed: a server that sends one is not the one that was meant.
Invariant 3: every answer is bounded in length and in time; no title and no address of a page is in an exception.
"""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import h11
import msgspec

from detector.i18n import _

MAX_ANSWER: Final = 1 << 24
"""Bytes of one answer."""
TIMEOUT: Final = 30.0
"""Seconds within which one answer has arrived whole."""
DEFAULT_PORT: Final = 5600
_SCHEMES: Final = ("http", "https")


class ActivityWatchError(Exception):
    """The aw-server could not be asked, or refused. Its text follows the word "ActivityWatch" in a sentence."""

    def __init__(self, why: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(why)


class AnswerTooLarge(ActivityWatchError):
    """The answer is larger than `MAX_ANSWER`: a shorter stretch may fit."""


def url_problem(url: str) -> str | None:
    """Return what is wrong with the address of an aw-server, or None."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return _("is not an address")
    if parts.scheme not in _SCHEMES or not host or port == 0:
        return _("is not an address of an aw-server; write for example http://127.0.0.1:5600")
    if parts.username is not None or parts.password is not None:
        return _("holds a name or a password, which an aw-server does not ask for")
    if parts.path.strip("/") or parts.query or parts.fragment:
        return _("goes on after the port; write only for example http://127.0.0.1:5600")
    return None


@dataclass(frozen=True, slots=True)
class ActivityWatchServer:
    """One aw-server. `url_problem` has found nothing wrong with `url`; `token`, where there is one, goes with every request."""

    url: str
    token: str | None = field(default=None, repr=False)

    async def buckets(self) -> dict[str, dict[str, Any]]:
        """Return the description of each bucket, by its id; a bucket without an object as description is left out.

        Raises:
            ActivityWatchError: no answer, or not an aw-server's.
        """
        # With the slash at the end: without it the server redirects.
        listed = _decode(await self._get("buckets/"))
        if not isinstance(listed, dict):
            raise ActivityWatchError(_("answered with something that is not a list of buckets"))
        return {name: bucket for name, bucket in listed.items() if isinstance(bucket, dict)}

    async def latest(self, bucket: str, number: int = 1) -> list[Any]:
        """Return the last events of the bucket, unchanged, the newest first.

        Raises:
            ActivityWatchError: no answer, or not an aw-server's.
        """
        events = _decode(await self._get(_events_path(bucket), {"limit": str(number)}))
        if not isinstance(events, list):
            raise ActivityWatchError(_("answered with something that is not a list of events"))
        return events

    async def between(self, bucket: str, since: datetime, until: datetime) -> bytes:
        """Return the list of the bucket's events that reach into the stretch, as it was sent.

        Raises:
            ActivityWatchError: no answer in time, or another status than 200.
            AnswerTooLarge: the answer is larger than `MAX_ANSWER`.
        """
        query = {"start": since.isoformat(), "end": until.isoformat(), "limit": "-1"}
        return await self._get(_events_path(bucket), query)

    async def _get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        # One connection for each request: they are ten seconds apart, and a server that restarts is no special case.
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        # Not looked up: the name means this device, whatever a resolver would return.
        host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
        try:
            async with asyncio.timeout(TIMEOUT):
                reader, writer = await asyncio.open_connection(host, port, ssl=secure or None)
                try:
                    connection = h11.Connection(our_role=h11.CLIENT)
                    writer.write(self._request(connection, parts.netloc, path, query or {}))
                    return await _read_answer(connection, reader)
                finally:
                    writer.close()
                    with suppress(OSError):
                        await writer.wait_closed()
        except TimeoutError:
            raise ActivityWatchError(_("did not answer within {seconds:.0f} s").format(seconds=TIMEOUT)) from None
        except OSError as failure:
            why = _("does not answer at {address} ({error})").format(address=f"{host}:{port}", error=_describe(failure))
            raise ActivityWatchError(why) from None
        except h11.RemoteProtocolError:
            raise ActivityWatchError(_("answered with something that is not HTTP")) from None

    def _request(self, connection: h11.Connection, netloc: str, path: str, query: Mapping[str, str]) -> bytes:
        headers = [("Host", netloc), ("Accept", "application/json"), ("Connection", "close")]
        if self.token is not None:
            headers.append(("Authorization", f"Bearer {self.token}"))
        target = f"/api/0/{path}" + (f"?{urlencode(query)}" if query else "")
        written = connection.send(h11.Request(method="GET", target=target, headers=headers)) or b""
        return written + (connection.send(h11.EndOfMessage()) or b"")


def _events_path(bucket: str) -> str:
    return f"buckets/{quote(bucket, safe='')}/events"


async def _read_answer(connection: h11.Connection, reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(1 << 16))
        elif isinstance(event, h11.Response):
            _require_ok(event.status_code)
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > MAX_ANSWER:
                raise AnswerTooLarge(_("answered with more than {size} MB").format(size=MAX_ANSWER >> 20))
        elif isinstance(event, h11.EndOfMessage):
            return bytes(body)
        elif isinstance(event, h11.ConnectionClosed):
            raise ActivityWatchError(_("ended in the middle of its answer"))


def _require_ok(status: int) -> None:
    if status == 200:
        return
    if 300 <= status < 400:
        raise ActivityWatchError(_("redirects to another address, which is not followed"), status)
    if status in {401, 403}:
        raise ActivityWatchError(_("needs a token, or another one: see --token-file"), status)
    raise ActivityWatchError(_("answered with {status}").format(status=status), status)


def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise ActivityWatchError(_("answered with something that is not JSON")) from None


def _describe(failure: OSError) -> str:
    # A failed look-up has a negative number, which is not one of the operating system's.
    return os.strerror(failure.errno) if failure.errno and failure.errno > 0 else _("no such host")
