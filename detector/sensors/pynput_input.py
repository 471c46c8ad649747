"""How much somebody scrolls, types and clicks: one count for each second with input, by pynput.

Invariant 1: which key it was is never read: the callback counts presses, and nothing else leaves it.
Invariant 2: without input nothing runs: the listener's thread wakes the event loop once at the first input of a second, and the
loop then sleeps until that second ends.
Invariant 3: a listener is lost once its thread has ended, whatever its own state; every wait for a thread has a timeout.
Invariant 4: mouse motion is not decoded where pynput allows that: it takes most of the time of its own listener.
"""

import asyncio
import logging
import socket
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from typing import Any, Final

from detector.clock import Clock
from detector.core.observations import InputCounted, Observation, Sense, SensorStarted
from detector.errors import SensorUnavailable
from detector.i18n import _
from detector.sensors.channel import Channel
from detector.sensors.model import ClockSensor, SensorEvent
from detector.sensors.x11_connection import REMEDY, close_display, open_display

SECOND: Final = timedelta(seconds=1)
END_TIMEOUT: Final = timedelta(seconds=2)
"""How long the threads get to end."""
WHEEL: Final = range(4, 8)
"""Buttons 4 to 7 are a turn of the wheel: up, down, left, right."""
REQUIRED_HOOKS: Final = ("_EVENTS", "_run", "_mark_ready", "_handle_message")
"""Undocumented attributes of pynput's X11 listener, by which it can be restricted to presses."""

logger = logging.getLogger("turntoward.sensors")


class PynputInput(ClockSensor):
    """Counts of scrolls, keys and clicks by pynput's listener, on the X server's RECORD extension."""

    name = "pynput_input"
    sense: Sense = "input"

    async def probe(self) -> None:
        display = open_display()
        try:
            if not display.has_extension("RECORD"):
                raise SensorUnavailable(_("the X server has no RECORD extension"))
        finally:
            close_display(display)
        _mouse()

    async def observe(self) -> AsyncGenerator[SensorEvent, None]:
        channel: Channel[Observation] = Channel()
        watch = _InputWatch(self._clock, channel)
        try:
            await watch.start()
            while True:
                yield await channel.get()
        finally:
            await watch.close()


class InputCounters:
    """Counts of the listener's threads, which only go up; `on_first` is called at the first count after `read`."""

    def __init__(self, on_first: Callable[[], None]) -> None:
        self.scrolls = self.keys = self.clicks = 0
        self._on_first = on_first
        self._is_awake = False

    def wake(self) -> None:
        """Call `on_first`, if nothing was counted since `read`. Called in the threads."""
        if not self._is_awake:
            self._is_awake = True
            self._on_first()

    def read(self) -> tuple[int, int, int]:
        """Return the counts so far; whatever is counted from now on calls `on_first` again."""
        # In this order: a press in between is counted now and wakes for nothing, but is never missed.
        self._is_awake = False
        return self.scrolls, self.keys, self.clicks


class _InputWatch:
    def __init__(self, clock: Clock, channel: Channel[Observation]) -> None:
        self._clock = clock
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._counters = InputCounters(lambda: self._from_thread(self._begin_second))
        self._counted = (0, 0, 0)
        self._second_timer: asyncio.TimerHandle | None = None
        self._listeners: list[Any] = []
        self._running = 0
        self._ready_count = 0
        self._ready = asyncio.Event()
        self._ended = asyncio.Event()
        self._ending = False

    async def start(self) -> None:
        ready, ended = (lambda: self._from_thread(self._on_ready)), (lambda: self._from_thread(self._on_end))
        self._listeners = make_listeners(self._counters, ready=ready, ended=ended)
        self._running = len(self._listeners)
        for listener in self._listeners:
            listener.start()
        # `_on_end` sets it as well, so a thread that dies while it starts is not waited for.
        await self._ready.wait()
        if self._running == len(self._listeners):
            self._channel.put(SensorStarted(at=self._clock.now(), sense="input", sensor=PynputInput.name))

    def _from_thread(self, act: Callable[[], None]) -> None:
        # The loop may be closed already when a thread ends late.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(act)

    def _on_ready(self) -> None:
        # Where there are two listeners, both have to listen before a second without input counts as one.
        self._ready_count += 1
        if self._ready_count == len(self._listeners):
            self._ready.set()

    def _on_end(self) -> None:
        self._running -= 1
        if not self._running:
            self._ended.set()
        self._ready.set()
        if not self._ending:
            self._channel.close_as_lost(_("the listener's thread ended"))

    def _begin_second(self) -> None:
        if self._second_timer is None and not self._ending:
            self._second_timer = self._loop.call_later(SECOND.total_seconds(), self._end_second)

    def _end_second(self) -> None:
        self._second_timer = None
        before, self._counted = self._counted, self._counters.read()
        scrolls, keys, clicks = (now - then for now, then in zip(self._counted, before, strict=True))
        if scrolls or keys or clicks:
            self._channel.put(InputCounted(at=self._clock.now(), scrolls=scrolls, keys=keys, clicks=clicks))

    async def close(self) -> None:
        self._ending = True
        if self._second_timer is not None:
            self._second_timer.cancel()
        for listener in self._listeners:
            _shut_down(listener)
        with suppress(TimeoutError):
            async with asyncio.timeout(END_TIMEOUT.total_seconds()):
                if self._running:
                    await self._ended.wait()
        for listener in self._listeners:
            # After it has reported its end, a thread has a few instructions left.
            threading.Thread.join(listener, timeout=END_TIMEOUT.total_seconds())
            if listener.is_alive():
                logger.warning("%s: a listener's thread does not end; it is left behind", PynputInput.name)


