"""One daemon per person and per store: the locks that the daemon holds, what it writes in them, and waking the daemon.

Invariant 1: the locks are the kernel's (flock), so a killed daemon never leaves a stale one behind.
Invariant 2: it is cheap to find out whether a daemon runs: nothing heavy is imported here.
Invariant 3: the first line is the process id, the second the daemon's last status, the third its files, both as JSON.
Invariant 4: one lock is in the runtime folder, one beside the store: a command that shares either with a daemon finds it.
Invariant 5: a command never changes one store while the daemon that it finds uses another.
Invariant 6: a lock that somebody removed or replaced is taken again at the next `restore`, at least once a minute.
"""

import errno
import fcntl
import json
import os
import signal
import stat
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from detector.errors import StoreError, TurntowardError
from detector.files import make_folders
from detector.i18n import _
from detector.paths import config_path, lock_path, state_dir, store_lock_path, store_path

_TRIES: Final = 10
_BETWEEN_TRIES: Final = 0.02


class AlreadyRunning(TurntowardError):
    """Another daemon of this person, or of this store, holds a lock."""


class LockUnusable(TurntowardError):
    """The path of a lock leads to something that is not a regular file of ours."""


class OtherStore(StoreError):
    """The running daemon uses another store than this command would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningDaemon:
    """A daemon as its lock describes it: its last status ('' where there is none yet), and the files that it uses.

    `files`: the paths of its `store`, `runtime` folder, `config` and `state`; a daemon of 0.1.0 does not write them.
    """

    pid: int
    status: str = ""
    files: dict[str, str] = field(default_factory=dict)

    @property
    def is_of_other_store(self) -> bool:
        return _differs(self.files.get("store"), store_path())

    def other_files(self) -> dict[str, tuple[str, str]]:
        """Return those of its files that are not those of this shell, by name: its path, and ours."""
        own = _own_files()
        return {name: (path, own[name]) for name, path in self.files.items() if _differs(path, own.get(name, path))}


class Lock:
    """The locks of the one daemon, held from `__enter__` to `__exit__`, with its status."""

    def __init__(self) -> None:
        self._locked: list[tuple[Path, int]] = []
        self._status = ""
        self._files = ""

    def __enter__(self) -> Self:
        """Take the locks.

        Raises:
            AlreadyRunning: if another process has one of them.
            LockUnusable: if a lock cannot be made.
        """
        self._files = json.dumps(_own_files())
        try:
            _refuse_second_name(store_path())
            for path in (store_lock_path(), lock_path()):
                self._locked.append((path, _take(path)))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.publish("")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Release the locks. The files stay: to remove one would let two daemons lock two files of the same name.
        while self._locked:
            _path, file = self._locked.pop()
            os.ftruncate(file, 0)
            os.close(file)

    def publish(self, status: str) -> None:
        """Write the status, one line, for `running_status`; in one write, so that no reader sees half of it.

        Raises:
            AlreadyRunning: as `restore`.
        """
        self._status = status
        self.restore()
        for _path, file in self._locked:
            self._write(file)

    def restore(self) -> None:
        """Take each lock again that somebody removed or replaced. Where none is missing, it costs two calls of `stat`.

        Raises:
            AlreadyRunning: if another process has taken it in the meantime.
        """
        for index, (path, file) in enumerate(self._locked):
            if _is_file_at(path, file):
                continue
            try:
                restored = _take(path)
            except AlreadyRunning:
                other = find_daemon(path)
                text = _(
                    "{path} was removed, and another turntoward (process {pid}) has started since; this one ends.\n"
                    "  There can be only one at a time."
                )
                raise AlreadyRunning(text.format(path=path, pid=other.pid if other else _("unknown"))) from None
            except LockUnusable:
                # The same keeps a second daemon from starting. It is tried again at the next call.
                continue
            os.close(file)
            self._locked[index] = (path, restored)
            self._write(restored)

    def _write(self, file: int) -> None:
        # Written first and cut to length afterwards: in between a reader finds whole lines, too.
        content = f"{os.getpid()}\n{self._status}\n{self._files}\n".encode()
        os.pwrite(file, content, 0)
        os.ftruncate(file, len(content))


def find_daemon(path: Path | None = None) -> RunningDaemon | None:
    """Return the daemon of this store, else the one of this runtime folder; with `path`, the one that holds that lock.

    Raises:
        LockUnusable: if something else is in the place of a lock.
    """
    for lock in (store_lock_path(), lock_path()) if path is None else (path,):
        if (found := _read(lock)) is not None:
            return found
    return None


def own_store() -> Path:
    """Return where this command's store is.

    Raises:
        OtherStore: if the daemon that runs here uses another: the command's output would be wrong for it.
    """
    daemon, own = find_daemon(), store_path()
    if daemon is None or not daemon.is_of_other_store:
        return own
    theirs = daemon.files["store"]
    raise OtherStore(
        _(
            "Turntoward (process {pid}) runs with another store than this shell's; nothing was changed.\n"
            "  It uses    {theirs}\n  This shell {own}\n"
            "  For the store of the running one: XDG_DATA_HOME='{folder}' turntoward …\n"
            "  For this shell's, stop that process first."
        ).format(pid=daemon.pid, theirs=theirs, own=own, folder=Path(theirs).parent.parent)
    )


def format_other_files(files: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a sentence for each of `RunningDaemon.other_files`."""
    texts = {
        "store": _("It uses the store {theirs}; this shell's is {own}, which it does not read."),
        "runtime": _("Its runtime folder is {theirs}; this shell's is {own}."),
        "config": _("It reads the settings in {theirs}; those of this shell, {own}, do not count."),
        "state": _("It keeps recordings of failures in {theirs}; this shell's are in {own}."),
    }
    return [texts[name].format(theirs=theirs, own=own) for name, (theirs, own) in files.items() if name in texts]


