"""One connection through the door: requests in, answers out, one after the other, and a bound on everything.

Rule 1: nothing waits without a deadline but the desk: not the first byte, not the last one, not whoever reads slowly.
Rule 2: where a request was not read to its end, the connection ends with the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import h11

from detector.phone_api.message import COMMON_HEADERS, HttpError, ReadBody, Request, Response, http_error

CHUNK: Final = 4096
_HEARD_OUT: Final = 2 * 1024 * 1024
_REASONS: Final = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    505: "HTTP Version Not Supported",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """How much one connection may take. `at_once` and `per_address` count connections; sizes are in bytes."""

    headers: int = 8 * 1024
    body: int = 4 * 1024
    request: timedelta = timedelta(seconds=5)
    idle: timedelta = timedelta(seconds=5)
    parting: timedelta = timedelta(seconds=1)
    at_once: int = 64
    per_address: int = 16

    @property
    def whole(self) -> int:
        """How much may come in for one request, with what its chunks add."""
        return self.headers + 4 * self.body


class PeerGone(Exception):
    """Nobody is there any more, or nobody who says anything."""


class Connection:
    """The requests of one connection. `answer` returns what to say, and is given a way to read the body."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answer: Callable[[Request, ReadBody], Awaitable[Response]],
        limits: ConnectionLimits,
        peer: str,
        local: tuple[str, int],
        scheme: str,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._answer = answer
        self._limits = limits
        self._peer, self._local, self._scheme = peer, local, scheme
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.headers)
        self._loop = asyncio.get_running_loop()
        self._deadline = 0.0
        self._came_in = 0
        self._asked: Request | None = None

    async def run(self) -> None:
        """Response until one of the two sides ends it; then the connection is ready to be closed."""
        try:
            while await self._one():
                self._http.start_next_cycle()
            if self._http.their_state in (h11.SEND_BODY, h11.ERROR):
                await self._hear_out()
        except (PeerGone, OSError):
            return

    async def _one(self) -> bool:
        """Response one request; whether another one may come."""
        try:
            answer = await self._heard()
        except HttpError as refused:
            answer = refused.answer
        return await self._send(answer)

    async def _heard(self) -> Response:
        request = await self._request()
        headers: dict[str, list[str]] = {}
        for name, value in request.headers:
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        self._asked = Request(
            method=request.method.decode("latin-1"),
            target=request.target.decode("latin-1"),
            version=request.http_version.decode("latin-1"),
            headers=headers,
            peer=self._peer,
            local=self._local,
            scheme=self._scheme,
        )
        return await self._answer(self._asked, self._body)

    async def _request(self) -> h11.Request:
        self._asked = None
        buffered = len(self._http.trailing_data[0])
        self._came_in = buffered
        self._deadline = self._loop.time() + self._limits.request.total_seconds()
        if not buffered:
            try:
                async with asyncio.timeout(self._limits.idle.total_seconds()):
                    came = await self._reader.read(CHUNK)
            except TimeoutError:
                raise PeerGone from None
            if not came:
                raise PeerGone
            self._deadline = self._loop.time() + self._limits.request.total_seconds()
            self._feed(came)
        event = await self._event()
        if not isinstance(event, h11.Request):
            raise PeerGone
        if self._came_in - len(self._http.trailing_data[0]) > self._limits.headers:
            raise _refused(h11.RemoteProtocolError("", error_status_hint=431))
        return event

    async def _body(self) -> bytes:
        """Return the body. Raises `HttpError` where it is too large, too slow or torn."""
        length = int((self._asked and self._asked.header("content-length")) or 0)
        if length > self._limits.body:
            raise self._too_large()
        if self._http.they_are_waiting_for_100_continue:
            self._writer.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
        body = bytearray()
        while True:
            event = await self._event()
            if isinstance(event, h11.EndOfMessage):
                return bytes(body)
            if isinstance(event, h11.Data):
                body += event.data
            if len(body) > self._limits.body or self._came_in > self._limits.whole + CHUNK:
                raise self._too_large()

    def _too_large(self) -> Exception:
        return http_error(413, f"the body has more than {self._limits.body} bytes", closes=True)

    async def _event(self) -> object:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as wrong:
                raise _refused(wrong) from None
            if event is not h11.NEED_DATA:
                return event
            try:
                async with asyncio.timeout_at(self._deadline):
                    came = await self._reader.read(CHUNK)
            except TimeoutError:
                raise http_error(408, "the request took too long", closes=True) from None
            except OSError:
                raise PeerGone from None
            self._feed(came)

    def _feed(self, came: bytes) -> None:
        self._came_in += len(came)
        self._http.receive_data(came)

    async def _send(self, answer: Response) -> bool:
        """Send the answer; whether another request may come after it."""
        goes_on = not answer.closes and self._is_read()
        headers = [*answer.headers, *COMMON_HEADERS]
        if answer.status != 204:
            headers.append(("Content-Length", str(len(answer.body))))
        if not goes_on:
            headers.append(("Connection", "close"))
        reason = _REASONS.get(answer.status, "").encode()
        parts = [self._http.send(h11.Response(status_code=answer.status, headers=headers, reason=reason))]
        if answer.body and not (self._asked and self._asked.method == "HEAD"):
            parts.append(self._http.send(h11.Data(data=answer.body)))
        parts.append(self._http.send(h11.EndOfMessage()))
        self._writer.write(b"".join(part for part in parts if part))
        try:
            async with asyncio.timeout(self._limits.request.total_seconds()):
                await self._writer.drain()
        except TimeoutError:
            raise PeerGone from None
        return goes_on and self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    def _is_read(self) -> bool:
        """Whether the request was read to its end; one without a body is, as soon as its headers are."""
        if self._http.their_state is h11.SEND_BODY:
            try:
                return isinstance(self._http.next_event(), h11.EndOfMessage)
            except h11.RemoteProtocolError:
                return False
        return self._http.their_state is not h11.ERROR

    async def _hear_out(self) -> None:
        """Let the other side read its answer: it is lost where a connection is closed on what was not read."""
        if self._writer.can_write_eof():
            self._writer.write_eof()
        left = _HEARD_OUT
        try:
            async with asyncio.timeout(self._limits.parting.total_seconds()):
                while left > 0 and (came := await self._reader.read(CHUNK)):
                    left -= len(came)
        except TimeoutError:
            return


def _refused(wrong: h11.RemoteProtocolError) -> HttpError:
    status = wrong.error_status_hint
    said = "the headers are too long" if status == 431 else "this is no request in HTTP/1.1"  # never what h11 repeats
    return http_error(status, said, closes=True)
