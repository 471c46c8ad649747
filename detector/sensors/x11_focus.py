"""Which toplevel is in front, on X11: told by the window manager through properties, never asked for in a loop.

Rule 1: a switch passes through "nothing is active": only what lasts longer than `GRACE` is an empty desktop.
Rule 2: a title is fetched up to `TITLE_BYTES`, its control characters become spaces, and it is looked at no more often
than once in `TITLE_REST`, however often a program changes it.
Rule 3: a toplevel that vanishes while it is asked is as if it had never been in front.
Rule 4: what is seen is said once: an equal toplevel is not said again.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from datetime import timedelta
from typing import Any, Final

from Xlib import X, error

from detector.clock import Clock
from detector.core.attention.settings import AttentionSettings
from detector.core.observations import Sense, SensorStarted
from detector.errors import SensorUnavailable
from detector.sensors.channel import Channel
from detector.sensors.model import SensorEvent, Toplevel, ToplevelFocused
from detector.sensors.programs import is_terminal, program_behind, program_inside
from detector.sensors.x11_connection import Connection, close_display, open_display
from detector.sensors.x11_in_use import WhileInUse
from detector.sensors.x11_sync import IdleCounter

GRACE: Final = timedelta(milliseconds=200)
TITLE_REST: Final = timedelta(milliseconds=250)
TITLE_BYTES: Final = 4096
LIST_WORDS: Final = 64
CONTROLS: Final = dict.fromkeys((*range(32), *range(0x7F, 0xA0), 0x2028, 0x2029), " ")
ESCAPES: Final = re.compile(rb"\x1b[\x20-\x2f]+[\x30-\x7e]")
"""Changes of encoding within COMPOUND_TEXT, as xterm writes its titles; what lies between them is UTF-8."""
ACTIVE: Final = "_NET_ACTIVE_WINDOW"
NAMES: Final = ("_NET_WM_NAME", "WM_NAME")
LOOKS: Final = ("_NET_WM_STATE", "WM_CLASS", "_NET_WM_PID")


class X11Focus:
    """The active toplevel by the window manager's `_NET_ACTIVE_WINDOW`, with its class, title, program and state."""

    name = "x11_focus"
    sense: Sense = "focus"

    def __init__(self, clock: Clock, settings: AttentionSettings | None = None) -> None:
        del settings
        self._clock = clock

    async def probe(self) -> None:
        """Return if a window manager says which toplevel is active; raise `SensorUnavailable` if not."""
        display = open_display()
        try:
            root = display.screen().root
            known = root.get_full_property(display.intern_atom("_NET_SUPPORTED"), X.AnyPropertyType)
            if known is None or display.intern_atom(ACTIVE) not in known.value:
                raise SensorUnavailable(
                    "no window manager says which toplevel is active",
                    "start a window manager that follows EWMH, as nearly all do",
                )
        finally:
            close_display(display)

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        """Yield `ToplevelFocused`: the toplevel in front now, and every change of it."""
        channel: Channel[SensorEvent] = Channel()
        watch = _Watch(self._clock, channel)
        with closing(watch):
            watch.begin()
            while True:
                yield await channel.take()