def refuse_second() -> None:
    """Return if no daemon runs. A command that is about to become one checks this before it asks the person anything.

    Raises:
        AlreadyRunning: if one does.
    """
    daemon = find_daemon()
    if daemon is not None:
        raise already_running(daemon)


def running_pid(path: Path | None = None) -> int | None:
    daemon = find_daemon(path)
    return None if daemon is None else daemon.pid


def running_status(path: Path | None = None) -> str | None:
    """Return the last status of the running daemon (JSON, '' where there is none yet), or None where no daemon runs."""
    daemon = find_daemon(path)
    return None if daemon is None else daemon.status


def wake_daemon() -> bool:
    """Have the running daemon read the store again (SIGHUP); return whether there is one that uses this store.

    Cheap: commands call it after every change.
    """
    daemon = find_daemon()
    if daemon is None or daemon.is_of_other_store:
        return False
    # The process may end between the two calls; the lock held at the first is what makes the number the daemon's.
    try:
        os.kill(daemon.pid, signal.SIGHUP)
    except OSError:
        return False
    return True


def _own_files() -> dict[str, str]:
    places = {"store": store_path(), "runtime": lock_path().parent, "config": config_path(), "state": state_dir()}
    return {name: str(path) for name, path in places.items()}


def _differs(path: str | None, own: str | Path) -> bool:
    # By name, links followed: SQLite keeps the log beside each name, so that two names of one file are two stores.
    return path is not None and os.path.realpath(path) != os.path.realpath(own)


def already_running(daemon: RunningDaemon | None) -> AlreadyRunning:
    """Return the error that names the daemon; None: it could not be read."""
    text = _(
        "turntoward is already running (process {pid}).\n"
        "  `turntoward status` shows what it is doing. There can be only one at a time."
    ).format(pid=daemon.pid if daemon else _("unknown"))
    if daemon is not None and daemon.files:
        files = _("  It uses the store {store} and the runtime folder {runtime}.")
        text += "\n" + files.format_map({"store": "?", "runtime": "?"} | daemon.files)
    return AlreadyRunning(text)


def _refuse_second_name(store: Path) -> None:
    # By the other name a second daemon would not meet our lock, and SQLite's log beside it would damage the file.
    if store.is_file() and store.stat().st_nlink > 1:
        text = _(
            "{store} has a second name, a hard link, under which another program could write to it; that damages it.\n"
            "  `find ~ -samefile '{store}'` finds the other name; remove that, or make it a copy."
        )
        raise LockUnusable(text.format(store=store))


def _take(path: Path) -> int:
    try:
        make_folders(path.parent)
        # O_NOFOLLOW: behind a symbolic link `publish` would overwrite whatever file it leads to.
        file = _open(path, os.O_RDWR | os.O_CREAT)
        if not _lock(file):
            other = _parse(file)
            os.close(file)
            raise already_running(other)
    except OSError as error:
        raise _unusable(path, error) from None
    return file


def _is_file_at(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(file))
    except OSError:
        return False


def _read(path: Path) -> RunningDaemon | None:
    try:
        file = _open(path, os.O_RDONLY)
        try:
            # Shared, so that two readers do not take each other for the daemon.
            return None if _try_lock(file, fcntl.LOCK_SH) else _parse(file)
        finally:
            os.close(file)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except OSError as error:
        raise _unusable(path, error) from None


def _open(path: Path, flags: int) -> int:
    # O_NONBLOCK: opening a pipe would wait for a writer.
    file = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, 0o600)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, _("it is not a regular file"))
    return file


def _unusable(path: Path, error: OSError) -> LockUnusable:
    text = _("{path} cannot be used as the lock of the running program: {why}.\n  It must be a regular file of yours.")
    return LockUnusable(text.format(path=path, why=error.strerror))


def _parse(file: int) -> RunningDaemon | None:
    pid, status, files, *_rest = [*os.pread(file, 1 << 20, 0).decode("utf-8", "replace").split("\n"), "", "", ""]
    try:
        paths = json.loads(files or "{}")
    except ValueError:  # it is being written
        paths = {}
    return RunningDaemon(pid=int(pid), status=status, files=paths) if pid.isdigit() else None


def _lock(file: int) -> bool:
    # A reader, see `_read`, holds the lock for an instant; that is no daemon, so it is tried again.
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
