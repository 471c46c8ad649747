"""The door itself: it listens at its place, lets so many in and no more, and leaves nothing open when it closes.

Rule 1: with nobody knocking nothing runs: no ticking, no timer.
Rule 2: whoever is one too many is let go of at once, before anything is read.
Rule 3: one line is logged when it opens and one when it closes; of a request, nothing.
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
from detector.phone_api.connection import CHUNK, Connection, ConnectionLimits, PeerGone
from detector.phone_api.hosts import normalize_host
from detector.phone_api.message import ReadBody, Request, Response, http_error
from detector.phone_api.model import PhoneGateway
from detector.phone_api.routes import Routes

if TYPE_CHECKING:
    from ssl import SSLContext

_BACKLOG: Final = 64
_CHOOSE: Final = "choose another one with turntoward phone pair --help"

logger = logging.getLogger("turntoward.door")


class PhoneApi:
    """The door at `place`; what comes through it is for `desk`. With port 0 the system chooses one (see `local`)."""

    def __init__(
        self, place: PhoneApiAddress, desk: PhoneGateway, clock: Clock, *, limits: ConnectionLimits | None = None
    ) -> None:
        self._place = place
        self._limits = limits or ConnectionLimits()
        self._routes = Routes(place, desk, clock)
        self._server: asyncio.Server | None = None
        self._tls: SSLContext | None = None
        self._inside: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._from: Counter[str] = Counter()
        self._shown_bugs: set[str] = set()

    @property
    def is_open(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._inside)

    @property
    def local(self) -> tuple[str, int]:
        """The address and port at which it listens. Raises `PhoneApiUnavailable` where it does not."""
        if self._server is None:
            raise PhoneApiUnavailable("the door is shut")
        name = self._server.sockets[0].getsockname()
        return name[0], name[1]

    async def open(self) -> None:
        """Listen from now on. Raises `PhoneApiUnavailable` where that cannot be, with what to do; then nothing is open."""
        if self._server is not None:
            return
        place = self._place
        try:
            ip_address(place.address)
        except ValueError:
            raise PhoneApiUnavailable(
                f"{place.address} is not an address", f"{_CHOOSE}; hostname -I lists yours"
            ) from None
        if bool(place.certificate) != bool(place.key):
            raise PhoneApiUnavailable(
                "a certificate and its key go together", "give both --certificate and --key, or neither"
            )
        self._tls = _tls(place.certificate, place.key) if place.certificate and place.key else None
        try:
            self._server = await asyncio.start_server(
                self._let_in, place.address, place.port, backlog=_BACKLOG, limit=CHUNK
            )
        except (OSError, OverflowError) as wrong:
            raise _cannot(wrong, place) from None
        if not self._server.sockets:
            # Where the kernel refuses the address family, asyncio listens on nothing and says nothing.
            self._server = None
            raise PhoneApiUnavailable(
                "this process may not reach the network", "`turntoward service install` allows it again"
            )
        logger.info("the door for phones is open at %s, port %d", *self.local)

    async def close(self) -> None:
        """Shut the door; when it returns, it does not listen and no connection is open."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        while self._inside:
            inside = dict(self._inside)
            for task, writer in inside.items():
                writer.transport.abort()
                task.cancel()
            await asyncio.wait(inside)
        logger.info("the door for phones is shut")

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        met = writer.get_extra_info("peername")
        local = writer.get_extra_info("sockname")
        if task is None or self._server is None or not met or not local or self._is_full(normalize_host(met[0])):
            writer.transport.abort()
            return
        peer = normalize_host(met[0])
        self._inside[task] = writer
        self._from[peer] += 1
        try:
            await self._speak(reader, writer, peer, (local[0], local[1]))
        except asyncio.CancelledError:
            if self._server is not None:  # only the door cancels, and only when it closes
                raise
        finally:
            writer.transport.abort()
            del self._inside[task]
            self._from[peer] -= 1
            if not self._from[peer]:
                del self._from[peer]

    def _is_full(self, peer: str) -> bool:
        return len(self._inside) >= self._limits.at_once or self._from[peer] >= self._limits.per_address

    async def _speak(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str, local: tuple[str, int]
    ) -> None:
        if self._tls is not None:
            # Only now, not while accepting: so a handshake that never ends is counted, too.
            try:
                async with asyncio.timeout(self._limits.request.total_seconds()):
                    await writer.start_tls(self._tls)
            except (OSError, TimeoutError):
                return
        talk = Connection(
            reader,
            writer,
            answer=self._answer,
            limits=self._limits,
            peer=peer,
            local=local,
            scheme="https" if self._tls else "http",
        )
        await talk.run()
        writer.close()
        try:
            async with asyncio.timeout(self._limits.parting.total_seconds()):
                await writer.wait_closed()
        except (OSError, TimeoutError):
            return

    async def _answer(self, asked: Request, body: ReadBody) -> Response:
        try:
            return await self._routes.answer(asked, body)
        except PeerGone:
            raise
        except Exception as bug:  # noqa: BLE001 - a bug behind one request must not end the door; it is shown below
            self._show(bug)
            return http_error(500, "this door has a bug", closes=True).answer

    def _show(self, bug: Exception) -> None:
        """Log where the bug is, once, without what the exception says, for that may be of the request."""
        where = "".join(traceback.format_tb(bug.__traceback__))
        if where not in self._shown_bugs and len(self._shown_bugs) < 100:
            self._shown_bugs.add(where)
            logger.error("the door for phones has a bug:\n%s%s", where, type(bug).__name__)


def _tls(certificate: str, key: str) -> SSLContext:
    import ssl  # noqa: PLC0415 - only where the person has a certificate

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    for path in (certificate, key):
        try:
            with open(path, "rb"):  # noqa: PTH123 - only to say which of the two cannot be read
                pass
        except (OSError, ValueError) as wrong:
            why = getattr(wrong, "strerror", None) or "not a path"
            raise PhoneApiUnavailable(f"{path} cannot be read: {why}", "look at its name and its rights") from None
    try:
        # A password would be asked for at a terminal that a daemon does not have.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as wrong:
        if wrong.reason == "KEY_VALUES_MISMATCH":
            why = f"{key} is not the key of {certificate}"
        else:
            why = f"{certificate} and {key} are no certificate and key that can be used"
        raise PhoneApiUnavailable(why, "both are needed in PEM form, and the key without a password") from None
    return context


def _cannot(wrong: OSError | OverflowError, place: PhoneApiAddress) -> PhoneApiUnavailable:
    at = f"{place.address}, port {place.port}"
    number = getattr(wrong, "errno", None)
    if number == errno.EADDRNOTAVAIL:
        return PhoneApiUnavailable(
            f"{place.address} is no address of this device now", f"hostname -I lists them; {_CHOOSE}"
        )
    if number == errno.EADDRINUSE:
        return PhoneApiUnavailable(f"{at} is taken by another program", _CHOOSE)
    if number == errno.EACCES:
        return PhoneApiUnavailable(
            f"{at} may not be used", "ports below 1024 belong to the system: choose a higher one"
        )
    if isinstance(wrong, OverflowError):
        return PhoneApiUnavailable(f"there is no port {place.port}", "ports go from 1 to 65535")
    return PhoneApiUnavailable(f"{at} cannot be listened at: {wrong.strerror or type(wrong).__name__}", _CHOOSE)