class _Watch:
    def __init__(self, clock: Clock, channel: Channel[SensorEvent]) -> None:
        self._clock = clock
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._connection = Connection(channel, self._on_event, self._on_settled)
        self._in_use: WhileInUse | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._window: Any = None
        self._pid: int | None = None
        self._toplevel: Toplevel | None = None
        self._said: tuple[Toplevel | None, int | None] | None = None
        self._stale: set[str] = set()
        self._title_rests_until = 0.0

    def begin(self) -> None:
        self._connection.run(self._start)

    def _start(self) -> None:
        display = self._connection.display
        self._atoms = {name: display.intern_atom(name) for name in (ACTIVE, *NAMES, *LOOKS)}
        self._full_screen = display.intern_atom("_NET_WM_STATE_FULLSCREEN")
        self._desktop = display.intern_atom("_NET_WM_WINDOW_TYPE_DESKTOP")
        self._root = display.screen().root
        self._root.change_attributes(event_mask=X.PropertyChangeMask)
        try:
            self._in_use = WhileInUse(self._connection, IdleCounter(display), self._look_inside)
        except SensorUnavailable:
            # Without the idle counter, the inside of a terminal is looked at when its title changes.
            self._in_use = None
        self._channel.put(SensorStarted(at=self._clock.now(), sense="focus", sensor=X11Focus.name))
        self._look_at_active()
        if self._said is None:
            self._say()

    def _on_event(self, event: Any) -> None:
        if event.type == X.DestroyNotify:
            # openbox keeps the last toplevel as the active one, even after it is gone.
            if self._window is not None and event.window.id == self._window.id:
                self._nothing_in_front()
        elif event.type != X.PropertyNotify:
            if self._in_use is not None:
                self._in_use.on_event(event)
        elif event.window.id == self._root.id:
            if event.atom == self._atoms[ACTIVE]:
                self._stale.add("active")
        elif self._window is not None and event.window.id == self._window.id:
            if event.atom in (self._atoms[name] for name in NAMES):
                self._stale.add("title")
            elif event.atom in (self._atoms[name] for name in LOOKS):
                self._stale.add("looks")

    def _on_settled(self) -> None:
        stale, self._stale = self._stale, set()
        if "active" in stale:
            self._look_at_active()
        if self._toplevel is None:
            return
        if "looks" in stale:
            self._look(self._read_looks)
        elif "title" in stale and "title" not in self._timers:
            rest = self._title_rests_until - self._loop.time()
            if rest <= 0:
                self._look_at_title()
            else:
                self._later("title", timedelta(seconds=rest), self._look_at_title)

    def _look_at_active(self) -> None:
        given = self._value(self._root, ACTIVE, 1)
        window = given[0] if given else 0
        if not window:
            self._nothing_in_front()
        elif self._window is None or window != self._window.id:
            self._leave()
            self._window = self._connection.display.create_resource_object("window", window)
            # Events first, properties second: what changes in between is told.
            self._window.change_attributes(event_mask=X.PropertyChangeMask | X.StructureNotifyMask)
            self._look(self._read_all)
        else:
            self._cancel("grace")

    def _nothing_in_front(self) -> None:
        self._leave()
        if self._said is None or self._said[0] is not None:
            self._later("grace", GRACE, self._say)

    def _leave(self) -> None:
        if self._window is not None:
            self._window.change_attributes(event_mask=X.NoEventMask)
        if self._in_use is not None:
            self._in_use.end()
        self._cancel("title")
        self._window, self._pid, self._toplevel = None, None, None

    def _look(self, read: Callable[[], Toplevel | None]) -> None:
        if self._window is None:
            return
        try:
            self._toplevel = read()
        except error.XError:
            # Rule 3: the window manager will say what comes to the front instead.
            self._nothing_in_front()
        else:
            self._cancel("grace")
            self._say()

    def _look_at_title(self) -> None:
        self._title_rests_until = self._loop.time() + TITLE_REST.total_seconds()
        self._look(self._read_title)

    def _look_inside(self) -> None:
        self._look(self._read_title)

    def _read_all(self) -> Toplevel | None:
        if self._desktop in (self._value(self._window, "_NET_WM_WINDOW_TYPE", LIST_WORDS) or ()):
            return None
        self._pid = self._read_pid()
        return self._read_looks()

    def _read_looks(self) -> Toplevel | None:
        classes = self._text(self._window, "WM_CLASS").split("\0")
        self._app_id = (classes[1:] or [""])[0] or classes[0]
        self._program = None if self._pid is None else program_behind(self._pid)
        self._fills = self._full_screen in (self._value(self._window, "_NET_WM_STATE", LIST_WORDS) or ())
        return self._read_title()

    def _read_title(self) -> Toplevel | None:
        inside = None
        if self._pid is not None and is_terminal(self._app_id, self._program):
            inside = program_inside(self._pid)
            if self._in_use is not None:
                self._in_use.begin()
        title = self._text(self._window, NAMES[0]) or self._text(self._window, NAMES[1])
        return Toplevel(
            app_id=self._app_id.translate(CONTROLS),
            title=title.translate(CONTROLS).strip(),
            program=self._program,
            inside=inside,
            full_screen=self._fills,
        )

    def _read_pid(self) -> int | None:
        given = self._value(self._window, "_NET_WM_PID", 1)
        # A toplevel of another machine (ssh -X) has a pid of that machine.
        host = self._text(self._window, "WM_CLIENT_MACHINE").rstrip("\0")
        return int(given[0]) if given and host in ("", "localhost", os.uname().nodename) else None

    def _value(self, window: Any, name: str, words: int) -> Any:
        given = window.get_property(self._connection.display.get_atom(name), X.AnyPropertyType, 0, words)
        return given.value if given is not None and given.format == 32 else None

    def _text(self, window: Any, name: str) -> str:
        given = window.get_property(self._connection.display.get_atom(name), X.AnyPropertyType, 0, TITLE_BYTES // 4)
        if given is None or given.format != 8:
            return ""
        raw = ESCAPES.sub(b"", bytes(given.value))
        try:
            return raw.decode()
        except UnicodeDecodeError as wrong:
            # Either cut within its last character, or the older encoding.
            whole = not given.bytes_after or wrong.start < len(raw) - 4
            return raw.decode("latin-1" if whole else "utf-8", errors="ignore")

    def _say(self) -> None:
        saying = (self._toplevel, self._pid)
        if saying != self._said:
            self._said = saying
            self._channel.put(ToplevelFocused(at=self._clock.now(), toplevel=self._toplevel))

    def _later(self, name: str, length: timedelta, act: Callable[[], None]) -> None:
        if name not in self._timers:
            self._timers[name] = self._loop.call_later(length.total_seconds(), self._on_time, name, act)

    def _on_time(self, name: str, act: Callable[[], None]) -> None:
        del self._timers[name]
        self._connection.run(act)

    def _cancel(self, name: str) -> None:
        if name in self._timers:
            self._timers.pop(name).cancel()

    def close(self) -> None:
        for name in list(self._timers):
            self._cancel(name)
        self._connection.close()
        if self._in_use is not None:
            self._in_use.end()
