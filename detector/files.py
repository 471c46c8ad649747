"""Open regular files only, so that opening never blocks; replace files as a whole; keep them private."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from detector.i18n import _


def open_regular(path: Path | str, *, allow_pipe: bool = False) -> BinaryIO:
    """Open a regular file to read it, and refuse pipes, devices and sockets, from which reading could block or never end.

    `allow_pipe`: a pipe is opened as well, such as a shell's `<(command)`; it is empty where no program writes to it.
    Raises `OSError`, with a sentence if it is not a regular file.
    """
    # Before it is opened, as opening some devices already does something; and after, as it may have been replaced since.
    _check_regular(Path(path).stat(), allow_pipe=allow_pipe)
    # O_NONBLOCK: else opening a pipe waits for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        _check_regular(os.fstat(descriptor), allow_pipe=allow_pipe)
        os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def _check_regular(status: os.stat_result, *, allow_pipe: bool) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not (stat.S_ISREG(status.st_mode) or (allow_pipe and stat.S_ISFIFO(status.st_mode))):
        raise OSError(errno.EINVAL, _("it is not a regular file"))


def is_regular_or_absent(path: Path) -> bool:
    """Return whether opening the path cannot wait: there is a regular file, links followed, or nothing."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return True


def make_folders(folder: Path, mode: int = 0o700) -> None:
    """Make the folder and those above it that are missing, each with the mode at most."""
    # One by one: `mkdir(parents=True)` would give the folders in between the mode that the umask leaves.
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=mode, exist_ok=True)


def replace_file(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write the file so that a reader finds the old content or the new content, and never a part.

    Its folder has to exist. `mode`: the permissions of the file; None: everybody may read it, as far as the umask lets them.
    A link is replaced, too. Raises `OSError` if it cannot be written; nothing is changed then.
    """
    # Beside it, because a file can be renamed only within its file system. With a dot in front, because systemd and the
    # loader of rules ignore such files.
    beside = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        descriptor = os.open(
            beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644 if mode is None else mode
        )
        with os.fdopen(descriptor, "wb") as file:
            # The umask may have taken bits from the mode that `open` was given.
            if mode is not None:
                os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            # Without it a power failure soon after the renaming may leave an empty file.
            os.fsync(descriptor)
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def replace_own_file(path: Path, content: bytes) -> None:
    """Replace a file of the person's own, private if it is new. A link to it stays one, and it keeps who may read it."""
    # A folder of dotfiles is often a repository with links to it, so what the link points at is replaced.
    target = Path(os.path.realpath(path))
    make_folders(target.parent)
    replace_file(target, content, target.stat().st_mode & 0o755 if target.exists() else 0o600)
