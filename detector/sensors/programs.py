"""Which program is behind a toplevel, and which one is in the foreground inside a terminal.

Invariant 1: only names of programs are read; of a command line, only the script that an interpreter runs, never what follows.
Invariant 2: a toplevel names its own pid, so the pid counts only where that process belongs to this person.

Inside a terminal, the foreground is the kernel's: the process group to which the tty gives the keyboard. Where one process
serves several ttys (gnome-terminal's server, the tabs of konsole, the panes of tmux and screen), it is the tty that was
typed into last; the kernel keeps that time to within eight seconds.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Final

import psutil

from detector.sensors.known_programs import KNOWN_PROGRAMS

INTERPRETERS: Final = ("python", "perl", "ruby", "node", "guile", "lua", "php", "gjs")
MULTIPLEXERS: Final = ("tmux", "screen")


def is_terminal(app_id: str, program: str | None) -> bool:
    """Return whether a toplevel is a terminal emulator: by its class, and only where it has none by its program."""
    return (app_id or program or "").lower() in KNOWN_PROGRAMS["terminals"]


def process_name(pid: int) -> str | None:
    """Return the name of the program, of a script rather than of its interpreter; None where it cannot be known."""
    with suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        # A sandbox has a pid namespace of its own: what it calls 2 is another process here.
        if process.uids().real == os.getuid():
            return _name(process)
    return None


def terminal_foreground_name(pid: int) -> str | None:
    """Return the program in the foreground inside the terminal emulator `pid`; None where it cannot be known."""
    with suppress(psutil.Error, OSError):
        leader = _foreground(psutil.Process(pid).children())
        name = None if leader is None else process_name(leader)
        multiplexer = next((prefix for prefix in MULTIPLEXERS if name and name.lower().startswith(prefix)), None)
        if multiplexer is None:
            return name
        leader = _foreground(list(_served_by(multiplexer)))
        return multiplexer if leader is None else process_name(leader)
    return None


def _name(process: psutil.Process) -> str:
    name = process.name()
    if name.startswith(INTERPRETERS):
        words = process.cmdline()[1:]
        if words[:1] == ["-m"] and len(words) > 1:
            return words[1].split(".")[0]
        if words and not words[0].startswith("-"):
            return PurePath(words[0]).stem or name
    return name


def _foreground(processes: list[psutil.Process]) -> int | None:
    # Return the leader of the foreground group of the tty that was last typed into, among the processes' ttys.
    leaders = []
    for process in processes:
        with suppress(psutil.Error, OSError, ValueError):
            # proc(5): the name, in brackets, may itself hold spaces and brackets; what follows the last bracket does not.
            fields = Path(f"/proc/{process.pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
            tty, leader = int(fields[4]), int(fields[5])
            if tty and leader > 0:
                leaders.append((_last_typed(tty), leader))
    return max(leaders)[1] if leaders else None


def _last_typed(tty: int) -> float:
    minor, major = tty & 0xFF | (tty >> 12) & 0xFFF00, (tty >> 8) & 0xFFF
    # Majors 136 to 143 are the pseudo-terminals, 256 of them each.
    with suppress(OSError):
        return Path(f"/dev/pts/{(major - 136) * 256 + minor}").stat().st_atime
    return 0.0


def _served_by(multiplexer: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.name().lower().startswith(multiplexer) and process.uids().real == os.getuid():
                yield from process.children()
