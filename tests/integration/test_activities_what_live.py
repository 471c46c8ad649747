"""`turntoward what`, live, on a real X server: what is in front, never its title, nothing stored."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.rig.processes import until
from tests.rig.x11 import Desktop

pytestmark = pytest.mark.real
CANARY = "qzxcanary"
WHAT = (sys.executable, "-m", "detector.cli", "what")


# Whoever runs the tests in the background has Ctrl+C ignored, and what is started inherits that.
HEEDS_CTRL_C = ("env", "--default-signal=INT")


@contextmanager
def _running(desktop: Desktop, out: Path) -> Iterator[subprocess.Popen[bytes]]:
    env = {**desktop.env, "PYTHONUNBUFFERED": "1"}
    with (
        out.open("wb") as file,
        subprocess.Popen([*HEEDS_CTRL_C, *WHAT, "--json"], stdout=file, stderr=subprocess.STDOUT, env=env) as running,
    ):
        try:
            yield running
        finally:
            running.kill()


def _lines(out: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines() if line.endswith("}")]


def test_what_shows_each_change_until_ctrl_c_and_stores_nothing(x_desktop: Desktop, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "said"
    terminal = x_desktop.xterm(f"{CANARY} - YouTube — Mozilla Firefox", wm_class="firefox")
    with _running(x_desktop, out) as running:
        until(lambda: any(line["category"] == "video" for line in _lines(out)), what="the site in the title")
        terminal.rename(f"{CANARY} / X — Mozilla Firefox")
        until(lambda: any(line["category"] == "social" for line in _lines(out)), what="the title's change")
        terminal.rename(f"{CANARY} — Mozilla Firefox")
        until(lambda: _lines(out)[-1]["category"] == "other", what="a page that nobody knows")
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=10) == 0
    assert CANARY not in out.read_text(encoding="utf-8")
    assert [path for path in home.rglob("*") if "turntoward" in path.name] == []


def test_what_once_ends_by_itself(x_desktop: Desktop) -> None:
    x_desktop.xterm("Home / X — Mozilla Firefox", wm_class="firefox")
    said = subprocess.run([*WHAT, "--once"], env=x_desktop.env, capture_output=True, text=True, timeout=30, check=True)
    assert "social: X" in said.stdout
    assert "Home" not in said.stdout