def make_listeners(counters: InputCounters, *, ready: Callable[[], None], ended: Callable[[], None]) -> list[Any]:
    """Return the threads that count, not yet started: one that listens only to presses, or pynput's own two.

    `ready` and `ended` are called in the threads. Raises `SensorUnavailable`.
    """
    mouse = _mouse()
    if all(hasattr(mouse.Listener, name) for name in REQUIRED_HOOKS):
        return [_press_listener(mouse.Listener, counters, ready, ended)]

    # None of these returns False: that would end pynput's listener.
    def on_scroll(*_args: Any) -> None:
        counters.scrolls += 1
        counters.wake()

    def on_click(_x: int, _y: int, _button: Any, pressed: Any, *_args: Any) -> None:
        if pressed:
            counters.clicks += 1
            counters.wake()

    def on_press(*_args: Any) -> None:
        counters.keys += 1
        counters.wake()

    keyboard = import_module("pynput.keyboard")
    return [
        _watched(mouse.Listener, ready, ended)(on_click=on_click, on_scroll=on_scroll),
        _watched(keyboard.Listener, ready, ended)(on_press=on_press),
    ]


def _mouse() -> Any:
    # Imported when it is used: without an X server the import itself fails.
    try:
        return import_module("pynput.mouse")
    except ImportError as refused:
        raise SensorUnavailable(_("pynput cannot be used on this X server"), REMEDY) from refused


def _press_listener(
    listener: Any, counters: InputCounters, ready: Callable[[], None], ended: Callable[[], None]
) -> Any:
    x = import_module("Xlib.X")

    # Runs for every press in pynput's thread. Integers only go up there; the loop reads them, so no lock is needed.
    def _handle_message(_self: Any, _display: Any, event: Any, _injected: Any) -> None:
        if event.type == x.KeyPress:
            counters.keys += 1
        elif event.type != x.ButtonPress:
            return
        elif event.detail in WHEEL:
            counters.scrolls += 1
        else:
            counters.clicks += 1
        counters.wake()

    # RECORD takes a range of event types: key presses (2), key releases (3), button presses (4). Motion is 6.
    hooks = {"_EVENTS": (x.KeyPress, x.ButtonPress), "_handle_message": _handle_message}
    return type("PressListener", (_watched(listener, ready, ended),), hooks)()


def _watched(listener: Any, ready: Callable[[], None], ended: Callable[[], None]) -> Any:
    def run(self: Any) -> None:
        # When the X server dies, pynput's thread ends with an exception, which threading would print.
        with suppress(Exception):
            listener.run(self)
        for display in _displays(self):
            close_display(display)
        ended()

    def _mark_ready(self: Any) -> None:
        listener._mark_ready(self)  # noqa: SLF001 - pynput's own `wait` blocks without end if the thread dies first
        for display in _displays(self):
            # pynput frees its RECORD context twice when it ends; python-xlib would print that error.
            display.set_error_handler(lambda *_: None)
        ready()

    return type("WatchedListener", (listener,), {"run": run, "_mark_ready": _mark_ready})


def _shut_down(listener: Any) -> None:
    # pynput's own `stop` leaves its request unsent until the next event; the end of its connection ends it at once.
    for display in _displays(listener):
        with suppress(AttributeError, OSError):
            display.display.socket.shutdown(socket.SHUT_RDWR)


def _displays(listener: Any) -> list[Any]:
    # Two connections: RECORD blocks the one that it reports on. Neither is there before the thread has opened it.
    return [vars(listener)[name] for name in ("_display_record", "_display_stop") if name in vars(listener)]
