"""`turntoward what`, live, on a real X server: what is in front, never its title, nothing stored."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from detector.paths import config_path
from tests.rig.processes import until
from tests.rig.x11 import Desktop

pytestmark = pytest.mark.real
CANARY = "qzxcanary"
WHAT = (sys.executable, "-m", "detector.cli", "what")


# Tests that run in the background ignore Ctrl+C, and started programs would inherit that.
HEEDS_CTRL_C = ("env", "--default-signal=INT")


class LiveView:
    """`turntoward what --json` at a terminal of its own."""

    def __init__(self, desktop: Desktop) -> None:
        self._terminal, theirs = pty.openpty()
        os.set_blocking(self._terminal, False)
        self.said = ""
        self.process = subprocess.Popen(
            [*HEEDS_CTRL_C, *WHAT, "--json"], stdin=theirs, stdout=theirs, stderr=theirs, env=desktop.env
        )
        os.close(theirs)

    def lines(self) -> list[dict[str, str]]:
        # EIO: the other side has closed it.
        with suppress(BlockingIOError, OSError):
            while more := os.read(self._terminal, 65536):
                self.said += more.decode()
        return [json.loads(line) for line in self.said.splitlines() if line.startswith("{") and line.endswith("}")]

    def close(self) -> None:
        self.process.kill()
        self.process.wait(10)
        os.close(self._terminal)


def test_what_shows_each_change_until_ctrl_c_and_stores_nothing(x_desktop: Desktop, home: Path) -> None:
    terminal = x_desktop.xterm(f"{CANARY} - YouTube — Mozilla Firefox", wm_class="firefox")
    with closing(LiveView(x_desktop)) as live:
        until(lambda: any(line["category"] == "video" for line in live.lines()), what="the site in the title")
        terminal.rename(f"{CANARY} / X — Mozilla Firefox")
        until(lambda: any(line["category"] == "social" for line in live.lines()), what="the title's change")
        terminal.rename(f"{CANARY} — Mozilla Firefox")
        until(lambda: live.lines()[-1]["category"] not in ("video", "social"), what="a page that nobody knows")
        live.process.send_signal(signal.SIGINT)
        assert live.process.wait(timeout=10) == 0
        live.lines()
    assert CANARY not in live.said
    assert [path for path in home.rglob("*") if "turntoward" in path.name] == []


def test_what_once_ends_by_itself_and_names_what_would_be_kept(x_desktop: Desktop) -> None:
    config_path().parent.mkdir(parents=True)
    config_path().write_text("[store]\nkeep_names = true\n")
    x_desktop.xterm("Home / X — Mozilla Firefox", wm_class="firefox")
    output = subprocess.run(
        [*WHAT, "--once"], env=x_desktop.env, capture_output=True, text=True, timeout=30, check=True
    )
    assert "social: X" in output.stdout
    assert "Home" not in output.stdout
