"""Replace a file as a whole."""

import os
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes, mode: int | None = None) -> None:
    """Write the file so that a reader finds the old content or the new content, and never a part.

    Its folder has to exist. `mode`: the permissions of the file; None: what the umask leaves. A link is replaced, too.
    Raises `OSError` if it cannot be written; nothing is changed then.
    """
    # Beside it, for a file can be renamed only within its file system. A dot comes first, for neither systemd nor the
    # loader of rules takes such a file for one of its own.
    beside = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(beside, flags, 0o666 if mode is None else mode)
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
    """Replace a file of the person's own, private if it is new. A link to it stays one, and it keeps its mode."""
    # A folder of dotfiles is often a repository with links to it, so what the link points at is replaced.
    target = Path(os.path.realpath(path))
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_file(target, content, target.stat().st_mode & 0o777 if target.exists() else 0o600)
