"""The phone API's server: it listens at its address, limits its connections, and leaves none open when it closes.

Invariant 1: without requests nothing runs: no polling, no timer.
Invariant 2: there are never more connections than the limit. Where the limit is reached, a new connection replaces the oldest that
does not come from the address of a paired phone. So many open connections keep no paired phone out.
Invariant 3: one line is logged when it opens, one when it closes, and one for the first TLS handshake that fails in between;
nothing of a request is.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import traceback
from collections import Counter
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from detector.clock import Clock
from detector.devices import PhoneApiAddress
from detector.errors import PhoneApiUnavailable
from detector.files import open_regular
from detector.i18n import _
from detector.phone_api.connection import CHUNK, Connection, ConnectionLimits, PeerGone
from detector.phone_api.hosts import normalize_host
from detector.phone_api.message import ReadBody, Request, Response, http_error
from detector.phone_api.model import PhoneGateway
from detector.phone_api.routes import Routes

if TYPE_CHECKING:
    from ssl import SSLContext

_BACKLOG: Final = 64
_MAX_KNOWN_BUGS: Final = 100
_CHOOSE_ADDRESS: Final = _("choose another one with turntoward phone pair --help")

logger = logging.getLogger("turntoward.phone_api")


class _TlsStreams(asyncio.StreamReaderProtocol):
    def eof_received(self) -> bool:
        # asyncio's own returns True until it knows of TLS, and logs a warning for each peer that closes with its handshake.
        super().eof_received()
        return False


class PhoneApi:
    """The server at `address`, for `gateway`. With port 0 the system chooses one (see `local`)."""

    def __init__(
        self, address: PhoneApiAddress, gateway: PhoneGateway, clock: Clock, *, limits: ConnectionLimits | None = None
    ) -> None:
        self._address = address
        self._limits = limits or ConnectionLimits()
        self._routes = Routes(address, gateway, clock)
        self._server: asyncio.Server | None = None
        self._tls: SSLContext | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._connections_per_peer: Counter[str] = Counter()
        self._has_logged_handshake = False
        self._logged_bugs: set[str] = set()

    @property
    def is_open(self) -> bool:
        return self._server is not None

    @property
    def connections(self) -> int:
        return len(self._connections)

    @property
    def local(self) -> tuple[str, int]:
        """The address and port at which it listens. Raises `PhoneApiUnavailable` where it does not."""
        if self._server is None:
            raise PhoneApiUnavailable(_("the phone API is closed"))
        name = self._server.sockets[0].getsockname()
        return name[0], name[1]

    async def open(self) -> None:
        """Listen from now on. Raises `PhoneApiUnavailable` where that is impossible, with what to do."""
        if self._server is not None:
            return
        address = self._address
        # A name would be resolved, and asyncio would listen on every address that it has.
        try:
            ip_address(address.address)
        except ValueError:
            raise PhoneApiUnavailable(
                _("{address} is not an address").format(address=address.address),
                _("{advice}; hostname -I lists yours").format(advice=_CHOOSE_ADDRESS),
            ) from None
        if bool(address.certificate) != bool(address.key):
            raise PhoneApiUnavailable(
                _("a certificate and its key go together"), _("give both --certificate and --key, or neither")
            )
        self._tls = _tls(address.certificate, address.key) if address.certificate and address.key else None
        streams = _TlsStreams if self._tls else asyncio.StreamReaderProtocol
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: streams(asyncio.StreamReader(limit=CHUNK), self._accept),
                *(address.address, address.port),
                backlog=_BACKLOG,
            )
        except (OSError, OverflowError) as error:
            raise _cannot_listen(error, address) from None
        if not self._server.sockets:
            # Where the kernel refuses the address family (systemd's RestrictAddressFamilies), asyncio listens on nothing
            # and raises nothing.
            self._server = None
            raise PhoneApiUnavailable(
                _("this process may not reach the network"), _("`turntoward service install` allows it again")
            )
        logger.info("the phone API listens at %s, port %d", *self.local)

    async def close(self) -> None:
        """Stop; when it returns, it does not listen and no connection is open."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        # A loop: a connection that was accepted just before may begin while the others are being cancelled.
        while self._connections:
            connections = dict(self._connections)
            for task, writer in connections.items():
                writer.transport.abort()
                task.cancel()
            await asyncio.wait(connections)
        logger.info("the phone API is closed")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        peer_name = writer.get_extra_info("peername")
        local = writer.get_extra_info("sockname")
        # Names are missing where the peer reset the connection while it waited to be accepted.
        peer = normalize_host(peer_name[0]) if peer_name else ""
        if task is None or self._server is None or not peer or not local or self._is_full(peer):
            writer.transport.abort()
            return
        self._connections[task] = writer
        self._connections_per_peer[peer] += 1
        try:
            await self._serve(reader, writer, peer, (local[0], local[1]))
        except asyncio.CancelledError:
            if self._server is not None:  # close() cancels, and nothing else may be swallowed
                raise
        finally:
            # abort(): close() waits for the peer to read what is buffered.
            writer.transport.abort()
            self._connections.pop(task, None)
            self._connections_per_peer[peer] -= 1
            if not self._connections_per_peer[peer]:
                del self._connections_per_peer[peer]

    def _is_full(self, peer: str) -> bool:
        if self._connections_per_peer[peer] >= self._limits.connections_per_peer:
            return True
        if len(self._connections) < self._limits.connections:
            return False
        # Invariant 2: the oldest that is not from a paired phone's address is closed.
        for task, writer in self._connections.items():
            if not self._routes.is_phone_at(normalize_host(writer.get_extra_info("peername")[0])):
                del self._connections[task]
                writer.transport.abort()
                task.cancel()
                return False
        return True

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str, local: tuple[str, int]
    ) -> None:
        if self._tls is not None:
            # Here and not in start_server(): so a handshake that never ends counts as a connection and has a timeout.
            try:
                async with asyncio.timeout(self._limits.request.total_seconds()):
                    await writer.start_tls(self._tls)
            except (OSError, TimeoutError) as failed:
                if not self._has_logged_handshake:
                    self._has_logged_handshake = True
                    why = getattr(failed, "reason", None) or type(failed).__name__
                    logger.warning("a TLS handshake failed (%s); others that fail are not logged", why)
                return
        connection = Connection(
            reader,
            writer,
            respond=self._respond,
            limits=self._limits,
            peer=peer,
            local=local,
            scheme="https" if self._tls else "http",
        )
        await connection.run()
        writer.close()
        try:
            async with asyncio.timeout(self._limits.closing.total_seconds()):
                await writer.wait_closed()
        except (OSError, TimeoutError):
            return

    async def _respond(self, request: Request, read_body: ReadBody) -> Response:
        try:
            return await self._routes.respond(request, read_body)
        except PeerGone:
            raise
        except Exception as bug:  # noqa: BLE001 - a bug in one request must not end the API; it is logged below
            self._log_bug(bug)
            return http_error(500, _("the phone API has a bug"), closes=True).response

    def _log_bug(self, bug: Exception) -> None:
        # Log where the bug is, once, without the exception's message, which may be part of the request.
        where = "".join(traceback.format_tb(bug.__traceback__))
        if where not in self._logged_bugs and len(self._logged_bugs) < _MAX_KNOWN_BUGS:
            self._logged_bugs.add(where)
            logger.error("the phone API has a bug:\n%s%s", where, type(bug).__name__)


