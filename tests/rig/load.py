"""The load of the bars: mouse motion, scrolls and key presses by XTEST, at a steady pace, until it is ended."""

from __future__ import annotations

import argparse
import time

from Xlib import XK, X
from Xlib.display import Display
from Xlib.ext import xtest

FREE_KEY = "F13"


def main() -> None:
    """Run until the process is ended, or `--seconds` have passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--motion", type=int, default=500, help="motions a second")
    parser.add_argument("--scrolls", type=int, default=10, help="scrolls a second")
    parser.add_argument("--keys", type=int, default=5, help="key presses a second")
    parser.add_argument("--seconds", type=float, default=None)
    arguments = parser.parse_args()

    display = Display()
    keycode = display.keysym_to_keycode(XK.string_to_keysym(FREE_KEY)) or 38
    streams = [
        [rate, 0, act]
        for rate, act in (
            (arguments.motion, lambda n: xtest.fake_input(display, X.MotionNotify, x=100 + n % 400, y=100 + n % 300)),
            (arguments.scrolls, lambda _n: _press(display, X.ButtonPress, X.ButtonRelease, 5)),
            (arguments.keys, lambda _n: _press(display, X.KeyPress, X.KeyRelease, keycode)),
        )
        if rate
    ]
    began = time.monotonic()
    tick = 1.0 / max(arguments.motion, 100)
    while arguments.seconds is None or time.monotonic() - began < arguments.seconds:
        elapsed = time.monotonic() - began
        for stream in streams:
            rate, done, act = stream
            # One event a flush, so that the server sees a stream and not a burst.
            while done < elapsed * rate:
                act(done)
                done += 1
                display.flush()
            stream[1] = done
        time.sleep(tick)


def _press(display: Display, down: int, up: int, detail: int) -> None:
    xtest.fake_input(display, down, detail)
    xtest.fake_input(display, up, detail)


if __name__ == "__main__":
    main()
