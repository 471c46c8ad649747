"""A real HTTP(S) server on loopback that serves a calendar, or behaves as badly as a test asks of it.

`Served` says how it answers, and is changed while it runs; `asked` holds the head of every request. What a test calls a
public server is this one, reached by `FakePublicNetwork`: names that lead to public addresses, and connections that end here.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import trustme

from detector.calendars.connection import Network

PUBLIC = "93.184.215.14"
"""Some address of the public network; nothing is ever sent to it."""


def calendar(*events: str) -> bytes:
    """Return a whole calendar with these events, each as its lines between BEGIN and END."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//rig//EN", "X-WR-CALNAME:Our calendar"]
    for one in events:
        lines += ["BEGIN:VEVENT", *one.splitlines(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def event(uid: str, title: str, begins: str, ends: str, *more: str) -> str:
    """Return an event's lines; `begins` and `ends` as RFC 5545 writes them."""
    return "\n".join(
        [f"UID:{uid}", "DTSTAMP:20261101T000000Z", f"SUMMARY:{title}", f"DTSTART:{begins}", f"DTEND:{ends}", *more]
    )


DINNER = event("dinner@tests", "Dinner #us", "20261127T183000Z", "20261127T200000Z")
WALK = event("walk@tests", "Walk #us", "20261128T100000Z", "20261128T113000Z")


@dataclass
class Served:
    """How the server answers. `raw`: these bytes, in place of an answer; `hangs`: "tls", "headers" or "body"; `late`: after so many seconds."""

    body: bytes = field(default_factory=lambda: calendar(DINNER))
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = None
    modified: str | None = None
    location: str | None = None
    length: int | None = None
    raw: bytes | None = None
    hangs: str | None = None
    drips: bool = False
    endless: bool = False
    by_path: dict[str, Served] = field(default_factory=dict)
    holds: threading.Event | None = None
    late: float = 0.0
    asked: list[str] = field(default_factory=list)


class Server:
    """The running server. `port` is where; `end` closes it, so that nobody answers any more."""

    def __init__(self, served: Served, tls: ssl.SSLContext | None) -> None:
        self.served = served
        self.connections = 0
        self._tls = tls
        self._over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.scheme = "https" if tls else "http"
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def url(self, host: str = "127.0.0.1", path: str = "/ours.ics") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def end(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(5)

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            thread = threading.Thread(target=self._answer, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(60)
            if self.served.hangs == "tls":
                self._wait_until_left(connection)
                return
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head and (more := connection.recv(1 << 16)):
                head += more
                if not head[:1].isupper():  # TLS, where plain http is spoken
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    return
            if head:
                self._speak(connection, head.decode("latin-1"))
            connection.close()

    def _speak(self, connection: socket.socket, head: str) -> None:
        self.served.asked.append(head)
        served = self.served.by_path.get(head.split()[1], self.served)
        if served.holds is not None:
            served.holds.wait(20)
        self._over.wait(served.late)
        if served.hangs == "headers":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")
            self._wait_until_left(connection)
        elif served.raw is not None:
            connection.sendall(served.raw)
        elif served.etag is not None and f"If-None-Match: {served.etag}\r\n" in head:
            connection.sendall(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")
        else:
            self._send(connection, served)

    def _send(self, connection: socket.socket, served: Served) -> None:
        told = {"Content-Type": "text/calendar", "Connection": "close", **served.headers}
        if not served.endless:
            told["Content-Length"] = str(len(served.body) if served.length is None else served.length)
        maybe = {"ETag": served.etag, "Last-Modified": served.modified, "Location": served.location}
        told |= {name: value for name, value in maybe.items() if value is not None}
        lines = [f"HTTP/1.1 {served.status} So", *(f"{name}: {value}" for name, value in told.items()), "", ""]
        connection.sendall("\r\n".join(lines).encode("latin-1"))
        if served.hangs == "body":
            connection.sendall(served.body[:20])
            self._wait_until_left(connection)
        elif served.drips:
            for sign in served.body:
                connection.sendall(bytes([sign]))
                if self._over.wait(0.05):
                    return
        elif served.endless:
            while not self._over.is_set():
                connection.sendall(b"X-FILLS:" + b"x" * 65_000 + b"\r\n")
        else:
            connection.sendall(served.body)

    def _wait_until_left(self, connection: socket.socket) -> None:
        with suppress(OSError):
            while connection.recv(1 << 16):
                pass


@contextmanager
def calendar_server(served: Served | None = None, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Run the server as long as the block lasts."""
    server = Server(served or Served(), tls)
    try:
        yield server
    finally:
        server.end()


@contextmanager
def never_accepting() -> Iterator[int]:
    """Give a port at which a connection is neither made nor refused: its queue is full."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect(listening.getsockname())
        yield listening.getsockname()[1]


class Certificates:
    """An authority that a test trusts, and servers' certificates of it."""

    def __init__(self) -> None:
        self.authority = trustme.CA()

    def server(self, *names: str, **how: object) -> ssl.SSLContext:
        """Return what a server needs that speaks as `names`; `how`: as `trustme.CA.issue_cert`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(*names, **how).configure_cert(context)  # type: ignore[arg-type]
        return context

    def trusting(self) -> ssl.SSLContext:
        """Return what a client needs that trusts this authority alone, and is otherwise the default."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


class FakePublicNetwork:
    """A network whose names lead where a test says; each connection to a public address ends at a server here."""

    def __init__(
        self,
        names: Mapping[str, Sequence[str]],
        *,
        trusts: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self.names = {name: list(addresses) for name, addresses in names.items()}
        self.looked_up: list[str] = []
        self.connected: list[str] = []
        self._trusts = trusts

    def network(self) -> Network:
        return Network(resolve=self._look_up, connect=self._connect, context=self._trusts)

    def _look_up(self, host: str, port: int) -> list[str]:
        self.looked_up.append(host)
        if host in self.names:
            return self.names[host]
        if host.replace(".", "").isdigit() or ":" in host:
            return [host]
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    def _connect(self, address: str, port: int, timeout: float) -> socket.socket:
        self.connected.append(address)
        return socket.create_connection(("127.0.0.1", port), timeout=timeout)
