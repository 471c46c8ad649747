"""`turntoward replay --watch` in a real terminal: its keys, and the terminal afterwards."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from detector.cli import turntoward
from detector.cli.replay.lines import _TOLD, WORDS
from detector.core.observations import KINDS, InputCounted
from tests.rig.x11 import until

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("turntoward")
EVENING = ROOT / "detector/store/evening.jsonl"
NUMBER = itertools.count(1)


class Terminal:
    """One tmux pane of 100 columns, in which a shell runs the command, and then says how the terminal is set."""

    def __init__(self, socket: str, home: Path) -> None:
        self._tmux = ["tmux", "-L", socket, "-f", "/dev/null"]
        self._env = os.environ | {"HOME": str(home), "TZ": "UTC"}
        self.pid = home / "pid"

    def run(self, *arguments: str) -> None:
        command = f"echo $$ > {self.pid}; exec {COMMAND} replay {EVENING} --watch {' '.join(arguments)}"
        whole = f"sh -c '{command}'; echo left $?; stty -a; sleep 600"
        self._call("new-session", "-d", "-x", "100", "-y", "50", whole)

    def press(self, *keys: str) -> None:
        self._call("send-keys", *keys)

    def shown(self) -> str:
        return self._call("capture-pane", "-p", "-S", "-500")

    def waits_for(self, words: str) -> str:
        until(lambda: words in self.shown(), what=f"'{words}' on the screen")
        return self.shown()

    def last(self) -> str:
        return [line for line in self.shown().splitlines() if line.strip()][-1]

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], env=self._env, check=False, capture_output=True)

    def _call(self, *words: str) -> str:
        return subprocess.run(
            [*self._tmux, *words], env=self._env, check=True, capture_output=True, text=True, timeout=20
        ).stdout


@pytest.fixture
def terminal(home: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    opened = Terminal(f"turntoward-{os.getpid()}-{next(NUMBER)}", home)
    yield opened
    opened.close()


def is_as_before(shown: str) -> bool:
    settings = shown.rpartition("left ")[2].split()
    return {"icanon", "echo", "isig"} <= set(settings) and not {"-icanon", "-echo", "-isig"} & set(settings)


def test_keys_pause_step_change_the_speed_and_quit_and_the_terminal_is_as_before(terminal: Terminal) -> None:
    terminal.run("--speed", "1")
    terminal.waits_for("1 times as fast")
    terminal.press("Space")
    terminal.waits_for("paused")
    terminal.press("+", "+", "+", "-")
    terminal.press("s")
    shown = terminal.waits_for("> nudge 1: A feed, scrolled (F101). Social media, 1 min.")
    assert "> kept" not in shown
    assert "06:46:00  paused  space pause" in terminal.last()
    terminal.press("s")
    shown = terminal.waits_for("> kept, not said: A second message (M301)")
    assert "you answer nudge 1: put away" in shown
    assert "what came of nudge 1: put away within 30 s" in shown
    assert shown.count("> nudge") == 1
    terminal.press("Space")
    terminal.waits_for("4 times as fast")
    terminal.press("Up")
    terminal.press("q")
    shown = terminal.waits_for("left 0")
    terminal.waits_for("icanon")
    assert is_as_before(terminal.shown())
    assert "times as fast" not in shown
    assert "1 partner time, " in shown


def test_it_runs_to_its_end_by_itself(terminal: Terminal) -> None:
    terminal.run("--speed", "14400")
    shown = terminal.waits_for("left 0")
    assert "Partner time is over" in shown
    terminal.waits_for("icanon")
    assert is_as_before(terminal.shown())


@pytest.mark.parametrize(
    ("number", "left"),
    [(signal.SIGTERM, "left 143"), (signal.SIGHUP, "left 129"), (signal.SIGINT, "left 130")],
    ids=["TERM", "HUP", "INT"],
)
def test_whoever_ends_it_the_terminal_is_as_before(terminal: Terminal, number: signal.Signals, left: str) -> None:
    terminal.run("--speed", "1")
    terminal.waits_for("1 times as fast")
    os.kill(int(terminal.pid.read_text()), number)
    terminal.waits_for(left)
    terminal.waits_for("icanon")
    assert is_as_before(terminal.shown())


def test_where_nobody_can_press_a_key_all_lines_are_written_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    plain = CliRunner().invoke(turntoward, ["replay", str(EVENING)])
    done = CliRunner().invoke(turntoward, ["replay", str(EVENING), "--watch", "--speed", "1"])
    assert done.exit_code == 0
    assert "\x1b" not in done.output
    lines = done.output.splitlines()
    assert "  Partner time, until " in lines[0]
    # The same decisions as without watching.
    assert lines[-1] == plain.output.splitlines()[-1]
    nudges = sum("> nudge" in line for line in lines)
    assert f"{nudges} nudge" in lines[-1]
    # What time alone decides is told at its own instant, not at the next observation.
    assert any(line.endswith(":32  > what came of nudge 1: put away within 30 s") for line in lines)
    instants = [line[:8] for line in lines[:-1]]
    assert instants == sorted(instants)


def test_watching_is_for_people_and_json_for_programs() -> None:
    done = CliRunner().invoke(turntoward, ["replay", str(EVENING), "--watch", "--json"])
    assert "give one of them" in str(done.exception)


def test_a_broken_recording_is_said_before_anything_is_shown(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text(EVENING.read_text() + "oops\n")
    done = CliRunner().invoke(turntoward, ["replay", str(broken), "--watch"])
    assert done.output == ""
    assert "this is no JSON" in str(done.exception)


def test_every_kind_of_observation_has_its_words() -> None:
    assert set(KINDS.values()) - {InputCounted} == {*WORDS, *_TOLD}


def test_a_rule_change_that_an_old_recording_holds_is_read_and_decides_nothing(tmp_path: Path) -> None:
    heading, began, *rest = EVENING.read_text().splitlines()
    at = began.partition('"at": "')[2].partition('"')[0]
    changed = f'{{"at": "{at}", "kind": "RulesChanged", "digest": "0123456789abcdef"}}'
    path = tmp_path / "changed.jsonl"
    path.write_text("\n".join([heading, began, changed, *rest]) + "\n")
    moments, old_moments = (
        json.loads(CliRunner().invoke(turntoward, ["replay", str(file), "--json"]).output)["moments"]
        for file in (EVENING, path)
    )
    assert moments
    assert old_moments == moments
