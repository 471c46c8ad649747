"""Canaries: what stands in titles, what is typed, what programs are called. None of it is left anywhere.

Every file below the home, everything a daemon or a command wrote on its outputs with the most verbose logging there is,
and everything that went over the session bus is searched. Then leaks are planted, to see each of them caught.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from tests.endtoend.conftest import Begin
from tests.endtoend.evening import Evening
from tests.endtoend.traces import LEAST, below, is_in, traces
from tests.rig.processes import needs, until

pytestmark = [pytest.mark.real, pytest.mark.thorough]

TITLE: Final = "quagmirewombatlute"
PAGE: Final = "xylophonekestrelfen"
TYPED: Final = "zephyrmarmotjukebox"
ARGUMENT: Final = "vortexpelicangazebo"
CLASS: Final = "bivouacnarwhalquill"
PROGRAM: Final = "dwarfocelotsphinx"
CANARIES: Final = (TITLE, PAGE, TYPED, ARGUMENT, CLASS, PROGRAM)

# Every logger at DEBUG whatever is set, and asyncio telling of every single callback with its arguments.
VERBOSE: Final = """
import asyncio.base_events, logging
setting = logging.Logger.setLevel
logging.Logger.setLevel = lambda self, level: setting(self, logging.DEBUG)
making = asyncio.base_events.BaseEventLoop.__init__
def make(self, *arguments, **named):
    making(self, *arguments, **named)
    self.slow_callback_duration = 0.0
asyncio.base_events.BaseEventLoop.__init__ = make
"""

COMMANDS: Final = (
    "report",
    "report --json",
    "export",
    "export --json",
    "export --output all.json",
    "status",
    "status --json",
    "doctor",
    "doctor --json",
    "list",
    "rules",
    "config show",
)


@pytest.fixture
def verbose(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "verbose"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(VERBOSE)
    return {"PYTHONPATH": str(folder), "PYTHONDEVMODE": "1"}


def hear_the_bus(evening: Evening, into: Path) -> None:
    needs("dbus-monitor")
    with into.open("wb") as heard:
        evening.desktop.start("dbus-monitor", "--address", evening.bus.address, stdout=heard)
    until(lambda: b"NameAcquired" in into.read_bytes(), what="the bus is heard")


def observed(evening: Evening) -> list[dict[str, Any]]:
    return [json.loads(row["fields"]) for row in evening.rows("SELECT fields FROM observations")]


def in_front(evening: Evening) -> set[str]:
    return {field["activity"]["category"] for field in observed(evening) if field.get("activity")}


def type_into(evening: Evening, word: str) -> None:
    evening.desktop.xdotool("type", "--delay", "20", word)


def places(evening: Evening, said: Mapping[str, str], bus: Path) -> dict[str, bytes]:
    return {
        **below(evening.home),
        **{command: answer.encode() for command, answer in said.items()},
        "the daemon's outputs": evening.daemon_output().encode(),
        "the session bus": bus.read_bytes(),
        "the notifications": evening.dunst.ctl("history").encode(),
    }


@pytest.mark.parametrize("keep_names", [False, True], ids=["as-it-comes", "names-are-kept"])
def test_no_canary_is_left_anywhere(
    evening_with: Begin, tmp_path: Path, verbose: dict[str, str], keep_names: bool
) -> None:
    assert all(len(word) >= LEAST for word in CANARIES)
    evening = evening_with(config=f"[store]\nkeep_names = {str(keep_names).lower()}\n")
    bus = tmp_path / "bus"
    hear_the_bus(evening, bus)
    daemon = evening.run(env=verbose)
    evening.begin()
    program = tmp_path / PROGRAM
    shutil.copy("/bin/sleep", program)
    desktop, said = evening.desktop, {}

    waiting = [sys.executable, "-c", "import signal; signal.pause()", ARGUMENT]
    desktop.xterm("a terminal", command=waiting)
    said["what in the terminal"] = evening.run_command("what", "--once")
    desktop.xterm("another terminal", command=[str(program), "infinity"])
    until(lambda: "Focused" in evening.kinds(), what="a focus is kept")
    desktop.xterm(f"{PAGE} document", wm_class=CLASS)
    feed = evening.feed(f"{TITLE} • Instagram — Mozilla Firefox")
    type_into(evening, TYPED)
    for turn in range(3):
        feed.rename(f"{PAGE} number {turn} - YouTube — Mozilla Firefox")
        # Of titles that follow each other at once only the last is read.
        until(lambda: "video" in in_front(evening), what="the second site is seen")
        feed.rename(f"({turn}) {TITLE} {PAGE * 200} • Instagram — Mozilla Firefox")
    said["what in the browser"] = evening.run_command("what", "--once")
    evening.scroll_until_nudged()
    evening.answer("put_away")
    until(lambda: evening.moments("answer = 'put_away'"), what="the answer")
    said |= {command: evening.run_command(*command.split()) for command in COMMANDS if "--output" not in command}
    evening.run_command("export", "--output", str(evening.home / "all.json"))
    evening.kill(daemon)

    # What is looked for was seen: the titles decided, the keys were counted, every message went over the bus.
    fields = observed(evening)
    assert {"social", "video", "system"} <= in_front(evening)
    assert sum(field.get("keys", 0) for field in fields) >= len(TYPED)
    assert {name for field in fields if "scrolls" in field for name in field} <= {"scrolls", "keys", "clicks"}
    assert evening.daemon_output().count("Executing <") > 100
    searched = places(evening, said, bus)
    assert len(searched[f"{evening.store}-wal"]) > 0
    assert is_in("Put it away", searched["the session bus"])
    assert ("social: Instagram" if keep_names else "  social\n") in said["what in the browser"]

    assert traces(CANARIES, searched) == set()
    # The names of the catalogue are kept by those who chose so, and nowhere but in the store and what shows all of it.
    named = {place for _, place in traces(["Instagram", "YouTube"], searched)} - {"what in the browser"}
    kept = {str(evening.store), f"{evening.store}-wal", str(evening.home / "all.json"), "export", "export --json"}
    assert named <= (kept if keep_names else set())
    names = {row["name"] for row in evening.moments()}
    assert names == ({"Instagram"} if keep_names else {None})


LEAKS: Final = {
    "logged": (TITLE, "logging.getLogger('turntoward').info('%s', seen.toplevel.title)"),
    "kept": (
        TITLE,
        "self._keep_names = True; self._classify = lambda top: Activity(category='social', name=top.title)",
    ),
    "written": (TITLE, "Path.home().joinpath('.hidden').write_bytes(seen.toplevel.title.encode('utf-16'))"),
    "named-so": (TITLE, "Path.home().joinpath(seen.toplevel.title[:18]).touch()"),
    "raised": (TITLE, "asyncio.get_running_loop().call_exception_handler({'message': seen.toplevel.title})"),
}
LEAKING: Final = """
import asyncio, logging, sys
from pathlib import Path
from detector.cli import main
from detector.daemon.inbox import Inbox
from detector.core.observations import Activity
focused = Inbox._focused
def leak(self, seen):
    if seen.toplevel is not None:
        LEAK
    return focused(self, seen)
