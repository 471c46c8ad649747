"""Which toplevel is in front, on X11: by the properties that the window manager sets, never by polling.

Invariant 1: a switch passes through "nothing is active": only what lasts longer than `EMPTY_DELAY` is an empty desktop.
Invariant 2: a title is read up to `MAX_TITLE_BYTES`, its control characters become spaces, and it is read no more often than
once in `TITLE_INTERVAL`, however often a program changes it.
Invariant 3: a toplevel that vanishes while it is read counts as never having been in front.
Invariant 4: an equal toplevel is not yielded again.
"""

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import closing, suppress
from datetime import timedelta
from typing import Any, Final

from Xlib import X, error

from detector.clock import Clock
from detector.core.observations import Sense, SensorStarted
from detector.errors import SensorUnavailable
from detector.i18n import _
from detector.sensors.channel import Channel
from detector.sensors.model import ClockSensor, SensorEvent, Toplevel, ToplevelFocused
from detector.sensors.programs import is_terminal, process_name, terminal_foreground_name
from detector.sensors.x11_connection import X11Connection, close_display, open_display
from detector.sensors.x11_sync import IdleCounter
from detector.sensors.x11_throttled_timer import InputThrottledTimer

EMPTY_DELAY: Final = timedelta(milliseconds=200)
TITLE_INTERVAL: Final = timedelta(milliseconds=250)
MAX_TITLE_BYTES: Final = 4096
MAX_LIST_WORDS: Final = 64
CONTROLS: Final = dict.fromkeys((*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029), " ")
ESCAPES: Final = re.compile(rb"\x1b[\x20-\x2f]+[\x30-\x7e]")
"""Changes of encoding within COMPOUND_TEXT, in which xterm writes its titles; what lies between them is UTF-8."""
ACTIVE: Final = "_NET_ACTIVE_WINDOW"
TITLE_PROPERTIES: Final = ("_NET_WM_NAME", "WM_NAME")
OTHER_PROPERTIES: Final = ("_NET_WM_STATE", "WM_CLASS", "_NET_WM_PID")


class X11Focus(ClockSensor):
    """The active toplevel by the window manager's `_NET_ACTIVE_WINDOW`, with its class, title, program and state."""

    name = "x11_focus"
    sense: Sense = "focus"

    async def probe(self) -> None:
        display = open_display()
        try:
            root = display.screen().root
            supported = root.get_full_property(display.intern_atom("_NET_SUPPORTED"), X.AnyPropertyType)
            if supported is None or display.intern_atom(ACTIVE) not in supported.value:
                raise SensorUnavailable(
                    _("no window manager reports which window is active"),
                    _("start a window manager that follows EWMH, as nearly all do"),
                )
        finally:
            close_display(display)

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        channel: Channel[SensorEvent] = Channel()
        watch = _FocusWatch(self._clock, channel)
        with closing(watch):
            watch.start()
            while True:
                yield await channel.get()


