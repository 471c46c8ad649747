"""One request and one response, without the bytes on the wire between them."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

ReadBody: TypeAlias = Callable[[], Awaitable[bytes]]
"""Reads the body of a request; raises `HttpError` where it is too large, too slow or cut off."""

STANDARD_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request without its body. `headers`: names in lower case, each with every value it came with.

    `peer` is the address it came from, `local` the address and port it came in at.
    """

    method: str
    target: str
    version: str
    headers: Mapping[str, Sequence[str]] = field(repr=False)
    peer: str
    local: tuple[str, int]
    scheme: str

    def header(self, name: str) -> str | None:
        return next(iter(self.headers.get(name, ())), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What is sent back. `closes`: the connection ends with it, even if more requests were sent on it."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    closes: bool = False


class HttpError(Exception):
    """The request is refused with this response."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__(response.status)


def json_response(status: int, content: Mapping[str, object]) -> Response:
    headers = (("Content-Type", "application/json"),)
    return Response(status=status, body=json.dumps(content).encode(), headers=headers)


def http_error(
    status: int, *problems: str, headers: tuple[tuple[str, str], ...] = (), closes: bool = False
) -> HttpError:
    """Return an error with its problems in JSON, to be raised."""
    response = json_response(status, {"problems": problems})
    return HttpError(Response(status=status, body=response.body, headers=response.headers + headers, closes=closes))
