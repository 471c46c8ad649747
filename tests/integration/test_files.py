"""What is not a regular file never makes a command wait, and nobody but the owner may write to what the program writes."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from detector.control.lock import Lock
from detector.core.observations import PartnerTimeEnded
from detector.daemon.crash_dump import save_crash_dump
from detector.files import open_regular
from detector.paths import config_path, rules_dir, state_dir, store_files, store_path
from tests.rig.command import run_command

KINDS = {
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a socket": lambda path: bind(path),  # noqa: PLW0108 - defined below
}
Make = Callable[[Path], object]
AT = datetime(2026, 11, 30, 18, tzinfo=UTC)


def bind(path: Path) -> None:
    # A socket's whole path may have 107 characters.
    before = Path.cwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(before)


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def make(request: pytest.FixtureRequest) -> Make:
    made: Make = request.param
    return made


def put(path: Path, make: Make) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    make(path)


def test_in_place_of_the_store_it_is_refused_at_once(home: Path, make: Make) -> None:
    export = home / "calendar.ics"
    export.write_text("BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n")
    put(store_path(), make)
    for command in (
        "list",
        "report",
        "why",
        "export",
        "now 5min",
        "pause 5min",
        "forget 5min",
        "calendar import",
        "run",
    ):
        arguments = command.split() + ([str(export)] if "import" in command else [])
        done = run_command(*arguments)
        assert done.returncode == 1, (command, done.stdout, done.stderr)
        assert "the store must be" in done.stderr, command
    status = run_command("status")
    assert status.returncode == 0
    assert "What is declared cannot be read; `turntoward doctor` says why." in status.stdout
    assert "the store must be" in " ".join(run_command("doctor").stdout.split())


@pytest.mark.parametrize("number", [1, 2, 3], ids=["-wal", "-shm", "-journal"])
def test_a_pipe_in_place_of_a_file_beside_the_store_is_refused_at_once(number: int) -> None:
    assert run_command("now", "5min").returncode == 0
    pipe = store_files(store_path())[number]
    os.mkfifo(pipe)
    for command in ("list", "export", "pause 5min", "run"):
        done = run_command(*command.split())
        assert (done.returncode, f"{pipe} is not a regular file" in done.stderr) == (1, True), command
    assert "cannot be read" in run_command("status").stdout


def test_in_place_of_the_settings_it_is_refused_at_once(make: Make) -> None:
    put(config_path(), make)
    for command in ("run", "config show", "what --app a.b", "what --learn --app a.b --category work --yes"):
        done = run_command(*command.split())
        assert done.returncode == 2, command
        assert f"{config_path()}: cannot be read: " in done.stderr, command


def test_in_place_of_a_file_of_rules_it_is_reported_and_the_other_rules_hold(make: Make) -> None:
    put(rules_dir() / "own.toml", make)
    assert run_command("status").returncode == 0
    output = run_command("rules")
    assert "F101" in output.stdout
    assert "own.toml: It cannot be read: " in run_command("doctor").stdout + output.stderr


def test_in_place_of_what_is_imported_or_replayed_it_does_not_make_anybody_wait(home: Path, make: Make) -> None:
    put(home / "given", make)
    for command in (
        "calendar import",
        "import activitywatch",
        "replay",
        "rules check",
        "rules test",
        "calendar subscribe",
    ):
        done = run_command(*command.split(), str(home / "given"), *(["--yes"] if "subscribe" in command else []))
        assert done.returncode in (1, 2), (command, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr


def test_a_pipe_with_a_writer_is_read_where_a_shell_may_give_one(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"a token")
    os.close(writing)
    with open_regular(Path(f"/dev/fd/{reading}"), allow_pipe=True) as file:
        assert file.read() == b"a token"
    os.close(reading)


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_whatever_the_umask_nobody_else_may_write_and_only_the_owner_reads_what_is_private(
    home: Path, no_umask: None
) -> None:
    for command in (
        "service install",
        "completion bash --install",
        "completion zsh --install",
        "completion fish --install",
        "config sample --write",
        "now 30min",
        f"export --output {home}/all.jsonl",
        f"calendar export {home}/all.ics",
        f"try --keep {home}/kept/evening",
        "what --learn --app org.example.Scores --category work --yes",
        "rules new --help",
    ):
        done = run_command(*command.split())
        assert done.returncode == 0, (command, done.stderr)
    save_crash_dump([PartnerTimeEnded(at=AT)], state_dir())
    with Lock():
        found = {path: path.stat().st_mode for path in home.rglob("*") if path != home / "run"}
    assert len(found) > 20
    assert {str(path): oct(mode) for path, mode in found.items() if mode & 0o022} == {}
    shared = ("systemd", "completion", "site-functions", "applications", "icons")
    private = {path: mode for path, mode in found.items() if not any(word in str(path) for word in shared)}
    readable = {str(path): oct(mode) for path, mode in private.items() if stat.S_ISREG(mode) and mode & 0o077}
    assert readable == {}
