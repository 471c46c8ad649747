"""Tab completes commands, options and the person's own titles in real shells: bash, zsh and fish."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from detector.cli import COMMANDS
from detector.partner_time.model import PartnerTime
from detector.paths import store_path
from detector.store.model import Calendar
from detector.store.store import Store
from tests.rig.processes import until

BIN = Path(sys.executable).parent
NUMBER = itertools.count(1)
TITLES = ("Dinner", "Sunday walk", "Tea, and talk", "What's new $HOME `id`")


@pytest.fixture(autouse=True)
def declared(home: Path) -> None:
    with Store.open(store_path()) as store:
        for title in TITLES:
            store.plans.add(
                PartnerTime(
                    title=title,
                    begins=datetime(2026, 11, 23, 18, 30),
                    lasts=timedelta(minutes=90),
                    zone="UTC",
                    recurrence="FREQ=DAILY",
                )
            )
        store.calendars.save(Calendar(name="Our calendar", location="/nowhere.ics"))


def turntoward(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / "turntoward", *words], env=os.environ | more, capture_output=True, text=True, check=False, timeout=60
    )


class Shell:
    """A shell in a tmux pane, in which somebody types and presses Tab."""

    def __init__(self, command: str, home: Path) -> None:
        self._tmux = ["tmux", "-L", f"completion-{os.getpid()}-{next(NUMBER)}", "-f", "/dev/null"]
        # As the pane's own environment; it must not depend on a server that somebody else started.
        self._env = os.environ | {"HOME": str(home), "PATH": f"{BIN}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        self._call("new-session", "-d", "-x", "150", "-y", "50", command)

    def type(self, text: str) -> None:
        self._call("send-keys", "-l", "--", text)

    def tab(self) -> None:
        self._call("send-keys", "Tab")

    def enter(self) -> None:
        self._call("send-keys", "Enter")

    def shown(self) -> str:
        return self._call("capture-pane", "-p", "-J")

    def waits_for(self, words: str) -> None:
        until(lambda: words in self.shown(), what=f"'{words}' in\n{self.shown()}\n")

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], env=self._env, check=False, capture_output=True)

    def _call(self, *words: str) -> str:
        return subprocess.run(
            [*self._tmux, *words], env=self._env, check=True, capture_output=True, text=True, timeout=20
        ).stdout


def needed(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


@pytest.fixture
def opened(home: Path) -> Iterator[Callable[[str], Shell]]:
    shells: list[Shell] = []

    def open_one(command: str) -> Shell:
        shells.append(Shell(command, home))
        return shells[-1]

    yield open_one
    for shell in shells:
        shell.close()


@pytest.fixture
def bash(opened: Callable[[str], Shell], home: Path) -> Shell:
    needed("tmux", "bash")
    (home / "rc").write_text('PS1="> "\nset +H\neval "$(turntoward completion bash)"\n')
    shell = opened(f"bash --noprofile --rcfile {home}/rc -i")
    shell.waits_for("> ")
    return shell


@pytest.fixture
def zsh(opened: Callable[[str], Shell], home: Path) -> Shell:
    needed("tmux", "zsh")
    done = turntoward("completion", "zsh", "--install")
    assert done.returncode == 0
    # The very lines that it says belong there.
    lines = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert len(lines) == 2
    (home / ".zshrc").write_text("PS1='> '\n" + "\n".join(lines) + "\n")
    shell = opened("zsh -i")
    shell.waits_for("> ")
    return shell


@pytest.fixture(params=["bash", "zsh"])
def shell(request: pytest.FixtureRequest) -> Shell:
    opened: Shell = request.getfixturevalue(request.param)
    return opened


def test_tab_completes_a_command(shell: Shell) -> None:
    shell.type("turntoward rem")
    shell.tab()
    shell.waits_for("turntoward remove ")


def test_tab_completes_a_title_as_one_word(shell: Shell) -> None:
    shell.type("turntoward remove Sun")
    shell.tab()
    shell.waits_for(r"turntoward remove Sunday\ walk")


def test_file_names_are_completed_by_the_shell(shell: Shell, home: Path) -> None:
    (home / "our calendar.ics").touch()
    shell.type(f"turntoward calendar import {home}/our")
    shell.tab()
    shell.waits_for(r"our\ calendar.ics")


def test_tab_completes_a_partly_quoted_title(shell: Shell) -> None:
    shell.type('turntoward remove "Tea')
    shell.tab()
    shell.waits_for('turntoward remove "Tea, and talk"')


def test_the_content_of_a_title_is_never_executed(shell: Shell) -> None:
    shell.type("turntoward remove What")
    shell.tab()
    shell.waits_for(r"new\ \$HOME")
    shell.type("--yes")
    shell.enter()
    shell.waits_for("Removed: What's new $HOME `id`: every day,")


def test_fish_completes_commands_options_and_titles(home: Path) -> None:
    needed("fish")
    assert turntoward("completion", "fish", "--install").returncode == 0
    env = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(home)}

    def complete(line: str) -> dict[str, str]:
        asked = ["fish", "-c", f"complete -C {line!r}"]
        done = subprocess.run(asked, env=env, capture_output=True, text=True, check=True, timeout=60)
        rows = (row.partition("\t") for row in done.stdout.splitlines())
        return {word: help_ for word, _, help_ in rows}

    assert complete("turntoward rem") == {"remove": "remove a declared partner time"}
    assert complete("turntoward remove ") == dict.fromkeys(TITLES, "every day, 18:30–20:00, UTC")
    assert complete("turntoward remove --y").keys() == {"--yes"}
    assert complete("turntoward calendar remove ").keys() == {"Our calendar"}
    (home / "ours.ics").touch()
    assert complete(f"turntoward calendar import {home}/ou").keys() == {f"{home}/ours.ics"}


def test_titles_used_twice_are_completed_by_number() -> None:
    with Store.open(store_path()) as store:
        store.plans.add(
            PartnerTime(
                title="dinner",
                begins=datetime(2026, 11, 23, 21),
                lasts=timedelta(minutes=30),
                zone="UTC",
                recurrence="FREQ=DAILY",
            )
        )
    asked = turntoward(_TURNTOWARD_COMPLETE="bash_complete", COMP_WORDS="turntoward\nremove\n", COMP_CWORD="2")
    assert asked.stdout.splitlines()[0] == "plain,1"
    assert "plain,5" in asked.stdout.splitlines()


def test_without_a_store_nothing_is_completed_and_no_file_is_made() -> None:
    store_path().unlink()
    asked = turntoward(_TURNTOWARD_COMPLETE="bash_complete", COMP_WORDS="turntoward\nremove\n", COMP_CWORD="2")
    assert (asked.stdout.strip(), asked.stderr, asked.returncode) == ("", "", 0)
    assert not store_path().exists()


def test_completing_commands_imports_none_of_them() -> None:
    script = (
        "import sys; from detector.cli import main\n"
        "try: main()\n"
        "finally: print(sorted(name for name in sys.modules if name.endswith('_command')))"
    )
    env = os.environ | {"_TURNTOWARD_COMPLETE": "bash_complete", "COMP_WORDS": "turntoward\n", "COMP_CWORD": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert lines[-1] == "[]"
    assert lines[:-1] == [f"plain,{entry.name}" for entry in COMMANDS]


def test_an_unwritable_completion_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bash-completion").write_text("a file where a folder should be")
    done = turntoward("completion", "bash", "--install", XDG_DATA_HOME=str(tmp_path))
    assert (done.returncode, "cannot be written" in done.stderr) == (1, True)
