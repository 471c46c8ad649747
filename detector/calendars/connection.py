"""One HTTP request for a calendar: the name is resolved once, every address is checked, and one of them is connected to.

Invariant 1: only a checked address is connected to (address pinning), so DNS rebinding gains nothing.
Invariant 2: one deadline covers resolving, connecting, TLS, headers and body, however slowly they arrive.
Invariant 3: no cookies, no proxy, the user agent is "turntoward"; messages contain only the host of a URL.
"""

import errno
import http.client
import io
import os
import queue
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, TypeAlias

from detector.calendars.ip_addresses import destination
from detector.calendars.urls import CalendarUrl
from detector.clock import SystemClock
from detector.errors import TurntowardError
from detector.i18n import _

# The rest of the program gets them from here: a test lets no other module import http.client.
HttpResponse: TypeAlias = http.client.HTTPResponse
ProtocolError: Final = http.client.HTTPException
# A hostile name may resolve to thousands, and each is checked and gets its share of the time.
MAX_ADDRESSES: Final = 64
MAX_HEADER_BYTES: Final = 1 << 18
"""Maximum size of a response without its body."""

# By OpenSSL's X509_V_ERR_ numbers.
_CERTIFICATE_PROBLEMS: Final = {
    9: _("the server's certificate is not valid yet; is this device's clock right?"),
    10: _("the server's certificate has expired"),
    18: _("the server's certificate is signed by the server itself"),
}
_UNKNOWN_ISSUER: Final = frozenset({2, 19, 20, 21, 27})
_OTHER_NAME: Final = frozenset({62, 63, 64})


class FetchFailed(TurntowardError):
    """A calendar could not be fetched. `why` continues "it was asked, and"; `wait`: how long to wait before the next try."""

    def __init__(self, why: str, wait: timedelta | None = None) -> None:
        self.why = why
        self.wait = wait
        super().__init__(why)


class ResponseTooLarge(Exception):
    """The response is larger than the maximum."""


def _resolve(host: str, port: int) -> list[str]:
    # Without duplicates: a resolver may return an address more than once.
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_rest, address in answers))


