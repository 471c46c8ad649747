"""One request over a connection of our own: the name is looked up once, every address judged, and one of those asked.

Rule 1: nobody is connected to whose address was not judged: a name that leads elsewhere the next time gains nothing.
Rule 2: everything ends at one deadline: looking up, connecting, TLS, the headers, the body, however it drips.
Rule 3: no cookies, no proxy, no name but "turntoward"; nothing of an address but its host is ever in the words.
"""

from __future__ import annotations

import errno
import http.client
import io
import os
import queue
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeAlias

from detector.calendars.addresses import leads
from detector.calendars.places import Address
from detector.clock import SystemClock
from detector.errors import TurntowardError

Answer: TypeAlias = http.client.HTTPResponse
NoHttp: Final = http.client.HTTPException
MOST_ADDRESSES: Final = 64
HEADERS: Final = 1 << 18
"""Bytes that an answer may have beside its body."""

_CERTIFICATE: Final = {
    9: "the server's certificate is not valid yet; is this device's clock right?",
    10: "the server's certificate has expired",
    18: "the server's certificate is signed by itself, and nobody vouches for it",
}
_UNKNOWN: Final = frozenset({2, 19, 20, 21, 27})
_ANOTHER: Final = frozenset({62, 63, 64})


class NotFetched(TurntowardError):
    """A calendar could not be fetched. `why` goes on after "it was asked, and"; `wait`: for how long to leave it alone."""

    def __init__(self, why: str, wait: timedelta | None = None) -> None:
        self.why = why
        self.wait = wait
        super().__init__(why)


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def _connect(address: str, port: int, patience: float) -> socket.socket:
    return socket.create_connection((address, port), timeout=patience)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What of the network is used; tests put their own in its place.

    `look_up(host, port)` gives addresses, `connect(address, port, seconds)` a connection, `context()` what TLS trusts.
    """

    look_up: Callable[[str, int], list[str]] = _look_up
    connect: Callable[[str, int, float], socket.socket] = _connect
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context
    monotonic: Callable[[], float] = SystemClock().monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """When everything is over: `ends` by the monotonic clock, `lasts` seconds after its beginning."""

    ends: float
    lasts: float
    monotonic: Callable[[], float] = field(repr=False)

    def left(self) -> float:
        """Return the seconds that are left.

        Raises:
            TimeoutError: if none are.
        """
        left = self.ends - self.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class TooLarge(Exception):
    """More came than is taken in."""


class _Timed(io.RawIOBase):
    """A connection that is read until the deadline, and up to so many bytes."""

    def __init__(self, connection: socket.socket, deadline: Deadline, most: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._left = most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._deadline.left())
        read = self._connection.recv_into(buffer)
        self._left -= read
        if self._left < 0:
            raise TooLarge
        return read


class _Socket:
    """What http.client needs of a socket."""

    def __init__(self, connection: socket.socket, deadline: Deadline, most: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._most = most

    def sendall(self, content: bytes) -> None:
        self._connection.settimeout(self._deadline.left())
        self._connection.sendall(content)

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode  # it is always "rb"
        return io.BufferedReader(_Timed(self._connection, self._deadline, self._most))

    def close(self) -> None:
        """Whoever opened it closes it."""


class Asked:
    """An answer, whose body is still to be read; a context that closes the connection."""

    def __init__(
        self,
        address: Address,
        headers: Mapping[str, str],
        *,
        local: bool,
        deadline: Deadline,
        network: Network,
        most: int,
    ) -> None:
        self._connection, self.was_local = _opened(address, local=local, deadline=deadline, network=network)
        try:
            asking = http.client.HTTPConnection(address.host, address.port)
            asking.sock = _Socket(self._connection, deadline, most + HEADERS)
            asking.putrequest("GET", address.target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                asking.putheader(name, value)
            asking.endheaders()
            self.answer = asking.getresponse()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Answer:
        """Return the answer."""
        return self.answer

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._connection.close()


def headers_for(address: Address, *, etag: str | None, modified: str | None) -> dict[str, str]:
    """Return what goes with the request: what is known of the last good copy, and the login."""
    found = {
        "Host": address.netloc,
        "User-Agent": "turntoward",
        "Accept": "text/calendar, */*;q=0.5",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    if etag is not None:
        found["If-None-Match"] = etag
    if modified is not None:
        found["If-Modified-Since"] = modified
    if address.login is not None:
        found["Authorization"] = "Basic " + b64encode(":".join(address.login).encode()).decode("ascii")
    return found


def in_words(failed: OSError, address: Address, lasts: float) -> str:
    """Return why the server could not be asked: a clause that names nothing but the host."""
    if isinstance(failed, TimeoutError):
        return f"the server did not answer within {lasts:g} s"
    if isinstance(failed, ssl.SSLCertVerificationError):
        code = failed.verify_code
        if code in _ANOTHER:
            return f"the server's certificate is for another name than {address.host}"
        if code in _UNKNOWN:
            return "nobody whom this device trusts vouches for the server's certificate"
        return _CERTIFICATE.get(code, "the server's certificate is wrong")
    if isinstance(failed, ssl.SSLError):
        return "the server does not speak https as it should"
    if isinstance(failed, socket.gaierror):
        if failed.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}:
            return f"there is no server called {address.host}"
        return f"the name {address.host} cannot be looked up just now"
    if failed.errno == errno.EAFNOSUPPORT:
        return "this program may not reach the network; `turntoward service install` mends that"
    if failed.errno in {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}:
        return "there is no way to the server just now"
    if isinstance(failed, http.client.RemoteDisconnected):
        return "the server hung up without an answer"
    words = os.strerror(failed.errno).lower() if failed.errno else "it broke off"
    return f"{address.host} does not answer ({words})"


def _opened(address: Address, *, local: bool, deadline: Deadline, network: Network) -> tuple[socket.socket, bool]:
    """Return a connection to a judged address, and whether that stands on the local network."""
    found = _looked_up(address, deadline, network)
    ways = {leads(each) for each in found}
    if "nowhere" in ways or not found:
        raise NotFetched(f"{address.host} leads to no address that a calendar can be at")
    if "local" in ways and not local:
        raise NotFetched(f"{address.host} stands on the local network, which is asked only with --local")
    connection = _first(found, address.port, deadline, network)
    try:
        if address.scheme == "https":
            connection.settimeout(deadline.left())
            connection = network.context().wrap_socket(connection, server_hostname=address.host)
    except BaseException:
        connection.close()
        raise
    return connection, "local" in ways


def _looked_up(address: Address, deadline: Deadline, network: Network) -> list[str]:
    # The system's resolver knows no deadline; a thread that nobody waits for any more does no harm.
    came: queue.SimpleQueue[list[str] | BaseException] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            came.put(network.look_up(address.host, address.port))
        except (OSError, UnicodeError) as failed:
            came.put(failed)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        found = came.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(found, UnicodeError):
        raise NotFetched(f"there is no server called {address.host}")
    if isinstance(found, BaseException):
        raise found
    return found[:MOST_ADDRESSES]


def _first(found: list[str], port: int, deadline: Deadline, network: Network) -> socket.socket:
    """Connect to the first that answers; each gets its share of the time that is left."""
    failures: list[OSError] = []
    for number, each in enumerate(found):
        try:
            return network.connect(each, port, deadline.left() / (len(found) - number))
        except OSError as failed:
            failures.append(failed)
    raise failures[0]
