"""Outside partner time there is nothing: no connection to the display, no thread, no descriptor, not a byte written."""

from __future__ import annotations

import os
import socket
import subprocess
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tests.endtoend.evening import Evening, x_clients
from tests.rig.processes import until

pytestmark = [pytest.mark.real, pytest.mark.thorough]
LISTENS = "00010000"
"""The kernel's flag of a Unix socket that accepts connections."""


def opened(pid: int) -> list[str]:
    """Return what every descriptor of the process leads to."""
    found = []
    for link in list(Path(f"/proc/{pid}/fd").iterdir()):
        # The one that lists its own descriptors has closed one by now.
        with suppress(FileNotFoundError):
            found.append(str(link.readlink()))
    return found


def descriptors(pid: int) -> Counter[str]:
    """Return what the process has open, by kind: files by name, sockets and pipes by how many."""
    found: Counter[str] = Counter()
    for to in opened(pid):
        found[to.partition(":")[0] if to.startswith(("socket:", "pipe:", "anon_inode:")) else to] += 1
    return found


def sockets(pid: int) -> set[str]:
    """Return the inodes of the sockets that the process has open."""
    return {to[len("socket:[") : -1] for to in opened(pid) if to.startswith("socket:[")}


def listening_sockets(pid: int) -> list[str]:
    """Return every socket of the process that is not a connected Unix one: what listens, or belongs to a network."""
    ours = sockets(pid)
    found = []
    for line in Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[6] in ours:
            ours.remove(fields[6])
            found += [line] if fields[3] == LISTENS else []
    # Whatever is no Unix socket (tcp, udp, raw, packet, netlink …) is one too many.
    return [*found, *ours]


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def written(home: Path) -> dict[str, tuple[int, int]]:
    """Return size and last change of everything below the home."""
    return {str(path): ((kept := path.stat()).st_size, kept.st_mtime_ns) for path in sorted(home.rglob("*"))}


def test_the_search_for_open_sockets_finds_them() -> None:
    before = listening_sockets(os.getpid())
    with socket.socket(socket.AF_UNIX) as unix, socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        unix.bind("\0turntoward-tests-socket")
        unix.listen()
        tcp.bind(("127.0.0.1", 0))
        tcp.listen()
        udp.bind(("127.0.0.1", 0))
        assert len(listening_sockets(os.getpid())) == len(before) + 3


def test_nothing_is_open_before_between_and_after_sessions(evening: Evening) -> None:
    pid = evening.run().pid
    display = evening.desktop.display
    assert (threads(pid), listening_sockets(pid), pid in x_clients(display)) == (1, [], False)
    closed = [descriptors(pid)]
    for _ in range(2):
        evening.begin()
        evening.feed()
        evening.scroll_until(lambda: evening.kinds()[-1] == "InputCounted", what="input is kept")
        # The same functions find what there is while partner time is under way; no socket ever listens.
        assert pid in x_clients(display)
        assert threads(pid) > 1
        assert descriptors(pid) > closed[0]
        assert listening_sockets(pid) == []
        evening.over()
        until(lambda: threads(pid) == 1, what="one thread alone")
        assert (listening_sockets(pid), pid in x_clients(display)) == ([], False)
        closed.append(descriptors(pid))
    before, first, second = closed
    assert first == second
    # SQLite opens the two files beside its own when it first reads, and keeps them.
    beside = {f"{evening.store}-wal", f"{evening.store}-shm"}
    assert {what: number for what, number in (second - before).items() if what not in beside} == {}
    assert before - second == Counter()


def test_a_daemon_without_partner_time_never_connects_to_the_display(evening: Evening) -> None:
    pid = evening.run().pid
    assert (threads(pid), listening_sockets(pid), pid in x_clients(evening.desktop.display)) == (1, [], False)
    # The session bus, and the loop's own pair.
    assert descriptors(pid)["socket"] == 3
    mapped = Path(f"/proc/{pid}/maps").read_text()
    assert "Xlib" not in mapped


def test_nothing_is_written_while_toplevels_come_and_go(evening: Evening) -> None:
    evening.run()
    evening.begin()
    evening.over()
    before = written(evening.home)
    rows = evening.observations()
    first, second = evening.feed(), evening.desktop.xterm("Inbox - Mozilla Thunderbird", wm_class="thunderbird")
    for _ in range(3):
        for terminal in (first, second):
            terminal.activate()
            terminal.rename("YouTube — Mozilla Firefox")
            evening.desktop.scroll(5)
            evening.desktop.press("a", "b")
    # It answers, so it has had its turn since.
    output = subprocess.run(
        [
            "dbus-send",
            f"--bus={evening.bus.address}",
            "--print-reply=literal",
            "--dest=org.turntoward.Daemon",
            "/org/turntoward/Daemon",
            "org.turntoward.Daemon1.Status",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert '"partner_time": null' in output.stdout
    assert written(evening.home) == before
    assert evening.observations() == rows
    # The same look finds what is written once partner time begins.
    evening.begin()
    until(lambda: written(evening.home) != before, what="something is written")
