"""The commands: one file each, quick to ask for help, with an example, and not forgotten in the documentation."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from detector.cli import COMMANDS, load_command, turntoward
from tests.architecture.sources import ROOT

NAMES = [entry.name for entry in COMMANDS]
COLUMNS = 80
HEAVY = (
    "asyncio",
    "sqlite_utils",
    "dbus_fast",
    "apscheduler",
    "pynput",
    "psutil",
    "Xlib",
    "plyer",
    "rich",
    "dateutil",
    "msgspec",
    "segno",
    "h11",
    "http",
    "ssl",
)
ASK = """
import json, sys
from click.testing import CliRunner
from detector.cli import turntoward
answer = CliRunner().invoke(turntoward, sys.argv[1:])
print(json.dumps([answer.exit_code, sorted({name.split(".")[0] for name in sys.modules})]))
"""


@pytest.fixture
def answer(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Ask on a terminal 200 columns wide. Not by click's own runner, which would make it 80 columns by itself."""
    monkeypatch.setenv("COLUMNS", "200")

    def ask(*words: str) -> str:
        code = turntoward.main(args=words, prog_name="turntoward", standalone_mode=False)
        assert not code
        return capsys.readouterr().out

    return ask


def commands(name: str) -> list[tuple[list[str], click.Command]]:
    """Return the command and those inside it, each with the words that call it."""
    command = load_command(name)
    inside = command.commands.items() if isinstance(command, click.Group) else ()
    return [([name], command), *(([name, word], part) for word, part in inside)]


EVERY = [found for name in NAMES for found in commands(name)]


def test_command_names_are_unique_and_every_folder_of_commands_is_in_the_table() -> None:
    assert len(NAMES) == len(set(NAMES))
    folders = {path.parent.name for path in (ROOT / "detector" / "cli").glob("*/commands.py")}
    assert {entry.folder for entry in COMMANDS} == folders


@pytest.mark.parametrize(("called", "command"), EVERY, ids=[" ".join(called) for called, _ in EVERY])
def test_help_has_an_example_and_fits_the_width_of_a_terminal(
    called: list[str], command: click.Command, answer: Callable[..., str]
) -> None:
    assert isinstance(command, click.Command)
    help_of_it = answer(*called, "--help")
    assert [line for line in help_of_it.splitlines() if len(line) > COLUMNS] == []
    example = re.search(r"Example: (.*)", help_of_it)
    assert example, "an epilog 'Example: …' says how it is called"
    assert example[1].startswith(f"turntoward {called[0]}")
    if not isinstance(command, click.Group):
        assert example[1].startswith(f"turntoward {' '.join(called)}")


def test_the_help_of_the_program_fits_and_names_every_command(answer: Callable[..., str]) -> None:
    help_of_it = answer("--help")
    assert [line for line in help_of_it.splitlines() if len(line) > COLUMNS] == []
    assert "Example: turntoward " in help_of_it
    assert [name for name in NAMES if not re.search(rf"^  {name}  ", help_of_it, re.MULTILINE)] == []


@pytest.mark.parametrize("asked", [["--help"], ["--version"], *([name, "--help"] for name in NAMES)], ids=" ".join)
def test_help_imports_nothing_heavy(asked: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASK, *asked], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    code, loaded = json.loads(done.stdout)
    assert code == 0
    assert sorted(set(HEAVY) & set(loaded)) == []
    assert {"click", "detector"} <= set(loaded)


def pages_that_name(name: str, pages: dict[str, str]) -> list[str]:
    return [page for page, text in pages.items() if re.search(rf"\bturntoward {name}\b", text)]


def pages() -> dict[str, str]:
    found = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in found}


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_documented(name: str) -> None:
    assert pages_that_name(name, pages()), f"neither README.md nor docs/ says `turntoward {name}`"


def test_an_undocumented_command_is_found() -> None:
    assert pages_that_name("now", {"a.md": "turntoward nowhere, turntoward  now"}) == []


def test_no_page_names_an_unknown_command() -> None:
    told = {
        (page, name)
        for page, text in pages().items()
        for name in re.findall(r"`turntoward ([a-z]+(?:-[a-z]+)*)\b", text)
    }
    assert {(page, name) for page, name in told if name not in NAMES} == set()


def test_the_entry_point_is_installed_under_the_name_that_the_pages_use() -> None:
    installed = Path(sys.executable).with_name("turntoward")
    done = subprocess.run([installed, "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("turntoward")