def _tls(certificate: str, key: str) -> SSLContext:
    import ssl  # noqa: PLC0415 - 3 MB that only those with a certificate need

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    for path in (certificate, key):
        # load_cert_chain() does not tell which of the two files it cannot read.
        try:
            open_regular(path).close()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or _("not a path")
            raise PhoneApiUnavailable(
                _("{path} cannot be read: {why}").format(path=path, why=why), _("check its name and its permissions")
            ) from None
    try:
        # Without this function OpenSSL would ask for a password at a terminal that a daemon does not have.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            why = _("{key} is not the key of {certificate}")
        else:
            why = _("{certificate} and {key} are no certificate and key that can be used")
        raise PhoneApiUnavailable(
            why.format(certificate=certificate, key=key),
            _("both are needed in PEM form, and the key without a password"),
        ) from None
    return context


def _cannot_listen(error: OSError | OverflowError, address: PhoneApiAddress) -> PhoneApiUnavailable:
    at = _("{address}, port {port}").format(address=address.address, port=address.port)
    number = getattr(error, "errno", None)
    if number == errno.EADDRNOTAVAIL:
        return PhoneApiUnavailable(
            _("{address} is not an address of this device now").format(address=address.address),
            _("hostname -I lists them; {advice}").format(advice=_CHOOSE_ADDRESS),
        )
    if number == errno.EADDRINUSE:
        return PhoneApiUnavailable(_("{at} is taken by another program").format(at=at), _CHOOSE_ADDRESS)
    if number == errno.EACCES:
        return PhoneApiUnavailable(
            _("{at} may not be used").format(at=at), _("ports below 1024 belong to the system: choose a higher one")
        )
    if isinstance(error, OverflowError):
        return PhoneApiUnavailable(
            _("there is no port {port}").format(port=address.port), _("ports go from 1 to 65535")
        )
    why = error.strerror or type(error).__name__
    return PhoneApiUnavailable(_("{at} cannot be used for listening: {why}").format(at=at, why=why), _CHOOSE_ADDRESS)