Inbox._focused = leak
sys.argv = ["turntoward", "run"]
main()
"""
LISTENING: Final = """
import sys
from pynput import keyboard
from detector.cli import main
def pressed(key):
    sys.stdout.write(getattr(key, "char", None) or "")
    sys.stdout.flush()
keyboard.Listener(on_press=pressed).start()
sys.argv = ["turntoward", "run"]
main()
"""


def leaky_evening(evening: Evening, script: str) -> set[tuple[str, str]]:
    daemon = evening.run(sys.executable, "-c", script)
    evening.begin()
    evening.feed(f"{TITLE} • Instagram — Mozilla Firefox")
    type_into(evening, TYPED)
    until(lambda: {"Focused", "InputCounted"} <= set(evening.kinds()), what="focus and input are kept")
    evening.kill(daemon)
    return traces(CANARIES, {**below(evening.home), "the daemon's outputs": evening.daemon_output().encode()})


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leaked_title_is_found(evening: Evening, leak: str) -> None:
    word, fault = LEAKS[leak]
    assert word in {found for found, _ in leaky_evening(evening, LEAKING.replace("LEAK", fault))}


def test_leaked_keys_are_found(evening: Evening) -> None:
    assert leaky_evening(evening, LISTENING) == {(TYPED, "the daemon's outputs")}


def test_a_word_split_between_two_pages_is_found() -> None:
    for split in range(len(TITLE) + 1):
        assert is_in(TITLE, TITLE[:split].upper().encode() + b"\0" * 4096 + TITLE[split:].encode())
        assert is_in(TITLE, TITLE[:split].encode("utf-16-le") + b"\1" * 4096 + TITLE[split:].encode("utf-16-le"))
    assert not is_in(TITLE, b"a quagmir, a wombat and a lute " * 1000)
