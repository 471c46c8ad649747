"""The first notifier: org.freedesktop.Notifications over D-Bus, the only one through which answers come back.

Invariant 1: one notification is shown at a time. A new nudge replaces it in place; the one before gets no answer any more.
Invariant 2: only signals about the shown notification's own id count, and only from the server that shows it: after a restart
ids start over, so what an earlier server showed is forgotten.
Invariant 3: `answered` is called at most once per nudge, never for nudge 0, and never from within `show`.
Invariant 4: an id does not prove that somebody saw the notification: under Do Not Disturb servers (dunst paused, for one) return an id and keep
the notification back. What is kept back longer than it would have been shown is closed by us, unless it is to stay.
Invariant 5: while no notification is shown, only changes of the server wake the program.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from dbus_fast import Message

from detector.core.observations import Answer
from detector.dbus import DBUS, NOTIFICATIONS, NOTIFICATIONS_PATH, Bus, BusClosed, BusUnavailable
from detector.errors import NotifyFailed
from detector.i18n import _
from detector.notifier.model import NotificationText
from detector.notifier.server import (
    OWNER_CHANGES,
    SIGNALS,
    Server,
    action_keys,
    get_server,
    notify,
    require_session_bus,
)

TIMEOUT: Final = 2.0
"""Seconds until a server that does not answer is left to the next notifier."""

OVERDUE: Final = 5.0
"""Seconds after its expiry at which we close what should have gone by itself: some servers know no expiry."""

_DISMISSED_BY_PERSON: Final = 2
"""The specification's reason for a closing: 1 expired, 2 dismissed by the person, 3 closed by a call, 4 undefined."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _NotifyCall:
    nudge: int
    text: NotificationText
    keys: Sequence[str]
    answered: Callable[[int, Answer], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _ShownNotification:
    id: int
    server: str | None
    request: _NotifyCall
    overdue: asyncio.TimerHandle | None


class FreedesktopNotifier:
    """Shows through the desktop's own notification server.

    `bus`: a session bus to share; without it, or once it has ended, the notifier opens one of its own when it is needed.
    `timeout`: seconds until `NotifyFailed`. `overdue`: see `OVERDUE`.
    """

    name = "freedesktop"
    answers = True

    def __init__(self, bus: Bus | None = None, *, timeout: float = TIMEOUT, overdue: float = OVERDUE) -> None:
        self._available: Callable[[], None] = lambda: None
        self._shared = bus
        self._timeout = timeout
        self._overdue = overdue
        self._lock = asyncio.Lock()
        self._bus: Bus | None = None
        self._server: Server | None = None
        self._shown: _ShownNotification | None = None
        self._listening = False
        # Calls of Notify without a reply so far, by serial. None: given up, and what it still shows is closed at once.
        self._calls: dict[int, _NotifyCall | None] = {}

    @property
    def about(self) -> str:
        if self._server is None:
            return _("shows, and can be answered")
        if "actions" in self._server.capabilities and self._server.answers_by_click:
            line = _(
                'shows through {server} {version}; a middle click answers "Put it away", `turntoward answer` '
                "gives the other answers: the menu program of dunst (`dmenu` in dunstrc) is not installed"
            )
        elif "actions" in self._server.capabilities:
            line = _("shows through {server} {version}, and can be answered")
        else:
            line = _("shows through {server} {version}, and can be answered with `turntoward answer` only")
        return line.format(server=self._server.name, version=self._server.version)

    async def probe(self) -> None:
        async with self._lock, self._bounded():
            await self._known_server(await self._connected())

    async def show(self, nudge: int, text: NotificationText, answered: Callable[[int, Answer], None]) -> None:
        async with self._lock, self._bounded():
            bus = await self._connected()
            server = await self._known_server(bus)
            serial = bus.next_serial()
            # `_on_message` takes the reply as well, in order with the signals: one that follows at once finds its id known.
            keys = action_keys(text, server)
            self._calls[serial] = _NotifyCall(nudge=nudge, text=text, keys=keys, answered=answered)
            self._listen(wanted=True)
            # Replacing in place: no second bubble, and no flicker of closing and opening.
            replaces = self._shown.id if self._shown is not None else 0
            try:
                await notify(bus, text, server, replaces=replaces, serial=serial)
            except BaseException:
                # The server may still show it late; then the next notifier has shown it as well.
                if serial in self._calls:
                    self._calls[serial] = None
                raise

    def call_when_available(self, available: Callable[[], None]) -> None:
        self._available = available

    async def withdraw(self, nudge: int) -> None:
        async with self._lock:
            if self._shown is not None and self._shown.request.nudge == nudge:
                self._close_shown(self._forget())

    async def close(self) -> None:
        async with self._lock:
            self._close_shown(self._forget())
            bus, self._bus, self._server = self._bus, None, None
            if bus is None or not bus.is_connected:
                return
            bus.remove_handler(self._on_message)
            if bus is self._shared:
                bus.send_match(OWNER_CHANGES, add=False)
            else:
                await bus.close(self._timeout)

    async def _connected(self) -> Bus:
        if self._bus is not None and await self._bus.check_connected():
            return self._bus
        # On a new connection serials start over, and nothing of the old one can be answered any more.
        self._server_changed()
        self._calls.clear()
        bus = self._shared
        if bus is None or not await bus.check_connected():
            bus = await Bus.connect(address=require_session_bus())
        bus.add_handler(self._on_message)
        bus.send_match(OWNER_CHANGES, add=True)
        self._bus, self._listening = bus, False
        return bus

    async def _known_server(self, bus: Bus) -> Server:
        if self._server is None:
            self._server = await get_server(bus)
        return self._server

    def _on_message(self, message: Message) -> None:
        # Take what concerns us of everything that comes over the bus, in the order in which it comes.
        if message.reply_serial in self._calls:
            self._on_reply(message)
        elif message.interface == DBUS and message.member == "NameOwnerChanged":
            if message.sender == DBUS and message.body[0] == NOTIFICATIONS:
                self._server_changed()
                if message.body[2]:
                    self._available()
        elif message.interface == NOTIFICATIONS and message.signature in {"us", "uu"}:
            self._on_signal(message)

    def _on_reply(self, message: Message) -> None:
        request = self._calls.pop(message.reply_serial or 0)
        # An error has another signature; `call` raises it, and here nothing is shown.
        if message.signature != "u":
            self._listen(wanted=self._shown is not None)
            return
        shown_id = message.body[0]
        if (before := self._forget(keep_listening=True)) is not None and before.id != shown_id:
            self._close_shown(before)  # a server that cannot replace
        if request is None:
            self._close(shown_id)  # given up meanwhile, and shown by another notifier
            self._listen(wanted=False)
            return
        overdue = None
        if expires := request.text.expires.total_seconds():
            overdue = asyncio.get_running_loop().call_later(expires + self._overdue, self._went_overdue)
        self._shown = _ShownNotification(id=shown_id, server=message.sender, request=request, overdue=overdue)

    def _on_signal(self, message: Message) -> None:
        shown = self._shown
        if shown is None or message.sender != shown.server or message.body[0] != shown.id:
            return
        if message.member == "NotificationClosed":
            self._forget()
            self._report(shown, "dismissed" if message.body[1] == _DISMISSED_BY_PERSON else "expired")
        elif message.member == "ActionInvoked":
            found = zip(shown.request.keys, shown.request.text.answers, strict=False)
            answer = next((answer for key, (answer, _label) in found if key == message.body[1]), None)
            if answer is not None:
                self._forget()
                self._report(shown, answer)
                # Some servers leave it on the screen after an answer. While the next nudge is on its way it stays: it is
                # replaced in place.
                if not self._calls:
                    self._close_shown(shown)

    def _went_overdue(self) -> None:
        if (gone := self._forget()) is not None:
            self._report(gone, "expired")
            self._close_shown(gone)

    def _report(self, gone: _ShownNotification, answer: Answer) -> None:
        # In the next round of the loop: the caller of `show` has to have its result first (Invariant 3).
        if gone.request.nudge != 0:
            asyncio.get_running_loop().call_soon(gone.request.answered, gone.request.nudge, answer)

    def _server_changed(self) -> None:
        self._server = None
        self._forget()

    def _forget(self, *, keep_listening: bool = False) -> _ShownNotification | None:
        gone, self._shown = self._shown, None
        if gone is not None and gone.overdue is not None:
            gone.overdue.cancel()
        if not keep_listening:
            self._listen(wanted=bool(self._calls))
        return gone

    def _close_shown(self, gone: _ShownNotification | None) -> None:
        if gone is not None:
            self._close(gone.id)

    def _close(self, shown_id: int) -> None:
        if self._bus is not None:
            self._bus.send(NOTIFICATIONS, NOTIFICATIONS_PATH, NOTIFICATIONS, "CloseNotification", "u", shown_id)

    def _listen(self, *, wanted: bool) -> None:
        if self._bus is not None and wanted != self._listening:
            self._listening = wanted
            self._bus.send_match(SIGNALS, add=wanted)

    @asynccontextmanager
    async def _bounded(self) -> AsyncIterator[None]:
        # Turn every way in which a bus can fail into `NotifyFailed`, in time, without a word of what was to be shown.
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except TimeoutError:
            why = _("the notification server did not answer within {seconds:g} s").format(seconds=self._timeout)
            raise NotifyFailed(why) from None
        except (BusClosed, BusUnavailable, ValueError) as failure:
            error = type(failure.__cause__ or failure).__name__
            raise NotifyFailed(_("the session bus cannot be reached: {error}").format(error=error)) from None
