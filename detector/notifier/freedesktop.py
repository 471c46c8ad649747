"""The first notifier: org.freedesktop.Notifications over D-Bus, the only one through which answers come back.

Rule 1: one notification stands at a time. A new nudge replaces it in place; the one before gets no answer any more.
Rule 2: only what is said of the standing notification's own id counts, and only from the server that shows it: after a
restart ids start over, so what an earlier server showed is forgotten.
Rule 3: `answered` is called at most once per nudge, never for the greeting, and never from within `show`.
Rule 4: an id is no proof of having been seen: under Do Not Disturb servers (dunst paused, for one) return an id and keep
the notification back. What is kept back longer than it would have stood is taken away by us.
Rule 5: nothing is listened to while nothing stands, except that the server changes: the program sleeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from detector.core.observations import Answer
from detector.errors import NotifyFailed
from detector.notifier.model import NotificationText
from detector.notifier.server import DBUS, LISTEN, NAME, WATCH_SERVER, Server, ask, connect, notify, still_there, tell

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus
    from dbus_fast.message import Message

PATIENCE: Final = 2.0
"""Seconds until a server that does not answer is left to the next notifier."""

OVERDUE: Final = 5.0
"""Seconds after its expiry at which we take away what should have gone by itself: some servers know no expiry."""

_BY_THE_PERSON: Final = 2
"""The specification's reason for a closing: 1 expired, 2 dismissed by the person, 3 closed by a call, 4 undefined."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    nudge: int
    words: NotificationText
    answered: Callable[[int, Answer], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Standing:
    id: int
    server: str | None
    asked: _Asked
    overdue: asyncio.TimerHandle


class FreedesktopNotifier:
    """Shows through the desktop's own notification server.

    `bus`: a connected session bus to share; without it, or once it is gone, the notifier opens one of its own when it is
    needed. `patience`: seconds until `NotifyFailed`. `overdue`: see `OVERDUE`.
    """

    name = "freedesktop"
    answers = True

    def __init__(self, bus: MessageBus | None = None, *, patience: float = PATIENCE, overdue: float = OVERDUE) -> None:
        self._shared = bus
        self._patience = patience
        self._overdue = overdue
        self._turn = asyncio.Lock()
        self._bus: MessageBus | None = None
        self._server: Server | None = None
        self._standing: _Standing | None = None
        self._listening = False
        # Calls of Notify under way, by serial. None: given up, and what it still brings to the screen is taken away.
        self._awaited: dict[int, _Asked | None] = {}

    @property
    def about(self) -> str:
        """Return one line on the server, as far as it has been asked."""
        if self._server is None:
            return "shows, and can be answered"
        how = "can be answered" if "actions" in self._server.can else "cannot be answered"
        return f"shows through {self._server.name} {self._server.version}, and {how}"

    async def probe(self) -> None:
        """Return if a server answers; raise `NotifyFailed` with why if not."""
        async with self._turn, self._bounded():
            await self._known_server(await self._connected())

    async def show(self, nudge: int, words: NotificationText, answered: Callable[[int, Answer], None]) -> None:
        """Show the words; return once the server has taken them, which is no proof that they are seen.

        `answered` comes later: an answer; "dismissed"; or "expired", also when something else took it away.
        Raises `NotifyFailed` if there is no bus, no server, or no answer in time.
        """
        async with self._turn, self._bounded():
            bus = await self._connected()
            server = await self._known_server(bus)
            serial = bus.next_serial()
            # The reply is taken in by `_heard`, in order with the signals: one that follows at once finds its id known.
            self._awaited[serial] = _Asked(nudge=nudge, words=words, answered=answered)
            self._listen(True)
            replaces = self._standing.id if self._standing is not None else 0
            try:
                await notify(bus, words, server, replaces=replaces, serial=serial)
            except BaseException:
                if serial in self._awaited:
                    self._awaited[serial] = None
                raise

    async def withdraw(self, nudge: int) -> None:
        """Take the notification away if it is still this nudge's."""
        async with self._turn:
            if self._standing is not None and self._standing.asked.nudge == nudge:
                self._take_away(self._forget())

    async def close(self) -> None:
        """Take away what stands, for nobody would hear its answer, and let go of the connection."""
        async with self._turn:
            self._take_away(self._forget())
            bus, self._bus, self._server = self._bus, None, None
            if bus is None or not bus.connected:
                return
            bus.remove_message_handler(self._heard)
            if bus is self._shared:
                tell(bus, DBUS, "RemoveMatch", "s", [WATCH_SERVER])
                return
            bus.disconnect()
            with suppress(Exception):  # how a connection ends that was given up matters to nobody
                async with asyncio.timeout(self._patience):
                    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    async def _connected(self) -> MessageBus:
        if self._bus is not None and await still_there(self._bus):
            return self._bus
        self._server_changed()
        self._awaited.clear()
        shared = self._shared
        bus = shared if shared is not None and await still_there(shared) else await connect()
        bus.add_message_handler(self._heard)
        tell(bus, DBUS, "AddMatch", "s", [WATCH_SERVER])
        self._bus, self._listening = bus, False
        return bus

    async def _known_server(self, bus: MessageBus) -> Server:
        if self._server is None:
            self._server = await ask(bus)
        return self._server

    def _heard(self, message: Message) -> None:
        """Take in what concerns us of everything that comes over the bus, in the order in which it comes."""
        if message.reply_serial in self._awaited:
            self._replied(message)
        elif message.interface == DBUS and message.member == "NameOwnerChanged":
            if message.sender == DBUS and message.body[0] == NAME:
                self._server_changed()
        elif message.interface == NAME and message.signature in {"us", "uu"}:
            self._signalled(message)

    def _replied(self, message: Message) -> None:
        asked = self._awaited.pop(message.reply_serial or 0)
        if message.signature != "u":
            self._listen(self._standing is not None)
            return
        shown = message.body[0]
        if (before := self._forget(keep_listening=True)) is not None and before.id != shown:
            self._take_away(before)  # a server that cannot replace
        if asked is None:
            self._close(shown)  # given up meanwhile, and said by another notifier
            self._listen(False)
            return
        gone_by = asked.words.expires.total_seconds() + self._overdue
        overdue = asyncio.get_running_loop().call_later(gone_by, self._went_overdue)
        self._standing = _Standing(id=shown, server=message.sender, asked=asked, overdue=overdue)

    def _signalled(self, message: Message) -> None:
        standing = self._standing
        if standing is None or message.sender != standing.server or message.body[0] != standing.id:
            return
        if message.member == "NotificationClosed":
            self._forget()
            self._report(standing, "dismissed" if message.body[1] == _BY_THE_PERSON else "expired")
        elif message.member == "ActionInvoked":
            answer = next((key for key, _ in standing.asked.words.answers if key == message.body[1]), None)
            if answer is not None:
                self._forget()
                self._report(standing, answer)
                if not self._awaited:  # else the next nudge is on its way to the same place
                    self._take_away(standing)  # some servers leave it standing after an answer

    def _went_overdue(self) -> None:
        if (gone := self._forget()) is not None:
            self._report(gone, "expired")
            self._take_away(gone)

    def _report(self, gone: _Standing, answer: Answer) -> None:
        if gone.asked.nudge != 0:
            asyncio.get_running_loop().call_soon(gone.asked.answered, gone.asked.nudge, answer)

    def _server_changed(self) -> None:
        self._server = None
        self._forget()

    def _forget(self, *, keep_listening: bool = False) -> _Standing | None:
        gone, self._standing = self._standing, None
        if gone is not None:
            gone.overdue.cancel()
        if not keep_listening:
            self._listen(bool(self._awaited))
        return gone

    def _take_away(self, gone: _Standing | None) -> None:
        if gone is not None:
            self._close(gone.id)

    def _close(self, shown: int) -> None:
        if self._bus is not None:
            tell(self._bus, NAME, "CloseNotification", "u", [shown])

    def _listen(self, wanted: bool) -> None:  # noqa: FBT001 - reads well where it is called
        if self._bus is not None and wanted != self._listening:
            self._listening = wanted
            tell(self._bus, DBUS, "AddMatch" if wanted else "RemoveMatch", "s", [LISTEN])

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        """Say every way in which a bus can fail as `NotifyFailed`, in time, without a word of what was to be shown."""
        try:
            async with asyncio.timeout(self._patience):
                yield
        except TimeoutError:
            raise NotifyFailed(f"the notification server did not answer within {self._patience:g} s") from None
        except (OSError, EOFError, ValueError) as failure:
            raise NotifyFailed(f"the session bus cannot be reached: {type(failure).__name__}") from None
