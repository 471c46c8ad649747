"""One HTTP connection: requests in, responses out, one after the other, with a maximum for everything.

Invariant 1: a peer has a deadline for the first byte, for the last one, and for reading the response.
Invariant 2: where a request was not read to its end, the connection ends with the response.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import h11

from detector.i18n import _
from detector.phone_api.message import STANDARD_HEADERS, HttpError, ReadBody, Request, Response, http_error

CHUNK: Final = 4096
_MAX_DISCARDED: Final = 2 * 1024 * 1024
_NO_CONTENT: Final = 204
# Not http.HTTPStatus: a test keeps Python's http package, which can connect to other hosts, out of the daemon.
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
    """How much the connections may take. Sizes are in bytes; `request`, `idle` and `closing` are timeouts."""

    headers: int = 8 * 1024
    body: int = 4 * 1024
    request: timedelta = timedelta(seconds=5)
    idle: timedelta = timedelta(seconds=5)
    closing: timedelta = timedelta(seconds=1)
    connections: int = 64
    connections_per_peer: int = 16

    @property
    def max_request_bytes(self) -> int:
        """How much may come in for one request, with what chunked encoding adds to its body."""
        return self.headers + 4 * self.body


class PeerGone(Exception):
    """The other side closed the connection, or sends and reads nothing."""


class Connection:
    """The requests of one connection. `respond` gets each request, and a function that reads its body."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        respond: Callable[[Request, ReadBody], Awaitable[Response]],
        limits: ConnectionLimits,
        peer: str,
        local: tuple[str, int],
        scheme: str,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._respond = respond
        self._limits = limits
        self._peer, self._local, self._scheme = peer, local, scheme
        # h11 parses the bytes and enforces the protocol; this class owns the socket, the deadlines and the sizes.
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.headers)
        self._loop = asyncio.get_running_loop()
        self._deadline = 0.0
        self._received = 0
        self._request: Request | None = None

    async def run(self) -> None:
        """Respond until one of the two sides ends it; then the connection is ready to be closed."""
        try:
            while await self._handle_one():
                self._http.start_next_cycle()
            if self._http.their_state in (h11.SEND_BODY, h11.ERROR):
                await self._discard_rest()
        except (PeerGone, OSError):
            return

    async def _handle_one(self) -> bool:
        try:
            request = await self._read_head()
            headers: dict[str, list[str]] = {}
            for name, value in request.headers:
                headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
            self._request = Request(
                method=request.method.decode("latin-1"),
                target=request.target.decode("latin-1"),
                version=request.http_version.decode("latin-1"),
                headers=headers,
                peer=self._peer,
                local=self._local,
                scheme=self._scheme,
            )
            response = await self._respond(self._request, self._read_body)
        except HttpError as error:
            response = error.response
        return await self._send(response)

    async def _read_head(self) -> h11.Request:
        self._request = None
        # A client may send its next request before it has the response to the last one: h11 holds those bytes.
        buffered = len(self._http.trailing_data[0])
        self._received = buffered
        self._deadline = self._loop.time() + self._limits.request.total_seconds()
        if not buffered:
            try:
                async with asyncio.timeout(self._limits.idle.total_seconds()):
                    chunk = await self._reader.read(CHUNK)
            except TimeoutError:
                raise PeerGone from None
            if not chunk:
                raise PeerGone
            # The time for the whole request starts with its first byte, so that one byte at a time does not extend it.
            self._deadline = self._loop.time() + self._limits.request.total_seconds()
            self._feed(chunk)
        event = await self._next_event()
        if not isinstance(event, h11.Request):
            raise PeerGone
        # h11 applies its limit only to headers that are incomplete when it looks: headers that arrive all at once pass.
        if self._received - len(self._http.trailing_data[0]) > self._limits.headers:
            raise _protocol_error(h11.RemoteProtocolError("", error_status_hint=431))
        return event

    async def _read_body(self) -> bytes:
        # Refused before a byte of it is read, so that a phone need not send it at all.
        length = int((self._request and self._request.header("content-length")) or 0)
        if length > self._limits.body:
            raise self._too_large()
        if self._http.they_are_waiting_for_100_continue:
            self._writer.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
        body = bytearray()
        while True:
            event = await self._next_event()
            if isinstance(event, h11.EndOfMessage):
                return bytes(body)
            if isinstance(event, h11.Data):
                body += event.data
            # A chunked body has no Content-Length, and its chunk extensions are no part of the body: so both are counted.
            if len(body) > self._limits.body or self._received > self._limits.max_request_bytes + CHUNK:
                raise self._too_large()

    def _too_large(self) -> Exception:
        problem = _("the body has more than {maximum} bytes").format(maximum=self._limits.body)
        return http_error(413, problem, closes=True)

    async def _next_event(self) -> object:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                raise _protocol_error(error) from None
            if event is not h11.NEED_DATA:
                return event
            # timeout_at: the time that is left of the whole request, not of this read.
            try:
                async with asyncio.timeout_at(self._deadline):
                    chunk = await self._reader.read(CHUNK)
            except TimeoutError:
                raise http_error(408, _("the request took too long"), closes=True) from None
            except OSError:
                raise PeerGone from None
            self._feed(chunk)

    def _feed(self, chunk: bytes) -> None:
        self._received += len(chunk)
        self._http.receive_data(chunk)

    async def _send(self, response: Response) -> bool:
        # Send the response; return whether another request may come after it.
        # What is left unread would be taken for the next request, so the connection ends.
        stays_open = not response.closes and self._is_read()
        headers = [*response.headers, *STANDARD_HEADERS]
        if response.status != _NO_CONTENT:
            headers.append(("Content-Length", str(len(response.body))))
        if not stays_open:
            headers.append(("Connection", "close"))
        reason = _REASONS.get(response.status, "").encode()
        parts = [self._http.send(h11.Response(status_code=response.status, headers=headers, reason=reason))]
        if response.body and not (self._request and self._request.method == "HEAD"):
            parts.append(self._http.send(h11.Data(data=response.body)))
        parts.append(self._http.send(h11.EndOfMessage()))
        # One write for headers and body: a small response leaves in one packet.
        self._writer.write(b"".join(part for part in parts if part))
        try:
            async with asyncio.timeout(self._limits.request.total_seconds()):
                await self._writer.drain()
        except TimeoutError:
            raise PeerGone from None
        return stays_open and self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    def _is_read(self) -> bool:
        # Return whether the request was read to its end; one without a body is, as soon as its headers are.
        if self._http.their_state is h11.SEND_BODY:
            try:
                return isinstance(self._http.next_event(), h11.EndOfMessage)
            except h11.RemoteProtocolError:
                return False
        return self._http.their_state is not h11.ERROR

    async def _discard_rest(self) -> None:
        # Read on for a moment: closing with unread data resets the connection, and the peer may lose the response.
        if self._writer.can_write_eof():
            self._writer.write_eof()
        left = _MAX_DISCARDED
        try:
            async with asyncio.timeout(self._limits.closing.total_seconds()):
                while left > 0 and (chunk := await self._reader.read(CHUNK)):
                    left -= len(chunk)
        except TimeoutError:
            return


def _protocol_error(error: h11.RemoteProtocolError) -> HttpError:
    status = error.error_status_hint
    # Never the text of h11: it repeats parts of the request.
    problem = _("the headers are too long") if status == 431 else _("this is no request in HTTP/1.1")
    return http_error(status, problem, closes=True)
