"""One daemon per person, waking it, and notifying systemd: real locks, real processes, real sockets."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from detector.control.lock import (
    AlreadyRunning,
    Lock,
    LockUnusable,
    OtherStore,
    find_daemon,
    own_store,
    refuse_second,
    running_pid,
    running_status,
    wake_daemon,
)
from detector.control.sd_notify import Systemd
from detector.paths import lock_path, store_lock_path, store_path
from tests.rig.command import run_command

HOLDS = r"""
import os, signal
from detector.control.lock import Lock
signal.signal(signal.SIGHUP, lambda *_: (os.write(1, b"woken\n"), os._exit(0)))
with Lock() as lock:
    lock.publish('{"a": 1}')
    print("held", flush=True)
    signal.pause()
"""


def hold() -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDS], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def holder() -> subprocess.Popen[str]:
    return hold()


def test_a_second_daemon_is_refused_with_the_process_id_of_the_first(holder: subprocess.Popen[str]) -> None:
    assert running_pid() == holder.pid
    assert running_status() == '{"a": 1}'
    with pytest.raises(AlreadyRunning, match=str(holder.pid)), Lock():
        pass
    with pytest.raises(AlreadyRunning):
        refuse_second()
    holder.kill()
    holder.wait()


def test_a_killed_daemon_leaves_no_lock_behind(holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert lock_path().exists()
    assert (running_pid(), running_status()) == (None, None)
    with Lock():
        assert running_pid() == os.getpid()
    assert running_pid() is None


@pytest.mark.parametrize("path", [lock_path, store_lock_path])
@pytest.mark.parametrize("is_replaced", [False, True], ids=["removed", "replaced"])
def test_a_lock_that_was_removed_or_replaced_is_taken_again(path: Callable[[], Path], is_replaced: bool) -> None:
    with Lock() as lock:
        lock.publish('{"a": 1}')
        path().unlink()
        if is_replaced:
            path().write_text("")
        assert running_pid(path()) is None
        lock.restore()
        assert running_pid(path()) == os.getpid()
        assert running_status(path()) == '{"a": 1}'
        with pytest.raises(AlreadyRunning), Lock():
            pass
        path().unlink()
        lock.publish('{"a": 2}')
        assert running_status(path()) == '{"a": 2}'


def test_who_finds_its_removed_locks_taken_by_another_gives_up() -> None:
    with Lock() as lock:
        lock_path().unlink()
        store_lock_path().unlink()
        other = hold()
        for call in (lock.restore, lambda: lock.publish("{}")):
            with pytest.raises(AlreadyRunning, match=rf"was removed, .*process {other.pid}\).*this one ends"):
                call()
    assert running_pid() == other.pid
    assert running_status() == '{"a": 1}'
    other.kill()
    other.wait()


def test_a_lock_that_cannot_be_taken_again_now_is_taken_later() -> None:
    with Lock() as lock:
        lock_path().unlink()
        lock_path().mkdir()
        lock.restore()
        lock_path().rmdir()
        lock.restore()
        assert running_pid(lock_path()) == os.getpid()


def test_wake_daemon_signals_the_daemon_and_nobody_else(holder: subprocess.Popen[str]) -> None:
    assert wake_daemon() is True
    assert holder.stdout is not None
    assert holder.stdout.readline() == "woken\n"
    assert holder.wait(30) == 0
    assert wake_daemon() is False


def test_wake_daemon_spares_a_process_that_reuses_the_process_id(monkeypatch: pytest.MonkeyPatch) -> None:
    # The file of a daemon that was killed names a number that another process may bear by now.
    lock_path().write_text(f"{os.getpid()}\n\n")
    signalled: list[int] = []
    monkeypatch.setattr(os, "kill", lambda *_: signalled.append(1))
    assert wake_daemon() is False
    assert signalled == []


def test_reading_the_status_does_not_keep_a_daemon_from_starting() -> None:
    lock_path().parent.mkdir(exist_ok=True)
    with Lock():
        asked = [running_pid() for _ in range(50)]
    assert set(asked) == {os.getpid()}


def test_the_lock_file_is_private_and_no_symbolic_link_is_followed(tmp_path: Path) -> None:
    with Lock():
        assert lock_path().stat().st_mode & 0o777 == 0o600
    lock_path().unlink()
    precious = tmp_path / "precious"
    precious.write_text("mine")
    lock_path().symlink_to(precious)
    with pytest.raises(LockUnusable, match=r"[Ss]ymbolic"), Lock():
        pass
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("lock", [lock_path, store_lock_path])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["a pipe", "a folder"])
def test_what_is_no_file_in_the_place_of_a_lock_is_refused_at_once(
    lock: Callable[[], Path], make: Callable[[Path], None]
) -> None:
    lock().parent.mkdir(parents=True, exist_ok=True)
    make(lock())
    for command in ("status", "list", "export", "pause 5min", "run", "forget --all --yes"):
        done = run_command(*command.split())
        assert done.returncode == 1, command
        assert f"{lock()} cannot be used as the lock" in done.stderr
    assert f"{lock()} cannot be used as the lock" in run_command("doctor").stdout.replace("\n    ", " ")


def test_a_lock_says_which_store_and_which_runtime_folder_the_daemon_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    with Lock():
        for found in (find_daemon(), find_daemon(lock_path()), find_daemon(store_lock_path())):
            assert found is not None
            assert found.files["store"] == str(store_path())
            assert found.files["runtime"] == str(lock_path().parent)
            assert found.other_files() == {}
        before = store_path()
        monkeypatch.setenv("XDG_DATA_HOME", str(store_path().parents[2] / "elsewhere"))
        with pytest.raises(OtherStore) as refused:
            own_store()
        assert str(before) in str(refused.value)
        assert str(store_path()) in str(refused.value)
        assert wake_daemon() is False, "a daemon of another store is not told of a change in ours"
    assert own_store() == store_path()


def test_a_daemon_of_0_1_0_whose_lock_does_not_say_its_store_is_heeded_as_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Lock():
        lock_path().write_text(f"{os.getpid()}\n{{}}\n")
        monkeypatch.setenv("XDG_DATA_HOME", str(store_path().parents[2] / "elsewhere"))
        assert own_store() == store_path()
        assert running_status() == "{}"


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_notified(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, abstract: bool) -> None:
    name = f"@turntoward-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        manager.settimeout(60)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        monkeypatch.setenv("WATCHDOG_USEC", "10000000")
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
        systemd = Systemd()
        systemd.ready()
        systemd.status("one\ntwo")
        systemd.alive()
        systemd.stopping()
        heard = [manager.recv(100) for _ in range(4)]
    assert heard == [b"READY=1", b"STATUS=one two", b"WATCHDOG=1", b"STOPPING=1"]
    assert systemd.watchdog == 5.0
    assert "NOTIFY_SOCKET" not in os.environ


def test_without_systemd_nothing_is_sent_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere/at/all")
    monkeypatch.setenv("WATCHDOG_USEC", "10000000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    systemd = Systemd()
    systemd.ready()
    assert systemd.watchdog is None
