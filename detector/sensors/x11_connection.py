"""A connection to the X server that the event loop reads: no thread, no polling, and an end that is noticed.

Invariant 1: events that arrive during a round trip are buffered inside python-xlib, where the loop does not see them: after
every request the buffer is emptied.
Invariant 2: the number of the descriptor is kept from the start: python-xlib does not return it once the server is gone.
Invariant 3: an X error about a toplevel that is gone is an everyday event, not a failure.
"""

# python-xlib has no annotations.
# mypy: disallow-untyped-calls=False

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from Xlib import display as xlib_display
from Xlib import error

from detector.errors import SensorUnavailable
from detector.i18n import _
from detector.sensors.channel import Channel

MAX_ROUNDS: Final = 16
"""How often in a row new events are handled before the rest of the program gets its turn."""
REMEDY: Final = _("start it from the desktop's own session, where DISPLAY and XAUTHORITY are set")


def open_display() -> Any:
    """Connect to the X server of the environment. Raises `SensorUnavailable`."""
    display: Any = None
    with suppress(error.DisplayError, error.ConnectionClosedError, error.XauthError, OSError):
        display = xlib_display.Display()
    if display is None:
        # Raised outside of the handler: the traceback of the cause would keep the library's half-open socket alive.
        raise SensorUnavailable(_("the X server does not take a connection"), REMEDY)
    # Errors of requests without a reply: a toplevel was closed while we asked for its events. python-xlib would print them.
    display.set_error_handler(lambda *_error: None)
    return display


def close_display(display: Any) -> None:
    """Close a connection, also one whose server is gone."""
    with suppress(error.ConnectionClosedError, OSError):
        display.close()
    with suppress(OSError):
        # python-xlib leaves its socket open when closing fails half-way.
        display.display.socket.close()


class X11Connection:
    """A display read by the event loop: `on_event` is given each event, `on_drained` is called once none is left.

    The end of the server, and a bug in a callback, go to the channel.
    """

    def __init__(
        self, channel: Channel[Any], on_event: Callable[[Any], None], on_drained: Callable[[], None] = lambda: None
    ) -> None:
        self._channel = channel
        self._on_event = on_event
        self._on_drained = on_drained
        self._loop = asyncio.get_running_loop()
        self.display = open_display()
        self._fd: int | None = self.display.fileno()
        self._loop.add_reader(self._fd, self.run)

    @property
    def is_open(self) -> bool:
        return self._fd is not None

    def run(self, action: Callable[[], None] = lambda: None) -> None:
        """Call `action`, which may use the display, then handle every event that is there."""
        if self._fd is None:
            return
        try:
            action()
            for _round in range(MAX_ROUNDS):
                waiting = self.display.pending_events()
                if not waiting:
                    self.display.flush()
                    return
                for _event in range(waiting):
                    self._on_event(self.display.next_event())
                self._on_drained()
            self._loop.call_soon(self.run)
        except (error.ConnectionClosedError, OSError):
            self.close()
            self._channel.close_as_lost(_("the X server went away"))
        except Exception as bug:  # noqa: BLE001 - raised again where the channel is read
            self.close()
            self._channel.fail(bug)

    def close(self) -> None:
        if self._fd is None:
            return
        self._loop.remove_reader(self._fd)
        self._fd = None
        close_display(self.display)
