"""One daemon per person: a lock file that the daemon holds, with its process id and its status; and waking the daemon.

Invariant 1: the lock is the kernel's (flock), so a killed daemon never leaves a stale one behind.
Invariant 2: asking whether a daemon runs is cheap: nothing heavy is imported here.
Invariant 3: the first line is the process id, the second the daemon's last status, as JSON.
"""

import errno
import fcntl
import os
import signal
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from detector.errors import TurntowardError
from detector.i18n import _
from detector.paths import lock_path

_TRIES: Final = 10
_BETWEEN_TRIES: Final = 0.02


class AlreadyRunning(TurntowardError):
    """Another daemon of this person holds the lock."""


class Lock:
    """The lock of the one daemon, held from `__enter__` to `__exit__`, with its status."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or lock_path()
        self._file: int | None = None

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            AlreadyRunning: if another process has it.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # O_NOFOLLOW: behind a symbolic link `publish` would overwrite whatever file it leads to.
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        if not _lock(file):
            other = _first_line(file)
            os.close(file)
            raise _already(other)
        self._file = file
        self.publish("")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Release the lock. The file stays: to remove it would let two daemons lock two files of the same name.
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def publish(self, status: str) -> None:
        """Write the status, one line, for `running_status`; in one write, so that no reader sees half of it."""
        if self._file is not None:
            # Written first and cut to length afterwards: in between a reader finds whole lines, too.
            content = f"{os.getpid()}\n{status}\n".encode()
            os.pwrite(self._file, content, 0)
            os.ftruncate(self._file, len(content))


def refuse_second(path: Path | None = None) -> None:
    """Return if no daemon runs. A command that is about to become one checks this before it asks the person anything.

    Raises:
        AlreadyRunning: if one does.
    """
    pid = running_pid(path)
    if pid is not None:
        raise _already(str(pid))


def running_pid(path: Path | None = None) -> int | None:
    lines = _running_lines(path)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def running_status(path: Path | None = None) -> str | None:
    """Return the last status of the running daemon (JSON, '' where there is none yet), or None where no daemon runs."""
    lines = _running_lines(path)
    return None if lines is None else (lines[1] if len(lines) > 1 else "")


def wake_daemon() -> bool:
    """Have the running daemon read the store again (SIGHUP); return whether there is one.

    Cheap: commands call it after every change.
    """
    pid = running_pid()
    if pid is None:
        return False
    # The process may end between the two calls; the lock held at the first is what makes the number the daemon's.
    try:
        os.kill(pid, signal.SIGHUP)
    except OSError:
        return False
    return True


def _already(pid: str) -> AlreadyRunning:
    return AlreadyRunning(
        _(
            "turntoward is already running (process {pid}).\n"
            "  `turntoward status` says what it is doing; one is enough for a person."
        ).format(pid=pid or _("unknown"))
    )


def _running_lines(path: Path | None) -> list[str] | None:
    try:
        file = os.open(path or lock_path(), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        # Shared, so that two readers at once do not take each other for the daemon.
        if _try_lock(file, fcntl.LOCK_SH):
            return None
        return os.pread(file, 65536, 0).decode("utf-8", "replace").split("\n")
    finally:
        os.close(file)


def _lock(file: int) -> bool:
    # A reader, see `_running_lines`, holds the lock for an instant; that is no daemon, so it is tried again.
    for attempt in range(_TRIES):
        if _try_lock(file, fcntl.LOCK_EX):
            return True
        if attempt + 1 < _TRIES:
            time.sleep(_BETWEEN_TRIES)
    return False


def _try_lock(file: int, mode: int) -> bool:
    try:
        fcntl.flock(file, mode | fcntl.LOCK_NB)
    except OSError as refused:
        # POSIX lets a system report either of the two for a lock that somebody else holds.
        if refused.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        return False
    return True


def _first_line(file: int) -> str:
    return os.pread(file, 32, 0).decode("ascii", "replace").partition("\n")[0]
