"""Record the bundled evening: the real daemon and its real sensors, on a real X server, in real time (19 minutes).

    python -m tests.recordings.record_evening detector/store/evening.jsonl

What is acted is written below, second by second; what is in the recording is what the sensors made of it, and what dunst
told of the answers. Nothing in the file is written by hand.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from detector.store.recordings import write_recording
from detector.store.store import Store
from tests.benchmarks.bars import Bench
from tests.rig.x11 import Terminal

RECIPE = "Lasagne | Chefkoch — Mozilla Firefox"
MESSAGES = "(2) WhatsApp — Mozilla Firefox"
FEED = "Instagram — Mozilla Firefox"
MAIL = "Inbox (3) - Gmail — Mozilla Firefox"
NOTE = "Acted on Xvfb with openbox and dunst by tests/recordings/record_evening.py; sensed by turntoward run."


class Actor:
    """Somebody at the laptop, whose evening runs by the clock."""

    def __init__(self, setup: Bench) -> None:
        self._setup = setup
        self._began = time.monotonic()
        self._open: dict[str, Terminal] = {}

    def at(self, second: float, act: Callable[[], object]) -> None:
        while time.monotonic() - self._began < second:
            time.sleep(0.05)
        sys.stderr.write(f"{second:6.0f} s\n")
        act()

    def shows(self, title: str) -> None:
        """Bring a page to the front: the browser is one toplevel whose title changes, as with tabs."""
        browser = self._open.get("browser")
        if browser is None:
            self._open["browser"] = self._setup.desktop.xterm(title, wm_class="firefox", command=["cat"])
        else:
            browser.rename(title)

    def scrolls(self, seconds: float, every: float = 0.7) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._setup.desktop.scroll()
            time.sleep(every)

    def types(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._setup.desktop.press("a", "b", "space")
            time.sleep(0.5)


def act(setup: Bench) -> None:
    """Act the evening: dinner, a first message, a feed, a second message, mail, and a feed for both."""
    setup.call("now", "19min", "--title", "Dinner")
    actor, dunst = Actor(setup), setup.dunst
    actor.at(3, lambda: actor.shows(RECIPE))
    actor.at(5, lambda: actor.scrolls(14, 2.0))
    actor.at(100, lambda: (actor.shows(MESSAGES), actor.types(11)))
    actor.at(112, lambda: (actor.shows(RECIPE), actor.scrolls(3)))
    actor.at(200, lambda: (actor.shows(FEED), actor.scrolls(71)))
    actor.at(272, lambda: dunst.answer("put_away"))
    actor.at(275, lambda: (actor.shows(RECIPE), actor.scrolls(2)))
    actor.at(400, lambda: (actor.shows(MESSAGES), actor.types(11)))
    actor.at(412, lambda: (actor.shows(RECIPE), actor.scrolls(2)))
    actor.at(600, lambda: (actor.shows(MAIL), actor.scrolls(88, 4.0)))
    actor.at(690, lambda: (actor.shows(RECIPE), actor.scrolls(2)))
    actor.at(800, lambda: (actor.shows(MESSAGES), actor.types(11)))
    actor.at(812, lambda: (actor.shows(RECIPE), actor.scrolls(2)))
    actor.at(960, lambda: (actor.shows(FEED), actor.scrolls(66)))
    actor.at(1028, lambda: dunst.answer("together"))
    actor.at(1029, lambda: actor.scrolls(40, 3.0))
    actor.at(1072, lambda: (actor.shows(RECIPE), actor.scrolls(2)))
    actor.at(19 * 60 + 3, lambda: None)


def main() -> None:
    """Act, then write down what the store has kept."""
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="turntoward-evening-") as folder, ExitStack() as stack:
        setup = Bench(stack, Path(folder) / "home")
        with setup.daemon():
            act(setup)
        with Store.open(setup.home / ".local/share/turntoward/turntoward.sqlite", read_only=True) as store:
            [evening] = store.history.occurrences()
            assert evening.ended is not None
            written = write_recording(target, store.history.observations(evening.id), device="laptop", note=NOTE)
            for moment in store.history.moments():
                sys.stderr.write(f"{moment.rule} {moment.decided} {moment.reason} {moment.outcome}\n")
    sys.stderr.write(f"{written} observations in {target}\n")


if __name__ == "__main__":
    main()