class _FocusWatch:
    def __init__(self, clock: Clock, channel: Channel[SensorEvent]) -> None:
        self._clock = clock
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._connection = X11Connection(channel, self._on_event, self._on_drained)
        self._input_timer: InputThrottledTimer | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._active: Any = None  # what python-xlib makes of the toplevel in front
        self._pid: int | None = None
        self._program: str | None = None
        self._app_id = ""
        self._is_full_screen = False
        self._toplevel: Toplevel | None = None
        self._last_yielded: tuple[Toplevel | None, int | None] | None = None
        self._stale: set[str] = set()
        self._next_title_at = 0.0

    def start(self) -> None:
        self._connection.run(self._begin)

    def _begin(self) -> None:
        display = self._connection.display
        self._atoms = {name: display.intern_atom(name) for name in (ACTIVE, *TITLE_PROPERTIES, *OTHER_PROPERTIES)}
        self._full_screen = display.intern_atom("_NET_WM_STATE_FULLSCREEN")
        self._desktop = display.intern_atom("_NET_WM_WINDOW_TYPE_DESKTOP")
        self._root = display.screen().root
        # Before the property is read for the first time, so that no change falls in between.
        self._root.change_attributes(event_mask=X.PropertyChangeMask)
        # Without the idle counter, the program inside a terminal is read only when the title changes.
        with suppress(SensorUnavailable):
            self._input_timer = InputThrottledTimer(
                self._connection, IdleCounter(display), lambda: self._update(self._read_title)
            )
        self._channel.put(SensorStarted(at=self._clock.now(), sense="focus", sensor=X11Focus.name))
        self._read_active()
        if self._last_yielded is None:
            self._yield_if_new()

    def _on_event(self, event: Any) -> None:
        if event.type == X.DestroyNotify:
            # openbox leaves the property at the last toplevel, even after that is gone.
            if self._active is not None and event.window.id == self._active.id:
                self._nothing_in_front()
        elif event.type != X.PropertyNotify:
            if self._input_timer is not None:
                self._input_timer.on_event(event)
        elif event.window.id == self._root.id:
            if event.atom == self._atoms[ACTIVE]:
                self._stale.add("active")
        elif self._active is not None and event.window.id == self._active.id:
            if event.atom in (self._atoms[name] for name in TITLE_PROPERTIES):
                self._stale.add("title")
            elif event.atom in (self._atoms[name] for name in OTHER_PROPERTIES):
                self._stale.add("other")

    def _on_drained(self) -> None:
        # Events are collected and handled once per round: a program that starts sets a dozen properties at a time.
        stale, self._stale = self._stale, set()
        if "active" in stale:
            self._read_active()
        if self._toplevel is None:
            return
        if "other" in stale:
            self._update(self._read_state)
        elif "title" in stale and "title" not in self._timers:
            wait = self._next_title_at - self._loop.time()
            if wait <= 0:
                self._read_title_now()
            else:
                self._later("title", timedelta(seconds=wait), self._read_title_now)

    def _read_active(self) -> None:
        value = self._value(self._root, ACTIVE, 1)
        xid = value[0] if value else 0
        if not xid:
            self._nothing_in_front()
        elif self._active is None or xid != self._active.id:
            self._leave()
            self._active = self._connection.display.create_resource_object("window", xid)
            # Events first, properties second: what changes in between causes an event.
            self._active.change_attributes(event_mask=X.PropertyChangeMask | X.StructureNotifyMask)
            self._update(self._read_all)
        else:
            self._cancel("empty")

    def _nothing_in_front(self) -> None:
        self._leave()
        if self._last_yielded is None or self._last_yielded[0] is not None:
            self._later("empty", EMPTY_DELAY, self._yield_if_new)

    def _leave(self) -> None:
        if self._active is not None:
            self._active.change_attributes(event_mask=X.NoEventMask)
        if self._input_timer is not None:
            self._input_timer.stop()
        self._cancel("title")
        self._active, self._pid, self._toplevel = None, None, None

    def _update(self, read: Callable[[], Toplevel | None]) -> None:
        if self._active is None:
            return
        try:
            self._toplevel = read()
        except error.XError:
            # Invariant 3: the window manager will report what comes to the front instead.
            self._nothing_in_front()
        else:
            self._cancel("empty")
            self._yield_if_new()

    def _read_title_now(self) -> None:
        self._next_title_at = self._loop.time() + TITLE_INTERVAL.total_seconds()
        self._update(self._read_title)

    def _read_all(self) -> Toplevel | None:
        # Some file managers draw the desktop as a toplevel of its own.
        if self._desktop in (self._value(self._active, "_NET_WM_WINDOW_TYPE", MAX_LIST_WORDS) or ()):
            return None
        self._pid = self._read_pid()
        return self._read_state()

    def _read_state(self) -> Toplevel | None:
        classes = self._text(self._active, "WM_CLASS").split("\0")
        self._app_id = (classes[1:] or [""])[0] or classes[0]
        self._program = None if self._pid is None else process_name(self._pid)
        self._is_full_screen = self._full_screen in (self._value(self._active, "_NET_WM_STATE", MAX_LIST_WORDS) or ())
        return self._read_title()

    def _read_title(self) -> Toplevel | None:
        inside = None
        if self._pid is not None and is_terminal(self._app_id, self._program):
            inside = terminal_foreground_name(self._pid)
            if self._input_timer is not None:
                self._input_timer.start()
        title = self._text(self._active, TITLE_PROPERTIES[0]) or self._text(self._active, TITLE_PROPERTIES[1])
        return Toplevel(
            app_id=self._app_id.translate(CONTROLS),
            title=title.translate(CONTROLS).strip(),
            program=self._program,
            inside=inside,
            full_screen=self._is_full_screen,
        )

    def _read_pid(self) -> int | None:
        pids = self._value(self._active, "_NET_WM_PID", 1)
        # A program on another machine (ssh -X) has a pid of that machine.
        host = self._text(self._active, "WM_CLIENT_MACHINE").rstrip("\0")
        return int(pids[0]) if pids and host in ("", "localhost", os.uname().nodename) else None

    def _value(self, resource: Any, name: str, words: int) -> Any:
        reply = resource.get_property(self._connection.display.get_atom(name), X.AnyPropertyType, 0, words)
        return reply.value if reply is not None and reply.format == 32 else None

    def _text(self, resource: Any, name: str) -> str:
        atom = self._connection.display.get_atom(name)
        reply = resource.get_property(atom, X.AnyPropertyType, 0, MAX_TITLE_BYTES // 4)
        if reply is None or reply.format != 8:
            return ""
        raw = ESCAPES.sub(b"", bytes(reply.value))
        try:
            return raw.decode()
        except UnicodeDecodeError as invalid:
            # The title was cut in the middle of its last character, or it is in Latin-1, as the ICCCM has it for WM_NAME.
            is_latin = not reply.bytes_after or invalid.start < len(raw) - 4
            return raw.decode("latin-1" if is_latin else "utf-8", errors="ignore")

    def _yield_if_new(self) -> None:
        # With the pid: two terminals with equal titles are two toplevels.
        current = (self._toplevel, self._pid)
        if current != self._last_yielded:
            self._last_yielded = current
            self._channel.put(ToplevelFocused(at=self._clock.now(), toplevel=self._toplevel))

    def _later(self, name: str, length: timedelta, action: Callable[[], None]) -> None:
        if name not in self._timers:
            self._timers[name] = self._loop.call_later(length.total_seconds(), self._run_timer, name, action)

    def _run_timer(self, name: str, action: Callable[[], None]) -> None:
        del self._timers[name]
        self._connection.run(action)

    def _cancel(self, name: str) -> None:
        if name in self._timers:
            self._timers.pop(name).cancel()

    def close(self) -> None:
        for name in list(self._timers):
            self._cancel(name)
        self._connection.close()
        if self._input_timer is not None:
            self._input_timer.stop()