def _connect(address: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((address, port), timeout=timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The functions of the network that are used, so that tests can replace them."""

    resolve: Callable[[str, int], list[str]] = _resolve  # host and port to addresses
    connect: Callable[[str, int, float], socket.socket] = _connect  # address, port, timeout in seconds
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context  # what TLS trusts
    monotonic: Callable[[], float] = SystemClock().monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """The instant by which everything has to be done: `ends` by the monotonic clock, `timeout` seconds after its beginning."""

    ends: float
    timeout: float
    monotonic: Callable[[], float] = field(repr=False)

    def left(self) -> float:
        """Return the seconds that are left. Raises `TimeoutError` if none are."""
        left = self.ends - self.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Response(http.client.HTTPResponse):
    """A response, without what servers send ahead of it (103 Early Hints), which http.client takes for the response itself."""

    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]
        is_ahead = 100 <= status < 200 and status != http.client.SWITCHING_PROTOCOLS
        return version, http.client.CONTINUE if is_ahead else status, reason


class _DeadlineSocket(io.RawIOBase):
    """What http.client needs of a socket: it is read and written until the deadline, and read up to so many bytes."""

    def __init__(self, connection: socket.socket, deadline: Deadline, max_bytes: int) -> None:
        self._connection = connection
        self._deadline = deadline
        self._left = max_bytes

    def sendall(self, content: bytes) -> None:
        self._connection.settimeout(self._deadline.left())
        self._connection.sendall(content)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        # Set for every read: a socket's own timeout is for one read, and a server may send a byte just before each.
        self._connection.settimeout(self._deadline.left())
        read = self._connection.recv_into(buffer)
        self._left -= read
        if self._left < 0:
            raise ResponseTooLarge
        return read

    def close(self) -> None:
        # http.client closes it before the body is read, since the response says "Connection: close".
        pass


@contextmanager
def get(
    url: CalendarUrl,
    headers: Mapping[str, str],
    *,
    allow_local: bool,
    deadline: Deadline,
    network: Network,
    max_bytes: int,
) -> Iterator[tuple[HttpResponse, bool]]:
    """Send a request; yield the response, whose body is still to be read, and whether it is of the local network."""
    connection, is_local = _connect_checked(url, allow_local=allow_local, deadline=deadline, network=network)
    with connection:
        request = http.client.HTTPConnection(url.host, url.port)
        request.response_class = _Response
        # With a socket of its own, http.client neither resolves the name again nor connects by itself.
        request.sock = _DeadlineSocket(connection, deadline, max_bytes + MAX_HEADER_BYTES)
        request.putrequest("GET", url.target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            request.putheader(name, value)
        request.endheaders()
        yield request.getresponse(), is_local


def request_headers(url: CalendarUrl, *, etag: str | None, modified: str | None) -> dict[str, str]:
    """Return the headers of the request: what is known of the last good copy, and the login."""
    headers = {
        "Host": url.netloc,
        "User-Agent": "turntoward",
        "Accept": "text/calendar, */*;q=0.5",
        # No compression, which would need a second maximum for the size.
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    if etag is not None:
        headers["If-None-Match"] = etag
    if modified is not None:
        headers["If-Modified-Since"] = modified
    if url.login is not None:
        headers["Authorization"] = "Basic " + b64encode(":".join(url.login).encode()).decode("ascii")
    return headers


def describe_error(error: OSError, url: CalendarUrl, timeout: float) -> str:
    """Return why the server could not be asked: a clause that names nothing but the host."""
    host = url.host
    if isinstance(error, TimeoutError):
        return _("the server did not answer within {seconds} s").format(seconds=f"{timeout:g}")
    if isinstance(error, ssl.SSLCertVerificationError):
        code = error.verify_code
        if code in _OTHER_NAME:
            return _("the server's certificate is for another name than {host}").format(host=host)
        if code in _UNKNOWN_ISSUER:
            return _("the server's certificate is issued by nobody whom this device trusts")
        return _CERTIFICATE_PROBLEMS.get(code, _("the server's certificate is wrong"))
    if isinstance(error, ssl.SSLError):
        return _("the server does not use https correctly")
    if isinstance(error, socket.gaierror):
        if error.errno in {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}:
            return _("there is no server called {host}").format(host=host)
        return _("the name {host} cannot be looked up just now").format(host=host)
    if error.errno == errno.EAFNOSUPPORT:  # the systemd unit allows no network without its drop-in
        return _("this program may not reach the network; `turntoward service install` fixes that")
    if error.errno in {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}:
        return _("there is no way to the server just now")
    if isinstance(error, http.client.RemoteDisconnected):
        return _("the server closed the connection without a response")
    words = os.strerror(error.errno).lower() if error.errno else _("it broke off")
    return _("{host} does not answer ({words})").format(host=host, words=words)


def _connect_checked(
    url: CalendarUrl, *, allow_local: bool, deadline: Deadline, network: Network
) -> tuple[socket.socket, bool]:
    """Return a connection to a checked address, and whether that is on the local network."""
    addresses = _resolved(url, deadline, network)
    destinations = {destination(address) for address in addresses}
    # One bad address among good ones is enough: otherwise a name could have a public address for show and be connected
    # to on the local network.
    if "forbidden" in destinations or not addresses:
        raise FetchFailed(_("{host} leads to no address that a calendar can be at").format(host=url.host))
    if "local" in destinations and not allow_local:
        problem = _("{host} stands on the local network, which is asked only with --local")
        raise FetchFailed(problem.format(host=url.host))
    connection = _connect_first(addresses, url.port, deadline, network)
    # The certificate is checked against the name, although the connection goes to the pinned address.
    try:
        if url.scheme == "https":
            connection.settimeout(deadline.left())
            connection = network.context().wrap_socket(connection, server_hostname=url.host)
    except BaseException:
        connection.close()
        raise
    return connection, "local" in destinations


def _resolved(url: CalendarUrl, deadline: Deadline, network: Network) -> list[str]:
    # The system's resolver knows no deadline; a thread that nobody waits for any more does no harm.
    results: queue.SimpleQueue[list[str] | BaseException] = queue.SimpleQueue()

    def resolve() -> None:
        try:
            results.put(network.resolve(url.host, url.port))
        except (OSError, UnicodeError) as error:
            results.put(error)

    threading.Thread(target=resolve, daemon=True).start()
    try:
        result = results.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(result, UnicodeError):
        raise FetchFailed(_("there is no server called {host}").format(host=url.host))
    if isinstance(result, BaseException):
        raise result
    return result[:MAX_ADDRESSES]


def _connect_first(addresses: list[str], port: int, deadline: Deadline, network: Network) -> socket.socket:
    """Connect to the first address that answers; each gets its share of the time that is left."""
    errors: list[OSError] = []
    for number, address in enumerate(addresses):
        try:
            return network.connect(address, port, deadline.left() / (len(addresses) - number))
        except OSError as error:
            errors.append(error)
    raise errors[0]
